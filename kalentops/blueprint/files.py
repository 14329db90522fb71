"""The three kinds of files: the blueprints of a sourcing, a template that several of them share, and snippets; and the
JSON Schema that editors check them with.

A resolved blueprint is a plain one (`project/resolve.py`): nothing behind the check of files knows of templates.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Annotated, Any, ClassVar, Final, Self, TypeAlias

from kalentops.blueprint.model import (
    Blueprint,
    Channel,
    ContentSource,
    Delay,
    LinkedInType,
    Policy,
    Step,
    StepConfig,
    Temporality,
)
from kalentops.support.shape import (
    FrozenList,
    JsonValue,
    KeyStr,
    LanguageStr,
    NonEmpty,
    Shape,
    ShapeError,
    Violation,
    called,
    either,
    shape_schema,
    tagged,
)
from kalentops.support.text import nearest

MARKER: Final = re.compile(r"\{\{(param|snippet)\.([^{}]*)\}\}")
"""`{{param.pitch}}` or `{{snippet.signature}}`: the kind and the name."""
MARKED_FIELDS: Final = ("name", "subject", "content")
"""The fields of a step in which markers are filled; of a blueprint, it is `name` alone."""


def _by_type(value: Any) -> str:
    return "texts" if isinstance(value, dict) else "text"


Translated: TypeAlias = Annotated[
    Annotated[NonEmpty, tagged("text")] | Annotated[dict[LanguageStr, NonEmpty], tagged("texts")],
    either(_by_type),
]
"""One text for all languages, or one for each: `{en: …, fr: …}`."""
TranslatedContent: TypeAlias = Annotated[
    Annotated[str, tagged("text")] | Annotated[dict[LanguageStr, str], tagged("texts")], either(_by_type)
]


class Parameter(Shape):
    """What a template leaves open. Without a default, each user has to say it."""

    noun: ClassVar[str] = "parameter"
    about: NonEmpty | None = None
    default: Translated | None = None


class TemplateStep(Shape):
    """A step whose texts may be there in several languages."""

    noun: ClassVar[str] = "step"
    id: NonEmpty
    name: Translated
    type: Channel
    linkedInType: LinkedInType | None = None
    subject: TranslatedContent | None = None
    content: TranslatedContent
    temporalityType: Temporality
    delay: Delay | None = None
    contentSource: ContentSource | None = None
    config: StepConfig | None = None
    policy: Policy | None = None


class TemplateFile(Shape):
    """A template: one whole blueprint, with parameters and languages."""

    noun: ClassVar[str] = "template"
    template: KeyStr
    parameters: dict[KeyStr, Parameter] = {}  # noqa: RUF012 - a model copies its defaults
    languages: FrozenList[LanguageStr] = ()
    name: Translated
    steps: FrozenList[TemplateStep] = ()
    config: dict[str, JsonValue] | None = None


class SnippetsFile(Shape):
    """Named texts, which templates, `change` and `add` use."""

    noun: ClassVar[str] = "file of snippets"
    snippets: dict[KeyStr, TranslatedContent]


class StepChange(Shape):
    """The fields of a step that one position has otherwise. With null, an optional field goes away."""

    noun: ClassVar[str] = "change of a step"
    id: NonEmpty | None = None
    name: NonEmpty | None = None
    type: Channel | None = None
    linkedInType: LinkedInType | None = None
    subject: str | None = None
    content: str | None = None
    temporalityType: Temporality | None = None
    delay: Delay | None = None
    contentSource: ContentSource | None = None
    config: StepConfig | None = None
    policy: Policy | None = None


class AddedStep(Step):
    """A step of one position's own, and the step that it comes after or before."""

    noun: ClassVar[str] = "added step"
    after: NonEmpty | None = None
    before: NonEmpty | None = None


class Use(Shape):
    """A blueprint that is made from a template: what fills the parameters, and what this position has otherwise.

    `name`, `language` and `config` take the place of the template's, or of the position's, as a whole.
    """

    noun: ClassVar[str] = "blueprint"
    use: KeyStr
    name: NonEmpty | None = None
    language: LanguageStr | None = None
    values: dict[KeyStr, str] = called("with", default={})
    change: dict[NonEmpty, StepChange] = {}  # noqa: RUF012 - a model copies its defaults
    remove: FrozenList[NonEmpty] = ()
    add: FrozenList[AddedStep] = ()
    config: dict[str, JsonValue] | None = None
    protect: bool | None = None


class Move(Shape):
    """A blueprint has got another key: the one that it had, and the one that it has now."""

    source: KeyStr = called("from")
    to: KeyStr


def _by_use(value: Any) -> str:
    return "use" if is_use(value) else "plain"


def is_use(value: Any) -> bool:
    """Whether a blueprint is meant to be made from a template."""
    if not isinstance(value, dict) or "use" in value:
        return isinstance(value, dict)
    if "steps" in value:
        return False
    return any(key in _USE_ALONE or nearest(key, ("use",)) for key in islice(value, _FIRST))


_FIRST: Final = 12
_USE_ALONE: Final = frozenset({"template", "extends", "with", "change", "remove", "add"})


class SourcingFile(Shape):
    """One file: some or all blueprints of one sourcing, by key. `moved` and `removed` are about keys that the state
    may know and that are no longer declared; a file may hold them alone.

    `title` is for people, `language` that of its texts, `sample` has values of variables for the preview.
    """

    noun: ClassVar[str] = "file"
    sourcingId: NonEmpty
    title: NonEmpty | None = None
    language: LanguageStr | None = None
    sample: dict[str, str] | None = None
    blueprints: dict[
        KeyStr,
        Annotated[Annotated[Blueprint, tagged("plain")] | Annotated[Use, tagged("use")], either(_by_use)],
    ] = {}  # noqa: RUF012 - a model copies its defaults
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
