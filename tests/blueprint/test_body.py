"""The normal form: what is the same has one digest, what differs has another."""

from __future__ import annotations

import copy
import json
import pickle
from functools import partial
from typing import Any
from weakref import ref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.model import Blueprint
from kalentops.errors import StateDamaged
from tests.sizes import examples
from tests.strategies import blueprints, bodies

FULL: dict[str, Any] = {
    "name": "First contact",
    "steps": [
        {
            "id": "invite",
            "name": "Invitation",
            "type": "LINKEDIN",
            "linkedInType": "LINKEDIN_INVITATION",
            "content": "dropped",
            "temporalityType": "ASAP",
            "config": {"userId": "u_1"},
        },
        {
            "id": "mail",
            "name": "E-mail",
            "type": "EMAIL",
            "subject": "Hello",
            "content": "Hi",
            "temporalityType": "DELAYED",
            "delay": {"value": 3, "unit": "day"},
            "contentSource": "manual",
            "policy": {"skipStepIfNoContact": True, "autoValidateAIDraft": False, "inviteTimeoutDays": 5},
        },
    ],
    "config": {"x": [1, None, {"y": "z"}]},
}
# (path, another value); every field that is sent.
CHANGES: list[tuple[tuple[str | int, ...], Any]] = [
    (("name",), "Other"),
    (("config",), {"x": [1]}),
    (("config", "x", 1), 0),
    (("steps",), []),
    (("steps", 0, "config", "userId"), "u_2"),
    (("steps", 1, "id"), "mail-2"),
    (("steps", 1, "name"), "Other"),
    (("steps", 1, "type"), "SMS"),
    (("steps", 0, "linkedInType"), "LINKEDIN_MESSAGE"),
    (("steps", 1, "subject"), "Other"),
    (("steps", 1, "content"), "Hi "),
    (("steps", 1, "temporalityType"), "ASAP"),
    (("steps", 1, "delay", "value"), 4),
    (("steps", 1, "delay", "unit"), "minute"),
    (("steps", 1, "contentSource"), "suggestedByKalent"),
    (("steps", 1, "policy", "skipStepIfNoContact"), False),
    (("steps", 1, "policy", "autoValidateAIDraft"), True),
    (("steps", 1, "policy", "inviteTimeoutDays"), 6),
]
UNSEEN = {("config",), ("config", "x", 1), ("steps", 0, "config", "userId")}


def _changed(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    body = copy.deepcopy(FULL)
    node: Any = body
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    return body


@pytest.mark.parametrize(("path", "value"), CHANGES, ids=lambda part: str(part)[:40])
def test_each_field_counts(path: tuple[str | int, ...], value: Any) -> None:
    other = _changed(path, value)
    assert Body.of(other).digest != Body.of(FULL).digest
    assert (Body.listed(other) == Body.listed(FULL)) is (path in UNSEEN)


def test_the_fields_of_the_table_are_all_fields() -> None:
    touched = {path[2] for path, _ in CHANGES if path[0] == "steps" and len(path) > 2}
    assert touched == {field for step in FULL["steps"] for field in step}


def test_the_order_of_steps_counts() -> None:
    other = FULL | {"steps": FULL["steps"][::-1]}
    assert Body.of(other).digest != Body.of(FULL).digest
    assert Body.listed(other) != Body.listed(FULL)


def test_a_recorded_body_keeps_what_was_stored_and_says_whether_it_fits() -> None:
    body = Body.of(FULL)
    stored = FULL | {"unknown": 1}
    kept = Body.recorded(stored, body.digest)
    assert (kept.stored, kept.data, kept.is_intact) == (stored, body.data, True)
    assert (kept.observable, kept.steps_digest, kept.hidden) == (
        body.observable,
        body.steps_digest,
        body.hidden,
    )
    assert kept != body
    assert Body.recorded(FULL, body.digest) == body
    for wrong in (FULL | {"name": "Other"}, {"name": 5, "steps": 5}, {}):
        assert not Body.recorded(wrong, body.digest).is_intact
    changed = Body.recorded(_changed(("steps", 1, "content"), "Other"), body.digest)
    assert changed.observable.digest != body.observable.digest


def test_the_content_is_the_same_under_another_name_and_with_other_settings() -> None:
    other = Body.of({"name": 'A ","steps":[', "steps": FULL["steps"]})
    assert other.steps_digest == Body.of(FULL).steps_digest == Body.listed(FULL).steps_digest
    assert other.steps_digest != Body.of(_changed(("steps", 1, "content"), "Other")).steps_digest
    assert Body.of(FULL | {"steps": []}).steps_digest is None


@pytest.mark.parametrize("of", [Body.of(FULL), Body.recorded(FULL, "sha256:0"), Address("s1", "one")])
def test_a_value_survives_another_process(of: object) -> None:
    again = pickle.loads(pickle.dumps(of))
    assert (again, hash(again), repr(again)) == (of, hash(of), repr(of))


def test_an_address_is_its_text() -> None:
    address = Address.parse("s1/one")
    assert (address, address.sourcing_id, address.key) == ("s1/one", "s1", "one")
    assert {"s1/one": 1}[address] == 1
    for text in ("", "s1", "s1/", "/one"):
        with pytest.raises(ValueError, match="is not an address"):
            Address.parse(text)


def test_what_is_sent_is_what_was_written() -> None:
    assert Body.of_blueprint(Blueprint.read(FULL)).data == FULL


def test_the_text_of_a_plain_invitation_is_sent_and_not_compared() -> None:
    emptied = _changed(("steps", 0, "content"), "")
    assert Body.of(emptied) != Body.of(FULL)
    assert Body.listed(emptied) == Body.listed(FULL)
    assert Body.listed(FULL).data["steps"][0]["content"] == ""


def test_hidden_fields_by_path() -> None:
    assert Body.of(FULL).hidden == {
        "config": {"x": [1, None, {"y": "z"}]},
        "steps/invite/config/userId": "u_1",
    }
    assert Body.of(FULL).readable.hidden == {}


def test_unknown_fields_of_a_list_are_dropped() -> None:
    listed = json.loads(Body.listed(FULL).text)
    listed |= {"blueprintId": "b", "stepCount": 2, "channels": ["EMAIL"], "updatedAt": "now"}
    listed["steps"][1] |= {
        "workspaceId": None,
        "linkedInType": None,
        "delay": {"value": 3, "unit": "day", "x": 1},
    }
    listed["steps"][0]["policy"] = {}
    assert Body.listed(listed) == Body.listed(FULL)


@pytest.mark.parametrize(
    "listed",
    [{}, {"name": "x", "steps": [5]}, {"name": "x", "steps": 5}, {"name": "x", "steps": [{"delay": "3"}]}],
)
def test_a_malformed_row_raises_what_is_documented(listed: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, AttributeError, ValueError)):
        Body.listed(listed)


@given(bodies())
@settings(max_examples=examples(60), deadline=None)
def test_normalising_twice_changes_nothing(body: dict[str, Any]) -> None:
    once = Body.of(body)
    assert Body.of(once.data) == once
    assert Body.of_blueprint(Blueprint.read(body)) == once
    assert Body.listed(once.data) == Body.listed(body)
    assert Body.listed(Body.listed(body).data) == Body.listed(body)
    assert Body.of(body).readable.observable == Body.listed(body)


def _shuffled(value: Any, order: Any) -> Any:
    if isinstance(value, dict):
        items = [(key, _shuffled(each, order)) for key, each in value.items()]
        order.shuffle(items)
        return dict(items)
    return [_shuffled(each, order) for each in value] if isinstance(value, list) else value


@given(bodies(), st.randoms(use_true_random=False))
@settings(max_examples=examples(60), deadline=None)
def test_the_order_of_keys_means_nothing(body: dict[str, Any], order: Any) -> None:
    assert Body.of(_shuffled(body, order)) == Body.of(body)


@given(blueprints(), blueprints())
@settings(max_examples=examples(60), deadline=None)
def test_same_digest_means_same_body(one: Blueprint, other: Blueprint) -> None:
    same = Body.of_blueprint(one).data == Body.of_blueprint(other).data
    assert (Body.of_blueprint(one).digest == Body.of_blueprint(other).digest) is same


@given(bodies())
@settings(max_examples=examples(40))
def test_a_deferred_body_is_its_body(data: dict[str, Any]) -> None:
    for whole in (Body.of(data), Body.recorded(data, Body.of(data).digest)):
        deferred = Body.deferred(whole.name, whole.digest, partial(_given, whole))
        for view in (
            "text",
            "data",
            "stored",
            "is_intact",
            "steps_digest",
            "hidden",
            "is_empty",
            "name",
            "digest",
        ):
            assert getattr(deferred, view) == getattr(whole, view), view
        assert deferred.observable.text == whole.observable.text
        assert deferred.observable.digest == whole.observable.digest
        assert deferred.readable == whole.readable
        assert deferred == whole
        assert whole == deferred
        assert hash(deferred) == hash(whole)
        assert pickle.loads(pickle.dumps(deferred)) == whole


def _given(body: Body) -> Body:
    return body


@given(bodies())
@settings(max_examples=examples(20))
def test_a_packed_body_keeps_its_text_alone(data: dict[str, Any]) -> None:
    whole = Body.of(data)
    packed = whole.packed()
    assert (packed, packed.text, packed.observable.digest) == (whole, whole.text, whole.observable.digest)
    assert packed.is_intact
    assert packed.data is not whole.data
    assert (packed.held().text, packed.packed(), whole.held()) == (whole.text, packed, whole)
    recorded = Body.recorded(data, whole.digest)
    assert recorded.packed() is recorded


def test_of_many_deferred_bodies_few_are_held() -> None:
    reads: list[int] = []
    alive: list[ref[Body]] = []

    def deferred(number: int) -> Body:
        def read() -> Body:
            reads.append(number)
            found = Body.of({"name": f"Body {number}", "steps": FULL["steps"]})
            alive.append(ref(found))
            return found

        return Body.deferred(f"Body {number}", f"digest {number}", read)

    every = [deferred(number) for number in range(500)]
    assert [each.name for each in every] == [f"Body {number}" for number in range(500)]
    assert reads == []
    for each in every:
        assert each.data["name"] == each.name
        assert each.observable.name == each.name
        assert each.text == each.text
    assert reads == list(range(500))
    assert sum(each() is not None for each in alive) < 100


def test_a_deferred_body_raises_what_its_reader_raises() -> None:
    def read() -> Body:
        raise StateDamaged("it is gone")

    with pytest.raises(StateDamaged, match="it is gone"):
        _ = Body.deferred("One", "sha256:0", read).data
