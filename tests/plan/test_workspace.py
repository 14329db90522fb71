"""Whether a state speaks of this workspace: something of it has to be there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.blueprint.remote import RemoteLists
from kalentops.errors import StateError
from kalentops.plan.refresh import Looked, check_workspace, is_known, looked_at, witnesses
from kalentops.state.model import State
from tests.builders import entry, remote, state


def stops(known: State, *, ids: str = "", listed: str = "", refused: str = "") -> str | None:
    try:
        check_workspace(known, Looked(set(ids.split()), set(listed.split()), set(refused.split())))
    except StateError as error:
        return f"{error}; {error.hint}"
    return None


TWO = state(entry("s1/a"), entry("s2/b"))


@pytest.mark.parametrize(
    ("known", "ids", "listed", "refused"),
    [
        (state(), "", "s1", ""),
        (state(entry("s1/a", seen=False)), "", "s1", ""),
        (TWO, "b-s2/b", "s1 s2", ""),
        (TWO, "b-s2/b", "s2", "s1"),
        (TWO, "", "", ""),
        (TWO, "", "s3", ""),
    ],
    ids=[
        "nothing is known",
        "nothing was ever seen",
        "one of two is there",
        "a sourcing is gone, another is there",
        "nothing could be looked at",
        "only what is new was looked at",
    ],
)
def test_what_says_nothing(known: State, ids: str, listed: str, refused: str) -> None:
    assert stops(known, ids=ids, listed=listed, refused=refused) is None


@pytest.mark.parametrize(
    ("listed", "refused"), [("s1 s2", ""), ("", "s1 s2"), ("s1", "s2"), ("s3", "s1")], ids=str
)
def test_what_stops(listed: str, refused: str) -> None:
    said = stops(TWO, ids="other", listed=listed, refused=refused)
    assert said is not None
    assert said.startswith("Kalent knows nothing of what the state says is there (s1/a")


def test_a_single_missing_blueprint_stops_with_the_remedy() -> None:
    said = stops(state(entry("s1/a")), ids="other", listed="s1")
    assert said is not None
    assert said.endswith(
        "if it was deleted in Kalent, `kalentops state rm s1/a` forgets it; the next apply creates it again"
    )


def test_a_few_are_named() -> None:
    many = state(*(entry(f"s1/{key}") for key in "dcbae"))
    said = stops(many, listed="s1")
    assert said == (
        "Kalent knows nothing of what the state says is there (s1/a, s1/b, s1/c and 2 more); nothing was written; "
        "use the key of the workspace that the state belongs to, or pass --state with another file; if they were all "
        "deleted in Kalent, `kalentops state rm ADDRESS` forgets them"
    )


def test_what_was_worked_on_last_is_asked_first() -> None:
    known = state(
        entry("s1/a", applied_at="2026-01-03T00:00:00Z"),
        entry("s1/b", applied_at="2026-01-01T00:00:00Z"),
        entry("s2/a", applied_at="2026-01-04T00:00:00Z"),
        entry("s3/a", applied_at="2026-01-02T00:00:00Z"),
        entry("s4/a", applied_at="2026-01-05T00:00:00Z", seen=False),
    )
    assert witnesses(known) == ["s2", "s1", "s3"]


def test_lists_that_were_read_for_something_else() -> None:
    looked = looked_at(RemoteLists({"s1": (remote("b-s1/a"),), "s2": ()}, {"s3": "no"}))
    assert looked == Looked({"b-s1/a"}, {"s1", "s2"}, {"s3"})


@given(
    st.sets(st.sampled_from(["s1/a", "s1/b", "s2/a", "s3/a"])),
    st.sets(st.sampled_from(["b-s1/a", "b-s1/b", "b-s2/a", "b-s3/a", "other"])),
    st.dictionaries(st.sampled_from(["s1", "s2", "s3"]), st.booleans()),
)
def test_one_known_blueprint_is_enough(addresses: set[str], ids: set[str], asked: dict[str, bool]) -> None:
    known = state(*map(entry, addresses))
    looked = Looked(ids, {s for s, ok in asked.items() if ok}, {s for s, ok in asked.items() if not ok})
    if {f"b-{address}" for address in addresses} & ids or not addresses:
        assert is_known(known, ids)
        check_workspace(known, looked)
    elif addresses and {a.partition("/")[0] for a in addresses} <= looked.refused:
        with pytest.raises(StateError):
            check_workspace(known, looked)
