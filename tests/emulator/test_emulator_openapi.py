"""The OpenAPI document against JSON Schema, against the checks, and against real answers."""

from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from kalentops.emulator import app
from kalentops.emulator.checks import create_issues, update_issues
from kalentops.emulator.openapi import DOCUMENT
from kalentops.emulator.server import BackgroundEmulator

SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS = [
    (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
SMS = {"id": "a", "name": "A", "type": "SMS", "content": "Hi", "temporalityType": "ASAP"}
INVITATION = {**SMS, "type": "LINKEDIN", "linkedInType": "LINKEDIN_INVITATION"}


def errors(instance: object, schema: dict[str, Any]) -> list[str]:
    validator = Draft202012Validator({**schema, "components": DOCUMENT["components"]})
    return [error.message for error in validator.iter_errors(instance)]


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_schemas_and_their_examples_fit(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert [errors(example, SCHEMAS[name]) for example in SCHEMAS[name].get("examples", [])] == [
        [] for _ in SCHEMAS[name].get("examples", [])
    ]


def test_examples_of_bodies_fit_their_schema_and_are_accepted() -> None:
    tried = []
    for _, _, operation in OPERATIONS:
        if "requestBody" not in operation:
            continue
        content = operation["requestBody"]["content"]["application/json"]
        assert errors(content["example"], content["schema"]) == []
        tried.append(operation["operationId"])
    assert tried == ["createSequenceBlueprint", "updateSequenceBlueprint"]
    assert create_issues(SCHEMAS["CreateSequenceBlueprint"]["examples"][0]) == []
    assert update_issues(SCHEMAS["UpdateSequenceBlueprint"]["examples"][0]) == []


@pytest.mark.parametrize(
    "steps",
    [
        [{**SMS, "linkedInType": "LINKEDIN_MESSAGE"}],
        [{**SMS, "type": "LINKEDIN"}],
        [{**SMS, "type": "EMAIL"}],
        [{**SMS, "subject": "x"}],
        [{**INVITATION, "subject": "x"}],
        [{**INVITATION, "linkedInType": "LINKEDIN_INMAIL", "subject": "x" * 201}],
        [{**SMS, "temporalityType": "DELAYED"}],
        [{**SMS, "delay": {"value": 1, "unit": "day"}}],
        [{**SMS, "temporalityType": "DELAYED", "delay": {"value": 1, "unit": "hour"}}],
        [{**SMS, "extra": 1}],
        [{**SMS, "policy": {"inviteTimeoutDays": True}}],
        [INVITATION, {**INVITATION, "id": "b"}],
    ],
)
def test_schema_and_checks_refuse_alike(steps: list[dict[str, Any]]) -> None:
    body = {"name": "n", "steps": steps}
    assert errors(body, SCHEMAS["CreateSequenceBlueprint"]) != []
    assert create_issues(body) != []


def test_every_route_is_described() -> None:
    served = {
        (method, path)
        for path, handlers in app._ROUTES.items()
        for method in handlers
        if path != "/api/openapi.json"
    }
    assert {(method.upper(), f"/api{path}") for method, path, _ in OPERATIONS} == served


def test_answers_fit_their_schemas() -> None:
    with (
        BackgroundEmulator(sourcings=[("s", "S")]) as emulator,
        httpx.Client(base_url=emulator.url, headers={"x-api-key": "k"}, trust_env=False) as client,
    ):
        assert client.get("/openapi.json").json() == DOCUMENT
        example = SCHEMAS["CreateSequenceBlueprint"]["examples"][0]
        seen = set()
        identity = ""
        # The others need the blueprint that the first one makes.
        first_creates = sorted(
            OPERATIONS, key=lambda each: each[2]["operationId"] != "createSequenceBlueprint"
        )
        for method, path, operation in first_creates:
            url = path.format(sourcingId="s", blueprintId=identity)
            body = example if "requestBody" in operation else None
            answer = client.request(method, url, json=body)
            content = operation["responses"][str(answer.status_code)]["content"]
            assert errors(answer.json(), content["application/json"]["schema"]) == []
            identity = answer.json().get("data", {}).get("blueprintId", identity)
            seen.add((operation["operationId"], answer.status_code))
    assert seen == {
        ("createSequenceBlueprint", 201),
        ("updateSequenceBlueprint", 200),
        ("listSequenceBlueprints", 200),
        ("listSourcings", 200),
        ("startSequenceBlueprint", 403),
    }
