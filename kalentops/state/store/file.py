"""The state as a file, with a journal and a lock beside it."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Final

from kalentops.errors import KalentopsError, StateDamaged, StateError, StateMoved, StoreFailure
from kalentops.state.codec import Dump
from kalentops.state.content import Content, InMemory, sha256_of
from kalentops.state.store import journal
from kalentops.state.store.backend import Stored, VersionMismatch
from kalentops.state.store.journal import Journal, Writer
from kalentops.state.store.session import Store
from kalentops.support import atomic_write

_READS: Final = 20
_CHUNK: Final = 1 << 20


class FileStore(Store):
    """A state in one file; `PATH.journal` and `PATH.lock` stand beside it."""

    shared = False

    def __init__(self, path: Path, environment: str | None = None) -> None:
        """Raises StoreFailure for links in a circle, StateError for a name that is kept for files beside a state."""
        try:
            self.path = path.resolve()  # behind a link, the file is replaced and not the link
        except (OSError, RuntimeError) as error:
            raise StoreFailure(f"{path} can't be followed: {error}") from error
        if self.path.suffix.casefold() in {".lock", ".journal"}:
            raise StateError(
                f"{self.path.name} can't be the name of a state: what ends so is the lock or the journal of one",
                hint="use another name, such as kalentops.state.json",
            )
        self.journal_path = self.path.with_name(self.path.name + ".journal")
        self.lock_path = self.path.with_name(self.path.name + ".lock")
        self.files = self.path, self.journal_path
        super().__init__(FileBackend(self.path, self.journal_path), environment)

    def log(self) -> FileLog:
        return FileLog(self.path, self.journal_path)

    @contextmanager
    def hold(self, timeout: float) -> Iterator[None]:
        from kalentops.state.store import lock  # for commands that write the state

        folder = self.path.parent
        _check_folder(self.path)
        with lock.hold(self.lock_path, timeout):
            if not os.access(folder, os.W_OK | os.X_OK):  # known before the first request, not after it
                raise StoreFailure(f"the folder {folder} can't be written to")
            for each in folder.glob(f".{glob.escape(self.path.name)}.*.tmp"):  # of a killed run
                with suppress(OSError):
                    each.unlink()
            yield


class FileBackend:
    """The file alone. The version of its content is its SHA-256."""

    def __init__(self, path: Path, journal_path: Path) -> None:
        self._path = path
        self._journal_path = journal_path

    @property
    def where(self) -> str:
        return str(self._path)

    def prepare(self) -> None:
        """A file needs nothing."""

    def read(self) -> Stored | None:
        """File and journal of one moment: a writer that folds meanwhile makes it read again."""
        with _disk(self._path):
            for _ in range(_READS):
                before = self._stamp()
                try:
                    stored = self._stored(self._content(), journal.read(self._journal_path))
                except StateError:
                    if self._stamp() == before:
                        raise
                    continue
                if self._stamp() == before:
                    return stored
        raise StateMoved("the state changes faster than it can be read")

    def _stored(self, content: Content | None, left: Journal | None) -> Stored | None:
        name = self._path.name
        if content is not None:
            return Stored(content, content.sha256, left)
        if left is not None:
            raise StateDamaged(
                f"there is no {name}, but its journal is there",
                hint=f"restore {name} from git; or move {name}.journal away: what Kalent holds is then adopted",
            )
        return None

    def _content(self) -> Content | None:
        try:
            with journal.plain_file(self._path):
                return open_content(self._path, atomic_write.MAX_STATE)
        except FileNotFoundError:
            _check_folder(self._path)
            return None

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return None
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def replace(self, data: bytes | Dump, expected: str | None) -> str:
        with _disk(self._path):
            self._check(expected)
            atomic_write.replace(self._path, data)
            return sha256_of([data]) if isinstance(data, bytes) else data.sha256

    def _check(self, expected: str | None) -> None:
        content = self._content()
        if (None if content is None else content.sha256) != expected:
            raise VersionMismatch


def open_content(path: Path, limit: int = sys.maxsize) -> Content:
    """The content of a state's file, `limit` bytes at most. Raises OSError, NoPlainFile."""
    if not hasattr(os, "pread"):  # Windows, where an open file can't be replaced
        return InMemory(atomic_write.read(path, limit))
    with atomic_write.opened(path) as (descriptor, status):
        atomic_write.check_size(status.st_size, limit)
        return FileContent(path, os.dup(descriptor), status)


class FileContent:
    """A file as it was when it was opened. It is replaced by a rename, and the descriptor keeps what it was."""

    def __init__(self, path: Path, descriptor: int, status: os.stat_result) -> None:
        self._path, self._descriptor = path, descriptor
        self.size = status.st_size
        self._stamp = _stamp(status)

    def __del__(self) -> None:
        with suppress(OSError):  # nothing was written to it
            os.close(self._descriptor)

    @cached_property
    def sha256(self) -> str:
        return sha256_of(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        for offset in range(0, self.size, _CHUNK):
            yield self.read(offset, min(_CHUNK, self.size - offset))

    def read(self, offset: int, length: int) -> bytes:
        data, now = self._read(offset, length)
        if len(data) != length or (now != self._stamp and not self._is_same(now)):
            raise StateMoved(
                f"{self._path} was changed while it was in use", hint="run the command again; nothing is lost"
            )
        return data

    def _read(self, offset: int, length: int) -> tuple[bytes, tuple[int, int]]:
        with _disk(self._path):
            data = os.pread(self._descriptor, length, offset)  # type: ignore[attr-defined,unused-ignore] # POSIX
            return data, _stamp(os.fstat(self._descriptor))

    def _is_same(self, now: tuple[int, int]) -> bool:
        """Whether only its time has changed, as by `touch`."""
        chunks = (self._read(offset, _CHUNK)[0] for offset in range(0, now[0], _CHUNK))
        if "sha256" not in self.__dict__ or sha256_of(chunks) != self.sha256:
            return False
        self._stamp = now
        return True


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


class FileLog:
    """The journal of one session."""

    def __init__(self, path: Path, journal_path: Path) -> None:
        self._path = path
        self._journal_path = journal_path

    @property
    def name(self) -> str:
        return self._journal_path.name

    def recover(self, fold: Callable[[], None]) -> bool:
        with _disk(self._path):
            if not self._journal_path.exists():
                return False
            journal.check_dead(self._journal_path)
            fold()
            atomic_write.remove(self._journal_path)
            return True

    def begin(self, head: Journal) -> None:
        self._head = head
        with _disk(self._path):
            self._writer = Writer(self._journal_path, head)

    def append(self, data: bytes) -> None:
        self._writer.append(data)

    def end(self, fold: Callable[[], None], data: Callable[[], bytes]) -> bool:
        with _disk(self._path):
            in_place = self._writer.close()
            try:
                fold()
                if in_place:
                    atomic_write.remove(self._journal_path)
            except (KalentopsError, OSError):
                if not in_place:
                    self._put_back(data())
                raise
            return in_place

    def _put_back(self, data: bytes) -> None:
        with suppress(OSError, StoreFailure):
            writer = Writer(self._journal_path, self._head)
            writer.append(data)
            writer.close()


def _check_folder(path: Path) -> None:
    """Raises StateError."""
    if not path.parent.is_dir():
        raise StateError(
            f"there is no folder {path.parent} for the state {path.name}",
            hint="make it, or correct the location: `state` in kalentops.yaml, --state, KALENTOPS_STATE",
        )


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise StoreFailure(f"{path.name} can't be read or written in {path.parent}: {reason}") from error
