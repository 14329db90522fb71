"""Everything that a person reads, whole."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.apply.result import ApplyResult, Outcome, Result
from kalentops.blueprint.body import Address
from kalentops.blueprint.remote import Mark, RemoteSourcing, stub
from kalentops.lint.finding import Finding, Severity
from kalentops.output import text_findings, text_plan, text_results
from kalentops.output.terminal import Line, plain
from kalentops.plan.build import Action, Change, Plan
from kalentops.plan.explanation import Code, explain
from kalentops.state.model import State
from kalentops.support import text_diff
from kalentops.support.text import count
from tests.builders import body, digest, entry, form, intent, saying, state

SHOWN = "2026-01-02 03:04 UTC"
HOSTILE = "x\x1b[31m\n::error::\u202e\u200b\x07\r\ud800"
HARMLESS = r"x\u{1b}[31m\n::error::\u{202e}\u{200b}\u{7}\r\u{d800}"


def shown(lines: Any) -> str:
    return "\n".join(plain(each) for each in lines)


def step(name: str, /, **fields: Any) -> dict[str, Any]:
    return {
        "id": name,
        "name": name.capitalize(),
        "type": "EMAIL",
        "subject": f"About {name}",
        "content": f"Hi {{{{firstname}}}},\n\nthis is {name}.",
        "temporalityType": "DELAYED",
        "delay": {"value": 3, "unit": "day"},
        **fields,
    }


INVITE = step(
    "invite",
    type="LINKEDIN",
    linkedInType="LINKEDIN_INVITATION_WITH_MESSAGE",
    subject=None,
    temporalityType="ASAP",
    delay=None,
)


def test_plans_of_nothing() -> None:
    same = Change(Address.parse("s1/a"), Action.NO_OP, "A", "b1", "a.yaml", 3)
    gone = Change(Address.parse("s1/b"), Action.ORPHAN, "B", "b2", reason=saying("why"))
    assert shown(text_plan.plan(Plan(None, 0, ()))) == "No changes."
    assert shown(text_plan.plan(Plan(None, 0, (same,)))) == "No changes. 1 unchanged."
    said = shown(text_plan.plan(Plan(None, 0, (same, gone))))
    assert said == 's1\n  ? orphan b "B" (b2)\n      why\n\nNo changes. 1 unchanged, 1 orphan.'
    new = Change(Address.parse("s1/a"), Action.CREATE, "A", None, "a.yaml", 3, None, form(body(steps=[])))
    said = shown(text_plan.plan(Plan(None, 0, (new,))))
    assert said == 's1\n  + create a "A"  a.yaml:3\n      no steps yet\n\nPlan: 1 to create.'


def test_results() -> None:
    result = ApplyResult(
        (
            Result("s1/f", Action.UPDATE, Outcome.REFUSED, "b6", saying("the API refused: no")),
            Result("s1/a", Action.CREATE, Outcome.DONE, "b1"),
            Result("s1/b", Action.UPDATE, Outcome.DONE, "b2", note=saying("look at it")),
            Result("s1/c", Action.ADOPT, Outcome.DONE, "b3"),
            Result("s1/d", Action.RESUME, Outcome.DONE, "b4"),
            Result("s1/e", Action.CREATE, Outcome.CONFLICT, error=saying("b5 has this name")),
            Result("s1/g", Action.CREATE, Outcome.UNKNOWN, error=saying("no answer before the timeout")),
            Result("s1/h", Action.CREATE, Outcome.NOT_ATTEMPTED),
        )
    )
    assert shown(text_results.results(result)) == RESULTS


RESULTS = """\
  created         s1/a b1
  updated         s1/b b2
      look at it
  adopted         s1/c b3
  resumed         s1/d b4
  in conflict     s1/e
      b5 has this name
  refused         s1/f b6
      the API refused: no
  unknown outcome s1/g
      no answer before the timeout
  not sent        s1/h
Apply: 4 done, 1 refused, 1 in conflict, 1 with unknown outcome, 1 not sent.
Run `kalentops apply` again: it first looks up these outcomes."""


def test_one_reason_for_many_is_said_once() -> None:
    waiting = [
        Result(f"s1/{key}", Action.CREATE, Outcome.NOT_ATTEMPTED, error=saying("too late")) for key in "abc"
    ]
    alone = Result("s1/d", Action.CREATE, Outcome.NOT_ATTEMPTED, error=saying("no list"))
    assert shown(text_results.results(ApplyResult((*waiting, alone)))).splitlines()[:6] == [
        "  not sent        s1/d",
        "      no list",
        "  not sent        s1/a",
        "  not sent        s1/b",
        "  not sent        s1/c",
        "      these 3: too late",
    ]


def test_one_other_run_is_named_once_with_what_to_type() -> None:
    waiting = [
        Result(
            f"s{at}/a",
            Action.UPDATE,
            Outcome.NOT_ATTEMPTED,
            error=explain(
                Code.AT_WORK, address=f"s{at}/a", run="r1", host="h1", since=f"2026-01-01T10:00:0{at}Z"
            ),
        )
        for at in range(2)
    ]
    assert shown(text_results.results(ApplyResult(tuple(waiting)))).splitlines()[:4] == [
        "  not sent        s0/a",
        "  not sent        s1/a",
        (
            "      these 2: run r1 on h1 has been at work on it since 2026-01-01 10:00 UTC; nothing was sent: run it "
            "again later"
        ),
        "      if that run is dead: kalentops apply --take-over r1  (not needed after ten minutes)",
    ]


def test_a_plan_names_an_interrupted_run_once() -> None:
    changes = [
        Change(
            Address.parse(f"s{at}/a"),
            Action.RESUME,
            "First",
            f"b{at}",
            reason=explain(
                Code.STARTED_BY, action="update", run="r1", host="h1", at=f"2026-01-01T10:00:0{at}Z"
            ),
        )
        for at in range(2)
    ]
    said = shown(text_plan.plan(Plan(None, 0, tuple(changes))))
    assert said.count("run r1 on h1 started its update at 2026-01-01 10:00 UTC") == 1
    assert "      as for s0/a\n" in said


@pytest.mark.parametrize(("number", "shown_of_them"), [(10, 10), (11, 9), (2_000, 9)])
def test_what_was_not_attempted_does_not_flood_a_terminal(number: int, shown_of_them: int) -> None:
    waiting = [
        Result(f"s1/{at:04}", Action.CREATE, Outcome.NOT_ATTEMPTED, error=saying("no network"))
        for at in range(number)
    ]
    done = [Result(f"s0/{at:04}", Action.CREATE, Outcome.DONE, f"b{at}") for at in range(20)]
    said = shown(text_results.results(ApplyResult((*waiting, *done)))).splitlines()
    assert said[:20] == [f"  created         s0/{at:04} b{at}" for at in range(20)], "each of what was done"
    assert said[20 : 20 + shown_of_them] == [f"  not sent        s1/{at:04}" for at in range(shown_of_them)]
    more = [] if shown_of_them == number else [f"  … and {number - shown_of_them:,} more"]
    assert said[20 + shown_of_them :] == [
        *more,
        f"      these {number:,}: no network",
        f"Apply: 20 done, {number:,} not sent.",
        "Run `kalentops apply` again for what was not sent.",
    ]


def test_results_of_less() -> None:
    assert shown(text_results.results(ApplyResult())) == "Apply: nothing to do."
    waiting = ApplyResult((Result("s1/h", Action.CREATE, Outcome.NOT_ATTEMPTED),))
    assert shown(text_results.results(waiting)).splitlines()[1:] == [
        "Apply: 1 not sent.",
        "Run `kalentops apply` again for what was not sent.",
    ]


ERROR = Finding("b/a.yaml", 3, 7, "KAL101", "there is no {{x}}", "write {{firstname}}")
WARNING = Finding("b/b.yaml", 1, 1, "KAL301", "too long", "shorten it", Severity.WARNING)


def test_findings() -> None:
    earlier = replace(WARNING, file="a.yaml")
    assert [plain(each)[:6] for each in text_findings.findings([earlier, ERROR])][::2] == ["b/a.ya", "a.yaml"]
    assert shown(text_findings.by_rule([WARNING, ERROR, WARNING])) == "by rule: KAL301 2, KAL101 1"
    assert shown(text_findings.by_rule([ERROR])) == ""
    assert shown(text_findings.statistics([WARNING, ERROR, WARNING])) == (
        "      1  error   KAL101  A variable is not one of the nine that exist.\n"
        "      2  warning KAL301  The message of an invitation is longer than 300 characters."
    )
    assert shown(text_findings.findings([ERROR, WARNING])) == (
        "b/a.yaml:3:7: error KAL101: there is no {{x}}\n"
        "    write {{firstname}}\n"
        "b/b.yaml:1:1: warning KAL301: too long\n"
        "    shorten it"
    )
    summaries = [
        plain(text_findings.findings_summary(found, 3, 1200))
        for found in ([], [WARNING], [ERROR, ERROR, WARNING])
    ]
    assert summaries == [
        "valid: 3 files, 1,200 blueprints",
        "valid: 1 warning in 1 file; 3 files, 1,200 blueprints checked",
        "not valid: 2 errors and 1 warning in 2 files; 3 files, 1,200 blueprints checked",
    ]


STATE = state(entry("s1/a", body("One", INVITE), "b1", seen=False), intent("s1/longer"))


def test_a_state() -> None:
    assert shown(
        [*text_results.state_list(STATE), text_results.state_summary(STATE, "git:refs/kalentops/state")]
    ) == (
        "s1/a       b1  One\n"
        f"s1/longer  -  One  create with unknown outcome, {SHOWN}\n"
        "1 blueprint, 1 outcome open, serial 7, in git:refs/kalentops/state"
    )
    assert shown(text_results.state_entry(STATE, "s1/a")) == (
        "s1/a\n"
        "  id       b1\n"
        "  name     One\n"
        f"  recorded {SHOWN}, {digest(body('One', INVITE))}\n"
        "  updated  not known in Kalent\n"
        "  1. LinkedIn invitation, day 0, at once: Invite\n"
        "     Hi {{firstname}},\n"
        "     \n"
        "     this is invite."
    )
    assert shown(text_results.state_entry(STATE, "s1/longer")) == (
        f"s1/longer\n  create with unknown outcome, {SHOWN}; the next apply looks it up first, and continues"
    )
    assert plain(text_results.state_summary(State(), "s.json")) == "0 blueprints, serial 0, in s.json"


def test_the_run_that_is_at_work() -> None:
    at_work = state(intent("s1/longer", run="0123456789abcdef", host="build-7"))
    assert f"  run      0123456789abcdef on build-7, at work on it since {SHOWN}\n" in shown(
        text_results.state_entry(at_work, "s1/longer")
    )


@pytest.mark.parametrize(
    ("recorded", "meant", "said"),
    [
        (True, None, "reserved: the blueprint is empty in Kalent until its text is sent"),
        (
            True,
            ("update", ()),
            f"create with unknown outcome, {SHOWN}: its id is reserved, its text may have arrived",
        ),
        (
            False,
            ("create", ("0a1b2c3d",)),
            f"create without an answer, {SHOWN}: at most an empty blueprint exists",
        ),
    ],
)
def test_a_stub_is_explained_in_one_sentence(recorded: bool, meant: Any, said: str) -> None:  # noqa: FBT001
    made = stub("One", Mark("a", "0a1b2c3d"))
    claims = [entry("s1/a", made.data, seen=False)] if recorded else []
    known = state(*claims, *([intent("s1/a", action=meant[0], nonces=meant[1])] if meant else []))
    assert shown(text_results.state_list(known)).endswith(f"  {said}")
    assert shown(text_results.state_entry(known, "s1/a")).endswith(
        f"  {said}; the next apply looks it up first, and continues"
    )


def test_sourcings() -> None:
    found = [RemoteSourcing("s1", "Backend engineer"), RemoteSourcing("s_2", "Data")]
    first, second = text_results.sourcing_list(found, {"s_2": ["a.yaml", "b.yaml"], "s_3": ["c.yaml"]})
    assert first == (("s1   ", "bold"), ("Backend engineer", ""))
    assert second == (("s_2  ", "bold"), ("Data              ", ""), ("a.yaml, b.yaml", "dim"))
    assert list(text_results.sourcing_list([], {})) == []


def hostile_reports() -> dict[str, list[Line]]:
    """Every report, with a hostile text wherever there is room for one."""
    bad = step(HOSTILE, name=HOSTILE, subject=HOSTILE, content=HOSTILE + "\nb")
    other = step(HOSTILE, name="n", subject="s", content="c\nb", contentSource=HOSTILE)
    old, new = (
        form(body(HOSTILE, each, config={HOSTILE: HOSTILE + at})) for each, at in ((bad, "1"), (other, "2"))
    )
    address = f"{HOSTILE}/{HOSTILE}"
    changes = (
        Change(
            Address.parse(address),
            Action.UPDATE,
            HOSTILE,
            HOSTILE,
            HOSTILE,
            1,
            old,
            new,
            reason=saying(HOSTILE),
        ),
        Change(
            Address.parse(address),
            Action.CREATE,
            HOSTILE,
            None,
            HOSTILE,
            1,
            None,
            old,
            reason=saying(HOSTILE),
        ),
        Change(Address.parse(address), Action.UPDATE, "n", "b", "f", 1, form(body(steps=[])), old),
        Change(Address.parse(address), Action.UPDATE, "n", "b", "f", 1, old, form(body(steps=[]))),
    )
    result = Result(address, Action.CREATE, Outcome.CONFLICT, HOSTILE, saying(HOSTILE), saying(HOSTILE))
    known = state(
        entry(address, old, HOSTILE, digest=HOSTILE, applied_at=HOSTILE, updated_at=HOSTILE),
        intent(address, old, "update", digest=HOSTILE, at=HOSTILE),
    )
    return {
        "plan": list(text_plan.plan(Plan(None, 0, changes))),
        "verbose": list(text_plan.plan(Plan(None, 0, changes), verbose=True)),
        "results": list(text_results.results(ApplyResult((result,)))),
        "findings": list(text_findings.findings([Finding(HOSTILE, 1, 1, "KAL101", HOSTILE, HOSTILE)])),
        "sourcings": list(
            text_results.sourcing_list([RemoteSourcing(HOSTILE, HOSTILE)], {HOSTILE: [HOSTILE]})
        ),
        "listing": list(text_results.state_list(known)),
        "entry": list(text_results.state_entry(known, address)),
    }


def test_hostile_texts_are_shown_as_what_they_are() -> None:
    for name, lines in hostile_reports().items():
        said = "".join(plain(each) for each in lines)
        assert HARMLESS.split(r"\n", maxsplit=1)[0] in said, name
        assert not re.search("[\x00-\x1f\x7f\u200b\u202e\ud800-\udfff]", said), name


def test_count() -> None:
    assert [count(number, "file") for number in (0, 1, 2, 1000)] == [
        "0 files",
        "1 file",
        "2 files",
        "1,000 files",
    ]
    assert count(2, "entry", "entries") == "2 entries"


@given(st.text("ab .\n", max_size=40), st.text("ab .\n", max_size=40))
def test_the_spaces_that_two_words_share_stand_outside_of_their_marks(before: str, after: str) -> None:
    pieces = list(text_plan._tidied(text_diff.compare(before, after)))
    assert "".join(text for tag, text in pieces if tag != "new") == before
    assert "".join(text for tag, text in pieces if tag != "old") == after
    for (tag, old), (other, new) in pairwise(pieces):
        if (tag, other) == ("old", "new") and old.strip() and new.strip():
            assert not (old.endswith(" ") and new.endswith(" "))
