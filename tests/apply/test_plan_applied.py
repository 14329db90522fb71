"""After a plan and its `apply` nothing is left to do: for any files, any state and anything in Kalent."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from kalentops.emulator.server import BackgroundEmulator
from kalentops.kalent.client import tenant
from kalentops.state.codec import dump_state
from kalentops.state.model import Entry
from tests.builders import body, entry, state
from tests.harness import Project, Ran
from tests.sizes import examples

KEYS = ("a", "b", "c")
NAMES = ("One", "Two", "Three")
SOURCING = count()


def texts() -> st.SearchStrategy[str]:
    return st.sampled_from(["Hi {{firstname}}", "Hello {{firstname}}"])


def bodies(names: Sequence[str] = (*NAMES, "one")) -> st.SearchStrategy[dict[str, Any]]:
    configs = st.sampled_from([None, None, {"n": 1}])
    return st.builds(body, st.sampled_from(names), texts(), config=configs)


@dataclass
class Slot:
    """One key: what the file declares, what the state says was sent, and what is there."""

    key: str
    wanted: dict[str, Any] | None
    sent: dict[str, Any] | None
    there: dict[str, Any] | None
    protect: bool
    overwrite: bool
    relocated: bool

    @property
    def recorded_as(self) -> str:
        return f"old-{self.key}" if self.relocated else self.key


@dataclass
class Scene:
    slots: list[Slot]
    unmanaged: list[dict[str, Any]]
    through_a_file: bool
    moved: list[dict[str, str]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    slots = []
    for key, name in zip(KEYS, draw(st.permutations(NAMES)), strict=True):
        wanted = draw(st.none() | bodies([name]))
        sent = draw(st.none() | st.just(wanted) | bodies())
        there = draw(st.just(sent) | st.just(sent) | st.just(wanted) | st.none() | bodies()) if sent else None
        slots.append(
            Slot(
                key,
                wanted,
                sent,
                there,
                draw(st.integers(0, 3)) == 0,
                draw(st.integers(0, 3)) == 0,
                draw(st.integers(0, 2)) == 0,
            )
        )
    some = st.lists(st.one_of(bodies(), *[st.just(each.wanted) for each in slots if each.wanted]), max_size=2)
    scene = Scene(slots, draw(some), draw(st.booleans()))
    for slot in slots:
        if slot.relocated and slot.wanted is not None and draw(st.booleans()):
            scene.moved.append({"from": slot.recorded_as, "to": slot.key})
        elif slot.relocated and draw(st.booleans()):
            scene.removed.append(slot.recorded_as)
    return scene


class Stage:
    """A scene, played: files, state and server as it says."""

    def __init__(self, folder: Path, emulator: BackgroundEmulator, scene: Scene) -> None:
        self.sourcing = f"sourcing_{next(SOURCING)}"
        self.emulator = emulator
        self.project = Project(folder, emulator.url, settle=0.0, timeout=20)
        emulator.store.add_sourcing(self.sourcing, self.sourcing)
        known: dict[str, Entry] = {}
        for slot in scene.slots:
            if slot.sent is not None:
                made = self._entry(slot, slot.sent)
                known[made.address] = made
        for each in scene.unmanaged:
            self._make(each)
        found = state(*known.values(), tenant=tenant(emulator.url))
        self.project.state_path.write_bytes(dump_state(found))
        self._write(scene)

    def _make(self, of: Mapping[str, Any]) -> str:
        made = self.emulator.store.create(self.sourcing, of["name"], of["steps"], of.get("config"))
        return made.blueprint_id

    def _entry(self, slot: Slot, sent: dict[str, Any]) -> Entry:
        blueprint_id = self._make(sent if slot.there is None else slot.there)
        if slot.there is None:
            self.emulator.store.remove(blueprint_id)
        return entry(f"{self.sourcing}/{slot.recorded_as}", sent, blueprint_id)

    def _write(self, scene: Scene) -> None:
        blueprints = {
            slot.key: {**slot.wanted, **({"protect": True} if slot.protect else {})}
            for slot in scene.slots
            if slot.wanted is not None
        }
        path = self.project.write(self.sourcing, blueprints)
        text = path.read_text(encoding="utf-8").rstrip().removesuffix("}").rstrip()
        lists = {"moved": scene.moved, "removed": scene.removed}
        path.write_text(text + "".join(f',\n"{name}": {said!r}' for name, said in lists.items()) + "}\n")

    def options(self, scene: Scene) -> list[str]:
        """--overwrite for the addresses that there are to be overwritten."""
        found = []
        for slot in scene.slots:
            known = slot.sent is not None and (
                not slot.relocated or any(each["to"] == slot.key for each in scene.moved)
            )
            if slot.overwrite and slot.wanted is not None and known:
                found += ["--overwrite", f"{self.sourcing}/{slot.key}"]
        return found

    def writes(self) -> int:
        log = self.emulator.log.requests
        return sum(number for (method, _), number in log.items() if method != "GET")


@pytest.fixture(scope="module")
def server() -> Iterator[BackgroundEmulator]:
    with BackgroundEmulator() as running:
        yield running


def _play(stage: Stage, scene: Scene) -> tuple[Ran, Ran]:
    """The plan, and the run after it."""
    options, before = stage.options(scene), stage.writes()
    saving = ["--out", "plan.json"] if scene.through_a_file else []
    plan = stage.project.run("plan", "--refresh", "--format", "json", *options, *saving)
    assert plan.code == 0, plan.err
    assert stage.writes() == before
    note(plan.out)
    applied = stage.project.apply("--format", "json", *(["plan.json"] if saving else options))
    note(applied.out + applied.err)
    return plan, applied


def _may_follow(change: Any, before: Any, overwritten: list[str]) -> bool:
    """What no one can see may have been changed, so with --overwrite it is sent each time; and a name is
    free once what had it so far has got another.
    """
    if change["action"] == "update":
        return change["address"] in overwritten and "config" in change["after"]
    reasons = {each["address"]: each["reason"] for each in before}
    return change["action"] in {"create", "adopt"} and "has this name so far" in reasons[change["address"]]


@settings(max_examples=examples(40), deadline=None)
@given(scene=scenes())
def test_nothing_is_left_to_do(scene: Scene, server: BackgroundEmulator) -> None:
    with tempfile.TemporaryDirectory() as name:
        stage = Stage(Path(name), server, scene)
        before, there = stage.writes(), len(server.store.blueprints(stage.sourcing))
        plan, applied = _play(stage, scene)
        summary = plan.json["summary"]
        if applied.code == 8:
            assert stage.writes() == before
            return
        assert len(server.store.blueprints(stage.sourcing)) == there + summary["create"]
        again = stage.project.run("plan", "--refresh", "--format", "json", *stage.options(scene))
        left = {
            each["action"]
            for each in again.json["changes"]
            if not _may_follow(each, plan.json["changes"], stage.options(scene))
        }
        assert left <= {"no-op", "orphan", "conflict"}, again.out
        ids = list(stage.project.ids.values())
        assert len(set(ids)) == len(ids)
