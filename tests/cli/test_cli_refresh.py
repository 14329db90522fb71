"""`plan --refresh`: what another person did in Kalent, shown apart, with the command to take it or to put it back."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest

from kalentops.emulator.server import BackgroundEmulator
from kalentops.support.text import with_times
from tests.builders import blueprint, step
from tests.faults.catalogue import envelope
from tests.faults.proxy import Exchange, FaultProxy, on, wait_until
from tests.harness import Project, Ran, Truth
from tests.platforms import needs_signals

AT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def writes(emulator: BackgroundEmulator) -> int:
    return sum(n for (method, _), n in emulator.log.requests.items() if method in {"POST", "PATCH"})


def say(project: Project, sourcing: str, **lines: Any) -> None:
    """Add `moved:` or `removed:` to a file."""
    path = project.folder / "blueprints" / f"{sourcing}.yaml"
    data = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**data, **lines}, indent=2), encoding="utf-8")


@pytest.fixture
def applied(project: Project, proxy: FaultProxy) -> Project:
    """Two blueprints of one sourcing and one of another, applied through a proxy that sees everything."""
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    project.write("sourcing_b", {"one": blueprint("One")})
    assert project.apply().code == 0
    return project


def refreshed(project: Project, *args: str) -> Ran:
    return project.run("plan", "--refresh", "--detailed-exitcode", *args)


# --- drift ------------------------------------------------------------------------------------------------------


def test_nothing_has_happened(applied: Project) -> None:
    ran = refreshed(applied)
    assert (ran.code, ran.out) == (0, "No changes. 3 unchanged.\n")
    assert ran.err == "reading 2 sourcings\n"


def test_a_persons_edit_is_reported_with_both_times_and_both_ways_out(
    applied: Project, emulator: BackgroundEmulator
) -> None:
    made = applied.ids["sourcing_a/one"]
    emulator.store.edit(made, name="Theirs")
    there = next(each for each in emulator.store.blueprints("sourcing_a") if each.blueprint_id == made)
    when = applied.state["blueprints"]["sourcing_a/one"]["applied_at"]
    ran = refreshed(applied)
    assert ran.code == 2
    assert ran.out == (
        "Drift: Kalent differs from what is recorded\n"
        f'  ≠ changed sourcing_a/one "One" ({made})\n'
        f"      recorded {with_times(when)}; edited in Kalent {with_times(there.updated_at)}\n"
        "      blueprint: name\n"
        "          [-One-]{+Theirs+}\n"
        "      keep the edit: kalentops import sourcing_a --update\n"
        "      undo the edit: kalentops apply --overwrite sourcing_a/one --target sourcing_a/one\n"
        "\n"
        "Plan: 3 unchanged, 1 edited in Kalent.\n"
    )
    (drift,) = refreshed(applied, "--format", "json").json["drift"]
    assert (drift["address"], drift["kind"], drift["blueprint_id"]) == ("sourcing_a/one", "changed", made)
    assert (drift["applied_at"], drift["updated_at"]) == (when, there.updated_at)
    assert drift["changes"] == [
        {"kind": "changed", "step": None, "field": "name", "before": "One", "after": "Theirs"}
    ]


@pytest.mark.parametrize(
    "back",
    [("import", "sourcing_a", "--update"), ("apply", "--yes", "--overwrite", "sourcing_a/one")],
    ids=str,
)
def test_an_edit_is_reported_until_it_is_taken_or_put_back(
    back: tuple[str, ...], applied: Project, emulator: BackgroundEmulator
) -> None:
    emulator.store.edit(applied.ids["sourcing_a/one"], name="Theirs")
    for _ in range(2):
        assert applied.apply().code == 0
        assert refreshed(applied).code == 2
    assert applied.run(*back).code == 0
    assert refreshed(applied).out == "No changes. 3 unchanged.\n"
    name = emulator.store.blueprints("sourcing_a")[0].name
    assert name == ("Theirs" if back[0] == "import" else "One")


def test_both_sides_moved(applied: Project, emulator: BackgroundEmulator) -> None:
    made = applied.ids["sourcing_b/one"]
    emulator.store.edit(made, steps=[step(1, name="One, step 1", content="Theirs")])
    mine = blueprint("One")
    mine["steps"][0]["delay"]["value"] = 9
    applied.write("sourcing_b", {"one": mine})
    ran = refreshed(applied)
    assert ran.code == 2
    said = ran.out.partition("Drift")[0]
    assert '  ! conflict one "One"' in said
    assert "edited in Kalent (20" in said
    assert "      keep the edit: kalentops import sourcing_b --update  (except" in said
    assert "      undo the edit: kalentops apply --overwrite sourcing_b/one --target sourcing_b/one\n" in said
    assert said.index("your change:") < said.index("delay 1 day → 9 days") < said.index("edited in Kalent:")
    assert "[-Hi {{firstname}}, message 1-]{+Theirs+}" in said
    drift = ran.out.partition("Drift")[2]
    assert "≠ changed sourcing_b/one" in drift
    assert "Theirs" not in drift, "it stands above"
    assert "kalentops " not in drift, "and so does what to type"
    assert ran.out.endswith("Plan: 1 in conflict, 2 unchanged, 1 edited in Kalent.\n")
    done = applied.apply()
    assert done.code == 6
    assert "edited in Kalent (20" in done.out, "in the same words"


def test_what_was_deleted_in_kalent(applied: Project, emulator: BackgroundEmulator) -> None:
    emulator.store.remove(applied.ids["sourcing_a/one"])
    ran = refreshed(applied)
    assert ran.code == 2
    assert "≠ gone sourcing_a/one" in ran.out
    assert "      forget it: kalentops state rm sourcing_a/one  (if it was deleted there; " in ran.out
    assert "--overwrite" not in ran.out, "there is nothing to put it over"
    assert ran.out.endswith("Plan: 3 unchanged, 1 missing in Kalent.\n")
    assert applied.run("state", "rm", "--yes", "sourcing_a/one").code == 0
    assert refreshed(applied, "--format", "json").json["summary"]["create"] == 1
    assert applied.apply().code == 0
    assert refreshed(applied).code == 0


def test_steps_of_a_form_that_no_one_here_would_write(applied: Project, emulator: BackgroundEmulator) -> None:
    """The web app may make what validate refuses: no ids, the same id twice, numbers for texts, fields of its own."""
    same = step(1, name="One, step 1")
    odd: list[list[Any]] = [
        [{key: value for key, value in same.items() if key != "id"}],
        [same, same],
        [{**same, "content": True, "name": None, "colour": "red"}],
        [{**same, "delay": "soon"}],
        [{"id": "x"}],
        [],
    ]
    for steps in odd:
        emulator.store.edit(applied.ids["sourcing_a/one"], steps=steps)
        ran = refreshed(applied)
        assert (ran.code, "sourcing_a/one" in ran.out) == (2, True), (steps, ran.err)
        assert applied.run("plan", "--refresh-only", "--format", "json").json["drift"], steps


def test_what_comes_from_kalent_is_shown_harmlessly(applied: Project, emulator: BackgroundEmulator) -> None:
    hostile = "x\x1b[31m\n::error::\u202e##[group]"
    emulator.store.edit(applied.ids["sourcing_a/one"], name=hostile)
    emulator.store.create("sourcing_a", f"Two{hostile}", blueprint("Two")["steps"])
    for form in ("text", "json"):
        ran = refreshed(applied, "--format", form)
        assert ran.code == 2
        for each in ("\x1b", "\u202e", "\n::error::", "##["):
            assert (form == "json" and each == "\u202e") or each not in ran.out, (form, each)


# --- drift alone ------------------------------------------------------------------------------------------------


def test_drift_alone_for_a_nightly_job(applied: Project, emulator: BackgroundEmulator) -> None:
    applied.write("sourcing_b", {"one": blueprint("One", steps=3), "new": blueprint("New")})
    emulator.store.create("sourcing_a", "one", blueprint("One")["steps"])
    nightly = "plan", "--refresh-only", "--detailed-exitcode"
    ran = applied.run(*nightly)
    assert (ran.code, ran.out) == (0, "No drift.\n")
    emulator.store.edit(applied.ids["sourcing_a/two"], name="Theirs")
    ran = applied.run(*nightly)
    assert ran.code == 2
    assert ran.out.startswith("Drift: Kalent differs from what is recorded\n  ≠ changed sourcing_a/two")
    assert "sourcing_b" not in ran.out
    data = applied.run(*nightly, "--format", "json").json
    assert (data["changes"], data["look_alikes"], data["unmanaged"]) == ([], [], {})
    assert [each["address"] for each in data["drift"]] == ["sourcing_a/two"]
    assert applied.run("plan", "--refresh-only").code == 0


def test_drift_alone_is_nothing_to_save(applied: Project) -> None:
    ran = applied.run("plan", "--refresh-only", "--out", "plan.json")
    assert (ran.code, ran.out) == (1, "")
    assert "--refresh --out" in ran.err
    assert not (applied.folder / "plan.json").exists()


# --- what is not ours -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 3, 4])
@pytest.mark.parametrize("form", ["text", "markdown"])
def test_the_command_that_takes_what_is_not_managed_works_as_it_is_named(
    form: str, number: int, tmp_path: Path
) -> None:
    ids = [f"sourcing_{letter}" for letter in "abcd"]
    with BackgroundEmulator(sourcings=[(each, each) for each in ids]) as emulator:
        project = Project(tmp_path, emulator.url)
        for each in ids:
            project.write(each, {"one": blueprint(f"One of {each}")})
        assert project.apply().code == 0
        for each in ids[:number]:
            emulator.store.create(each, "Something else", blueprint("Else")["steps"])
        project.write(
            ids[0], {"one": blueprint("Another name")}
        )  # in Markdown the note stands beside changes only
        said = refreshed(project, "--format", form).out
        (command,) = re.findall(r"`kalentops (import [^`]*)` imports (?:it|them)", said)
        ran = project.run(*command.split())
        assert ran.code == 0, ran.err
        assert "unmanaged blueprint" not in refreshed(project, "--format", form).out


def test_a_suspected_copy_and_what_is_not_managed(applied: Project, emulator: BackgroundEmulator) -> None:
    copy = emulator.store.create("sourcing_a", "one ", blueprint("Other")["steps"])
    emulator.store.create("sourcing_a", "Something else", blueprint("Else")["steps"])
    ran = refreshed(applied)
    assert ran.code == 0, "it is somebody's, and nothing of ours has changed"
    assert "Unmanaged, and looks like a managed one\n" in ran.out
    assert (
        f'  ! {copy.blueprint_id} "one " looks like sourcing_a/one ({applied.ids["sourcing_a/one"]}): '
        in ran.out
    )
    assert (
        "2 unmanaged blueprints in Kalent (sourcing_a): "
        "`kalentops import sourcing_a` imports them\n" in ran.out
    )
    data = refreshed(applied, "--format", "json").json
    assert data["unmanaged"] == {"sourcing_a": 2}
    assert [each["blueprint_id"] for each in data["look_alikes"]] == [copy.blueprint_id]


def test_what_would_be_made_beside_a_look_alike(applied: Project, emulator: BackgroundEmulator) -> None:
    there = emulator.store.create("sourcing_c", "one", blueprint("Other")["steps"])
    applied.write("sourcing_c", {"one": blueprint("One")})
    ran = refreshed(applied)
    assert f"{there.blueprint_id} is unmanaged, and has this name but different content" in ran.out
    assert (
        f"      import it: kalentops import sourcing_c --key one --id {there.blueprint_id}  (plan" in ran.out
    )
    assert "from Kalent to the file:" in ran.out
    assert applied.apply().code == 6
    assert applied.run("import", "sourcing_c", "--key", "one", "--id", there.blueprint_id).code == 0
    assert applied.apply().code == 0
    assert refreshed(applied).code == 0


# --- a lost state -----------------------------------------------------------------------------------------------


def test_a_lost_state_does_no_harm(applied: Project, truth: Truth, emulator: BackgroundEmulator) -> None:
    ids, before = applied.ids, writes(emulator)
    applied.state_path.unlink()
    plan = refreshed(applied, "--format", "json").json
    assert plan["summary"] | {"adopt": 0} == dict.fromkeys(plan["summary"], 0)
    assert {each["address"]: each["blueprint_id"] for each in plan["changes"]} == ids
    assert refreshed(applied).out.count("an identical blueprint exists; it will be adopted") == 3
    ran = applied.apply()
    truth.check(ran)
    assert (ran.code, applied.ids) == (0, ids)
    assert writes(emulator) == before
    assert refreshed(applied).code == 0


def test_a_lost_state_and_the_guards(applied: Project, emulator: BackgroundEmulator) -> None:
    """A plan that has not looked takes for new what is there: a hint says how to make one that has."""
    ids, before = applied.ids, writes(emulator)
    applied.state_path.unlink()
    (applied.folder / "kalentops.yaml").write_text("guards: {max_creates: 1}\n")
    assert "apply would stop: the plan exceeds the guards: 3 creates" in refreshed(applied).err
    stopped = applied.apply()
    assert stopped.code == 6
    assert "`kalentops plan --refresh --out FILE`" in stopped.err
    saved = refreshed(applied, "--out", "plan.json")
    assert "apply would stop" not in saved.err
    assert applied.apply("plan.json").code == 0
    assert (applied.ids, writes(emulator)) == (ids, before)


# --- saved plans ------------------------------------------------------------------------------------------------


@pytest.fixture
def saved(applied: Project) -> Project:
    """A saved plan: one to make, one to change."""
    applied.write(
        "sourcing_a", {"one": blueprint("One", steps=3), "two": blueprint("Two"), "new": blueprint("New")}
    )
    assert applied.run("plan", "--refresh", "--out", "plan.json").code == 0
    return applied


def test_a_saved_plan_is_done_as_it_was_reviewed(saved: Project, emulator: BackgroundEmulator) -> None:
    before = writes(emulator)
    assert saved.apply("plan.json").code == 0
    assert writes(emulator) == before + 3, "an update, and a create, which are two"
    assert refreshed(saved).code == 0


def test_a_saved_plan_does_not_mind_what_does_not_concern_it(
    saved: Project, emulator: BackgroundEmulator
) -> None:
    emulator.store.create("sourcing_a", "Something else", blueprint("Else")["steps"])
    emulator.store.create("sourcing_c", "New", blueprint("New")["steps"])
    emulator.store.edit(saved.ids["sourcing_a/two"], name="Theirs")
    emulator.store.remove(saved.ids["sourcing_b/one"])
    assert saved.apply("plan.json").code == 0


def _edit_files(project: Project, _: BackgroundEmulator) -> None:
    project.write(
        "sourcing_a", {"one": blueprint("One", steps=4), "two": blueprint("Two"), "new": blueprint("New")}
    )


def _write_state(project: Project, _: BackgroundEmulator) -> None:
    assert project.run("state", "rm", "--yes", "sourcing_a/one").code == 0


def _edit_in_kalent(project: Project, emulator: BackgroundEmulator) -> None:
    emulator.store.edit(project.ids["sourcing_a/one"], name="Theirs")


def _make_in_kalent(_: Project, emulator: BackgroundEmulator) -> None:
    emulator.store.create("sourcing_a", "New", blueprint("New")["steps"])


@pytest.mark.parametrize(
    ("happens", "moved", "where"),
    [
        (_edit_files, "the files have", "sourcing_a/one"),
        (_write_state, "the state has", "sourcing_a/one"),
        (_edit_in_kalent, "Kalent has", "sourcing_a/one"),
        (_make_in_kalent, "Kalent has", "sourcing_a/new"),
    ],
    ids=["files", "state", "an edit in Kalent", "a copy in Kalent"],
)
def test_a_saved_plan_is_stale(
    happens: Callable[[Project, BackgroundEmulator], None],
    moved: str,
    where: str | None,
    saved: Project,
    emulator: BackgroundEmulator,
) -> None:
    before = writes(emulator)
    happens(saved, emulator)
    ran = saved.apply("plan.json")
    assert (ran.code, ran.out, writes(emulator)) == (7, "", before)
    others = {"the files have", "the state has", "Kalent has"} - {moved}
    assert moved in ran.err
    assert not any(each in ran.err for each in others), ran.err
    assert where is None or f"it differs at {where}" in ran.err
    assert "it had 1 to create, 1 to update" in ran.err


@needs_signals
@pytest.mark.processes
@pytest.mark.parametrize("options", [(), ("--refresh",)], ids=["offline", "refreshed"])
def test_a_plan_that_was_saved_after_a_run_was_killed_holds(
    options: tuple[str, ...], applied: Project, proxy: FaultProxy, truth: Truth
) -> None:
    """No one has changed the state: apply only puts into it what the journal has."""

    def kill(exchange: Exchange) -> None:
        exchange.forward()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        exchange.reset()

    applied.write("sourcing_c", {"one": blueprint("One")})
    proxy.script = on("create", kill, nth=proxy.count("create") + 1)
    process = applied.start("apply", "--yes")
    process.communicate(timeout=120)
    assert applied.journal_path.exists()
    proxy.script = lambda _: None
    assert applied.run("plan", "--out", "plan.json", *options).code == 0
    ran = applied.apply("plan.json")
    truth.check(ran)
    assert ran.code == 0, ran.err
    assert applied.apply("plan.json").code == 7


def test_a_saved_plan_that_asks_for_what_is_gone_is_stale(
    applied: Project, emulator: BackgroundEmulator
) -> None:
    emulator.store.edit(applied.ids["sourcing_a/one"], name="Theirs")
    asked = "--target", "sourcing_a/one", "--overwrite", "sourcing_a/one"
    assert applied.run("plan", "--refresh", "--out", "plan.json", *asked).code == 0
    applied.write("sourcing_a", {"two": blueprint("Two")})
    assert applied.run("state", "rm", "--yes", "sourcing_a/one").code == 0
    ran = applied.apply("plan.json")
    assert ran.code == 7, ran.err


def test_what_a_saved_plan_is_about_is_in_it(applied: Project, emulator: BackgroundEmulator) -> None:
    emulator.store.edit(applied.ids["sourcing_a/one"], name="Theirs")
    applied.write("sourcing_b", {"one": blueprint("One", steps=3)})
    asked = "--sourcing", "sourcing_a", "--overwrite", "sourcing_a/one"
    assert applied.run("plan", "--refresh", "--out", "plan.json", *asked).code == 0
    both = applied.apply("plan.json", "--target", "one")
    assert both.code == 1
    assert "a saved plan has its own selection" in both.err
    ran = applied.apply("plan.json", "--format", "json")
    assert (ran.code, [each["address"] for each in ran.json["results"]]) == (0, ["sourcing_a/one"])
    assert ran.json["left_out"] == ["sourcing_b/one"]
    assert emulator.store.blueprints("sourcing_a")[0].name == "One"


# --- what can't be read -----------------------------------------------------------------------------------------


def answering(status: int, code: str) -> Callable[[Exchange], None]:
    return lambda exchange: exchange.send(envelope(status, code, "no"))


@pytest.mark.parametrize(("status", "code"), [(404, "not_found"), (403, "forbidden")])
def test_one_sourcing_that_the_api_refuses(
    status: int, code: str, applied: Project, proxy: FaultProxy
) -> None:
    applied.write("sourcing_b", {"one": blueprint("One"), "new": blueprint("New")})
    proxy.script = lambda request: answering(status, code) if "sourcing_b" in request.path else None
    ran = refreshed(applied)
    assert ran.code == 2
    assert '! conflict new "New"' in ran.out
    assert "≠ unreadable sourcing_b/one" in ran.out
    assert ran.out.count(f"(HTTP {status})") == 2
    assert ran.out.endswith("Plan: 1 in conflict, 3 unchanged, 1 unreadable in Kalent.\n")


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_key_that_may_see_none_of_the_sourcings(form: str, applied: Project, proxy: FaultProxy) -> None:
    proxy.script = on("list", answering(403, "forbidden"), nth=None)
    ran = refreshed(applied, "--out", "plan.json", "--format", form)
    assert (ran.code, ran.out) == (4, "")
    assert "error: nothing could be read: sourcing_a: the API refused: no [trk] (HTTP 403); " in ran.err
    assert not (applied.folder / "plan.json").exists()
    assert refreshed(applied, "--refresh-only").code == 4


@pytest.mark.parametrize(("status", "exit_code"), [(401, 4), (402, 4), (500, 5)])
def test_an_api_that_says_nothing(
    status: int, exit_code: int, applied: Project, proxy: FaultProxy, no_backoff: None
) -> None:
    proxy.script = on("list", answering(status, "some_error"), nth=None)
    ran = refreshed(applied, "--out", "plan.json")
    assert (ran.code, ran.out) == (exit_code, "")
    assert "error: " in ran.err
    assert not (applied.folder / "plan.json").exists()


def test_an_api_that_is_not_there(applied: Project, no_backoff: None) -> None:
    applied.url = "http://127.0.0.1:9/api"
    ran = refreshed(applied)
    assert (ran.code, ran.out) == (8, ""), "it is another API than the state's, and that is found first"
    applied.state_path.unlink()
    ran = refreshed(applied)
    assert (ran.code, ran.out) == (5, "")


def test_no_key(applied: Project) -> None:
    applied.environment["KALENT_API_KEY"] = ""
    assert applied.run("plan").code == 0
    ran = refreshed(applied)
    assert (ran.code, ran.out) == (4, "")
    assert "export KALENT_API_KEY" in ran.err


def test_a_state_of_another_workspace_is_foretold_to_stop(
    applied: Project, emulator: BackgroundEmulator
) -> None:
    """The same address, another key: nothing of ours is there."""
    for sourcing in ("sourcing_a", "sourcing_b"):
        for each in emulator.store.blueprints(sourcing):
            emulator.store.remove(each.blueprint_id)
    applied.write("sourcing_c", {"new": blueprint("New")})
    before, state = writes(emulator), applied.state_path.read_bytes()
    assert "apply would stop: Kalent knows nothing of what the state says is there" in refreshed(applied).err
    ran = applied.apply()
    assert (ran.code, ran.out) == (8, "")
    assert "nothing was written" in ran.err
    assert (writes(emulator), applied.state_path.read_bytes()) == (before, state)


@needs_signals
@pytest.mark.processes
def test_ctrl_c_while_it_looks(applied: Project, proxy: FaultProxy) -> None:
    for number in range(6):
        applied.write(f"sourcing_{number}", {"one": blueprint("One")})
    held = threading.Event()

    def hold(exchange: Exchange) -> None:
        held.set()
        exchange.stall(0.5)
        exchange.send(exchange.forward())

    applied.timeout = 20
    proxy.script = on("list", hold, nth=None)
    before = applied.state_path.read_bytes()
    process = applied.start("plan", "--refresh", "--out", "plan.json")
    assert held.wait(120)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, "")
    assert "finishing the open requests" in err
    assert "interrupted while reading; nothing was changed" in err
    assert not (applied.folder / "plan.json").exists()
    assert applied.state_path.read_bytes() == before


@needs_signals
@pytest.mark.processes
def test_ctrl_c_while_a_saved_plan_is_looked_at_writes_nothing(saved: Project, proxy: FaultProxy) -> None:
    """A wish to end that comes with the last list counts as well."""
    last: list[int] = []

    def interrupt(exchange: Exchange) -> None:
        response = exchange.forward()
        last.append(exchange.request.nth)
        if len(last) == 2:
            os.kill(process.pid, signal.SIGINT)
            exchange.stall(0.3)
        exchange.send(response)

    saved.timeout = 20
    before = proxy.count("create"), proxy.count("update")
    proxy.script = on("list", interrupt, nth=None)
    process = saved.start("apply", "--yes", "plan.json", "--parallelism", "1")
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, ""), err
    assert wait_until(lambda: len(last) >= 2)
    assert (proxy.count("create"), proxy.count("update")) == before


# --- it can't write ---------------------------------------------------------------------------------------------

OPTIONS = (
    ("--refresh",),
    ("--refresh-only",),
    ("--detailed-exitcode",),
    ("--out", "plan.json"),
    ("--sourcing", "sourcing_a"),
    ("--target", "one"),
    ("--overwrite", "sourcing_a/one"),
    ("--format", "json"),
    ("--verbose",),
    ("--quiet",),
    ("--debug-http",),
)


def some_of(options: tuple[tuple[str, ...], ...]) -> Iterator[tuple[tuple[str, ...], ...]]:
    """None, each alone, each two together, and all."""
    return chain([()], combinations(options, 1), combinations(options, 2), [options])


def test_no_option_of_plan_writes(
    applied: Project, emulator: BackgroundEmulator, proxy: FaultProxy, tmp_path: Path
) -> None:
    """Whatever there is to do: something of each kind."""
    emulator.store.edit(applied.ids["sourcing_a/one"], name="Theirs")
    emulator.store.remove(applied.ids["sourcing_b/one"])
    emulator.store.create("sourcing_c", "There", blueprint("There")["steps"])
    applied.write("sourcing_a", {"one": blueprint("One", steps=3), "three": blueprint("Two")})
    say(applied, "sourcing_a", moved=[{"from": "two", "to": "three"}])
    applied.write("sourcing_b", {"one": blueprint("One", steps=3), "new": blueprint("New")})
    applied.write("sourcing_c", {"there": blueprint("There"), "new": blueprint("Else", steps=3)})

    def contents() -> dict[str, bytes]:
        return {
            path.name: path.read_bytes()
            for path in tmp_path.rglob("*")
            if path.is_file() and path.name != "plan.json"
        }

    proxy.requests.clear()
    before, ran = contents(), 0
    for chosen in some_of(OPTIONS):
        args = [part for option in chosen for part in option]
        code = applied.run("plan", *args).code
        ran += code != 1
        assert code in {0, 1, 2}, args
    assert ran > 50
    assert contents() == before
    assert {request.method for request in proxy.requests} == {"GET"}
    assert len(proxy.requests) > 50
