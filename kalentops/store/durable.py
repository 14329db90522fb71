"""Writes that survive a power cut, or say that they did not.

A file is never changed in place: a temporary one beside it is written, synced, renamed over it, and then the
folder is synced, because a rename is an entry of the folder. An error of a sync is final: what the kernel has
dropped after it can't be known.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from pathlib import Path
from typing import Final

_RENAME_RETRIES: Final = 20
# Windows: somebody (an indexer, a virus scanner) has the file open for a moment.
_PASSING_WINERRORS: Final = frozenset({5, 32, 33})


def sync(descriptor: int) -> None:
    """Everything written to the file is on the disk when this returns. Raises OSError."""
    if sys.platform == "darwin":  # fsync leaves it in the drive's cache there
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        getattr(os, "fdatasync", os.fsync)(descriptor)


def sync_folder(folder: Path) -> None:
    """The names in the folder are on the disk when this returns. Raises OSError."""
    if sys.platform == "win32":  # a folder can't be opened there, and a rename is journalled
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """All of the data, however little each write takes. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def replace(path: Path, data: bytes) -> None:
    """The file holds the data, whole, or what it held before. Raises OSError."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    mode = _mode(path)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        try:
            write_all(descriptor, data)
            if mode is not None:
                os.chmod(temporary, mode)  # noqa: PTH101 - beside os.open
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        _rename(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _mode(path: Path) -> int | None:
    """The permissions to keep; for a new file, those that the user's umask gives."""
    try:
        return path.stat().st_mode & 0o777
    except FileNotFoundError:
        umask = os.umask(0o077)
        os.umask(umask)
        return 0o666 & ~umask


def _rename(source: Path, target: Path) -> None:
    for attempt in range(_RENAME_RETRIES):
        try:
            source.replace(target)
        except OSError as error:
            if getattr(error, "winerror", None) not in _PASSING_WINERRORS or attempt == _RENAME_RETRIES - 1:
                raise
            time.sleep(0.05)
        else:
            return


def remove(path: Path) -> None:
    """The file is gone, and stays gone after a power cut. Raises OSError."""
    path.unlink(missing_ok=True)
    sync_folder(path.parent)
