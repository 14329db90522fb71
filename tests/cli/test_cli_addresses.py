"""The life of an address: moved, removed, protected, asked for; in files, and with `state mv`."""

from __future__ import annotations

import errno
import json
import os
import signal
from typing import Any

import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.faults.catalogue import envelope
from tests.faults.proxy import Exchange, FaultProxy, Request, on
from tests.harness import Project, Truth
from tests.platforms import needs_signals
from tests.strategies import to_yaml
from tests.torture.disk import Disk, Op


def write(project: Project, blueprints: dict[str, Any], sourcing: str = "sourcing_a", **lines: Any) -> None:
    """A file with what it says of other keys."""
    path = project.write(sourcing, blueprints)
    data = json.loads(to_yaml(sourcing, blueprints))
    path.write_text(json.dumps({**data, **lines}, indent=2), encoding="utf-8")


def moved(old: str, new: str) -> dict[str, str]:
    return {"from": old, "to": new}


@pytest.fixture
def applied(project: Project, proxy: FaultProxy) -> Project:
    write(project, {"old": blueprint("One"), "other": blueprint("Other")})
    assert project.apply().code == 0
    proxy.requests.clear()
    return project


# --- moved ------------------------------------------------------------------------------------------------------


def test_a_key_is_renamed_without_a_request(applied: Project, proxy: FaultProxy, truth: Truth) -> None:
    made = applied.ids["sourcing_a/old"]
    write(applied, {"new": blueprint("One"), "other": blueprint("Other")}, moved=[moved("old", "new")])
    plan = applied.run("plan", "--detailed-exitcode")
    assert plan.code == 2
    assert f'  » move new (was old) "One" ({made})' in plan.out
    assert plan.out.endswith("Plan: 1 to move, 1 unchanged.\n")
    ran = applied.apply("--format", "json")
    truth.check(ran)
    assert ran.code == 0
    (result,) = ran.json["results"]
    assert (result["address"], result["action"], result["outcome"]) == ("sourcing_a/new", "move", "done")
    assert result["blueprint_id"] == made
    assert applied.ids == {"sourcing_a/new": made, "sourcing_a/other": applied.ids["sourcing_a/other"]}
    assert proxy.requests == [], "Kalent hears nothing of it"
    for _ in range(2):  # the line may stay
        assert applied.run("plan", "--detailed-exitcode").out == "No changes. 2 unchanged.\n"
        assert applied.apply().code == 0


def test_a_key_is_renamed_and_a_text_is_changed(
    applied: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    made = applied.ids["sourcing_a/old"]
    write(
        applied, {"new": blueprint("One", steps=3), "other": blueprint("Other")}, moved=[moved("old", "new")]
    )
    assert "~ update new (was old)" in applied.run("plan").out
    ran = applied.apply()
    truth.check(ran)
    assert ran.code == 0
    assert applied.ids["sourcing_a/new"] == made
    assert (proxy.count("create"), proxy.count("update")) == (2, 1)
    assert len(emulator.store.blueprints("sourcing_a")) == 2


def test_a_slip_in_the_old_key_makes_no_second_one(
    applied: Project, truth: Truth, emulator: BackgroundEmulator
) -> None:
    """Renamed, and edited beyond recognition: `from` alone tells that it is the same one."""
    made, other = applied.ids["sourcing_a/old"], {"other": blueprint("Other")}
    anew = {"new": blueprint("Something else", steps=1), **other}
    write(applied, anew, moved=[moved("odl", "new")])
    ran = applied.apply()
    truth.check(ran)
    assert ran.code == 6
    assert "declared as moved from odl, which is not recorded; old is recorded, as " in ran.out
    said = applied.run("plan").out
    assert "possibly renamed to sourcing_a/new: resolve that conflict first" in said
    assert "removed: [old]" in said
    assert "state rm" not in said
    write(applied, anew, moved=[moved("old", "new")])
    ran = applied.apply()
    truth.check(ran)
    assert (ran.code, applied.ids["sourcing_a/new"]) == (0, made)
    assert len(emulator.store.blueprints("sourcing_a")) == 2


def test_a_slip_in_the_old_key_of_a_new_one(applied: Project) -> None:
    made, other = applied.ids["sourcing_a/old"], {"other": blueprint("Other")}
    anew = {"new": blueprint("Something else", steps=1), **other}
    write(applied, anew, moved=[moved("odl", "new")], removed=["old"])
    ran = applied.apply()
    assert ran.code == 0
    assert applied.ids["sourcing_a/new"] != made


def test_a_place_that_is_taken_is_reported(applied: Project) -> None:
    write(applied, {"other": blueprint("Other")}, moved=[moved("old", "other")])
    plan = applied.run("plan")
    assert "? orphan old" in plan.out
    assert (
        f"declared as moved to sourcing_a/other, which {applied.ids['sourcing_a/other']} has already"
        in plan.out
    )
    before = applied.ids
    assert applied.apply().code == 0
    assert applied.ids == before


def test_a_sourcing_that_changes_is_a_new_blueprint_and_an_orphan(applied: Project) -> None:
    write(applied, {"other": blueprint("Other")})
    write(applied, {"old": blueprint("One")}, "sourcing_b")
    plan = applied.run("plan")
    assert "a blueprint can't change its sourcing: this creates a new one" in plan.out
    assert plan.out.endswith("Plan: 1 to create, 1 unchanged, 1 orphan.\n")


def test_keys_that_were_swapped_are_left_to_a_person(
    applied: Project, truth: Truth, emulator: BackgroundEmulator
) -> None:
    """Else candidates who are in One would get the texts of New, and a second One would be made."""
    made = applied.ids["sourcing_a/old"]
    swapped = {"legacy": blueprint("One"), "old": blueprint("New"), "other": blueprint("Other")}
    write(applied, swapped)
    ran = applied.apply()
    truth.check(ran)
    assert ran.code == 6
    assert (
        ran.out.count("keys renamed or swapped: kalentops state mv sourcing_a/old sourcing_a/legacy\n") == 2
    )
    assert [each.name for each in emulator.store.blueprints("sourcing_a")] == ["One", "Other"]
    assert applied.run("state", "mv", "sourcing_a/old", "sourcing_a/legacy").code == 0
    ran = applied.apply()
    truth.check(ran)
    assert (ran.code, applied.ids["sourcing_a/legacy"]) == (0, made)
    assert [each.name for each in emulator.store.blueprints("sourcing_a")] == ["One", "Other", "New"]


def test_a_name_that_changes_hands_on_purpose(applied: Project, emulator: BackgroundEmulator) -> None:
    made = applied.ids["sourcing_a/old"]
    write(applied, {"legacy": blueprint("One"), "old": blueprint("New"), "other": blueprint("Other")})
    assert applied.apply("--overwrite", "sourcing_a/old").code == 6
    assert applied.apply().code == 0
    assert applied.ids["sourcing_a/old"] == made
    assert [each.name for each in emulator.store.blueprints("sourcing_a")] == ["New", "Other", "One"]


# --- moved, and a run that ends ---------------------------------------------------------------------------------


def lost(exchange: Exchange) -> None:
    exchange.forward()
    exchange.reset()


def gone(exchange: Exchange) -> None:
    exchange.reset()


def cut_off(project: Project, proxy: FaultProxy, kind: str) -> None:
    """A run whose write has an effect that no one hears of."""
    seen: list[Request] = []

    def script(request: Request) -> Any:
        if seen:
            return gone
        if request.kind == kind:
            seen.append(request)
            return lost
        return None

    proxy.script = script
    assert project.apply().code == 10
    proxy.script = lambda _: None


@pytest.mark.usefixtures("no_backoff")
def test_an_open_create_is_settled_under_its_new_address(
    applied: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    kept = {"old": blueprint("One"), "other": blueprint("Other")}
    write(applied, {**kept, "third": blueprint("Third")})
    cut_off(applied, proxy, "fill")
    assert "sourcing_a/third" in applied.state["intents"]
    write(applied, {**kept, "fourth": blueprint("Third")}, moved=[moved("third", "fourth")])
    assert '> resume fourth (was third) "Third"' in applied.run("plan").out
    made = emulator.store.blueprints("sourcing_a")[-1].blueprint_id
    assert "sends it if not; it has arrived" in applied.run("plan", "--refresh").out
    ran = applied.apply()
    truth.check(ran)
    assert (ran.code, applied.ids["sourcing_a/fourth"]) == (0, made)
    assert applied.state["intents"] == {}
    assert len(emulator.store.blueprints("sourcing_a")) == 3


@pytest.mark.usefixtures("no_backoff")
def test_an_open_update_is_settled_under_its_new_address(
    applied: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    write(applied, {"old": blueprint("One", steps=3), "other": blueprint("Other")})
    cut_off(applied, proxy, "update")
    write(
        applied, {"new": blueprint("One", steps=4), "other": blueprint("Other")}, moved=[moved("old", "new")]
    )
    ran = applied.apply()
    truth.check(ran)
    assert (ran.code, set(applied.ids)) == (0, {"sourcing_a/new", "sourcing_a/other"})
    assert len(emulator.store.blueprints("sourcing_a")[0].steps) == 4
    assert applied.run("plan", "--refresh", "--detailed-exitcode").code == 0


@needs_signals
@pytest.mark.processes
def test_killed_between_the_move_and_what_follows(
    applied: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    made = applied.ids["sourcing_a/old"]
    write(
        applied, {"new": blueprint("One", steps=3), "other": blueprint("Other")}, moved=[moved("old", "new")]
    )

    def kill(exchange: Exchange) -> None:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        exchange.reset()

    proxy.script = on("update", kill)
    process = applied.start("apply", "--yes")
    process.communicate(timeout=120)
    assert applied.ids == {"sourcing_a/new": made, "sourcing_a/other": applied.ids["sourcing_a/other"]}
    assert "> resume new" in applied.run("plan").out
    proxy.script = lambda _: None
    ran = applied.apply()
    truth.check(ran)
    assert ran.code == 0
    assert len(emulator.store.blueprints("sourcing_a")[0].steps) == 3
    assert applied.run("plan", "--refresh", "--detailed-exitcode").code == 0


@needs_signals
@pytest.mark.processes
def test_killed_before_the_move(applied: Project, proxy: FaultProxy, truth: Truth) -> None:
    """It comes after the look, so a run that ends in the look has changed nothing."""
    before = applied.state_path.read_bytes()
    write(
        applied, {"new": blueprint("One", steps=3), "other": blueprint("Other")}, moved=[moved("old", "new")]
    )

    def kill(exchange: Exchange) -> None:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        exchange.reset()

    proxy.script = on("list", kill, nth=None)
    process = applied.start("apply", "--yes")
    process.communicate(timeout=120)
    assert applied.state_path.read_bytes() == before
    proxy.script = lambda _: None
    ran = applied.apply()
    truth.check(ran)
    assert (ran.code, set(applied.ids)) == (0, {"sourcing_a/new", "sourcing_a/other"})


def test_a_full_disk_at_the_move(applied: Project, proxy: FaultProxy, truth: Truth) -> None:
    """Nothing is sent that could not be recorded under its new address."""
    before = applied.state_path.read_bytes()
    write(
        applied, {"new": blueprint("One", steps=3), "other": blueprint("Other")}, moved=[moved("old", "new")]
    )

    def full(op: Op) -> None:
        if op.kind == "write":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Disk(applied.folder, full):
        ran = applied.apply()
    assert (ran.code, ran.out) == (1, "")
    assert "No space left on device" in ran.err
    assert applied.state_path.read_bytes() == before
    assert {request.method for request in proxy.requests} == {"GET"}
    ran = applied.apply()
    truth.check(ran)
    assert (ran.code, set(applied.ids)) == (0, {"sourcing_a/new", "sourcing_a/other"})


@needs_signals
@pytest.mark.processes
def test_a_wish_to_end_before_the_move(applied: Project, proxy: FaultProxy) -> None:
    before = applied.state_path.read_bytes()
    write(
        applied, {"new": blueprint("One"), "other": blueprint("Other", steps=3)}, moved=[moved("old", "new")]
    )

    def interrupt(exchange: Exchange) -> None:
        response = exchange.forward()
        os.kill(process.pid, signal.SIGINT)
        exchange.stall(0.3)
        exchange.send(response)

    applied.timeout = 20
    proxy.script = on("list", interrupt, nth=None)
    process = applied.start("apply", "--yes", "--format", "json")
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert {each["address"]: each["outcome"] for each in json.loads(out)["results"]} == {
        "sourcing_a/new": "not_attempted",
        "sourcing_a/other": "not_attempted",
    }
    assert applied.state_path.read_bytes() == before


def test_editors_know_the_lines(project: Project) -> None:
    schema = project.run("schema").json
    assert {"moved", "removed"} <= schema["$defs"]["SourcingFile"]["properties"].keys()
    assert "protect" in schema["$defs"]["Blueprint"]["properties"]


# --- removed ----------------------------------------------------------------------------------------------------


def test_what_is_removed_is_forgotten_and_stays_in_kalent(
    applied: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    made = applied.ids["sourcing_a/old"]
    write(applied, {"other": blueprint("Other")}, removed=["old"])
    plan = applied.run("plan")
    assert f'  - forget old "One" ({made})' in plan.out
    assert "it stays in Kalent until it is deleted there" in plan.out
    ran = applied.apply()
    truth.check(ran, unmanaged=frozenset({made}))
    assert (ran.code, set(applied.ids)) == (0, {"sourcing_a/other"})
    assert f"  forgotten       sourcing_a/old {made}" in ran.out
    assert proxy.requests == []
    assert len(emulator.store.blueprints("sourcing_a")) == 2
    assert applied.run("plan", "--detailed-exitcode").code == 0


def test_what_is_removed_from_a_sourcing_that_is_gone(applied: Project, proxy: FaultProxy) -> None:
    """The main use of it: nothing has to be asked of Kalent, and what is foretold is that it is forgotten."""
    write(applied, {}, removed=["old", "other"])
    proxy.script = on("list", gone, nth=None)
    assert applied.apply().code == 0
    assert applied.ids == {}


@pytest.mark.usefixtures("no_backoff")
def test_what_is_removed_while_its_outcome_is_open_is_settled_first(
    applied: Project, proxy: FaultProxy, truth: Truth
) -> None:
    write(applied, {"old": blueprint("One", steps=3), "other": blueprint("Other")})
    cut_off(applied, proxy, "update")
    write(applied, {"other": blueprint("Other")}, removed=["old"])
    plan = applied.run("plan").out
    assert "> resume old" in plan
    assert "declared as removed; apply first looks up the outcome of an interrupted run" in plan
    assert applied.apply().code == 0
    made = applied.ids["sourcing_a/old"]
    ran = applied.apply()
    truth.check(ran, unmanaged=frozenset({made}))
    assert set(applied.ids) == {"sourcing_a/other"}


# --- protect ----------------------------------------------------------------------------------------------------


def test_a_protected_update_needs_overwrite(applied: Project, emulator: BackgroundEmulator) -> None:
    body = blueprint("One", steps=3)
    write(applied, {"old": {**body, "protect": True}, "other": blueprint("Other")})
    plan = applied.run("plan")
    assert "! conflict old" in plan.out
    assert "step s3: added" in plan.out, "what it would change is shown"
    assert (
        "      update it anyway: kalentops apply --overwrite sourcing_a/old --target sourcing_a/old\n"
        in plan.out
    )
    assert applied.apply().code == 6
    assert len(emulator.store.blueprints("sourcing_a")[0].steps) == 2
    assert applied.apply("--overwrite", "sourcing_a/old").code == 0
    assert len(emulator.store.blueprints("sourcing_a")[0].steps) == 3
    assert applied.run("plan", "--detailed-exitcode").out == "No changes. 2 unchanged.\n"


def test_protection_alone_changes_nothing(applied: Project) -> None:
    write(applied, {"old": {**blueprint("One"), "protect": True}, "other": blueprint("Other")})
    assert applied.run("plan", "--detailed-exitcode").out == "No changes. 2 unchanged.\n"


def test_protected_and_changed_by_another_person(applied: Project, emulator: BackgroundEmulator) -> None:
    write(applied, {"old": {**blueprint("One"), "protect": True}, "other": blueprint("Other")})
    emulator.store.edit(applied.ids["sourcing_a/old"], name="Theirs")
    assert "≠ changed sourcing_a/old" in applied.run("plan", "--refresh").out
    assert applied.apply("--overwrite", "sourcing_a/old").code == 0
    assert emulator.store.blueprints("sourcing_a")[0].name == "One"


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("effect", ["done", "nothing"])
def test_protected_after_a_run_was_cut_off(
    effect: str, applied: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    """What was under way is looked up; nothing further is sent."""
    write(applied, {"old": blueprint("One", steps=3), "other": blueprint("Other")})
    seen: list[Request] = []

    def script(request: Request) -> Any:
        if request.kind == "update":
            seen.append(request)
            return lost if effect == "done" else gone
        return gone if seen else None

    proxy.script = script
    assert applied.apply().code == 10
    proxy.script = lambda _: None
    write(applied, {"old": {**blueprint("One", steps=4), "protect": True}, "other": blueprint("Other")})
    before = proxy.count("update")
    ran = applied.apply()
    truth.check(ran)
    assert ran.code == 6, ran.out
    assert "`protect: true` keeps it as it is" in ran.out
    assert proxy.count("update") == before
    assert len(emulator.store.blueprints("sourcing_a")[0].steps) == (3 if effect == "done" else 2)
    assert applied.state["intents"] == {}
    assert applied.apply("--overwrite", "sourcing_a/old").code == 0
    assert len(emulator.store.blueprints("sourcing_a")[0].steps) == 4


@pytest.mark.usefixtures("no_backoff")
def test_what_comes_true_late_is_awaited_although_it_is_protected_by_now(
    applied: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    """Else it would be told as left alone, and be there a moment later."""
    write(applied, {"old": blueprint("One", steps=3), "other": blueprint("Other")})

    def late(exchange: Exchange) -> None:
        exchange.forward_later(0.6)
        exchange.reset()

    applied.settle = 0.0
    proxy.script = lambda request: late if request.kind == "update" else gone if proxy.timers else None
    assert applied.apply().code == 10
    proxy.script = lambda _: None
    applied.settle = 5.0
    write(applied, {"old": {**blueprint("One", steps=3), "protect": True}, "other": blueprint("Other")})
    sent = proxy.count("update")
    ran = applied.apply()
    proxy.settle()
    truth.check(ran)
    assert (ran.code, proxy.count("update")) == (0, sent), ran.out
    assert len(emulator.store.blueprints("sourcing_a")[0].steps) == 3
    assert applied.run("plan", "--refresh", "--detailed-exitcode").code == 0


def test_what_no_one_can_see_is_put_back_as_well(applied: Project, emulator: BackgroundEmulator) -> None:
    wanted = {"old": blueprint("One", config={"tone": "warm"}), "other": blueprint("Other")}
    write(applied, wanted)
    assert applied.apply().code == 0
    emulator.store.update(applied.ids["sourcing_a/old"], config={"tone": "cold"})
    assert applied.apply().code == 0
    assert emulator.store.blueprints("sourcing_a")[0].config == {"tone": "cold"}, "nobody can tell"
    assert "~ update old" in applied.run("plan", "--refresh", "--overwrite", "sourcing_a/old").out
    assert applied.apply("--overwrite", "sourcing_a/old").code == 0
    assert emulator.store.blueprints("sourcing_a")[0].config == {"tone": "warm"}


def test_an_adoption_of_what_is_protected_sends_nothing(
    applied: Project, proxy: FaultProxy, emulator: BackgroundEmulator
) -> None:
    kept = {"old": blueprint("One"), "other": blueprint("Other")}
    emulator.store.create("sourcing_a", "Third", blueprint("Third")["steps"])
    write(applied, {**kept, "third": {**blueprint("Third", config={"a": 1}), "protect": True}})
    assert "= adopt third" in (said := applied.run("plan", "--refresh").out)
    assert "`protect: true` keeps it as it is" in said
    ran = applied.apply()
    assert ran.code == 6
    assert "sourcing_a/third" in applied.ids
    assert proxy.count("update") == 0
    assert applied.apply("--overwrite", "sourcing_a/third").code == 0
    assert emulator.store.blueprints("sourcing_a")[-1].config == {"a": 1}


# --- state mv ---------------------------------------------------------------------------------------------------


def test_state_mv(applied: Project, proxy: FaultProxy) -> None:
    made = applied.ids["sourcing_a/old"]
    ran = applied.run("state", "mv", "sourcing_a/old", "sourcing_a/new")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == f"note: sourcing_a/old is now sourcing_a/new: {made}; nothing was sent to Kalent\n"
    assert applied.ids["sourcing_a/new"] == made
    assert proxy.requests == []
    write(applied, {"new": blueprint("One"), "other": blueprint("Other")})
    assert applied.run("plan", "--detailed-exitcode").out == "No changes. 2 unchanged.\n"


@pytest.mark.parametrize(
    ("old", "new", "said", "hint"),
    [
        (
            "sourcing_a/old",
            "sourcing_b/old",
            "a blueprint can't change its sourcing",
            "a file of the other sourcing",
        ),
        (
            "sourcing_a/old",
            "sourcing_a/other",
            "sourcing_a/other is already recorded in the state",
            "state list",
        ),
        ("sourcing_a/old", "sourcing_a/old", "sourcing_a/old is already recorded in the state", "state list"),
        ("sourcing_a/old", "sourcing_a/Old Key", "sourcing_a/Old Key is not an address", "SOURCING_ID/KEY"),
        ("sourcing_a/old", "sourcing_a/a/b", "sourcing_a/a/b is not an address", "SOURCING_ID/KEY"),
        ("sourcing_a/old", "new", "new is not an address", "SOURCING_ID/KEY"),
        ("sourcing_a/old", "", " is not an address", "SOURCING_ID/KEY"),
        (
            "sourcing_a/olt",
            "sourcing_a/new",
            "sourcing_a/olt is not recorded in the state",
            "did you mean sourcing_a/old?",
        ),
        ("x\x1b[1m", "sourcing_a/new", "x\\u{1b}[1m is not recorded in the state", "state list"),
    ],
)
def test_what_can_not_be_renamed(old: str, new: str, said: str, hint: str, applied: Project) -> None:
    before = applied.state_path.read_bytes()
    ran = applied.run("state", "mv", old, new)
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err
    assert hint in ran.err
    assert applied.state_path.read_bytes() == before


# --- what is asked for ------------------------------------------------------------------------------------------


@pytest.fixture
def changed(applied: Project, proxy: FaultProxy) -> Project:
    """Something to do in two sourcings: a move with an update, an update, two creates."""
    write(
        applied,
        {"new": blueprint("One", steps=3), "other": blueprint("Other", steps=3)},
        moved=[moved("old", "new")],
    )
    write(applied, {"one": blueprint("One"), "two": blueprint("Two")}, "sourcing_b")
    return applied


@pytest.mark.parametrize(
    ("asked", "done"),
    [
        (("--sourcing", "sourcing_b"), ("sourcing_b/one", "sourcing_b/two")),
        (("--target", "sourcing_a/other"), ("sourcing_a/other",)),
        (("--target", "o*"), ("sourcing_a/new", "sourcing_a/other", "sourcing_b/one")),
        (("--target", "old"), ("sourcing_a/new",)),
        (("--target", "new"), ("sourcing_a/new",)),
        (("--sourcing", "*_b", "--target", "new"), ("sourcing_a/new", "sourcing_b/one", "sourcing_b/two")),
    ],
    ids=str,
)
def test_a_part_is_done_and_the_rest_is_named(
    asked: tuple[str, ...], done: tuple[str, ...], changed: Project, truth: Truth
) -> None:
    everything = {"sourcing_a/new", "sourcing_a/other", "sourcing_b/one", "sourcing_b/two"}
    others = everything.difference(done)
    plan = changed.run("plan", "--format", "json", *asked).json
    assert {each["address"] for each in plan["changes"]} == set(done)
    assert set(plan["left_out"]) == others
    assert f"{len(others)} change" in changed.run("plan", *asked).out
    ran = changed.apply("--format", "json", *asked)
    truth.check(ran)
    assert ran.code == 0
    assert {each["address"] for each in ran.json["results"]} == set(done)
    assert set(ran.json["left_out"]) == others
    assert "outside the selection: " in ran.err
    assert ("sourcing_a/old" in changed.ids) is ("sourcing_a/new" not in done), (
        "what is left out stays where it is"
    )
    rest = changed.apply("--format", "json")
    assert {each["address"] for each in rest.json["results"]} == others
    assert changed.run("plan", "--refresh", "--detailed-exitcode").code == 0


def test_only_what_is_asked_for_is_looked_at(changed: Project, proxy: FaultProxy) -> None:
    proxy.requests.clear()
    assert changed.run("plan", "--refresh", "--sourcing", "sourcing_b").code == 0
    assert {request.path.split("/")[-2] for request in proxy.requests} == {"sourcing_b"}


@pytest.mark.parametrize(
    ("asked", "said", "hint"),
    [
        (("--target", "nwe"), "--target nwe matches no blueprint", "or new?"),
        (("--sourcing", "sourcing_z"), "--sourcing sourcing_z matches no sourcing", "did you mean sourcing_"),
        (
            ("--target", "one", "--overwrite", "sourcing_a/other"),
            "sourcing_a/other can't be overwritten: it is outside the selection",
            "--sourcing and --target must cover it",
        ),
        (
            ("--overwrite", "sourcing_a/nwe"),
            "there is no sourcing_a/nwe to overwrite",
            "did you mean sourcing_a/new?",
        ),
        (
            ("--overwrite", "sourcing_b/one"),
            "nothing to overwrite at sourcing_b/one: it is not in the state",
            "edited blueprint",
        ),
    ],
    ids=str,
)
def test_what_is_asked_for_and_is_not_there(
    asked: tuple[str, ...], said: str, hint: str, changed: Project
) -> None:
    for command in (("plan",), ("plan", "--refresh"), ("apply", "--yes")):
        ran = changed.run(*command, *asked)
        assert (ran.code, ran.out) == (1, "")
        assert said in ran.err
        assert hint in ran.err


# --- another workspace ------------------------------------------------------------------------------------------


def test_with_the_state_of_another_workspace_nothing_is_written(
    applied: Project, proxy: FaultProxy, emulator: BackgroundEmulator
) -> None:
    """Not to Kalent, and not to the state: what the files move and remove was meant for another one."""
    kept = {"other": blueprint("Other")}
    write(applied, {**kept, "old": blueprint("One"), "third": blueprint("Third")})
    assert applied.apply().code == 0
    proxy.requests.clear()
    for each in emulator.store.blueprints("sourcing_a"):
        emulator.store.remove(each.blueprint_id)
    write(applied, {**kept, "new": blueprint("One", steps=3)}, moved=[moved("old", "new")], removed=["third"])
    write(applied, {"one": blueprint("One")}, "sourcing_b")
    before = applied.state_path.read_bytes()
    for _ in range(2):
        ran = applied.apply()
        assert (ran.code, ran.out) == (8, "")
        assert "nothing was written" in ran.err
    assert applied.state_path.read_bytes() == before
    assert {request.method for request in proxy.requests} == {"GET"}


def test_a_state_that_does_not_say_where_it_belongs(applied: Project) -> None:
    """Another server altogether, and a state without the fingerprint of its address: the ids tell."""
    with BackgroundEmulator(sourcings=[("sourcing_a", "A"), ("sourcing_b", "B")]) as other:
        applied.url = other.url
        ran = applied.apply()
        assert (ran.code, "belongs to another API" in ran.err) == (8, True)
        applied.state_path.write_text(json.dumps({**applied.state, "tenant": None}), encoding="utf-8")
        write(applied, {"new": blueprint("New")}, "sourcing_b")
        ran = applied.apply()
        assert (ran.code, "nothing was written" in ran.err) == (8, True)
        assert other.store.blueprints("sourcing_b") == []


def test_two_that_are_gone_stop_and_one_that_is_gone_is_a_conflict(
    applied: Project, proxy: FaultProxy, emulator: BackgroundEmulator
) -> None:
    emulator.store.remove(applied.ids["sourcing_a/old"])
    write(applied, {"old": blueprint("One", steps=3), "other": blueprint("Other", steps=3)})
    ran = applied.apply()
    assert ran.code == 6
    assert "is no longer in sourcing_a" in ran.out
    assert proxy.count("update") == 1, "the other is updated"
    emulator.store.remove(applied.ids["sourcing_a/other"])
    write(applied, {"old": blueprint("One", steps=4), "other": blueprint("Other", steps=4)})
    ran = applied.apply()
    assert (ran.code, ran.out) == (8, "")
    assert (
        "Kalent knows nothing of what the state says is there (sourcing_a/old, sourcing_a/other)" in ran.err
    )
    assert applied.run("state", "rm", "--yes", "sourcing_a/old", "sourcing_a/other").code == 0
    assert applied.apply().code == 0


@pytest.mark.parametrize(("status", "code"), [(404, "not_found"), (403, "forbidden")])
def test_a_sourcing_that_is_gone_while_another_is_fine(
    status: int, code: str, applied: Project, proxy: FaultProxy, truth: Truth
) -> None:
    write(applied, {"one": blueprint("One")}, "sourcing_b")
    assert applied.apply().code == 0
    proxy.script = lambda r: _refusing(status, code) if "sourcing_a" in r.path else None
    write(applied, {"old": blueprint("One", steps=3), "other": blueprint("Other")})
    write(applied, {"one": blueprint("One"), "two": blueprint("Two")}, "sourcing_b")
    ran = applied.apply("--format", "json")
    truth.check(ran)
    assert {each["address"]: each["outcome"] for each in ran.json["results"]} == {
        "sourcing_a/old": "refused",
        "sourcing_b/two": "done",
    }
    write(applied, {"one": blueprint("One")}, "sourcing_c")
    assert applied.apply("--sourcing", "sourcing_c").code == 0, "sourcing_b is witness enough"


@pytest.mark.parametrize(("status", "code"), [(404, "not_found"), (403, "forbidden")])
def test_all_that_is_known_is_refused_and_something_new_is_not(
    status: int, code: str, applied: Project, proxy: FaultProxy
) -> None:
    """A key of another workspace may not see what the state speaks of; nothing is made there."""
    proxy.script = lambda r: _refusing(status, code) if "sourcing_a" in r.path else None
    write(applied, {"one": blueprint("One")}, "sourcing_b")
    before = proxy.count("create")
    ran = applied.apply()
    assert (ran.code, ran.out) == (8, "")
    assert proxy.count("create") == before


def test_many_sourcings_that_are_gone_do_not_look_like_another_workspace(
    project: Project, proxy: FaultProxy, emulator: BackgroundEmulator
) -> None:
    """Positions get filled: as long as one of ours is there, it is the right one."""
    for number in range(9):
        emulator.store.add_sourcing(f"s{number}", "S")
        write(project, {"one": blueprint("One")}, f"s{number}")
    assert project.apply().code == 0
    proxy.script = lambda r: (
        _refusing(404, "not_found")
        if r.kind == "list" and "/s4/" not in r.path and "/sourcing_c/" not in r.path
        else None
    )
    write(project, {"one": blueprint("One")}, "sourcing_c")
    assert project.apply("--parallelism", "2").code == 0


def _refusing(status: int, code: str) -> Any:
    return lambda exchange: exchange.send(envelope(status, code, "no"))
