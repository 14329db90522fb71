"""For any valid blueprints: apply makes them, and the plan after it is empty."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings

from kalentops.emulator.server import BackgroundEmulator
from tests.harness import Project, Truth
from tests.sizes import examples
from tests.strategies import bodies


@settings(
    max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(first=bodies(), second=bodies())
def test_plan_after_apply_is_empty(first: dict[str, Any], second: dict[str, Any]) -> None:
    sourcings = ("sourcing_a",)
    with (
        tempfile.TemporaryDirectory() as name,
        BackgroundEmulator(sourcings=[("sourcing_a", "A")]) as emulator,
    ):
        project = Project(Path(name), emulator.url, timeout=120)
        truth = Truth(project, emulator, sourcings)
        for body in (first, second):
            project.write("sourcing_a", {"one": body})
            assert project.run("validate").code == 0
            ran = project.apply()
            truth.check(ran)
            assert ran.code == 0, ran.out + ran.err
            plan = project.run("plan", "--detailed-exitcode")
            assert plan.code == 0, plan.out
            there = emulator.store.blueprints("sourcing_a")
            assert [each.name for each in there] == [body["name"]]
