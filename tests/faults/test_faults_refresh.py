"""Every fault, against the lists that `plan --refresh` and `--refresh-only` read: a right plan, or none."""

from __future__ import annotations

from typing import Any

import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.faults.catalogue import EVERYTHING, REFUSALS
from tests.faults.proxy import Behaviour, Exchange, FaultProxy, Request
from tests.harness import Project, Truth
from tests.sizes import some

pytestmark = pytest.mark.waits

# What the API says of one sourcing, in its own words, concerns that sourcing: 401 and 402 concern them all.
OF_ALL = {each for each in REFUSALS if each[:3] in {"401", "402"}}
OF_ONE = {*REFUSALS, "key echoed"} - OF_ALL
# What does not get better. A read has no effect that could be late; six waits of seconds show nothing new.
LASTING = [
    name
    for name in EVERYTHING
    if not name.endswith((", done", ", late")) and not name.startswith("drip") and name[:3] != "429"
]
MANY = 60  # two pages: half a list has been read when the second fails


@pytest.fixture
def project(project: Project, proxy: FaultProxy, emulator: BackgroundEmulator) -> Project:
    """Something of each kind to be told: an edit, a copy, one to make, one to adopt; and a second page."""
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    assert project.apply().code == 0
    emulator.store.edit(project.ids["sourcing_a/one"], name="Theirs")
    for number in range(MANY):
        emulator.store.create("sourcing_a", f"Other {number}", blueprint(f"Other {number}", steps=1)["steps"])
    last = blueprint("There")
    emulator.store.create("sourcing_a", "There", last["steps"])
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two"), "there": last})
    project.write("sourcing_b", {"new": blueprint("New")})
    proxy.requests.clear()
    return project


def look(project: Project, *options: str) -> Any:
    ran = project.run("plan", "--refresh", "--format", "json", *options)
    return ran.json if ran.code == 0 else None


def second_page(behaviour: Behaviour, *, every: bool) -> Any:
    seen: list[Request] = []

    def script(request: Request) -> Behaviour | None:
        if request.kind != "list" or request.query.get("page") != "1" or (seen and not every):
            return None
        seen.append(request)
        return behaviour

    return script


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize(
    ("fault", "how_often"),
    some([*((each, "once") for each in EVERYTHING), *((each, "always") for each in LASTING)], 16),
)
def test_a_plan_is_right_or_there_is_none(
    fault: str,
    how_often: str,
    project: Project,
    proxy: FaultProxy,
    truth: Truth,
) -> None:
    right = look(project)
    assert right["summary"] | {"adopt": 0, "create": 0, "no_op": 0} == dict.fromkeys(right["summary"], 0)
    state = project.state_path.read_bytes()
    proxy.script = second_page(EVERYTHING[fault], every=how_often == "always")
    ran = project.run("plan", "--refresh", "--format", "json")
    truth.check(ran, unmanaged=frozenset(row for rows in truth.on_server().values() for row in rows))
    assert "Traceback" not in ran.err
    assert project.state_path.read_bytes() == state
    assert {request.method for request in proxy.requests} == {"GET"}
    if ran.code == 0 and fault in OF_ONE:
        assert {each["address"]: each["kind"] for each in ran.json["drift"]} == {
            "sourcing_a/one": "unreadable",
            "sourcing_a/two": "unreadable",
        }
        assert {each["address"]: each["action"] for each in ran.json["changes"]} == {
            "sourcing_a/one": "no-op",
            "sourcing_a/there": "conflict",
            "sourcing_a/two": "no-op",
            "sourcing_b/new": "create",
        }
    elif ran.code == 0:
        assert ran.json == right
    else:
        assert ran.code in ({4} if fault in OF_ALL else {5})
        assert ran.out == ""
        assert ran.err
    proxy.script = lambda _: None
    assert look(project) == right


def _without_a_row(exchange: Exchange) -> None:
    _edited(exchange, lambda data: data["sequenceBlueprints"].pop(0))


def _with_a_row_twice(exchange: Exchange) -> None:
    _edited(exchange, lambda data: data["sequenceBlueprints"].append(data["sequenceBlueprints"][0]))


def _of_another_sourcing(exchange: Exchange) -> None:
    _edited(exchange, lambda data: data["sequenceBlueprints"][0].update(sourcingId="sourcing_b"))


def _with_another_total(exchange: Exchange) -> None:
    _edited(exchange, lambda data: data["pagination"].update(total=data["pagination"]["total"] + 1))


def _said_to_go_on(exchange: Exchange) -> None:
    _edited(exchange, lambda data: data["pagination"].update(hasNextPage=True))


def _said_to_be_whole(exchange: Exchange) -> None:
    _edited(exchange, lambda data: data["pagination"].update(hasNextPage=False))


def _edited(exchange: Exchange, edit: Any) -> None:
    response = exchange.forward()
    data = response.data
    edit(data["data"])
    exchange.send(response.with_data(data))


LIES = {
    "a row is missing": _without_a_row,
    "a row is there twice": _with_a_row_twice,
    "a row of another sourcing": _of_another_sourcing,
    "the total changes": _with_another_total,
    "it does not end": _said_to_go_on,
    "it ends early": _said_to_be_whole,
}


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize(
    "options", [("--refresh",), ("--refresh-only",), ("--refresh", "--out", "plan.json")], ids=str
)
@pytest.mark.parametrize("lie", some([*LIES], 3))
def test_a_list_that_lies_is_no_list(
    lie: str, options: tuple[str, ...], project: Project, proxy: FaultProxy
) -> None:
    """A blueprint that it does not show would be reported as gone, and created again."""
    proxy.script = lambda request: LIES[lie] if "sourcing_a" in request.path else None
    ran = project.run("plan", *options)
    assert (ran.code, ran.out) == (5, "")
    assert "the list of sourcing_" in ran.err
    assert "Kalent has" not in ran.err
    assert not (project.folder / "plan.json").exists()
