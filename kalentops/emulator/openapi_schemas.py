"""The schemas of the emulator's OpenAPI document, from docs/kalent-api.md.

Written out by hand rather than derived from `checks`, so that each can be tested against the other.
"""

from typing import Any

Schema = dict[str, Any]

TEXT_RULES = (
    "Only these variables exist: {{firstname}} {{lastname}} {{candidateJobTitle}} {{candidateCompanyName}} "
    "{{candidateLocation}} {{sourcingJobTitle}} {{sourcingLocation}} {{recruiterFirstname}} "
    "{{recruiterLastname}}. Anything else in double braces, and unresolved placeholders such as [company], "
    "are refused."
)

INVITATION_MESSAGE: Schema = {
    "id": "invite",
    "name": "Invitation",
    "type": "LINKEDIN",
    "linkedInType": "LINKEDIN_INVITATION_WITH_MESSAGE",
    "content": "Hello {{firstname}}, may I tell you about our opening for a {{sourcingJobTitle}}?",
    "temporalityType": "ASAP",
    "policy": {"inviteTimeoutDays": 5},
}
EMAIL_STEP: Schema = {
    "id": "mail",
    "name": "E-mail on day 3",
    "type": "EMAIL",
    "subject": "{{sourcingJobTitle}} in {{sourcingLocation}}",
    "content": "Hello {{firstname}},\n\nwould a short call suit you?\n\n{{recruiterFirstname}}",
    "temporalityType": "DELAYED",
    "delay": {"value": 3, "unit": "day"},
    "contentSource": "manual",
    "policy": {"skipStepIfNoContact": True},
}
CREATE_EXAMPLE: Schema = {"name": "Backend engineers", "steps": [INVITATION_MESSAGE, EMAIL_STEP]}
UPDATE_EXAMPLE: Schema = {"name": "Backend engineers, second round"}


def _required_if(field: str, value: str, target: str) -> Schema:
    """`target` is required where `field` is `value`, and forbidden elsewhere."""
    return {
        "if": {"properties": {field: {"const": value}}, "required": [field]},
        "then": {"required": [target]},
        "else": {"properties": {target: False}},
    }


_EMAIL: Schema = {"properties": {"type": {"const": "EMAIL"}}, "required": ["type"]}
_INMAIL: Schema = {"properties": {"linkedInType": {"const": "LINKEDIN_INMAIL"}}, "required": ["linkedInType"]}
_INVITATION: Schema = {
    "properties": {"linkedInType": {"enum": ["LINKEDIN_INVITATION", "LINKEDIN_INVITATION_WITH_MESSAGE"]}},
    "required": ["linkedInType"],
}
_SUBJECT_RULE: Schema = {
    "if": _EMAIL,
    "then": {"required": ["subject"]},
    "else": {
        "if": _INMAIL,
        "then": {"properties": {"subject": {"maxLength": 200}}},
        "else": {"properties": {"subject": False}},
    },
}

_POSITIVE: Schema = {"type": "integer", "minimum": 1}
_LABEL: Schema = {"type": "string", "minLength": 1}

DELAY: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["value", "unit"],
    "properties": {"value": _POSITIVE, "unit": {"enum": ["day", "minute", "second"]}},
}
POLICY: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "skipStepIfNoContact": {
            "type": "boolean",
            "description": "Skip the step where the contact is missing.",
        },
        "autoValidateAIDraft": {"type": "boolean", "description": "Approve AI drafts without a person."},
        "inviteTimeoutDays": _POSITIVE,
    },
}
STEP: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "name", "type", "content", "temporalityType"],
    "properties": {
        "id": {**_LABEL, "description": "Chosen by the client, unique within the blueprint."},
        "name": _LABEL,
        "type": {"enum": ["LINKEDIN", "WHATSAPP", "EMAIL", "SMS"]},
        "linkedInType": {
            "enum": [
                "LINKEDIN_INVITATION",
                "LINKEDIN_INVITATION_WITH_MESSAGE",
                "LINKEDIN_MESSAGE",
                "LINKEDIN_INMAIL",
            ]
        },
        "content": {
            "type": "string",
            "description": f"{TEXT_RULES} For LINKEDIN_INVITATION it is stored as an empty string.",
        },
        "subject": {**_LABEL, "description": TEXT_RULES},
        "temporalityType": {"enum": ["ASAP", "DELAYED", "AFTER_INVITATION_SETTLED"]},
        "delay": {"$ref": "#/components/schemas/Delay"},
        "contentSource": {"enum": ["manual", "suggestedByKalent"]},
        "config": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"userId": {**_LABEL, "description": "Sender override; never listed."}},
        },
        "policy": {"$ref": "#/components/schemas/Policy"},
    },
    "allOf": [
        _required_if("type", "LINKEDIN", "linkedInType"),
        _required_if("temporalityType", "DELAYED", "delay"),
        _SUBJECT_RULE,
    ],
    "examples": [INVITATION_MESSAGE, EMAIL_STEP],
}
STEPS: Schema = {
    "type": "array",
    "description": "At most one invitation; AFTER_INVITATION_SETTLED needs the invitation before it.",
    "items": {"$ref": "#/components/schemas/Step"},
    "contains": _INVITATION,
    "minContains": 0,
    "maxContains": 1,
}
_BODY: Schema = {
    "name": _LABEL,
    "steps": {"$ref": "#/components/schemas/Steps"},
    "config": {"type": "object", "description": "Free-form; never listed."},
}
CREATE: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": _BODY,
    "examples": [CREATE_EXAMPLE],
}
UPDATE: Schema = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": _BODY,
    "examples": [UPDATE_EXAMPLE],
}
LISTED_STEP: Schema = {
    "type": "object",
    "description": "A step as it was sent, without `config`.",
    "properties": {"config": False},
}
LISTED_BLUEPRINT: Schema = {
    "type": "object",
    "required": [
        "blueprintId",
        "name",
        "sourcingId",
        "createdAt",
        "updatedAt",
        "steps",
        "stepCount",
        "channels",
    ],
    "properties": {
        "blueprintId": {"type": "string"},
        "name": {"type": "string"},
        "sourcingId": {"type": "string"},
        "createdAt": {"type": "string", "format": "date-time"},
        "updatedAt": {"type": "string", "format": "date-time"},
        "steps": {"type": "array", "items": {"$ref": "#/components/schemas/ListedStep"}},
        "stepCount": {"type": "integer", "minimum": 0},
        "channels": {"type": "array", "items": {"type": "string"}},
    },
}
PAGINATION: Schema = {
    "type": "object",
    "required": ["page", "pageSize", "total", "hasNextPage"],
    "properties": {
        "page": {"type": "integer", "minimum": 0},
        "pageSize": {"type": "integer", "minimum": 1, "maximum": 50},
        "total": {"type": "integer", "minimum": 0},
        "hasNextPage": {"type": "boolean"},
    },
}
FAILURE: Schema = {
    "type": "object",
    "required": ["success", "error"],
    "properties": {
        "success": {"const": False},
        "error": {
            "type": "object",
            "required": ["code", "message", "debugTrackingCode"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "debugTrackingCode": {"type": "string"},
                "details": {"type": "object"},
            },
        },
    },
}
SCHEMAS: dict[str, Schema] = {
    "Delay": DELAY,
    "Policy": POLICY,
    "Step": STEP,
    "Steps": STEPS,
    "CreateSequenceBlueprint": CREATE,
    "UpdateSequenceBlueprint": UPDATE,
    "ListedStep": LISTED_STEP,
    "ListedSequenceBlueprint": LISTED_BLUEPRINT,
    "Pagination": PAGINATION,
    "Failure": FAILURE,
}
