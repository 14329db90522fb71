"""Files against state."""

from __future__ import annotations

import pytest

from kalentops.blueprint.body import Address
from kalentops.errors import StateDamaged
from kalentops.lint.finding import Finding
from kalentops.lint.rule import Declared, Relocation
from kalentops.output.explanations import text
from kalentops.plan.build import WRITES, Action, Change, make_plan, narrowed
from kalentops.state.model import State
from kalentops.support.text import same_name
from tests.builders import AT, body, entry, form, intent, state, unread, want


def only(changes: tuple[Change, ...]) -> Change:
    (change,) = changes
    return change


def test_nothing_at_all() -> None:
    plan = make_plan([], State())
    assert (plan.lineage, plan.serial, plan.changes, plan.to_do) == (None, 0, (), ())
    assert list(plan.summary) == [
        "create",
        "update",
        "no_op",
        "orphan",
        "adopt",
        "conflict",
        "resume",
        "move",
        "forget",
    ]
    assert set(plan.summary.values()) == {0}


def test_create() -> None:
    wanted = want("s1/one", body())
    change = only(make_plan([wanted], State()).changes)
    assert change == Change(
        Address.parse("s1/one"),
        Action.CREATE,
        "One",
        file="blueprints/a.yaml",
        line=3,
        after=form(),
    )
    assert (change.address.sourcing_id, change.address.key) == ("s1", "one")


def test_no_op() -> None:
    known = state(entry("s1/one", body(), "b1"))
    change = only(make_plan([want("s1/one", body(), known)], known).changes)
    assert change == Change(Address.parse("s1/one"), Action.NO_OP, "One", "b1", "blueprints/a.yaml", 3)


def test_a_plan_reads_no_text_of_what_is_new_or_as_recorded() -> None:
    bodies = {f"s{n}/one": unread(body(f"Name {n}")) for n in range(5)}
    known = state(*(entry(each, sent, seen=False) for each, sent in list(bodies.items())[:3]))
    declared = [want(each, sent)._replace(body=sent) for each, sent in bodies.items()]
    plan = make_plan(declared, known)
    assert {name: n for name, n in plan.summary.items() if n} == {"create": 2, "no_op": 3}
    assert (len(plan.to_do), plan.groups) == (2, ())


def test_update() -> None:
    known = state(entry("s1/one", body(), "b1"))
    change = only(make_plan([want("s1/one", body("One", "Hello"), known)], known).changes)
    assert (change.action, change.blueprint_id) == (Action.UPDATE, "b1")
    assert (change.before, change.after) == (form(), form(body("One", "Hello")))


def test_orphan() -> None:
    change = only(make_plan([], state(entry("s1/one", body(), "b1"))).changes)
    assert (change.action, change.blueprint_id, change.name) == (Action.ORPHAN, "b1", "One")
    assert text(change.reason) == (
        f"no longer declared (recorded {AT}); delete it in Kalent's web app; "
        "forget it: `removed: [one]` (in a file of s1, or in a new one); "
        "or at once: `kalentops state rm s1/one`"
    )


@pytest.mark.parametrize("wanted", [True, False])
def test_resume_of_a_create(wanted: bool) -> None:  # noqa: FBT001
    known = state(intent("s1/one", body("Sent")))
    change = only(make_plan([want("s1/one", body("Wanted"))] if wanted else [], known).changes)
    assert change.action is Action.RESUME
    assert change.name == ("Wanted" if wanted else "Sent")
    assert change.before is None
    assert change.after == (form(body("Wanted")) if wanted else None)
    assert (
        text(change.reason) == f"a run was interrupted at its create ({AT}); apply first looks up its outcome"
    )


def test_resume_of_an_update_whose_file_is_what_was_there_before() -> None:
    known = state(entry("s1/one", body(), "b1"), intent("s1/one", body("One", "New"), "update"))
    change = only(make_plan([want("s1/one", body(), known)], known).changes)
    assert (change.action, change.blueprint_id) == (Action.RESUME, "b1")
    assert change.before == change.after == form()


def test_a_renamed_key_is_no_second_blueprint() -> None:
    known = state(entry("s1/old", body("One"), "b1"))
    changes = make_plan([want("s1/new", body(" oNE "), known)], known).changes
    assert [(each.address, each.action) for each in changes] == [
        ("s1/new", Action.CONFLICT),
        ("s1/old", Action.ORPHAN),
    ]
    assert "has the same name or the same steps and is no longer declared" in text(changes[0].reason)
    changes = make_plan([want("s1/new", body("One"), known)], known).changes
    assert "`kalentops state mv s1/old s1/new`" in text(changes[0].reason)


def test_the_same_name_elsewhere_is_no_conflict() -> None:
    known = state(entry("s2/old", body("One"), "b1"))
    changes = make_plan([want("s1/new", body("One"), known)], known).changes
    assert [each.action for each in changes] == [Action.CREATE, Action.ORPHAN]


def test_a_name_that_another_blueprint_gives_away_is_a_conflict() -> None:
    known = state(entry("s1/old", body("One"), "b1"))
    wanted = [want("s1/new", body("One"), known), want("s1/old", body("Two"), known)]
    new, old = make_plan(wanted, known).changes
    assert (new.action, old.action) == (Action.CONFLICT, Action.CONFLICT)
    assert "`kalentops state mv s1/old s1/new`" in text(new.reason)
    assert "`kalentops state mv s1/old s1/new`" in text(old.reason)
    new, old = make_plan(wanted, known, overwrite=["s1/old"]).changes
    assert (new.action, old.action) == (Action.CONFLICT, Action.UPDATE)
    done = state(entry("s1/old", body("Two"), "b1"))
    assert [each.action for each in make_plan(wanted, done).changes] == [Action.CREATE, Action.NO_OP]


def said(source: str, target: str | None, sourcing: str = "s1") -> Relocation:
    return Relocation(sourcing, source, target, "blueprints/a.yaml", (9, 1))


def test_a_key_that_moved_touches_the_state_alone() -> None:
    known = state(entry("s1/old", body(), "b1"))
    plan = make_plan([want("s1/new", body())], known, relocations=[said("old", "new")])
    change = only(plan.changes)
    assert (change.address, change.action, change.moved_from) == ("s1/new", Action.MOVE, "s1/old")
    assert (change.blueprint_id, change.before, change.after) == ("b1", None, None)
    assert plan.to_do == (change,)


def test_a_key_that_moved_and_a_text_that_changed() -> None:
    known = state(entry("s1/old", body(), "b1"))
    wanted = want("s1/new", body("One", "Hello"))
    change = only(make_plan([wanted], known, relocations=[said("old", "new")]).changes)
    assert (change.action, change.moved_from) == (Action.UPDATE, "s1/old")
    assert (change.before, change.after) == (form(), form(body("One", "Hello")))


def test_a_key_that_moved_while_a_run_was_cut_off() -> None:
    known = state(intent("s1/old", body()))
    plan = make_plan([want("s1/new", body())], known, relocations=[said("old", "new")])
    change = only(plan.changes)
    assert (change.address, change.action, change.moved_from) == ("s1/new", Action.RESUME, "s1/old")
    assert list(plan.relocated.state.intents) == ["s1/new"], "the plan returns the state with moved addresses"


def test_a_key_that_can_not_move_says_so() -> None:
    known = state(entry("s1/old", body("Old", "Old"), "b1"), entry("s1/new", body(), "b2"))
    plan = make_plan([want("s1/new", body(), known)], known, relocations=[said("old", "new")])
    assert [(each.address.key, each.action) for each in plan.changes] == [
        ("new", Action.NO_OP),
        ("old", Action.ORPHAN),
    ]
    assert text(plan.changes[1].reason).startswith(
        "declared as moved to s1/new, which b2 has already; no longer declared"
    )


def test_what_is_removed_is_forgotten() -> None:
    change = only(
        make_plan([], state(entry("s1/one", body(), "b1")), relocations=[said("one", None)]).changes
    )
    assert (change.action, change.blueprint_id, change.name) == (Action.FORGET, "b1", "One")
    assert text(change.reason) == "the state forgets it; it stays in Kalent until it is deleted there"


def test_what_is_removed_while_a_run_was_cut_off_is_settled_first() -> None:
    known = state(entry("s1/one", body(), "b1"), intent("s1/one", body("One", "New"), "update"))
    change = only(make_plan([], known, relocations=[said("one", None)]).changes)
    assert change.action is Action.RESUME
    assert text(change.reason).startswith("declared as removed; ")


def protected(of: Declared) -> Declared:
    return of._replace(protect=True)


def test_a_protected_update_needs_overwrite() -> None:
    known = state(entry("s1/one", body(), "b1"))
    wanted = protected(want("s1/one", body("One", "Hello"), known))
    change = only(make_plan([wanted], known).changes)
    assert (change.action, change.protected) == (Action.CONFLICT, True)
    assert (change.before, change.after) == (form(), form(body("One", "Hello")))
    assert text(change.reason) == (
        "`protect: true` keeps it as it is; "
        "update it anyway: `kalentops apply --overwrite s1/one --target s1/one`"
    )
    forced = only(make_plan([wanted], known, overwrite=["s1/one"]).changes)
    assert (forced.action, forced.protected) == (Action.UPDATE, False)


def test_a_protected_blueprint_is_created_and_moved() -> None:
    assert only(make_plan([protected(want("s1/one", body()))], State()).changes).action is Action.CREATE
    known = state(entry("s1/one", body(), "b1"))
    assert only(make_plan([protected(want("s1/one", body(), known))], known).changes).action is Action.NO_OP
    moved = make_plan([protected(want("s1/new", body()))], known, relocations=[said("one", "new")])
    assert only(moved.changes).action is Action.MOVE


def test_overwrite_sends_an_unchanged_blueprint_again() -> None:
    known = state(entry("s1/one", body(), "b1"), entry("s1/two", body("Two", "Two"), "b2"))
    wanted = [want("s1/one", body(), known), want("s1/two", body("Two", "Two"), known)]
    first, second = make_plan(wanted, known, overwrite=["s1/one"]).changes
    assert (first.action, first.before, first.after) == (Action.UPDATE, form(), form())
    assert text(first.reason) == "sent as declared, whatever Kalent shows (--overwrite)"
    assert second.action is Action.NO_OP
    moved = make_plan([want("s1/new", body())], known, relocations=[said("one", "new")], overwrite=["s1/new"])
    assert (moved.changes[0].action, moved.changes[0].moved_from) == (Action.UPDATE, "s1/one")


def test_a_selection_names_what_it_leaves_out() -> None:
    known = state(entry("s1/old", body(), "b1"), entry("s1/orphan", body("Orphan", "x"), "b2"))
    wanted = [want("s1/new", body()), want("s1/other", body("Other", "y"))]
    plan = make_plan(wanted, known, relocations=[said("old", "new")])
    for asked in ("s1/old", "s1/new"):
        part = narrowed(plan, asked.__eq__)
        assert [each.address for each in part.changes] == ["s1/new"]
        assert part.left_out == ("s1/other",)
    assert narrowed(plan, "s1/orphan".__eq__).left_out == ("s1/new", "s1/other")
    assert narrowed(plan, lambda _: True) == plan


def test_the_fingerprint_depends_on_what_the_files_declare() -> None:
    known = state(entry("s1/one", body(), "b1"))
    wanted = want("s1/one", body(), known)
    plans = [
        make_plan([wanted], known),
        make_plan([protected(wanted)], known),
        make_plan([want("s1/one", body("One", "Hello"), known)], known),
        make_plan([wanted], known, relocations=[said("old", "one")]),
        make_plan([wanted], known, relocations=[said("old", None)]),
        make_plan([], known),
    ]
    assert len({each.files for each in plans}) == len(plans)
    assert make_plan([wanted], State()).files == plans[0].files, "the state says nothing of the files"


def test_order_and_counts() -> None:
    known = state(
        entry("s1/a", body("A"), "b1"), entry("s2/b", body("B"), "b2"), entry("s3/c", body("C"), "b3")
    )
    wanted = [
        want("s3/z", body("Z", "another text"), known),
        want("s2/b", body("B!"), known),
        want("s1/a", body("A"), known),
    ]
    plan = make_plan(wanted, known, [FINDING])
    assert [each.address for each in plan.changes] == ["s1/a", "s2/b", "s3/c", "s3/z"]
    assert plan.summary == {
        "create": 1,
        "update": 1,
        "no_op": 1,
        "orphan": 1,
        "adopt": 0,
        "conflict": 0,
        "resume": 0,
        "move": 0,
        "forget": 0,
    }
    assert [each.address for each in plan.to_do] == ["s2/b", "s3/z"]
    assert all(each.action in WRITES for each in plan.to_do)
    assert plan.findings == (FINDING,)


FINDING = Finding("a.yaml", 1, 2, "KAL301", "long", "shorten it")


def test_a_body_that_does_not_fit_its_digest() -> None:
    known = state(entry("s1/one", digest="sha256:" + "0" * 64))
    with pytest.raises(StateDamaged, match="what was sent for s1/one does not fit its digest"):
        make_plan([want("s1/one", body("One", "new"), known)], known)


def test_same_name() -> None:
    assert same_name("  Linked\tIN  first ") == same_name("linkedin first".replace("di", "d i"))
    assert same_name("Straße") == same_name("STRASSE")
    assert same_name("a b") != same_name("ab")


def test_a_blueprint_that_was_not_read_as_a_whole_is_never_planned() -> None:
    half = want("s/a", placeholders=frozenset({("steps", 0, "content")}))
    with pytest.raises(AssertionError, match="s/a was not read as a whole"):
        make_plan([want("s/b"), half], State())
