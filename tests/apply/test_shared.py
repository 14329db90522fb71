"""Several runs over one shared store: what one has recorded first, another carries on with or leaves alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import pytest

from kalentops.apply.context import Options
from kalentops.apply.result import ApplyResult, Cause, Outcome, Result
from kalentops.apply.run import apply_plan
from kalentops.blueprint.remote import is_of_lineage, mark_in
from kalentops.errors import StateMoved, StoreFailure
from kalentops.http.retry import Throttle
from kalentops.http.verdict import Answer
from kalentops.kalent.write_client import WriteApi
from kalentops.output.explanations import text
from kalentops.plan.build import make_plan
from kalentops.state.codec import Dump
from kalentops.state.model import State
from kalentops.state.store.session import Store
from tests.builders import body, want
from tests.fakeclock import FakeClock, moment
from tests.state.store.samples import MemoryBackend
from tests.torture.disk import Killed
from tests.torture.world import Network, Server


@dataclass
class Counting(MemoryBackend):
    """A shared store that counts its writes. Something may happen before and after each of them."""

    writes: int = 0
    before_write: Callable[[], None] = lambda: None
    after_write: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        super().__init__()

    def replace(self, data: bytes | Dump, expected: str | None) -> str:
        self.before_write()
        version = super().replace(data, expected)
        self.writes += 1
        self.after_write()
        return version


@dataclass
class Hosts:
    """One server, one store, and machines that share nothing else."""

    server: Server = field(default_factory=lambda: Server(FakeClock()))
    backend: Counting = field(default_factory=Counting)

    def __post_init__(self) -> None:
        self.store().create()
        self.backend.writes = 0

    def store(self) -> Store:
        return Store(self.backend, pause=lambda _: None)

    @property
    def state(self) -> State:
        return self.store().read().state

    def apply(
        self,
        files: Mapping[str, str],
        *,
        before: Callable[[str, str], None] = lambda _method, _path: None,
        settle: float = 2.0,
        **options: Any,
    ) -> ApplyResult:
        """A run whose files give each address a name. `before` is called before each request."""
        network = Watched(self.server, random.Random(0), before)
        api = WriteApi(network, Throttle(self.server.clock, lambda _: None))
        desired = [want(address, body(name, f"Text of {name}")) for address, name in files.items()]
        with self.store().session() as session:
            plan = make_plan(desired, session.state)
            chosen = Options("url:sim", settle, 1, **options)
            return apply_plan(plan, api, session, self.server.clock, chosen, lambda _: None)

    def texts(self) -> list[tuple[str, str]]:
        return sorted((e.sourcing_id, e.name) for e in self.server.stored.values() if e.has_our_text)


class Watched(Network):
    def __init__(self, server: Server, dice: random.Random, before: Callable[[str, str], None]) -> None:
        super().__init__(server, dice)
        self._before = before

    def send(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: Any = None
    ) -> Answer:
        self._before(method, path)
        answer = super().send(method, path, query=query, body=body)
        return replace(answer, date=moment(self.server.clock.monotonic()))


@pytest.fixture
def hosts() -> Hosts:
    return Hosts()


def once(act: Callable[[], object], *, method: str = "", nth: int = 1) -> Callable[[str, str], None]:
    """Act before the nth request of this method, and never again."""
    left = iter(range(1, 1_000_000))

    def before(of: str, _path: str) -> None:
        if of == method and next(left) == nth:
            act()

    return before


def _die() -> None:
    raise Killed


def outcomes(of: ApplyResult) -> Mapping[str, Outcome]:
    return {each.address: each.outcome for each in of.results}


def _only(of: ApplyResult) -> Result:
    (result,) = of.results
    return result


@pytest.mark.parametrize("count", [1, 7])
def test_a_run_writes_twice_whatever_it_creates(hosts: Hosts, count: int) -> None:
    files = {f"s{n % 2}/k{n}": f"Name {n}" for n in range(count)}
    assert hosts.apply(files).exit_code == 0
    assert hosts.backend.writes == 2
    assert hosts.apply({at: f"{name}!" for at, name in files.items()}).exit_code == 0
    assert hosts.backend.writes == 4
    assert hosts.apply({at: f"{name}!" for at, name in files.items()}).exit_code == 0
    assert hosts.backend.writes == 4, "nothing to do is nothing to write"
    assert hosts.state.intents == {}
    assert len(hosts.texts()) == count


def test_a_run_that_carries_on_with_another_writes_once_more(hosts: Hosts) -> None:
    files = {f"s{n % 2}/k{n}": f"Name {n}" for n in range(5)}

    def other() -> None:
        with pytest.raises(Killed):
            hosts.apply(files, before=once(_die, method="PATCH"))
        assert hosts.backend.writes == 2, "the end of its session, too"

    assert hosts.apply(files, before=once(other, method="POST", nth=5)).exit_code == 0
    assert hosts.backend.writes == 2 + 3
    assert len(hosts.texts()) == 5


def test_no_text_is_sent_before_its_claim_is_durable(hosts: Hosts) -> None:
    def check(method: str, path: str) -> None:
        if method == "PATCH":
            assert path.rsplit("/", 1)[-1] in hosts.state.ids()

    hosts.apply({"s/one": "One", "s/two": "Two"}, before=check)
    assert len(hosts.texts()) == 2


def test_runs_with_different_addresses_do_not_disturb_each_other(hosts: Hosts) -> None:
    other = once(lambda: hosts.apply({"s/two": "Two"}), method="PATCH")
    assert hosts.apply({"s/one": "One"}, before=other).exit_code == 0
    assert hosts.state.ids().keys() == {"bp_0001", "bp_0002"}
    assert hosts.state.intents == {}


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
@pytest.mark.parametrize("nth", [1, 2])
def test_of_two_runs_with_the_same_text_one_blueprint_comes(hosts: Hosts, method: str, nth: int) -> None:
    other = once(lambda: hosts.apply({"s/one": "One", "s/two": "Two"}), method=method, nth=nth)
    mine = hosts.apply({"s/one": "One", "s/two": "Two"}, before=other)
    assert set(outcomes(mine).values()) == {Outcome.DONE}
    assert hosts.texts() == [("s", "One"), ("s", "Two")]
    assert set(hosts.state.entries) == {"s/one", "s/two"}
    assert hosts.state.intents == {}


@pytest.mark.parametrize(("method", "nth"), [("GET", 1), ("POST", 1), ("PATCH", 1)])
def test_of_two_runs_with_different_texts_the_first_wins(hosts: Hosts, method: str, nth: int) -> None:
    other: list[ApplyResult] = []
    act = once(lambda: other.append(hosts.apply({"s/one": "Two"})), method=method, nth=nth)
    mine = _only(hosts.apply({"s/one": "One"}, before=act))
    theirs = _only(other[0])
    assert sorted((mine.outcome is Outcome.DONE, theirs.outcome is Outcome.DONE)) == [False, True]
    winner = "One" if mine.outcome is Outcome.DONE else "Two"
    assert hosts.texts() == [("s", winner)]
    assert hosts.state.entries["s/one"].name == winner
    assert hosts.apply({"s/one": winner}).results == ()


@pytest.mark.parametrize("files", [{}, {"s/one": "One"}])
def test_the_text_of_another_run_is_no_edit_of_a_person(hosts: Hosts, files: Mapping[str, str]) -> None:
    """That run began when this one had read the state, and sent its text before this one looked."""
    hosts.apply(files)
    other = once(lambda: hosts.apply({"s/one": "Two"}), method="GET")
    result = hosts.apply({"s/one": "Three"}, before=other)
    assert (_only(result).outcome, _only(result).cause) == (Outcome.NOT_ATTEMPTED, Cause.OTHER_RUN)
    assert result.exit_code == 8
    assert hosts.texts() == [("s", "Two")]


def test_an_edit_of_a_person_is_a_conflict_also_while_others_write(hosts: Hosts) -> None:
    hosts.apply({"s/one": "One"})

    def other() -> None:
        hosts.apply({"s/two": "Two"})
        stored = hosts.server.stored["bp_0001"]
        stored.versions.append((hosts.server.clock.monotonic(), "Edited", stored.versions[-1][2]))
        stored.authors.append("colleague")

    assert (
        _only(hosts.apply({"s/one": "Three"}, before=once(other, method="GET"))).outcome is Outcome.CONFLICT
    )


def test_an_update_that_another_run_has_started_is_left_alone(hosts: Hosts) -> None:
    hosts.apply({"s/one": "One"})
    with pytest.raises(Killed):
        hosts.apply({"s/one": "Two"}, before=once(_die, method="PATCH"))
    run = hosts.state.intents["s/one"].run
    planned = make_plan([want("s/one", body("Three"))], hosts.state).changes[0]
    assert f"run {run} on " in text(planned.reason)
    result = hosts.apply({"s/one": "Three"})
    assert _only(result).outcome is Outcome.NOT_ATTEMPTED
    assert f"run {run} on " in text(_only(result).error)
    assert f"--take-over {run}" in text(_only(result).error)
    assert result.exit_code == 8
    assert hosts.texts() == [("s", "One")]
    assert hosts.apply({"s/one": "Two"}).exit_code == 0, "the same text is carried on with"
    assert hosts.texts() == [("s", "Two")]


@pytest.mark.parametrize("by_itself", [True, False])
def test_a_dead_run_is_not_waited_for(hosts: Hosts, *, by_itself: bool) -> None:
    hosts.apply({"s/one": "One"})
    with pytest.raises(Killed):
        hosts.apply({"s/one": "Two"}, before=once(_die, method="PATCH"))
    run = str(hosts.state.intents["s/one"].run)
    if by_itself:
        hosts.server.clock.advance(601)
    taken = frozenset() if by_itself else frozenset({run})
    assert hosts.apply({"s/one": "Three"}, take_over=taken).exit_code == 0
    assert hosts.texts() == [("s", "Three")]
    assert hosts.state.intents == {}


def test_a_dead_run_whose_clock_was_ahead_is_not_waited_for(hosts: Hosts) -> None:
    hosts.apply({"s/one": "One"})
    with pytest.raises(Killed):
        hosts.apply({"s/one": "Two"}, before=once(_die, method="PATCH"))
    found, ahead = hosts.state, replace(hosts.state.intents["s/one"], at="2099-01-01T00:00:00Z")
    with hosts.store().session() as session:
        session.replace(replace(found, intents={"s/one": ahead}))
    assert hosts.apply({"s/one": "Three"}).exit_code == 0
    assert hosts.texts() == [("s", "Three")]


@pytest.mark.parametrize(("method", "nth"), [("POST", 1), ("POST", 2), ("PATCH", 1), ("PATCH", 2)])
def test_the_next_run_continues_what_a_killed_one_began(hosts: Hosts, method: str, nth: int) -> None:
    files = {"s/one": "One", "s/two": "Two"}
    with pytest.raises(Killed):
        hosts.apply(files, before=once(_die, method=method, nth=nth))
    assert hosts.apply(files).exit_code == 0
    assert hosts.texts() == [("s", "One"), ("s", "Two")]
    assert hosts.state.ids().keys() == {each.blueprint_id for each in hosts.server.stored.values()}


def test_stubs_of_several_dead_runs_are_no_conflict(hosts: Hosts) -> None:
    """Each was killed before its claim, and none saw another's stub."""

    def dies_beside(left: int) -> None:
        act = once(lambda: dies_beside(left - 1) if left else None, method="POST")
        kill = once(_die, method="POST", nth=2)
        with pytest.raises(Killed):
            hosts.apply(
                {"s/one": "One", "s/two": "Two"},
                before=lambda method, path: (act(method, path), kill(method, path))[0],
            )

    dies_beside(2)
    stubs = [mark_in(each.name) for each in hosts.server.stored.values()]
    assert [each.key for each in stubs if each] == ["one"] * 3
    assert all(each and is_of_lineage(each.nonce, hosts.state.lineage) for each in stubs)
    assert hosts.apply({"s/one": "One", "s/two": "Two"}).exit_code == 0
    assert hosts.texts() == [("s", "One"), ("s", "Two")]


def test_a_store_that_is_full_stops_the_run_before_any_text(hosts: Hosts) -> None:
    def full() -> None:
        raise StoreFailure("it is full")

    hosts.backend.before_write = full
    with pytest.raises(StoreFailure, match="full"):
        hosts.apply({"s/one": "One"})
    hosts.backend.before_write = lambda: None
    assert hosts.texts() == []
    assert hosts.apply({"s/one": "One"}).exit_code == 0
    assert len(hosts.server.stored) == 1, "the stub that was left is used"


@pytest.mark.parametrize("text", ["Three", "One"])
def test_a_frozen_run_sends_nothing_over_what_others_did_meanwhile(hosts: Hosts, text: str) -> None:
    """It stood still after its claim, and another went on and finished: also with the text that was there before."""
    hosts.apply({"s/one": "One"})

    def freeze() -> None:
        if hosts.backend.writes == 3:
            hosts.server.clock.advance(3600)
            hosts.apply({"s/one": text})

    hosts.backend.after_write = freeze
    mine = _only(hosts.apply({"s/one": "Two"}))
    assert mine.outcome is not Outcome.DONE
    assert hosts.texts() == [("s", text)]
    assert hosts.state.entries["s/one"].name == text


def test_a_text_that_was_sent_over_anothers_is_looked_at_by_the_next_run(hosts: Hosts) -> None:
    """The run stood still between its last look and its request."""
    hosts.apply({"s/one": "One"})

    def freeze() -> None:
        hosts.server.clock.advance(3600)
        assert hosts.apply({"s/one": "Three"}).exit_code == 0

    hosts.apply({"s/one": "Two"}, before=once(freeze, method="PATCH"))
    assert hosts.texts() == [("s", "Two")]
    assert hosts.state.entries["s/one"].name == "Three"
    assert hosts.apply({"s/one": "Three"}).exit_code == 0
    assert hosts.texts() == [("s", "Three")]
    assert hosts.state.intents == {}


def test_a_list_that_is_behind_and_shows_the_text_of_another_run_is_not_what_was_sent(hosts: Hosts) -> None:
    hosts.apply({"s/one": "One"})
    hosts.server.lag = 5
    hosts.server.clock.advance(60)
    hosts.server.update("bp_0001", body("Late", "Text of Late"))
    hosts.server.clock.advance(4)
    result = hosts.apply({"s/one": "Two"}, settle=30.0)
    assert (result.exit_code, _only(result).note) == (0, None)
    assert hosts.state.entries["s/one"].remote_digest == hosts.state.entries["s/one"].digest


def test_a_long_run_says_that_it_is_at_work(hosts: Hosts) -> None:
    """Once for all that it has not sent yet."""
    seen: list[Mapping[str, str]] = []

    def late(method: str, _path: str) -> None:
        if method == "PATCH":
            seen.append({at: each.at for at, each in hosts.state.intents.items()})
            hosts.server.clock.advance(310)

    files = {f"s/k{n}": f"Name {n}" for n in range(4)}
    assert hosts.apply(files, before=late).exit_code == 0
    assert hosts.backend.writes == 2 + 3
    assert [len(each) for each in seen] == [4, 3, 2, 1]
    times = [set(each.values()) for each in seen]
    assert all(len(each) == 1 and each < {*each, max(later)} for each, later in pairwise(times))
    assert len(hosts.texts()) == 4


def test_a_removed_state_stops_the_run(hosts: Hosts) -> None:
    def vanish() -> None:
        hosts.backend._stored = None

    hosts.backend.before_write = vanish
    with pytest.raises(StateMoved, match="was removed during the run"):
        hosts.apply({"s/one": "One"})
    assert hosts.texts() == []


def test_outcomes_that_cannot_be_recorded_are_claimed_and_found(hosts: Hosts) -> None:
    def full() -> None:
        if hosts.backend.writes:
            raise StoreFailure("it is full")

    hosts.backend.before_write = full
    with pytest.raises(StoreFailure, match="full") as caught:
        hosts.apply({"s/one": "One"})
    assert caught.value.__notes__ == [
        "what was sent is claimed in the state: the next apply looks up its outcome"
    ]
    hosts.backend.before_write = lambda: None
    assert hosts.texts() == [("s", "One")]
    assert hosts.apply({"s/one": "One"}).exit_code == 0
    assert len(hosts.server.stored) == 1


def test_work_on_what_the_files_do_not_declare_is_a_note_and_no_failure(hosts: Hosts) -> None:
    """A colleague's new position, whose file this checkout does not have yet."""
    with pytest.raises(Killed):
        hosts.apply({"s/one": "One"}, before=once(_die, method="PATCH"))
    run = hosts.state.intents["s/one"].run
    result = hosts.apply({"s/two": "Two"})
    assert (outcomes(result), result.exit_code) == ({"s/two": Outcome.DONE}, 0)
    assert [text(note) for note in result.notes] == [
        "s/one is in no file here; another run is at work on it, and it was left alone"
    ]
    assert hosts.state.intents["s/one"].run == run
