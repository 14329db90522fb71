"""Sequences and their changes in words and in Markdown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kalentops.blueprint import labels
from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.timeline import Moment, moments, moments_of_body
from kalentops.output import FORMATS, Checked, markdown, report, text_plan
from kalentops.output.markdown_sequences import changed, extent, new, tally
from kalentops.output.terminal import plain
from kalentops.plan.build import Action, Change, Drift, Plan, RefreshReport
from kalentops.support.text_diff import by_line, by_sentence
from tests.builders import body
from tests.output import judges
from tests.output.rich_example import DRAFTED, INVITATION, PITCH, REMINDER, SETTLED
from tests.sizes import examples
from tests.strategies import blueprints


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (Moment(0), "day 0"),
        (Moment(3 * 86_400), "day 3"),
        (Moment(86_400 + 1800), "day 1, 30 minutes in"),
        (Moment(90_061), "day 1, 1 hour 1 minute in"),
        (Moment(45), "day 0, 45 seconds in"),
        (Moment(1_234 * 86_400), "day 1,234"),
        (Moment(0, settled=True), "when the invitation has settled"),
        (Moment(86_400, settled=True), "1 day after the invitation has settled"),
        (Moment(90_000, settled=True), "1 day 1 hour after the invitation has settled"),
    ],
)
def test_when_a_step_happens(moment: Moment, said: str) -> None:
    assert labels.day(moment) == said


@given(blueprints())
def test_a_body_has_the_moments_of_its_blueprint(blueprint: Any) -> None:
    dumped = blueprint.model_dump(exclude_none=True)
    assert moments_of_body(dumped) == moments(blueprint)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (PITCH, ["skipped without a contact"]),
        (SETTLED, ["waits at most 7 days for the invitation", "sent by user user_ada"]),
        (DRAFTED, ["text drafted by Kalent's AI", "AI draft sent without approval"]),
        (REMINDER, []),
    ],
)
def test_what_else_is_settled_for_a_step(step: dict[str, Any], said: list[str]) -> None:
    assert labels.conditions(step) == said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            {},
            {"temporalityType": "ASAP", "delay": None},
            [("when", "day 3, 3 days after the start", "day 0, at once")],
        ),
        ({}, {"delay": {"value": 1, "unit": "minute"}}, [("delay", "3 days", "1 minute")]),
        ({"policy": None}, {}, [("without a contact", "the sequence stops", "the step is skipped")]),
        (
            {"policy": None},
            {"policy": {"inviteTimeoutDays": 1}},
            [("longest wait for the invitation", "none", "1 day")],
        ),
        ({}, {"type": "SMS"}, [("channel", "e-mail", "SMS")]),
        ({}, {"config": {"userId": "u"}}, [("sent by", labels.OWNER, "user u")]),
        ({}, {"contentSource": "manual"}, [("text", "none", "sent as written")]),
        ({}, {"name": "Other"}, [("name", "Pitch", "Other")]),
    ],
)
def test_a_field_in_words(
    before: dict[str, Any], after: dict[str, Any], said: list[tuple[str, str, str]]
) -> None:
    (change,) = labels.step_changes(body("A", PITCH | before), body("A", PITCH | after))
    assert [(each.field, each.before, each.after) for each in change.fields] == said


def test_what_a_sequence_takes_and_what_changed_counted() -> None:
    one = body("One", PITCH, REMINDER)
    assert extent(one) == "2 steps over 7 days"
    assert extent(body("One", INVITATION, SETTLED)) == "2 steps"
    assert extent(body("One", steps=[])) == "no steps yet"
    assert new(body("One", steps=[])).full == "It has no steps yet."
    other = body("Two", DRAFTED, REMINDER | {"content": "x"}, PITCH, config={"a": 1})
    assert tally(one, other) == "1 step changed, 1 added, name, settings"
    assert tally(one, one) == ""


LONG = "This sentence is as long as sentences that nobody reads to their end are, or longer."


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("One. Two. Three.", "One. 2. Three.", ["- One. Two. Three.", "+ One. 2. Three."]),
        ("One. Two.", "One.\nTwo.", ["- One. Two.", "+ One.", "+ Two."]),
        ("One.\nTwo.", "One.\n\nTwo.", ["  One.", "+", "  Two."]),
        ("Intro:\nend", "Intro:\n- a\n- b\nend", ["  Intro:", "+ - a", "+ - b", "  end"]),
        ("a\n\nb", "a\nb", ["  a", "-", "  b"]),
        ("", "New", ["+ New"]),
        ("One", "One\n", ["- One", "+ One↵"]),
        ("One\n", "Two\n", ["- One", "+ Two"]),
        ("One", "One\n\nTwo\n", ["  One", "+", "+ Two↵"]),
        (
            f"{LONG} Old. {LONG} {LONG} {LONG} End.",
            f"{LONG} New. {LONG} {LONG} {LONG} End.",
            [f"- {LONG} Old. This", f"-   {LONG[5:]} …", f"+ {LONG} New. This", f"+   {LONG[5:]} …"],
        ),
    ],
)
def test_a_text_line_by_line(before: str, after: str, shown: list[str]) -> None:
    said = changed(body("A", PITCH | {"content": before}), body("A", PITCH | {"content": after})).full
    fenced = said.partition("```diff\n")[2].partition("\n```")[0]
    assert fenced.split("\n") == shown


def test_white_space_alone_is_named() -> None:
    said = changed(
        body("A", PITCH | {"content": "One. Two"}), body("A", PITCH | {"content": "One.  Two"})
    ).full
    assert "They look alike: `U+0020` SPACE added" in said


@given(st.text("ab.! \n", max_size=60), st.text("ab.! \n", max_size=60))
def test_lines_are_the_texts_they_come_from(before: str, after: str) -> None:
    pieces = by_line(before, after)
    for text, other in ((before, "new"), (after, "old")):
        lines = [line for tag, line in pieces if tag != other]
        assert "\n".join(lines).replace("↵", "\n").rstrip("\n") == text.rstrip("\n")
    assert all("\n" not in line for _, line in pieces)


@given(st.text("ab.! ", max_size=60), st.text("ab.! ", max_size=60))
def test_sentences_are_the_lines_they_come_from(before: str, after: str) -> None:
    pieces = by_sentence(before, after)
    assert "".join(text for tag, text in pieces if tag != "new") == before
    assert "".join(text for tag, text in pieces if tag != "old") == after


_ODD = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4)
_STEP = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("id", "name", "subject", "content", "contentSource", "linkedInType", "type"), _ODD),
        "temporalityType": _ODD | st.sampled_from(["DELAYED", "AFTER_INVITATION_SETTLED"]),
        "delay": st.none()
        | st.fixed_dictionaries({}, optional={"value": _ODD, "unit": _ODD | st.just("day")}),
        "policy": st.none()
        | st.fixed_dictionaries({}, optional={"skipStepIfNoContact": _ODD, "inviteTimeoutDays": _ODD}),
    },
)
_LISTED = st.fixed_dictionaries({"name": st.text(max_size=4), "steps": st.lists(_STEP, max_size=3)})


@settings(max_examples=examples(150), suppress_health_check=[HealthCheck.too_slow])
@given(_LISTED, _LISTED)
def test_what_kalent_shows_may_be_odd_and_is_shown_all_the_same(old: Any, other: Any) -> None:
    before, after = (Body.listed(each) for each in (old, other))
    plan = Plan(
        None,
        0,
        (
            Change(Address.parse("s/a"), Action.UPDATE, "A", "b", "a.yaml", 1, before, after),
            Change(Address.parse("s/b"), Action.CONFLICT, "B", None, "a.yaml", 9, None, after, theirs=before),
            Change(Address.parse("s/c"), Action.CREATE, "C", None, "a.yaml", 19, None, before),
        ),
        refresh_report=RefreshReport(
            (Drift(Address.parse("s/a"), "changed", "A", "b", "then", "now", before, after),)
        ),
    )
    for form in FORMATS:
        assert report(form).show_plan(plan, Checked())
    assert judges.Page(markdown.plan(plan)).problems == []
    assert [plain(each) for each in text_plan.plan(plan, verbose=True)]
