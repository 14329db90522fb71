"""What the commands around `apply` make of a stub, and what an earlier run has left open: found by attacks."""

from __future__ import annotations

from typing import Any

import pytest

from kalentops.blueprint.remote import Mark, stub
from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint, step
from tests.faults.catalogue import EVERYTHING
from tests.faults.proxy import Exchange, FaultProxy, Response, on
from tests.harness import Project, Truth

pytestmark = pytest.mark.waits

ADDRESS = "sourcing_a/one"


def _drop(exchange: Exchange) -> None:
    exchange.reset()


def _accept(exchange: Exchange) -> None:
    """Said to be done, and forgotten."""
    exchange.send(Response(200, b'{"success": true, "data": {}}'))


def _hide(exchange: Exchange) -> None:
    response = exchange.forward()
    data = response.data
    data["data"]["sequenceBlueprints"] = []
    data["data"]["pagination"]["total"] = 0
    exchange.send(response.with_data(data))


def _open_whole(project: Project, proxy: FaultProxy) -> None:
    """A create that was sent with its text, and whose answer is lost."""
    project.settle = 0.1
    (project.folder / "kalentops.yaml").write_text("create: whole\n")
    project.write("sourcing_a", {"one": blueprint("One")})
    proxy.script = on("create", _drop)
    assert project.apply().code == 10


@pytest.fixture
def accepted(project: Project, proxy: FaultProxy) -> Project:
    """The text of a new blueprint was accepted, and never arrived."""
    project.settle = 0.1
    project.write("sourcing_a", {"one": blueprint("One")})
    proxy.script = on("fill", _accept)
    assert project.apply().code == 10
    proxy.script = lambda _: None
    return project


def test_a_text_that_has_not_arrived_is_no_edit(accepted: Project) -> None:
    """`import --update` would write the empty stub over the text in the file."""
    path = accepted.folder / "blueprints" / "sourcing_a.yaml"
    wanted = path.read_text()
    seen = accepted.run("plan", "--refresh", "--format", "json")
    assert seen.json["drift"] == []
    ran = accepted.run("import", "sourcing_a", "--update")
    assert (ran.code, path.read_text()) == (6, wanted)
    assert "Kalent shows it empty; run `kalentops apply`: it sends the text" in ran.out
    accepted.write("sourcing_a", {"one": blueprint("One", steps=3)})
    assert "what was sent last has not arrived there yet" in accepted.run("plan", "--refresh").out
    assert accepted.apply().code == 0


def test_what_no_list_shows_yet_is_not_gone(accepted: Project, proxy: FaultProxy) -> None:
    """Without it, a second one would be created."""
    accepted.write("sourcing_a", {"one": blueprint("One", steps=3)})
    proxy.script = on("list", _hide, nth=None)
    seen = accepted.run("plan", "--refresh", "--out", "plan.json")
    assert "no list shows" in seen.out
    assert "any more" not in seen.out
    assert "conflict" not in seen.out
    assert accepted.apply("plan.json").code == 10


def test_a_key_that_moved_does_not_make_it_seen(accepted: Project, proxy: FaultProxy) -> None:
    path = accepted.write("sourcing_a", {"two": blueprint("One")})
    path.write_text(
        path.read_text().rstrip().removesuffix("}") + ',\n"moved": [{"from": "one", "to": "two"}]}\n'
    )
    proxy.script = on("list", _hide, nth=None)
    for _ in range(2):
        ran = accepted.apply("--format", "json")
        assert ran.code == 10
        assert [each["address"] for each in ran.json["results"]] == ["sourcing_a/two"]
    proxy.script = lambda _: None
    assert accepted.apply().code == 0


def test_a_sourcing_that_can_not_be_read_is_not_in_place(accepted: Project, proxy: FaultProxy) -> None:
    proxy.script = on("list", EVERYTHING["404"], nth=None)
    assert accepted.apply().code == 10


def _lost_then_refused(project: Project, proxy: FaultProxy) -> None:
    """A text whose answer was lost, and a run after it whose text is refused."""
    project.settle = 0.1
    project.write("sourcing_a", {"one": blueprint("One")})
    for behaviour in (_drop, EVERYTHING["401"]):
        proxy.script = on("fill", behaviour, nth=None)
        assert project.apply().code == 10
        assert set(project.state["intents"]) == {ADDRESS}
    proxy.script = lambda _: None


def test_a_refusal_settles_its_own_request_only(project: Project, proxy: FaultProxy) -> None:
    _lost_then_refused(project, proxy)
    project.settle = 0.5
    project.write("sourcing_a", {"one": blueprint("One", steps=3)})
    ran = project.apply()
    assert ran.code == 0
    assert f"{ADDRESS}: an earlier run was interrupted here; looking for its outcome for up to" in ran.err


@pytest.mark.parametrize("removed", [False, True])
def test_a_text_on_its_way_keeps_its_address(
    removed: bool,  # noqa: FBT001
    project: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator,
) -> None:  # fmt: skip
    """The key was renamed, or taken out: a second one with that text would be made, or the id forgotten."""
    _lost_then_refused(project, proxy)
    path = project.write(
        "sourcing_a", {"new": blueprint("One")} if not removed else {"new": blueprint("New")}
    )
    if removed:
        path.write_text(path.read_text().rstrip().removesuffix("}") + ',\n"removed": ["one"]}\n')
    for _ in range(2):
        ran = project.apply()
        truth.check(ran)
        assert ran.code == 10
        assert "may still arrive there; delete it in Kalent's web app" in ran.out
        assert ADDRESS in project.ids
    late = project.ids[ADDRESS]
    emulator.store.edit(late, name="One", steps=blueprint("One")["steps"])
    project.apply()
    assert [each.name for each in emulator.store.blueprints("sourcing_a")].count("One") == 1
    assert removed or project.apply().code == 6


def test_an_older_text_that_arrives_last_is_not_taken_for_the_new_one(
    project: Project, proxy: FaultProxy, emulator: BackgroundEmulator
) -> None:
    project.settle = 0.1
    project.write("sourcing_a", {"one": blueprint("One")})
    assert project.apply().code == 0
    made = project.ids[ADDRESS]
    project.write("sourcing_a", {"one": blueprint("One", steps=3)})
    proxy.script = on("update", _drop, nth=None)
    assert project.apply().code == 10
    project.write("sourcing_a", {"one": blueprint("One", steps=1)})

    def overtaken(exchange: Exchange) -> None:
        exchange.send(exchange.forward())
        emulator.store.edit(made, name="One", steps=blueprint("One", steps=3)["steps"])

    proxy.script = on("update", overtaken, nth=proxy.count("update") + 1)
    ran = project.apply()
    assert ran.code == 10
    assert "an older text arrived after this one" in ran.out
    proxy.script = lambda _: None
    assert project.apply().code == 0
    assert [len(each.steps) for each in emulator.store.blueprints("sourcing_a")] == [1]


def test_hidden_fields_of_an_adopted_blueprint_are_set(
    project: Project, proxy: FaultProxy, emulator: BackgroundEmulator
) -> None:
    """With `create: whole`, what is found may be a colleague's: who sends it can't be seen."""
    project.settle = 0.1
    (project.folder / "kalentops.yaml").write_text("create: whole\n")
    body: dict[str, Any] = {"name": "One", "steps": [step(1, config={"userId": "user_1"})]}
    project.write("sourcing_a", {"one": body})
    proxy.script = on("create", _drop)
    assert project.apply().code == 10
    emulator.store.create("sourcing_a", "One", [step(1)])
    proxy.script = lambda _: None
    assert project.apply().code == 0
    assert emulator.store.blueprints("sourcing_a")[0].steps[0]["config"] == {"userId": "user_1"}


def test_a_refused_first_request_with_text_is_settled(project: Project, proxy: FaultProxy) -> None:
    """Open stubs of earlier runs are no text that may still arrive."""
    project.settle = 0.1
    project.write("sourcing_a", {"one": blueprint("One")})
    proxy.script = on("create", _drop, nth=None)
    assert project.apply().code == 10
    (project.folder / "kalentops.yaml").write_text("create: whole\n")
    proxy.script = on("create", EVERYTHING["400"], nth=None)
    assert project.apply().code == 1
    assert project.state["intents"] == {}


def test_a_stub_is_nothing_to_import(project: Project, emulator: BackgroundEmulator) -> None:
    empty = emulator.store.create("sourcing_a", stub("One", Mark("one", "0a1b2c3d")).data["name"], [])
    assert project.run("import", "sourcing_a").out.startswith("Nothing")
    ran = project.run("import", "sourcing_a", "--key", "two", "--id", empty.blueprint_id)
    assert ran.code != 0
    assert "an empty blueprint that kalentops has reserved" in ran.out
    emulator.store.edit(empty.blueprint_id, steps=[step(1)])
    ran = project.run("import", "sourcing_a")
    assert ran.code == 6
    assert f"kalentops import sourcing_a --key one --id {empty.blueprint_id}" in ran.out


def test_several_blueprints_are_exactly_what_was_sent(
    project: Project, proxy: FaultProxy, emulator: BackgroundEmulator
) -> None:
    _open_whole(project, proxy)
    proxy.script = lambda _: None
    for _ in range(2):
        emulator.store.create("sourcing_a", "One", blueprint("One")["steps"])
    ran = project.apply()
    assert ran.code == 10
    assert "several blueprints are exactly what was sent (" in ran.out


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--target", "other"), "can't be sent again: it is outside the selection"),
        ((), "can't be sent again: no file declares it"),
    ],
)
def test_a_resend_that_would_do_nothing_is_refused(
    asked: tuple[str, ...], said: str, project: Project, proxy: FaultProxy
) -> None:
    project.settle = 0.1
    (project.folder / "kalentops.yaml").write_text("create: whole\n")
    wanted = {"one": blueprint("One"), "other": blueprint("Other")}
    project.write("sourcing_a", wanted)
    proxy.script = on("create", _drop)
    assert project.apply("--target", "one").code == 10
    project.write("sourcing_a", wanted if asked else {"other": wanted["other"]})
    ran = project.apply("--resend", ADDRESS, *asked)
    assert ran.code == 1
    assert said in ran.err


def test_an_orphan_that_is_empty_says_so(project: Project, proxy: FaultProxy) -> None:
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    proxy.script = on("fill", EVERYTHING["400"])
    assert project.apply().code == 9
    project.write("sourcing_a", {"two": blueprint("Two")})
    assert "it is an empty stub, no text was sent" in project.run("plan", "-v").out
    assert "delete it in the web app" in project.run("state", "rm", "--yes", ADDRESS).err


def test_an_update_that_is_refused_after_a_whole_create_was_found(
    project: Project, proxy: FaultProxy, emulator: BackgroundEmulator
) -> None:
    """The create is settled by its entry: both in one state would be damage."""
    _open_whole(project, proxy)
    made = emulator.store.create("sourcing_a", "One", blueprint("One")["steps"])
    project.write("sourcing_a", {"one": blueprint("One", steps=3)})
    proxy.script = on("update", EVERYTHING["400"], nth=None)
    assert project.apply().code == 1
    assert (project.ids, project.state["intents"]) == ({ADDRESS: made.blueprint_id}, {})
    proxy.script = lambda _: None
    assert project.apply().code == 0
