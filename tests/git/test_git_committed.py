"""What git says of one file, in real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalentops.git.history import is_in_head, is_uncommitted
from tests.repositories import commit, git

pytestmark = pytest.mark.processes


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that is not committed, below the root of a repository, with a name that git would quote."""
    (tmp_path / "sub").mkdir()
    git(tmp_path, "init", "-q")
    file = tmp_path / "sub" / "stäte *.json"
    file.write_text("1\n")
    (tmp_path / "sub" / "stäte x.json").write_text("another\n")
    return file


def test_a_file_from_new_to_committed_to_changed_to_lost(file: Path) -> None:
    assert (is_uncommitted(file), is_in_head(file)) == (True, False)
    git(file.parent, "add", "stäte x.json")
    git(file.parent, "commit", "-qm", "another")
    assert (is_uncommitted(file), is_in_head(file)) == (True, False)
    commit(file.parent, "one")
    assert (is_uncommitted(file), is_in_head(file)) == (False, True)
    file.write_text("2\n")
    assert (is_uncommitted(file), is_in_head(file)) == (True, True)
    git(file.parent, "add", "-A")
    assert is_uncommitted(file)
    git(file.parent, "rm", "-fq", "--", ":(literal)" + file.name)
    assert is_in_head(file)
    commit(file.parent, "gone")
    assert (is_uncommitted(file), is_in_head(file)) == (False, False)


def test_what_is_ignored_needs_no_commit(file: Path) -> None:
    (file.parent / ".gitignore").write_text("*.json\n")
    assert not is_uncommitted(file)


def test_without_a_repository_a_folder_or_git_the_answer_is_no(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = tmp_path / "nowhere" / "x"
    assert (is_uncommitted(nowhere), is_in_head(nowhere)) == (False, False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (is_uncommitted(file), is_in_head(file)) == (False, False)


def test_looking_writes_nothing(file: Path) -> None:
    commit(file.parent, "one")
    index = file.parents[1] / ".git" / "index"
    before = index.read_bytes(), index.stat().st_mtime_ns
    file.touch()  # git would refresh its index
    assert (is_uncommitted(file), is_in_head(file)) == (False, True)
    assert (index.read_bytes(), index.stat().st_mtime_ns) == before
