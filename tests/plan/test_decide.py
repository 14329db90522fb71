"""What happens to an address: one row for each decision."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kalentops.blueprint.body import Address
from kalentops.blueprint.remote import Mark, Remote, stub
from kalentops.output.explanations import text
from kalentops.plan.build import Action, Change
from kalentops.plan.decide import (
    Abandon,
    Adopt,
    Conflict,
    Create,
    Fill,
    Keep,
    RecordArrived,
    Situation,
    StayOpen,
    Unlisted,
    Update,
    decide,
    turn,
    waits,
)
from kalentops.plan.matching import Unmanaged
from kalentops.state.model import Entry, Intent
from tests.builders import AT, LATER, body, entry, form, intent, remote

OLD, NEW, THEIRS = body(), body("One", "New"), body("One", "Theirs")
SECRET = body(config={"a": 1})
HIDDEN = body("One", "New", config={"a": 1})


def at(
    wanted: dict[str, Any] | None = NEW,
    known: Entry | None = None,
    shows: dict[str, Any] | Remote | None = None,
    *,
    there: list[Remote] | None = None,
    left: Intent | None = None,
    protect: bool = False,
    **fields: Any,
) -> Situation:
    """What is known of s1/one; `shows` is what the list shows of its blueprint, `there` what is unmanaged."""
    after = form(wanted) if wanted else None
    change = Change(Address.parse("s1/one"), Action.UPDATE, "One", after=after, protected=protect)
    shown = remote("b1", shows) if isinstance(shows, dict) else shows
    return Situation(change, known, left, shown, Unmanaged(there or ()), **fields)


def recorded(sent: dict[str, Any] = OLD, **fields: Any) -> Entry:
    return entry("s1/one", sent, "b1", **fields)


def cut_off(sent: dict[str, Any] = NEW, **fields: Any) -> Intent:
    return intent("s1/one", sent, "update", **fields)


def reserving(*nonces: str) -> Intent | None:
    return intent("s1/one", NEW, nonces=nonces) if nonces else None


STUB = dict(stub("One", Mark("one", "0a1b2c3d")).data)


@pytest.mark.parametrize(
    ("situation", "decision"),
    [
        (at(), Create),
        (at(there=[remote("b2", NEW)]), Adopt),
        (at(there=[remote("b2", OLD)]), Conflict),
        (at(there=[remote("b2", NEW), remote("b3", NEW)]), Conflict),
        (at(there=[remote("b2", STUB)]), Fill),
        (at(NEW, recorded(), OLD), Update),
        (at(NEW, recorded(), NEW), Keep),
        (at(NEW, recorded(), THEIRS), Conflict),
        (at(NEW, recorded(), THEIRS, overwrite=True), Update),
        (at(NEW, recorded(), OLD, protect=True), Conflict),
        (at(NEW, recorded(), NEW, protect=True), Keep),
        (at(NEW, recorded()), Conflict),
        (at(NEW, recorded(seen=False)), Unlisted),
        (at(SECRET, recorded(), OLD), Update),
        (at(SECRET, recorded(SECRET), OLD), Keep),
        (at(SECRET, recorded(SECRET), OLD, overwrite=True), Update),
        (at(NEW, recorded(NEW, updated_at=LATER), remote("b1", NEW, updated_at=AT)), Update),
        (at(NEW, recorded(STUB), STUB), Update),
        (at(NEW, recorded(STUB), STUB, protect=True), Update),
        (at(NEW, recorded(STUB), THEIRS), Conflict),
        (at(left=intent("s1/one", NEW)), StayOpen),
        (at(left=intent("s1/one", NEW), there=[remote("b2", NEW)]), RecordArrived),
        (at(None, left=intent("s1/one", NEW, nonces=("0a1b2c3d",))), Abandon),
        (at(NEW, recorded(), NEW, left=cut_off()), RecordArrived),
        (at(NEW, recorded(), OLD, left=cut_off()), Update),
        (at(THEIRS, recorded(), NEW, left=cut_off(NEW)), RecordArrived),
        (at(NEW, recorded(), THEIRS, left=cut_off()), Conflict),
        (at(SECRET, recorded(), OLD, left=cut_off(SECRET)), Update),
        (at(NEW, recorded(), OLD, left=cut_off(blueprint_id="b9")), Abandon),
        (at(None, recorded(), OLD, left=cut_off()), Abandon),
        (at(None, recorded(), HIDDEN, left=cut_off(HIDDEN)), RecordArrived),
        (at(HIDDEN, recorded(), HIDDEN, left=cut_off(HIDDEN)), Update),
        (at(THEIRS, recorded(), HIDDEN, left=cut_off(HIDDEN)), RecordArrived),
        (at(None, recorded(STUB), STUB, left=cut_off()), StayOpen),
    ],
)
def test_what_happens_to_an_address(situation: Situation, decision: type) -> None:
    assert type(decide(situation)) is decision


def test_an_update_says_what_it_may_replace() -> None:
    plain = decide(at(NEW, recorded(), OLD))
    assert isinstance(plain, Update)
    assert (plain.late, plain.replaces, plain.whole) == (False, False, False)
    forced = decide(at(NEW, recorded(), THEIRS, overwrite=True))
    assert isinstance(forced, Update)
    assert (forced.late, forced.replaces, forced.whole) == (False, True, True)
    late = decide(at(NEW, recorded(updated_at=LATER), remote("b1", THEIRS, updated_at=AT)))
    assert isinstance(late, Update)
    assert (late.late, late.replaces, late.whole) == (True, False, True)
    assert late.remote.digest in late.known


def test_an_adoption_is_completed_where_no_list_shows_all() -> None:
    assert decide(at(SECRET, there=[remote("b2", OLD)])) == Adopt(remote("b2", OLD), (), completes=True)
    assert decide(at(OLD, there=[remote("b2", OLD)])) == Adopt(remote("b2", OLD), (), completes=False)


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        (at(NEW, recorded(), OLD, left=cut_off(NEW)), False),
        (at(NEW, recorded(), OLD, left=cut_off(NEW), protect=True), True),
        (at(THEIRS, recorded(), OLD, left=cut_off(NEW)), True),
        (at(THEIRS, recorded(), NEW, left=cut_off(NEW)), False),
        (at(None, recorded(), OLD, left=cut_off(NEW)), True),
        (at(THEIRS, recorded(), OLD, left=cut_off(NEW, blueprint_id="b9")), False),
        (at(NEW, recorded(), OLD), False),
    ],
)
def test_another_text_waits_for_an_interrupted_one(situation: Situation, *, expected: bool) -> None:
    assert waits(situation) is expected


def test_what_was_interrupted_has_its_turn_first_and_what_is_there_before_what_is_new() -> None:
    there = Unmanaged([remote("b2", NEW)])
    new, other = (
        Change(Address.parse(f"s1/{key}"), Action.CREATE, "One", after=form(body(key))) for key in ("b", "a")
    )
    same = Change(Address.parse("s1/c"), Action.CREATE, "One", after=form(NEW))
    changed, resumed = replace(new, action=Action.UPDATE), replace(new, action=Action.RESUME)
    asked = sorted([new, other, same, changed, resumed], key=lambda each: turn(each, there))
    assert asked == [resumed, changed, same, other, new]


def unreadable(blueprint_id: str, name: str) -> Remote:
    return Remote(blueprint_id, name, AT)


def empty(
    blueprint_id: str, nonce: str, key: str = "one", name: str = "One", *, taken: bool = False
) -> Remote:
    return remote(blueprint_id, stub(name, Mark(key, nonce, taken)).data)


def edited(blueprint_id: str, nonce: str, key: str = "one") -> Remote:
    named = stub("One", Mark(key, nonce)).data["name"]
    return remote(blueprint_id, body(named))


A, B, C = "0a1b2c3d", "4e5f6071", "8293a4b5"


@pytest.mark.parametrize(
    ("there", "nonces", "own", "used"),
    [
        ([], (), (), None),
        ([remote("b1", body("Two", "Other"))], (), (), None),
        ([empty("b1", A, key="two")], (), (), None),
        ([empty("b1", A)], (), (), "b1"),
        ([empty("b1", A)], (A,), (), "b1"),
        ([empty("b1", A), empty("b2", B, key="two")], (), (), "b1"),
        ([empty("b2", B), empty("b1", A)], (A, B), (), "b1"),
        ([empty("b2", B), empty("b1", A)], (), (A, B), "b1"),
        ([empty("b1", A), empty("b2", B), empty("b3", C)], (A, B), (), "b3"),  # whose text may be on the way
        (
            [empty("b1", A), empty("b2", B)],
            (B,),
            (A,),
            "b2",
        ),  # which another run of that state may have filled
        ([empty("b1", A), empty("b2", B, taken=True), empty("b3", C)], (A,), (), "b2"),
        ([empty("b1", A, key="before-it-moved")], (A,), (), "b1"),
        ([empty("b1", A, name="R&amp;D")], (), (), "b1"),  # a server that escapes texts
        ([edited("b1", A, key="two")], (), (), None),
    ],
)
def test_which_stub_is_used(
    there: list[Remote], nonces: tuple[str, ...], own: tuple[str, ...], used: str | None
) -> None:
    decision = decide(at(there=there, left=reserving(*nonces), own=own))
    assert (decision.remote.blueprint_id if isinstance(decision, Fill) else None) == used
    assert isinstance(decision, Fill | Create)


@pytest.mark.parametrize(
    ("there", "nonces", "said"),
    [
        ([empty("b1", A), empty("b2", B)], (), "b1, b2 are stubs that earlier runs reserved for it"),
        ([empty("b1", A), empty("b2", A)], (A,), "b1, b2 are stubs"),  # a gateway has sent it twice
        ([empty("b1", A), empty("b2", B)], (A,), "b1, b2 are stubs"),
        ([empty("b1", A), empty("b2", B), empty("b3", C)], (C,), "b1, b2, b3 are stubs"),
        ([empty("b1", A, taken=True), empty("b2", B, taken=True)], (A, B), "b1, b2 are stubs"),
        ([edited("b1", A)], (), "b1 was reserved for it, and was edited in Kalent"),
        ([empty("b2", B), edited("b1", A)], (B,), "b1 was reserved for it"),
        ([edited("b1", A, key="before-it-moved")], (A,), "b1 was reserved for it"),
        ([unreadable("b1", stub("One", Mark("one", A)).data["name"])], (), "b1 was reserved for it"),
    ],
)
def test_when_a_person_has_to_look_at_a_stub(there: list[Remote], nonces: tuple[str, ...], said: str) -> None:
    decision = decide(at(there=there, left=reserving(*nonces)))
    assert isinstance(decision, Conflict)
    assert text(decision.why).startswith(said)
