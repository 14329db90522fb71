"""One record at a time, durable before anything else happens.

A line is `LENGTH CHECKSUM JSON`, both in eight hexadecimal digits: the length of the JSON in bytes and its
CRC-32. The last line may be torn by a crash, and then it was never reported as durable; anything else that does
not fit is damage. Every single flipped bit is damage: it changes the checksum, the length, or where a line ends.
"""

from __future__ import annotations

import json
import os
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kalentops.errors import StateDamaged, StoreFailure
from kalentops.state import FORMAT_VERSION, Record
from kalentops.stateformat import check_version, parse, record_from_json, record_to_json
from kalentops.store import durable

_HEAD: Final = 18  # two numbers of eight digits, a space after each


@dataclass(frozen=True, slots=True)
class Journal:
    """What a journal holds. `run` is its own name; `lineage` and `serial` are those of the state below it."""

    lineage: str
    serial: int
    run: str
    tenant: str | None
    records: tuple[Record, ...]
    torn: bool


def encode(raw: dict[str, Any]) -> bytes:
    payload = json.dumps(raw, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode()
    return b"%08x %08x %s\n" % (len(payload), zlib.crc32(payload), payload)


def decode(data: bytes) -> tuple[list[dict[str, Any]], bool]:
    """The records in the bytes of a journal, and whether a torn last one was dropped.

    Raises StateDamaged.
    """
    *lines, tail = data.split(b"\n")
    found = [_whole(line, number) for number, line in enumerate(lines, 1)]
    if not tail or tail.strip(b"\0") == b"":
        return found, bool(tail)
    if _is_torn(tail):
        return found, True
    return [*found, _whole(tail, len(lines) + 1)], False


def _whole(line: bytes, number: int) -> dict[str, Any]:
    payload = line[_HEAD:]
    if line[:_HEAD] != b"%08x %08x " % (len(payload), zlib.crc32(payload)):
        raise StateDamaged(
            f"the journal is damaged in record {number}",
            hint="it holds ids that the state may not have yet: keep a copy, and look at it before you remove it",
        )
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


def read(path: Path) -> Journal | None:
    """The journal, or None where there is none or its first record never became durable.

    Raises StateDamaged, StateTooNew, OSError.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    raw, torn = decode(data)
    if not raw:
        return None
    head, *rest = raw
    check_version(head, "the journal")
    try:
        return Journal(
            lineage=str(head["lineage"]),
            serial=int(head["serial"]),
            run=str(head["run"]),
            tenant=head.get("tenant"),
            records=tuple(record_from_json(each) for each in rest),
            torn=torn,
        )
    except (KeyError, ValueError, TypeError) as error:
        raise StateDamaged(f"the journal's first record is not whole: {error}") from None


class Writer:
    """Appends records; several threads' records that meet share one sync."""

    def __init__(self, path: Path, head: Journal) -> None:
        """Begin a journal, durably. Raises OSError."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
        self._descriptor = os.open(path, flags, 0o600)
        self._queue: list[bytes] = []
        self._asked = 0
        self._durable = 0
        self._failed: OSError | None = None
        self._queue_lock = threading.Lock()
        self._disk_lock = threading.Lock()
        try:
            durable.write_all(self._descriptor, encode(_head(head)))
            durable.sync(self._descriptor)
            durable.sync_folder(path.parent)
        except BaseException:
            os.close(self._descriptor)
            raise

    def append(self, records: Sequence[Record]) -> None:
        """The records are on the disk when this returns.

        Raises StoreFailure; after the first one it takes nothing more, because what an unfinished line is
        followed by could not be read.
        """
        data = b"".join(encode(record_to_json(record)) for record in records)
        with self._queue_lock:
            self._queue.append(data)
            self._asked += 1
            mine = self._asked
        with self._disk_lock:
            if self._durable < mine:
                self._flush()

    def _flush(self) -> None:
        with self._queue_lock:
            batch, self._queue = self._queue, []
            upto = self._asked
        try:
            if self._failed is not None:
                raise self._failed
            durable.write_all(self._descriptor, b"".join(batch))
            durable.sync(self._descriptor)
        except OSError as error:
            self._failed = error
            raise StoreFailure(f"the journal can't be written: {error.strerror or error}") from error
        self._durable = upto

    def close(self) -> None:
        os.close(self._descriptor)


def _head(journal: Journal) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "lineage": journal.lineage,
        "serial": journal.serial,
        "run": journal.run,
        "tenant": journal.tenant,
    }
