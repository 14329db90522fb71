"""`import --update`: which remote edits go into the files, what the state records, and how two edits are merged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.adopt.pull import PulledEdit, SkippedEdit, merge, plan_pull
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
    assert (one.file, one.address.key, one.after) == ("blueprints/a.yaml", "one", theirs)
    assert one.entry.digest == Body.of(theirs).digest
    assert (one.entry.updated_at, one.entry.applied_at) == (LATER, NOW)


def test_a_key_that_moved_and_that_the_state_does_not_know_yet() -> None:
    """The file has it under its new key, the state under the old one; the next apply brings them together."""
    moved = [Relocation("s1", "old", "one", "blueprints/a.yaml", (9, 1))]
    known = rename(state_of(body()), {Address("s1", "one"): Address("s1", "old")})
    theirs = observed(body("One", "Hello"))
    (one,) = plan_pull([want("s1/one", body())], known, theirs, NOW, moved).taken
    assert (one.address, one.entry.address) == ("s1/one", "s1/old")
    (kept,) = plan_pull([want("s1/one", body())], known, theirs, NOW).kept
    assert text(kept.reason) == "no file declares it"


def test_the_file_gets_both_changes_and_the_state_the_remote_one() -> None:
    sent = body("One", "Hi", "Hi")
    one = only(body("One", "Mine", "Hi"), sent, body("One", "Hi", "Theirs"))
    assert isinstance(one, PulledEdit)
    assert [each["content"] for each in one.after["steps"]] == ["Mine", "Theirs"]
    assert [each["content"] for each in one.entry.sent.data["steps"]] == ["Hi", "Theirs"]


def test_a_field_that_both_sides_changed_is_a_conflict() -> None:
    one = only(body("One", "M"), body(), body("One", "T"))
    assert isinstance(one, SkippedEdit)
    assert one.conflict
    assert "both changed step s1: content" in text(one.reason)
    assert "kalentops apply --overwrite s1/one" in text(one.reason)


@given(bodies(), bodies(), st.booleans())
def test_there_is_no_drift_afterwards(sent: Data, theirs: Data, same: bool) -> None:  # noqa: FBT001
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
        (None, body(), (body("One", "T"),), "no file declares it"),
        (
            body(),
            body(),
            (body("One", step(1), step(1, content="T")),),
            "no ids that tell them apart",
        ),
        (body(), body(), (Remote("b1", "One", None),), "no ids that tell them apart"),
    ],
)
def test_a_skipped_edit_has_a_reason(
    mine: Data | None, sent: Data, remotes: tuple[Remote | Data, ...], reason: str
) -> None:
    taking = plan_pull([want("s1/one", mine)] if mine else [], state_of(sent), observed(*remotes), NOW)
    assert taking.taken == ()
    assert reason in text(taking.kept[0].reason)


def test_an_open_intent_is_left_to_apply() -> None:
    known = state(
        entry("s1/one", blueprint_id="b1"), intent("s1/one", body("One", "Sent"), "update", blueprint_id="b1")
    )
    taking = plan_pull([want("s1/one", body())], known, observed(body("One", "T")), NOW)
    assert "run `kalentops apply` first" in text(taking.kept[0].reason)


def test_blueprints_without_drift_and_other_sourcings_are_left_alone() -> None:
    sent = body()
    assert plan_pull([want("s1/one", sent)], state_of(sent), observed(sent), NOW).kept == ()
    assert plan_pull([want("s1/one", sent)], state_of(sent), RemoteLists({"s2": ()}), NOW).kept == ()


def test_a_blueprint_in_two_sourcings_is_a_conflict() -> None:
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


BASE = body("One", step("a"), step("b"), step("c"))


@st.composite
def small_bodies(draw: st.DrawFn) -> Data:
    ids = draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=5))
    texts = st.sampled_from(["Hi", "Hello", "Ciao"])
    steps = []
    for ident in ids:
        more = draw(st.fixed_dictionaries({}, optional={"subject": texts, "linkedInType": texts}))
        steps.append(step(ident, content=draw(texts), **more))
    return body(draw(texts), steps=steps)


@given(small_bodies(), small_bodies())
def test_a_change_of_one_side_alone_is_taken(base: Data, changed: Data) -> None:
    for merged in (merge(base, changed, base), merge(base, base, changed), merge(base, changed, changed)):
        assert (merged.body, merged.conflicts) == (changed, [])


@given(small_bodies(), small_bodies(), small_bodies())
def test_conflicts_are_symmetric(base: Data, mine: Data, theirs: Data) -> None:
    one, other = merge(base, mine, theirs), merge(base, theirs, mine)
    assert sorted(one.conflicts) == sorted(other.conflicts)
    ids = [each["id"] for each in one.body["steps"]]
    assert len(ids) == len(set(ids))
    if not one.conflicts:
        assert one.body["name"] == other.body["name"]
        assert {each["id"]: each for each in one.body["steps"]} == {
            each["id"]: each for each in other.body["steps"]
        }


@given(small_bodies(), small_bodies(), small_bodies())
def test_each_merged_step_comes_from_a_side(base: Data, mine: Data, theirs: Data) -> None:
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
def test_a_conflict_names_its_place(mine: Data, theirs: Data, place: str) -> None:
    assert place in merge(BASE, mine, theirs).conflicts
