"""Three versions of a state become one: nothing is lost that a person did not take out, and nothing is guessed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.errors import StateDamaged
from kalentops.state.codec import dump_state, load_state
from kalentops.state.content import InMemory
from kalentops.state.merge import EVERYTHING, Merged, merge_states, unmerged, with_conflict_markers
from kalentops.state.model import Entry, Intent, State, check_consistent
from tests.sizes import examples
from tests.state.store.samples import address, digest, entry, intent, state

MANY = settings(max_examples=examples(300), deadline=None)
TIMES = tuple(f"2026-01-02T03:{minute:02}:00Z" for minute in (0, 1, 5, 30, 31))
A, B = address(1), address(2)


# --- strategies ------------------------------------------------------------------------------------------------

_EXTRA = st.dictionaries(
    st.sampled_from(("new", "remote")), st.sampled_from(({"x": 1}, {"x": 2})), max_size=1
)
_ENTRIES = st.builds(
    lambda number, ident, name, at, seen, extra: entry(
        number, blueprint_id=f"bp-{ident}", name=name, applied_at=at, extra=extra,
        remote_digest=seen and digest(name), updated_at=seen,
    ),
    st.integers(0, 3), st.integers(0, 4), st.sampled_from("ab"), st.sampled_from(TIMES),
    st.none() | st.sampled_from(TIMES), _EXTRA,
)  # fmt: skip
_INTENTS = st.builds(
    lambda number, name, at, nonces, extra: intent(
        number, name=name, at=at, nonces=tuple(sorted(nonces)), extra=extra
    ),
    st.integers(0, 3), st.sampled_from("ab"), st.sampled_from(TIMES),
    st.sets(st.sampled_from(("0a1b2c3d", "4e5f6071", "8293a4b5")), max_size=2), _EXTRA,
)  # fmt: skip


Slot = tuple[Entry | None, Intent | None]


@st.composite
def _slots(draw: st.DrawFn, number: int) -> Slot:
    """What a state may know of an address."""
    known = draw(st.none() | _ENTRIES)
    one = draw(st.none() | _INTENTS)
    known = known and replace(known, address=address(number))
    if one is not None:
        of_entry: dict[str, Any] = {}
        if known:
            of_entry = {"action": "update", "blueprint_id": known.blueprint_id, "nonces": ()}
        one = replace(one, address=address(number), **of_entry)
    return known, one


def _state(slots: dict[int, Slot], serial: int, run: str | None, extra: dict[str, Any]) -> State:
    """Valid: what would give a blueprint to a second address is left out."""
    found = State("lineage-1", serial, "tenant-1", run, {}, {}, extra)
    entries: dict[str, Entry] = {}
    intents: dict[str, Intent] = {}
    for number, (known, one) in slots.items():
        if known and known.blueprint_id in {other.blueprint_id for other in entries.values()}:
            continue
        if known:
            entries[address(number)] = known
        if one:
            intents[address(number)] = one
    found = replace(found, entries=entries, intents=intents)
    check_consistent(found)
    return found


@st.composite
def _versions(draw: st.DrawFn) -> tuple[State, State, State]:
    """BASE and two that came of it: addresses that are as they were, gone, or something else."""
    numbers = range(4)
    base = {number: draw(_slots(number)) for number in numbers}
    sides = []
    for name in ("r1", "r2"):
        slots = {
            number: draw(st.just(base[number]) | st.just((None, None)) | _slots(number)) for number in numbers
        }
        sides.append(
            _state(slots, draw(st.integers(5, 7)), draw(st.sampled_from((None, name))), draw(_EXTRA))
        )
    return _state(base, 5, None, {}), sides[0], sides[1]


# --- properties ------------------------------------------------------------------------------------------------


@MANY
@given(_versions())
def test_merging_is_symmetric(versions: tuple[State, State, State]) -> None:
    base, ours, theirs = versions
    one, other = merge_states(base, ours, theirs), merge_states(base, theirs, ours)
    assert one.conflicts == other.conflicts
    if EVERYTHING not in one.conflicts:
        assert one.state == other.state


@MANY
@given(_versions())
def test_a_change_of_one_side_alone_is_taken(versions: tuple[State, State, State]) -> None:
    base, ours, _ = versions
    assert merge_states(base, ours, base) == Merged(replace(ours, serial=ours.serial + 1), {})
    assert merge_states(base, ours, ours) == Merged(replace(ours, serial=ours.serial + 1), {})


@MANY
@given(_versions(), st.booleans())
def test_the_result_is_a_consistent_state(versions: tuple[State, State, State], begun: bool) -> None:  # noqa: FBT001
    base, ours, theirs = versions
    merged = merge_states(State() if begun else base, ours, theirs)
    if EVERYTHING not in merged.conflicts:
        check_consistent(merged.state)
        assert load_state(dump_state(merged.state)) == merged.state
        assert merged.state.serial == max(ours.serial, theirs.serial) + 1
        assert not merged.conflicts.keys() & {*merged.state.entries, *merged.state.intents}


@MANY
@given(_versions(), st.booleans())
def test_no_id_is_lost_that_was_not_taken_out(versions: tuple[State, State, State], begun: bool) -> None:  # noqa: FBT001
    base, ours, theirs = versions
    base = State() if begun else base
    merged = merge_states(base, ours, theirs)
    if EVERYTHING in merged.conflicts:
        return
    kept = set(merged.state.ids())
    for side, other in ((ours, theirs), (theirs, ours)):
        for ident, at in side.ids().items():
            if ident not in kept and at not in merged.conflicts:
                assert base.entries[at].blueprint_id == ident  # it was known there before
                other_entry = other.entries.get(at)
                assert other_entry is None or other_entry.blueprint_id != ident  # and taken out there
                assert side.entries[at] == base.entries[at]


@MANY
@given(_versions(), st.booleans())
def test_no_open_intent_is_lost_that_was_not_settled(
    versions: tuple[State, State, State],
    begun: bool,  # noqa: FBT001
) -> None:
    base, ours, theirs = versions
    base = State() if begun else base
    merged = merge_states(base, ours, theirs)
    if EVERYTHING in merged.conflicts:
        return
    for side, other in ((ours, theirs), (theirs, ours)):
        for at, one in side.intents.items():
            if at in merged.state.intents or at in merged.conflicts:
                continue
            if base.intents.get(at) == one:
                assert other.intents.get(at) != one  # settled by a run that knew of it
            else:
                assert one.only_reserves  # at most stubs came of it
                assert at in merged.state.entries


@MANY
@given(_versions())
def test_a_conflict_is_refused_as_a_state_and_holds_both_sides(versions: tuple[State, State, State]) -> None:
    base, ours, theirs = versions
    merged = merge_states(base, ours, theirs)
    if not merged.conflicts:
        return
    text = with_conflict_markers(merged, ours, theirs)
    with pytest.raises(StateDamaged, match="markers of a merge conflict"):
        load_state(text)
    for side, taken in ((ours, 1), (theirs, 2)):
        choice = re.compile(rb"<<<<<<< ours\n(.*?)=======\n(.*?)>>>>>>> theirs\n", re.DOTALL)
        chosen = choice.sub(lambda found, taken=taken: found[taken], text)  # type: ignore[misc]
        picked = parse_unchecked(chosen)
        for at in merged.conflicts:
            if at != EVERYTHING:
                assert picked["blueprints"].get(at, {}).get("blueprintId") == (
                    side.entries[at].blueprint_id if at in side.entries else None
                )
                assert (at in picked["intents"]) is (at in side.intents)


def parse_unchecked(data: bytes) -> Any:
    import json

    return json.loads(data)


# --- cases -----------------------------------------------------------------------------------------------------


def states(*sides: tuple[Entry | Intent, ...], **more: Any) -> list[State]:
    """One state for each tuple."""
    return [
        replace(
            state(**more),
            entries={each.address: each for each in side if isinstance(each, Entry)},
            intents={each.address: each for each in side if isinstance(each, Intent)},
        )
        for side in sides
    ]


def update(number: int, **more: Any) -> Intent:
    return intent(number, action="update", blueprint_id=f"bp-{number}", **more)


def test_additions_of_both_sides_are_kept() -> None:
    base, ours, theirs = states((entry(1),), (entry(1), entry(2)), (entry(1), entry(3), intent(4)))
    merged = merge_states(base, ours, theirs)
    assert merged.conflicts == {}
    assert set(merged.state.ids()) == {"bp-1", "bp-2", "bp-3"}
    assert set(merged.state.intents) == {address(4)}
    assert merged.state.serial == 6


def test_a_removal_holds_unless_the_other_side_has_changed_the_entry() -> None:
    changed = entry(1, name="changed", applied_at=TIMES[1])
    base, gone, new = states((entry(1), entry(2)), (), (changed, entry(2)))
    assert merge_states(base, gone, new).state.entries == {A: changed}


def test_a_key_that_was_renamed_on_one_side_is_renamed() -> None:
    moved = replace(entry(1), address=address(4))
    base, ours, theirs = states((entry(1), entry(2)), (moved, entry(2)), (entry(1), entry(2), entry(3)))
    assert merge_states(base, ours, theirs).state.ids() == {"bp-1": address(4), "bp-2": B, "bp-3": address(3)}


@pytest.mark.parametrize("other", ["changed", "moved"])
def test_a_rename_and_a_change_of_one_entry_are_a_conflict(other: str) -> None:
    moved = replace(entry(1), address=address(4))
    theirs = {
        "changed": entry(1, name="b", applied_at=TIMES[1]),
        "moved": replace(entry(1), address=address(7)),
    }
    versions = states((entry(1),), (moved,), (theirs[other],))
    merged = merge_states(*versions)
    at = theirs[other].address
    said = f"bp-1 would belong to {' and to '.join(sorted((at, address(4))))}"
    assert merged.conflicts == {at: said, address(4): said}
    assert merged.state.entries == {}


def test_of_two_changes_of_one_blueprint_the_later_counts() -> None:
    early = entry(1, name="early", applied_at=TIMES[1], remote_digest=digest("x"), updated_at=TIMES[4])
    late = entry(1, name="late", applied_at=TIMES[2], extra={"new": 1})
    base, ours, theirs = states((entry(1),), (early,), (late,))
    assert merge_states(base, ours, theirs).state.entries == {A: late}
    seen = [
        entry(1, remote_digest=digest(each), updated_at=at) for each, at in (("x", TIMES[3]), ("y", TIMES[1]))
    ]
    assert merge_states(*states((entry(1),), (seen[0],), (seen[1],))).state.entries == {A: seen[0]}


def test_times_are_compared_as_times() -> None:
    east = entry(1, name="east", applied_at="2026-01-02T04:03:05+02:00")  # 02:03:05Z
    west = entry(1, name="west", applied_at="2026-01-02T02:03:06Z")
    assert merge_states(*states((), (east,), (west,))).state.entries == {A: west}


@pytest.mark.parametrize("at", [TIMES[1], "yesterday"])
def test_two_texts_at_the_same_moment_are_a_conflict(at: str) -> None:
    merged = merge_states(*states((entry(1),), *((entry(1, name=n, applied_at=at),) for n in "ab")))
    assert merged.conflicts == {A: f"{A}: both sides have changed bp-1 at {at}, to different texts"}


@pytest.mark.parametrize("known", [(), (entry(1, name="old"),)])
def test_two_ids_for_one_address_are_a_conflict_that_names_both(known: tuple[Entry, ...]) -> None:
    ours = entry(1, blueprint_id="bp-ours", name="a")
    theirs = entry(1, blueprint_id="bp-theirs", name="a")
    merged = merge_states(*states(known, (ours, entry(2)), (theirs, entry(2))))
    assert merged.conflicts == {A: f"{A}: one side has bp-ours, the other bp-theirs"}
    assert merged.state.entries == {B: entry(2)}
    assert "keep one of each" in merged.hint


def test_an_id_that_one_side_has_replaced_is_replaced() -> None:
    other = entry(1, blueprint_id="bp-new", applied_at=TIMES[1])
    base, ours, theirs = states((entry(1), entry(2)), (other, entry(2)), (entry(1),))
    assert merge_states(base, ours, theirs).state.entries == {A: other}


# --- cases: intents --------------------------------------------------------------------------------------------


def test_an_intent_that_one_side_has_settled_is_settled() -> None:
    opened = intent(1, at=TIMES[0])
    done = entry(1, applied_at=TIMES[0])
    for settled in ((done, entry(2)), (entry(2),)):  # it came true, or nothing came of it
        base, ours, theirs = states((opened,), settled, (opened, entry(3)))
        merged = merge_states(base, ours, theirs).state
        assert merged.intents == {}
        assert merged.entries.get(A) == (done if done in settled else None)


def test_an_update_that_one_side_has_settled_is_settled_although_the_other_saw_something_new() -> None:
    opened = update(1, name="new", at=TIMES[0])
    done = entry(1, name="new", applied_at=TIMES[4])
    seen = entry(1, remote_digest=digest("x"), updated_at=TIMES[0])
    base, ours, theirs = states((entry(1), opened), (done,), (seen, opened))
    for versions in ((base, ours, theirs), (base, theirs, ours)):
        merged = merge_states(*versions).state
        assert (merged.entries, merged.intents) == ({A: done}, {})


def test_an_open_intent_beside_a_newer_attempt_gives_way_to_it() -> None:
    again = intent(1, at=TIMES[2], extra={"new": 1})
    base, ours, theirs = states((intent(1),), (intent(1), entry(2)), (again,))
    assert merge_states(base, ours, theirs).state.intents == {A: again}


@pytest.mark.parametrize("minutes", [0, 5, 59])
def test_a_create_of_unknown_outcome_beside_an_entry(minutes: int) -> None:
    """The other side made one without knowing of it, and what was sent whole may come true at any time."""
    made = entry(1, applied_at=f"2026-01-02T03:{minutes:02}:00Z")
    merged = merge_states(*states((), (intent(1, at=TIMES[0]),), (made,)))
    said = "one side has bp-1; on the other, a run was interrupted while it created the blueprint"
    assert merged.conflicts == {A: f"{A}: {said}: there may be two"}


def test_an_open_create_that_reserves_gives_way_to_an_entry() -> None:
    base, ours, theirs = states((), (intent(1, nonces=("0a1b2c3d",)),), (entry(1),))
    for versions in ((base, ours, theirs), (base, theirs, ours)):
        merged = merge_states(*versions)
        assert (merged.conflicts, merged.state.entries, merged.state.intents) == ({}, {A: entry(1)}, {})


def test_two_open_creates_become_one_with_all_nonces() -> None:
    early = intent(1, name="a", at=TIMES[1], nonces=("8293a4b5",))
    late = intent(1, name="b", at=TIMES[2], nonces=("0a1b2c3d",))
    merged = merge_states(*states((), (early,), (late,)))
    assert merged.state.intents == {A: replace(late, nonces=("0a1b2c3d", "8293a4b5"))}


def test_a_create_with_text_outweighs_one_that_reserves() -> None:
    whole, reserving = intent(1, at=TIMES[1]), intent(1, at=TIMES[2], nonces=("0a1b2c3d",))
    assert merge_states(*states((), (whole,), (reserving,))).state.intents == {A: whole}


def test_two_intents_to_send_different_texts_are_a_conflict() -> None:
    merged = merge_states(*states((), (intent(1, name="a"),), (intent(1, name="b"),)))
    assert list(merged.conflicts) == [A]
    assert "while it sent a text, and the texts differ" in merged.conflicts[A]


def test_an_open_update_keeps_its_entry_and_stays_beside_a_newer_one() -> None:
    opened = update(1, name="new", at=TIMES[0])
    newer = entry(1, name="newer", applied_at=TIMES[4])
    for theirs, kept in (((entry(2),), entry(1)), ((newer, entry(2)), newer)):
        merged = merge_states(*states((entry(1), entry(2)), (entry(1), entry(2), opened), theirs))
        assert merged.conflicts == {}
        assert (merged.state.entries[A], merged.state.intents) == (kept, {A: opened})


# --- cases: the whole state ------------------------------------------------------------------------------------


def test_states_with_different_lineages_are_not_merged() -> None:
    ours, theirs = state(1), state(2, lineage="lineage-2")
    merged = merge_states(State(), ours, theirs)
    assert merged.conflicts == {
        EVERYTHING: "these are two separate states, each created by its own first apply"
    }
    assert "keep one side" in merged.hint
    text = with_conflict_markers(merged, ours, theirs).decode()
    for word in ("lineage-1", "lineage-2", "bp-1", "bp-2"):
        assert text.count(f'"{word}"') == 1


def test_states_of_different_apis_are_not_merged() -> None:
    merged = merge_states(state(1), state(1, tenant="tenant-2"), state(1, 2))
    assert "different APIs" in merged.conflicts[EVERYTHING]
    assert merge_states(state(1), state(1, tenant=None), state(1, 2)).state.tenant == "tenant-1"


def test_a_base_of_another_lineage_is_ignored() -> None:
    merged = merge_states(state(1, 2, lineage="other"), state(1), state(2))
    assert merged.state.ids() == {"bp-1": A, "bp-2": B}


def test_unknown_fields_survive_or_are_a_conflict() -> None:
    base = state(1, extra={"a": 1, "b": 1, "c": 1})
    ours = state(1, extra={"a": 2, "b": 1, "new": [1]})
    theirs = state(1, extra={"a": 1, "b": 3, "c": 1})
    assert merge_states(base, ours, theirs).state.extra == {"a": 2, "b": 3, "new": [1]}
    merged = merge_states(base, ours, state(1, extra={"a": 5}))
    assert merged.conflicts == {
        EVERYTHING: "both sides have changed the field 'a', which is unknown to this version of kalentops"
    }
    early = entry(1, applied_at=TIMES[1], extra={"x": 1, "kept": 1})
    late = entry(1, applied_at=TIMES[2], extra={"x": 2})
    assert merge_states(*states((), (early,), (late,))).state.entries[A].extra == {"x": 2, "kept": 1}


def test_the_last_run_is_that_of_the_higher_serial() -> None:
    ours, theirs = state(1, serial=8, last_run="a"), state(2, serial=7, last_run="b")
    assert merge_states(State(), ours, theirs).state.last_run == "a"


# --- the file of a conflict ------------------------------------------------------------------------------------


def test_only_conflicts_stand_between_markers() -> None:
    ours = states((entry(1, blueprint_id="bp-x"), entry(2), entry(4), entry(5)))[0]
    theirs = states((entry(1, blueprint_id="bp-y"), entry(2), entry(3), entry(5)))[0]
    text = with_conflict_markers(merge_states(State(), ours, theirs), ours, theirs).decode()
    before, _, rest = text.partition("<<<<<<< ours\n")
    mine, _, rest = rest.partition("=======\n")
    other, _, after = rest.partition(">>>>>>> theirs\n")
    assert "bp-x" in mine
    assert "bp-y" in other
    assert mine.count("blueprintId") == other.count("blueprintId") == 1
    assert sorted(re.findall("bp-.", before + after)) == ["bp-2", "bp-3", "bp-4", "bp-5"]
    assert "<<<<<<<" not in after


def test_texts_that_look_like_markers_or_line_ends_are_kept() -> None:
    odd = "a\u2028<<<<<<< b\x85=======\r\nc"
    ours, theirs = (
        states((entry(1, blueprint_id=each, name=odd), entry(2, name=odd)))[0] for each in ("x", "y")
    )
    text = with_conflict_markers(merge_states(State(), ours, theirs), ours, theirs)
    assert text.count(b"\n=======\n") == 1
    chosen = re.sub(rb"<<<<<<< ours\n(.*?)=======\n.*?>>>>>>> theirs\n", rb"\1", text, flags=re.DOTALL)
    assert load_state(chosen).entries == ours.entries


@pytest.mark.parametrize("ours", [b"", b"x", b"x\n"])
def test_files_of_any_kind_stand_between_markers(ours: bytes) -> None:
    text = b"".join(unmerged(InMemory(ours), InMemory(b"\xff\xfe")))
    assert text.startswith(b"<<<<<<< ours\n")
    assert text.endswith(b"\xff\xfe\n>>>>>>> theirs\n")
    assert text.splitlines()[-3] == b"======="


# --- where the state has moved to ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        (None, "git:refs/kalentops/state", None, "git:refs/kalentops/state"),
        ("git:refs/kalentops/state", "git:refs/kalentops/state", None, None),
    ],
)
def test_a_branch_that_does_not_know_of_a_move_does_not_undo_it(
    base: str | None, ours: str | None, theirs: str | None, expected: str | None
) -> None:
    for sides in ((ours, theirs), (theirs, ours)):
        merged = merge_states(state(1, moved_to=base), *(state(1, 2, moved_to=each) for each in sides))
        assert (merged.state.moved_to, dict(merged.conflicts)) == (expected, {})
        assert set(merged.state.entries) == {address(1), address(2)}


def test_two_moves_to_two_places_are_a_conflict() -> None:
    merged = merge_states(state(1), state(1, moved_to="a"), state(1, moved_to="b"))
    assert merged.conflicts == {EVERYTHING: "one side has moved the state to a, the other to b"}
