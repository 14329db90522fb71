"""`apply` asks: what it says before the question is what happens after it, and until the answer it only reads."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable

import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.faults.catalogue import envelope
from tests.faults.proxy import Exchange, FaultProxy, on
from tests.harness import Project, Ran, Truth

QUESTION = "Apply this plan?"
Ask = Callable[..., Ran]


class Person(io.StringIO):
    """The person at the terminal: does something, then answers."""

    def __init__(self, answer: str, first: Callable[[], object]) -> None:
        super().__init__(f"{answer}\n")
        self._first = first

    def readline(self, *args: int) -> str:  # type: ignore[override]
        self._first()
        return super().readline(*args)


@pytest.fixture
def applied(project: Project, proxy: FaultProxy) -> Project:
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    project.write("sourcing_b", {"one": blueprint("One")})
    assert project.apply().code == 0
    proxy.requests.clear()
    return project


@pytest.fixture
def ask(applied: Project, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Run `apply` for a person who answers, after having done something else first."""

    def run(answer: str, *args: str, meanwhile: Callable[[], object] = lambda: None) -> Ran:
        monkeypatch.setattr("kalentops.cli.commands.options.can_ask", lambda: True)
        monkeypatch.setattr(sys, "stdin", Person(answer, meanwhile))
        return applied.run("apply", *args)

    return run


def said_before(ran: Ran) -> str:
    assert QUESTION in ran.err, ran.err
    return ran.err.partition(QUESTION)[0]


def methods(proxy: FaultProxy) -> list[str]:
    return [each.method for each in proxy.requests]


def test_what_a_large_plan_does_not_show_is_in_the_question(applied: Project, ask: Ask) -> None:
    applied.write("sourcing_c", {f"new-{number}": blueprint(f"New {number}") for number in range(51)})
    ran = ask("n", "--max-creates", "51")
    assert said_before(ran).endswith("51 blueprints not shown one by one. ")
    assert "\n  sourcing_c  51 to create\n  `kalentops apply -v` shows all of them\n" in ran.err
    ran = ask("n", "--max-creates", "51", "-v")
    assert "not shown" not in ran.err
    assert ran.err.count("  + create new-") == 51


@pytest.mark.parametrize("how", ["missing", "empty"])
def test_after_a_lost_state_the_question_is_about_adopting(
    how: str, applied: Project, ask: Ask, proxy: FaultProxy, truth: Truth
) -> None:
    ids = applied.ids
    if how == "missing":
        applied.state_path.unlink()
    else:
        for address in ids:
            assert applied.run("state", "rm", "--yes", address).code == 0
    ran = ask("y")
    truth.check()
    said = said_before(ran)
    assert "Plan: 3 to adopt." in said
    assert "to create" not in said
    assert "nothing is recorded" not in said
    assert (ran.code, applied.ids) == (0, ids)
    assert set(methods(proxy)) == {"GET"}


def test_a_saved_plan_that_has_not_looked_says_the_same(
    applied: Project, ask: Ask, proxy: FaultProxy
) -> None:
    ids = applied.ids
    applied.state_path.unlink()
    assert applied.run("plan", "--out", "plan.json").code == 0
    ran = ask("y", "plan.json")
    assert "Plan: 3 to adopt." in said_before(ran)
    assert (ran.code, applied.ids) == (0, ids)
    assert set(methods(proxy)) == {"GET"}


def test_a_saved_plan_is_refused_before_anyone_is_asked(
    applied: Project, ask: Ask, proxy: FaultProxy
) -> None:
    applied.write("sourcing_c", {"one": blueprint("One")})
    assert applied.run("plan", "--out", "plan.json").code == 0
    applied.write("sourcing_c", {"one": blueprint("Another")})
    ran = ask("y", "plan.json")
    assert (ran.code, QUESTION in ran.err, methods(proxy)) == (7, False, [])


def test_no_leaves_everything_as_it_was(applied: Project, ask: Ask, proxy: FaultProxy) -> None:
    applied.state_path.unlink()
    ran = ask("n", "--format", "json")
    assert (ran.code, ran.out) == (130, "")
    assert "nothing was changed" in ran.err
    assert set(methods(proxy)) == {"GET"}
    assert not applied.state_path.exists()
    assert not applied.journal_path.exists()


def test_json_is_the_result_alone(applied: Project, ask: Ask) -> None:
    applied.state_path.unlink()
    assert ask("y", "--format", "json").json["summary"]["done"] == 3


def test_a_conflict_is_reported_before_the_question(
    applied: Project, ask: Ask, emulator: BackgroundEmulator, truth: Truth
) -> None:
    there = emulator.store.create("sourcing_c", "New", blueprint("New", steps=1)["steps"])
    applied.write("sourcing_c", {"new": blueprint("New"), "other": blueprint("Other")})
    ran = ask("y")
    truth.check(unmanaged=frozenset({there.blueprint_id}))
    assert "Plan: 1 to create, 1 in conflict, 3 unchanged." in said_before(ran)
    assert there.blueprint_id in said_before(ran)
    assert ran.code == 6
    assert "sourcing_c/new" not in applied.ids


def test_each_sourcing_of_the_plan_is_looked_at_once_where_there_is_something_to_ask(
    applied: Project, ask: Ask, proxy: FaultProxy
) -> None:
    ran = ask("y")
    assert (ran.code, QUESTION in ran.err, methods(proxy)) == (0, False, [])
    applied.write("sourcing_b", {"one": blueprint("One", steps=3)})
    ran = ask("n")
    assert "Plan: 1 to update, 2 unchanged." in said_before(ran)
    assert sorted(each.path.split("/")[-2] for each in proxy.requests) == ["sourcing_a", "sourcing_b"]
    proxy.requests.clear()
    ask("n", "--sourcing", "sourcing_b")
    assert [each.path.split("/")[-2] for each in proxy.requests] == ["sourcing_b"]


def test_what_a_person_has_changed_or_deleted_is_reported_before_the_question(
    applied: Project, ask: Ask, emulator: BackgroundEmulator
) -> None:
    ids = applied.ids
    emulator.store.update(ids["sourcing_a/one"], name="Edited there")
    emulator.store.remove(ids["sourcing_a/two"])
    emulator.store.update(ids["sourcing_b/one"], name="Edited, too")
    applied.write("sourcing_a", {"one": blueprint("One", steps=3), "two": blueprint("Two", steps=3)})
    said = said_before(ask("n"))
    assert "Plan: 2 in conflict, 1 unchanged, 2 edited in Kalent, 1 missing in Kalent." in said
    assert "undo the edit: kalentops apply --overwrite sourcing_b/one --target sourcing_b/one" in said
    assert applied.run("plan", "--out", "plan.json").code == 0
    assert "Edited there" in said_before(ask("n", "plan.json"))


def test_a_state_of_another_workspace_ends_it_before_the_question(
    applied: Project, ask: Ask, emulator: BackgroundEmulator
) -> None:
    for each in applied.ids.values():
        emulator.store.remove(each)
    applied.write("sourcing_c", {"new": blueprint("New")})
    ran = ask("y")
    assert (ran.code, QUESTION in ran.err) == (8, False)


def test_the_question_names_what_a_saved_plan_replaces(applied: Project, ask: Ask) -> None:
    applied.write("sourcing_b", {"one": blueprint("One", steps=3)})
    assert applied.run("plan", "--overwrite", "sourcing_b/one", "--out", "plan.json").code == 0
    ran = ask("n", "plan.json")
    assert f"(--overwrite): sourcing_b/one. {QUESTION}" in ran.err


def test_who_is_not_asked_gets_no_more_requests_than_before_and_a_word_about_the_state(
    applied: Project, proxy: FaultProxy
) -> None:
    applied.state_path.unlink()
    ran = applied.apply()
    assert ran.code == 0
    assert "note: nothing is recorded yet. If Kalent has an identical blueprint, `apply` adopts it" in ran.err
    assert (
        len(proxy.requests) == 2 * 2
    )  # each of the two sourcings: the look before the first write, the read-back


def test_the_reason_of_a_conflict_is_said_once_to_who_is_not_asked_and_before_the_question_to_who_is(
    applied: Project, ask: Ask
) -> None:
    applied.write(
        "sourcing_a", {"one": {**blueprint("One", steps=3), "protect": True}, "two": blueprint("Two")}
    )
    why = "      `protect: true` keeps it as it is\n      update it anyway: kalentops apply --overwrite "
    ran = applied.apply()
    assert (ran.code, ran.out.count(why), "protect" in ran.err) == (6, 1, False)
    assert '! conflict one "One"' in ran.err
    assert why in said_before(ask("y"))
    assert why in applied.apply("-q").out
    in_json = applied.apply("--format", "json")
    assert why in in_json.err
    assert in_json.json["results"][0]["error"] == (
        "`protect: true` keeps it as it is; "
        "update it anyway: `kalentops apply --overwrite sourcing_a/one --target sourcing_a/one`"
    )


def test_the_question_changes_nothing_about_the_guards(applied: Project, ask: Ask, proxy: FaultProxy) -> None:
    """They count what files and state say, be there a person to ask or not."""
    applied.state_path.unlink()
    ran = ask("y", "--max-creates", "2")
    assert (ran.code, QUESTION in ran.err, methods(proxy)) == (6, False, [])


def test_the_same_change_is_shown_once_before_the_question_and_the_guards_count_each(
    applied: Project, ask: Ask
) -> None:
    for sourcing, keys in (("sourcing_a", ("one", "two")), ("sourcing_b", ("one",))):
        changed = {key: blueprint(key.title(), steps=2) for key in keys}
        changed["one"]["steps"][1]["content"] = "Hi {{firstname}}, one word is enough"
        applied.write(sourcing, changed)
    shown = said_before(ask("n"))
    assert shown.count("~ update in 2 positions: step s2, ") == 1
    assert shown.count("{+one word is enough+}") == 1
    assert all(f"sourcing_{each}/one (bp_" in shown for each in "ab")
    ran = ask("y", "--max-updates", "1")
    assert (ran.code, QUESTION in ran.err) == (6, False)


# --- between question and answer --------------------------------------------------------------------------------


def test_what_was_to_be_adopted_and_is_gone_is_not_made(
    applied: Project, ask: Ask, emulator: BackgroundEmulator, proxy: FaultProxy, truth: Truth
) -> None:
    """No one has said yes to a create."""
    gone = applied.ids["sourcing_b/one"]
    applied.state_path.unlink()
    ran = ask("y", meanwhile=lambda: emulator.store.remove(gone))
    truth.check()
    assert ran.code == 6
    assert "the blueprint to adopt has disappeared from Kalent; nothing was created" in ran.out
    assert set(methods(proxy)) == {"GET"}


def test_what_another_person_has_made_meanwhile_is_not_made_again(
    applied: Project, ask: Ask, emulator: BackgroundEmulator, proxy: FaultProxy
) -> None:
    """The run looks for itself after the answer: what was shown before it decides nothing."""
    applied.write("sourcing_c", {"new": blueprint("New")})
    ran = ask("y", meanwhile=lambda: emulator.store.create("sourcing_c", "New", blueprint("New")["steps"]))
    assert "Plan: 1 to create" in said_before(ran)
    assert (ran.code, [applied.ids["sourcing_c/new"]]) == (
        0,
        [each.blueprint_id for each in emulator.store.blueprints("sourcing_c")],
    )
    assert set(methods(proxy)) == {"GET"}


# --- what can't be read -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_backoff")
def test_an_api_that_is_not_there_ends_as_without_the_question(applied: Project, ask: Ask) -> None:
    applied.state_path.unlink()
    applied.url = "http://127.0.0.1:9/api"
    ran = ask("y", "--format", "json")
    assert "note: Kalent could not be read before the confirmation: the API could not be read" in said_before(
        ran
    )
    assert "Plan: 3 to create." in said_before(ran)
    assert "note: nothing is recorded yet." in said_before(ran)
    assert (ran.code, ran.json["summary"]["not_attempted"]) == (5, 3)
    assert not applied.state_path.exists()


def test_a_key_that_is_refused_ends_it_before_the_question(
    applied: Project, ask: Ask, proxy: FaultProxy
) -> None:
    applied.state_path.unlink()
    proxy.script = on("list", lambda exchange: exchange.send(envelope(401, "invalid_api_key")), nth=None)
    ran = ask("y")
    assert (ran.code, QUESTION in ran.err) == (4, False)
    assert not applied.state_path.exists()


def test_a_sourcing_that_the_api_refuses_is_reported_and_keeps_its_own_result(
    applied: Project, ask: Ask
) -> None:
    applied.state_path.unlink()
    applied.write("nowhere", {"one": blueprint("One")})
    ran = ask("y", "--format", "json")
    assert (
        "note: some sourcings could not be read before the confirmation: nowhere: the API refused"
        in said_before(ran)
    )
    assert "Plan: 1 to create, 3 to adopt." in said_before(ran)
    results = {each["address"]: each["outcome"] for each in ran.json["results"]}
    assert (ran.code, results["nowhere/one"]) == (9, "refused")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_before_the_question_changes_nothing(applied: Project, ask: Ask, proxy: FaultProxy) -> None:
    applied.state_path.unlink()

    heard: list[Exchange] = []

    def interrupt(exchange: Exchange) -> None:
        heard.append(exchange)
        if len(heard) == 1:  # a second one would end the process, which is this one
            os.kill(os.getpid(), signal.SIGINT)
        exchange.send(exchange.forward())

    proxy.script = on("list", interrupt, nth=None)
    ran = ask("y", "--parallelism", "1")
    assert (ran.code, QUESTION in ran.err, ran.out) == (130, False, "")
    assert "interrupted while reading; nothing was changed" in ran.err
    assert not applied.state_path.exists()


def test_a_run_without_open_work_can_not_be_taken_for_dead(applied: Project) -> None:
    before = applied.state_path.read_bytes()
    ran = applied.run("apply", "--yes", "--take-over", "0123456789abcdef")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines() == [
        "error: run 0123456789abcdef has no open work in the state",
        "hint: no run has any: leave --take-over out",
    ]
    assert applied.state_path.read_bytes() == before
