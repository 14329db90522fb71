"""The life of blueprints in any order: people edit files and Kalent, runs are cut off, states get lost, and commands
are run in between. After each step the model of `life` says what must be true.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kalentops.emulator.server import BackgroundEmulator
from tests.apply.life import Wanted, World, done_and_lost
from tests.faults.proxy import Exchange, FaultProxy
from tests.harness import Project
from tests.sizes import examples

KEYS = ("k1", "k2", "k3", "k4")
NAMES = ("One", "Two", "Three", "Four", "Five")
TEXTS = ("Hi {{firstname}}", "Hello {{firstname}}", "Dear {{firstname}}")
NUMBERS = count()
_T = TypeVar("_T")
DATA = st.data()


def steps(text: str) -> list[dict[str, Any]]:
    step = {"id": "a", "name": "A", "type": "SMS", "content": text, "temporalityType": "ASAP"}
    return [{**step, "policy": {"skipStepIfNoContact": True}}]


class InTurn:
    """Ids in the order in which they are given out, so that the same life has the same ids' order again."""

    def __init__(self, life: int) -> None:
        self._numbers = (f"{life:08}{number:012}" for number in count())

    def choices(self, _: str, *, k: int) -> list[str]:
        return list(next(self._numbers))[:k]


class Life(RuleBasedStateMachine):
    def __init__(self, emulator: BackgroundEmulator, proxy: FaultProxy) -> None:
        super().__init__()
        number = next(NUMBERS)
        self.folder = tempfile.TemporaryDirectory()
        project = Project(Path(self.folder.name), proxy.url, settle=0.0, timeout=20)
        emulator.store._random = InTurn(number)  # type: ignore[assignment]
        self.world = World(project, emulator, proxy, (f"s{number}-a", f"s{number}-b"))

    def teardown(self) -> None:
        self.folder.cleanup()

    # --- what people do to files ---------------------------------------------------------------------------------

    @initialize(data=DATA, applied=st.booleans())
    def begin(self, data: st.DataObject, applied: bool) -> None:  # noqa: FBT001
        for _ in range(data.draw(st.integers(1, 5))):
            self.write_a_blueprint(data)
        if applied:
            self.world.apply()

    @rule(data=DATA)
    def write_a_blueprint(self, data: st.DataObject) -> None:
        sourcing = _one(data, self.world.sourcings)
        keys = [each for each in KEYS if each not in self.world.files[sourcing]]
        names = self._free_names(sourcing)
        if keys and names:
            body: dict[str, Any] = {"name": _one(data, names), "steps": steps(_one(data, TEXTS))}
            if data.draw(st.integers(0, 3)) == 0:
                body["config"] = {"n": data.draw(st.integers(0, 1))}
            self.world.files[sourcing][_one(data, keys)] = Wanted(body, data.draw(st.integers(0, 4)) == 0)
            self.world.write()

    def _free_names(self, sourcing: str) -> list[str]:
        return [each for each in NAMES if each.casefold() not in self.world.names(sourcing)]

    @precondition(lambda self: self.world.wanted())
    @rule(data=DATA)
    def edit_a_file(self, data: st.DataObject) -> None:
        sourcing, key = self._wanted(data)
        found, free = self.world.files[sourcing][key], self._free_names(sourcing)
        if free and data.draw(st.integers(0, 2)) == 0:
            found.body = {**found.body, "name": _one(data, free)}
        else:
            found.body = {**found.body, "steps": steps(_one(data, TEXTS))}
        self.world.write()

    def _wanted(self, data: st.DataObject) -> tuple[str, str]:
        sourcing, _, key = _one(data, sorted(self.world.wanted())).partition("/")
        return sourcing, key

    @precondition(lambda self: self.world.wanted())
    @rule(data=DATA, said=st.booleans())
    def rename_a_key(self, data: st.DataObject, said: bool) -> None:  # noqa: FBT001
        sourcing, old = self._wanted(data)
        files = self.world.files[sourcing]
        free = [each for each in KEYS if each not in files]
        if free:
            new = _one(data, free)
            files[new] = files.pop(old)
            self.world.lines[sourcing].pop(old, None)
            if said:
                self.world.lines[sourcing][old] = new
            self.world.write()

    @precondition(lambda self: self.world.wanted())
    @rule(data=DATA, said=st.booleans())
    def take_out_a_blueprint(self, data: st.DataObject, said: bool) -> None:  # noqa: FBT001
        sourcing, key = self._wanted(data)
        del self.world.files[sourcing][key]
        if said:
            self.world.lines[sourcing][key] = None
        self.world.write()

    @precondition(lambda self: self.world.wanted())
    @rule(data=DATA)
    def protect_or_not(self, data: st.DataObject) -> None:
        sourcing, key = self._wanted(data)
        found = self.world.files[sourcing][key]
        found.protect = not found.protect
        self.world.write()

    # --- what people do in the web app ---------------------------------------------------------------------------

    @precondition(lambda self: self.world.rows())
    @rule(data=DATA, text=st.sampled_from([*TEXTS, "Theirs"]))
    def edit_in_kalent(self, data: st.DataObject, text: str) -> None:
        self.world.emulator.store.edit(_one(data, list(self.world.rows())), steps=steps(text))

    @precondition(lambda self: self.world.rows())
    @rule(data=DATA, name=st.sampled_from(NAMES))
    def rename_in_kalent(self, data: st.DataObject, name: str) -> None:
        self.world.emulator.store.edit(_one(data, list(self.world.rows())), name=name)

    @precondition(lambda self: 0 < len(self.world.rows()) < 12)
    @rule(data=DATA, name=st.none() | st.sampled_from(NAMES))
    def copy_in_kalent(self, data: st.DataObject, name: str | None) -> None:
        rows, store = self.world.rows(), self.world.emulator.store
        of = rows[_one(data, list(rows))]
        there = {each.blueprint_id: each for each in store.blueprints(of.sourcing)}
        store.create(of.sourcing, name or of.name, there[of.blueprint_id].steps)

    @precondition(lambda self: self.world.rows())
    @rule(data=DATA)
    def delete_in_kalent(self, data: st.DataObject) -> None:
        self.world.emulator.store.remove(_one(data, list(self.world.rows())))

    # --- what is done with the state -----------------------------------------------------------------------------

    @precondition(lambda self: self.world.project.state_path.exists())
    @rule()
    def lose_the_state(self) -> None:
        self.world.project.state_path.unlink()

    @precondition(lambda self: self.world.project.ids)
    @rule(data=DATA, new=st.sampled_from(KEYS))
    def move_in_the_state(self, data: st.DataObject, new: str) -> None:
        before, held = self.world.project.ids, self.world.project.ids.keys() | self.world.intents
        old = _one(data, sorted(before))
        target = f"{old.partition('/')[0]}/{new}"
        ran = self.world.run("state", "mv", old, target)
        assert ran.code == (1 if target in held else 0), ran.err
        after = before if ran.code else {target if at == old else at: each for at, each in before.items()}
        assert self.world.project.ids == after

    @precondition(lambda self: self.world.project.ids or self.world.intents)
    @rule(data=DATA)
    def forget_in_the_state(self, data: st.DataObject) -> None:
        before = self.world.project.ids
        address = _one(data, sorted(before.keys() | self.world.intents))
        assert self.world.run("state", "rm", "--yes", address).code == 0
        assert self.world.project.ids == {at: each for at, each in before.items() if at != address}

    # --- the commands that take what Kalent holds ----------------------------------------------------------------

    @rule(data=DATA)
    def adopt_what_is_there(self, data: st.DataObject) -> None:
        self.world.adopt(_one(data, self.world.sourcings))

    @precondition(lambda self: self.world.rows())
    @rule(data=DATA)
    def adopt_one(self, data: st.DataObject) -> None:
        row = self.world.rows()[_one(data, list(self.world.rows()))]
        self.world.adopt(row.sourcing, "--key", _one(data, KEYS), "--id", row.blueprint_id)

    @rule(data=DATA)
    def take_edits(self, data: st.DataObject) -> None:
        self.world.take_edits(_one(data, self.world.sourcings))

    # --- the commands --------------------------------------------------------------------------------------------

    @rule()
    def plan(self) -> None:
        with self.world.untouched():
            start = len(self.world.proxy.requests)
            assert self.world.run("plan").code == 0
            assert len(self.world.proxy.requests) == start

    @rule()
    def plan_with_a_look(self) -> None:
        self.world.look()

    @rule()
    def look_for_drift_alone(self) -> None:
        with self.world.untouched():
            ran = self.world.run("plan", "--refresh-only", "--detailed-exitcode", "--format", "json")
        assert ran.json["changes"] == []
        assert ran.code == (2 if ran.json["drift"] else 0)

    @rule()
    def apply(self) -> None:
        self.world.apply()

    @rule()
    def apply_again_and_again(self) -> None:
        """The second run has nothing to do that the first could do."""
        if self.world.apply().code == 0:
            start = len(self.world.proxy.requests)
            assert self.world.apply().code == 0
            assert {each.method for each in self.world.proxy.requests[start:]} <= {"GET"}

    @precondition(lambda self: self.world.wanted())
    @rule(data=DATA)
    def put_back(self, data: st.DataObject) -> None:
        ours = sorted(self.world.moved_ids().keys() & self.world.wanted().keys())
        self.world.apply(data.draw(st.sets(st.sampled_from(ours), max_size=2)) if ours else ())

    @precondition(lambda self: self.world.wanted())
    @rule(effect=st.booleans(), after=st.integers(0, 1))
    def apply_and_be_cut_off(self, effect: bool, after: int) -> None:  # noqa: FBT001
        self.world.apply(cut_off=done_and_lost if effect else Exchange.reset, after=after)

    @invariant()
    @precondition(lambda self: self.world.project.state_path.exists())
    def each_id_belongs_to_one_address(self) -> None:
        ids = list(self.world.project.ids.values())
        assert len(set(ids)) == len(ids)


def _one(data: st.DataObject, of: Sequence[_T]) -> _T:
    return data.draw(st.sampled_from(of))


@pytest.fixture(scope="module")
def server() -> Iterator[BackgroundEmulator]:
    with BackgroundEmulator() as running:
        yield running


def test_any_sequence_of_commands_edits_and_faults(server: BackgroundEmulator) -> None:
    lives = settings(
        max_examples=examples(60),
        stateful_step_count=15,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    with FaultProxy(server.url) as proxy:
        run_state_machine_as_test(lambda: Life(server, proxy), settings=lives)  # type: ignore[arg-type]
        assert not proxy.problems
