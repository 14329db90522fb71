"""What changed, as a person would say it."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.blueprint.diff import FieldChange, changes
from tests.builders import Data, step


def body(*steps: str | Data, **fields: Any) -> Data:
    return {"name": "n", "steps": [step(each) if isinstance(each, str) else each for each in steps], **fields}


def test_equal_bodies_have_no_changes() -> None:
    assert changes(body("a", "b"), body("a", "b")) == []


def test_a_step_in_the_middle_is_one_change() -> None:
    assert changes(body("a", "b"), body("a", "x", "b")) == [FieldChange("added", "x", "", None, step("x"))]
    assert changes(body("a", "x", "b"), body("a", "b")) == [FieldChange("removed", "x", "", step("x"), None)]


@pytest.mark.parametrize(
    ("old", "new", "moved"),
    [
        ("abc", "bca", {"a": (1, 3)}),
        ("abc", "cab", {"c": (3, 1)}),
        ("abcde", "abdce", {"d": (4, 3)}),
        ("abcd", "badc", 2),
        ("abc", "cba", 2),
        ("12345678", "78135246", 4),
        ("abc", "xcab", {"c": (3, 2)}),
    ],
)
def test_a_move_is_a_move(old: str, new: str, moved: Any) -> None:
    found = [each for each in changes(body(*old), body(*new)) if each.kind != "added"]
    assert {each.kind for each in found} == {"moved"}
    if isinstance(moved, int):
        assert len(found) == moved
    else:
        assert {each.step: (each.before, each.after) for each in found} == moved


def test_false_in_a_list_is_not_zero() -> None:
    (one,) = changes(
        {"name": "A", "steps": [], "config": {"a": [False]}}, {"name": "A", "steps": [], "config": {"a": [0]}}
    )
    assert (one.field, one.kind) == ("config.a", "changed")


@given(st.permutations("abcdef"), st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("uvw")))
def test_as_few_moves_as_possible(order: list[str], gone: set[str], fresh: set[str]) -> None:
    old = list("abcdef")
    new = [each for each in order if each not in gone] + sorted(fresh)
    moved = {each.step for each in changes(body(*old), body(*new)) if each.kind == "moved"}
    stay = [each for each in new if each in old and each not in moved]
    assert stay == sorted(stay)  # what stays, stays in its order
    kept = [each for each in new if each in old]
    longest = max(
        size for size in range(len(kept) + 1) for run in combinations(kept, size) if list(run) == sorted(run)
    )
    assert len(stay) == longest


def test_a_delay_is_one_thing() -> None:
    old, new = step("a"), step("a", delay={"value": 5, "unit": "minute"})
    assert changes(body(old), body(new)) == [
        FieldChange("changed", "a", "delay", {"value": 1, "unit": "day"}, {"value": 5, "unit": "minute"})
    ]
    old = step("a", delay=None, temporalityType="ASAP")
    assert changes(body(old), body(new)) == [
        FieldChange("added", "a", "delay", None, {"value": 5, "unit": "minute"}),
        FieldChange("changed", "a", "temporalityType", "ASAP", "DELAYED"),
    ]


def test_changes_come_in_their_order() -> None:
    old = body(step("a", content="Hi a", policy=None), "b", "c", config={"x": 1})
    new = body("c", step("a", content="Hello a", policy={"inviteTimeoutDays": 3}), "d", name="m")
    assert [(each.kind, each.step, each.field, each.before, each.after) for each in changes(old, new)] == [
        ("removed", None, "config", {"x": 1}, None),
        ("changed", None, "name", "n", "m"),
        ("removed", "b", "", step("b"), None),
        ("moved", "c", "", 3, 1),
        ("changed", "a", "content", "Hi a", "Hello a"),
        ("added", "a", "policy", None, {"inviteTimeoutDays": 3}),
        ("added", "d", "", None, step("d")),
    ]


def test_part_of_a_policy() -> None:
    old = step("a", policy={"skipStepIfNoContact": False, "inviteTimeoutDays": 3})
    new = step("a", policy={"skipStepIfNoContact": True, "inviteTimeoutDays": 3})
    assert changes(body(old), body(new)) == [
        FieldChange("changed", "a", "policy.skipStepIfNoContact", before=False, after=True)
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.sampled_from([0.0, 1.0]) | st.sampled_from(["", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "__a", "a.b", "a'\"]", "1"]), inner, max_size=3)
    ),
    max_leaves=6,
)
CONFIG = st.dictionaries(st.sampled_from(["a", "__b", "c.d"]), JSON, min_size=1, max_size=2)


def text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


@given(CONFIG, CONFIG)
def test_every_difference_is_a_change(old: dict[str, Any], new: dict[str, Any]) -> None:
    """To Python `true`, `1` and `1.0` are equal; to a reader of JSON they are not."""
    found = changes(body(config=old), body(config=new))
    assert bool(found) == (text(old) != text(new))
    for each in found:
        assert each.field.startswith("config")
        assert text(each.before) != text(each.after) or None in {each.before, each.after}


def test_values_that_are_equal_to_python_alone_differ() -> None:
    assert changes(body(config={"a": True}), body(config={"a": 1})) == [
        FieldChange("changed", None, "config.a", before=True, after=1)
    ]
    assert changes(body(config={"__a": 1}), body(config={"__a": 2})) == [
        FieldChange("changed", None, "config.__a", 1, 2)
    ]
