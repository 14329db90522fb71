"""The command `cache`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kalentops.cache import open_cache
from tests.harness import Project

KEY = "0" * 64


@pytest.fixture
def bare(tmp_path: Path) -> Project:
    """A project without a server."""
    return Project(tmp_path, "http://127.0.0.1:9/api")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a cache with one entry, used at 1970-01-01 00:01 UTC."""
    monkeypatch.delenv("CI", raising=False)
    open_cache(tmp_path).put("checked", KEY, bytes(1 << 20))
    found = Path(f"{tmp_path}-cache/kalentops")
    os.utime(found / f"checked-{KEY}.cached", (60, 60))
    return found


def test_it_says_where_it_is_and_how_large(folder: Path, bare: Project) -> None:
    ran = bare.run("cache")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        f"folder   {folder}\n"
        "entries  1\n"
        "size     1.0 MiB, at most 256 MiB\n"
        "oldest   last used 1970-01-01 00:01 UTC\n"
    )
    data = bare.run("cache", "--format", "json").json
    assert data == {
        "format_version": "1.0",
        "folder": str(folder),
        "entries": 1,
        "bytes": (1 << 20) + 50,
        "limit_bytes": 256 << 20,
        "oldest": "1970-01-01T00:01:00Z",
        "not_used": None,
    }


def test_clear_says_what_it_removed(folder: Path, bare: Project) -> None:
    ran = bare.run("cache", "clear")
    assert (ran.code, ran.out, ran.err) == (0, f"removed 1 entry, 1.0 MiB, from {folder}\n", "")
    assert list(folder.iterdir()) == []
    assert bare.run("cache", "clear").out == "the cache is empty\n"
    assert bare.run("cache", "--format", "json").json["oldest"] is None


def test_it_says_why_it_is_not_used(folder: Path, bare: Project) -> None:
    bare.environment = {"KALENTOPS_CACHE_DIR": "cache"}
    said = "it is inside the repository, whose files a pull request can change"
    assert f"not used: {said}\n" in bare.run("cache").out
    assert bare.run("cache", "--format", "json").json["not_used"] == said
    bare.environment = {"CI": "true"}
    assert "not used: CI starts without one" in bare.run("cache").out
    assert bare.run("cache", "clear").out.startswith("removed 1 entry")


def test_without_a_home_there_is_none(bare: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(os, "getuid", lambda: 987_654)
    assert "not used: there is no home folder" in bare.run("cache").out
    assert bare.run("cache", "--format", "json").json["folder"] is None
    assert bare.run("cache", "clear").out == "the cache is empty\n"


def test_it_needs_no_valid_project(folder: Path, bare: Project) -> None:
    (bare.folder / "kalentops.yaml").write_text("nonsense: [")
    assert bare.run("cache").code == 0
    assert bare.run("cache", "clear").code == 0


def test_an_entry_that_cant_be_removed_is_an_error(
    folder: Path, bare: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    ran = bare.run("cache", "clear")
    assert (ran.code, ran.out) == (1, "")
    assert "an entry of the cache can't be removed: Permission denied: " in ran.err
    assert "hint: fix the permissions" in ran.err
