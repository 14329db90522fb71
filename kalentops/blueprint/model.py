"""A file of blueprints as Kalent's API understands it (docs/kalent-api.md, "A step"), when its steps happen,
and the JSON Schema that editors check a file with.

Field names are the API's own, letter for letter. These shapes say which fields there are and of which type;
what fits together with what is said by the rules.

[inferred] A delay is counted from the step before; that is how the vendor's default cadence reads and nothing
says otherwise. A step that waits for an invitation happens on an unknown day, so counting starts again there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, Self, TypeAlias, get_args

from kalentops.support.shape import (
    FrozenList,
    JsonValue,
    KeyStr,
    NonEmpty,
    PositiveInt,
    Shape,
    ShapeError,
    Violation,
    called,
    shape_schema,
)

Channel: TypeAlias = Literal["LINKEDIN", "WHATSAPP", "EMAIL", "SMS"]
LinkedInType: TypeAlias = Literal[
    "LINKEDIN_INVITATION", "LINKEDIN_INVITATION_WITH_MESSAGE", "LINKEDIN_MESSAGE", "LINKEDIN_INMAIL"
]
Temporality: TypeAlias = Literal["ASAP", "DELAYED", "AFTER_INVITATION_SETTLED"]
Unit: TypeAlias = Literal["day", "minute", "second"]
ContentSource: TypeAlias = Literal["manual", "suggestedByKalent"]

SECONDS: dict[Unit, int] = {"day": 86_400, "minute": 60, "second": 1}
INVITATIONS = frozenset({"LINKEDIN_INVITATION", "LINKEDIN_INVITATION_WITH_MESSAGE"})
VARIABLES = (
    "firstname",
    "lastname",
    "candidateJobTitle",
    "candidateCompanyName",
    "candidateLocation",
    "sourcingJobTitle",
    "sourcingLocation",
    "recruiterFirstname",
    "recruiterLastname",
)


class Delay(Shape):
    """How long to wait after the step before; the API knows no hours and no weeks."""

    value: PositiveInt
    unit: Unit

    @property
    def seconds(self) -> int:
        return self.value * SECONDS[self.unit]


class StepConfig(Shape):
    """Who sends, where it is not the owner of the sequence. Can be written, is never listed."""

    userId: NonEmpty | None = None


class Policy(Shape):
    """What happens where a contact, a draft or an answer is missing."""

    skipStepIfNoContact: bool | None = None
    autoValidateAIDraft: bool | None = None
    inviteTimeoutDays: PositiveInt | None = None


class Step(Shape):
    """One message. `content` of a plain LINKEDIN_INVITATION is stored by the API as an empty string."""

    noun: ClassVar[str] = "step"
    id: NonEmpty
    name: NonEmpty
    type: Channel
    linkedInType: LinkedInType | None = None
    subject: str | None = None
    content: str
    temporalityType: Temporality
    delay: Delay | None = None
    contentSource: ContentSource | None = None
    config: StepConfig | None = None
    policy: Policy | None = None

    @property
    def is_invitation(self) -> bool:
        return self.linkedInType in INVITATIONS

    def texts(self) -> list[tuple[str, str]]:
        """What a candidate may read: (field, text)."""
        if self.subject is None:
            return [("content", self.content)]
        return [("subject", self.subject), ("content", self.content)]


StepList: TypeAlias = FrozenList[Step]


class Blueprint(Shape):
    """A sequence. `config` is free-form JSON that can be written and is never listed.

    `protect` is not the API's: with it, an update needs `--overwrite ADDRESS`.
    """

    noun: ClassVar[str] = "blueprint"
    name: NonEmpty
    steps: StepList = ()
    config: dict[str, JsonValue] | None = None
    protect: bool | None = None


class Move(Shape):
    """A blueprint has got another key: the one that it had, and the one that it has now."""

    source: KeyStr = called("from")
    to: KeyStr


class SourcingFile(Shape):
    """One file: some or all blueprints of one sourcing, by key. `moved` and `removed` are about keys that the state
    may know and that are no longer declared; a file may hold them alone.
    """

    noun: ClassVar[str] = "file"
    sourcingId: NonEmpty
    blueprints: dict[KeyStr, Blueprint] = {}  # noqa: RUF012 - a model copies its defaults
    moved: FrozenList[Move] = ()
    removed: FrozenList[KeyStr] = ()

    @classmethod
    def read(cls, data: Any) -> Self:
        """The same; a file that says nothing of keys that moved or were removed has to hold blueprints."""
        says = isinstance(data, dict) and ("blueprints" in data or data.get("moved") or data.get("removed"))
        missing = Violation("missing", ("blueprints",), data, {}, "Field required")
        absent = [missing] if isinstance(data, dict) and not says else []
        try:
            found = super().read(data)
        except ShapeError as error:
            raise ShapeError([*absent, *error.violations]) from None
        if absent:
            raise ShapeError(absent)
        return found


def allowed(field: str) -> tuple[str, ...]:
    """The values that a field of a step (or of its delay) may have, for the message about another one."""
    table: dict[str, object] = {
        "type": Channel,
        "linkedInType": LinkedInType,
        "temporalityType": Temporality,
        "unit": Unit,
        "contentSource": ContentSource,
    }
    return get_args(table[field]) if field in table else ()


@dataclass(frozen=True, slots=True)
class Moment:
    """`seconds` after the start of the sequence, or, with `settled`, after its invitation has settled."""

    seconds: int
    settled: bool = False


def moments(blueprint: Blueprint) -> list[Moment]:
    """One moment a step, in the order of the steps."""
    return _walk(
        (step.temporalityType == "AFTER_INVITATION_SETTLED", step.delay.seconds if step.delay else 0)
        for step in blueprint.steps
    )


def moments_of_body(body: Mapping[str, Any]) -> list[Moment]:
    """The same for the data of a body."""
    return _walk(
        (step.get("temporalityType") == "AFTER_INVITATION_SETTLED", _seconds(step.get("delay")))
        for step in body.get("steps") or ()
    )


def _seconds(delay: Any) -> int:
    """A delay in seconds; 0 where Kalent shows one that no file could say."""
    value, unit = (delay.get("value"), delay.get("unit")) if isinstance(delay, Mapping) else (None, None)
    return value * SECONDS[unit] if isinstance(value, int) and unit in SECONDS else 0


def _walk(steps: Iterable[tuple[bool, int]]) -> list[Moment]:
    found: list[Moment] = []
    now = Moment(0)
    for after_settled, seconds in steps:
        now = Moment(0, settled=True) if after_settled else Moment(now.seconds + seconds, now.settled)
        found.append(now)
    return found


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
    "Delay": {"value": "A whole number of 1 or more.", "unit": "There are no hours and no weeks."},
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
