"""A plan, held against what Kalent shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest

from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.remote import Mark, Remote, RemoteLists, stub
from kalentops.errors import StateDamaged
from kalentops.lint.rule import Declared, Relocation
from kalentops.output.explanations import text
from kalentops.plan.build import Action, Change, Drift, Leftover, Plan, make_plan, narrowed
from kalentops.plan.refresh import refresh
from kalentops.state.model import Entry, State
from tests.builders import AT, LATER, body, entry, form, intent, remote, state, want


def held(
    wanted: Collection[Declared],
    known: State,
    remotes: Collection[Remote] | str,
    *,
    said: Collection[Relocation] = (),
    overwrite: Collection[str] = (),
) -> Plan:
    """The plan, refreshed with the list of s1, or with why it has none."""
    observed = (
        RemoteLists(refused={"s1": remotes})
        if isinstance(remotes, str)
        else RemoteLists({"s1": tuple(remotes)})
    )
    plan = make_plan(wanted, known, relocations=said, overwrite=overwrite)
    return refresh(plan, observed, overwrite)


def actions(plan: Plan) -> dict[str, str]:
    return {each.address.key: each.action.value for each in plan.changes}


def one(plan: Plan) -> Change:
    (change,) = plan.changes
    return change


def drifts(plan: Plan) -> dict[str, str]:
    return {each.address: each.kind for each in plan.drift}


KNOWN = state(entry("s1/one", body(), "b1"))
SAME, THEIRS = remote("b1", body()), remote("b1", body("One", "Theirs"))


def test_nothing_to_say() -> None:
    plan = held([want("s1/one", body())], KNOWN, [SAME])
    assert (actions(plan), plan.drift, plan.to_do) == ({"one": "no-op"}, (), ())
    assert plan.refresh_report is not None
    assert (plan.refresh_report.look_alikes, plan.refresh_report.unmanaged) == ((), {})


def test_a_plan_without_refresh_has_no_report() -> None:
    assert make_plan([want("s1/one", body())], KNOWN).refresh_report is None


def test_a_remote_edit_is_drift_with_both_times() -> None:
    plan = held([want("s1/one", body())], KNOWN, [THEIRS])
    assert actions(plan) == {"one": "no-op"}, "nobody asked for it to be put back"
    assert plan.drift == (
        Drift(
            Address.parse("s1/one"), "changed", "One", "b1", AT, LATER, form(), form(body("One", "Theirs"))
        ),
    )


def test_both_sides_have_changed_it() -> None:
    plan = held([want("s1/one", body("One", "Mine"))], KNOWN, [THEIRS])
    change = one(plan)
    assert change.action is Action.CONFLICT
    assert (change.before, change.after) == (form(), form(body("One", "Mine")))
    assert change.theirs == form(body("One", "Theirs"))
    assert text(change.reason) == (
        f"edited in Kalent ({LATER}); keep the edit: `kalentops import s1 --update` "
        "(except where the file changed the same text); undo the edit: "
        "`kalentops apply --overwrite s1/one --target s1/one`"
    )
    assert drifts(plan) == {"s1/one": "changed"}


def test_overwrite_resolves_an_edit_on_both_sides() -> None:
    plan = held([want("s1/one", body("One", "Mine"))], KNOWN, [THEIRS], overwrite=["s1/one"])
    assert one(plan).action is Action.UPDATE
    assert text(one(plan).reason) == "replaces what was edited in Kalent (--overwrite)"
    assert one(plan).theirs == form(body("One", "Theirs"))


def test_overwrite_puts_drift_back() -> None:
    plan = held([want("s1/one", body())], KNOWN, [THEIRS], overwrite=["s1/one"])
    assert (one(plan).action, one(plan).theirs) == (Action.UPDATE, form(body("One", "Theirs")))


def test_overwrite_without_drift_changes_nothing() -> None:
    plan = held([want("s1/one", body())], KNOWN, [SAME], overwrite=["s1/one"])
    assert replace(one(plan), recorded="") == one(held([want("s1/one", body())], KNOWN, [SAME]))


def test_overwrite_sends_hidden_fields_although_the_list_is_equal() -> None:
    """A person may have changed it, and no one can see that."""
    known = state(entry("s1/one", body(config={"a": 1}), "b1"))
    wanted = [want("s1/one", body(config={"a": 1}))]
    assert one(held(wanted, known, [SAME], overwrite=["s1/one"])).action is Action.UPDATE
    assert one(held(wanted, known, [SAME])).action is Action.NO_OP


def test_an_edit_that_is_as_declared_is_only_recorded() -> None:
    plan = held([want("s1/one", body("One", "Theirs"))], KNOWN, [THEIRS])
    assert (one(plan).action, plan.drift) == (Action.UPDATE, ())
    assert text(one(plan).reason) == "Kalent shows it as declared; it is only recorded"


def test_hidden_fields_are_sent_although_the_rest_is_as_declared() -> None:
    plan = held([want("s1/one", body("One", "Theirs", config={"a": 1}))], KNOWN, [THEIRS])
    assert (one(plan).action, text(one(plan).reason)) == (Action.UPDATE, "")


def test_a_blueprint_as_it_was_sent_is_no_drift() -> None:
    """The server had changed a value; by now it shows what was sent."""
    known = state(entry("s1/one", body(), "b1", remote_digest=Body.listed(body("One", "HI")).digest))
    assert held([want("s1/one", body())], known, [SAME]).drift == ()
    assert one(held([want("s1/one", body("One", "Mine"))], known, [SAME])).action is Action.UPDATE
    shown = remote("b1", body("One", "HI"))
    assert held([want("s1/one", body())], known, [shown]).drift == ()
    assert one(held([want("s1/one", body("One", "Mine"))], known, [shown])).action is Action.UPDATE


def test_a_deleted_blueprint_is_a_conflict() -> None:
    plan = held([want("s1/one", body())], KNOWN, [])
    assert (actions(plan), drifts(plan)) == ({"one": "no-op"}, {"s1/one": "gone"})
    assert "forget it: `kalentops state rm s1/one` (if it was deleted" in text(plan.drift[0].reason)
    changed = held([want("s1/one", body("One", "Mine"))], KNOWN, [])
    assert (actions(changed), drifts(changed)) == ({"one": "conflict"}, {"s1/one": "gone"})
    assert text(one(changed).reason) == text(plan.drift[0].reason)


def test_a_deleted_blueprint_is_removed_by_its_address_in_the_state() -> None:
    plan = held([want("s1/new", body("One", "Mine"))], KNOWN, [], said=moved("one", "new"))
    assert (actions(plan), drifts(plan)) == ({"new": "conflict"}, {"s1/new": "gone"})
    assert "forget it: `kalentops state rm s1/one` (if it was deleted" in text(one(plan).reason)
    assert text(plan.drift[0].reason) == text(one(plan).reason)


def test_a_blueprint_whose_steps_are_not_shown() -> None:
    bare = Remote("b1", "One", LATER)
    plan = held([want("s1/one", body())], KNOWN, [bare])
    assert drifts(plan) == {"s1/one": "unreadable"}
    changed = one(held([want("s1/one", body("One", "Mine"))], KNOWN, [bare]))
    assert (changed.action, changed.theirs) == (Action.CONFLICT, None)
    assert text(changed.reason).startswith("Kalent does not show its steps")
    forced = held([want("s1/one", body("One", "Mine"))], KNOWN, [bare], overwrite=["s1/one"])
    assert one(forced).action is Action.UPDATE


@pytest.mark.parametrize("remotes", [[SAME], [THEIRS], [], "no such sourcing"])
def test_an_orphan_has_no_drift(remotes: Any) -> None:
    plan = held([], KNOWN, remotes)
    assert (actions(plan), plan.drift, plan.to_do) == ({"one": "orphan"}, (), ())
    assert ("; Kalent no longer shows it; forget it: " in text(one(plan).reason)) is (remotes == [])


def test_a_protected_update_stays_a_conflict() -> None:
    plan = held([want("s1/one", body("One", "Mine"), protect=True)], KNOWN, [THEIRS])
    assert "`protect: true` keeps it as it is" in text(one(plan).reason)
    assert drifts(plan) == {"s1/one": "changed"}


# --- what is to be made -----------------------------------------------------------------------------------------


def test_an_identical_blueprint_is_adopted() -> None:
    plan = held([want("s1/one", body())], State(), [SAME])
    assert (one(plan).action, one(plan).blueprint_id) == (Action.ADOPT, "b1")
    assert text(one(plan).reason) == "an identical blueprint exists; it will be adopted"
    assert plan.refresh_report is not None
    assert (plan.refresh_report.unmanaged, plan.refresh_report.look_alikes) == ({}, ())


@pytest.mark.parametrize(
    ("protect", "said"),
    [
        (False, "; an update then sets the fields that Kalent does not show"),
        (True, "; `protect: true` keeps it as it is; "),
    ],
)
def test_an_adoption_with_hidden_fields_is_completed(protect: bool, said: str) -> None:  # noqa: FBT001
    plan = held([want("s1/one", body(config={"a": 1}), protect=protect)], State(), [SAME])
    assert one(plan).action is Action.ADOPT
    assert said in text(one(plan).reason)


def test_a_look_alike_is_a_conflict() -> None:
    plan = held([want("s1/one", body())], State(), [THEIRS])
    assert (one(plan).action, one(plan).theirs) == (Action.CONFLICT, form(body("One", "Theirs")))
    assert "b1 is unmanaged, and has this name but different content" in text(one(plan).reason)
    assert plan.refresh_report is not None
    assert (plan.refresh_report.unmanaged, plan.refresh_report.look_alikes) == ({"s1": 1}, ())
    two = held([want("s1/one", body())], State(), [SAME, remote("b2", body())])
    assert (one(two).action, one(two).theirs) == (Action.CONFLICT, None)
    assert "b1, b2" in text(one(two).reason)


def test_an_adopted_blueprint_is_no_look_alike_of_another() -> None:
    wanted = [want("s1/a-copy", body("Copy")), want("s1/one", body())]
    assert actions(held(wanted, State(), [SAME])) == {"a-copy": "create", "one": "adopt"}


# --- a run that was cut off -------------------------------------------------------------------------------------


def test_what_an_interrupted_run_made_is_neither_unmanaged_nor_a_look_alike() -> None:
    """To delete it, or to take it for another person's, would lose it."""
    known = state(intent("s1/one", body()))
    plan = held([want("s1/one", body()), want("s1/two", body("Two"))], known, [SAME])
    assert actions(plan) == {"one": "resume", "two": "create"}
    assert text(plan.changes[0].reason).endswith("; it was created, as b1")
    assert plan.refresh_report is not None
    assert (plan.refresh_report.unmanaged, plan.refresh_report.look_alikes) == ({}, ())


def test_what_an_interrupted_run_may_have_made_is_left_alone() -> None:
    known = state(intent("s1/one", body()))
    plan = held([want("s1/one", body()), want("s1/two", body("Two"))], known, [SAME, remote("b2", body())])
    assert actions(plan) == {"one": "resume", "two": "conflict"}


NONCE, OTHER = "0a1b2c3d", "4e5f6071"


def empty(blueprint_id: str, key: str = "one", nonce: str = NONCE) -> Remote:
    return remote(blueprint_id, stub("One", Mark(key, nonce)).data)


def test_a_stub_is_used_by_the_create_of_its_key() -> None:
    for known in (State(), state(intent("s1/one", body(), nonces=(NONCE,)))):
        plan = held([want("s1/one", body())], known, [empty("b1"), empty("b2", "two", OTHER)])
        assert one(plan).action is Action.CREATE
        assert text(one(plan).reason) == "uses b1, the stub that an interrupted run reserved"
        assert plan.refresh_report is not None
        assert plan.refresh_report.leftovers == (Leftover("s1", "b2", "One (kalentops two 4e5f6071)"),)
        assert plan.refresh_report.unmanaged == {}


def test_an_adoption_leaves_the_stub_of_its_key_over() -> None:
    plan = held([want("s1/one", body())], State(), [SAME, empty("b2")])
    assert one(plan).action is Action.ADOPT
    assert plan.refresh_report is not None
    assert [each.blueprint_id for each in plan.refresh_report.leftovers] == ["b2"]


def test_two_stubs_of_unknown_runs_are_left_to_a_person() -> None:
    both = [empty("b1"), empty("b2", nonce=OTHER)]
    assert actions(held([want("s1/one", body())], State(), both)) == {"one": "conflict"}
    known = state(intent("s1/one", body(), nonces=(NONCE, OTHER)))
    assert actions(held([want("s1/one", body())], known, both)) == {"one": "create"}


def claim(blueprint_id: str = "b1") -> Entry:
    return entry("s1/one", stub("One", Mark("one", NONCE)).data, blueprint_id, seen=False)


@pytest.mark.parametrize(
    ("there", "action", "reason"),
    [
        ([empty("b1")], "create", "b1 is reserved for it; no text is known"),
        ([SAME], "create", "Kalent shows it as declared; it is only recorded"),
        (
            [remote("b1", body("One", "Theirs"))],
            "conflict",
            "b1 was reserved for it, and holds another text",
        ),
        ([], "create", "no list shows b1 yet"),
    ],
)
def test_a_claimed_stub_is_a_create_until_its_text_is_there(
    there: list[Remote], action: str, reason: str
) -> None:
    change = one(held([want("s1/one", body())], state(claim()), there))
    assert (change.action, change.blueprint_id) == (action, "b1")
    assert text(change.reason).startswith(reason)
    assert change.before is None


def test_a_claimed_stub_whose_text_may_have_been_sent_is_resumed() -> None:
    known = state(claim(), intent("s1/one", body(), "update"))
    for there in ([empty("b1")], [SAME]):
        plan = held([want("s1/one", body())], known, there)
        assert (actions(plan), plan.drift) == ({"one": "resume"}, ())
        assert text(one(plan).reason).startswith(f"a run was interrupted at its create ({AT})")


@pytest.mark.parametrize("shown", [body(), body("One", "Sent")])
def test_an_interrupted_update_is_no_drift(shown: dict[str, Any]) -> None:
    known = state(entry("s1/one", body(), "b1"), intent("s1/one", body("One", "Sent"), "update"))
    for wanted in ("Hi", "Sent", "Wanted"):
        plan = held([want("s1/one", body("One", wanted))], known, [remote("b1", shown)])
        assert (actions(plan), plan.drift) == ({"one": "resume"}, ())
    assert drifts(held([want("s1/one", body())], known, [THEIRS])) == {"s1/one": "changed"}


def test_an_interrupted_update_that_is_no_longer_declared() -> None:
    known = state(entry("s1/one", body(), "b1"), intent("s1/one", body("One", "Sent"), "update"))
    assert held([], known, [THEIRS]).drift == ()


# --- addresses that moved ---------------------------------------------------------------------------------------


def moved(source: str, target: str | None) -> list[Relocation]:
    return [Relocation("s1", source, target, "a.yaml", (9, 1))]


def test_a_key_that_moved_is_the_same_blueprint() -> None:
    plan = held([want("s1/new", body())], KNOWN, [SAME], said=moved("one", "new"))
    assert (one(plan).action, one(plan).moved_from, plan.drift) == (Action.MOVE, "s1/one", ())
    drifted = held([want("s1/new", body())], KNOWN, [THEIRS], said=moved("one", "new"))
    assert (one(drifted).action, drifts(drifted)) == (Action.MOVE, {"s1/new": "changed"})
    back = held([want("s1/new", body())], KNOWN, [SAME], said=moved("one", "new"), overwrite=["s1/new"])
    assert one(back).action is Action.MOVE


def test_a_removed_blueprint_is_unmanaged() -> None:
    plan = held([], KNOWN, [THEIRS], said=moved("one", None))
    assert (actions(plan), plan.drift) == ({"one": "forget"}, ())
    assert plan.refresh_report is not None
    assert plan.refresh_report.unmanaged == {"s1": 1}


# --- sourcings that have no list --------------------------------------------------------------------------------


def test_a_sourcing_that_the_api_refuses() -> None:
    known = state(
        entry("s1/changed", body("Changed"), "b1"),
        entry("s1/cut-off", body("Cut off"), "b2"),
        entry("s1/forgotten", body("Forgotten"), "b3"),
        entry("s1/orphan", body("Orphan"), "b4"),
        entry("s1/same", body("Same"), "b5"),
        entry("s1/was", body("Moved"), "b6"),
        intent("s1/cut-off", body("Cut off", "Sent"), "update"),
    )
    wanted = [
        want("s1/changed", body("Changed", "Mine")),
        want("s1/cut-off", body("Cut off")),
        want("s1/moved", body("Moved")),
        want("s1/new", body("New", "New")),
        want("s1/same", body("Same")),
    ]
    plan = held(wanted, known, "HTTP 404", said=[*moved("was", "moved"), *moved("forgotten", None)])
    assert actions(plan) == {
        "changed": "conflict",
        "cut-off": "resume",
        "forgotten": "forget",
        "moved": "move",
        "new": "conflict",
        "orphan": "orphan",
        "same": "no-op",
    }
    assert {each.address.key: text(each.reason).endswith("HTTP 404") for each in plan.changes} == {
        **dict.fromkeys(("forgotten", "moved", "orphan", "same"), False),
        **dict.fromkeys(("changed", "cut-off", "new"), True),
    }
    assert {each.address for each in plan.drift} == {"s1/changed", "s1/cut-off", "s1/moved", "s1/same"}
    assert {(each.kind, text(each.reason)) for each in plan.drift} == {("unreadable", "HTTP 404")}


def test_a_sourcing_without_a_list_stays_as_planned() -> None:
    plan = make_plan([want("s1/one", body("One", "Mine"))], KNOWN)
    looked = refresh(plan, RemoteLists({"s2": ()}))
    assert looked.changes == plan.changes
    assert looked.drift == ()


# --- what looks like one of ours --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        body(" ONE ", "Another text"),
        body("Another name"),
        body("Wanted", "Another text"),
        body("Shown", "Text"),
    ],
    ids=["the name that was sent", "the steps", "the name that is wanted", "the name that is shown"],
)
def test_a_suspected_copy(other: dict[str, Any]) -> None:
    ours = remote("b1", body("Shown"))
    plan = held([want("s1/one", body("Wanted"))], KNOWN, [ours, remote("b2", other)])
    assert plan.refresh_report is not None
    (found,) = plan.refresh_report.look_alikes
    assert (found.blueprint_id, found.name, found.of, found.of_id) == ("b2", other["name"], "s1/one", "b1")
    assert (found.sourcing_id, found.updated_at) == ("s1", LATER)
    assert plan.refresh_report.unmanaged == {"s1": 1}


def test_other_unmanaged_blueprints_are_only_counted() -> None:
    empty = {"name": "Empty", "steps": []}
    known = state(entry("s1/one", body(), "b1"), entry("s1/empty", Body.of(empty).data, "b3"))
    wanted = [want("s1/one", body()), want("s1/empty", empty)]
    others = [remote("b2", body("Two", "Other")), remote("b4", {"name": "Bare", "steps": []})]
    plan = held(wanted, known, [SAME, remote("b3", empty), *others])
    assert plan.refresh_report is not None
    assert (plan.refresh_report.look_alikes, plan.refresh_report.unmanaged) == ((), {"s1": 2})


# --- two looks, and a part of one -------------------------------------------------------------------------------


def fingerprint(lists: Mapping[str, tuple[Remote, ...]], refused: Mapping[str, str] | None = None) -> str:
    refresh_report = refresh(make_plan([], State()), RemoteLists(lists, refused or {})).refresh_report
    assert refresh_report is not None
    return refresh_report.fingerprint


def test_the_fingerprint_of_a_refresh_depends_on_the_lists() -> None:
    once = fingerprint({"s1": (SAME, remote("b2", body("Two")))})
    assert once == fingerprint({"s1": (remote("b2", body("Two")), SAME)}), "the order says nothing"
    others = [
        fingerprint({"s1": (THEIRS, remote("b2", body("Two")))}),
        fingerprint({"s1": (SAME,)}),
        fingerprint({"s2": (SAME, remote("b2", body("Two")))}),
        fingerprint({}, {"s1": "no"}),
        fingerprint({}),
    ]
    assert len({once, *others}) == 6


def test_the_report_of_a_selection() -> None:
    known = state(entry("s1/one", body(), "b1"), entry("s1/was", body("Two", "Two"), "b2"))
    wanted = [want("s1/one", body()), want("s1/two", body("Two", "Mine")), want("s1/new", body("New", "New"))]
    remotes = [THEIRS, remote("b2", body("Two", "Theirs")), remote("b3", body("Two", "x"))]
    plan = held(wanted, known, remotes, said=moved("was", "two"))
    assert plan.refresh_report is not None
    assert len(plan.refresh_report.look_alikes) == 1
    for asked in ("s1/two", "s1/was"):
        part = narrowed(plan, asked.__eq__)
        assert (actions(part), drifts(part)) == ({"two": "conflict"}, {"s1/two": "changed"})
        assert part.left_out == ("s1/new",)
        assert part.refresh_report is not None
        assert len(part.refresh_report.look_alikes) == 1
    part = narrowed(plan, "s1/new".__eq__)
    assert (actions(part), part.drift, part.left_out) == ({"new": "create"}, (), ("s1/two",))
    assert part.refresh_report is not None
    assert part.refresh_report.look_alikes == ()


@pytest.mark.parametrize("listed", [True, False])
def test_a_recorded_body_that_is_none_is_damage(listed: bool) -> None:  # noqa: FBT001
    good = entry("s1/one", body("One"))
    known = state(replace(good, sent=Body.recorded({}, good.digest)))
    plan = make_plan([want("s1/one", body("One"), known)], known)
    seen = (
        RemoteLists({"s1": (remote(good.blueprint_id, body("One")),)})
        if listed
        else RemoteLists({}, {"s1": "404"})
    )
    with pytest.raises(StateDamaged, match="what was sent for s1/one does not fit its digest"):
        refresh(plan, seen)


def test_an_intent_that_is_none_is_damage() -> None:
    good = entry("s1/one", body("One"))
    opened = intent("s1/one", body("One, again"), "update")
    known = state(good, replace(opened, sent=Body.recorded({}, opened.digest)))
    plan = make_plan([want("s1/one", body("One"), known)], known)
    with pytest.raises(StateDamaged, match="what was sent for s1/one does not fit its digest"):
        refresh(plan, RemoteLists({"s1": (remote(good.blueprint_id, body("One")),)}))
