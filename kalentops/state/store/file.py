"""The state as a file beside the blueprints, with a journal while a run is under way."""

from __future__ import annotations

import glob
import os
import secrets
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Final

from kalentops.errors import KalentopsError, StateDamaged, StateError, StateMoved, StoreFailure
from kalentops.state.codec import dump_state, load_state, record_to_json
from kalentops.state.model import Intended, Record, State, check, merge, replay
from kalentops.state.store import journal
from kalentops.state.store.journal import Journal, Writer
from kalentops.state.store.lock import hold
from kalentops.state.store.session import Session, Snapshot
from kalentops.support import atomic_write
from kalentops.support.text import clip

_READS: Final = 20
_TORN: Final = "the last record of the journal is not whole and is left out: a crash, or a run under way"


class FileStore:
    """A state in one file; `PATH.journal` and `PATH.lock` stand beside it."""

    def __init__(self, path: Path) -> None:
        try:
            self.path = path.resolve()  # behind a link, the file is replaced and not the link
        except (OSError, RuntimeError) as error:
            raise StoreFailure(f"{path} can't be followed: {error}") from error
        self.journal_path = self.path.with_name(self.path.name + ".journal")
        self.lock_path = self.path.with_name(self.path.name + ".lock")

    @property
    def where(self) -> str:
        return str(self.path)

    def read(self) -> Snapshot:
        with _disk(self.path):
            return self._read().snapshot

    def _read(self) -> _Reading:
        """A writer that folds meanwhile makes it read again."""
        for _ in range(_READS):
            before = self._stamp()
            try:
                base, left = self._base(), journal.read(self.journal_path)
            except StateError:
                if self._stamp() == before:
                    raise
                continue
            if self._stamp() == before:
                return _Reading(_together(base, left, self.path.name), base, left)
        raise StateMoved("the state changes faster than it can be read")

    def _base(self) -> State:
        try:
            return load_state(journal.bytes_of(self.path, follow=True))
        except FileNotFoundError:
            if self.path.parent.is_dir():
                return State()
            raise

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return None
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    @contextmanager
    def session(self, *, lock_timeout: float = 0.0) -> Iterator[Session]:
        with hold(self.lock_path, lock_timeout):
            session = _FileSession(self)
            try:
                yield session
            except BaseException as error:
                try:
                    session.close()
                except KalentopsError as second:
                    error.add_note(f"and what was recorded stays in {self.journal_path.name}: {second}")
                raise
            session.close()


@dataclass(frozen=True, slots=True)
class _Reading:
    """What `read` gives, and what it is made of: the state's file alone, and its journal."""

    snapshot: Snapshot
    base: State
    left: Journal | None


def _together(state: State, found: Journal | None, name: str) -> Snapshot:
    if found is None or found.run == state.last_run:
        return Snapshot(state)
    notes = [_TORN] if found.torn else []
    if state.lineage is None:
        raise StateDamaged(
            f"there is no {name}, but the journal of one",
            hint=f"restore {name} from git; or move {name}.journal away: what Kalent holds is then adopted",
        )
    if found.lineage != state.lineage:
        raise StateMoved(
            f"the journal beside {name} belongs to another state (lineage {clip(found.lineage, 9)})",
            hint="restore the state that it belongs to; it may hold ids that are nowhere else",
        )
    if found.serial == state.serial:
        state = replay(state, found.records)
    else:
        notes.append(
            f"the state was replaced after a run that did not end; its {len(found.records)} records are kept"
        )
        state = merge(state, found.records)
    if found.records:
        # The one that it gets when the next writer folds the journal into it: a plan that is saved now holds then.
        state = replace(state, serial=max(state.serial, found.serial) + 1)
    check(state)
    return Snapshot(state, tuple(notes))


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise StoreFailure(f"{path.name} can't be read or written in {path.parent}: {reason}") from error


class _FileSession:
    def __init__(self, store: FileStore) -> None:
        self._store = store
        self._writer: Writer | None = None
        self._run = secrets.token_hex(8)
        self._batches: list[Sequence[Record]] = []
        with _disk(store.path):
            self._check_writable()
            self._clear_up()
            reading = store._read()  # noqa: SLF001 - the other half of this class
            self.state = reading.snapshot.state
            self.notes = reading.snapshot.notes
            self._base = reading.base
            if store.journal_path.exists():
                self._take_over(reading.left)

    def _check_writable(self) -> None:
        """A folder that takes no files is found out before the first request, not after it."""
        if not os.access(self._store.path.parent, os.W_OK | os.X_OK):
            raise StoreFailure(f"the folder {self._store.path.parent} can't be written to")

    def _clear_up(self) -> None:
        """Temporary files that a killed run has left; nobody else writes here while the lock is held."""
        for each in self._store.path.parent.glob(f".{glob.escape(self._store.path.name)}.*.tmp"):
            with suppress(OSError):
                each.unlink()

    def _take_over(self, left: Journal | None) -> None:
        """The journal of a run that did not end: into the state with it, then away with it."""
        journal.check_dead(self._store.journal_path)
        if left is not None and left.records and left.run != self._base.last_run:
            tenant = self.state.tenant or left.tenant
            self._write(replace(self.state, last_run=left.run, tenant=tenant), above=left.serial)
        atomic_write.remove(self._store.journal_path)
        self._settle()

    def _settle(self) -> None:
        """Without the name of the last run, which is of use only beside its journal: two branches that have applied
        different things would always conflict there. It may stay; the next write leaves it out.
        """
        if self._base.last_run is not None:
            state = replace(self._base, last_run=None)
            with suppress(OSError):
                atomic_write.replace(self._store.path, dump_state(state))
                self.state = self._base = state

    def begin(self, tenant: str) -> None:
        if self._writer is not None:
            return
        with _disk(self._store.path):
            self._check_unmoved()
            if self.state.lineage is None or self.state.tenant is None:
                self._write(replace(self.state, tenant=tenant))
            lineage, serial = str(self.state.lineage), self.state.serial
            self._head = Journal(lineage, serial, self._run, tenant, (), torn=False)
            self._writer = Writer(self._store.journal_path, self._head)

    def record(self, *records: Record) -> None:
        if self._writer is None:
            raise AssertionError("record before begin")
        data = b"".join(journal.encode(record_to_json(record)) for record in records)
        # Before the write: whoever is interrupted in it can't tell any more whether the journal has them.
        batch = list(records)
        self._batches.append(batch)
        try:
            self._writer.append(data)
        except StoreFailure:
            # What is true stays true when the disk fails, and the fold at the end tries once more to keep it. An
            # intent is not: nobody acts on one that was refused here.
            batch[:] = [record for record in records if not isinstance(record, Intended)]
            raise

    def replace(self, state: State) -> None:
        if self._writer is not None:
            raise AssertionError("replace after begin")
        with _disk(self._store.path):
            self._write(state)

    def _check_unmoved(self) -> None:
        on_disk = self._store._base()  # noqa: SLF001
        if (on_disk.lineage, on_disk.serial) != (self._base.lineage, self._base.serial):
            raise StateMoved(
                f"{self._store.path.name} was replaced during the run: serial {on_disk.serial}, "
                f"and {self._base.serial} was read"
            )

    def _write(self, state: State, *, above: int = 0) -> None:
        """The state in place of the one that was read, with a serial above its own and `above`."""
        check(state)
        self._check_unmoved()
        lineage = state.lineage or str(uuid.uuid4())
        state = replace(state, lineage=lineage, serial=max(self._base.serial, above) + 1)
        atomic_write.replace(self._store.path, dump_state(state))
        self.state = self._base = state

    def close(self) -> None:
        """Fold the records into the state and remove the journal. Raises StateError, StoreFailure."""
        if self._writer is None:
            return
        with _disk(self._store.path):
            in_place = self._writer.close()
            records = list(chain.from_iterable(self._batches))
            try:
                if records:
                    self._write(replace(replay(self.state, records), last_run=self._run))
                if in_place:
                    atomic_write.remove(self._store.journal_path)
                    self._settle()
            except (KalentopsError, OSError):
                if not in_place:
                    self._put_back(records)
                raise

    def _put_back(self, records: Sequence[Record]) -> None:
        """Somebody has removed the journal, and the state can't take the records: they are nowhere else."""
        with suppress(OSError, StoreFailure):
            writer = Writer(self._store.journal_path, self._head)
            writer.append(b"".join(journal.encode(record_to_json(record)) for record in records))
            writer.close()
