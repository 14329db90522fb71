"""Every fault, against the list of sourcings: it is shown whole or not at all."""

from __future__ import annotations

import json

import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.faults.catalogue import EVERYTHING
from tests.faults.proxy import Exchange, FaultProxy, on
from tests.harness import Project, Truth
from tests.sizes import some

pytestmark = [pytest.mark.waits, pytest.mark.usefixtures("no_backoff")]
CODES = {0, 1, 4, 5}


@pytest.mark.parametrize("fault", some([*EVERYTHING], 16))
def test_a_list_is_whole_or_none(
    fault: str, project: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    for number in range(60):
        emulator.store.add_sourcing(f"more_{number}", f"Another {number}")
    # The second page: half a list has been read when it happens.
    proxy.script = on("sourcings", EVERYTHING[fault], nth=2)
    ran = project.run("sourcings")
    truth.check(ran)
    assert ran.code in CODES, ran.err
    assert len(ran.out.splitlines()) == (63 if ran.code == 0 else 0)
    assert bool(ran.err) or ran.code == 0
    assert "Traceback" not in ran.err
    proxy.script = lambda _: None
    assert project.run("sourcings").out.count("\n") == 63


@pytest.mark.parametrize("fault", ["403", "500, none", "cut body", "200 HTML, done", "307 to another host"])
def test_what_the_files_say_is_reported_when_the_api_fails(
    fault: str, project: Project, proxy: FaultProxy, truth: Truth
) -> None:
    project.write("sourcing_x", {"one": blueprint("One", bogus=1)})
    proxy.script = on("sourcings", EVERYTHING[fault], nth=None)
    ran = project.run("validate", "--online", "--format", "json")
    truth.check(ran)
    assert ran.code in {4, 5}, ran.err
    assert [each["code"] for each in ran.json["findings"]] == ["KAL010"]


def test_a_sourcing_is_not_missed_because_a_row_is(project: Project, proxy: FaultProxy, truth: Truth) -> None:
    def cutting(exchange: Exchange) -> None:
        response = exchange.forward()
        data = response.data
        data["data"]["sourcings"].pop()
        exchange.send(response.with_data(json.loads(json.dumps(data))))

    project.write("sourcing_c", {"one": blueprint("One")})
    proxy.script = on("sourcings", cutting, nth=1)
    assert project.run("validate", "--online").code == 0
    proxy.script = on("sourcings", cutting, nth=None)
    ran = project.run("validate", "--online")
    truth.check(ran)
    assert (ran.code, ran.out) == (5, "")
    assert "the list of sourcings shows 2 of 3" in ran.err
