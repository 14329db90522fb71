"""Texts that attack their readers, through every format, judged by the parsers that read them for real."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import Any

import pytest

from kalentops import __version__
from kalentops.apply.result import ApplyResult, Outcome, Result
from kalentops.blueprint.body import Address
from kalentops.errors import StalePlan
from kalentops.lint.finding import Finding, Origin, Severity
from kalentops.output import (
    FORMATS,
    Checked,
    checked_from_json,
    explanations,
    junit,
    markdown,
    report,
    sarif,
    text_findings,
    text_plan,
    text_results,
)
from kalentops.output import annotations as github
from kalentops.output import json as json_output
from kalentops.output.terminal import show
from kalentops.plan.build import Action, Change, Drift, Leftover, LookAlike, Plan, RefreshReport
from kalentops.plan.explanation import Code, explain
from kalentops.plan.moves import StateEdit
from kalentops.plan.saved import plan_from_json, plan_to_json
from kalentops.support.text import dump_json, json_pieces
from tests.builders import body, form, saying, step
from tests.hostile import HOSTILE
from tests.output import judges, rich_example
from tests.sizes import SUITE, some

# What the corpus of others can't hold, because no file of UTF-8 can; and what only .NET takes for a command.
MORE = [
    ("surrogate", "a\ud800b\udfff"),
    ("command-ignorable", "x #\ufe0f#\ufe0f[error]pwned #\u200d#[error]pwned"),
    ("command-azure", "##vso[task.setvariable variable=x]y ##teamcity[message text='pwned']"),
    ("command-wide-space", "\u2003\xa0::error::pwned"),
    ("pipes", "|| a \\| b \\\\| `c|d` |"),
    ("backticks-odd", "`a``b` ```"),
]
EVERY = [*HOSTILE, *MORE]


def sequence(text: str, content: str) -> dict[str, Any]:
    """A sequence with a text wherever a person may write one."""
    one = step(1, id=text, name=text, subject=text, content=content, config={"userId": text})
    two = step(2, name="n", subject="A subject. More of it", content=f"Before.\n{content}\nAfter")
    gone = step(3, id="g" + content, name=content, subject=content, content=text)
    return body(text, one, two, gone, config={text: [text]})


def hostile_plan(text: str) -> Plan:
    """A plan in which everything that can be another person's text is this one."""
    old = form(sequence(text, "Some words, and a sentence. Another one follows"))
    new = form(sequence("other", f"Some {text} and a sentence. {text}"))
    address = Address.parse(f"{text}/{text}")
    same_steps = explain(Code.SAME_STEPS, address=address, blueprint_id=text, name=text)
    kinds = [
        Change(
            address,
            Action.UPDATE,
            text,
            text,
            text,
            3,
            old,
            new,
            reason=saying(text),
            moved_from=address,
        ),
        Change(address, Action.UPDATE, text, text, text, 3, new, old),
        Change(
            address,
            Action.CREATE,
            text,
            None,
            text,
            3,
            None,
            form(sequence(text, text)),
            reason=saying(text),
        ),
        Change(address, Action.CONFLICT, text, None, text, 3, None, old, reason=saying(text)),
        Change(address, Action.CONFLICT, text, reason=same_steps),
        Change(address, Action.ORPHAN, text, reason=explain(Code.GONE, address=address, blueprint_id=text)),
        Change(
            address,
            Action.CONFLICT,
            text,
            None,
            text,
            3,
            old,
            new,
            theirs=new.observable,
            reason=saying(text),
        ),
        Change(address, Action.RESUME, text, None, text, 3, None, old, reason=saying(text)),
        Change(address, Action.ADOPT, text, text, text, 3, None, old, reason=saying(text)),
        Change(address, Action.ORPHAN, text, text, reason=saying(text)),
        Change(address, Action.MOVE, text, text, reason=saying(text), moved_from=address),
        Change(address, Action.FORGET, text, text, reason=saying(text)),
    ]
    drift = (
        Drift(Address.parse(f"{address}!"), "changed", text, text, text, text, old, new, saying(text)),
        Drift(address, "gone", text, text, text, reason=saying(text)),
    )
    alike = LookAlike(text, text, text, text, address, text)
    refresh_report = RefreshReport(drift, (alike,), (Leftover(text, text, text),), {text: 3})
    found = tuple(hostile_checked(text).findings)
    edits = (StateEdit(address, "other id", text, text), StateEdit(text, "removed", None, text))
    return Plan(
        text,
        1,
        tuple(kinds),
        found,
        refresh_report=refresh_report,
        left_out=(address, text),
        state_edits=edits,
    )


def hostile_checked(text: str) -> Checked:
    found = (
        Finding(text, 1, 3, "KAL101", f"`{text}` is not a variable", text),
        Finding(text, 2, 1, "KAL305", text, f"did you mean `{text}`?", Severity.WARNING),
        Finding(text, 3, 1, "KAL101", text, text, users=4, used_by=((f"{text}/a", Origin(text, 4, 1)),)),
    )
    columns = sarif.utf16_columns(found, {text: f"{text}\n{text}\n{text}"})
    return Checked(found, (text, "harmless.yaml"), 2, text, columns=columns)


def hostile_results(text: str) -> ApplyResult:
    found = (
        Result(f"{text}/{text}", Action.CREATE, outcome, text, saying(text), saying(text))
        for outcome in (Outcome.DONE, Outcome.REFUSED, Outcome.UNKNOWN, Outcome.NOT_ATTEMPTED)
    )
    return ApplyResult(tuple(found))


# A report of several texts costs as much as one of one text, which is a dozen times there. Alone, each text is shown in
# the thorough suite.
GROUPS = (
    [[text] for _, text in EVERY]
    if SUITE == "thorough"
    else [[text for _, text in EVERY[start::6]] for start in some(range(6), 3)]
)


def mixed_plan(texts: list[str]) -> Plan:
    """Of one text, all kinds of changes; of several, each in the next kind."""
    text_plan = [hostile_plan(text) for text in texts]
    if len(text_plan) == 1:
        return text_plan[0]
    kinds = len(text_plan[0].changes)
    return replace(
        text_plan[0],
        changes=tuple(plan.changes[number % kinds] for number, plan in enumerate(text_plan)),
        findings=tuple(each for plan in text_plan for each in plan.findings),
        left_out=tuple(each for plan in text_plan for each in plan.left_out),
    )


def mixed_checked(texts: list[str]) -> Checked:
    found = [hostile_checked(text) for text in texts]
    return replace(
        found[0],
        findings=tuple(each for one in found for each in one.findings),
        names=tuple(each for one in found for each in one.names),
        columns={each: column for one in found for each, column in one.columns.items()},
    )


def mixed_results(texts: list[str]) -> ApplyResult:
    return ApplyResult(tuple(each for text in texts for each in hostile_results(text).results))


@pytest.mark.parametrize("texts", GROUPS, ids=lambda _: "")
def test_markdown_holds_nothing_but_what_the_report_made(texts: list[str]) -> None:
    plan, checked = mixed_plan(texts), mixed_checked(texts)
    whole = markdown.plan(plan, limit=1 << 30)
    for said in (
        whole,
        markdown.plan(plan, limit=9_000),
        markdown.show_plan(plan, checked),
        markdown.show_validation(checked),
        markdown.results(mixed_results(texts)),
    ):
        page = judges.Page(said)
        assert page.problems == [], said
        assert judges.other_reading(said) == [], said
        assert judges.commands(said) == []
        assert judges.terminal_orders(said) == []
        if said is whole:  # what is folded, and the tables, are those of any text
            assert _skeleton(page.tags) == _benign(len(texts))


@cache
def _benign(count: int) -> dict[str, int]:
    return _skeleton(judges.Page(markdown.plan(mixed_plan(["word"] * count), limit=1 << 30)).tags)


def _skeleton(tags: list[str]) -> dict[str, int]:
    return {tag: tags.count(tag) for tag in ("details", "summary", "table", "tr", "td", "th")}


@pytest.mark.parametrize("texts", GROUPS, ids=lambda _: "")
def test_annotations_are_ours_and_say_all_of_it(texts: list[str]) -> None:
    for text in texts:
        checked = hostile_checked(text)
        for said, number in (
            (github.show_validation(checked), 3),
            (github.show_plan(hostile_plan(text), checked), 7),
        ):
            found = judges.commands(said)
            assert len(found) == number
            assert {each.name for each in found} == {"error", "warning"}
            assert all(set(each.properties) <= {"file", "line", "col", "title"} for each in found)
            assert judges.terminal_orders(said) == []
            assert found[0].properties["line"] == "1"
            assert len(said.splitlines()) == number + 1
            assert "KAL101" in found[0].data


@pytest.mark.parametrize("texts", GROUPS, ids=lambda _: "")
def test_sarif_is_valid_and_links_to_users_alone(texts: list[str]) -> None:
    for text in texts:
        checked = hostile_checked(text)
        for said in (sarif.show_validation(checked), sarif.show_plan(hostile_plan(text), checked)):
            data = json.loads(said)
            assert judges.sarif_errors(data) == []
            assert judges.commands(said) == []
            assert judges.terminal_orders(said) == []
            for result in data["runs"][0]["results"]:
                links = re.findall(r"\[([\w./-]+)\]\((\d)\)", result["message"]["text"], re.ASCII)
                assert result["message"]["text"].count("](") == len(links)
                related = {
                    str(each["id"]): each["message"]["text"] for each in result.get("relatedLocations", ())
                }
                assert all(related[number] == linked for linked, number in links)
                uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
                assert re.fullmatch(r"(?:file:///)?(?:[\w.~/-]|%[0-9A-F]{2})+", uri, re.ASCII), uri


@pytest.mark.parametrize("texts", GROUPS, ids=lambda _: "")
def test_junit_is_well_formed_and_does_nothing(texts: list[str]) -> None:
    for text in texts:
        checked = hostile_checked(text)
        for said in (junit.show_validation(checked), junit.show_plan(hostile_plan(text), checked)):
            root = judges.xml(said)
            assert {each.tag for each in root.iter()} <= {
                "testsuites",
                "testsuite",
                "testcase",
                "failure",
                "system-out",
            }
            assert judges.commands(said) == []
            assert judges.terminal_orders(said) == []


@pytest.mark.parametrize("texts", GROUPS, ids=lambda _: "")
def test_json_does_nothing_and_loses_nothing(texts: list[str]) -> None:
    for text in texts:
        checked, plan = hostile_checked(text), hostile_plan(text)
        for said in (json_output.show_validation(checked), json_output.show_plan(plan, checked)):
            assert judges.commands(said) == []
            assert judges.terminal_orders(said) == []
            assert json.loads(said)["findings"][0]["hint"] == text
        assert json.loads(dump_json({text: text})) == {text: text}


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("texts", GROUPS, ids=lambda _: "")
@pytest.mark.parametrize("out", [_Terminal, io.StringIO], ids=["colour", "plain"])
def test_text_prints_lines_and_nothing_else(
    texts: list[str], out: type[io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR")
    stream = out()
    plan = mixed_plan(texts)
    show(text_plan.plan(plan, verbose=True), stream)
    show(text_plan.plan(plan), stream)
    show(text_findings.findings(mixed_checked(texts).findings), stream)
    show(text_results.results(mixed_results(texts)), stream)
    said = stream.getvalue()
    assert judges.terminal_orders(said) == []
    if out is not _Terminal:
        assert judges.commands(said) == []


def test_the_judges_find_what_they_look_for() -> None:
    live = "@you #1 GH-1 www.evil.example a&#64;b.example :tada: $x$ {{x}} 0123456789abcdef"
    kinds = {each.split(":")[0] for each in judges.Page(live).problems if not each.startswith("<")}
    assert {"mention", "issue", "GH-issue", "commit", "address", "emoji", "formula", "template"} <= kinds
    for bad in (
        "<img src=x>",
        "[a](https://evil.example)",
        "![a](b)",
        "<!-- x -->",
        "# x",
        "> x",
        "https://a.b",
    ):
        assert judges.Page(bad).problems, bad
        assert judges.other_reading(bad), bad
    assert judges.other_reading("<details>\n<summary><img src=x></summary>")
    assert [
        each.name for each in judges.commands("a\n \xa0::error x=1,y=%2C::b%0Ac\nd ##[warning a=b]c")
    ] == [
        "error",
        "warning",
    ]
    assert judges.commands(" ::error x=1,y=%2C::b%0Ac")[0].data == "b\nc"
    assert judges.commands("#\ufe0f#[error]x")
    for bad in ("\x1b[2J", "\x1b]0;x\x07", "a\rb", "\x08", "\x9b1A", "\x1b[4mx", "\x1b[1A"):
        assert judges.terminal_orders(bad), bad
    assert judges.terminal_orders("\x1b[1;31mx\x1b[0m\n") == []
    assert judges.sarif_errors({"version": "2.1.0"})


@pytest.mark.parametrize("texts", GROUPS, ids=lambda _: "")
def test_a_saved_plan_is_shown_as_it_was(texts: list[str]) -> None:
    checked = mixed_checked(texts)
    plan = replace(mixed_plan(texts), findings=tuple(checked.findings))
    checked = replace(checked, earlier=frozenset(plan.findings[::2]))
    raw, told = (
        json.loads("".join(json_pieces(each)))
        for each in (plan_to_json(plan, explanations.text), checked.to_json())
    )
    again = plan_from_json(raw)
    assert again == replace(plan, made_by=__version__)
    assert list(text_plan.plan(again, verbose=True)) == list(text_plan.plan(plan, verbose=True))
    for each in map(report, FORMATS):
        shown = each.show_plan(again, checked_from_json(told, again.findings))
        assert shown == each.show_plan(plan, checked)


def _broken(of: Any) -> Iterator[Any]:
    """The same with one value replaced by one of another kind."""
    items = of.items() if isinstance(of, dict) else enumerate(of)
    others: list[Any] = [[], {"a": 1}, "text", 7, None]
    for key, value in list(items):
        for other in others:
            if type(other) is not type(value):
                of[key] = other
                yield other
        of[key] = value
        if isinstance(value, dict | list):
            yield from _broken(value)


def test_a_damaged_plan_is_refused_or_shown() -> None:
    plan = replace(rich_example.PLAN, findings=rich_example.FOUND)
    raw = json.loads("".join(json_pieces(plan_to_json(plan, explanations.text))))
    report_of = raw["report"] = {"below": "", "files": ["a.yaml"], "new": None, "columns": None}
    forms, refused = list(FORMATS), 0
    for number, _ in enumerate(islice(_broken(raw), 0, None, 5)):
        try:
            plan = plan_from_json(raw)
            checked = checked_from_json(report_of, plan.findings)
        except StalePlan:
            refused += 1
            continue
        list(text_plan.plan(plan, verbose=True))
        assert report(forms[number % len(forms)]).show_plan(plan, checked)
    assert 50 < refused < number
