"""Whichever keys of a file are misspelt, and however: it is never valid, and all else that is wrong is still told."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kalentops.blueprint.files import Move, SourcingFile
from kalentops.blueprint.model import Blueprint, Delay, Policy, Step, StepConfig
from kalentops.lint.finding import Finding, Severity
from kalentops.project.check import check_text
from kalentops.project.result import CheckOptions
from kalentops.support.shape import Shape
from kalentops.support.text import nearest
from tests.sizes import examples
from tests.strategies import bodies, keys

JOB = CheckOptions(Path(__file__).parent, shared={})
Node = dict[str, Any]

# Texts with which some rule finds fault, and one with which none does.
_TEXTS = st.sampled_from(
    ["Hi {{firstNme}}", "[company]", "", "a {b} c", "http://example.com/a", "hid\u200bden", "x" * 320, "fine"]
)
_INNER: dict[str, type[Shape]] = {"delay": Delay, "policy": Policy, "config": StepConfig}


@st.composite
def _files(draw: st.DrawFn) -> Node:
    """A file that has the right shape, and faults that only the rules find."""
    blueprints: Node = {}
    for key in draw(st.lists(keys(), min_size=1, max_size=2, unique=True)):
        body = draw(bodies(max_steps=3))
        for step in body["steps"]:
            step["content"] = draw(_TEXTS)
            if draw(st.booleans()):
                step["temporalityType"] = "AFTER_INVITATION_SETTLED"
        blueprints[key] = body | draw(st.fixed_dictionaries({}, optional={"protect": st.booleans()}))
    file: Node = {"sourcingId": "s_1", "blueprints": blueprints}
    some_key = st.sampled_from([*sorted(blueprints), "gone"])
    if draw(st.booleans()):
        file["moved"] = [{"from": "old", "to": draw(some_key)}]
    if draw(st.booleans()):
        file["removed"] = [draw(some_key)]
    return file


def _shaped(file: Node) -> Iterator[tuple[Node, type[Shape], str]]:
    """The mappings whose fields are known, with their shape, and the key of the blueprint that they are part of."""
    yield file, SourcingFile, ""
    for move in file.get("moved", []):
        yield move, Move, ""
    for key, body in file["blueprints"].items():
        yield body, Blueprint, key
        for step in body["steps"]:
            yield step, Step, key
            yield from ((step[name], shape, key) for name, shape in _INNER.items() if name in step)


@st.composite
def _misspelt(draw: st.DrawFn, key: str) -> str:
    """One to three slips of the hand."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(key)))
        other = draw(st.sampled_from("aeinorstxyzABC_- .0é\u200b"))
        slips = [
            key[:at] + key[at + 1 :],
            key[:at] + other + key[at:],
            key[:at] + other + key[at + 1 :],
            key[:at] + key[at + 1 : at + 2] + key[at : at + 1] + key[at + 2 :],
            key[:at] + key[at : at + 1].swapcase() + key[at + 1 :],
            key.swapcase(),
            key + key,
        ]
        key = draw(st.sampled_from(slips))
    return key


def _renamed(node: Node, key: str, wrong: str) -> None:
    items = [(wrong if name == key else name, value) for name, value in node.items()]
    node.clear()
    node.update(items)


def _doubled(node: Node, key: str, wrong: str) -> None:
    items = list(node.items())
    at = list(node).index(key)
    items.insert(at, (wrong, copy.deepcopy(node[key])))
    node.clear()
    node.update(items)


def _found(file: Node) -> list[Finding]:
    text = json.dumps(file, indent=1, ensure_ascii=False) + "\n"
    findings, *_ = check_text(JOB, "f.yaml", text)
    lines = text.split("\n")
    for each in findings:
        assert 1 <= each.line <= len(lines)
        assert 1 <= each.column <= len(lines[each.line - 1]) + 1
        assert each.message
        assert each.hint
    assert len(set(findings)) == len(findings)
    return findings


def _told(findings: list[Finding]) -> set[tuple[object, str, str]]:
    return {(each.path, each.code, each.message) for each in findings}


@given(st.data(), _files(), st.integers(1, 3), st.sampled_from([_renamed, _doubled]))
@settings(max_examples=examples(300))
def test_a_misspelt_key_is_reported_and_hides_nothing(
    data: st.DataObject, file: Node, times: int, slip: Callable[[Node, str, str], None]
) -> None:
    before = _told(_found(file))
    spots = list(_shaped(file))
    slips: list[tuple[str, str]] = []
    guessed = True
    for _ in range(times):
        node, shape, blueprint = data.draw(st.sampled_from(spots))
        known = [name for name in node if name in shape.names()]
        assume(known)
        key = data.draw(st.sampled_from(known))
        wrong = data.draw(_misspelt(key))
        assume(wrong not in shape.names() and wrong not in node)
        slip(node, key, wrong)
        guessed = guessed and nearest(wrong, shape.names()) == key
        slips.append((blueprint, wrong))
    findings = _found(file)
    after = _told(findings)
    unknown = [each for each in findings if each.code == "KAL010"]
    assert all(each.severity is Severity.ERROR for each in unknown)
    assert unknown
    # What no one can guess leaves a gap, and a gap hides what would be told of that blueprint.
    if guessed:
        assert before <= after
        assert {code for _, code, _ in after - before} == {"KAL010"}
    if guessed and slip is _renamed:
        assert len(unknown) == len(slips)
    touched = {blueprint for blueprint, _ in slips}
    if "" not in touched:
        rest = {each for each in before if isinstance(each[0], tuple) and each[0][1] not in touched}
        assert rest <= after


def test_what_an_earlier_mistake_took_away_is_not_looked_at_again() -> None:
    file: Node = {"sourcingId": "s", "blueprints": {}, "moved": [{"m": "old", "to": "x"}]}
    assert [each.code for each in _found(file)] == ["KAL011", "KAL010"]


def test_a_blueprint_with_steps_is_plain_however_its_keys_are_written() -> None:
    file: Node = {"sourcingId": "s", "blueprints": {"x": {"sme": "N", "teps": []}}}
    codes = sorted(each.code for each in _found(file) if each.severity is Severity.ERROR)
    assert codes == ["KAL010", "KAL010", "KAL011"]
