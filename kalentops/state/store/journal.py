"""The journal of a run: each record is durable before the run continues.

A line is `LENGTH CHECKSUM JSON`: the bytes of the JSON and their CRC-32, both in eight hexadecimal digits. A crash may
leave the last line incomplete; it was never reported as durable. Everything else that does not fit is damage. Each
flipped bit is damage: it changes the checksum, the length, or where a line ends.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kalentops.errors import StateDamaged, StateError, StateLocked, StoreFailure
from kalentops.state.codec import (
    as_number,
    as_optional,
    as_text,
    build,
    check_version,
    record_from_json,
)
from kalentops.state.content import parse
from kalentops.state.model import FORMAT_VERSION, Record
from kalentops.support import atomic_write

if TYPE_CHECKING:  # it needs pydantic
    from kalentops.state.json_types import JournalHeadJson

_HEAD: Final = 18  # two numbers of eight digits, a space after each


class Journal(NamedTuple):
    """`run` identifies the journal; `lineage` and `serial` are those of the state that its records belong to."""

    lineage: str
    serial: int
    run: str
    tenant: str | None
    records: tuple[Record, ...]
    torn: bool


def encode(raw: Mapping[str, Any]) -> bytes:
    payload = json.dumps(
        raw, ensure_ascii=True, allow_nan=False, separators=(",", ":"), sort_keys=True
    ).encode()
    return b"%08x %08x %s\n" % (len(payload), zlib.crc32(payload), payload)


def decode(data: bytes) -> tuple[list[dict[str, Any]], bool]:
    """The records, and whether an incomplete last one was dropped. Raises StateTooNew, else StateDamaged."""
    *lines, tail = data.split(b"\n")
    end = tail.rstrip(b"\0")  # a file system may extend the file first and fill it later
    torn = bool(tail) and _is_torn(end)
    if end and not torn:
        lines.append(end)
    found: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        found.append(_whole(line, number))
        if number == 1:
            check_version(found[0], "the journal")
    return found, torn


def _whole(line: bytes, number: int) -> dict[str, Any]:
    payload = line[_HEAD:]
    if line[:_HEAD] != b"%08x %08x " % (len(payload), zlib.crc32(payload)) or not payload.isascii():
        raise StateDamaged(f"the journal is damaged in record {number}")
    return parse(payload.decode(), f"record {number} of the journal")


def _is_torn(tail: bytes) -> bool:
    """Whether an unfinished line is the beginning of a whole one."""
    if len(tail) < _HEAD:
        return True
    try:
        length = int(tail[:8], 16)
    except ValueError:
        return False
    return len(tail) - _HEAD < length


def bytes_of(path: Path, *, follow: bool) -> bytes:
    """The bytes of a state or a journal. Raises OSError, and StateError for what is not a regular file."""
    with plain_file(path):
        return atomic_write.read(path, atomic_write.MAX_STATE, follow=follow)


@contextmanager
def plain_file(path: Path) -> Iterator[None]:
    """Raises StateError where it is none."""
    try:
        yield
    except atomic_write.NoPlainFile as error:
        raise StateError(
            f"{path.name} can't be used: {error.strerror}",
            hint=f"look at {path}: restore the file from git, or remove what kalentops did not create",
        ) from None


def read(path: Path) -> Journal | None:
    """The journal, or None where there is none or its first record is incomplete.

    Raises StateDamaged, StateTooNew, OSError; StateError for a link and for what is not a regular file.
    """
    try:
        data = bytes_of(path, follow=False)
    except FileNotFoundError:
        return None
    try:
        raw, torn = decode(data)
        if not raw:
            return None
        head, *rest = raw
        return Journal(
            *build(lambda: _below(head), "the journal's first record"),
            records=tuple(record_from_json(each) for each in rest),
            torn=torn,
        )
    except StateDamaged as error:
        # git has the state, and no journal.
        error.hint = (
            "it holds ids that the state may not have yet: keep a copy, and look at it before you remove it"
        )
        raise


def _below(head: dict[str, Any]) -> tuple[str, int, str, str | None]:
    tenant = as_optional(head.get("tenant"))
    return as_text(head["lineage"]), as_number(head["serial"]), as_text(head["run"]), tenant


class Writer:
    """Appends records. Records of several threads at one time share one sync."""

    def __init__(self, path: Path, head: Journal) -> None:
        """Create the journal durably. Raises OSError."""
        self._path = path
        self._descriptor = os.open(path, atomic_write.CREATE | os.O_APPEND, 0o600)
        self._queue: list[bytes] = []
        self._asked = 0
        self._durable = 0
        self._failed: BaseException | None = None
        self._queue_lock = threading.Lock()
        self._disk_lock = threading.Lock()
        try:
            mark_alive(self._descriptor)
            atomic_write.write_all(self._descriptor, encode(_head(head)))
            atomic_write.sync(self._descriptor)
            atomic_write.sync_folder(path.parent)
        except BaseException:
            os.close(self._descriptor)
            with suppress(OSError):
                path.unlink()
            raise

    def append(self, data: bytes) -> None:
        """The records are on the disk when this returns.

        Raises StoreFailure, and takes nothing more afterwards: what follows an incomplete line can't be read.
        """
        with self._queue_lock:
            self._queue.append(data)
            self._asked += 1
            mine = self._asked
        with self._disk_lock:
            if self._durable < mine:
                self._flush()

    def _flush(self) -> None:
        if self._failed is not None:
            raise StoreFailure(f"the journal can't be written: {_why(self._failed)}") from self._failed
        try:
            with self._queue_lock:
                batch, self._queue = self._queue, []
                upto = self._asked
            self._put(b"".join(batch))
            self._durable = upto
        except OSError as error:
            self._failed = error
            raise StoreFailure(f"the journal can't be written: {_why(error)}") from error
        except BaseException as error:  # Ctrl-C: the batch holds records of other threads, too
            self._failed = error
            raise

    def _put(self, data: bytes) -> None:
        if not self._in_place():
            raise FileNotFoundError(errno.ENOENT, "it was removed")
        atomic_write.write_all(self._descriptor, data)
        atomic_write.sync(self._descriptor)

    def _in_place(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        except FileNotFoundError:
            return False

    def close(self) -> bool:
        """Take nothing more: the number of the descriptor may soon be another file's. Whether the file still had its
        name.
        """
        with self._disk_lock:
            self._failed = self._failed or ValueError("the run has ended")
            try:
                return self._in_place()
            finally:
                os.close(self._descriptor)


def _why(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def mark_alive(descriptor: int) -> bool:
    """Lock the journal itself while it is written: the lock beside the state may be deleted by hand, and then no other
    run may fold what is still being written. False where another process has it.

    Not on Windows, where others can't read a locked byte, and can't delete an open file.
    """
    from kalentops.state.store.lock import try_lock  # where there is a journal

    return sys.platform == "win32" or try_lock(descriptor)


def check_dead(path: Path) -> None:
    """Raises StateLocked if the run that writes this journal is alive."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        if not mark_alive(descriptor):
            raise StateLocked("another run is still writing the journal, although its lock file is gone")
    finally:
        os.close(descriptor)


def _head(journal: Journal) -> JournalHeadJson:
    return {
        "format_version": FORMAT_VERSION,
        "lineage": journal.lineage,
        "serial": journal.serial,
        "run": journal.run,
        "tenant": journal.tenant,
    }
