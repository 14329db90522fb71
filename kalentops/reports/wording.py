"""The fields of a step and their values in words, for people who don't read YAML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kalentops.diff import FieldChange, changes, steps_by_id
from kalentops.model import SECONDS
from kalentops.text import count
from kalentops.timeline import Moment

_KINDS: Final = {
    "LINKEDIN_INVITATION": "LinkedIn invitation without a message",
    "LINKEDIN_INVITATION_WITH_MESSAGE": "LinkedIn invitation",
    "LINKEDIN_MESSAGE": "LinkedIn message",
    "LINKEDIN_INMAIL": "InMail",
    "LINKEDIN": "LinkedIn",
    "EMAIL": "e-mail",
    "WHATSAPP": "WhatsApp",
    "SMS": "SMS",
}
_FIELDS: Final = {
    "name": "name",
    "type": "channel",
    "linkedInType": "kind of LinkedIn message",
    "temporalityType": "when",
    "delay": "delay",
    "subject": "subject",
    "content": "message",
    "contentSource": "text",
    "config.userId": "sender",
    "policy.skipStepIfNoContact": "skipped without a contact",
    "policy.autoValidateAIDraft": "AI draft sent without a review",
    "policy.inviteTimeoutDays": "longest wait for the invitation",
}
_GROUPS: Final = ("policy", "config")
_ORDER: Final = (*_FIELDS, *_GROUPS)
_VALUES: Final = {
    "ASAP": "at once",
    "DELAYED": "after a delay",
    "AFTER_INVITATION_SETTLED": "when the invitation has settled",
    "manual": "written by hand",
    "suggestedByKalent": "suggested by Kalent",
}
_SWITCHES: Final = frozenset({"policy.skipStepIfNoContact", "policy.autoValidateAIDraft"})
_NAMED: Final = frozenset({"contentSource", "temporalityType"})
_WHEN: Final = ("temporalityType", "delay")
_UNITS: Final = (("day", SECONDS["day"]), ("hour", 3600), ("minute", SECONDS["minute"]), ("second", 1))


@dataclass(frozen=True, slots=True)
class Said:
    """One field that changed, in words. `is_text`: somebody wrote it to be read, so that its words are compared."""

    field: str
    before: str
    after: str
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class StepChange:
    """All that changed in one step, or, where `step` is None, in the blueprint itself.

    `before` and `after` are the step's bodies, None where it is new or gone; `moved` its positions, from 1, if it
    stands elsewhere in the order.
    """

    step: str | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    moved: tuple[int, int] | None
    fields: tuple[Said, ...]


def kind(step: Mapping[str, Any]) -> str:
    """Such as `LinkedIn invitation`."""
    return _KINDS.get(str(step.get("linkedInType") or step.get("type")), "message")


def delay(value: Any) -> str:
    """`3 days` for `{value: 3, unit: day}`."""
    if not isinstance(value, Mapping):
        return "none"
    return f"{value.get('value')} {value.get('unit')}{'' if value.get('value') == 1 else 's'}"


def when(step: Mapping[str, Any]) -> str:
    """When a step happens, counted from the one before."""
    temporality = step.get("temporalityType")
    if temporality == "DELAYED":
        return f"after {delay(step.get('delay'))}"
    return _VALUES["AFTER_INVITATION_SETTLED" if temporality == "AFTER_INVITATION_SETTLED" else "ASAP"]


def day(moment: Moment) -> str:
    """When a step happens: `day 3`, counted from the start of the sequence, or from when its invitation settled."""
    if moment.settled:
        since = span(moment.seconds)
        return f"{since} after the invitation has settled" if since else _VALUES["AFTER_INVITATION_SETTLED"]
    days, rest = divmod(moment.seconds, SECONDS["day"])
    return f"day {days:,}" + (f", {span(rest)} in" if rest else "")


def span(seconds: int) -> str:
    """The two largest units of a time: `3 days`, `1 day 2 hours`; empty for none."""
    found = []
    for unit, size in _UNITS:
        number, seconds = divmod(seconds, size)
        if number:
            found.append(count(number, unit))
    return " ".join(found[:2])


def conditions(step: Mapping[str, Any]) -> list[str]:
    """What else is settled for a step: whether it is skipped, who writes, who sends."""
    policy = step.get("policy") or {}
    found = []
    if policy.get("skipStepIfNoContact"):
        found.append("skipped without a contact")
    if policy.get("inviteTimeoutDays"):
        wait = delay({"value": policy["inviteTimeoutDays"], "unit": "day"})
        found.append(f"waits at most {wait} for the invitation")
    if step.get("contentSource") == "suggestedByKalent":
        found.append("text suggested by Kalent")
    if policy.get("autoValidateAIDraft"):
        found.append("AI draft sent without a review")
    if (step.get("config") or {}).get("userId"):
        found.append(f"sent by {step['config']['userId']}")
    return found


def step_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[StepChange]:
    """What turns one canonical body into the other, step by step: the blueprint itself first, then what was removed,
    then the steps in their new order.
    """
    old, new = steps_by_id(before), steps_by_id(after)
    found: dict[str | None, list[FieldChange]] = {}
    for each in changes(before, after):
        found.setdefault(each.step, []).append(each)
    return [
        StepChange(
            step,
            old.get(step) if step is not None else None,
            new.get(step) if step is not None else None,
            next(((each.before, each.after) for each in group if each.kind == "moved"), None),
            tuple(_said(group, old.get(step or "", {}), new.get(step or "", {}))),
        )
        for step, group in found.items()
    ]


def _said(
    group: Sequence[FieldChange], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Said]:
    fields = sorted((each for each in group if each.field), key=_rank)
    # From "at once" to "after 3 days" is one change to a reader, though two fields.
    if any(each.field == "temporalityType" for each in fields):
        yield Said("when", when(before), when(after))
        fields = [each for each in fields if each.field not in _WHEN]
    for each in fields:
        yield from _field(each)


def _rank(each: FieldChange) -> tuple[int, str]:
    """Where a field stands among those of its step: in the order of the table above."""
    known = each.field in _ORDER
    return _ORDER.index(each.field) if known else len(_ORDER), each.field


def _field(each: FieldChange) -> Iterator[Said]:
    if each.step is not None and each.field in _GROUPS and all(map(_is_group, (each.before, each.after))):
        old, new = each.before or {}, each.after or {}
        for part in dict.fromkeys((*old, *new)):
            yield from _field(
                FieldChange("changed", each.step, f"{each.field}.{part}", old.get(part), new.get(part))
            )
        return
    name = _FIELDS.get(each.field, each.field)
    if each.step is None and each.field.partition(".")[0] == "config":
        name = "settings" + each.field.removeprefix("config")
    is_text = each.field in {"content", "subject", "name"} and each.kind == "changed"
    yield Said(name, value(each.field, each.before), value(each.field, each.after), is_text)


def _is_group(value: Any) -> bool:
    return value is None or isinstance(value, Mapping)


def value(field: str, of: Any) -> str:
    """A field's value in words; what a person wrote stays as it is."""
    if of is None:
        return "no" if field in _SWITCHES else "none"
    if isinstance(of, bool):
        return "yes" if of else "no"
    if field == "delay":
        return delay(of)
    if field == "policy.inviteTimeoutDays":
        return delay({"value": of, "unit": "day"})
    known = _KINDS if field in {"type", "linkedInType"} else _VALUES if field in _NAMED else {}
    return known.get(of, of) if isinstance(of, str) else json.dumps(of, ensure_ascii=False)
