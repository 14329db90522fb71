"""One writer at a time.

The operating system releases the lock when its holder dies, so it never expires. The file names the holder, from its
second byte on: Windows does not let others read the first.
"""

from __future__ import annotations

import errno
import getpass
import json
import os
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import lock_descriptor, unlock_descriptor

from kalentops.errors import StateError, StateLocked, StoreFailure
from kalentops.support import atomic_write
from kalentops.support.text import clip

_POLL: Final = 0.1
_INFO_BYTES: Final = 2048


@contextmanager
def hold(path: Path, timeout: float) -> Iterator[None]:
    """Hold the lock. Waits `timeout` seconds for it.

    Raises StateLocked, which names the holder, StateError, StoreFailure.
    """
    try:
        descriptor = _take(path, time.monotonic() + timeout)
    except OSError as error:
        raise StoreFailure(f"the lock {path.name} can't be created: {error.strerror or error}") from error
    try:
        yield
    finally:
        _write(descriptor, b"")
        # The lock is free all the same, and the work under it is done.
        with suppress(OSError):
            unlock_descriptor(descriptor)  # Windows may free it some time after the file is closed
        with suppress(OSError):
            os.close(descriptor)


def try_lock(descriptor: int) -> bool:
    """Lock an open file until it is closed. False where another process has the lock. Raises OSError."""
    return lock_descriptor(descriptor, blocking=False)


def _take(path: Path, until: float) -> int:
    while True:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        flags |= getattr(os, "O_NONBLOCK", 0)  # a pipe in its place
        descriptor = os.open(path, flags, 0o644)
        try:
            _check_regular(descriptor)
            if try_lock(descriptor):
                if _is_the_file(descriptor, path):
                    _check_own(descriptor, path)
                    _write(descriptor, json.dumps(_me()).encode())
                    return descriptor
            else:
                _wait(path, until)
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _check_regular(descriptor: int) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")


def _check_own(descriptor: int, path: Path) -> None:
    """Raises StateError for a file of another program, such as `yarn.lock`: it would be emptied."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    if os.read(descriptor, 1) not in {b"", b" "}:
        raise StateError(
            f"{path.name} beside the state is not a lock of kalentops", hint="give the state another name"
        )


def _wait(path: Path, until: float) -> None:
    if time.monotonic() >= until:
        raise StateLocked(f"the state is locked by {_holder(path)}")
    time.sleep(_POLL)


def _is_the_file(descriptor: int, path: Path) -> bool:
    """Whether the locked file is still the one under this name: it may have been removed in the meantime."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _write(descriptor: int, info: bytes) -> None:
    try:
        os.ftruncate(descriptor, 0)
        if info:
            os.lseek(descriptor, 0, os.SEEK_SET)
            atomic_write.write_all(descriptor, b" " + info)
    except OSError:
        # A full disk must not prevent the lock: the note in it is for people.
        return


def _me() -> dict[str, object]:
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "an unknown user"
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return {"who": user, "where": socket.gethostname(), "pid": os.getpid(), "since": since}


def _holder(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            stream.seek(1)
            info = json.loads(stream.read(_INFO_BYTES))
        who, where, pid, since = (clip(str(info[key])) for key in ("who", "where", "pid", "since"))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "another run"
    return f"{who} on {where} (process {pid}) since {since}"
