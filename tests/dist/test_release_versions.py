"""What has to agree before a release, and the commits that `make release` makes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from release.build import build, compare, packages, prepare
from release.versions import (
    CHANGELOG,
    EARLIEST,
    MODULE,
    RELEASED,
    ROOT,
    ReleaseError,
    check,
    epoch_of,
    notes,
    section_of,
    set_version,
    version_of,
)
from tests.platforms import needs_links
from tests.repositories import commit, git

TODAY = date(2026, 12, 1)
URLS = '\n[project.urls]\nRepository = "https://github.com/example/kalentops"\n'
FILES = {
    MODULE: '"""A package."""\n\n__version__ = "1.2.0"\n',
    CHANGELOG: "# Changelog\n\n## 1.2.0 (unreleased)\n\n### Added\n- A thing.\n\n## 1.1.0 (2026-01-01)\n\n- Old.\n",
    "README.md": "# A package\n",
    "requirements/run.txt": "",
    "LICENSE": "MIT\n",
    "pyproject.toml": (ROOT / "pyproject.toml").read_text(encoding="utf-8") + URLS,
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_this_checkout_is_a_release_or_none() -> None:
    """A commit with released.txt lets the action install that wheel instead of the checkout."""
    section = section_of(ROOT)
    assert section.version == version_of(ROOT)
    assert (section.date is not None) == (ROOT / RELEASED).exists()


def test_the_date_of_the_files_is_the_day_of_the_release(repository: Path) -> None:
    assert epoch_of(repository) == EARLIEST
    set_version(repository, "1.2.0", TODAY)
    assert datetime.fromtimestamp(epoch_of(repository), tz=UTC).date() == TODAY


def test_the_notes_are_the_section_of_the_changelog(repository: Path) -> None:
    assert notes(repository).startswith("### Added\n- A thing.\n\nTo check")
    assert "Old" not in notes(repository)


def set_names(patch: pytest.MonkeyPatch) -> None:
    """An author for the commits of `prepare`."""
    for name, value in {"NAME": "A", "EMAIL": "a@example.com"}.items():
        patch.setenv(f"GIT_AUTHOR_{name}", value)
        patch.setenv(f"GIT_COMMITTER_{name}", value)


@pytest.mark.processes
def test_a_release_is_two_commits_and_is_checked(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_names(monkeypatch)
    git(repository, "init", "--quiet")
    commit(repository, "Begin")
    (repository / "more.txt").touch()
    with pytest.raises(ReleaseError, match="not committed"):
        prepare(repository, "1.2.0", TODAY)
    (repository / "more.txt").unlink()
    prepare(repository, "1.2.0", TODAY)
    assert git(repository, "log", "--format=%s").split("\n") == ["Begin 1.3.0", "Release 1.2.0", "Begin"]
    assert (version_of(repository), section_of(repository).date) == ("1.3.0", None)
    with pytest.raises(ReleaseError) as raised:
        check(repository, "v1.2.0", "main")
    assert [line.partition(":")[0] for line in str(raised.value).splitlines()] == [
        f"the tag is v1.2.0, and {MODULE} says 1.3.0",
        f"the first heading of {CHANGELOG} is not `## 1.3.0 (YYYY-MM-DD)`",
        f"{RELEASED} does not name 1.3.0",
    ]
    git(repository, "checkout", "--quiet", "HEAD~1")
    check(repository, "v1.2.0", "main")
    pyproject = (repository / "pyproject.toml").read_text()
    (repository / "pyproject.toml").write_text(pyproject.removesuffix(URLS))
    with pytest.raises(ReleaseError, match="no `Repository`"):
        check(repository, "v1.2.0", "main")
    (repository / "pyproject.toml").write_text(pyproject)
    with pytest.raises(ReleaseError, match="merge it without squashing"):
        check(repository, "v1.2.0", "main~2")
    packages(repository, repository / "dist", "--target", "wheel")
    compare(repository, repository / "dist")
    (repository / "kalentops" / "changed.py").touch()
    packages(repository, repository / "dist", "--target", "wheel")
    with pytest.raises(ReleaseError, match="Run `make release` again"):
        compare(repository, repository / "dist")


@needs_links
@pytest.mark.parametrize("name", ["notes.txt", "kalentops-1.0.0", "kalentops-1.0.0.whl/x"])
def test_a_build_empties_no_folder_of_other_files(name: str, tmp_path: Path) -> None:
    """`--output` may name any folder, and `dist` may be a link to one."""
    other = tmp_path / "there" / name
    other.parent.mkdir(parents=True)
    other.touch()
    (tmp_path / "there" / "kalentops-1.0.0.pyz").touch()
    (tmp_path / "dist").symlink_to(tmp_path / "there")
    with pytest.raises(ReleaseError, match="which no release has"):
        build(ROOT, (tmp_path / "dist").resolve())
    with pytest.raises(ReleaseError, match="is not a folder"):
        build(ROOT, other)
    assert other.exists()


@pytest.mark.parametrize("version", ["1.2", "v1.2.0", "1.2.0rc1", "01.2.0", "1.2.0; id"])
def test_a_version_has_three_numbers(version: str, repository: Path) -> None:
    with pytest.raises(ReleaseError, match="three numbers"):
        set_version(repository, version, TODAY)
