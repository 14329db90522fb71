"""A file is whole or as it was; a new one is never put in place of another."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from kalentops.support import atomic_write
from tests.platforms import needs_links, needs_modes


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


@needs_links
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


def test_a_replacement_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError("no")

    path = tmp_path / "s"
    path.write_text("before")
    monkeypatch.setattr(atomic_write, "sync", refuse)
    with pytest.raises(OSError, match="no"):
        atomic_write.replace(path, b"after")
    assert [each.name for each in tmp_path.iterdir()] == ["s"]
    assert path.read_text() == "before"


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:7]))
    atomic_write.replace(tmp_path / "s", b"0123456789" * 10)
    assert (tmp_path / "s").read_bytes() == b"0123456789" * 10


def test_windows_has_a_file_open_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = [0]
    real = Path.replace

    class Sharing(OSError):
        winerror = 32

    def busy(self: Path, target: Path) -> Path:
        tries[0] += 1
        if tries[0] < 3:
            raise Sharing
        return real(self, target)

    monkeypatch.setattr(Path, "replace", busy)
    atomic_write.replace(tmp_path / "s", b"x")
    assert tries == [3]
    tries[0] = -1000
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(Sharing):
        atomic_write.replace(tmp_path / "s", b"y")
    assert (tmp_path / "s").read_bytes() == b"x"


FULL_SYNC = 51
"""F_FULLFSYNC, which only macOS has."""


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The syncs that macOS is asked for."""
    fcntl = pytest.importorskip("fcntl")
    calls: list[str] = []
    real = os.fsync

    def control(_descriptor: int, command: int) -> int:
        assert command == FULL_SYNC
        calls.append("full")
        return 0

    def fsync(descriptor: int) -> None:
        calls.append("fsync")
        real(descriptor)

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(fcntl, "F_FULLFSYNC", FULL_SYNC, raising=False)
    monkeypatch.setattr(fcntl, "fcntl", control)
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.delattr(os, "fdatasync", raising=False)  # macOS has none
    return calls


def test_macos_empties_the_cache_of_the_drive_for_a_file_and_for_its_name(
    tmp_path: Path, synced: list[str]
) -> None:
    atomic_write.replace(tmp_path / "s", b"x")
    assert synced == ["full", "full"]
    atomic_write.remove(tmp_path / "s")
    assert synced == ["full"] * 3


def test_macos_falls_back_to_fsync_where_a_disk_has_no_full_sync(
    tmp_path: Path, synced: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(number: int) -> None:
        def control(*_: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr("fcntl.fcntl", control)

    refuse(errno.ENOTSUP)
    atomic_write.replace(tmp_path / "s", b"x")
    assert synced == ["fsync", "fsync"]
    refuse(errno.EIO)
    with pytest.raises(OSError, match=r"(?i)input/output"):
        atomic_write.replace(tmp_path / "s", b"y")
    assert (tmp_path / "s").read_bytes() == b"x"


def test_windows_renames_a_new_file_and_waits_for_who_has_it_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[Path] = []
    real = Path.rename

    class Denied(PermissionError):
        winerror = 5

    def busy(self: Path, target: Path) -> Path:
        tries.append(target)
        if len(tries) < 3:
            raise Denied
        return real(self, target)

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr(Path, "rename", busy)
    atomic_write.create(tmp_path / "a.yaml", b"text")
    assert tries == [tmp_path / "a.yaml"] * 3
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("a.yaml", b"text")]


@needs_modes
def test_on_windows_no_copy_is_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a file could be neither renamed over another one nor removed."""
    path = tmp_path / "s"
    path.write_bytes(b"x")
    path.chmod(0o444)
    monkeypatch.setattr(sys, "platform", "win32")
    atomic_write.replace(path, b"y")
    assert path.stat().st_mode & 0o200


def test_a_folder_is_named_as_one_where_the_system_opens_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(IsADirectoryError):
        atomic_write.read(tmp_path, 9)
    with pytest.raises(PermissionError):
        atomic_write.read(tmp_path / "s", 9)
