"""The normal form: what is the same has one digest, what differs has another."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.blueprint.body import hidden, observable, of_blueprint, of_body, shown_part
from kalentops.blueprint.model import Blueprint
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
    assert of_body(other).digest != of_body(FULL).digest
    assert (observable(other) == observable(FULL)) is (path in UNSEEN)


def test_the_fields_of_the_table_are_all_fields() -> None:
    touched = {path[2] for path, _ in CHANGES if path[0] == "steps" and len(path) > 2}
    assert touched == {field for step in FULL["steps"] for field in step}


def test_the_order_of_steps_counts() -> None:
    other = FULL | {"steps": FULL["steps"][::-1]}
    assert of_body(other).digest != of_body(FULL).digest
    assert observable(other) != observable(FULL)


def test_what_is_sent_is_what_was_written() -> None:
    assert of_blueprint(Blueprint.read(FULL)).data == FULL


def test_the_text_of_a_plain_invitation_is_sent_and_not_compared() -> None:
    emptied = _changed(("steps", 0, "content"), "")
    assert of_body(emptied) != of_body(FULL)
    assert observable(emptied) == observable(FULL)
    assert observable(FULL).data["steps"][0]["content"] == ""


def test_hidden_names_what_can_not_be_read_back() -> None:
    assert hidden(FULL) == {"config": {"x": [1, None, {"y": "z"}]}, "steps/invite/config/userId": "u_1"}
    assert hidden(shown_part(FULL).data) == {}


def test_what_a_list_adds_is_not_looked_at() -> None:
    listed = json.loads(observable(FULL).text)
    listed |= {"blueprintId": "b", "stepCount": 2, "channels": ["EMAIL"], "updatedAt": "now"}
    listed["steps"][1] |= {
        "workspaceId": None,
        "linkedInType": None,
        "delay": {"value": 3, "unit": "day", "x": 1},
    }
    listed["steps"][0]["policy"] = {}
    assert observable(listed) == observable(FULL)


@pytest.mark.parametrize(
    "listed",
    [{}, {"name": "x", "steps": [5]}, {"name": "x", "steps": 5}, {"name": "x", "steps": [{"delay": "3"}]}],
)
def test_a_listed_body_of_another_form_raises_what_is_documented(listed: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, AttributeError, ValueError)):
        observable(listed)


@given(bodies())
@settings(max_examples=examples(60), deadline=None)
def test_normalising_twice_changes_nothing(body: dict[str, Any]) -> None:
    once = of_body(body)
    assert of_body(once.data) == once
    assert of_blueprint(Blueprint.read(body)) == once
    assert observable(once.data) == observable(body)
    assert observable(observable(body).data) == observable(body)
    assert observable(shown_part(body).data) == observable(body)


def _shuffled(value: Any, order: Any) -> Any:
    if isinstance(value, dict):
        items = [(key, _shuffled(each, order)) for key, each in value.items()]
        order.shuffle(items)
        return dict(items)
    return [_shuffled(each, order) for each in value] if isinstance(value, list) else value


@given(bodies(), st.randoms(use_true_random=False))
@settings(max_examples=examples(60), deadline=None)
def test_the_order_of_keys_means_nothing(body: dict[str, Any], order: Any) -> None:
    assert of_body(_shuffled(body, order)) == of_body(body)


@given(blueprints(), blueprints())
@settings(max_examples=examples(60), deadline=None)
def test_same_digest_means_same_body(one: Blueprint, other: Blueprint) -> None:
    same = of_blueprint(one).data == of_blueprint(other).data
    assert (of_blueprint(one).digest == of_blueprint(other).digest) is same
