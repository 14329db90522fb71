"""What somebody changed in Kalent: what of it goes into the files, and what the state says afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.canonical import hidden, observable, of_body
from kalentops.checking import Desired
from kalentops.importing.updating import Kept, Taken, take
from kalentops.planning.relocation import rename
from kalentops.remote import Observed, Remote
from kalentops.rules.engine import Named, Relocation
from kalentops.state.entries import Entry, Intent, State
from tests.strategies import bodies

AT, NOW = "2026-01-02T03:04:05Z", "2026-02-03T04:05:06Z"
SEEN = "2026-02-01T00:00:00.000Z"
Body = dict[str, Any]


def step(ident: str, **fields: Any) -> Body:
    return {"id": ident, "name": "A", "type": "SMS", "content": "Hi", "temporalityType": "ASAP", **fields}


def body(*steps: Body, **fields: Any) -> Body:
    return {"name": "One", "steps": list(steps), **fields}


def want(sent: Body) -> Desired:
    canonical = of_body(sent)
    named = Named("s1", "one", sent["name"], "blueprints/a.yaml", (3, 3), (4, 11))
    return Desired(named, canonical.digest, canonical)


def state_of(sent: Body) -> State:
    canonical = of_body(sent)
    seen = observable(canonical.body).digest
    entry = Entry("s1/one", "b1", canonical.body, canonical.digest, AT, seen, AT)
    return State("lineage", 7, entries={"s1/one": entry})


def remote(shown: Body) -> Remote:
    form = observable(shown)
    return Remote("b1", shown["name"], form.digest, None, SEEN, form)


def observed(*remotes: Remote) -> Observed:
    return Observed({"s1": remotes})


def only(mine: Body, sent: Body, theirs: Body) -> Taken | Kept:
    taking = take([want(mine)], state_of(sent), observed(remote(theirs)), NOW)
    both: list[Taken | Kept] = [*taking.taken, *taking.kept]
    (one,) = both
    return one


def test_their_edit_goes_into_the_file() -> None:
    theirs = body(step("a", content="Hello"))
    one = only(body(step("a")), body(step("a")), theirs)
    assert isinstance(one, Taken)
    assert (one.file, one.key, one.after) == ("blueprints/a.yaml", "one", theirs)
    assert one.entry.digest == of_body(theirs).digest
    assert (one.entry.updated_at, one.entry.applied_at) == (SEEN, NOW)


def test_a_key_that_moved_and_that_the_state_does_not_know_yet() -> None:
    """The file has it under its new key, the state under the old one; the next apply brings them together."""
    moved = [Relocation("s1", "old", "one", "blueprints/a.yaml", (9, 1))]
    known = rename(state_of(body(step("a"))), {"s1/one": "s1/old"})
    theirs = observed(remote(body(step("a", content="Hello"))))
    (one,) = take([want(body(step("a")))], known, theirs, NOW, moved).taken
    assert (one.address, one.key, one.entry.address) == ("s1/one", "one", "s1/old")
    (kept,) = take([want(body(step("a")))], known, theirs, NOW).kept
    assert kept.reason == "it is in no file"


def test_both_sides_changes_are_in_the_file_and_only_theirs_in_the_state() -> None:
    sent = body(step("a"), step("b"))
    one = only(body(step("a", content="Mine"), step("b")), sent, body(step("a"), step("b", content="Theirs")))
    assert isinstance(one, Taken)
    assert [each["content"] for each in one.after["steps"]] == ["Mine", "Theirs"]
    assert [each["content"] for each in one.entry.sent["steps"]] == ["Hi", "Theirs"]


def test_what_both_have_changed_is_left_to_people() -> None:
    one = only(body(step("a", content="M")), body(step("a")), body(step("a", content="T")))
    assert isinstance(one, Kept)
    assert one.conflict
    assert "both changed step a: content" in one.reason
    assert "kalentops apply --overwrite s1/one" in one.reason


@given(bodies(), bodies(), st.booleans())
def test_afterwards_nobody_has_drifted(sent: Body, theirs: Body, same: bool) -> None:  # noqa: FBT001
    """What Kalent shows is what the state expects, and what it hides is as it was sent."""
    mine = theirs if same else sent
    taking = take([want(mine)], state_of(sent), observed(remote(theirs)), NOW)
    if observable(sent).digest == observable(theirs).digest:
        assert (taking.taken, taking.kept) == ((), ())
        return
    (one,) = taking.taken
    assert one.entry.baseline == observable(theirs).digest == observable(one.entry.sent).digest
    assert one.entry.canonical().body.get("config") == of_body(sent).body.get("config")
    kept = {path for path in hidden(sent) if path == "config" or path.split("/")[1] in _ids(theirs)}
    assert hidden(one.entry.sent).keys() == kept
    assert observable(one.after).digest == observable(theirs).digest


def _ids(of: Body) -> set[str]:
    return {each["id"] for each in of["steps"]}


@pytest.mark.parametrize(
    ("mine", "sent", "remotes", "reason"),
    [
        (body(step("a")), body(step("a")), (), "b1 is not in s1 any more"),
        (None, body(step("a")), (remote(body(step("a", content="T"))),), "it is in no file"),
        (
            body(step("a")),
            body(step("a")),
            (remote(body(step("a"), step("a", content="T"))),),
            "no ids that tell them apart",
        ),
        (body(), body(), (Remote("b1", "One", None, None, None),), "no ids that tell them apart"),
    ],
)
def test_what_is_not_taken_is_told(
    mine: Body | None, sent: Body, remotes: tuple[Remote, ...], reason: str
) -> None:
    taking = take([want(mine)] if mine else [], state_of(sent), observed(*remotes), NOW)
    assert taking.taken == ()
    assert reason in taking.kept[0].reason


def test_nothing_is_taken_over_an_open_outcome() -> None:
    known = state_of(body(step("a")))
    sent = of_body(body(step("a", content="Sent")))
    intent = Intent("s1/one", "update", sent.body, sent.digest, AT, blueprint_id="b1")
    known = State("lineage", 7, entries=known.entries, intents={"s1/one": intent})
    taking = take([want(body(step("a")))], known, observed(remote(body(step("a", content="T")))), NOW)
    assert "run `kalentops apply` first" in taking.kept[0].reason


def test_what_nobody_changed_and_other_sourcings_are_left_alone() -> None:
    sent = body(step("a"))
    assert take([want(sent)], state_of(sent), observed(remote(sent)), NOW).kept == ()
    assert take([want(sent)], state_of(sent), Observed({"s2": ()}), NOW).kept == ()


def test_one_that_two_sourcings_show_is_left_to_people() -> None:
    """Whose text is it? The list that comes last must not decide."""
    sent = body(step("a"))
    other = remote(body(step("a", content="Of s2")))
    for own in ([remote(body(step("a", content="Of s1")))], []):
        taking = take([want(sent)], state_of(sent), Observed({"s1": tuple(own), "s2": (other,)}), NOW)
        assert [each.conflict for each in taking.kept] == [True]
        assert "another sourcing" in taking.kept[0].reason
        assert not taking.taken
