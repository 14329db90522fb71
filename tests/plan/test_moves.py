"""Keys that moved or were removed, and the state after that: no id is lost, none belongs to two."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kalentops.blueprint.body import Address
from kalentops.lint.finding import Origin
from kalentops.lint.project import check_project
from kalentops.lint.rule import Declarations, Declared, Relocation
from kalentops.plan.explanation import Code, explain
from kalentops.plan.moves import forget, narrowed, relocate, rename
from kalentops.state.model import State, check_consistent
from tests import builders
from tests.builders import entry, intent


def state(*known: str, creating: Iterable[str] = (), updating: Iterable[str] = ()) -> State:
    intents = [*map(intent, creating), *(intent(at, action="update") for at in updating)]
    return builders.state(*map(entry, (*known, *updating)), *intents)


def said(source: str, target: str | None, sourcing: str = "s1") -> Relocation:
    return Relocation(sourcing, source, target, "a.yaml", (9, 1))


def test_a_key_that_moved() -> None:
    before = state("s1/a", "s2/a")
    done = relocate(before, [said("a", "b")])
    assert done.state.ids() == {"b-s1/a": "s1/b", "b-s2/a": "s2/a"}
    assert done.state.entries["s1/b"].address == "s1/b"
    assert (done.moved, done.forgotten, done.left) == ({"s1/b": "s1/a"}, {}, {})
    assert (done.state.lineage, done.state.serial) == ("lineage", 7)


def test_what_was_done_already_does_nothing() -> None:
    lines = [said("a", "b"), said("c", None)]
    first = relocate(state("s1/a", "s1/c"), lines).state
    again = relocate(first, lines)
    assert again.state is first
    assert (again.moved, again.forgotten, again.left) == ({}, {}, {})


def test_a_key_that_moved_more_than_once() -> None:
    lines = [said("a", "b"), said("b", "c")]
    assert relocate(state("s1/a"), lines).moved == {"s1/c": "s1/a"}
    assert relocate(state("s1/b"), lines).moved == {"s1/c": "s1/b"}
    assert relocate(state("s1/c"), lines).moved == {}


def test_a_move_of_an_unrecorded_key() -> None:
    """Of what it has become no one knows either: else the move was made before."""
    assert relocate(state("s1/x"), [said("a", "b")]).unknown == {"s1/b": "s1/a"}
    assert relocate(state(), [said("a", "b"), said("b", "c")]).unknown == {"s1/c": "s1/b"}
    for known in (state("s1/b"), state("s1/a"), state(creating=["s1/b"])):
        assert relocate(known, [said("a", "b")]).unknown == {}
    assert relocate(state("s1/b"), [said("a", "b"), said("b", "c")]).unknown == {}
    assert relocate(state(), [said("a", None)]).unknown == {}


def test_a_key_that_moved_and_was_removed_then() -> None:
    done = relocate(state("s1/a"), [said("a", "b"), said("b", None)])
    assert set(done.forgotten) == {"s1/a"}
    assert done.state.entries == {}


def test_an_open_outcome_moves_along() -> None:
    done = relocate(state(creating=["s1/a"], updating=["s1/c"]), [said("a", "b"), said("c", "d")])
    assert {at: each.address for at, each in done.state.intents.items()} == {"s1/b": "s1/b", "s1/d": "s1/d"}
    assert done.state.ids() == {"b-s1/c": "s1/d"}


def test_an_open_outcome_is_not_forgotten() -> None:
    before = state(creating=["s1/a"], updating=["s1/b"])
    done = relocate(before, [said("a", None), said("b", None)])
    assert done.state == before
    assert done.forgotten == {}
    assert set(done.left) == {"s1/a", "s1/b"}
    assert done.left["s1/a"] == explain(Code.REMOVAL_WAITS)


@pytest.mark.parametrize(
    ("there", "named"),
    [
        (state("s1/a", "s1/b"), "b-s1/b"),
        (state("s1/a", creating=["s1/b"]), None),
    ],
)
def test_a_move_to_a_recorded_key_is_refused(there: State, named: str | None) -> None:
    done = relocate(there, [said("a", "b")])
    assert done.state == there
    assert done.left == {"s1/a": explain(Code.MOVE_TARGET_TAKEN, other="s1/b", blueprint_id=named)}


def test_two_moves_to_the_same_key() -> None:
    """Both of a chain are in the state: the first that is named gets the key, and the other is reported."""
    done = relocate(state("s1/a", "s1/b"), [said("a", "b"), said("b", "c")])
    assert done.moved == {"s1/c": "s1/a"}
    assert done.left == {"s1/b": explain(Code.MOVE_TARGET_TAKEN, other="s1/c", blueprint_id="b-s1/a")}
    assert done.state.ids() == {"b-s1/a": "s1/c", "b-s1/b": "s1/b"}


def test_only_the_selection_is_moved() -> None:
    before = state("s1/a", "s1/c", "s1/e", "s1/f")
    done = relocate(before, [said("a", "b"), said("c", "d"), said("e", None), said("f", None)])
    kept = narrowed(before, done, {"s1/b", "s1/c", "s1/e"}.__contains__)
    assert set(kept.entries) == {"s1/b", "s1/d", "s1/f"}
    assert narrowed(before, done, lambda _: False) is before
    assert narrowed(before, done, lambda _: True) == done.state


def test_renaming_and_forgetting_touch_nothing_else() -> None:
    before = state("s1/a", "s1/b", creating=["s1/c"])
    assert rename(before, {}) is before
    assert forget(before, []) is before
    one, other = Address("s1", "c"), Address("s1", "d")
    assert rename(rename(before, {one: other}), {other: one}) == before
    assert set(forget(before, ["s1/a", "s1/c", "s1/nowhere"]).entries) == {"s1/b"}
    assert forget(before, ["s1/c"]).intents == {}


KEYS = ("a", "b", "c", "d", "e")
ADDRESSES = [f"{sourcing}/{key}" for sourcing in ("s1", "s2") for key in KEYS]


@st.composite
def states(draw: st.DrawFn) -> State:
    kinds = {at: draw(st.sampled_from(["none"] * 3 + ["known", "creating", "updating"])) for at in ADDRESSES}
    of = {kind: [at for at, each in kinds.items() if each == kind] for kind in kinds.values()}
    return state(*of.get("known", ()), creating=of.get("creating", ()), updating=of.get("updating", ()))


@st.composite
def lines(draw: st.DrawFn) -> list[Relocation]:
    """What files may say, right or wrong."""
    some = st.tuples(st.sampled_from(KEYS), st.none() | st.sampled_from(KEYS), st.sampled_from(["s1", "s2"]))
    return [said(*each) for each in draw(st.lists(some, max_size=6))]


@given(states(), lines())
def test_no_id_is_lost_and_none_belongs_to_two(before: State, of: list[Relocation]) -> None:
    done = relocate(before, of)
    check_consistent(done.state)
    forgotten = {each.blueprint_id for each in done.forgotten.values()}
    assert done.state.ids().keys() | forgotten == before.ids().keys()
    assert not done.state.ids().keys() & forgotten
    assert all(at == each.address for at, each in done.state.entries.items())
    assert all(at == each.address for at, each in done.state.intents.items())
    assert len(done.state.intents) == len(before.intents)
    for new, old in done.moved.items():
        assert new.partition("/")[0] == old.partition("/")[0], "a blueprint can't change its sourcing"
        assert new not in before.entries.keys() | before.intents.keys()


@st.composite
def agreed_lines(draw: st.DrawFn) -> tuple[list[Declared], list[Relocation]]:
    """What files that hold together say (KAL024), with the blueprints that they hold."""
    wanted: list[Declared] = []
    of: list[Relocation] = []
    for sourcing in ("s1", "s2"):
        here = draw(st.sets(st.sampled_from(KEYS)))
        wanted += [
            Declared(Address(sourcing, key), key, Origin("a.yaml", 1, 1), (1, 1)) for key in sorted(here)
        ]
        taken: set[str] = set()
        for number, key in enumerate(KEYS):
            later = [
                each for each in KEYS if each not in taken and (each in here or each in KEYS[number + 1 :])
            ]
            what = draw(st.sampled_from(["nothing", "removed", "moved", "moved"]))
            if key in here or what == "nothing" or (what == "moved" and not later):
                continue
            target = None if what == "removed" else draw(st.sampled_from(later))
            taken |= {target} if target else set()
            of.append(said(key, target, sourcing))
    assume(not list(check_project(Declarations(wanted, of, complete=True))))
    return wanted, draw(st.permutations(of))


@given(states(), agreed_lines(), st.sets(st.sampled_from(ADDRESSES)))
def test_consistent_moves_apply_once_and_in_parts(
    before: State, files: tuple[list[Declared], list[Relocation]], asked: set[str]
) -> None:
    _, of = files
    done = relocate(before, of)
    again = relocate(done.state, of)
    assert (again.moved, again.forgotten) == ({}, {})
    part = narrowed(before, done, asked.__contains__)
    check_consistent(part)
    at = part.ids()
    for new, old in done.moved.items():
        if old in before.entries:
            assert at[before.entries[old].blueprint_id] == (new if {old, new} & asked else old)
    assert {a for a in done.forgotten if a not in part.entries} == done.forgotten.keys() & asked
    # Whatever was done in part, the rest can follow.
    assert relocate(part, of).state == done.state
