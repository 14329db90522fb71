"""The words for the fields of a step, their values and their changes, for reports and for the page of `preview`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from kalentops.blueprint.diff import FieldChange, changes, steps_by_id
from kalentops.blueprint.timeline import SECONDS, Moment, moments_of_body
from kalentops.support.text import count

CHANNELS: Final = {
    "LINKEDIN": "LinkedIn",
    "EMAIL": "e-mail",
    "WHATSAPP": "WhatsApp",
    "SMS": "SMS",
}
LINKEDIN_KINDS: Final = {
    "LINKEDIN_INVITATION": "LinkedIn invitation without a message",
    "LINKEDIN_INVITATION_WITH_MESSAGE": "LinkedIn invitation",
    "LINKEDIN_MESSAGE": "LinkedIn message",
    "LINKEDIN_INMAIL": "InMail",
}
AT_ONCE: Final = "at once"
SETTLED: Final = "when the invitation has settled"
GROUPS: Final = ("policy", "config")
"""The fields of a step that are changed part by part."""
_KINDS: Final = {**CHANNELS, **LINKEDIN_KINDS}
_UNITS: Final = (("day", SECONDS["day"]), ("hour", 3600), ("minute", SECONDS["minute"]), ("second", 1))
OWNER: Final = "the owner of the sequence"
NONE: Final = "none"
_FIELDS: Final = {
    "name": "name",
    "type": "channel",
    "linkedInType": "kind",
    "temporalityType": "when",
    "delay": "delay",
    "subject": "subject",
    "content": "message",
    "contentSource": "text",
    "config.userId": "sent by",
    "policy.skipStepIfNoContact": "without a contact",
    "policy.autoValidateAIDraft": "AI draft",
    "policy.inviteTimeoutDays": "longest wait for the invitation",
}
VALUES: Final[dict[str, dict[Any, str]]] = {
    "type": CHANNELS,
    "linkedInType": LINKEDIN_KINDS,
    "temporalityType": {"ASAP": AT_ONCE, "DELAYED": "after a delay", "AFTER_INVITATION_SETTLED": SETTLED},
    "contentSource": {"manual": "sent as written", "suggestedByKalent": "drafted by Kalent's AI"},
    "config.userId": {None: OWNER},
    "policy.skipStepIfNoContact": {
        True: "the step is skipped",
        False: "the sequence stops",
        None: "the sequence stops",
    },
    "policy.autoValidateAIDraft": {True: "sent without approval", False: "sent after approval"},
}
_ORDER: Final = (*_FIELDS, *GROUPS)
_WHEN: Final = ("temporalityType", "delay")


def kind(step: Mapping[str, Any]) -> str:
    """Such as `LinkedIn invitation`, from the `type` and the `linkedInType` of a step."""
    return _KINDS.get(str(step.get("linkedInType") or step.get("type")), "message")


def delay(value: Any) -> str:
    """`3 days` for `{value: 3, unit: day}`."""
    if not isinstance(value, Mapping):
        return "none"
    return f"{value.get('value')} {value.get('unit')}{'' if value.get('value') == 1 else 's'}"


def span(seconds: int) -> str:
    """The two largest units of a time: `3 days`, `1 day 2 hours`; empty for none."""
    found = []
    for unit, size in _UNITS:
        number, seconds = divmod(seconds, size)
        if number:
            found.append(count(number, unit))
    return " ".join(found[:2])


class LabelledChange(NamedTuple):
    """One field that changed, in words. `is_text`: a text that people read, whose words are compared. `days`: the day
    of the step before and after, where its delay changed that.
    """

    field: str
    before: str
    after: str
    is_text: bool = False
    days: tuple[str, str] | None = None


class StepChange(NamedTuple):
    """All that changed in one step, or, where `step` is None, in the blueprint itself.

    `before` and `after` are the step's bodies, None where it is new or gone; `moved` its positions, from 1, if it
    stands elsewhere in the order.
    """

    step: str | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    moved: tuple[int, int] | None
    fields: tuple[LabelledChange, ...]


def schedule(body: Mapping[str, Any]) -> dict[str, str]:
    """When each step happens, by its id: `day 9, 6 days after the step before`."""
    steps = steps_by_id(body)
    times = zip(steps.items(), moments_of_body(body), strict=True)
    return {
        step_id: _when(step, moment, first=not number)
        for number, ((step_id, step), moment) in enumerate(times)
    }


def _when(step: Mapping[str, Any], moment: Moment, *, first: bool) -> str:
    temporality, on = step.get("temporalityType"), day(moment)
    if temporality == "AFTER_INVITATION_SETTLED":
        return on
    if temporality != "DELAYED":
        return f"{on}, {AT_ONCE}"
    return f"{on}, {delay(step.get('delay'))} after {'the start' if first else 'the step before'}"


def days(body: Mapping[str, Any]) -> dict[str, str]:
    """The day of each step, by its id: `day 9`."""
    return dict(zip(steps_by_id(body), map(day, moments_of_body(body)), strict=True))


def day(moment: Moment) -> str:
    """When a step happens: `day 3`, counted from the start of the sequence, or from when its invitation settled."""
    if moment.settled:
        since = span(moment.seconds)
        return f"{since} after the invitation has settled" if since else SETTLED
    days, rest = divmod(moment.seconds, SECONDS["day"])
    return f"day {days:,}" + (f", {span(rest)} in" if rest else "")


def conditions(step: Mapping[str, Any]) -> list[str]:
    """Who sends a step, who writes it, and when it is skipped."""
    policy = step.get("policy") or {}
    found = []
    if policy.get("skipStepIfNoContact"):
        found.append("skipped without a contact")
    if policy.get("inviteTimeoutDays"):
        wait = delay({"value": policy["inviteTimeoutDays"], "unit": "day"})
        found.append(f"waits at most {wait} for the invitation")
    if step.get("contentSource") == "suggestedByKalent":
        found.append("text drafted by Kalent's AI")
    if policy.get("autoValidateAIDraft"):
        found.append("AI draft sent without approval")
    if (step.get("config") or {}).get("userId"):
        found.append(f"sent by user {step['config']['userId']}")
    return found


def step_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[StepChange]:
    """The changes from the data of one body to another's, step by step: the blueprint itself first, then what was
    removed, then the steps in their new order.
    """
    old, new = steps_by_id(before), steps_by_id(after)
    times = [(schedule(body), days(body)) for body in (before, after)]
    found: dict[str | None, list[FieldChange]] = {}
    for each in changes(before, after):
        found.setdefault(each.step, []).append(each)
    return [
        StepChange(
            step,
            old.get(step) if step is not None else None,
            new.get(step) if step is not None else None,
            next(((each.before, each.after) for each in group if each.kind == "moved"), None),
            tuple(_said(group, *((when.get(step or "", ""), on.get(step or "", "")) for when, on in times))),
        )
        for step, group in found.items()
    ]


def _said(
    group: Sequence[FieldChange], before: tuple[str, str], after: tuple[str, str]
) -> Iterator[LabelledChange]:
    """The fields of a step; `before` and `after` are its place in the schedule, and its day."""
    fields = sorted((each for each in group if each.field), key=_rank)
    # From "at once" to "after 3 days" is one change to a reader, though two fields.
    if any(each.field == "temporalityType" for each in fields):
        yield LabelledChange("when", before[0], after[0])
        fields = [each for each in fields if each.field not in _WHEN]
    for each in fields:
        for said in field_changes(each):
            moved = each.field == "delay" and before[1] != after[1]
            yield said._replace(days=(before[1], after[1])) if moved else said


def _rank(each: FieldChange) -> tuple[int, str]:
    """Where a field stands among those of its step: in the order of the table above."""
    known = each.field in _ORDER
    return _ORDER.index(each.field) if known else len(_ORDER), each.field


def parts_of(each: FieldChange) -> Iterator[FieldChange]:
    """The changes of the parts of a mapping that came or went; any other change as it is."""
    if each.step is not None and each.field in GROUPS and all(map(_is_group, (each.before, each.after))):
        old, new = each.before or {}, each.after or {}
        for part in dict.fromkeys((*old, *new)):
            yield FieldChange("changed", each.step, f"{each.field}.{part}", old.get(part), new.get(part))
    else:
        yield each


def field_changes(whole: FieldChange) -> Iterator[LabelledChange]:
    """A changed field in words; a mapping that came or went, by its parts."""
    for each in parts_of(whole):
        field = each.field if each.step is not None or each.field == "name" else ""
        name = _FIELDS.get(field, each.field)
        if each.step is None and each.field.partition(".")[0] == "config":
            name = "settings" + each.field.removeprefix("config")
        is_text = each.field in {"content", "subject", "name"} and each.kind == "changed"
        old, new = _value(field, each.before), _value(field, each.after)
        if old == new and not is_text:  # as `1` and `"1"`, or nothing and the word for it
            old, new = (
                json.dumps(part, ensure_ascii=False) if part is not None else NONE
                for part in (each.before, each.after)
            )
        yield LabelledChange(name, old, new, is_text)


def _is_group(value: Any) -> bool:
    return value is None or isinstance(value, Mapping)


def _value(field: str, of: Any) -> str:
    """A field's value in words; what a person wrote stays as it is."""
    words = VALUES.get(field, {})
    if of is None or isinstance(of, bool):
        return words.get(of, NONE if of is None else "yes" if of else "no")
    if field == "delay":
        return delay(of)
    if field == "policy.inviteTimeoutDays":
        return delay({"value": of, "unit": "day"})
    if field == "config.userId":
        return f"user {of}"
    return words.get(of, of) if isinstance(of, str) else json.dumps(of, ensure_ascii=False)
