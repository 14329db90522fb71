"""The JSON Schema: what an editor can check."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from kalentops.blueprint.files import blueprint_schema

BLUEPRINTS = Path(__file__).parents[2] / "blueprints"
VALIDATOR = Draft202012Validator(blueprint_schema())

INVITE = {
    "id": "i",
    "name": "Invitation",
    "type": "LINKEDIN",
    "linkedInType": "LINKEDIN_INVITATION",
    "content": "",
    "temporalityType": "ASAP",
}
MAIL = {
    "id": "m",
    "name": "Mail",
    "type": "EMAIL",
    "subject": "Hi",
    "content": "Hello",
    "temporalityType": "DELAYED",
    "delay": {"value": 3, "unit": "day"},
    "contentSource": "manual",
    "policy": {"skipStepIfNoContact": True, "autoValidateAIDraft": False, "inviteTimeoutDays": 3},
    "config": {"userId": "u1"},
}
INMAIL = {**INVITE, "id": "n", "linkedInType": "LINKEDIN_INMAIL", "subject": "Hi", "content": "Hello"}
SMS = {**INVITE, "id": "s", "type": "SMS", "content": "Hello"}
del SMS["linkedInType"]
GOOD = {
    "sourcingId": "s1",
    "blueprints": {"a-1": {"name": "A", "steps": [INVITE, MAIL, INMAIL, SMS], "config": {"x": [1, None]}}},
}


def test_it_is_a_schema() -> None:
    schema = blueprint_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == "Blueprints of one sourcing in Kalent"


def test_every_field_is_described() -> None:
    schema = blueprint_schema()
    for shape in (schema, *schema["$defs"].values()):
        for name, field in shape.get("properties", {}).items():
            assert field.get("description"), name
    assert "from the step before" in schema["$defs"]["Step"]["properties"]["delay"]["description"]


def test_making_it_twice_gives_the_same() -> None:
    assert blueprint_schema() == blueprint_schema()


@pytest.mark.parametrize("path", sorted(BLUEPRINTS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_the_blueprints_of_this_repository(path: Path) -> None:
    VALIDATOR.validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def test_good_files() -> None:
    VALIDATOR.validate(GOOD)
    VALIDATOR.validate({"sourcingId": "s1", "blueprints": {}})
    VALIDATOR.validate({"sourcingId": "s1", "blueprints": {"a": {"name": "A"}}})
    VALIDATOR.validate({"sourcingId": "s1", "removed": ["a"]})


Edit = Callable[[dict[str, Any], list[dict[str, Any]]], object]
BAD: dict[str, Edit] = {
    "no sourcing": lambda file, _: file.pop("sourcingId"),
    "an empty sourcing": lambda file, _: file.update(sourcingId=""),
    "a sourcing of another kind": lambda file, _: file.update(sourcingId=5),
    "no blueprints": lambda file, _: file.pop("blueprints"),
    "nothing of any key": lambda file, _: [file.pop("blueprints"), file.update(removed=[])],
    "an unknown field": lambda file, _: file.update(sourcings=[]),
    "a bad key": lambda file, _: file["blueprints"].update(A={"name": "A"}),
    "a long key": lambda file, _: file["blueprints"].update({"a" * 65: {"name": "A"}}),
    "no name": lambda file, _: file["blueprints"]["a-1"].pop("name"),
    "an unknown field of a blueprint": lambda file, _: file["blueprints"]["a-1"].update(start=True),
    "config of another kind": lambda file, _: file["blueprints"]["a-1"].update(config=[]),
    "a step of another kind": lambda _, steps: steps.append(5),  # type: ignore[arg-type]
    "no id": lambda _, steps: steps[0].pop("id"),
    "an empty id": lambda _, steps: steps[0].update(id=""),
    "no content": lambda _, steps: steps[0].pop("content"),
    "an unknown channel": lambda _, steps: steps[3].update(type="FAX"),
    "a channel in lower case": lambda _, steps: steps[3].update(type="sms"),
    "LINKEDIN without linkedInType": lambda _, steps: steps[0].pop("linkedInType"),
    "linkedInType elsewhere": lambda _, steps: steps[3].update(linkedInType="LINKEDIN_MESSAGE"),
    "DELAYED without delay": lambda _, steps: steps[1].pop("delay"),
    "delay elsewhere": lambda _, steps: steps[0].update(delay={"value": 1, "unit": "day"}),
    "hours": lambda _, steps: steps[1].update(delay={"value": 1, "unit": "hour"}),
    "a delay of 0": lambda _, steps: steps[1].update(delay={"value": 0, "unit": "day"}),
    "a delay of half a day": lambda _, steps: steps[1].update(delay={"value": 0.5, "unit": "day"}),
    "a delay without a unit": lambda _, steps: steps[1].update(delay={"value": 1}),
    "an e-mail without a subject": lambda _, steps: steps[1].pop("subject"),
    "a subject of an SMS": lambda _, steps: steps[3].update(subject="Hi"),
    "a subject of an invitation": lambda _, steps: steps[0].update(subject="Hi"),
    "an unknown policy": lambda _, steps: steps[1].update(policy={"retry": True}),
    "a policy of text": lambda _, steps: steps[1].update(policy={"skipStepIfNoContact": "yes"}),
    "an unknown content source": lambda _, steps: steps[1].update(contentSource="ai"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files(name: str) -> None:
    file = copy.deepcopy(GOOD)
    BAD[name](file, file["blueprints"]["a-1"]["steps"])  # type: ignore[index]
    assert not VALIDATOR.is_valid(file)
