"""What somebody changed in Kalent: what of it goes into the files, and what the state says afterwards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.adopt.pull import PulledEdit, SkippedEdit, plan_pull
from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.remote import Remote, RemoteLists
from kalentops.lint.rule import Relocation
from kalentops.output.explanations import text
from kalentops.plan.moves import rename
from kalentops.state.model import State
from tests.builders import LATER, Data, body, entry, intent, remote, state, step, want
from tests.strategies import bodies

NOW = "2026-02-03T04:05:06Z"


def state_of(sent: Data) -> State:
    return state(entry("s1/one", sent, "b1"))


def observed(*remotes: Remote | Data) -> RemoteLists:
    return RemoteLists(
        {"s1": tuple(each if isinstance(each, Remote) else remote("b1", each) for each in remotes)}
    )


def only(mine: Data, sent: Data, theirs: Data) -> PulledEdit | SkippedEdit:
    taking = plan_pull([want("s1/one", mine)], state_of(sent), observed(theirs), NOW)
    both: list[PulledEdit | SkippedEdit] = [*taking.taken, *taking.kept]
    (one,) = both
    return one


def test_their_edit_goes_into_the_file() -> None:
    theirs = body("One", "Hello")
    one = only(body(), body(), theirs)
    assert isinstance(one, PulledEdit)
    assert (one.file, one.key, one.after) == ("blueprints/a.yaml", "one", theirs)
    assert one.entry.digest == Body.of(theirs).digest
    assert (one.entry.updated_at, one.entry.applied_at) == (LATER, NOW)


def test_a_key_that_moved_and_that_the_state_does_not_know_yet() -> None:
    """The file has it under its new key, the state under the old one; the next apply brings them together."""
    moved = [Relocation("s1", "old", "one", "blueprints/a.yaml", (9, 1))]
    known = rename(state_of(body()), {Address("s1", "one"): Address("s1", "old")})
    theirs = observed(body("One", "Hello"))
    (one,) = plan_pull([want("s1/one", body())], known, theirs, NOW, moved).taken
    assert (one.address, one.key, one.entry.address) == ("s1/one", "one", "s1/old")
    (kept,) = plan_pull([want("s1/one", body())], known, theirs, NOW).kept
    assert text(kept.reason) == "it is in no file"


def test_both_sides_changes_are_in_the_file_and_only_theirs_in_the_state() -> None:
    sent = body("One", "Hi", "Hi")
    one = only(body("One", "Mine", "Hi"), sent, body("One", "Hi", "Theirs"))
    assert isinstance(one, PulledEdit)
    assert [each["content"] for each in one.after["steps"]] == ["Mine", "Theirs"]
    assert [each["content"] for each in one.entry.sent.data["steps"]] == ["Hi", "Theirs"]


def test_what_both_have_changed_is_left_to_people() -> None:
    one = only(body("One", "M"), body(), body("One", "T"))
    assert isinstance(one, SkippedEdit)
    assert one.conflict
    assert "both changed step s1: content" in text(one.reason)
    assert "kalentops apply --overwrite s1/one" in text(one.reason)


@given(bodies(), bodies(), st.booleans())
def test_afterwards_nobody_has_drifted(sent: Data, theirs: Data, same: bool) -> None:  # noqa: FBT001
    """What Kalent shows is what the state expects, and what it hides is as it was sent."""
    mine = theirs if same else sent
    taking = plan_pull([want("s1/one", mine)], state_of(sent), observed(theirs), NOW)
    if Body.listed(sent).digest == Body.listed(theirs).digest:
        assert (taking.taken, taking.kept) == ((), ())
        return
    (one,) = taking.taken
    assert one.entry.baseline == Body.listed(theirs).digest == one.entry.sent.observable.digest
    assert one.entry.verified().data.get("config") == Body.of(sent).data.get("config")
    kept = {path for path in Body.of(sent).hidden if path == "config" or path.split("/")[1] in _ids(theirs)}
    assert one.entry.sent.hidden.keys() == kept
    assert Body.listed(one.after).digest == Body.listed(theirs).digest


def _ids(of: Data) -> set[str]:
    return {each["id"] for each in of["steps"]}


@pytest.mark.parametrize(
    ("mine", "sent", "remotes", "reason"),
    [
        (body(), body(), (), "b1 is no longer in s1"),
        (None, body(), (body("One", "T"),), "it is in no file"),
        (
            body(),
            body(),
            (body("One", step(1), step(1, content="T")),),
            "no ids that tell them apart",
        ),
        (body(), body(), (Remote("b1", "One", None),), "no ids that tell them apart"),
    ],
)
def test_what_is_not_taken_is_told(
    mine: Data | None, sent: Data, remotes: tuple[Remote | Data, ...], reason: str
) -> None:
    taking = plan_pull([want("s1/one", mine)] if mine else [], state_of(sent), observed(*remotes), NOW)
    assert taking.taken == ()
    assert reason in text(taking.kept[0].reason)


def test_nothing_is_taken_over_an_open_outcome() -> None:
    known = state(
        entry("s1/one", blueprint_id="b1"), intent("s1/one", body("One", "Sent"), "update", blueprint_id="b1")
    )
    taking = plan_pull([want("s1/one", body())], known, observed(body("One", "T")), NOW)
    assert "run `kalentops apply` first" in text(taking.kept[0].reason)


def test_what_nobody_changed_and_other_sourcings_are_left_alone() -> None:
    sent = body()
    assert plan_pull([want("s1/one", sent)], state_of(sent), observed(sent), NOW).kept == ()
    assert plan_pull([want("s1/one", sent)], state_of(sent), RemoteLists({"s2": ()}), NOW).kept == ()


def test_one_that_two_sourcings_show_is_left_to_people() -> None:
    """Whose text is it? The list that comes last must not decide."""
    sent = body()
    other = remote("b1", body("One", "Of s2"))
    for own in ([remote("b1", body("One", "Of s1"))], []):
        taking = plan_pull(
            [want("s1/one", sent)], state_of(sent), RemoteLists({"s1": tuple(own), "s2": (other,)}), NOW
        )
        assert [each.conflict for each in taking.kept] == [True]
        assert "another sourcing" in text(taking.kept[0].reason)
        assert not taking.taken
