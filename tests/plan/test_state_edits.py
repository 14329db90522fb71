"""What a branch has changed in the state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kalentops.blueprint.body import Address
from kalentops.output.explanations import state_edit
from kalentops.plan.moves import StateEdit, edits_between
from kalentops.state.model import State
from tests.state.store.samples import address, entry, intent, state

A = address(1)


@pytest.mark.parametrize(
    ("before", "now", "found", "said"),
    [
        (state(1), state(1, serial=9), [], ""),
        (
            State(),
            state(1),
            [StateEdit(A, "added", "bp-1", None)],
            "recorded as bp-1, which was not known before",
        ),
        (state(1), state(), [StateEdit(A, "removed", None, "bp-1")], "bp-1 is no longer recorded"),
        (
            state(1),
            State(entries={A: entry(1, blueprint_id="bp-x")}),
            [StateEdit(A, "other id", "bp-x", "bp-1")],
            "bp-x instead of bp-1",
        ),
        (
            state(1),
            State(entries={A: entry(1, name="forged")}),
            [StateEdit(A, "edited", "bp-1", "bp-1")],
            "the record of bp-1 was changed",
        ),
        (
            State(),
            State(intents={A: intent(1)}),
            [StateEdit(A, "edited", None, None)],
            "open change was changed",
        ),
    ],
)
def test_what_was_changed(before: State, now: State, found: list[StateEdit], said: str) -> None:
    edits = list(edits_between(before, now))
    assert edits == found
    assert all(said in state_edit(each) for each in edits)


def test_a_blueprint_of_another_address_is_none() -> None:
    """As after `state mv`: its id was known, so nothing new may be written to."""
    moved = replace(entry(1), address=Address.parse("src1/renamed"))
    now = replace(state(2), entries={address(2): entry(2), "src1/renamed": moved})
    assert [each.kind for each in edits_between(state(1, 2), now)] == ["removed"]
