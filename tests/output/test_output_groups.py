"""The same change of many blueprints is shown once: in text, in Markdown and in JSON."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.errors import StalePlan
from kalentops.output import markdown, text_plan
from kalentops.output.explanations import text
from kalentops.output.terminal import plain, show
from kalentops.plan.build import Plan, make_plan, narrowed
from kalentops.plan.saved import plan_from_json, plan_to_json
from kalentops.project.load import load
from kalentops.state.model import State
from kalentops.support.text import json_pieces
from tests.builders import body, entry, state, step, want
from tests.hostile import HOSTILE
from tests.output import judges
from tests.sizes import examples, some

TEMPLATE = "blueprints/templates/first.yaml"
OLD, NEW = "Have you ten minutes?", "Have you fifteen minutes?"
DELAY = {"value": 9, "unit": "day"}


def shown(of: Plan, **how: Any) -> list[str]:
    return [plain(each) for each in text_plan.plan(of, **how)]


def as_json(of: Plan) -> Any:
    return json.loads("".join(json_pieces(plan_to_json(of, text))))


def rows(of: Plan) -> list[str]:
    """The rows of the table of a comment."""
    return [each for each in markdown.plan(of).splitlines() if "| **" in each]


class Users:
    """Positions that use one template, and their state after an apply."""

    def __init__(self, root: Path, number: int, own: Mapping[int, Mapping[str, Any]]) -> None:
        self.root = root
        self.change(OLD)
        for each in range(number):
            use = {"use": "first", "with": {"pitch": f"I hire for team {each}."}, **own.get(each, {})}
            self._write(
                f"blueprints/{each:03}.yaml",
                {"sourcingId": f"s{each:03}", "title": f"Position {each}", "blueprints": {"first": use}},
            )
        self.state = state(
            *(
                entry(each.address, each.body)
                for each in load(root, [root / "blueprints"], bodies=True).declared
            )
        )

    def _write(self, name: str, data: Mapping[str, Any]) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data, indent=1), encoding="utf-8")

    def change(self, sentence: str, **fields: Any) -> None:
        steps = [step("mail", content=f"Hi, {{{{param.pitch}}}} {sentence}", **fields)]
        self._write(
            TEMPLATE, {"template": "first", "parameters": {"pitch": {}}, "name": "First", "steps": steps}
        )

    def plan(self, known: State | None = None) -> Plan:
        known = self.state if known is None else known
        found = load(self.root, [self.root / "blueprints"], known=known.digests())
        assert found.findings == []
        return make_plan(found.declared, known)


def test_one_changed_sentence_of_a_template_is_one_block_one_row_and_one_group(tmp_path: Path) -> None:
    own: dict[int, Any] = {
        7: {"change": {"mail": {"content": "{{param.pitch}} My words."}}},
        8: {"change": {"mail": {"delay": DELAY}}},
    }
    users = Users(tmp_path, 200, own)
    users.change(NEW)
    plan = users.plan()
    assert plan.summary["update"] == 199  # what the guards count
    line = (tmp_path / TEMPLATE).read_text(encoding="utf-8").partition("Have you")[0].count("\n") + 1

    said = shown(plan)
    assert len(said) <= 60
    assert said[0] == f'~ update in 199 positions: step mail, "ten" → "fifteen" ({TEMPLATE}:{line})'
    assert "\n".join(said).count("{+fifteen+}") == 1
    assert "    Position 0   s000/first (b-s000/first)" in said
    assert "    and 189 more; `kalentops plan -v` lists all" in said
    assert "    ! Position 7 (s007/first) keeps its own text: an override hides this change" in said
    assert sum("/first (b-" in each for each in shown(plan, verbose=True)) == 199

    (row,) = rows(plan)
    assert "**changed** in 199 positions" in row
    assert "Position 0; Position 1; Position 2 and 196 more" in row
    assert f"`{TEMPLATE}:{line}`" in row
    comment = markdown.plan(plan)
    assert comment.count("<b>changed</b>") == 1
    assert "- and 149 more" in comment
    assert judges.Page(comment).problems == []

    made = as_json(plan)
    (group,) = made["groups"]
    assert len(group["addresses"]) == 199
    assert group["own_text"] == ["s007/first"]
    assert [group["origin"][each] for each in ("file", "line")] == [TEMPLATE, line]
    change = made["changes"][0]
    assert (change["title"], change["template"]) == ("Position 0", "first")
    (origin,) = change["origins"]
    assert (origin["step"], origin["field"]) == ("mail", "content")
    assert {each["file"] for each in origin["pieces"]} == {TEMPLATE, "blueprints/000.yaml"}
    assert made["changes"][7]["action"] == "no-op"


def test_new_positions_of_a_template_are_shown_once_with_the_values_of_their_parameters(
    tmp_path: Path,
) -> None:
    plan = Users(tmp_path, 30, {}).plan(state())
    said = shown(plan)
    assert said[0] == '+ create in 30 positions: "First" (template first)'
    assert "    Shown for Position 0 (s000/first); the values of the parameters differ." in said
    assert '    Position 1  s001/first: "I hire for team 1."' in said
    (row,) = rows(plan)
    assert "**new** in 30 positions" in row
    assert '- Position 29 (`s029/first`): `"I hire for team 29."`' in markdown.plan(plan)
    (group,) = as_json(plan)["groups"]
    assert group["values"]["s029/first"] == ["I hire for team 29."]


def test_several_that_keep_their_own_texts_are_named(tmp_path: Path) -> None:
    own = {each: {"change": {"mail": {"content": "{{param.pitch}} My words."}}} for each in (2, 3)}
    users = Users(tmp_path, 4, own)
    users.change(NEW)
    who = "Position 2 (s002/first), Position 3 (s003/first)"
    assert f"    ! {who} keep their own texts: an override hides this change" in shown(users.plan())


def test_the_days_are_shown_only_where_they_are_the_same(tmp_path: Path) -> None:
    own = {1: {"add": [{"before": "mail", **step("hello", delay=DELAY)}]}}
    users = Users(tmp_path, 2, own)
    users.change(OLD, delay=DELAY)
    said = shown(users.plan())
    assert said[0].startswith("~ update in 2 positions: step mail, delay 1 day → 9 days ")
    assert not any("day 1" in each for each in said[1:])


def copies(number: int, changed: int) -> Plan:
    """Plain copies of one text, of which some have changed."""
    known = state(
        *(
            entry(f"s{n}/first", body("First", step("mail", content=f"I am {n}. {OLD}")))
            for n in range(number)
        )
    )
    return make_plan(
        (
            want(
                f"s{n}/first",
                body("First", step("mail", content=f"I am {n}. {NEW if n < changed else OLD}")),
                known,
                title=f"Position {n}",
            )
            for n in range(number)
        ),
        known,
    )


def changed(bodies: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]) -> Plan:
    """The bodies before and after, by address; the blueprints have no titles."""
    known = state(*(entry(each, old) for each, (old, _) in bodies.items()))
    return make_plan((want(each, new, known) for each, (_, new) in bodies.items()), known)


FIRST, LAST = step("hi"), step("mail", content=OLD)


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ([LAST, FIRST], "step mail moved from position 2 to 1"),
        ([FIRST], "step mail removed"),
        ([FIRST, LAST, step("more")], "step more added"),
        (
            [FIRST, step("mail", content=OLD, subject="A talk")],
            'step mail, subject "{{sourcingJobTitle}}" → "A talk"',
        ),
        ([FIRST, step("mail", content=f"Now. {OLD}")], 'step mail, "Now." added'),
        ([FIRST, step("mail", content="Have you minutes?")], 'step mail, "ten" removed'),
    ],
)
def test_the_heading_says_what_changes(after: list[Any], said: str) -> None:
    both = body("A", FIRST, LAST), body("A", *after)
    assert shown(changed({"s1/first": both, "s2/first": both}))[0] == f"~ update in 2 positions: {said}"


def test_two_blueprints_of_one_position_are_no_positions() -> None:
    one, other = ((body(name, LAST), body(name, step("mail", content=NEW))) for name in ("One", "Other"))
    plan = changed({"s1/first": one, "s1/second": other, "s2/first": one})
    assert shown(plan)[0].startswith("~ update 3 blueprints: ")
    (row,) = rows(plan)
    assert row.startswith("| One; Other | ")


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (
            lambda n: [[step("mail", content=f"I am {n}. {each}")] for each in (OLD, NEW)],
            "the words around the change",
        ),
        (
            lambda n: [[step(1, delay={"value": n, "unit": "day"}), *each] for each in ((), (LAST,))],
            "the days",
        ),
        (
            lambda n: [
                [step(1, delay={"value": n, "unit": "day"}), step("mail", content=each)]
                for each in (OLD, NEW)
            ],
            "",
        ),
        (lambda _: [[FIRST], [FIRST, LAST]], ""),
    ],
)
def test_what_differs_between_those_that_are_shown_once_is_said(of: Any, said: str) -> None:
    both = {f"s{n}/first": [body("A", *each) for each in of(n)] for n in (1, 2)}
    plan = changed({address: (old, new) for address, (old, new) in both.items()})
    told = [each for each in shown(plan) if "differ" in each]
    assert told == ([f"    Shown for s1/first; {said} differ."] if said else [])


def test_blueprints_without_titles_are_named_by_their_positions() -> None:
    old, new = body("A", LAST), body("A", step("mail", content=NEW))
    plan = changed(
        {**{f"s{n}/first": (old, new) for n in range(3)}, "s3/first": (old, old), "s4/second": (old, old)}
    )
    assert "    ! 3 of 5 copies changed alike, s3, s4/second did not" in shown(plan)


def test_the_copy_that_was_forgotten_is_named_in_every_format() -> None:
    plan = copies(8, 7)
    said = "7 of 8 copies changed alike, Position 7 (s7/first) did not"
    assert f"    ! {said}" in shown(plan)
    assert shown(plan)[0] == '~ update in 7 positions: step mail, "ten" → "fifteen"'
    comment = markdown.plan(plan)
    assert comment.count("7 of 8 copies changed alike, Position 7") == 2  # in the row and in the block
    (group,) = as_json(plan)["groups"]
    assert group["unchanged"] == ["s7/first"]


def test_a_selection_has_groups_of_its_own() -> None:
    plan = narrowed(copies(8, 7), lambda each: each.sourcing_id in {"s0", "s1"})
    assert shown(plan)[0].startswith("~ update in 2 positions: ")
    alone = narrowed(copies(8, 7), lambda each: each.sourcing_id == "s1")
    assert shown(alone)[0] == "s1  Position 1"
    assert as_json(alone)["groups"] == []


def test_a_saved_plan_is_shown_as_it_was() -> None:
    plan = copies(8, 7)
    again = plan_from_json(as_json(plan))
    assert shown(again) == shown(plan)
    assert markdown.plan(again) == markdown.plan(plan)
    assert as_json(again) == as_json(plan)


SENTENCES = st.lists(st.sampled_from(["Hi.", OLD, NEW, "Bye."]), max_size=3).map(" ".join)


@given(st.lists(st.tuples(st.none() | SENTENCES, SENTENCES, st.booleans()), max_size=6))
@settings(max_examples=examples(100), deadline=None)
def test_each_change_is_shown_once(made: list[tuple[str | None, str, bool]]) -> None:
    texts = {f"s{n}/first": each for n, each in enumerate(made)}
    known = state(*(entry(each, body("A", old)) for each, (old, _, _) in texts.items() if old is not None))
    plan = make_plan(
        (
            want(each, body("A", new), known, title=f"Position {each}" if titled else "")
            for each, (_, new, titled) in texts.items()
        ),
        known,
    )
    listed = as_json(plan)["groups"]
    grouped = [address for each in listed for address in each["addresses"]]
    changed = {each.address for each in plan.to_do}
    assert len(set(grouped)) == len(grouped)
    assert set(grouped) <= changed
    lines = shown(plan, verbose=True)
    assert sum(re.search(r"^    \S.*  s\d/first( \(|$)", each) is not None for each in lines) == len(grouped)
    assert sum(bool(re.match(r"  [~+] ", each)) for each in lines) == len(changed) - len(grouped)
    assert len(rows(plan)) == len(changed) - len(grouped) + len(listed)
    assert shown(plan_from_json(as_json(plan)), verbose=True) == lines


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("addresses", []),
        ("addresses", ["s1/none", "s0/first"]),
        ("addresses", ["s0/first", "s0/first"]),  # would be hidden
        ("addresses", ["s7/first"]),  # no change
        ("unchanged", ["s1/none"]),
        ("own_text", 5),
        ("values", {"s0/first": 5}),
        ("edits", [{}]),
    ],
)
def test_a_saved_plan_with_damaged_groups_is_refused(field: str, value: Any) -> None:
    made = as_json(copies(8, 7))
    made["groups"][0][field] = value
    with pytest.raises(StalePlan):
        plan_from_json(made)


def test_a_saved_plan_of_an_older_version_has_no_groups() -> None:
    made = as_json(copies(8, 7))
    del made["groups"]
    for each in made["changes"]:
        del each["title"], each["template"], each["origins"]
    assert shown(plan_from_json(made))[0].startswith("~ update in 7 positions: ")


@pytest.mark.parametrize("hostile", [each for _, each in some(HOSTILE, 20)], ids=lambda _: "")
def test_hostile_titles_and_words_do_no_harm(hostile: str) -> None:
    both = [body(hostile, step("mail", content=f"{each} {hostile}")) for each in (OLD, NEW + hostile)]
    known = state(*(entry(f"s{n}/first", both[0]) for n in range(3)))
    plan = make_plan(
        (want(f"s{n}/first", both[n < 2], known, title=f"{hostile}{n}") for n in range(3)), known
    )
    assert len(as_json(plan)["groups"]) == 1
    assert not any("\n" in each for each in shown(plan, verbose=True))
    stream, comment = io.StringIO(), markdown.plan(plan)
    show(text_plan.plan(plan, verbose=True), stream)
    assert judges.Page(comment).problems == []
    assert judges.other_reading(comment) == []
    for each in (stream.getvalue(), comment):
        assert judges.commands(each) == []
        assert judges.terminal_orders(each) == []
