"""Two people change one blueprint: nobody's change is lost, and no contradiction is decided."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.adopt.pull import merge
from tests.builders import Data, body, step

BASE = body("One", step("a"), step("b"), step("c"))


@st.composite
def bodies(draw: st.DrawFn) -> Data:
    ids = draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=5))
    texts = st.sampled_from(["Hi", "Hello", "Ciao"])
    steps = []
    for ident in ids:
        more = draw(st.fixed_dictionaries({}, optional={"subject": texts, "linkedInType": texts}))
        steps.append(step(ident, content=draw(texts), **more))
    return body(draw(texts), steps=steps)


@given(bodies(), bodies())
def test_who_changes_alone_gets_what_is_wanted(base: Data, changed: Data) -> None:
    for merged in (merge(base, changed, base), merge(base, base, changed), merge(base, changed, changed)):
        assert (merged.body, merged.conflicts) == (changed, [])


@given(bodies(), bodies(), bodies())
def test_a_contradiction_is_one_from_both_sides(base: Data, mine: Data, theirs: Data) -> None:
    one, other = merge(base, mine, theirs), merge(base, theirs, mine)
    assert sorted(one.conflicts) == sorted(other.conflicts)
    ids = [each["id"] for each in one.body["steps"]]
    assert len(ids) == len(set(ids))
    if not one.conflicts:
        assert one.body["name"] == other.body["name"]
        assert {each["id"]: each for each in one.body["steps"]} == {
            each["id"]: each for each in other.body["steps"]
        }


@given(bodies(), bodies(), bodies())
def test_nothing_comes_from_nowhere(base: Data, mine: Data, theirs: Data) -> None:
    def texts(of: Data) -> set[tuple[str, str, str]]:
        return {(each["id"], name, str(value)) for each in of["steps"] for name, value in each.items()}

    merged = merge(base, mine, theirs).body
    assert texts(merged) <= texts(mine) | texts(theirs)
    assert texts(mine) & texts(theirs) <= texts(merged)


def test_each_field_of_a_step_is_decided_on_its_own() -> None:
    mine = body("One", step("a", content="Mine"), step("b"), step("c"))
    theirs = body("Two", step("a", subject="Theirs"), step("b"), step("c"))
    merged = merge(BASE, mine, theirs)
    assert merged.body == body("Two", step("a", content="Mine", subject="Theirs"), step("b"), step("c"))
    assert merged.conflicts == []


def test_new_steps_stand_where_they_were_put() -> None:
    mine = body("One", step("m"), step("a"), step("b"), step("c"))
    theirs = body("One", step("a"), step("t"), step("b"), step("c"), step("u"))
    merged = merge(BASE, mine, theirs)
    assert [each["id"] for each in merged.body["steps"]] == ["m", "a", "t", "b", "c", "u"]
    assert merged.conflicts == []


def test_a_move_and_a_change_go_together() -> None:
    theirs = body("One", step("c"), step("a"), step("b"))
    mine = body("One", step("a"), step("b", content="Mine"), step("c"), step("d"))
    merged = merge(BASE, mine, theirs)
    assert [each["id"] for each in merged.body["steps"]] == ["c", "d", "a", "b"]
    assert merged.body["steps"][3]["content"] == "Mine"
    assert merged.conflicts == []


@pytest.mark.parametrize(
    ("mine", "theirs", "place"),
    [
        (body(name="Mine"), body(name="Theirs"), "name"),
        (
            body("One", step("a", content="Mine")),
            body("One", step("a", content="Theirs")),
            "step a: content",
        ),
        (
            body("One", step("b"), step("c")),
            body("One", step("a", content="New"), step("b"), step("c")),
            "step a",
        ),
        (body("One", step("n", content="1")), body("One", step("n", content="2")), "step n"),
        (
            body("One", step("b"), step("a"), step("c")),
            body("One", step("a"), step("c"), step("b")),
            "the order of the steps",
        ),
    ],
)
def test_contradictions_are_named(mine: Data, theirs: Data, place: str) -> None:
    assert place in merge(BASE, mine, theirs).conflicts
