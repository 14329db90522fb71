"""`create: whole`, and what format 1.0 has left open: one request with everything, and never a second one unasked."""

from __future__ import annotations

import json

import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.faults.proxy import Behaviour, Exchange, FaultProxy, Request, Response, on
from tests.harness import Project, Truth

pytestmark = pytest.mark.waits

ADDRESS = "sourcing_a/one"
SAID = "does not send it again on its own"


@pytest.fixture
def whole(project: Project, proxy: FaultProxy, truth: Truth) -> Project:
    """A project that creates in one request, and a server that takes no empty blueprints."""

    def refuse_empty(request: Request) -> Behaviour | None:
        empty = request.kind == "create" and not request.data["steps"]
        return _refuse(400, "validation_error") if empty else None

    (project.folder / "kalentops.yaml").write_text("create: whole\n")
    project.write("sourcing_a", {"one": blueprint("One")})
    project.settle = 0.2
    truth.watch(proxy)
    proxy.script = refuse_empty
    return project


def _refuse(status: int, code: str) -> Behaviour:
    told = {"success": False, "error": {"code": code, "message": "at least one step is needed"}}
    return lambda exchange: exchange.send(Response(status, json.dumps(told).encode()))


def _drop(exchange: Exchange) -> None:
    exchange.reset()


def _lose(exchange: Exchange) -> None:
    exchange.forward()
    exchange.reset()


def _late(exchange: Exchange) -> None:
    exchange.forward_when_released()
    exchange.reset()


def _unnamed(exchange: Exchange) -> None:
    exchange.send(Response(200, b'{"success": true, "data": {}}'))


def test_an_answer_without_an_id_does_not_advise_what_is_set_already(
    whole: Project, proxy: FaultProxy
) -> None:
    proxy.script = on("create", _unnamed)
    ran = whole.apply()
    assert ran.code == 10
    assert "the answer does not name what was created; nothing in Kalent is exactly what was sent" in ran.out


def test_an_api_that_refuses_empty_blueprints_is_reported_with_the_remedy(
    whole: Project, proxy: FaultProxy
) -> None:
    (whole.folder / "kalentops.yaml").unlink()
    ran = whole.apply()
    assert ran.code == 1
    assert (
        "at least one step is needed (HTTP 400); if the API takes no empty blueprints, set `create: whole`"
        in ran.out
    )
    assert whole.ids == {}
    assert whole.state["intents"] == {}
    assert proxy.count("create") == 1


def test_a_create_is_one_request(whole: Project, proxy: FaultProxy, truth: Truth) -> None:
    ran = whole.apply()
    truth.check(ran)
    assert ran.code == 0
    assert "created         sourcing_a/one" in ran.out
    assert (proxy.count("create"), proxy.count("fill"), proxy.count("update")) == (1, 0, 0)


def test_a_lost_create_is_found_by_its_exact_content(whole: Project, proxy: FaultProxy, truth: Truth) -> None:
    proxy.script = on("create", _lose)
    ran = whole.apply()
    truth.check(ran)
    assert ran.code == 0
    assert proxy.count("create") == 1


def test_a_create_that_does_not_appear_is_never_sent_again(
    whole: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    proxy.script = on("create", _late)
    for _ in range(2):
        ran = whole.apply()
        truth.check(ran)
        assert ran.code == 10
        assert SAID in ran.out
        assert f" kalentops apply --resend {ADDRESS}\n" in ran.out
    proxy.settle()
    ran = whole.apply()
    truth.check(ran)
    assert ran.code == 0
    assert proxy.count("create") == 1
    assert len(emulator.store.blueprints("sourcing_a")) == 1


def test_a_refused_attempt_after_a_lost_one_leaves_it_open(whole: Project, proxy: FaultProxy) -> None:
    proxy.script = on("create", _late)
    assert whole.apply().code == 10
    for status, code in ((401, "invalid_api_key"), (400, "validation_error"), (429, "rate_limit_exceeded")):
        proxy.script = on("create", _refuse(status, code), nth=None)
        assert whole.apply("--resend", ADDRESS).code == 10
        assert set(whole.state["intents"]) == {ADDRESS}
    proxy.settle()
    proxy.script = lambda _: None
    before = proxy.count("create")
    assert whole.apply().code == 0
    assert proxy.count("create") == before


@pytest.mark.parametrize("reserve", [False, True])
def test_a_person_may_have_it_sent_again(
    whole: Project, proxy: FaultProxy, emulator: BackgroundEmulator, *, reserve: bool
) -> None:
    proxy.script = on("create", _drop)
    assert whole.apply().code == 10
    proxy.script = lambda _: None
    if reserve:
        (whole.folder / "kalentops.yaml").unlink()
    ran = whole.apply("--resend", ADDRESS)
    assert ran.code == 0
    assert f"note: {ADDRESS} will be sent again unless Kalent shows an identical blueprint" in ran.err
    assert [each.name for each in emulator.store.blueprints("sourcing_a")] == ["One"]
    assert whole.state["intents"] == {}


def test_resend_of_what_is_not_open_is_refused(whole: Project, proxy: FaultProxy) -> None:
    ran = whole.apply("--resend", ADDRESS)
    assert (ran.code, proxy.count("create")) == (1, 0)
    assert f"no create of unknown outcome is open at {ADDRESS}" in ran.err
    assert whole.run("plan", "--out", "plan.json").code == 0
    assert "--resend can't go with a saved plan" in whole.apply("plan.json", "--resend", ADDRESS).err


def test_a_person_may_say_which_it_is(
    whole: Project, proxy: FaultProxy, emulator: BackgroundEmulator
) -> None:
    proxy.script = on("create", _drop)
    assert whole.apply().code == 10
    proxy.script = lambda _: None
    theirs = emulator.store.create("sourcing_a", "One", blueprint("One", steps=1)["steps"])
    ran = whole.run("import", "sourcing_a")
    assert (ran.code, "the outcome of the create of sourcing_a/one is unknown" in ran.out) == (6, True), ran
    assert whole.run("import", "sourcing_a", "--key", "one", "--id", theirs.blueprint_id).code == 0
    assert (whole.ids, whole.state["intents"]) == ({ADDRESS: theirs.blueprint_id}, {})
    assert whole.apply().code == 0
    assert [len(each.steps) for each in emulator.store.blueprints("sourcing_a")] == [2]


def test_a_person_may_say_that_it_is_no_longer_declared(whole: Project, proxy: FaultProxy) -> None:
    proxy.script = on("create", _drop)
    assert whole.apply().code == 10
    assert whole.run("state", "rm", "--yes", ADDRESS).code == 0
    assert whole.state["intents"] == {}


# --- what an older version has left ------------------------------------------------------------------------------


def _open_of_1_0(project: Project, proxy: FaultProxy) -> None:
    """A state as format 1.0 wrote it, with a create of unknown outcome."""
    proxy.script = on("create", _drop)
    assert project.apply().code == 10
    proxy.script = lambda _: None
    (project.folder / "kalentops.yaml").unlink()
    state = project.state
    intent = state["intents"][ADDRESS]
    del intent["nonces"]
    intent |= {"known_ids": ["bp_old"], "attempt": 2}
    project.state_path.write_text(json.dumps({**state, "format_version": "1.0"}))


def test_an_open_create_of_format_1_0_is_not_sent_again(
    whole: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    _open_of_1_0(whole, proxy)
    before = proxy.count("create")
    ran = whole.apply()
    assert (ran.code, SAID in ran.out, proxy.count("create")) == (10, True, before)
    assert whole.state["format_version"] == "1.0", "nothing was written"
    made = emulator.store.create("sourcing_a", "One", blueprint("One")["steps"])
    ran = whole.apply()
    truth.check(ran)
    assert ran.code == 0
    assert whole.ids == {ADDRESS: made.blueprint_id}
    assert whole.state["format_version"] == "2.0"


def test_an_older_version_refuses_the_new_format(project: Project, proxy: FaultProxy) -> None:
    """What 1.0 checks before it reads: the major version of `format_version`, in the state and in its journal."""
    project.write("sourcing_a", {"one": blueprint("One")})
    seen: list[str] = []

    def look(exchange: Exchange) -> None:
        seen.append(project.journal_path.read_text().splitlines()[0])
        exchange.send(exchange.forward())

    proxy.script = on("fill", look)
    assert project.apply().code == 0
    said = [
        project.state["format_version"],
        *(json.loads(head[head.index("{") :])["format_version"] for head in seen),
    ]
    assert [each.partition(".")[0] for each in said] == ["2", "2"]
