"""The state as a file beside the blueprints, with a journal while a run is under way."""

from __future__ import annotations

import glob
import os
import secrets
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from kalentops.errors import StateDamaged, StateError, StateMoved, StoreFailure
from kalentops.state import Intended, Record, State, merge, replay
from kalentops.stateformat import dump_state, load_state
from kalentops.store import durable, journal
from kalentops.store.base import Session, Snapshot
from kalentops.store.journal import Journal, Writer
from kalentops.store.lock import hold

_READS: Final = 20


class FileStore:
    """A state in one file; `PATH.journal` and `PATH.lock` stand beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.journal_path = self.path.with_name(self.path.name + ".journal")
        self.lock_path = self.path.with_name(self.path.name + ".lock")

    @property
    def where(self) -> str:
        return str(self.path)

    def read(self) -> Snapshot:
        with _disk(self.path):
            return self._read()[0]

    def _read(self) -> tuple[Snapshot, Journal | None]:
        """The state with its journal, and the journal. A writer that folds meanwhile makes it read again."""
        for _ in range(_READS):
            before = self._stamp()
            try:
                found = self._base(), journal.read(self.journal_path)
            except StateError:
                if self._stamp() == before:
                    raise
                continue
            if self._stamp() == before:
                return _together(*found, self.path.name), found[1]
        raise StateMoved("the state changes faster than it can be read")

    def _base(self) -> State:
        try:
            return load_state(self.path.read_bytes())
        except FileNotFoundError:
            return State()

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
            finally:
                session.close()


def _together(state: State, found: Journal | None, name: str) -> Snapshot:
    if found is None or found.run == state.last_run:
        return Snapshot(state)
    notes = ["the last record of the journal was torn by a crash and is dropped"] if found.torn else []
    if state.lineage is None:
        raise StateDamaged(
            f"there is no {name}, but the journal of one",
            hint=f"restore {name} from git; or move {name}.journal away: what Kalent holds is then adopted",
        )
    if found.lineage != state.lineage:
        raise StateMoved(
            f"the journal beside {name} belongs to another state (lineage {found.lineage[:8]}…)",
            hint="restore the state that it belongs to; it may hold ids that are nowhere else",
        )
    if found.serial == state.serial:
        return Snapshot(replay(state, found.records), tuple(notes))
    notes.append(
        f"the state was replaced after a run that did not end; its {len(found.records)} records are kept"
    )
    return Snapshot(merge(state, found.records), tuple(notes))


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
        self._taking = threading.Lock()
        self._records: list[Record] = []
        with _disk(store.path):
            self._check_writable()
            self._clear_up()
            snapshot, left = store._read()  # noqa: SLF001 - the other half of this class
            self.state = snapshot.state
            self.notes = snapshot.notes
            self._base = store._base()  # noqa: SLF001
            if left is not None:
                self._take_over(left)
            elif store.journal_path.exists():
                durable.remove(store.journal_path)

    def _check_writable(self) -> None:
        """A folder that takes no files is found out before the first request, not after it."""
        if not os.access(self._store.path.parent, os.W_OK | os.X_OK):
            raise StoreFailure(f"the folder {self._store.path.parent} can't be written to")

    def _clear_up(self) -> None:
        """Temporary files that a killed run has left; nobody else writes here while the lock is held."""
        for each in self._store.path.parent.glob(f".{glob.escape(self._store.path.name)}.*.tmp"):
            each.unlink(missing_ok=True)

    def _take_over(self, left: Journal) -> None:
        """The journal of a run that did not end: into the state with it, then away with it."""
        if left.run != self._base.last_run:
            self._write(replace(self.state, last_run=left.run, tenant=self.state.tenant or left.tenant))
        durable.remove(self._store.journal_path)

    def begin(self, tenant: str) -> None:
        if self._writer is not None:
            return
        with _disk(self._store.path):
            if self.state.lineage is None or self.state.tenant is None:
                lineage = self.state.lineage or str(uuid.uuid4())
                self._write(replace(self.state, lineage=lineage, tenant=tenant))
            head = Journal(str(self.state.lineage), self.state.serial, self._run, tenant, (), torn=False)
            self._writer = Writer(self._store.journal_path, head)

    def record(self, *records: Record) -> None:
        if self._writer is None:
            raise AssertionError("record before begin")
        try:
            self._writer.append(records)
        except StoreFailure:
            # What is true stays true when the disk fails, and the fold at the end tries once more to keep it. An
            # intent is not: nobody acts on one that was refused here.
            self._take(tuple(record for record in records if not isinstance(record, Intended)))
            raise
        self._take(records)

    def _take(self, records: Sequence[Record]) -> None:
        with self._taking:
            self._records += records

    def replace(self, state: State) -> None:
        with _disk(self._store.path):
            self._write(state)

    def _write(self, state: State) -> None:
        """The state with the next serial, in place of the one that was read."""
        on_disk = self._store._base()  # noqa: SLF001
        if (on_disk.lineage, on_disk.serial) != (self._base.lineage, self._base.serial):
            raise StateMoved(
                f"{self._store.path.name} was replaced during the run: serial {on_disk.serial}, "
                f"and {self._base.serial} was read"
            )
        state = replace(state, serial=self._base.serial + 1)
        durable.replace(self._store.path, dump_state(state))
        self.state = self._base = state

    def close(self) -> None:
        """Fold the records into the state and remove the journal. Raises StateMoved, StoreFailure."""
        if self._writer is None:
            return
        self._writer.close()
        with _disk(self._store.path):
            if self._records:
                self._write(replace(replay(self.state, self._records), last_run=self._run))
            durable.remove(self._store.journal_path)
