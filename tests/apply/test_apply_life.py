"""The life of blueprints: made, changed, adopted, left alone; and what stops."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from kalentops.apply import context
from kalentops.emulator.server import BackgroundEmulator
from kalentops.state.model import Observed, Record
from kalentops.state.store.session import Session
from tests.builders import blueprint, step
from tests.faults.proxy import Exchange, FaultProxy, Request, Response, on
from tests.harness import KEY, Project, Truth

INVITE = {
    "id": "invite",
    "name": "Invitation",
    "type": "LINKEDIN",
    "linkedInType": "LINKEDIN_INVITATION",
    "content": "",
    "temporalityType": "ASAP",
}


def _writes(emulator: BackgroundEmulator) -> int:
    return sum(n for (method, _), n in emulator.log.requests.items() if method in {"POST", "PATCH"})


def test_second_plan_is_empty(project: Project, truth: Truth, emulator: BackgroundEmulator) -> None:
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two", steps=0)})
    project.write("sourcing_b", {"one": blueprint("One", config={"tone": ["warm", 1, None]})})
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 0
    assert ran.out.splitlines()[-1] == "Apply: 3 done."
    assert set(project.ids) == {"sourcing_a/one", "sourcing_a/two", "sourcing_b/one"}
    assert emulator.store.blueprints("sourcing_b")[0].config == {"tone": ["warm", 1, None]}
    again = project.run("plan", "--detailed-exitcode")
    assert (again.code, again.out) == (0, "No changes. 3 unchanged.\n")
    before = _writes(emulator)
    assert project.apply().code == 0
    assert _writes(emulator) == before


def test_the_longest_sourcing_is_read_last_and_worked_on_first(project: Project, proxy: FaultProxy) -> None:
    for sourcing, count in (("sourcing_a", 1), ("sourcing_b", 3), ("sourcing_c", 2)):
        project.write(sourcing, {f"k{n}": blueprint(f"B{n}") for n in range(count)})
    assert project.apply("--parallelism", "1").code == 0
    order = [(request.kind, request.path.split("/")[-2][-1]) for request in proxy.requests]
    assert "".join(at for kind, at in order if kind == "list") == "acb" + "bca"
    assert "".join(at for kind, at in order if kind == "create") == "bbbcca"


def test_what_a_list_shows_of_a_sourcing_is_one_record(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("sourcing_a", {f"k{n}": blueprint(f"B{n}") for n in range(3)})
    recorded: list[tuple[Record, ...]] = []
    record = Session.record

    def counted(self: Session, *records: Record) -> None:
        recorded.append(records)
        record(self, *records)

    monkeypatch.setattr(Session, "record", counted)
    assert project.apply().code == 0
    assert [type(each) for each in recorded[-1]] == [Observed] * 3
    assert len(recorded) == 3 * len(("the nonce", "the claim", "the text has arrived")) + 1


def test_state_is_untouched_by_a_run_that_changes_nothing(project: Project) -> None:
    project.write("sourcing_a", {"one": blueprint()})
    assert project.apply().code == 0
    before = project.state_path.read_bytes()
    assert project.apply().code == 0
    assert project.state_path.read_bytes() == before
    assert not project.journal_path.exists()


def test_update_sends_only_what_changed(project: Project, proxy: FaultProxy, truth: Truth) -> None:
    project.write("sourcing_a", {"one": blueprint("One", config={"a": 1})})
    assert project.apply().code == 0
    project.write("sourcing_a", {"one": blueprint("One", config={"a": 1}) | {"name": "One, renamed"}})
    plan = project.run("plan")
    assert "blueprint: name" in plan.out
    assert "One{+, +}" in plan.out or "[-One-]" in plan.out
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 0
    sent = [request.data for request in proxy.requests if request.kind == "update"]
    assert sent == [{"name": "One, renamed"}]


def test_config_that_is_taken_out_is_emptied(project: Project, emulator: BackgroundEmulator) -> None:
    project.write("sourcing_a", {"one": blueprint("One", config={"a": 1})})
    assert project.apply().code == 0
    project.write("sourcing_a", {"one": blueprint("One")})
    assert project.apply().code == 0
    assert emulator.store.blueprints("sourcing_a")[0].config == {}
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_lost_state_is_adopted_not_made_again(
    project: Project, truth: Truth, emulator: BackgroundEmulator
) -> None:
    project.write("sourcing_a", {"one": blueprint("One"), "two": {"name": "Two", "steps": [INVITE, step(2)]}})
    assert project.apply().code == 0
    ids = project.ids
    project.state_path.unlink()
    before = _writes(emulator)
    ran = project.apply("--format", "json")
    truth.check(ran)
    assert ran.code == 0
    assert {each["action"] for each in ran.json["results"]} == {"adopt"}
    assert project.ids == ids
    assert _writes(emulator) == before
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_adoption_sets_what_can_not_be_read_back(
    project: Project, truth: Truth, emulator: BackgroundEmulator
) -> None:
    wanted = blueprint("One", config={"a": 1})
    wanted["steps"][0]["config"] = {"userId": "user_1"}
    bare = blueprint("One")
    made = emulator.store.create("sourcing_a", "One", bare["steps"], None)
    project.write("sourcing_a", {"one": wanted})
    ran = project.apply("--format", "json")
    truth.check(ran)
    assert ran.json["results"][0] | {"note": None} == {
        "address": "sourcing_a/one",
        "action": "adopt",
        "outcome": "done",
        "blueprint_id": made.blueprint_id,
        "error": None,
        "note": None,
        "code": None,
        "parameters": {},
        "also": [],
    }
    there = emulator.store.blueprints("sourcing_a")[0]
    assert there.config == {"a": 1}
    assert there.steps[0]["config"] == {"userId": "user_1"}
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_refused_completion_of_an_adoption_is_an_update_next_time(
    project: Project, proxy: FaultProxy, emulator: BackgroundEmulator
) -> None:
    emulator.store.create("sourcing_a", "One", blueprint("One")["steps"], None)
    project.write("sourcing_a", {"one": blueprint("One", config={"a": 1})})

    def dies(exchange: Exchange) -> None:
        exchange.reset()

    proxy.script = on("update", dies, nth=None)
    assert project.apply().code == 10
    proxy.script = lambda _: None
    assert "resume" in project.run("plan").out
    assert project.apply().code == 0
    assert emulator.store.blueprints("sourcing_a")[0].config == {"a": 1}


def test_same_name_other_content_is_a_conflict(
    project: Project, truth: Truth, emulator: BackgroundEmulator
) -> None:
    unmanaged = emulator.store.create("sourcing_a", "one ", blueprint("One", steps=3)["steps"], None)
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    ran = project.apply("--format", "json")
    truth.check(ran, unmanaged=frozenset({unmanaged.blueprint_id}))
    assert ran.code == 6
    first, second = ran.json["results"]
    assert (first["outcome"], second["outcome"]) == ("conflict", "done")
    assert unmanaged.blueprint_id in first["error"]


def test_two_exact_copies_are_a_conflict(project: Project, emulator: BackgroundEmulator) -> None:
    ids = [
        emulator.store.create("sourcing_a", "One", blueprint("One")["steps"], None).blueprint_id
        for _ in range(2)
    ]
    project.write("sourcing_a", {"one": blueprint("One")})
    ran = project.apply()
    assert ran.code == 6
    assert all(each in ran.out for each in ids)
    assert _writes(emulator) == 0


def test_a_remote_edit_is_not_overwritten(
    project: Project, truth: Truth, emulator: BackgroundEmulator
) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    assert project.apply().code == 0
    made = project.ids["sourcing_a/one"]
    emulator.store.edit(made, steps=[step(1, content="Edited in the web app")])
    project.write("sourcing_a", {"one": blueprint("One", steps=3)})
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 6
    assert "--overwrite sourcing_a/one" in ran.out
    assert emulator.store.blueprints("sourcing_a")[0].steps[0]["content"] == "Edited in the web app"
    forced = project.apply("--overwrite", "sourcing_a/one")
    assert forced.code == 0
    assert len(emulator.store.blueprints("sourcing_a")[0].steps) == 3


def test_an_edit_that_is_what_the_file_wants_is_only_recorded(
    project: Project, emulator: BackgroundEmulator
) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    assert project.apply().code == 0
    emulator.store.edit(project.ids["sourcing_a/one"], steps=blueprint("One", steps=3)["steps"])
    project.write("sourcing_a", {"one": blueprint("One", steps=3)})
    before = _writes(emulator)
    assert project.apply().code == 0
    assert _writes(emulator) == before
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_a_blueprint_deleted_in_kalent_is_a_conflict(project: Project, proxy: FaultProxy) -> None:
    two = blueprint("Two")
    project.write("sourcing_a", {"one": blueprint("One"), "two": two})
    assert project.apply().code == 0
    project.write("sourcing_a", {"one": blueprint("One", steps=3), "two": two})

    def without(*names: str) -> Callable[[Exchange], None]:
        def answer(exchange: Exchange) -> None:
            response = exchange.forward()
            data = response.data
            there = [each for each in data["data"]["sequenceBlueprints"] if each["name"] not in names]
            data["data"]["sequenceBlueprints"] = there
            data["data"]["pagination"]["total"] = len(there)
            exchange.send(response.with_data(data))

        return answer

    proxy.script = on("list", without("One"), nth=None)
    ran = project.apply()
    assert ran.code == 6
    assert "is no longer in sourcing_a" in ran.out
    # With nothing of ours there, it may be another workspace.
    proxy.script = on("list", without("One", "Two"), nth=None)
    assert project.apply().code == 8


def test_the_only_blueprint_deleted_stops_until_state_rm(
    project: Project, emulator: BackgroundEmulator
) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    assert project.apply().code == 0
    emulator.store.remove(project.ids["sourcing_a/one"])
    project.write("sourcing_a", {"one": blueprint("One"), "new": blueprint("New")})
    ran = project.apply()
    assert (ran.code, emulator.store.blueprints("sourcing_a")) == (8, [])
    assert "if it was deleted in Kalent, `kalentops state rm sourcing_a/one` forgets it" in ran.err
    assert project.run("state", "rm", "--yes", "sourcing_a/one").code == 0
    assert project.apply().code == 0
    assert len(emulator.store.blueprints("sourcing_a")) == 2


def test_an_orphan_is_listed_and_left_alone(project: Project, emulator: BackgroundEmulator) -> None:
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    assert project.apply().code == 0
    made = project.ids["sourcing_a/two"]
    project.write("sourcing_a", {"one": blueprint("One")})
    plan = project.run("plan", "--detailed-exitcode")
    assert plan.code == 0
    assert f'? orphan two "Two" ({made})' in plan.out
    assert project.apply().code == 0
    assert project.ids["sourcing_a/two"] == made
    assert project.run("state", "rm", "sourcing_a/two", "--yes").code == 0
    assert "sourcing_a/two" not in project.ids
    assert len(emulator.store.blueprints("sourcing_a")) == 2


def test_a_renamed_key_is_not_made_again(
    project: Project, truth: Truth, emulator: BackgroundEmulator
) -> None:
    project.write("sourcing_a", {"old": blueprint("One")})
    assert project.apply().code == 0
    made = project.ids["sourcing_a/old"]
    project.write("sourcing_a", {"new": blueprint("One")})
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 6
    assert "or at once:  kalentops state mv sourcing_a/old sourcing_a/new\n" in ran.out
    assert project.run("state", "mv", "sourcing_a/old", "sourcing_a/new").code == 0
    assert project.apply().code == 0
    assert project.ids == {"sourcing_a/new": made}
    assert len(emulator.store.blueprints("sourcing_a")) == 1


def test_an_unknown_sourcing_does_not_stop_the_others(project: Project) -> None:
    project.write("sourcing_nowhere", {"one": blueprint("One")})
    project.write("sourcing_a", {"one": blueprint("One")})
    ran = project.apply("--format", "json")
    assert ran.code == 9
    assert {each["address"]: each["outcome"] for each in ran.json["results"]} == {
        "sourcing_a/one": "done",
        "sourcing_nowhere/one": "refused",
    }


@pytest.mark.parametrize(("status", "code"), [(401, "invalid_api_key"), (402, "plan_upgrade_required")])
def test_a_key_that_becomes_invalid_stops_the_run(
    status: int, code: str, project: Project, proxy: FaultProxy, truth: Truth
) -> None:
    for sourcing in ("sourcing_a", "sourcing_b", "sourcing_c"):
        project.write(sourcing, {"one": blueprint("One"), "two": blueprint("Two")})

    def refuse(exchange: Exchange) -> None:
        error = {
            "code": code,
            "message": "not today",
            "details": {"billingUrl": "https://example.com/billing"},
        }
        body = json.dumps({"success": False, "error": error}).encode()
        exchange.raw(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body))

    def script(request: Request) -> Any:
        return refuse if request.kind == "create" and request.nth > 1 else None

    proxy.script = script
    ran = project.apply("--parallelism", "1", "--format", "json")
    truth.check(ran)
    assert ran.code in {4, 9}
    assert ran.json["summary"] == {"done": 1, "refused": 1, "conflict": 0, "unknown": 0, "not_attempted": 4}
    assert proxy.count("create") == 2
    proxy.script = lambda _: None
    assert project.apply().code == 0


def test_a_wrong_key_from_the_start(project: Project, proxy: FaultProxy) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})

    def refuse(exchange: Exchange) -> None:
        body = b'{"success": false, "error": {"code": "invalid_api_key", "message": "no"}}'
        exchange.raw(b"HTTP/1.1 401 X\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))

    proxy.script = on("list", refuse, nth=None)
    ran = project.apply()
    assert ran.code == 4
    assert "KALENT_API_KEY" in ran.out
    assert KEY not in ran.out + ran.err
    assert proxy.count("create") == 0


def test_one_429_slows_all(project: Project, proxy: FaultProxy, truth: Truth) -> None:
    for sourcing in ("sourcing_a", "sourcing_b", "sourcing_c"):
        project.write(sourcing, {"one": blueprint("One")})

    def limit(exchange: Exchange) -> None:
        body = b'{"success": false, "error": {"code": "rate_limit_exceeded", "message": "slow"}}'
        exchange.raw(b"HTTP/1.1 429 X\r\nretry-after: 1\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))

    proxy.script = on("create", limit, nth=1)
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 0
    assert "rate limited; waiting 1 s" in ran.err
    assert proxy.count("create") <= 6


def test_guards(project: Project, emulator: BackgroundEmulator) -> None:
    (project.folder / "kalentops.yaml").write_text("guards: {max_creates: 1, max_updates: 1}\n")
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    ran = project.apply()
    assert ran.code == 6
    assert "--max-creates 2" in ran.err
    assert _writes(emulator) == 0
    assert "apply would stop" in project.run("plan").err
    assert project.apply("--max-creates", "2").code == 0
    project.write("sourcing_a", {"one": blueprint("One", steps=3), "two": blueprint("Two", steps=3)})
    assert "--max-updates 2" in project.apply().err


def test_the_state_of_another_api_is_refused(
    project: Project, proxy: FaultProxy, emulator: BackgroundEmulator
) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    assert project.apply().code == 0
    project.url = emulator.url
    requests = len(proxy.requests)
    ran = project.apply()
    assert ran.code == 8
    assert "another API" in ran.err
    assert len(proxy.requests) == requests


def test_values_that_the_server_changes_are_noted_and_do_not_make_conflicts(
    project: Project, proxy: FaultProxy, truth: Truth
) -> None:
    def normalise(exchange: Exchange) -> None:
        response = exchange.forward()
        data = response.data
        for row in data["data"].get("sequenceBlueprints", ()):
            for each in row["steps"]:
                each["content"] = each["content"].upper()
                each["somethingNew"] = 1
        exchange.send(response.with_data(data))

    proxy.script = on("list", normalise, nth=None)
    project.write("sourcing_a", {"one": blueprint("One")})
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 0
    assert "differently than it was sent" in ran.out
    assert project.run("plan", "--detailed-exitcode").code == 0
    project.write("sourcing_a", {"one": blueprint("One", steps=3)})
    assert project.apply().code == 0


def test_a_lost_answer_and_a_changed_value_is_left_to_a_person(
    project: Project, proxy: FaultProxy, truth: Truth
) -> None:
    def normalise(exchange: Exchange) -> None:
        response = exchange.forward()
        data = response.data
        for row in data["data"].get("sequenceBlueprints", ()):
            for each in row["steps"]:
                each["content"] = "normalised"
        exchange.send(response.with_data(data))

    def script(request: Request) -> Any:
        return {"list": normalise, "fill": _lose}.get(request.kind)

    proxy.script = script
    project.write("sourcing_a", {"one": blueprint("One")})
    ran = project.apply("--format", "json")
    truth.check(ran)
    assert ran.code == 10
    ran = project.apply("--format", "json")
    truth.check(ran)
    assert ran.code == 6
    assert "was reserved for it, and holds another text" in ran.json["results"][0]["error"]
    assert (proxy.count("create"), proxy.count("fill")) == (1, 1)
    ran = project.apply("--overwrite", "sourcing_a/one")
    assert ran.code == 0, ran


def _lose(exchange: Exchange) -> None:
    exchange.forward()
    exchange.reset()


def _drop(exchange: Exchange) -> None:
    exchange.reset()


def test_resumes_with_what_the_file_wants_by_now(project: Project, proxy: FaultProxy, truth: Truth) -> None:
    """The text that was sent first has to show, or the window to pass, before another one is sent."""
    project.write("sourcing_a", {"one": blueprint("One")})
    project.settle = 0.0
    seen = {"hidden": True}

    def hide(exchange: Exchange) -> None:
        response = exchange.forward()
        data = response.data
        if seen["hidden"]:
            data["data"]["sequenceBlueprints"] = []
            data["data"]["pagination"]["total"] = 0
        exchange.send(response.with_data(data))

    proxy.script = lambda request: {"list": hide, "fill": _lose}.get(request.kind)
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 10
    assert "resume one" in project.run("plan").out
    seen["hidden"] = False
    project.settle = 0.3
    project.write("sourcing_a", {"one": blueprint("One", steps=4)})
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 0
    assert proxy.count("update") == 1
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_another_text_waits_for_the_one_before_it(project: Project, proxy: FaultProxy, truth: Truth) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    project.settle = 0.1

    def late(exchange: Exchange) -> None:
        exchange.forward_when_released()
        exchange.close()

    proxy.script = lambda request: late if request.kind == "fill" else None
    assert project.apply().code == 10
    before = proxy.count("list")

    def arrive(exchange: Exchange) -> None:
        if exchange.request.nth > before + 2:
            proxy.release()
        exchange.send(exchange.forward())

    proxy.script = on("list", arrive, nth=None)
    project.settle = 5.0
    project.write("sourcing_a", {"one": blueprint("One", steps=4)})
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 0
    assert (
        "sourcing_a/one: an earlier run was interrupted here; looking for its outcome for up to 5 s"
        in ran.err
    )
    assert [request.kind for request in proxy.requests if request.method == "PATCH"][-1] == "update"
    assert project.run("plan", "--refresh", "--detailed-exitcode").code == 0


def test_a_create_without_an_answer_that_is_no_longer_declared_is_forgotten(
    project: Project, proxy: FaultProxy, truth: Truth
) -> None:
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    project.settle = 0.0
    proxy.script = lambda request: (
        _drop if request.kind == "create" and request.data["name"].startswith("Two") else None
    )
    assert project.apply().code == 10
    project.write("sourcing_a", {"one": blueprint("One")})
    proxy.script = lambda _: None
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 0
    assert project.state["intents"] == {}
    assert set(project.ids) == {"sourcing_a/one"}


def test_an_answer_that_comes_true_late_leaves_an_empty_blueprint_that_is_reported(
    project: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    project.settle = 0.15
    project.write("sourcing_a", {"one": blueprint("One")})

    def very_late(exchange: Exchange) -> None:
        exchange.forward_when_released()
        exchange.close()

    proxy.script = on("create", very_late)
    ran = project.apply("-v")
    truth.check(ran)
    assert ran.code == 0
    assert (proxy.count("create"), proxy.count("fill")) == (2, 1)
    made = project.ids["sourcing_a/one"]
    assert f"sourcing_a/one: reserved {made}, still empty" in ran.err
    assert f"sourcing_a/one: sent its text to {made}" in ran.err
    proxy.settle()
    assert project.run("plan", "--detailed-exitcode").code == 0
    (left,) = truth.leftovers()
    said = project.run("plan", "--refresh").out
    assert f'note: sourcing_a: {left} "One (kalentops one ' in said
    assert "if no other run is at work, delete it in Kalent's web app" in said
    assert "unmanaged blueprint" not in said
    project.write("sourcing_a", {"one": blueprint("One", steps=3)})
    assert left in project.apply().err
    assert [len(each.steps) for each in emulator.store.blueprints("sourcing_a")].count(0) == 1


def test_a_stub_that_came_late_is_used_by_the_next_run(
    project: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    """Three without an answer, which come true after the run: each is known to be without text, so any may be used."""
    project.settle = 0.1
    project.write("sourcing_a", {"one": blueprint("One")})

    def very_late(exchange: Exchange) -> None:
        exchange.forward_when_released()
        exchange.close()

    proxy.script = on("create", very_late, nth=None)
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 10
    assert "3 attempts had no usable answer; no text was sent" in ran.out
    assert "at most an empty blueprint exists" in project.run("state", "list").out
    assert "+ create one" in project.run("plan").out
    proxy.settle()
    proxy.script = lambda _: None
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 0
    assert proxy.count("create") == 3
    assert len(truth.leftovers()) == 2
    assert len([each for each in emulator.store.blueprints("sourcing_a") if each.steps]) == 1


def test_an_attempt_that_was_refused_does_not_settle_the_one_before_it(
    project: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    """Attempt 1 lost and late, attempt 2 refused: the next run must not make a second copy."""
    project.write("sourcing_a", {"one": blueprint("One")})
    project.settle = 0.1

    def very_late(exchange: Exchange) -> None:
        exchange.forward_when_released()
        exchange.close()

    def refuse(exchange: Exchange) -> None:
        told = b'{"success": false, "error": {"code": "invalid_api_key", "message": "no"}}'
        exchange.raw(b"HTTP/1.1 401 X\r\ncontent-length: %d\r\n\r\n%s" % (len(told), told))

    proxy.script = lambda request: (
        (very_late if request.nth == 1 else refuse) if request.kind == "create" else None
    )
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 4
    proxy.script = lambda _: None
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 0
    proxy.settle()
    assert project.apply().code == 0
    assert len([each for each in emulator.store.blueprints("sourcing_a") if each.steps]) == 1


def test_a_text_that_is_refused_leaves_the_claim(
    project: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})

    def refuse(exchange: Exchange) -> None:
        told = b'{"success": false, "error": {"code": "validation_error", "message": "no such word"}}'
        exchange.raw(b"HTTP/1.1 400 X\r\ncontent-length: %d\r\n\r\n%s" % (len(told), told))

    proxy.script = on("fill", refuse)
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 1
    assert "no such word" in ran.out
    (reserved,) = emulator.store.blueprints("sourcing_a")
    assert project.ids == {"sourcing_a/one": reserved.blueprint_id}
    assert "reserved: the blueprint is empty in Kalent" in project.run("state", "show", "sourcing_a/one").out
    plan = project.run("plan")
    assert f'+ create one "One" ({reserved.blueprint_id})' in plan.out
    assert "no text is known to have arrived there" in plan.out
    project.write("sourcing_a", {"one": blueprint("One", steps=3)})
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 0
    assert f"created         sourcing_a/one {reserved.blueprint_id}" in ran.out
    assert [len(each.steps) for each in emulator.store.blueprints("sourcing_a")] == [3]


def test_a_reserved_blueprint_that_was_edited_is_a_conflict(
    project: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    project.settle = 0.1
    proxy.script = on("fill", _drop, nth=None)
    assert project.apply().code == 10
    proxy.script = lambda _: None
    (reserved,) = emulator.store.blueprints("sourcing_a")
    emulator.store.edit(reserved.blueprint_id, steps=[step(9)])
    for _ in range(2):
        ran = project.apply()
        assert ran.code == 6
        assert "holds another text" in ran.out
    ran = project.apply("--overwrite", "sourcing_a/one")
    truth.check(ran)
    assert ran.code == 0
    assert [each.name for each in emulator.store.blueprints("sourcing_a")] == ["One"]


@pytest.mark.parametrize("edited", [False, True])
def test_a_stub_of_a_lost_state(
    edited: bool,  # noqa: FBT001
    project: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator,
) -> None:  # fmt: skip
    project.write("sourcing_a", {"one": blueprint("One")})
    project.settle = 0.1
    proxy.script = on("fill", _drop, nth=None)
    assert project.apply().code == 10
    proxy.script = lambda _: None
    project.state_path.unlink()
    (reserved,) = emulator.store.blueprints("sourcing_a")
    if edited:
        emulator.store.edit(reserved.blueprint_id, steps=[step(9)])
    ran = project.apply()
    assert ran.code == (6 if edited else 0)
    assert project.ids == ({} if edited else {"sourcing_a/one": reserved.blueprint_id})
    assert len(emulator.store.blueprints("sourcing_a")) == 1
    if edited:
        assert f"kalentops import sourcing_a --key one --id {reserved.blueprint_id}" in ran.out
        assert project.run("import", "sourcing_a", "--key", "one", "--id", reserved.blueprint_id).code == 0
        assert project.apply().code == 0
        assert [each.name for each in emulator.store.blueprints("sourcing_a")] == ["One"]


def test_a_blueprint_renamed_in_kalent_is_not_created_again(
    project: Project, truth: Truth, emulator: BackgroundEmulator
) -> None:
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    assert project.apply().code == 0
    first, second = project.ids["sourcing_a/one"], project.ids["sourcing_a/two"]
    project.state_path.unlink()
    emulator.store.edit(first, name="Somebody's better name")
    ran = project.apply("--format", "json")
    truth.check(ran, unmanaged=frozenset({first}))
    assert ran.code == 6
    one, two = ran.json["results"]
    assert (one["outcome"], two["outcome"]) == ("conflict", "done")
    assert first in one["error"]
    assert project.ids == {"sourcing_a/two": second}
    assert len(emulator.store.blueprints("sourcing_a")) == 2
    project.write(
        "sourcing_a", {"one": blueprint("One") | {"name": "Somebody's better name"}, "two": blueprint("Two")}
    )
    assert project.apply().code == 0
    assert project.ids == {"sourcing_a/one": first, "sourcing_a/two": second}


def _open_create(project: Project, proxy: FaultProxy) -> None:
    """A create whose text was sent, whose answer is lost, and that no list shows in time."""

    def script(request: Request) -> Any:
        if request.kind == "fill":
            return _lose
        return _drop if proxy.count("fill") else None

    proxy.script = script
    assert project.apply().code == 10
    proxy.script = lambda _: None


@pytest.mark.usefixtures("no_backoff")
def test_a_key_renamed_after_a_cut_off_create_makes_nothing_twice(
    project: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    project.write("sourcing_a", {"old": blueprint("One")})
    _open_create(project, proxy)
    project.write("sourcing_a", {"new": blueprint("One")})
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 6
    assert len(emulator.store.blueprints("sourcing_a")) == 1
    said = project.run("plan").out
    assert "possibly renamed to sourcing_a/new: resolve that conflict first" in said
    assert "kalentops state mv sourcing_a/old sourcing_a/new" in said
    assert project.run("state", "mv", "sourcing_a/old", "sourcing_a/new").code == 0
    assert project.apply().code == 0
    assert set(project.ids) == {"sourcing_a/new"}
    assert len(emulator.store.blueprints("sourcing_a")) == 1


def test_a_key_and_a_name_renamed_make_nothing_twice(project: Project, emulator: BackgroundEmulator) -> None:
    project.write("sourcing_a", {"old": blueprint("One")})
    assert project.apply().code == 0
    project.write("sourcing_a", {"new": blueprint("One") | {"name": "Another name"}})
    ran = project.apply()
    assert ran.code == 6
    assert "the same steps" in ran.out
    assert len(emulator.store.blueprints("sourcing_a")) == 1


@pytest.mark.parametrize("effect", ["done", "nothing"])
def test_an_update_of_unknown_outcome_leaves_neither_text_nor_sender_behind(
    effect: str, project: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    """What can't be read back can't be compared: everything that may be there is sent over."""

    def body(name: str, text: str, sender: str) -> dict[str, Any]:
        first = step(1, content=text, config={"userId": sender})
        return {"name": name, "steps": [first]}

    project.write("sourcing_a", {"one": body("N", "good", "user_1")})
    assert project.apply().code == 0

    def lose(exchange: Exchange) -> None:
        if effect == "done":
            exchange.forward()
        exchange.reset()

    project.write("sourcing_a", {"one": body("N", "BAD", "user_2")})
    proxy.script = on("update", lose, nth=None)
    assert project.apply().code == 10
    proxy.script = lambda _: None
    project.write("sourcing_a", {"one": body("N2", "good", "user_1")})
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 0, ran.out
    there = emulator.store.blueprints("sourcing_a")[0]
    assert (there.name, there.steps[0]["content"], there.steps[0]["config"]) == (
        "N2",
        "good",
        {"userId": "user_1"},
    )


def test_overwriting_empties_a_config_that_is_taken_out(
    project: Project, emulator: BackgroundEmulator
) -> None:
    project.write("sourcing_a", {"one": blueprint("One", config={"a": 1})})
    assert project.apply().code == 0
    emulator.store.edit(project.ids["sourcing_a/one"], name="Edited")
    project.write("sourcing_a", {"one": blueprint("One", steps=3)})
    assert project.apply("--overwrite", "sourcing_a/one").code == 0
    assert emulator.store.blueprints("sourcing_a")[0].config == {}


def test_overwriting_what_was_never_applied_is_refused(project: Project) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    ran = project.apply("--overwrite", "sourcing_a/one")
    assert ran.code == 1
    assert "there is nothing to overwrite at sourcing_a/one: it is not in the state" in ran.err


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("one", "did you mean sourcing_a/one?"),
        ("sourcing_a/onn", "did you mean sourcing_a/one?"),
        ("two", "several addresses have this key; name one: sourcing_a/two, sourcing_b/two"),
        ("premier-contact", "an address is SOURCING_ID/KEY; `kalentops state list` lists them"),
    ],
)
def test_overwrite_needs_whole_addresses(project: Project, given: str, hint: str) -> None:
    """A key alone could mean blueprints of several sourcings: `two` stands in both."""
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    project.write("sourcing_b", {"two": blueprint("Two")})
    ran = project.apply("--overwrite", given)
    assert ran.code == 1
    assert f"there is no {given} to overwrite" in ran.err
    assert hint in ran.err


def test_overwrite_puts_a_remote_edit_back(project: Project, emulator: BackgroundEmulator) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    assert project.apply().code == 0
    emulator.store.edit(project.ids["sourcing_a/one"], name="Theirs")
    assert project.apply().code == 0
    assert emulator.store.blueprints("sourcing_a")[0].name == "Theirs", "nobody asked for it"
    ran = project.apply("--overwrite", "sourcing_a/one")
    assert ran.code == 0, ran
    assert emulator.store.blueprints("sourcing_a")[0].name == "One"
    ran = project.apply("--overwrite", "sourcing_a/one", "--format", "json")
    assert ran.json["summary"]["done"] == 1
    assert project.run("plan", "--refresh", "--detailed-exitcode").code == 0


def test_a_success_without_a_usable_id_is_looked_for(
    project: Project, proxy: FaultProxy, truth: Truth
) -> None:
    def honest(exchange: Exchange) -> None:
        body = b'{"success": true, "data": {}}'
        exchange.raw(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))

    project.write("sourcing_a", {"one": blueprint("One")})
    proxy.script = on("create", honest, nth=None)
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 10
    assert (proxy.count("create"), proxy.count("fill")) == (3, 0)
    assert "the answer does not name what was created (if that repeats, set `create: whole`" in ran.out


@pytest.mark.parametrize("wrong", [{"name": "Old"}, {"sourcingId": "sourcing_b"}, {"blueprintId": "../x"}])
def test_an_answer_to_another_request_gets_no_text(
    wrong: dict[str, str], project: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    """A proxy has mixed up two answers: the id in it is another person's."""
    theirs = emulator.store.create("sourcing_b", "Old", [step()], None)

    def mix_up(exchange: Exchange) -> None:
        data = exchange.forward().data
        data["data"] |= {"blueprintId": theirs.blueprint_id} | wrong
        exchange.send(Response(201, json.dumps(data).encode()))

    project.write("sourcing_a", {"one": blueprint("One")})
    truth.watch(proxy)
    proxy.script = on("create", mix_up)
    ran = project.apply()
    truth.check(ran, unmanaged=frozenset({theirs.blueprint_id}))
    assert ran.code == 0
    assert (proxy.count("create"), proxy.count("fill"), proxy.count("update")) == (1, 1, 0)
    assert project.ids["sourcing_a/one"] != theirs.blueprint_id


def test_a_list_is_read_again_after_a_wait(
    project: Project, proxy: FaultProxy, emulator: BackgroundEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A colleague makes the same blueprint while the API makes us wait: it is adopted."""
    assert context.MAX_AGE == 10, "as docs/explanation/design.md says; nobody wants to wait for that here"
    monkeypatch.setattr(context, "MAX_AGE", 1.0)
    body = blueprint("One")

    def limit(exchange: Exchange) -> None:
        emulator.store.create("sourcing_a", "One", body["steps"], None)
        told = b'{"success": false, "error": {"code": "rate_limit_exceeded", "message": "slow"}}'
        exchange.raw(b"HTTP/1.1 429 X\r\nretry-after: 2\r\ncontent-length: %d\r\n\r\n%s" % (len(told), told))

    project.write("sourcing_a", {"one": body})
    proxy.script = on("create", limit, nth=None)
    ran = project.apply("--format", "json")
    assert ran.json["results"][0]["action"] == "adopt"
    assert proxy.count("create") == 1


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("damage", [{}, {"name": "One", "steps": [{"id": "x"}]}])
def test_a_damaged_body_in_the_state_stops_before_the_first_request(
    damage: dict[str, Any], project: Project, proxy: FaultProxy
) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    _open_create(project, proxy)
    state = project.state
    state["intents"]["sourcing_a/one"]["sent"] = damage
    project.state_path.write_text(json.dumps(state))
    before = len(proxy.requests)
    ran = project.apply()
    assert ran.code == 8
    assert "does not fit its digest" in ran.err
    assert len(proxy.requests) == before
