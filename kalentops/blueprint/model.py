"""A blueprint as Kalent's API understands it (docs/reference/kalent-api.md, "A step").

Field names are the API's own, letter for letter. These shapes say which fields there are and of which type;
what fits together with what is said by the rules.
"""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias, get_args

from kalentops.support.shape import (
    FrozenList,
    JsonValue,
    LanguageStr,
    NonEmpty,
    PositiveInt,
    Shape,
)

Channel: TypeAlias = Literal["LINKEDIN", "WHATSAPP", "EMAIL", "SMS"]
LinkedInType: TypeAlias = Literal[
    "LINKEDIN_INVITATION", "LINKEDIN_INVITATION_WITH_MESSAGE", "LINKEDIN_MESSAGE", "LINKEDIN_INMAIL"
]
Temporality: TypeAlias = Literal["ASAP", "DELAYED", "AFTER_INVITATION_SETTLED"]
Unit: TypeAlias = Literal["day", "minute", "second"]
ContentSource: TypeAlias = Literal["manual", "suggestedByKalent"]

INVITATIONS = frozenset({"LINKEDIN_INVITATION", "LINKEDIN_INVITATION_WITH_MESSAGE"})


class Delay(Shape):
    """How long to wait after the step before; the API knows no hours and no weeks."""

    value: PositiveInt
    unit: Unit


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

    `protect` and `language` are not the API's: with `protect`, an update needs `--overwrite ADDRESS`.
    """

    noun: ClassVar[str] = "blueprint"
    name: NonEmpty
    steps: StepList = ()
    config: dict[str, JsonValue] | None = None
    protect: bool | None = None
    language: LanguageStr | None = None


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
