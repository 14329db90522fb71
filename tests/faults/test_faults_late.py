"""A server that does what it was asked long after it has hung up: whatever it does, candidates get one blueprint."""

from __future__ import annotations

import pytest

from tests.builders import blueprint
from tests.faults.proxy import Behaviour, Exchange, FaultProxy, Request
from tests.harness import Project, Truth
from tests.sizes import some

pytestmark = pytest.mark.waits

WINDOW = 0.2


def late(seconds: float) -> Behaviour:
    def behave(exchange: Exchange) -> None:
        exchange.forward_later(seconds)
        exchange.reset()

    return behave


@pytest.mark.parametrize(
    ("seconds", "times", "kinds"),
    some(
        [
            (seconds, times, kinds)
            for kinds in [("create",), ("fill",), ("create", "fill", "update")]
            for times in (1, 3, 100)
            for seconds in (0.1, 0.5, 1.5)  # within the window, after it, long after it
        ],
        7,
    ),
)
def test_one_blueprint_with_text_for_each_address(
    seconds: float,
    times: int,
    kinds: tuple[str, ...],
    project: Project,
    proxy: FaultProxy,
    truth: Truth,
) -> None:
    project.settle = WINDOW
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    truth.watch(proxy)
    left = [times]

    def script(request: Request) -> Behaviour | None:
        if request.kind not in kinds or not left[0]:
            return None
        left[0] -= 1
        return late(seconds)

    proxy.script = script
    for _ in range(4):
        ran = project.apply()
        truth.check(ran)
        if ran.code == 0:
            assert len(project.ids) == 2
            assert _texts(truth) == ["One", "Two"], "a run that ends with 0 has everything in place"
    proxy.script = lambda _: None
    for _ in range(2):
        ran = project.apply()
        truth.check(ran)
    assert ran.code == 0, ran.out + ran.err
    proxy.settle()
    truth.check()
    assert _texts(truth) == ["One", "Two"]
    assert project.run("plan", "--refresh", "--detailed-exitcode").code == 0


def _texts(truth: Truth) -> list[str]:
    return sorted(each.name for each in truth.emulator.store.blueprints("sourcing_a") if each.steps)
