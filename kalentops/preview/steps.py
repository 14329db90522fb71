"""One step, and its earlier version → what the page shows of it: when, what arrives, what is unusual. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kalentops.blueprint.diff import FieldChange
from kalentops.blueprint.labels import parts_of
from kalentops.blueprint.model import Step
from kalentops.blueprint.timeline import SECONDS, Moment, seconds_of
from kalentops.preview import view
from kalentops.preview.phrases import NOTHING, Phrase, plain, say, span, table
from kalentops.preview.rendering import Sample, both, counters, runs
from kalentops.preview.view import Change, Channel, Day, Fact, Part, Run, Style, Wait
from kalentops.support.text import clip
from kalentops.support.text_diff import side_by_side

NAME: Final = 160
"""Characters of a name on the page."""
_LONGEST_VALUE: Final = 200
_LONGEST_USER: Final = 80
_TEXTS: Final = frozenset({"subject", "content"})
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
_SENDER: Final = "{{recruiterFirstname}} {{recruiterLastname}}"
_CANDIDATE: Final = "{{firstname}} {{lastname}}"
_SIZES: Final = ((0, 0), (3600, 1), (_DAY - 1, 2), (2 * _DAY, 3), (6 * _DAY, 4), (13 * _DAY, 5))
_UNKNOWN_LENGTH: Final = 7


@dataclass(frozen=True, slots=True)
class Candidates:
    """The sample candidates and their names on the page."""

    samples: Sequence[Sample]
    labels: Sequence[Phrase]


@dataclass(frozen=True, slots=True)
class Placed:
    """A step with its time, whether that is known, and the fields that hold placeholders (`*`: all). `longest`: days
    that the invitation is waited for, if the time counts from there and has such an end.
    """

    step: Step
    moment: Moment
    known: bool = True
    placeholders: frozenset[str] = frozenset()
    longest: int | None = None

    def lacks(self, *fields: str) -> bool:
        return bool(self.placeholders & {*fields, "*"})

    @property
    def waits_for_invitation(self) -> bool:
        return self.step.temporalityType == "AFTER_INVITATION_SETTLED"

    @property
    def name(self) -> Phrase:
        return say("no_name") if self.lacks("name") else plain(clip(self.step.name, NAME))

    @property
    def kind(self) -> Phrase:
        unknown = self.lacks("type", "linkedInType")
        return say("kind_unknown" if unknown else f"kind_{self.step.linkedInType or self.step.type}")

    @property
    def channel(self) -> Channel:
        return "unknown" if self.lacks("type", "linkedInType") else _CHANNELS[self.step.type]

    @property
    def day(self) -> Day:
        if not self.known:
            return Day(say("on_unknown_day"))
        if not self.moment.settled:
            days, rest = divmod(self.moment.seconds, _DAY)
            return Day(say("on_day", day=days), say("plus", span=span(rest)) if rest else NOTHING)
        detail = NOTHING
        if self.moment.seconds:
            detail = say("plus", span=span(self.moment.seconds))
        elif self.longest is not None:
            detail = say("at_most", span=say("day", n=self.longest))
        return Day(say("after_invitation"), detail)

    def wait(self, *, first: bool) -> Wait:
        """The time before the step."""
        step = self.step
        if self.lacks("temporalityType", "delay"):
            return Wait(say("wait_unknown"), _UNKNOWN_LENGTH)
        if self.waits_for_invitation:
            days = NOTHING if self.longest is None else say("day", n=self.longest)
            said = say("wait_invitation_most", span=days) if days else say("wait_invitation")
            return Wait(said, _UNKNOWN_LENGTH)
        if step.temporalityType == "DELAYED" and step.delay is not None:
            seconds = seconds_of(step.delay)
            size = next((size for most, size in _SIZES if seconds <= most), 6)
            return Wait(say("wait_after_start" if first else "wait_later", span=span(seconds)), size)
        return Wait(NOTHING if first else say("wait_none"), 0)


def facts(at: Placed) -> Iterator[Fact]:
    """What is unusual. Usual is: the owner sends a text as it is written, a candidate without the contact is skipped,
    and a person approves what the AI drafts.
    """
    step, policy = at.step, at.step.policy
    user = _user(step)
    if user is not None:
        yield Fact(say("sender"), say("user", id=clip(user, _LONGEST_USER)))
    skips = policy is not None and policy.skipStepIfNoContact
    if step.type != "LINKEDIN" and not skips:
        yield Fact(say(f"without_{step.type}"), say("stops_here"))
    if step.contentSource == "suggestedByKalent":
        yield Fact(say("text"), say("ai_drafts"))
    if policy is not None and policy.autoValidateAIDraft:
        yield Fact(say("ai_draft"), say("not_approved"))
    if policy is not None and policy.inviteTimeoutDays is not None and not at.waits_for_invitation:
        yield Fact(say("invitation"), say("waits", span=say("day", n=policy.inviteTimeoutDays)))


def _user(step: Step) -> str | None:
    return step.config.userId if step.config is not None else None


def changes_of(change: FieldChange) -> Iterator[Change]:
    """A changed field in words; an added or removed mapping, by its parts."""
    for part in parts_of(change):
        before, after = _value(part.field, part.before), _value(part.field, part.after)
        if before == after:  # as `1` and `"1"`, or nothing and the word for it
            before, after = (
                NOTHING if each is None else plain(json.dumps(each, ensure_ascii=False))
                for each in (part.before, part.after)
            )
        en = side_by_side(before.en, after.en, _LONGEST_VALUE)
        fr = side_by_side(before.fr, after.fr, _LONGEST_VALUE)
        yield Change(_label(part), Phrase(en[0], fr[0]), Phrase(en[1], fr[1]), en[2])


def _label(part: FieldChange) -> Phrase:
    key = f"field_{part.field}"
    if key in table() and (part.step is not None or part.field == "name"):
        return say(key)
    top, dot, rest = part.field.partition(".")
    return say("settings", part=clip(dot + rest)) if top == "config" else plain(clip(part.field))


_ABSENT: Final = {"config.userId": "owner", "policy.skipStepIfNoContact": "stops"}
_FLAGS: Final = {
    "policy.skipStepIfNoContact": ("stops", "skipped"),
    "policy.autoValidateAIDraft": ("approved", "not_approved"),
}
_LISTED: Final = {
    "type": "kind",
    "linkedInType": "kind",
    "temporalityType": "value",
    "contentSource": "value",
}


def _value(field: str, of: Any) -> Phrase:
    """A field's value in words; what a person wrote stays as it is."""
    if of is None:
        return say(_ABSENT[field]) if field in _ABSENT else NOTHING
    if isinstance(of, bool):
        return say(_FLAGS.get(field, ("no", "yes"))[of])
    if field == "config.userId":
        return say("user", id=str(of))
    if field in {"delay", "policy.inviteTimeoutDays"}:
        unit, number = (str(of["unit"]), of["value"]) if isinstance(of, Mapping) else ("day", of)
        return say(unit, n=number)
    key = f"{_LISTED[field]}_{of}" if field in _LISTED else ""
    if key in table():
        return say(key)
    return plain(of if isinstance(of, str) else json.dumps(of, ensure_ascii=False))


def show_step(
    at: Placed,
    anchor: str,
    candidates: Candidates,
    *,
    first: bool,
    notes: Iterable[view.Note] = (),
    was: Placed | None = None,
    changes: Sequence[FieldChange] = (),
    status: view.Status = "",
) -> view.Step:
    """`was` is the same step before, `changes` its changes since; None and empty without a comparison."""
    new, old = _messages(at, was)
    return view.Step(
        anchor=anchor,
        name=at.name,
        kind=at.kind,
        channel=at.channel,
        day=at.day,
        wait=at.wait(first=first),
        message=new,
        facts=() if at.channel == "unknown" else tuple(facts(at)),
        counters=()
        if at.lacks("content")
        else tuple(counters(at.step, candidates.samples, candidates.labels)),
        notes=tuple(notes),
        key=at.step.id,
        status=status,
        was=was.day.text if was is not None and was.day != at.day else NOTHING,
        before=old,
        changes=tuple(_changes(at.step, changes)),
    )


def removed_step(was: Placed, anchor: str, *, first: bool) -> view.Step:
    """A step that is no longer there."""
    return view.Step(
        anchor=anchor,
        name=was.name,
        kind=was.kind,
        channel=was.channel,
        day=was.day,
        wait=was.wait(first=first),
        message=_message(was, runs(was.step.subject or ""), runs(was.step.content)),
        facts=(),
        counters=(),
        notes=(),
        key=was.step.id,
        status="removed",
    )


def _changes(step: Step, changes: Iterable[FieldChange]) -> Iterator[view.Change]:
    """The changes, without those of texts, which are shown in full."""
    dropped = step.linkedInType == "LINKEDIN_INVITATION"
    for change in changes:
        if change.kind == "moved":
            yield view.Change(say("place"), plain(str(change.before)), plain(str(change.after)))
        elif change.field and (change.field not in _TEXTS or dropped):
            yield from changes_of(change)


def _messages(at: Placed, was: Placed | None) -> tuple[view.Message, view.Message | None]:
    """The message, and the earlier one if it differs."""
    subject, content = at.step.subject or "", at.step.content
    if was is None or _look(at) == _look(was):
        return _message(at, runs(subject), runs(content)), None
    old_subject, new_subject = both(was.step.subject or "", subject)
    old_body, new_body = both(was.step.content, content)
    return _message(at, new_subject, new_body), _message(was, old_subject, old_body)


def _look(of: Placed) -> tuple[object, ...]:
    """Everything that a candidate sees of a step."""
    body = "" if of.step.linkedInType == "LINKEDIN_INVITATION" else of.step.content
    return _style(of.step), of.step.linkedInType, of.step.subject or "", body, _user(of.step)


def _style(step: Step) -> Style:
    return _STYLES[step.linkedInType or step.type]


def _message(of: Placed, subject: tuple[Run, ...], body: tuple[Run, ...]) -> view.Message:
    step, note = of.step, NOTHING
    if of.lacks("content"):
        body, note = (), say("unreadable")
    elif step.linkedInType == "LINKEDIN_INVITATION":
        note = say("plain_invitation_drops" if body else "plain_invitation")
        body = ()
    elif not body:
        note = say("ai_writes" if step.contentSource == "suggestedByKalent" else "no_text")
    user = _user(step)
    return view.Message(
        style="unknown" if of.channel == "unknown" else _style(step),
        sender=runs(_SENDER) if user is None else (Run("same", (Part("user", clip(user, _LONGEST_USER)),)),),
        to=runs(_CANDIDATE),
        subject=subject,
        body=body,
        note=note,
    )


def fields_of(placeholders: Iterable[tuple[str | int, ...]]) -> Mapping[int, frozenset[str]]:
    """The fields that hold placeholders, by the number of the step, from 0; `*` for a whole step."""
    found: dict[int, set[str]] = {}
    for path in placeholders:
        if len(path) > 1 and path[0] == "steps" and isinstance(path[1], int):
            found.setdefault(path[1], set()).add(str(path[2]) if len(path) > 2 else "*")  # noqa: PLR2004
    return {number: frozenset(fields) for number, fields in found.items()}
