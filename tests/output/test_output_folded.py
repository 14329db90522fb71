"""A large plan is folded: what has to be read stays, and what is counted adds up."""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.blueprint.body import Address
from kalentops.output import folded, markdown, text_plan
from kalentops.output.explanations import text
from kalentops.output.folded import MOST, MOST_UPDATES, fold
from kalentops.output.terminal import plain, show
from kalentops.plan.build import Action, Change, Plan, make_plan
from kalentops.plan.explanation import Code, Explanation, explain
from kalentops.plan.saved import plan_from_json, plan_to_json
from kalentops.support.text import json_pieces
from tests.builders import body, form, state, step, want
from tests.builders import entry as known
from tests.hostile import HOSTILE
from tests.output import judges
from tests.sizes import some

USUAL = {
    Action.ADOPT: explain(Code.IDENTICAL),
    Action.ORPHAN: explain(Code.NO_LONGER_DECLARED, address="s/a", applied_at="then"),
    Action.FORGET: explain(Code.FORGOTTEN),
}
READ = explain(Code.OTHER_SOURCING, other="s9/a", blueprint_id="b9")


def change(number: int, action: Action, reason: Explanation | None = None, **fields: Any) -> Change:
    """One that is like no other."""
    old, new = (body(f"Name {number}", f"Text of {number}, {each}.") for each in ("old", "new"))
    return Change(
        Address(f"s{number:04}", "a"),
        action,
        f"Name {number}",
        file=None
        if action in {Action.ORPHAN, Action.FORGET}
        else f"blueprints/team-{number % 7}/{number}.yaml",
        line=3,
        before=form(old) if action is Action.UPDATE else None,
        after=form(new) if action in {Action.CREATE, Action.UPDATE, Action.RESUME, Action.ADOPT} else None,
        reason=reason or USUAL.get(action),
        **fields,
    )


def plan(*actions: tuple[Action, int], and_also: tuple[Change, ...] = ()) -> Plan:
    many = [action for action, count in actions for _ in range(count)]
    return Plan(None, 0, (*map(change, range(len(many)), many), *and_also))


def shown(of: Plan, **how: Any) -> list[str]:
    return [plain(each) for each in text_plan.plan(of, **how)]


def counted(of: Plan) -> Counter[str]:
    found = fold(of)
    there = [*found.alone, *(each for group in found.groups for each in group.changes)]
    return Counter(each.action.name.lower() for each in (*there, *found.folded))


ACTIONS = st.tuples(
    st.sampled_from(Action),
    st.booleans(),
    st.none() | st.just(READ),
    st.sampled_from(["one", "two", "three"]),
)


@given(st.lists(ACTIONS, max_size=12), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
def test_nothing_is_lost_and_what_has_to_be_read_is_shown(
    made: list[tuple[Action, bool, Explanation | None, str]], most: int, updates: int, places: int
) -> None:
    changes = [
        change(
            number, action, reason, theirs=form(body("Theirs")) if theirs else None, title=f"Title {number}"
        )
        for number, (action, theirs, reason, _) in enumerate(made)
    ]
    of = Plan(
        None,
        0,
        tuple(
            replace(each, after=form(body(text))) if each.action is Action.CREATE else each
            for each, (*_, text) in zip(changes, made, strict=True)
        ),
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("MOST", most), ("MOST_UPDATES", updates), ("_MOST_PLACES", places)):
            patch.setattr(folded, name, value)
        assert counted(of) == +Counter({name: n for name, n in of.summary.items() if name != "no_op"})
        found = fold(of)
        assert not any(
            each.action in {Action.CONFLICT, Action.RESUME} or each.theirs is not None or each.reason == READ
            for each in found.folded
        )
        in_places = Counter[str]()
        for place in found.places():
            in_places.update(place.counts)
        assert in_places == Counter(each.action.name.lower() for each in found.folded)
        lines = shown(of)
        for each in found.alone:
            assert any(f' a "{each.name}"' in line for line in lines)
        assert sum(line.startswith("Not shown one by one: ") for line in lines) == bool(found.folded)
        verbose, page = shown(of, verbose=True), markdown.plan(of)
    assert judges.Page(page).problems == []
    assert shown(of, verbose=True) == verbose  # with `-v`, no limit counts


@pytest.mark.parametrize("action", [Action.CREATE, Action.ADOPT, Action.MOVE, Action.FORGET, Action.ORPHAN])
def test_up_to_a_number_of_each_action_a_plan_is_shown_whole(action: Action) -> None:
    assert fold(plan((action, MOST))).folded == ()
    assert len(fold(plan((action, MOST + 1))).folded) == MOST + 1


def test_updates_are_shown_longer_and_the_rest_is_named() -> None:
    of = plan((Action.CREATE, MOST), (Action.UPDATE, MOST_UPDATES + 5))
    assert len(fold(of).folded) == 5
    lines = shown(of)
    assert sum("  ~ update a " in each for each in lines) == MOST_UPDATES
    assert sum("  + create a " in each for each in lines) == MOST
    assert "  ! 5 of 205 updates are among them: read what they change before you apply" in lines


def test_the_reader_sees_how_many_where_and_what_is_unusual() -> None:
    odd = change(9_000, Action.CREATE, READ, title="Odd"), change(9_001, Action.CONFLICT, READ)
    lines = shown(plan((Action.CREATE, 700), (Action.ORPHAN, 60), and_also=odd))
    assert len(lines) < 40
    assert lines[0] == "s9000  Odd"
    at = lines.index("Not shown one by one: 760 blueprints")
    assert lines[at + 1 : at + 3] == [
        "  blueprints/team-0/  100 positions  100 to create",
        "  blueprints/team-1/  100 positions  100 to create",
    ]
    assert lines[at + 8 : at + 11] == [
        "  in no file          60 positions   60 orphans",
        "  `kalentops plan -v` shows all of them, `kalentops plan blueprints/team-0/` a part",
        "",
    ]
    assert lines[-1] == "Plan: 701 to create, 1 in conflict, 60 orphans."


def test_the_commands_that_show_the_rest_name_the_environment() -> None:
    of = replace(plan((Action.CREATE, 700)), environment="prod")
    assert (
        "  `kalentops plan -e prod -v` shows all of them, `kalentops plan -e prod blueprints/team-0/` a part"
        in shown(of)
    )
    assert "  `kalentops apply -e prod -v` shows all of them" in shown(of, command="kalentops apply")
    assert "`kalentops plan -e prod -v` shows all of it." in markdown.plan(of, limit=2_000)


def test_a_few_positions_are_named_by_their_titles() -> None:
    changes = tuple(
        replace(change(number, Action.CREATE), address=Address(f"s{number % 3}", f"k{number}"), title="Paris")
        for number in range(60)
    )
    lines = shown(Plan(None, 0, tuple(sorted(changes, key=lambda each: each.address))))
    assert lines[:5] == [
        "Not shown one by one: 60 blueprints",
        "  s0  Paris  20 to create",
        "  s1  Paris  20 to create",
        "  s2  Paris  20 to create",
        "  `kalentops plan -v` shows all of them, `kalentops plan --sourcing s0` a part",
    ]


def test_files_of_one_folder_are_one_line() -> None:
    changes = plan((Action.CREATE, 150)).changes
    for file, name in (("blueprints/{}.yaml", "blueprints/"), ("{}.yaml", "./"), ("{}/a.yaml", "./")):
        moved = tuple(replace(each, file=file.format(number)) for number, each in enumerate(changes))
        assert [each.name for each in fold(Plan(None, 0, moved)).places()] == [name]
        assert "  `kalentops plan -v` shows all of them" in shown(Plan(None, 0, moved))


def test_of_many_groups_the_largest_are_shown_and_those_with_a_note() -> None:
    """60 texts of two new blueprints each, and one of three; 202 edits of two copies, one of which was forgotten."""
    new = [want(f"n{n:03}-{i}/a", body(f"New {n}")) for n in range(60) for i in range(2 + (n == 59))]
    sides = {
        n: [body(f"Old {n}", step("mail", content=f"{n}: {each}.")) for each in ("old", "new")]
        for n in range(202)
    }
    copies = [
        (f"o{n:03}-{i}/a", old, old if i == 2 else text)
        for n, (old, text) in sides.items()
        for i in range(2 + (n == 200))
    ]
    before = state(*(known(each, old) for each, old, _ in copies))
    of = make_plan([*new, *(want(each, text, before) for each, _, text in copies)], before)
    found = fold(of)
    creates, updates = (
        [each for each in found.groups if each.first.action is action]
        for action in (Action.CREATE, Action.UPDATE)
    )
    assert (len(creates), len(updates)) == (MOST, MOST_UPDATES + 1)
    assert {"n059-0/a", "o200-0/a"} <= {each.first.address for each in found.groups}
    assert counted(of) == Counter({"create": 121, "update": 404})


def test_a_saved_plan_is_folded_as_it_was() -> None:
    of = plan((Action.CREATE, MOST + 1), (Action.UPDATE, MOST_UPDATES + 1))
    again = plan_from_json(json.loads("".join(json_pieces(plan_to_json(of, text)))))
    assert shown(again) == shown(of)
    assert markdown.plan(again) == markdown.plan(of)


@pytest.mark.parametrize("hostile", [each for _, each in some(HOSTILE, 20)], ids=lambda _: "")
@pytest.mark.parametrize("places", [0, 9])
def test_hostile_names_of_positions_and_folders_do_no_harm(
    hostile: str, places: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folded, "MOST", 1)
    monkeypatch.setattr(folded, "_MOST_PLACES", places)
    files = (f"{hostile}/{number}.yaml" for number in range(3))
    changes = [
        replace(
            change(number, Action.CREATE),
            title=hostile,
            file=file,
            address=Address(f"{hostile}{number}", "a"),
        )
        for number, file in enumerate(files)
    ]
    of = Plan(None, 0, tuple(sorted(changes, key=lambda each: each.address)))
    assert len(fold(of).folded) == 3
    stream, comment = io.StringIO(), markdown.plan(of)
    show(text_plan.plan(of), stream)
    assert judges.Page(comment).problems == []
    assert judges.other_reading(comment) == []
    for each in (stream.getvalue(), comment):
        assert judges.commands(each) == []
        assert judges.terminal_orders(each) == []
