"""A state and its only writer, over any backend."""

from __future__ import annotations

import os
import shlex
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias

from kalentops.errors import (
    KalentopsError,
    SharedStoreFailure,
    StateDamaged,
    StateError,
    StateMoved,
    StoreFailure,
)
from kalentops.state.codec import Dump, load_state, record_to_json
from kalentops.state.content import Content
from kalentops.state.merge import rebase
from kalentops.state.model import (
    Completed,
    Entry,
    Intended,
    Intent,
    Observed,
    Record,
    State,
    address_of,
    check_consistent,
    merge_records,
    replay,
)
from kalentops.state.store.backend import Backend, Stored, UnclearWrite, VersionMismatch
from kalentops.state.store.journal import Journal, encode
from kalentops.state.store.location import migrated
from kalentops.support.text import clip

if TYPE_CHECKING:
    from kalentops.cache import Cache

_TORN: Final = (
    "the last record of the journal is incomplete and ignored: a run crashed, or one is in progress"
)


_USUAL: Final = "kalentops.state.json"  # as hints name a state


class Log(Protocol):
    """Makes each record durable at once, beside a backend. Its methods raise StateError and StoreFailure."""

    @property
    def name(self) -> str:
        """Its name in messages."""
        ...

    def recover(self, fold: Callable[[], None]) -> bool:
        """Remove what a killed run has left, after `fold`. False where nothing is left."""
        ...

    def begin(self, head: Journal) -> None: ...

    def append(self, data: bytes) -> None:
        """The data is durable when this returns. After a failure it takes nothing more. Called by many threads."""
        ...

    def end(self, fold: Callable[[], None], data: Callable[[], bytes]) -> bool:
        """Remove the log after `fold`. False where the log was already gone: if `fold` then fails, all `data` is
        written again, because it is nowhere else.
        """
        ...


class Snapshot(NamedTuple):
    """The state with the records of its journal, under the serial that the fold will give it; notices for the user."""

    state: State
    notes: tuple[str, ...] = ()


Loader: TypeAlias = Callable[[Stored | None], tuple[State, Journal | None]]
"""What is stored, as a state. Raises StateError."""


class Store:
    """One state, over a backend. Without a log it is shared: machines that know nothing of each other may write it at
    the same time. Records are then durable after a `barrier`, which merges by address what the others have written.
    """

    files: tuple[Path, ...] = ()
    """The state's files in the work tree, which git has to commit; the state itself is the first."""
    shared = True

    def __init__(
        self,
        backend: Backend,
        environment: str | None = None,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._backend = backend
        self._environment = environment
        self._pause = pause

    @property
    def backend(self) -> Backend:
        """For writes of whole states; a run has a session."""
        return self._backend

    @property
    def where(self) -> str:
        return self._backend.where

    @property
    def name(self) -> str:
        """Its short name in messages."""
        return self.files[0].name if self.files else self.where

    def hold(self, timeout: float) -> AbstractContextManager[None]:  # noqa: ARG002 - of stores that have a lock
        """The lock. Waits `timeout` seconds for it. Raises StateLocked, StoreFailure."""
        return nullcontext()

    def log(self) -> Log | None:
        """A log for one session."""
        return None

    def create(self) -> None:
        """Write an empty state. Raises StateError where there is one, StoreFailure."""
        self._backend.prepare()
        there = StateError(
            f"there is a state already: {self.where}", hint="`kalentops state list` shows what it records"
        )
        if self._backend.read() is not None:
            raise there
        data = Dump(State(str(uuid.uuid4()), 1, environment=self._environment))
        try:
            self._backend.replace(data, None)
        except VersionMismatch:
            raise there from None
        except UnclearWrite:
            stored = self._backend.read()
            if stored is None or not stored.holds(data):
                raise

    def fetch(self) -> Stored | None:
        """What is stored, for `snapshot`. Raises StateError, StoreFailure."""
        return self._backend.read()

    def read(self, cache: Cache | None = None) -> Snapshot:
        """The state, without the lock. Raises StateError, StoreFailure."""
        return self.snapshot(self.fetch(), cache)

    def snapshot(self, stored: Stored | None, cache: Cache | None = None) -> Snapshot:
        """The state that is stored. A cache may say what is recorded; a body is read from the store, and checked before
        it is shown or sent. Raises StateError, StoreFailure.
        """
        return _snapshot(*self._load(stored, cache), self.where)

    @contextmanager
    def session(self, *, lock_timeout: float = 0.0) -> Iterator[Session]:
        """The lock and the state; at the end, the records are folded into the state.

        Raises StateLocked, and what `read` raises; at the end StateMoved or StoreFailure. An exception of the block
        goes on, with a note where the end failed as well.
        """
        with self.hold(lock_timeout):
            session = Session(self._backend, self.log(), self._load, self._pause)
            try:
                yield session
            except BaseException as error:
                try:
                    session.close()
                except KalentopsError as second:
                    error.add_note(session.failure(second))
                raise
            session.close()

    def _load(self, stored: Stored | None, cache: Cache | None = None) -> tuple[State, Journal | None]:
        """Raises StateError for what is no state, or the state of another environment."""
        if stored is None and self.shared:
            raise StateError(
                f"there is no state at {self.where}",
                hint="check the spelling; `kalentops state init` starts a new one there, "
                "`kalentops state migrate FROM TO` moves one there",
            )
        if stored is None:
            return State(environment=self._environment), None
        state = self.decode(stored.content, cache)
        if state.moved_to is not None:
            raise migrated(state.moved_to, self._environment)
        check_environment(state.environment, self._environment, self.where)
        return state, stored.left

    def decode(self, content: Content, cache: Cache | None = None) -> State:
        """Raises StateError for what is no state."""
        try:
            return load_state(content, cache)
        except StateDamaged as error:
            if not self.shared:
                if self.name != _USUAL and error.hint is not None:
                    error.hint = error.hint.replace(_USUAL, shlex.quote(self.where))
                raise
            raise StateDamaged(
                f"{self.where} holds no state of kalentops, or a damaged one: {error}",
                hint="check the location; or restore an earlier version with the service's own tools",
            ) from None


def check_environment(found: str | None, wanted: str | None, where: str) -> None:
    """Raises StateError for the state of another environment."""
    if found == wanted:
        return
    if found is None:
        name = shlex.quote(where)
        raise StateError(
            f"{where} belongs to no environment, and {wanted} is selected",
            hint=f"if it is the state of {wanted}: `kalentops state migrate {name} {name} -e {wanted}`",
        )
    belongs = f"{where} belongs to the environment {clip(found)}"
    if wanted is None:
        raise StateError(
            f"{belongs}, and kalentops.yaml has no environments",
            hint="name a state of this project: `state:` in kalentops.yaml, --state or KALENTOPS_STATE",
        )
    raise StateError(
        f"{belongs}, and {wanted} is selected",
        hint=f"check -e, `state` in kalentops.yaml, --state and KALENTOPS_STATE_{wanted.upper()}",
    )


def _snapshot(state: State, left: Journal | None, where: str) -> Snapshot:
    if left is None or left.run == state.last_run:
        return Snapshot(state)
    notes = [_TORN] if left.torn else []
    if left.lineage != state.lineage:
        raise StateMoved(
            f"the journal beside {where} belongs to another state (lineage {clip(left.lineage, 9)})",
            hint="restore the state that it belongs to: it may hold ids that are nowhere else",
        )
    if left.serial == state.serial:
        state = replay(state, left.records)
    else:
        notes.append(
            f"the state was replaced after an interrupted run; its {len(left.records)} records are kept"
        )
        state = merge_records(state, left.records)
    if left.records:
        # The one that it gets when the next writer folds the journal into it: a plan that is saved now holds then.
        state = replace(state, serial=max(state.serial, left.serial) + 1)
    check_consistent(state)
    return Snapshot(state, tuple(notes))


_TRIES: Final = 40
_UNCLEAR_TRIES: Final = 5
_LONGEST_PAUSE: Final = 2.0


class Session:
    """A writer of a state: the only one, unless the store is shared. `state` is what it was when the session began,
    without the session's records; `notes` are notices for the user; the end of the session may add one.
    """

    def __init__(
        self,
        backend: Backend,
        log: Log | None,
        load: Loader,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._backend = backend
        self._log = log
        self._load = load
        self._pause = pause
        self._run = os.urandom(8).hex()
        self._batches: list[list[Record]] = []
        self._folded = 0  # batches that are in the stored state
        self._taken: dict[str, tuple[Entry | None, Intent | None]] = {}
        self._folding = threading.Lock()
        self._recording = False
        self._refused: str | None = None
        stored = backend.read()
        self._version = None if stored is None else stored.version
        self._base, left = load(stored)
        snapshot = _snapshot(self._base, left, backend.where)
        self.state, self.notes = snapshot.state, snapshot.notes
        self._mine = self._began = self.state
        self._latest: State | None = None
        if log is not None and log.recover(lambda: self._fold_left(left)):
            self._settle()
            self.state = self._mine = self._base

    @property
    def shared(self) -> bool:
        """Whether others may write at the same time, and records are durable after a `barrier` only."""
        return self._log is None

    def _fold_left(self, left: Journal | None) -> None:
        if left is not None and left.records and left.run != self._base.last_run:
            tenant = self.state.tenant or left.tenant
            self._write(replace(self.state, last_run=left.run, tenant=tenant), above=left.serial)

    def begin(self, tenant: str) -> None:
        """Prepare for records: the lineage is durable afterwards. The second call does nothing.

        Raises StateMoved, StoreFailure.
        """
        if self._recording:
            return
        if self._log is None:
            self._mine = replace(self._mine, tenant=self._mine.tenant or tenant)
        else:
            self._begin_log(self._log, tenant)
        self._recording = True

    def _begin_log(self, log: Log, tenant: str) -> None:
        stored = self._backend.read()
        if (None if stored is None else stored.version) != self._version:
            raise self._moved()
        if self.state.lineage is None or self.state.tenant is None:
            self._write(replace(self.state, tenant=tenant))
            self.state = self._base
        lineage, serial = str(self.state.lineage), self.state.serial
        log.begin(Journal(lineage, serial, self._run, tenant, (), torn=False))

    def record(self, *records: Record) -> None:
        """Take the records, in this order: durable at once with a journal, else after `barrier`.

        Called by many threads. Raises StoreFailure; from then on it takes no more.
        """
        if not self._recording:
            raise AssertionError("record before begin")
        if self._log is None:
            self._keep(records)
            return
        self._check_open()
        data = _encode(records)
        # Before the write: after an interrupt in it, it is not known whether the journal has them.
        batch = list(map(_packed, records))
        self._batches.append(batch)
        try:
            self._log.append(data)
        except StoreFailure:
            _leave_out_intents(batch)
            raise

    def _keep(self, records: Iterable[Record]) -> None:
        """For the next barrier. Not while one writes: whether an address was taken has to be known first."""
        with self._folding:
            self._check_open()
            signed = [_packed(self._signed(each)) for each in records]
            self._batches.append([each for each in signed if address_of(each) not in self._taken])

    def _signed(self, record: Record) -> Record:
        """An intent with the run that began it, for those who find it open."""
        if not isinstance(record, Intended) or record.intent.run is not None:
            return record
        import socket  # for a run that writes

        return Intended(replace(record.intent, run=self._run, host=socket.gethostname() or "unknown"))

    def barrier(self) -> None:
        """Every record so far is durable when this returns, unless `taken` says otherwise. Called by many threads.

        Raises StateError, StoreFailure; from then on the session takes no more records.
        """
        if self._log is not None:
            return
        with self._folding:
            self._check_open()
            try:
                self._merge()
            except KalentopsError as error:
                self._refused = str(error)
                for batch in self._batches[self._folded :]:
                    _leave_out_intents(batch)
                raise

    def taken(self, address: str) -> tuple[Entry | None, Intent | None] | None:
        """What another run has recorded for an address in place of this run's records, which are dropped. It is said
        once; what is recorded then builds on it.
        """
        return self._taken.pop(address, None)

    def changed(self, address: str, *, again: bool) -> tuple[Entry | None, Intent | None] | None:
        """What another run has recorded for an address since this session began; None where it has not. The store is
        read `again`, or the last answer counts. Raises StateError, StoreFailure.
        """
        with self._folding:
            if again or self._latest is None:
                stored = self._backend.read()
                if stored is None:
                    raise self._removed()
                self._latest = max(self._base, self._state_of_others(stored), key=lambda state: state.serial)
            now, before = (
                (state.entries.get(address), state.intents.get(address))
                for state in (self._latest, self._began)
            )
        intent = now[1]
        return None if now == before or (intent is not None and intent.run == self._run) else now

    def replace(self, state: State) -> None:
        """Write another state in place of this one, with the next serial. Not after `begin`.

        Raises StateMoved, StoreFailure, and StateDamaged for a state that `read` would refuse.
        """
        self.stage(state)
        if self._log is None:
            self._merge()
            if self._taken:
                raise StateMoved(f"another run has changed {min(self._taken)} in {self._backend.where}")
        self.state = self._base

    def stage(self, state: State) -> None:
        """The same for a run that records afterwards: a shared store is written with the first records, or at the end,
        and what others have changed meanwhile stays as it is.
        """
        if self._recording:
            raise AssertionError("replace after begin")
        if self._log is None:
            check_consistent(state)
            self.state = self._mine = state
        else:
            self._write(state)
            self.state = self._base

    def close(self) -> None:
        """Fold the records into the state and remove the journal. Raises StateError, StoreFailure."""
        with self._folding:
            if self._log is None:
                self._refused = "the run has ended"
                try:
                    self._merge()
                except KalentopsError as error:
                    if self._base.intents:
                        error.add_note(
                            "what was sent is claimed in the state: the next apply looks up its outcome"
                        )
                    raise
                self._note_taken()
            elif self._recording:
                self._refused = "the run has ended"
                if self._log.end(self._fold, lambda: _encode(chain.from_iterable(self._batches))):
                    self._settle()

    def _note_taken(self) -> None:
        for address, (entry, _) in self._taken.items():
            now = f"it is {entry.blueprint_id} there" if entry else "nothing is recorded for it there"
            said = f"another run has changed {address} in {self._backend.where}: {now}"
            self.notes = (*self.notes, said)

    def failure(self, error: KalentopsError) -> str:
        """What to add to another error when the end of the session failed as well."""
        return str(error) if self._log is None else f"what was recorded stays in {self._log.name}: {error}"

    def _fold(self) -> None:
        batches = self._batches[:]
        if any(batches):
            self._write(replace(replay(self.state, chain.from_iterable(batches)), last_run=self._run))
        self._folded = len(batches)

    def _merge(self) -> None:
        """Write the records since the last barrier into the shared state."""
        batches = self._batches[:]
        new = list(self._own(chain.from_iterable(batches[self._folded :])))
        mine = replay(self._mine, new)
        if new or mine != self._base:
            check_consistent(mine)
            self._compare_and_swap(mine)
        self._folded = len(batches)
        self._mine = self._base

    def _own(self, records: Iterable[Record]) -> Iterator[Record]:
        touched: set[str] = set()
        for each in records:
            if address_of(each) in touched or not self._is_of_other(each):
                touched.add(address_of(each))
                yield each

    def _is_of_other(self, record: Record) -> bool:
        """Whether it says what a list shows while another run is at work: perhaps that run's text, so no baseline."""
        if not isinstance(record, Observed):
            return False
        entry, intent = self._base.entries.get(record.address), self._base.intents.get(record.address)
        others = intent is not None and intent.run not in {None, self._run}
        return others and entry is not None and record.remote_digest != entry.baseline

    def _compare_and_swap(self, mine: State) -> None:
        """Compare and swap until it is written. A lost answer proves nothing: what is stored then tells.

        After an exception the session is as before: what it writes next is based on what it has written last.
        """
        import random  # for a run that writes, like `socket`

        base, version, lost = self._base, self._version, frozenset(self._taken)
        wanted = replace(mine, serial=base.serial + 1)
        error: StoreFailure | None = None
        unknown = 0
        for number in range(_TRIES):
            data = Dump(wanted)
            try:
                version = self._backend.replace(data, version)
            except VersionMismatch:
                error = None
            except UnclearWrite as unclear:
                error, unknown = unclear, unknown + 1
            else:
                self._written(wanted, version, lost)
                return
            self._pause(random.uniform(0, min(_LONGEST_PAUSE, 0.05 * 2**number)))  # noqa: S311
            stored = self._backend.read()
            if stored is None:
                raise self._removed()
            if stored.holds(data):
                self._written(wanted, stored.version, lost)
                return
            if error is not None and unknown >= _UNCLEAR_TRIES:  # each may have waited for a minute
                raise error
            if stored.version != version:
                theirs = self._state_of_others(stored)
                if theirs.serial < base.serial:
                    continue  # a read that is behind
                merged, more = rebase(base, wanted, theirs, self._run)
                check_consistent(merged)
                wanted = replace(merged, serial=theirs.serial + 1)
                base, version, lost = theirs, stored.version, lost | more
        raise error or SharedStoreFailure(
            f"others write to {self._backend.where} all the time: {_TRIES} attempts were refused",
            hint="run the command again; nothing is lost: the next run continues",
        )

    def _written(self, state: State, version: str, lost: Iterable[str]) -> None:
        self._base, self._version = state, version
        self._taken = {each: (state.entries.get(each), state.intents.get(each)) for each in lost}

    def _state_of_others(self, stored: Stored) -> State:
        """Raises StateError."""
        theirs, _ = self._load(stored)
        if theirs.lineage != self._base.lineage:
            raise self._moved()
        return theirs

    def _write(self, state: State, *, above: int = 0) -> None:
        """Replace the stored state, with a serial above its own and `above`."""
        check_consistent(state)
        serial = max(self._base.serial, above) + 1
        self._put(replace(state, lineage=state.lineage or str(uuid.uuid4()), serial=serial))

    def _put(self, state: State) -> None:
        data = Dump(state)
        try:
            self._version = self._backend.replace(data, self._version)
        except VersionMismatch:
            raise self._moved() from None
        except StoreFailure:
            # A write can fail late, after it took effect. It is this session's own then, not another writer's.
            with suppress(KalentopsError):
                stored = self._backend.read()
                if stored is not None and stored.holds(data):
                    self._version, self._base = stored.version, state
            raise
        self._base = state

    def _settle(self) -> None:
        """Take out the name of the last run, which only its journal needs: it would always conflict between two
        branches. Where the disk refuses it, a note says so, and the next write does it.
        """
        if self._base.last_run is not None:
            try:
                self._put(replace(self._base, last_run=None))
            except StoreFailure as error:
                said = f"the state is complete; its clean-up failed, the next run repeats it: {error}"
                self.notes = (*self.notes, said)

    def _check_open(self) -> None:
        if self._refused is not None:
            raise StoreFailure(f"nothing more can be recorded: {self._refused}")

    def _removed(self) -> StateMoved:
        return StateMoved(
            f"the state at {self._backend.where} was removed during the run",
            hint="restore it with the service's own tools, then run the command again; or start an empty one with "
            "`kalentops state init`: what Kalent holds is then adopted",
        )

    def _moved(self) -> StateMoved:
        return StateMoved(f"{self._backend.where} was replaced during the run")


def _packed(record: Record) -> Record:
    if isinstance(record, Intended):
        return Intended(replace(record.intent, sent=record.intent.sent.packed()))
    return record


def _encode(records: Iterable[Record]) -> bytes:
    return b"".join(encode(record_to_json(record)) for record in records)


def _leave_out_intents(batch: list[Record]) -> None:
    """What is true stays true when the disk fails, and the fold at the end tries to keep it. Nothing was sent for an
    intent that was refused.
    """
    completed = {record.address for record in batch if isinstance(record, Completed)}
    batch[:] = [
        record for record in batch if not isinstance(record, Intended) or record.intent.address in completed
    ]
