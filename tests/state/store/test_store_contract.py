"""What every kind of store has to do. A new kind is one more line in `samples.FACTORIES`."""

# ruff: noqa: PT012 - what fails is the end of a session, so the whole session stands in the block
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kalentops.errors import StateDamaged, StateError, StateMigrated, StoreFailure
from kalentops.state.model import Completed, Entry, Intended, Intent, State
from kalentops.state.store.backend import Backend
from kalentops.state.store.session import Session, Store
from tests.builders import AT
from tests.state.store.samples import (
    FACTORIES,
    KINDS,
    TENANT,
    MemoryBackend,
    address,
    created,
    entry,
    intent,
    interrupted,
    python,
    state,
)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def open_store(kind: str, tmp_path: Path) -> Callable[[], Store]:
    """The same place, opened again. A shared one has a state, without which none is opened."""
    store = FACTORIES[kind](tmp_path)
    if store.shared:
        store.create()
    return lambda: FACTORIES[kind](tmp_path)


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    return open_store()


def _record(session: Session, *numbers: int) -> None:
    session.begin(TENANT)
    for number in numbers:
        session.record(*created(number))
    session.barrier()


def _fill(store: Store, *numbers: int) -> State:
    with store.session() as session:
        _record(session, *numbers)
    return store.read().state


def _unsigned(of: State) -> dict[str, Intent]:
    """The intents without the run, which only a shared store records."""
    return {at: replace(each, run=None, host=None) for at, each in of.intents.items()}


_CRASH = """
import os, sys
from pathlib import Path
from tests.state.store.samples import FACTORIES, interrupted
interrupted(FACTORIES[sys.argv[1]](Path(sys.argv[2])), *sys.argv[3:])
os._exit(9)
"""


def _crash(kind: str, folder: Path, *words: str) -> None:
    """`interrupted`, by the death of its process where the store outlives one."""
    if kind == "memory":
        interrupted(FACTORIES[kind](folder), *words)
        return
    ended = python(_CRASH, kind, folder, *words)
    assert (ended.returncode, ended.stderr) == (9, "")


def test_nothing_is_there_at_first(kind: str, tmp_path: Path) -> None:
    """A file may be new. Elsewhere, nothing may also be a misspelt place: that it is new has to be said."""
    store = FACTORIES[kind](tmp_path)
    if store.shared:
        for opened in (store.read, store.session().__enter__):
            with pytest.raises(StateError, match="there is no state at"):
                opened()
        store.create()
    else:
        assert store.read().state == State()
    assert store.read().state.entries == {}
    assert store.read().notes == ()


def test_a_state_is_not_created_over_another(store: Store) -> None:
    before = _fill(store, 1)
    with pytest.raises(StateError, match="there is a state already"):
        store.create()
    assert store.read().state == before


def test_a_state_belongs_to_one_environment(store: Store, kind: str, tmp_path: Path) -> None:
    before = _fill(store, 1)
    other = FACTORIES[kind](tmp_path)
    other._environment = "trial"
    for opened in (other.read, other.session().__enter__):
        with pytest.raises(StateError, match="belongs to no environment, and trial is selected"):
            opened()
    assert store.read().state == before


def test_a_session_without_records_writes_nothing(store: Store) -> None:
    before = _fill(store, 1)
    with store.session() as session:
        assert session.state == before
    with store.session() as session:
        session.begin(TENANT)
    assert store.read().state == before


def test_records_are_there_after_the_session(open_store: Callable[[], Store]) -> None:
    _fill(open_store(), 1, 2)
    after = open_store().read().state
    assert after.entries == {address(n): entry(n) for n in (1, 2)}
    assert after.intents == {}
    assert after.tenant == TENANT
    assert after.lineage


def test_records_are_there_after_a_barrier(open_store: Callable[[], Store]) -> None:
    with open_store().session() as session:
        session.begin(TENANT)
        assert open_store().read().state.entries == {}
        session.record(Intended(intent(1)))
        session.barrier()
        assert _unsigned(open_store().read().state) == {address(1): intent(1)}
        session.record(Completed(address(1), "bp-1", AT))
        session.barrier()
        seen = open_store().read()
        assert seen.state.entries == {address(1): entry(1)}
        assert seen.notes == ()
        assert session.state.entries == {}


def test_records_are_there_after_an_exception(store: Store) -> None:
    with pytest.raises(LookupError), store.session() as session:
        session.begin(TENANT)
        session.record(*created(1))
        raise LookupError
    assert store.read().state.ids() == {"bp-1": address(1)}


@pytest.mark.processes
@pytest.mark.parametrize("nth", [1, 2])
def test_a_write_that_fails_after_it_took_effect_is_the_sessions_own(
    open_store: Callable[[], Store], kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    """As a sync of the folder does after the rename: the session then goes on, and takes it for no other writer's."""
    _crash(kind, tmp_path, "1")
    store = open_store()
    backend = type(store._backend)
    real, calls = backend.replace, iter(range(1, 99))

    def late(self: Backend, data: bytes, expected: str | None) -> str:
        version = real(self, data, expected)
        if next(calls) == nth:
            raise StoreFailure("too late")
        return version

    monkeypatch.setattr(backend, "replace", late)
    try:
        _fill(store, 2)
    except StoreFailure:
        _fill(store, 2)
    assert open_store().read().state.ids() == {"bp-1": address(1), "bp-2": address(2)}


def test_the_serial_only_grows_and_the_lineage_stays(store: Store) -> None:
    seen = [_fill(store, number) for number in (1, 2, 3)]
    assert [s.serial for s in seen] == sorted({s.serial for s in seen})
    assert len({s.lineage for s in seen}) == 1
    assert {s.last_run for s in seen} == {None}, "nothing in which two branches always differ"


def test_begin_twice_is_begin_once(store: Store) -> None:
    with store.session() as session:
        session.begin(TENANT)
        lineage = session.state.lineage
        session.begin("another")
        assert session.state.lineage == lineage
        session.record(*created(1))
    assert store.read().state.tenant == TENANT


def test_of_two_writers_one_is_refused_or_both_are_merged(open_store: Callable[[], Store]) -> None:
    with open_store().session() as first:
        if not open_store().shared:
            with pytest.raises(StateError) as caught, open_store().session():
                pass
            assert caught.value.exit_code == 8
            return
        with open_store().session() as second:
            _record(first, 1)
            _record(second, 2)
            first.record(*created(3))
        second_seen = open_store().read().state
    assert second_seen.ids().keys() == {"bp-1", "bp-2"}
    assert open_store().read().state.ids().keys() == {"bp-1", "bp-2", "bp-3"}


def test_intents_that_a_backend_refuses_are_dropped_and_outcomes_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backend = MemoryBackend()
    Store(backend).create()

    def full(*_: object) -> str:
        raise StoreFailure("it is full")

    with Store(backend).session() as session:
        _record(session, 1)
        with monkeypatch.context() as patch:
            patch.setattr(backend, "replace", full)
            session.record(*created(2), Intended(intent(3)))
            with pytest.raises(StoreFailure, match="full"):
                session.barrier()
        for more in (session.barrier, lambda: session.record(*created(4))):
            with pytest.raises(StoreFailure, match="full"):
                more()
    after = Store(backend).read().state
    assert set(after.ids()) == {"bp-1", "bp-2"}
    assert after.intents == {}


def test_replace(store: Store) -> None:
    before = _fill(store, 1, 2)
    with store.session() as session:
        session.replace(replace(session.state, entries={address(1): entry(1)}, extra={"later": 1}))
        assert store.read().state.ids() == {"bp-1": address(1)}
        session.replace(replace(session.state, entries={}))
    after = store.read().state
    assert (after.entries, after.extra) == ({}, {"later": 1})
    assert (after.lineage, after.serial) == (before.lineage, before.serial + 2)


def test_replace_of_nothing_gives_a_lineage(store: Store) -> None:
    with store.session() as session:
        session.replace(replace(session.state, entries={address(1): entry(1)}))
    after = store.read().state
    assert after.lineage
    assert after.serial == (2 if store.shared else 1)
    assert after.ids() == {"bp-1": address(1)}


def test_replace_refuses_what_could_not_be_read(store: Store) -> None:
    before = _fill(store, 1)
    twice: dict[str, Entry] = {address(n): entry(n, blueprint_id="bp") for n in (1, 2)}
    with store.session() as session, pytest.raises(StateDamaged):
        session.replace(replace(session.state, entries=twice))
    assert store.read().state == before


def test_the_order_of_calls_is_kept_to(store: Store) -> None:
    with store.session() as session:
        with pytest.raises(AssertionError):
            session.record(*created(1))
        session.begin(TENANT)
        with pytest.raises(AssertionError):
            session.replace(state(1))
    assert store.read().state.entries == {}


def test_a_session_is_over_when_it_is_over(store: Store) -> None:
    with store.session() as session:
        session.begin(TENANT)
        session.record(*created(1))
    with pytest.raises(Exception, match="the run has ended"):
        session.record(*created(2))
    assert store.read().state.ids() == {"bp-1": address(1)}


@pytest.mark.processes
def test_a_crash_loses_nothing(kind: str, open_store: Callable[[], Store], tmp_path: Path) -> None:
    _crash(kind, tmp_path, "1", "2", "?99")
    left = open_store().read().state
    assert left.entries == {address(n): entry(n) for n in (1, 2)}
    assert _unsigned(left) == {address(99): intent(99)}
    with open_store().session() as session:  # and the lock died with its holder
        assert replace(session.state, serial=0, last_run=None) == replace(left, serial=0, last_run=None)
        assert session.state.serial == left.serial, "what was planned on it holds"
    _crash(kind, tmp_path, "3", "=99")
    after = open_store().read().state
    assert after.entries == {address(n): entry(n) for n in (1, 2, 3, 99)}
    assert after.intents == {}
    assert after.serial > left.serial


def test_a_state_that_has_moved_away_is_not_used(open_store: Callable[[], Store]) -> None:
    with open_store().session() as session:
        session.replace(state(1, moved_to="git:refs/kalentops/state"))
    said = "the state has moved to git:refs/kalentops/state"
    with pytest.raises(StateMigrated, match=said):
        open_store().read()
    with pytest.raises(StateMigrated, match=said), open_store().session():
        pass
