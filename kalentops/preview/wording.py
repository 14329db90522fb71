"""Steps in the words of a recruiter: what goes out when, who sends it, what is skipped. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kalentops.blueprint.diff import FieldChange
from kalentops.blueprint.labels import AT_ONCE, CHANNELS, GROUPS, LINKEDIN_KINDS, SETTLED, delay, kind, span
from kalentops.blueprint.model import SECONDS, Moment, Step
from kalentops.preview.view import Change, Channel, Day, Fact, Style, Wait
from kalentops.support.confusables import side_by_side
from kalentops.support.text import clip, count

_DAY: Final = SECONDS["day"]
_STYLES: Final[dict[str, Style]] = {
    "LINKEDIN_INVITATION": "invitation",
    "LINKEDIN_INVITATION_WITH_MESSAGE": "invitation",
    "LINKEDIN_INMAIL": "inmail",
    "LINKEDIN": "linkedin",
    "LINKEDIN_MESSAGE": "linkedin",
    "EMAIL": "email",
    "WHATSAPP": "whatsapp",
    "SMS": "sms",
}
_CHANNELS: Final[dict[str, Channel]] = {
    "LINKEDIN": "linkedin",
    "EMAIL": "email",
    "WHATSAPP": "whatsapp",
    "SMS": "sms",
}
_CONTACTS: Final = {
    "EMAIL": "an e-mail address",
    "WHATSAPP": "a WhatsApp number",
    "SMS": "a mobile number",
    "LINKEDIN": "a LinkedIn profile",
}
OWNER: Final = "the owner of the sequence"


def style(step: Step) -> Style:
    return _STYLES.get(step.linkedInType or step.type, "unknown")


def channel(step: Step) -> Channel:
    return _CHANNELS[step.type]


def kind_of(step: Step) -> str:
    """Such as `LinkedIn invitation`, with a capital."""
    return _capital(kind({"type": step.type, "linkedInType": step.linkedInType}))


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def day(moment: Moment, *, known: bool = True) -> Day:
    """When something happens; `known` is false where a wait before it could not be read."""
    if not known:
        return Day("Day ?", "a wait before it can't be read")
    if moment.settled:
        if not moment.seconds:
            return Day(_capital(SETTLED))
        return Day(f"Settled + {span(moment.seconds)}")
    days, rest = divmod(moment.seconds, _DAY)
    return Day(f"Day {days:,}", f"{span(rest)} in" if rest else "")


_SIZES: Final = ((0, 0), (3600, 1), (_DAY - 1, 2), (2 * _DAY, 3), (6 * _DAY, 4), (13 * _DAY, 5))
SETTLING: Final = 7


def wait(step: Step, *, first: bool, known: bool = True) -> Wait:
    """The time before a step."""
    if not known:
        return Wait("later, but when can't be read", SETTLING)
    if step.temporalityType == "AFTER_INVITATION_SETTLED":
        return Wait("once the invitation has settled", SETTLING)
    if step.temporalityType == "DELAYED" and step.delay is not None:
        seconds = step.delay.seconds
        size = next((size for most, size in _SIZES if seconds <= most), 6)
        return Wait(f"{span(seconds)} {'after the start' if first else 'later'}", size)
    return Wait("" if first else "at the same time", 0)


def facts(step: Step) -> Iterator[Fact]:
    """Who sends, what is skipped when, and what the AI does."""
    yield Fact("Sent by", sender(step))
    policy = step.policy
    if policy is not None and policy.skipStepIfNoContact:
        yield Fact(
            "Skipped", f"if Kalent has no {_bare(step)} for the candidate; the next step follows all the same"
        )
    elif step.type != "LINKEDIN" or (policy is not None and policy.skipStepIfNoContact is False):
        yield Fact("Not skipped", f"without {_CONTACTS[step.type]}, the sequence stops here")
    if step.contentSource == "suggestedByKalent":
        yield Fact(
            "Text", "Kalent's AI drafts it for each candidate, so it will differ from what is shown here"
        )
    elif step.contentSource == "manual":
        yield Fact("Text", "sent as it is written here")
    if policy is not None and policy.autoValidateAIDraft is not None:
        yield Fact("AI draft", _DRAFT[policy.autoValidateAIDraft])
    if policy is not None and policy.inviteTimeoutDays is not None:
        yield Fact(
            "Invitation", f"waited for {count(policy.inviteTimeoutDays, 'day')}, then it counts as settled"
        )


_DRAFT: Final = {
    True: "goes out without a person having approved it",
    False: "goes out after a person has approved it",
}


def _bare(step: Step) -> str:
    return _CONTACTS[step.type].partition(" ")[2]


def sender(step: Step) -> str:
    user = step.config.userId if step.config is not None else None
    return OWNER if user is None else f"user {clip(user, 80)}"


_LABELS: Final = {
    "name": "Name",
    "type": "Channel",
    "linkedInType": "Kind",
    "subject": "Subject",
    "content": "Text",
    "temporalityType": "Goes out",
    "delay": "Wait",
    "contentSource": "Text",
    "config.userId": "Sent by",
    "policy.skipStepIfNoContact": "Without a contact",
    "policy.autoValidateAIDraft": "AI draft",
    "policy.inviteTimeoutDays": "Waiting for the invitation",
}
_VALUES: Final[dict[str, dict[Any, str]]] = {
    "linkedInType": LINKEDIN_KINDS,
    "type": CHANNELS,
    "temporalityType": {"ASAP": AT_ONCE, "DELAYED": "after a wait", "AFTER_INVITATION_SETTLED": SETTLED},
    "contentSource": {"manual": "sent as written", "suggestedByKalent": "drafted by Kalent's AI"},
    "policy.skipStepIfNoContact": {True: "the step is skipped", False: "the sequence stops"},
    "policy.autoValidateAIDraft": _DRAFT,
}


def changes_of(change: FieldChange) -> Iterator[Change]:
    """A changed field of a step or a blueprint in words; a mapping that came or went, by its parts."""
    whole = [value for value in (change.before, change.after) if isinstance(value, Mapping)]
    if change.step is not None and change.field in GROUPS and whole:
        for part in dict.fromkeys(key for value in whole for key in value):
            old, new = (_part(value, part) for value in (change.before, change.after))
            yield from changes_of(FieldChange("changed", change.step, f"{change.field}.{part}", old, new))
        return
    name = change.field if change.step is not None or change.field == "name" else ""
    label = _LABELS.get(name, clip(change.field))
    old, new = _value(name, change.before), _value(name, change.after)
    if old == new:  # as `1` and `"1"`
        old, new = (json.dumps(value, ensure_ascii=False) for value in (change.before, change.after))
    yield Change(label, *side_by_side(old, new, _LONGEST_VALUE))


def _part(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


_LONGEST_VALUE: Final = 200


def _value(field: str, value: Any) -> str:
    if value is None:
        return OWNER if field == "config.userId" else ""
    if field == "delay":
        return delay(value)
    if field == "policy.inviteTimeoutDays" and isinstance(value, int):
        return count(value, "day")
    known = _VALUES.get(field, {})
    if isinstance(value, str | bool) and value in known:
        return known[value]
    if field == "config.userId":
        return f"user {value}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
