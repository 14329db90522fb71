"""One step of a blueprint, and what it was before → what the page shows of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kalentops.blueprint.diff import FieldChange
from kalentops.blueprint.model import Moment, Step
from kalentops.preview import view
from kalentops.preview.counting import counters
from kalentops.preview.rendering import Part, Run, Sample, both, runs
from kalentops.preview.wording import changes_of, channel, day, facts, kind_of, sender, style, wait
from kalentops.support.text import clip

_NAME: Final = 160
_TEXTS: Final = frozenset({"subject", "content"})


@dataclass(frozen=True, slots=True)
class Candidates:
    """Who the messages are rendered for, and what each is called on the page."""

    samples: Sequence[Sample]
    labels: Sequence[str]


@dataclass(frozen=True, slots=True)
class Placed:
    """A step where it stands: its moment, whether that is known, and the fields that hold stand-ins (`*`: all)."""

    step: Step
    moment: Moment
    known: bool = True
    placeholders: frozenset[str] = frozenset()

    def lacks(self, *fields: str) -> bool:
        return bool(self.placeholders & {*fields, "*"})

    @property
    def day(self) -> view.Day:
        return day(self.moment, known=self.known)


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
    """`was` is the same step before, `changes` what became of it since, None and empty where nothing is compared."""
    step = at.step
    unknown = at.lacks("type", "linkedInType")
    new, old = _messages(at, was)
    return view.Step(
        anchor=anchor,
        name="(no name)" if at.lacks("name") else clip(step.name, _NAME),
        kind="Message of an unknown kind" if unknown else kind_of(step),
        channel="unknown" if unknown else channel(step),
        day=at.day,
        wait=wait(step, first=first, known=not at.lacks("temporalityType", "delay")),
        message=new,
        facts=() if unknown else tuple(facts(step)),
        counters=() if at.lacks("content") else tuple(counters(step, candidates.samples, candidates.labels)),
        notes=tuple(notes),
        status=status,
        was=was.day.text if was is not None and was.day != at.day else "",
        before=old,
        changes=tuple(_changes(step, changes)),
    )


def removed_step(was: Placed, anchor: str, *, first: bool) -> view.Step:
    """A step that is no longer there."""
    step = was.step
    return view.Step(
        anchor=anchor,
        name=clip(step.name, _NAME),
        kind=kind_of(step),
        channel=channel(step),
        day=was.day,
        wait=wait(step, first=first),
        message=_message(was, runs(step.subject or ""), runs(step.content)),
        facts=(),
        counters=(),
        notes=(),
        status="removed",
    )


def _changes(step: Step, changes: Iterable[FieldChange]) -> Iterator[view.Change]:
    """What changed beside the texts, which are shown in full."""
    dropped = step.linkedInType == "LINKEDIN_INVITATION"
    for change in changes:
        if change.kind == "moved":
            yield view.Change("Position", str(change.before), str(change.after))
        elif change.field and (change.field not in _TEXTS or dropped):
            yield from changes_of(change)


def _messages(at: Placed, was: Placed | None) -> tuple[view.Message, view.Message | None]:
    """The message, and the one before where it was another one."""
    subject, content = at.step.subject or "", at.step.content
    if was is None or _look(at) == _look(was):
        return _message(at, runs(subject), runs(content)), None
    old_subject, new_subject = both(was.step.subject or "", subject)
    old_body, new_body = both(was.step.content, content)
    return _message(at, new_subject, new_body), _message(was, old_subject, old_body)


def _look(of: Placed) -> tuple[object, ...]:
    """Everything that a candidate sees of a step."""
    body = "" if of.step.linkedInType == "LINKEDIN_INVITATION" else of.step.content
    return style(of.step), of.step.linkedInType, of.step.subject or "", body, sender(of.step)


def _message(of: Placed, subject: tuple[Run, ...], body: tuple[Run, ...]) -> view.Message:
    step, note = of.step, ""
    if of.lacks("content"):
        body, note = (), "The text can't be read: see the error beside it."
    elif step.linkedInType == "LINKEDIN_INVITATION":
        note = "An invitation without a message."
        if body:
            note += " Kalent drops the text that the blueprint has for it."
        body = ()
    elif not body:
        drafted = step.contentSource == "suggestedByKalent"
        note = "Kalent's AI writes this message for each candidate." if drafted else "There is no text."
    user = step.config.userId if step.config is not None else None
    return view.Message(
        style="unknown" if of.lacks("type", "linkedInType") else style(step),
        sender=runs(_SENDER) if user is None else (Run("same", (Part("text", sender(step)),)),),
        to=runs(_CANDIDATE),
        subject=subject,
        body=body,
        note=note,
    )


_SENDER: Final = "{{recruiterFirstname}} {{recruiterLastname}}"
_CANDIDATE: Final = "{{firstname}} {{lastname}}"


def fields_of(placeholders: Iterable[tuple[str | int, ...]]) -> Mapping[int, frozenset[str]]:
    """The fields that hold stand-ins, by the number of the step, from 0; `*` where a whole step does."""
    found: dict[int, set[str]] = {}
    for path in placeholders:
        if len(path) > 1 and path[0] == "steps" and isinstance(path[1], int):
            found.setdefault(path[1], set()).add(str(path[2]) if len(path) > 2 else "*")  # noqa: PLR2004
    return {number: frozenset(fields) for number, fields in found.items()}
