"""Writes that survive a power cut, or say that they did not.

A file is never changed in place: a temporary one beside it is written, synced, renamed over it, and then the
folder is synced, because a rename is an entry of the folder. An error of a sync is final: what the kernel has
dropped after it can't be known.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

# Windows would make two bytes of each line feed.
CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
# O_NONBLOCK: opening a pipe without a writer would wait forever.
_READ: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
MAX_STATE: Final = 256 << 20
"""The bytes of a state, and of a journal, at most: a thousand blueprints take a few megabytes."""
_RETRIES: Final = 20
# Answers of network file systems that lack this kind of sync; not a failed sync.
_NO_SUCH_SYNC: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOTTY})
# Answers of file systems without hard links: FAT, some shared ones.
_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
# Windows: an indexer or a virus scanner has the file open for a moment.
_PASSING_WINERRORS: Final = frozenset({5, 32, 33})


def sync(descriptor: int) -> None:
    """Everything written to the file is on the disk when this returns. Raises OSError."""
    if not _full_sync(descriptor):
        getattr(os, "fdatasync", os.fsync)(descriptor)


def _full_sync(descriptor: int) -> bool:
    """Sync with F_FULLFSYNC on macOS, where fsync leaves it in the drive's cache. False where there is no such sync.
    Raises OSError.
    """
    if sys.platform == "darwin":
        import fcntl

        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError as error:
            if error.errno not in _NO_SUCH_SYNC:
                raise
        else:
            return True
    return False


def sync_folder(folder: Path) -> None:
    """The names in the folder are on the disk when this returns. Raises OSError."""
    if sys.platform == "win32":  # a folder can't be opened there, and a rename is journalled
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if not _full_sync(descriptor):
            os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SUCH_SYNC:
            raise
    finally:
        os.close(descriptor)


class NoPlainFile(OSError):
    """Not a regular file, or too large."""


@contextmanager
def opened(path: Path, *, follow: bool = True) -> Iterator[tuple[int, os.stat_result]]:
    """A regular file, open for reading: descriptor and status. Without `follow`, a link is none. Raises NoPlainFile,
    OSError.
    """
    if not follow and path.is_symlink():
        raise NoPlainFile(errno.ELOOP, "it is a link")
    try:
        descriptor = os.open(path, _READ | (0 if follow else getattr(os, "O_NOFOLLOW", 0)))
    except PermissionError:
        if path.is_dir():  # Windows opens none
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)) from None
        raise
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(status.st_mode):
            raise NoPlainFile(errno.EINVAL, "it is no regular file")
        yield descriptor, status
    finally:
        os.close(descriptor)


def read(path: Path, limit: int, *, follow: bool = True) -> bytes:
    """The bytes of a regular file, `limit` at most. Without `follow`, a link is none. Raises NoPlainFile, OSError."""
    with (
        opened(path, follow=follow) as (descriptor, status),
        os.fdopen(descriptor, "rb", closefd=False) as stream,
    ):
        # `read` takes as much memory as it is asked for: the size and a byte, more if it grows meanwhile.
        data = stream.read(min(status.st_size, limit) + 1)
        if len(data) > status.st_size:
            data += stream.read(limit + 1 - len(data))
    check_size(len(data), limit)
    return data


def check_size(size: int, limit: int) -> None:
    """Raises NoPlainFile."""
    if size > limit:
        raise NoPlainFile(errno.EFBIG, f"it is larger than {limit >> 20} MiB")


def write_all(descriptor: int, data: bytes | Iterable[bytes]) -> None:
    """Write all of the data, also in short writes. Raises OSError, and what `data` raises."""
    for chunk in (data,) if isinstance(data, bytes) else data:
        view = memoryview(chunk)
        while view:
            view = view[os.write(descriptor, view) :]


def replace(
    path: Path, data: bytes | Iterable[bytes], *, mode: int | None = None, durable: bool = True
) -> None:
    """Replace the contents of a file, wholly or not at all. Keeps its permissions, unless `mode` is given. Not
    `durable`, a power cut may lose or damage it. Raises OSError.
    """
    temporary = _beside(path, data, _mode(path) if mode is None else mode, durable=durable)
    try:
        _patiently(lambda: temporary.replace(path))
    except BaseException:
        _drop(temporary)
        raise
    if durable:
        sync_folder(path.parent)


def create(path: Path, data: bytes) -> None:
    """Create a file, wholly or not at all. Raises FileExistsError, OSError.

    Its name is durable after `sync_folder`, which the caller does: there may be many files in one folder.
    """
    temporary = _beside(path, data, None)
    try:
        _name_it(temporary, path)
    finally:
        _drop(temporary)


def _beside(path: Path, data: bytes | Iterable[bytes], mode: int | None, *, durable: bool = True) -> Path:
    """A temporary file in the same folder that holds the data, durably. Raises OSError, and leaves none then."""
    temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}.tmp")
    descriptor = os.open(temporary, CREATE, 0o666 if mode is None else 0o600)
    try:
        try:
            write_all(descriptor, data)
            if mode is not None:
                os.chmod(temporary, mode)  # noqa: PTH101 - beside os.open
            if durable:
                sync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        _drop(temporary)
        raise
    return temporary


def _drop(temporary: Path) -> None:
    with suppress(OSError):
        temporary.unlink(missing_ok=True)


def _name_it(temporary: Path, path: Path) -> None:
    """Give the file its new name, and never replace another one, as a rename would (but not on Windows)."""
    if sys.platform == "win32":
        _patiently(lambda: temporary.rename(path))
        return
    try:
        path.hardlink_to(temporary)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # The name is reserved, then the file takes it. A crash in between leaves it empty, which `validate` reports.
        os.close(os.open(path, CREATE, 0o666))
        try:
            temporary.replace(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def _mode(path: Path) -> int | None:
    """The permissions to keep, None for a new file. Windows has none but read-only: a copy that is could be neither
    renamed over another file nor removed.
    """
    if sys.platform == "win32":
        return None
    try:
        return path.stat().st_mode & 0o777
    except FileNotFoundError:
        return None


def _patiently(change: Callable[[], object]) -> None:
    for attempt in range(_RETRIES):
        try:
            change()
        except OSError as error:
            if getattr(error, "winerror", None) not in _PASSING_WINERRORS or attempt == _RETRIES - 1:
                raise
            time.sleep(0.05)
        else:
            return


def remove(path: Path) -> None:
    """Remove a file, durably. Raises OSError."""
    _patiently(lambda: path.unlink(missing_ok=True))
    sync_folder(path.parent)
