"""Replaying and merging records, and what a state may not say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.blueprint.body import Body
from kalentops.errors import StateDamaged
from kalentops.state.model import (
    Abandoned,
    Adopted,
    Completed,
    Intended,
    Observed,
    Record,
    State,
    check_consistent,
    merge_records,
    replay,
)
from tests.builders import AT
from tests.state.store.samples import FEW, RECORDS, STATES, address, created, digest, entry, intent, state

_SEVERAL = st.lists(RECORDS, max_size=8)


def _replayed(before: State, records: list[Record]) -> State | None:
    """None where the records give an id that nothing else belongs to."""
    try:
        return replay(before, records)
    except StateDamaged:
        return None


@FEW
@given(
    STATES,
    st.lists(RECORDS.map(lambda r: created(int(r.address[-5:])) if isinstance(r, Completed) else (r,))),
)
def test_replaying_twice_changes_nothing(before: State, runs: list[tuple[Record, ...]]) -> None:
    """Where each outcome has its intent in front of it. An outcome of what was open before takes what is open."""
    records = [record for run in runs for record in run]
    once = replay(before, records)
    assert replay(once, records) == once


@FEW
@given(STATES, _SEVERAL)
def test_merge_again_changes_nothing(before: State, records: list[Record]) -> None:
    try:
        once = merge_records(before, records)
    except StateDamaged:
        return
    assert merge_records(once, records) == once


@FEW
@given(STATES, _SEVERAL, _SEVERAL)
def test_replay_in_two_parts_is_replay(before: State, first: list[Record], second: list[Record]) -> None:
    half = _replayed(before, first)
    if half is not None:
        assert _replayed(half, second) == _replayed(before, first + second)


@FEW
@given(STATES, _SEVERAL)
def test_replay_loses_no_id(before: State, records: list[Record]) -> None:
    after = _replayed(before, records)
    if after is not None:
        given_ = {r.blueprint_id for r in records if isinstance(r, Completed)} | set(before.ids())
        assert given_ <= set(after.ids())


@FEW
@given(STATES, _SEVERAL)
def test_merge_overwrites_nothing_and_loses_nothing(before: State, records: list[Record]) -> None:
    try:
        after = merge_records(before, records)
    except StateDamaged:
        return
    for at, mine in before.entries.items():
        assert after.entries[at] == mine
    for at, open_ in before.intents.items():
        assert after.intents.get(at, open_) == open_
        assert at in after.intents or at in after.entries
    assert {r.blueprint_id for r in records if isinstance(r, Completed)} <= set(after.ids())
    assert (after.serial, after.lineage) == (before.serial, before.lineage)


def test_merge_takes_what_is_new() -> None:
    after = merge_records(state(1), [*created(2), Intended(intent(3))])
    assert after.entries == {address(1): entry(1), address(2): entry(2)}
    assert after.intents == {address(3): intent(3)}


def test_merge_keeps_the_id_of_an_intent_that_the_state_had_open() -> None:
    """An intent of an earlier run is settled with a lone outcome: its intent is not in this journal."""
    before = state(1, serial=7, intents={address(2): intent(2)})
    after = merge_records(before, [Completed(address(2), "bp-2", AT)])
    assert after.entries[address(2)] == entry(2)
    assert not after.intents


def test_merge_stops_where_an_id_could_not_be_kept() -> None:
    with pytest.raises(StateDamaged, match="bp-2"):
        merge_records(state(1), [Completed(address(2), "bp-2", AT)])


def test_replay_stops_where_an_id_could_not_be_kept() -> None:
    with pytest.raises(StateDamaged, match="bp-2"):
        replay(
            state(1), [Intended(intent(2)), Abandoned(address(2), "no"), Completed(address(2), "bp-2", AT)]
        )


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([Intended(intent(1)), Completed(address(1), "bp-other", AT)], id="made"),
        pytest.param([Adopted(entry(1, blueprint_id="bp-other"))], id="adopted"),
        pytest.param([Completed(address(1), "bp-other", AT)], id="lone outcome"),
    ],
)
def test_merge_stops_at_two_blueprints_for_one_address(records: list[Record]) -> None:
    with pytest.raises(StateDamaged, match=r"bp-1 in the state and bp-other in its journal"):
        merge_records(state(1), records)


def test_merge_keeps_a_moved_blueprint_at_its_new_address() -> None:
    moved = State("lineage-1", 9, entries={address(7): entry(7, blueprint_id="bp-1")})
    assert merge_records(moved, [Adopted(entry(1))]) == moved


def test_merge_drops_the_intent_of_a_recorded_create() -> None:
    """A create that is looked for beside its own entry is found by no one, and is then made a second time."""
    assert not merge_records(state(1), [Intended(intent(1))]).intents
    waiting = state(serial=9, intents={address(1): intent(1)})
    assert merge_records(waiting, [Adopted(entry(1))]).intents == {}


def test_merge_keeps_an_open_update() -> None:
    update = intent(1, action="update", blueprint_id="bp-1")
    assert merge_records(state(1), [Intended(update)]).intents == {address(1): update}
    newer = state(1, intents={address(1): update})
    assert merge_records(newer, [Adopted(entry(1, name="older"))]) == newer


def test_a_completed_intent_becomes_an_entry() -> None:
    before = state(1, serial=3)
    kept = replay(
        before, [Intended(intent(1, action="update", name="new")), Completed(address(1), "bp-1", AT)]
    )
    assert kept.entries[address(1)] == entry(1, name="new")
    assert kept.digests() == {address(1): digest("new")}


def test_an_observation_needs_an_entry() -> None:
    after = replay(state(1), [Observed(address(1), digest("x"), AT), Observed(address(2), digest("x"), AT)])
    assert after.entries == {address(1): entry(1, remote_digest=digest("x"), updated_at=AT)}


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (State(entries={address(n): entry(n, blueprint_id="bp") for n in (1, 2)}), "gives bp to"),
        (state(1, intents={address(1): intent(1)}), "is recorded"),
        (state(2, intents={address(1): intent(1, action="update")}), "is not recorded"),
    ],
)
def test_a_state_that_contradicts_itself_is_damaged(broken: State, said: str) -> None:
    with pytest.raises(StateDamaged, match=said) as caught:
        check_consistent(broken)
    assert caught.value.hint
    assert caught.value.exit_code == 8


def test_an_entry_that_does_not_fit_its_digest_is_damaged() -> None:
    assert entry(1).verified().digest == entry(1).digest
    for wrong in (entry(1, name="a").sent.data, {"name": 5, "steps": 5}, {}):
        with pytest.raises(StateDamaged, match=address(1)):
            replace(entry(1), sent=Body.recorded(wrong, entry(1).digest)).verified()
