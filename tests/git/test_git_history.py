"""Earlier versions of files, from real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalentops.errors import UsageError
from kalentops.git import history as git
from tests.repositories import git as run

pytestmark = pytest.mark.processes


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "sub" / "blueprints").mkdir(parents=True)
    run(folder, "init", "-q")
    (folder / "sub" / "blueprints" / "é ü.yaml").write_text("old\n", encoding="utf-8")
    (folder / "sub" / "blueprints" / "-x.yaml").write_bytes(b"\x00\xff\n")
    (folder / "outside.yaml").write_text("outside")
    run(folder, "add", "-A")
    run(folder, "commit", "-qm", "one")
    return folder


def test_files_of_a_commit_as_they_were(repository: Path) -> None:
    sub = repository / "sub"
    commit = git.commit_of(sub, "HEAD")
    (sub / "blueprints" / "é ü.yaml").write_text("new\n", encoding="utf-8")
    blobs = git.files(sub, commit, ["blueprints"])
    assert [(blob.path, blob.size, blob.link) for blob in blobs] == [
        ("blueprints/-x.yaml", 3, False),
        ("blueprints/é ü.yaml", 4, False),
    ]
    found = git.contents(sub, [blob.oid for blob in blobs])
    assert list(found.values()) == [b"\x00\xff\n", b"old\n"]
    assert git.files(sub, commit, ["."]) == blobs
    assert git.files(sub, commit, []) == []
    assert git.files(sub, commit, ["nowhere", "-x"]) == []
    assert git.contents(sub, []) == {}


def test_a_link_is_told_from_a_file(repository: Path) -> None:
    (repository / "link.yaml").symlink_to("outside.yaml")
    run(repository, "add", "-A")
    run(repository, "commit", "-qm", "two")
    blobs = git.files(repository, git.commit_of(repository, "main"), ["."])
    assert {blob.path: blob.link for blob in blobs}["link.yaml"]


@pytest.mark.parametrize(
    "rev", ["nowhere", "--help", "-x", "", " ", "main:outside.yaml", "a\0b", "..", "\x1b[2J"]
)
def test_what_names_no_commit(repository: Path, rev: str) -> None:
    with pytest.raises(UsageError, match="commit") as caught:
        git.commit_of(repository, rev)
    assert "git fetch" in str(caught.value.hint)
    assert "\x1b" not in str(caught.value)


def test_a_folder_without_a_repository(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a git repository"):
        git.commit_of(tmp_path, "HEAD")


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    run(tmp_path, "init", "-q")
    with pytest.raises(UsageError, match="git knows no commit HEAD"):
        git.commit_of(tmp_path, "HEAD")


def test_without_git(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="there is no git") as caught:
        git.commit_of(repository, "HEAD")
    assert "--against" in str(caught.value.hint)


def test_a_hooks_variables_do_not_lead_astray(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    run(other, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    assert len(git.files(repository, git.commit_of(repository, "HEAD"), ["."])) == 3


def test_contents_that_are_missing(repository: Path) -> None:
    with pytest.raises(UsageError, match="no contents"):
        git.contents(repository, ["0" * 40])
