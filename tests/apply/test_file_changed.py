"""A file that is changed while `apply` runs: what was planned is sent or nothing, and what was sent is recorded."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable

import pytest

from kalentops.blueprint import body
from kalentops.blueprint.body import Body
from kalentops.emulator.server import BackgroundEmulator
from kalentops.project import bodies
from tests.builders import blueprint
from tests.faults.proxy import Exchange, FaultProxy, Request
from tests.harness import Project, Truth

CHANGED = {"one": blueprint("One, changed"), "two": blueprint("Two, changed")}


def _when(
    kind: str, nth: int, act: Callable[[], object]
) -> Callable[[Request], Callable[[Exchange], None] | None]:
    """Do it when that request arrives."""

    def script(request: Request) -> None:
        if (request.kind, request.nth) == (kind, nth):
            gc.collect()  # what is not held is gone
            act()

    return script


@pytest.fixture(autouse=True)
def planned(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a run with too many files and bodies to keep those that were read last."""
    monkeypatch.setattr(bodies, "_HELD", 0)
    monkeypatch.setattr(body, "_RECENT", deque[Body](maxlen=0))
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})


def test_nothing_is_sent_of_a_file_that_was_changed_after_the_plan(
    project: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    proxy.script = _when("list", 1, lambda: project.write("sourcing_a", CHANGED))
    ran = project.apply("--quiet")
    truth.check(ran)
    assert (ran.code, emulator.store.blueprints("sourcing_a")) == (7, [])
    assert "these 2: blueprints/sourcing_a.yaml was changed during the run" in ran.out
    assert "run the command again: it reads the files again" in ran.out
    assert project.apply("--quiet").code == 0
    assert {each.name for each in emulator.store.blueprints("sourcing_a")} == {"One, changed", "Two, changed"}


def test_a_file_that_is_gone_or_changed_is_none_of_the_other_sourcings_affair(
    project: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    path = project.write("sourcing_b", {"three": blueprint("Three")})
    store = emulator.store
    other = store.create(
        "sourcing_b", "Else", blueprint()["steps"]
    )  # then the declared one decides the order
    proxy.script = _when("list", 1, path.unlink)
    ran = project.apply("--quiet", "--parallelism", "1")
    truth.check(ran, unmanaged=frozenset({other.blueprint_id}))
    assert ran.code == 9
    assert [each.name for each in store.blueprints("sourcing_b")] == ["Else"]
    assert {each.name for each in store.blueprints("sourcing_a")} == {"One", "Two"}


@pytest.mark.parametrize("at", [("create", 1), ("fill", 1), ("list", 2)])
def test_what_has_started_is_sent_and_recorded_as_planned(
    project: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator, at: tuple[str, int]
) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    proxy.script = _when(*at, lambda: project.write("sourcing_a", CHANGED))
    ran = project.apply("--quiet")
    truth.check(ran)
    assert (ran.code, [each.name for each in emulator.store.blueprints("sourcing_a")]) == (0, ["One"])
    recorded = project.state["blueprints"]["sourcing_a/one"]
    assert recorded["sent"]["name"] == "One"
    assert recorded["remote"]["digest"] == recorded["digest"]
