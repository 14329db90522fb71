"""New files: whole or not there, and never in place of another."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from kalentops.support import atomic_write


@pytest.fixture(params=["links", "no links"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder; of a file system that has hard links, and of one that has none."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    if request.param == "no links":
        monkeypatch.setattr(os, "link", refuse)
    return tmp_path


def test_a_new_file_is_whole_and_nothing_else_is_left(folder: Path) -> None:
    atomic_write.create(folder / "a.yaml", b"text")
    assert [path.name for path in folder.iterdir()] == ["a.yaml"]
    assert (folder / "a.yaml").read_bytes() == b"text"


def test_what_is_there_stays(folder: Path) -> None:
    (folder / "a.yaml").write_bytes(b"mine")
    (folder / "b.yaml").symlink_to(folder / "nowhere")
    for name in ("a.yaml", "b.yaml"):
        with pytest.raises(FileExistsError):
            atomic_write.create(folder / name, b"other")
    assert sorted(path.name for path in folder.iterdir()) == ["a.yaml", "b.yaml"]
    assert (folder / "a.yaml").read_bytes() == b"mine"


def test_a_disk_that_fails_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic_write, "sync", full)
    with pytest.raises(OSError, match="No space left"):
        atomic_write.create(folder / "a.yaml", b"text")
    assert list(folder.iterdir()) == []


def test_a_name_that_was_reserved_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="not permitted"):
        atomic_write.create(tmp_path / "a.yaml", b"text")
    assert list(tmp_path.iterdir()) == []
