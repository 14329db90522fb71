"""The JSON Schema of a blueprint file, made from the model: what an editor can check while one writes."""

from __future__ import annotations

from typing import Any, Final

from kalentops.blueprint.model import SourcingFile
from kalentops.support.shape import shape_schema

# Only an e-mail and an InMail have a subject.
_INMAIL_OR_NONE: Final = {
    "if": {"properties": {"subject": {"type": "string"}}, "required": ["subject"]},
    "then": {"properties": {"linkedInType": {"const": "LINKEDIN_INMAIL"}}, "required": ["linkedInType"]},
}
_FIELDS: Final = {
    "SourcingFile": {
        "sourcingId": "The sourcing (open position) that this file serves: its id, as `kalentops sourcings` lists it.",
        "blueprints": "The blueprints of the sourcing, each below a key of its own, which identifies it for good.",
        "moved": "Keys that were renamed: the same blueprint goes on under another key.",
        "removed": "Keys that the state forgets. Nothing is deleted in Kalent.",
    },
    "Blueprint": {
        "name": "The name in Kalent. It may change: the key stays.",
        "steps": "The messages, in their order. Without a step a blueprint can't be started.",
        "config": "Settings of the sequence, free-form. They can be written, and are never shown by Kalent.",
        "protect": "With true, an update needs `kalentops apply --overwrite ADDRESS`.",
    },
    "Move": {"from": "The key that it had.", "to": "The key that it has now."},
    "Step": {
        "id": "Chosen by you, unique within the blueprint, and stable: it says which step an edit belongs to.",
        "name": "A label for people. Candidates don't see it.",
        "type": "The channel.",
        "linkedInType": "The kind of LinkedIn message; with type LINKEDIN only.",
        "subject": "The subject of an e-mail, or of an InMail (at most 200 characters). One line.",
        "content": "The message, as plain text, with variables such as {{firstname}}. Best below a `|-`.",
        "temporalityType": "When it is sent: at once (ASAP), after `delay` (DELAYED), or when the invitation before it "
        "was accepted or has run out (AFTER_INVITATION_SETTLED). At once and a delay count from the step before.",
        "delay": "How long to wait, counted from the step before, not from the beginning. With DELAYED only.",
        "contentSource": "Who writes the text: you (manual), or Kalent's AI for each candidate (suggestedByKalent).",
        "config": "Who sends, if not the owner of the sequence.",
        "policy": "What happens where a contact, a draft or an answer is missing.",
    },
    "Delay": {"value": "A whole number from 1 on.", "unit": "There are no hours and no weeks."},
    "StepConfig": {
        "userId": "The user of Kalent who sends this step. It can be written, and is never shown."
    },
    "Policy": {
        "skipStepIfNoContact": "With true, the step is skipped where the contact is missing; else the sequence stops.",
        "autoValidateAIDraft": "With true, drafts of Kalent's AI go out without a person's approval.",
        "inviteTimeoutDays": "Days after which the sequence goes on although an invitation was not accepted.",
    },
}
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def blueprint_schema() -> dict[str, Any]:
    """Draft 2020-12. Beyond the shape it knows which fields go together in one step, as far as a schema can."""
    schema = shape_schema(SourcingFile)
    # A pattern of keys alone says nothing of those that don't fit it.
    schema["properties"]["blueprints"]["additionalProperties"] = False
    schema["anyOf"] = [
        {"required": ["blueprints"]},
        *({"required": [name], "properties": {name: {"minItems": 1}}} for name in ("moved", "removed")),
    ]
    for shape, fields in _FIELDS.items():
        properties = (schema if shape == SourcingFile.__name__ else schema["$defs"][shape])["properties"]
        for name, description in fields.items():
            properties[name]["description"] = description
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
