"""The JSON Schema of a blueprint file, made from the model: what an editor can check while one writes."""

from __future__ import annotations

from typing import Any, Final

from kalentops.model import SourcingFile
from kalentops.shape import shape_schema

# Only an e-mail and an InMail have a subject.
_INMAIL_OR_NONE: Final = {
    "if": {"properties": {"subject": {"type": "string"}}, "required": ["subject"]},
    "then": {"properties": {"linkedInType": {"const": "LINKEDIN_INMAIL"}}, "required": ["linkedInType"]},
}
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def blueprint_schema() -> dict[str, Any]:
    """Draft 2020-12. Beyond the shape it knows which fields go together in one step, as far as a schema can."""
    schema = shape_schema(SourcingFile)
    # A pattern of keys alone says nothing of those that don't fit it.
    schema["properties"]["blueprints"]["additionalProperties"] = False
    step = schema["$defs"]["Step"]
    step["allOf"] = [
        _when({"type": "LINKEDIN"}, {"required": ["linkedInType"]}, {"properties": {"linkedInType": False}}),
        _when({"temporalityType": "DELAYED"}, {"required": ["delay"]}, {"properties": {"delay": False}}),
        _when({"type": "EMAIL"}, {"required": ["subject"]}, _INMAIL_OR_NONE),
    ]
    return {"$schema": _DIALECT, **schema, "title": "Blueprints of one sourcing in Kalent"}


def _when(fields: dict[str, str], then: dict[str, Any], otherwise: dict[str, Any] | None) -> dict[str, Any]:
    condition = {
        "properties": {name: {"const": value} for name, value in fields.items()},
        "required": list(fields),
    }
    return {"if": condition, "then": then} | ({"else": otherwise} if otherwise else {})
