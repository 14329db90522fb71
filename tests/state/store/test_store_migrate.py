"""A state moves to another place and back: killed anywhere, nothing is lost and at most one place is in use."""

# ruff: noqa: PT012 - what fails is the end of a session, so the whole session stands in the block
from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from random import Random

import pytest

from kalentops.errors import KalentopsError, SharedStoreFailure, StateError, StateMigrated, StateMoved
from kalentops.state.codec import Dump
from kalentops.state.model import State
from kalentops.state.store.backend import Backend, Stored, UnclearWrite
from kalentops.state.store.location import Location
from kalentops.state.store.migrate import Place, StoredState, migrate, restoration
from kalentops.state.store.session import Store
from tests.sizes import examples
from tests.state.store.samples import (
    FACTORIES,
    KINDS,
    TENANT,
    MemoryBackend,
    address,
    created,
    entry,
    intent,
    python,
    state,
)

_MEMORY = "memory-to-memory"
KNOWN = {address(1), address(2), address(4)}
Hook = Callable[[int, str], None]


class Killed(BaseException):
    pass


class Watched:
    """A backend whose writes are counted together with those of others, with a hook before and after each."""

    def __init__(self, of: Backend, hook: Callable[[str], None]) -> None:
        self._of = of
        self._hook = hook
        self.where = of.where

    def prepare(self) -> None:
        self._of.prepare()

    def read(self) -> Stored | None:
        return self._of.read()

    def replace(self, data: bytes | Dump, expected: str | None) -> str:
        self._hook("before")
        made = self._of.replace(data, expected)
        self._hook("after")
        return made


class World:
    """Two places, as each process finds them."""

    def __init__(self, kinds: str, folder: Path) -> None:
        self._kinds = dict(zip(("old", "new"), kinds.split("-to-"), strict=True))
        self._folder = folder
        self.memory = {name: MemoryBackend() for name in self._kinds}

    def place(self, name: str) -> Place:
        if self._kinds[name] == "file":
            return Place.of(Location.of_file(self._folder / f"{name}.json"), self._folder)
        ref = f"git:refs/kalentops/{name}"
        return Place(Location("git", ref, ref), self._folder, Store(self.memory[name]))

    def move(self, *names: str, hook: Hook | None = None, environment: str | None = None) -> State:
        """`hook` gets the number of each write to the two places."""
        writes = 0

        def counted(when: str) -> None:
            nonlocal writes
            writes += when == "before"
            if hook is not None:
                hook(writes, when)

        old, new = (self.place(each) for each in names or ("old", "new"))
        for each in (old, new):
            each.store._backend = Watched(each.store.backend, counted)
        return migrate(old, new, environment, 0.0).state

    def fill(self, of: State | None = None, name: str = "old") -> None:
        self.place(name).put(of or state(1, 2, intents={address(4): intent(4)}), None)

    def run(self, name: str) -> State:
        return self.place(name).store.read().state

    @property
    def in_use(self) -> list[str]:
        found = {name: self.place(name).find() for name in self._kinds}
        used = [name for name, each in found.items() if each is not None and each.in_use]
        for each in found.values():
            assert each is None or set(each.state.entries) | set(each.state.intents) == KNOWN
        return used


@pytest.fixture(params=["file-to-memory", "memory-to-file"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return World(request.param, tmp_path)


def _kill(at: int, when: str) -> Hook:
    def hook(write: int, now: str) -> None:
        if (write, now) == (at, when):
            raise Killed

    return hook


POINTS = [(write, when) for write in (1, 2, 3) for when in ("before", "after")]


def test_a_state_moves_and_comes_back(world: World) -> None:
    world.fill()
    before = world.run("old")
    moved = world.move()
    assert (moved.lineage, moved.entries, moved.intents) == (before.lineage, before.entries, before.intents)
    assert moved.serial > before.serial
    assert world.run("new") == moved
    with pytest.raises(StateMigrated, match="the state has moved to"):
        world.run("old")
    assert world.move() == moved, "once more is no more"
    back = world.move("new", "old")
    assert world.run("old") == back == replace(moved, serial=back.serial)
    assert back.serial > moved.serial
    assert world.in_use == ["old"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_store_takes_a_state_and_gives_it_back(kind: str, tmp_path: Path) -> None:
    world = World(_MEMORY, tmp_path)
    world.fill()
    here = "git:refs/kalentops/here"
    there = Place(Location("git", here, here), tmp_path, FACTORIES[kind](tmp_path))
    moved = migrate(world.place("old"), there, None, 0.0).state
    assert there.store.read().state == moved
    back = migrate(there, world.place("old"), None, 0.0).state
    assert world.run("old") == back == replace(moved, serial=moved.serial + 2)
    with pytest.raises(StateMigrated):
        there.store.read()
    assert migrate(world.place("old"), there, None, 0.0).state.entries == back.entries, (
        "over what it has left"
    )


@pytest.mark.parametrize(("write", "when"), POINTS)
def test_killed_anywhere_the_same_command_continues(world: World, write: int, when: str) -> None:
    world.fill()
    with pytest.raises(Killed):
        world.move(hook=_kill(write, when))
    assert len(world.in_use) <= 1
    moved = world.move()
    assert world.in_use == ["new"]
    assert world.run("new") == moved


@pytest.mark.parametrize(("write", "when"), POINTS)
def test_killed_anywhere_it_can_be_undone(world: World, write: int, when: str) -> None:
    world.fill()
    with pytest.raises(Killed):
        world.move(hook=_kill(write, when))
    if world.in_use == ["old"]:
        with pytest.raises(KalentopsError):
            world.move("new", "old")
    else:
        for again in POINTS[:4]:  # and killed there as well
            with suppress(Killed):
                world.move("new", "old", hook=_kill(*again))
            assert len(world.in_use) <= 1
        world.move("new", "old")
    assert world.in_use == ["old"]
    assert set(world.run("old").entries) == {address(1), address(2)}
    assert world.move() == world.run("new")
    assert world.in_use == ["new"]


@pytest.mark.parametrize("other", [("old", "new"), ("new", "old")])
@pytest.mark.parametrize(("write", "when"), POINTS)
def test_two_at_the_same_time_leave_one_in_use(
    world: World, write: int, when: str, other: tuple[str, str]
) -> None:
    """The other one runs to its end while the first stands still, and the state is used where it is then."""
    world.fill()
    done: list[str] = []

    def hook(number: int, now: str) -> None:
        if (number, now) == (write, when) and not done:
            done.append("")
            with suppress(KalentopsError):
                world.move(*other)
            assert len(world.in_use) <= 1

    with suppress(KalentopsError):
        world.move(hook=hook)
    assert len(world.in_use) <= 1
    for names in (("old", "new"), ("new", "old")):
        world.move(*names)
        assert world.in_use == [names[1]]


def test_a_run_that_writes_meanwhile_is_not_overwritten() -> None:
    world = World(_MEMORY, Path())
    world.fill()

    def hook(number: int, now: str) -> None:
        if (number, now) == (1, "after"):
            with world.place("old").store.session() as session:
                session.replace(
                    replace(session.state, entries={**session.state.entries, address(5): entry(5)})
                )

    with pytest.raises(StateMoved, match="written in the meantime"):
        world.move(hook=hook)
    assert address(5) in world.move().entries


def test_a_run_that_was_at_work_on_the_old_place_is_refused_there() -> None:
    world = World(_MEMORY, Path())
    world.fill()
    with pytest.raises(StateMigrated), world.place("old").store.session() as session:
        session.begin("tenant-1")
        session.record(*created(5))
        world.move()
    assert world.in_use == ["new"]


def test_a_lost_answer_is_asked_for_again(world: World) -> None:
    world.fill()
    for when in ("before", "after"):
        lost: set[int] = set()

        def hook(number: int, now: str, lost: set[int] = lost, when: str = when) -> None:
            if now == when and (number % 2 or when == "after"):
                lost.add(number)
                raise UnclearWrite("no answer", hint="try again")

        world.move(*(("old", "new") if when == "before" else ("new", "old")), hook=hook)
        assert len(lost) >= 3
    assert world.in_use == ["old"]


class Many:
    """Moves between three places and runs that write, one within another at any write: killed, or without an answer."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._memory = {name: MemoryBackend() for name in "abc"}
        self._depth = 0
        self._done = [f"seed {seed}"]
        self._created = {1}
        self._number = 10
        self.place("a").put(state(1), None)

    def place(self, name: str, *, calm: bool = True) -> Place:
        ref = f"git:refs/kalentops/{name}"
        backend = self._memory[name]
        store = Store(backend if calm else Watched(backend, self._disturb), pause=lambda _seconds: None)
        return Place(Location("git", ref, ref), Path(), store)

    def _disturb(self, _when: str) -> None:
        what = self._random.random()
        if what < 0.12:
            raise Killed
        if what < 0.18:
            raise UnclearWrite("no answer", hint="try again")
        if what < 0.30 and self._depth < 3:
            self._depth += 1
            self.step()
            self._depth -= 1

    def step(self) -> None:
        old, new = self._random.sample("abc", 2)
        with suppress(Killed, KalentopsError):
            if self._random.random() < 0.65:
                self._done.append(f"{old} to {new}")
                migrate(self.place(old, calm=False), self.place(new, calm=False), None, 0.0)
            else:
                self._done.append(f"apply at {old}")
                self._apply(old)
        self.check()

    def _apply(self, name: str) -> None:
        with self.place(name, calm=False).store.session() as session:
            self._number += 1
            number = self._number
            session.begin(TENANT)
            session.record(*created(number))
            session.barrier()
            self._created.add(number)

    def check(self) -> list[str]:
        """The place in use, if any."""
        found = {name: self.place(name).find() for name in "abc"}
        used = {name: each.state for name, each in found.items() if each is not None and each.in_use}
        assert len(used) <= 1, self._done
        for each in used.values():
            assert set(map(address, self._created)) <= set(each.entries), self._done
        return [*used]


def test_many_moves_and_runs_leave_one_place_in_use_with_everything() -> None:
    for seed in range(examples(2000)):
        many = Many(seed)
        for _ in range(12):
            many.step()
        for old, new in permutations("abc", 2):
            if not many.check():
                with suppress(KalentopsError):
                    migrate(many.place(old), many.place(new), None, 0.0)
        assert many.check()


_CRASH = """
import os, sys
from pathlib import Path
from kalentops.state.store import open_store
from tests.state.store.samples import interrupted
interrupted(open_store(Path(sys.argv[1])), "1", "2", "?4")
os._exit(9)
"""


@pytest.mark.processes
class Stale(MemoryBackend):
    """Shows, `lag` times after each write, what was there before it."""

    def __init__(self, lag: int) -> None:
        super().__init__()
        self._lag = lag
        self._before: list[Stored | None] = []

    def read(self) -> Stored | None:
        return self._before.pop() if self._before else super().read()

    def replace(self, data: bytes | Dump, expected: str | None) -> str:
        before = super().read()
        made = super().replace(data, expected)
        self._before = [before] * self._lag
        return made


@pytest.mark.parametrize("lag", [1, 2, 5])
def test_a_store_that_shows_old_versions_delays_a_move(lag: int) -> None:
    world = World(_MEMORY, Path())
    stale = {"old": Stale(lag), "new": Stale(lag)}
    world.memory = {**stale}
    with suppress(SharedStoreFailure):
        world.fill()
    for _ in range(8 * lag):
        with suppress(KalentopsError):
            world.move()
            break
    for each in stale.values():
        each._before.clear()
    assert world.in_use == ["new"]


def test_what_a_killed_run_has_left_goes_along(tmp_path: Path) -> None:
    world = World("file-to-memory", tmp_path)
    ended = python(_CRASH, tmp_path / "old.json")
    assert (ended.returncode, ended.stderr) == (9, "")
    moved = world.move()
    assert world.in_use == ["new"]
    assert set(moved.intents) == {address(4)}


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (state(3, lineage="other"), "holds another state, of 1 blueprint"),
        (state(1, serial=3), "holds a version of this state that this move did not write"),
        (state(1, serial=9), "holds a version of this state that this move did not write"),
        (state(1, serial=9, moved_to="elsewhere"), "that this move did not write: serial 9 there, 5 here"),
        (state(1, serial=3, moved_to="elsewhere", environment="acme"), "belongs to the environment acme"),
    ],
)
def test_what_would_be_lost_is_not_overwritten(there: State, said: str) -> None:
    world = World(_MEMORY, Path())
    world.fill()
    world.fill(there, "new")
    with pytest.raises(StateError, match=said):
        world.move()
    found = world.place("new").find()
    assert found is not None
    assert found.state == there
    assert world.run("old") == state(1, 2, intents={address(4): intent(4)})


@pytest.mark.parametrize("there", [State("fresh", 1), state(1, serial=4, moved_to="elsewhere")])
def test_what_is_of_no_use_is_overwritten(there: State) -> None:
    world = World(_MEMORY, Path())
    world.fill()
    world.fill(there, "new")
    world.move()
    assert world.in_use == ["new"]


def test_a_state_that_has_moved_elsewhere_is_not_moved() -> None:
    world = World(_MEMORY, Path())
    world.fill(state(1, moved_to="elsewhere"))
    with pytest.raises(StateMigrated, match="the state has moved to elsewhere"):
        world.move()
    assert world.place("new").find() is None


def test_nothing_is_not_moved() -> None:
    world = World(_MEMORY, Path())
    with pytest.raises(StateError, match="there is no state at git:refs/kalentops/old"):
        world.move()
    assert world.place("new").find() is None


def test_entries_that_the_old_place_gets_afterwards_are_named() -> None:
    world = World(_MEMORY, Path())
    world.fill()
    world.move()
    old, new = world.place("old"), world.place("new")
    found = old.find()
    assert found is not None
    old.put(replace(found.state, entries={**found.state.entries, address(5): entry(5)}), found)
    again = migrate(old, new, None, 0.0)
    assert (again.again, again.missing) == (True, (entry(5),))
    assert again.state == world.run("new")


def test_a_state_without_a_name_gets_it() -> None:
    world = World(_MEMORY, Path())
    world.fill()
    assert world.move(environment="acme").environment == "acme"
    for wanted in ("trial", None):
        with pytest.raises(StateError, match="belongs to the environment acme, and "):
            world.move("new", "old", environment=wanted)
    assert world.in_use == ["new"]


def test_a_state_gets_a_name_where_it_is() -> None:
    world = World(_MEMORY, Path())
    world.fill()
    assert world.move("old", "old", environment="acme").environment == "acme"
    for wanted in ("acme", "trial"):
        with pytest.raises(StateError):
            world.move("old", "old", environment=wanted)
    found = world.place("old").find()
    assert found is not None
    assert found.state.environment == "acme"


def test_a_state_that_has_moved_gets_no_name() -> None:
    world = World(_MEMORY, Path())
    world.fill()
    world.move()
    with pytest.raises(StateMigrated, match="has moved to git:refs/kalentops/new"):
        world.move("old", "old", environment="acme")


# --- restore ---------------------------------------------------------------------------------------------------


def _found(of: State) -> StoredState:
    return StoredState(of, "v1")


def test_an_earlier_version_gets_a_later_serial_and_says_what_is_lost() -> None:
    earlier = state(1, 2, serial=3, intents={address(6): intent(6)})
    current = state(2, 3, serial=9, intents={address(4): intent(4), address(6): intent(6, name="b")})
    planned = restoration(earlier, _found(current), None, "here")
    assert planned.state.serial == 10
    assert planned.lost == (entry(3),)
    assert planned.back == (entry(1),)
    assert set(planned.state.entries) == {address(1), address(2)}
    assert planned.state.intents == current.intents, "what runs have left open stays open"


def test_an_update_that_is_open_stays_open_where_its_blueprint_stays() -> None:
    update = intent(1, action="update", blueprint_id="bp-1")
    current = state(1, serial=9, intents={address(1): update})
    assert restoration(state(1), _found(current), None, "here").state.intents == {address(1): update}
    for earlier in (state(2), State("lineage-1", 3, entries={address(1): entry(1, blueprint_id="bp-9")})):
        assert restoration(earlier, _found(current), None, "here").state.intents == {}


def test_a_create_that_is_forgotten_is_named() -> None:
    current = state(serial=9, intents={address(4): intent(4)})
    earlier = State("lineage-1", 3, entries={address(4): entry(4)})
    planned = restoration(earlier, _found(current), None, "here")
    assert (planned.lost, planned.back) == ((), (entry(4),)), "it has an id there"


@pytest.mark.parametrize("there", [None, _found(State("fresh", 7))])
def test_where_nothing_is_recorded_every_state_can_be_restored(there: StoredState | None) -> None:
    planned = restoration(state(1, lineage="other", moved_to="elsewhere"), there, None, "here")
    assert (planned.state.lineage, planned.state.moved_to) == ("other", None)
    assert planned.state.serial == (8 if there else 6)
    assert planned.lost == ()


@pytest.mark.parametrize(
    ("current", "said"),
    [
        (
            state(1, lineage="other"),
            "this is no version of the state at here: its lineage is lineage-1, not other",
        ),
        (state(1, tenant="other"), "this belongs to another API than the state at here"),
        (state(1, environment="acme"), "here belongs to the environment acme"),
    ],
)
def test_a_version_of_another_state_is_not_restored(current: State, said: str) -> None:
    with pytest.raises(StateError, match=said):
        restoration(state(1), _found(current), None, "here")


def test_a_version_of_another_environment_is_not_restored() -> None:
    with pytest.raises(StateError, match="this version belongs to the environment acme"):
        restoration(state(1, environment="acme"), _found(state(1, environment="b")), "b", "here")


def test_a_version_without_a_name_is_restored_to_its_own_state_only() -> None:
    named = StoredState(state(1, environment="acme"), "v1")
    assert restoration(state(1), named, "acme", "here").state.environment == "acme"
    for there in (None, StoredState(State("fresh", 1, environment="acme"), "v1")):
        with pytest.raises(StateError, match="this belongs to no environment, and acme is selected"):
            restoration(state(1), there, "acme", "here")
