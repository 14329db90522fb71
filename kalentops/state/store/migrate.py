"""Writes of whole states: move a state to another place, and restore an earlier version.

A move writes a copy to the new place that is marked as out of use, marks the old state, then takes the mark of the new
one away. So at most one of the two is in use at each moment, and the same command continues after a kill at any point.
Each write is a compare-and-swap: two moves at the same time do no more than one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from kalentops.errors import KalentopsError, SharedStoreFailure, StateError, StateMoved
from kalentops.state.codec import Dump
from kalentops.state.model import Entry, Intent, State, check_consistent
from kalentops.state.store import open_store
from kalentops.state.store.backend import UnclearWrite, VersionMismatch
from kalentops.state.store.location import Location, migrated
from kalentops.state.store.session import Store, check_environment
from kalentops.support.text import clip, count

_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class StoredState:
    """A stored state, in use or not, and its version. `unfolded`: a journal stands beside it."""

    state: State
    version: str
    unfolded: bool = False

    @property
    def in_use(self) -> bool:
        return self.state.moved_to is None

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was ever recorded in it."""
        state = self.state
        return self.in_use and state.tenant is None and not state.entries and not state.intents


@dataclass(frozen=True, slots=True)
class Place:
    """A location in use by no session. `root` is the folder of the project."""

    location: Location
    root: Path
    store: Store

    @classmethod
    def of(cls, location: Location, root: Path) -> Place:
        """Raises StateError, StoreFailure."""
        return cls(location, root, open_store(location, root))

    @property
    def name(self) -> str:
        return self.location.name(self.root)

    def find(self) -> StoredState | None:
        """What is stored, in use or not. Raises StateError, StoreFailure."""
        stored = self.store.backend.read()
        if stored is None:
            return None
        return StoredState(self.store.decode(stored.content), stored.version, stored.left is not None)

    def settle(self, lock_timeout: float) -> tuple[str, ...]:
        """Take in what a killed run has left: notices for the user. Raises StateError, StoreFailure."""
        found = self.find()
        if found is None or not found.unfolded:
            return ()
        if not found.in_use:
            raise StateError(
                f"the state at {self.name} has moved to {clip(str(found.state.moved_to), 200)}, but a journal stands "
                "beside it",
                hint="it may hold ids that are nowhere else: look at it, then move it away",
            )
        with open_store(self.location, self.root, found.state.environment).session(
            lock_timeout=lock_timeout
        ) as session:
            return session.notes

    def put(self, state: State, over: StoredState | None) -> State:
        """Write and read back. The caller holds the lock. Raises StateError, StoreFailure."""
        check_consistent(state)
        data, expected = Dump(state), None if over is None else over.version
        for left in reversed(range(_TRIES)):
            try:
                self.store.backend.replace(data, expected)
            except VersionMismatch:
                pass
            except UnclearWrite:
                if not left:
                    raise
            stored = self.store.backend.read()
            if stored is not None and stored.holds(data):
                return state
            if (stored and stored.version) != expected:
                raise StateMoved(f"the state at {self.name} was written in the meantime")
        raise SharedStoreFailure(
            f"{self.name} does not show what was written to it",
            hint="wait a minute, then run the command again",
        )


@dataclass(frozen=True, slots=True)
class Migrated:
    """`again`: the state had moved before. `missing` are entries that only the old place has: it has got them since, as
    by a merge in git.
    """

    state: State
    notes: tuple[str, ...] = ()
    again: bool = False
    missing: tuple[Entry, ...] = ()


def migrate(old: Place, new: Place, environment: str | None, lock_timeout: float) -> Migrated:
    """Move the state. The same call continues an interrupted move. A state without the name of an environment gets it.

    Raises StateError, StoreFailure.
    """
    notes = old.settle(lock_timeout)
    source = old.find()
    if source is not None:
        _check_environment(source.state, environment, old.name)
    if old.name == new.name:
        return _name(old, source, environment, lock_timeout)
    if source is not None and source.in_use:
        new.store.backend.prepare()
        return replace(_begin(old, new, environment, lock_timeout), notes=notes)
    target = new.find()
    if target is not None and target.state.moved_to == old.name and _is_later(target, source):
        _check_environment(target.state, environment, new.name)
        return _go_back(old, new, source, target.state, lock_timeout)
    if source is None:
        raise StateError(
            f"there is no state at {old.name}",
            hint="name the location that holds it: `kalentops state migrate FROM TO`; "
            "`kalentops state init` starts an empty one",
        )
    if source.state.moved_to != new.name:
        raise migrated(source.state.moved_to, environment)
    return _use(new, source.state, lock_timeout)


def _check_environment(state: State, environment: str | None, name: str) -> None:
    """A state without a name may get one. Raises StateError for the state of another environment."""
    if state.environment is not None:
        check_environment(state.environment, environment, name)


def _name(place: Place, found: StoredState | None, environment: str | None, lock_timeout: float) -> Migrated:
    """A state that stays where it is, with the name of its environment."""
    if found is not None and found.state.moved_to is not None:
        raise migrated(found.state.moved_to, environment)
    if found is None or found.state.environment is not None or environment is None:
        raise StateError(
            f"FROM and TO are the same: {place.name}", hint="name both: `kalentops state migrate FROM TO`"
        )
    with place.store.hold(lock_timeout):
        named = replace(found.state, serial=found.state.serial + 1, environment=environment)
        return Migrated(place.put(named, found))


def _begin(old: Place, new: Place, environment: str | None, lock_timeout: float) -> Migrated:
    with old.store.hold(lock_timeout):
        source = old.find()
        if source is None or source.unfolded or not source.in_use:
            raise StateMoved(f"the state at {old.name} was written in the meantime")
        with new.store.hold(lock_timeout):
            target = new.find()
            _check_free(new, target, source.state)
            new.put(replace(source.state, moved_to=old.name), target)
        named = replace(source.state, environment=environment, last_run=None)
        marked = old.put(replace(named, serial=named.serial + 1, moved_to=new.name), source)
    return _use(new, marked, lock_timeout)


def _is_later(target: StoredState, source: StoredState | None) -> bool:
    return source is None or target.state.serial > source.state.serial


def _go_back(
    old: Place, new: Place, source: StoredState | None, state: State, lock_timeout: float
) -> Migrated:
    """Undo an interrupted move from `new` to `old`. A newer version at `old` keeps another process from ending it."""
    with old.store.hold(lock_timeout):
        marked = old.put(replace(state, serial=state.serial + 1, moved_to=new.name), source)
    return _use(new, marked, lock_timeout)


def _use(new: Place, marked: State, lock_timeout: float) -> Migrated:
    """Write the state to its new place, as the one in use."""
    try:
        return _end(new, marked, lock_timeout)
    except KalentopsError as error:
        error.add_note(
            "the move has started, and no place is in use: run the same command again, or undo it: TO FROM"
        )
        raise


def _end(new: Place, marked: State, lock_timeout: float) -> Migrated:
    with new.store.hold(lock_timeout):
        target = new.find()
        if target is not None and target.in_use and _follows(target.state, marked):
            ids = target.state.ids()
            missing = tuple(each for each in marked.entries.values() if each.blueprint_id not in ids)
            return Migrated(target.state, again=True, missing=missing)
        _check_free(new, target, marked)
        return Migrated(new.put(replace(marked, serial=marked.serial + 1, moved_to=None), target))


def _follows(state: State, marked: State) -> bool:
    return state.lineage == marked.lineage and state.serial > marked.serial


def _check_free(new: Place, target: StoredState | None, state: State) -> None:
    """Raises StateError for a target whose content would be lost."""
    if target is None or target.is_fresh:
        return
    other = target.state
    _check_environment(other, state.environment, new.name)
    if other.lineage != state.lineage:
        raise StateError(
            f"{new.name} holds another state, of {count(len(other.entries), 'blueprint')}",
            hint="name a location at which nothing is stored",
        )
    if target.in_use or other.serial > state.serial:
        raise StateError(
            f"{new.name} holds a version of this state that this move did not write: serial {other.serial} there, "
            f"{state.serial} here",
            hint="compare them with `kalentops state list --state LOCATION`, and use the later one",
        )


@dataclass(frozen=True, slots=True)
class Restoration:
    """`lost` are the entries and creates that the restored state does not have, `back` those that only it has."""

    state: State
    lost: tuple[Entry | Intent, ...]
    back: tuple[Entry | Intent, ...]


def restoration(earlier: State, found: StoredState | None, environment: str | None, name: str) -> Restoration:
    """An earlier version, as it would be written over what is there. Raises StateError."""
    current = State() if found is None else found.state
    _check_environment(earlier, environment, "this version")
    _check_environment(current, environment, name)
    if found is not None and not found.is_fresh:
        _check_same(earlier, current, name)
    elif earlier.environment != environment:
        raise StateError(
            f"this belongs to no environment, and {environment} is selected",
            hint=f"`kalentops state migrate FILE LOCATION -e {environment}` moves it and gives it the name",
        )
    state = replace(
        earlier,
        serial=max(earlier.serial, current.serial) + 1,
        last_run=None,
        tenant=earlier.tenant or current.tenant,
        intents=_open_intents(earlier, current),
        moved_to=None,
        environment=environment,
    )
    check_consistent(state)
    return Restoration(state, (*_only_in(current, state),), (*_only_in(state, current),))


def _check_same(earlier: State, current: State, name: str) -> None:
    """Raises StateError for what is no version of the current state."""
    if earlier.lineage != current.lineage:
        raise StateError(
            f"this is no version of the state at {name}: its lineage is {clip(str(earlier.lineage), 9)}, not "
            f"{clip(str(current.lineage), 9)}",
            hint="restore it to a location at which nothing is stored, with --state LOCATION",
        )
    if earlier.tenant and current.tenant and earlier.tenant != current.tenant:
        raise StateError(
            f"this belongs to another API than the state at {name}",
            hint="an id of one means nothing in the other: name another file or another --state",
        )


def _open_intents(earlier: State, current: State) -> dict[str, Intent]:
    """What runs have left open stays open where it fits the entries: its text may still arrive."""
    return {
        address: intent
        for address, intent in {**earlier.intents, **current.intents}.items()
        if _fits(intent, earlier.entries.get(address))
    }


def _fits(intent: Intent, entry: Entry | None) -> bool:
    if entry is None or intent.action == "create":
        return entry is None and intent.action == "create"
    return intent.blueprint_id in {None, entry.blueprint_id}


def _only_in(state: State, other: State) -> Iterator[Entry | Intent]:
    ids, known = other.ids(), {*other.entries, *other.intents}
    yield from (each for each in state.entries.values() if each.blueprint_id not in ids)
    yield from (
        each
        for address, each in state.intents.items()
        if address not in state.entries and address not in known
    )
