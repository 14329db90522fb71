"""A session over a store that others write to meanwhile."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from kalentops.errors import StoreFailure
from kalentops.state.codec import Dump
from kalentops.state.content import InMemory
from kalentops.state.model import Completed, Intended, Observed, State
from kalentops.state.store.backend import Stored, UnclearWrite
from kalentops.state.store.session import Store
from tests.builders import AT
from tests.state.store.samples import TENANT, MemoryBackend, address, created, digest, intent


class Scripted(MemoryBackend):
    """Something may happen in place of a read or a write: the first of each list, once."""

    def __init__(self) -> None:
        super().__init__()
        self.past: list[Stored] = []
        self.reads: list[Callable[[], Stored | None]] = []
        self.writes: list[Callable[[], None]] = []

    def read(self) -> Stored | None:
        return self.reads.pop(0)() if self.reads else super().read()

    def replace(self, data: bytes | Dump, expected: str | None) -> str:
        if self.writes:
            self.writes.pop(0)()
        version = super().replace(data, expected)
        self.past.append(Stored(InMemory(bytes(data)), version))
        return version

    def store(self) -> Store:
        return Store(self, pause=lambda _: None)

    @property
    def state(self) -> State:
        return self.store().read().state


@pytest.fixture
def backend() -> Scripted:
    made = Scripted()
    made.store().create()
    return made


def _another(backend: Scripted, number: int) -> None:
    """Another run creates a blueprint meanwhile."""
    with backend.store().session() as session:
        session.begin(TENANT)
        session.record(*created(number))


def _full() -> None:
    raise StoreFailure("it is full")


@pytest.mark.parametrize("failure", [StoreFailure("it is full"), UnclearWrite("no answer")])
def test_a_barrier_that_fails_after_others_have_written_overwrites_none_of_it(
    backend: Scripted, failure: StoreFailure
) -> None:
    def fail() -> None:
        raise failure

    backend.writes = [lambda: _another(backend, 1), lambda: None, *[fail] * 40]
    with backend.store().session() as session:
        session.begin(TENANT)
        session.record(*created(2))
        with pytest.raises(StoreFailure):
            session.barrier()
        backend.writes.clear()
    assert set(backend.state.ids()) == {"bp-1", "bp-2"}


def test_a_read_that_is_behind_is_not_taken_for_what_others_have_written(backend: Scripted) -> None:
    _another(backend, 1)
    with backend.store().session() as session:
        session.begin(TENANT)
        session.record(Intended(intent(1, "new", action="update")))
        session.barrier()
        session.record(Completed(address(1), "bp-1", AT))
        _another(backend, 2)
        backend.reads = [lambda: backend.past[-3]]
    assert backend.state.entries[address(1)].name == "new"
    assert backend.state.intents == {}
    assert set(backend.state.ids()) == {"bp-1", "bp-2"}


@pytest.mark.parametrize("settles", [True, False])
def test_the_text_of_a_run_at_work_is_not_what_another_run_has_seen_of_its_own(
    backend: Scripted, *, settles: bool
) -> None:
    _another(backend, 1)
    with backend.store().session() as session:
        session.begin(TENANT)
        session.record(Intended(intent(1, "theirs", action="update")))
    with backend.store().session() as session:
        session.begin(TENANT)
        settled = [Completed(address(1), "bp-1", AT)] * settles
        session.record(*settled, Observed(address(1), digest("theirs"), AT), *created(2))
    assert backend.state.entries[address(1)].remote_digest == (digest("theirs") if settles else None)
    assert set(backend.state.ids()) == {"bp-1", "bp-2"}


def test_a_claim_that_another_run_went_on_with_is_taken_also_where_nothing_new_is_recorded(
    backend: Scripted,
) -> None:
    with backend.store().session() as session:
        session.begin(TENANT)
        session.record(Intended(intent(1)))
        session.barrier()
        assert session.taken(address(1)) is None
        _another(backend, 1)
        session.record(*created(2))
        session.barrier()
        assert session.taken(address(1)) == (backend.state.entries[address(1)], None)
    assert set(backend.state.ids()) == {"bp-1", "bp-2"}


def test_a_machine_without_a_name_writes_a_state_that_can_be_read(
    backend: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", str)
    with backend.store().session() as session:
        session.begin(TENANT)
        session.record(Intended(intent(1, "new")))
    assert backend.state.intents[address(1)].host == "unknown"


def test_what_is_taken_is_as_it_was_written_last(backend: Scripted) -> None:
    def first() -> None:
        with backend.store().session() as session:
            session.begin(TENANT)
            session.record(Intended(intent(1, "theirs", nonces=("n",))))

    backend.writes = [first, lambda: None, lambda: _another(backend, 1), lambda: None]
    with backend.store().session() as session:
        session.begin(TENANT)
        session.record(Intended(intent(1, "mine", nonces=("m",))))
        session.barrier()
        taken = session.taken(address(1))
    assert taken == (backend.state.entries[address(1)], None)


def test_a_store_that_loses_each_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may take as long as a time-out."""
    backend = MemoryBackend()
    Store(backend).create()
    calls = []

    def lost(data: bytes, _expected: str | None) -> str:
        calls.append(data)
        raise UnclearWrite("no answer")

    monkeypatch.setattr(backend, "replace", lost)

    def run() -> None:
        with Store(backend, pause=lambda _: None).session() as session:
            session.begin(TENANT)
            session.record(Intended(intent(1)))
            session.barrier()

    with pytest.raises(UnclearWrite, match="no answer"):
        run()
    assert len(calls) == 5 + 5, "once more at the end of the session"
