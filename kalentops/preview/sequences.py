"""A blueprint with its steps and findings, and its earlier version → what the page shows of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from kalentops.blueprint.diff import FieldChange, changes
from kalentops.blueprint.labels import NONE, OWNER, SETTLED, field_changes, kind, span
from kalentops.blueprint.model import SECONDS, Blueprint, Moment, Step, moments
from kalentops.lint.finding import Finding, Severity
from kalentops.lint.rule import Declared
from kalentops.preview import view
from kalentops.preview.rendering import Sample, both, counters, runs
from kalentops.preview.view import Change, Channel, Day, Fact, Part, Run, Style, Wait
from kalentops.support.text import clip, count, visible
from kalentops.support.text_diff import side_by_side

_NAME: Final = 160


@dataclass(frozen=True, slots=True)
class PageContext:
    """What all sequences of a page share. `compares`: the page shows changes since a commit."""

    findings: Findings
    candidates: Candidates
    compares: bool = False
    _taken: set[str] = field(default_factory=set)

    def anchor(self, declared: Declared) -> str:
        """The fragment of the sequence's URL, unique, with one slash. The page's own anchors have none, those of steps
        have more.
        """
        wanted = f"{quote(declared.address.sourcing_id, safe='')}/{quote(declared.address.key, safe='')}"
        anchor, number = wanted, 1
        while anchor in self._taken:
            number += 1
            anchor = f"{wanted}~{number}"
        self._taken.add(anchor)
        return anchor


@dataclass(frozen=True, slots=True)
class _Body:
    """A blueprint's body, and its steps with their times."""

    body: Mapping[str, Any]
    steps: tuple[Placed, ...] = ()


_EMPTY: Final = _Body({})


def _read(declared: Declared) -> _Body:
    if declared.body is None:
        raise AssertionError("the page needs documents: load the repository with known={}")
    body = declared.body.data
    blueprint = Blueprint.read(body)
    placeholders = fields_of(declared.placeholders)
    placed, known = [], True
    for number, (step, moment) in enumerate(zip(blueprint.steps, moments(blueprint), strict=True)):
        fields = placeholders.get(number, frozenset())
        unread = bool(fields & {"*", "temporalityType", "delay"})
        lacks_delay = step.temporalityType == "DELAYED" and step.delay is None
        known = (
            not unread and not lacks_delay and (known or step.temporalityType == "AFTER_INVITATION_SETTLED")
        )
        placed.append(Placed(step, moment, known, fields))
    return _Body(body, tuple(placed))


def show_sequence(declared: Declared, context: PageContext, was: Declared | None = None) -> view.Sequence:
    """A declared blueprint; `was` is its earlier version."""
    anchor, now, then = context.anchor(declared), _read(declared), _EMPTY
    status: view.Status = "new" if context.compares else ""
    if was is not None:
        status = "same" if was.digest == declared.digest else "changed"
        then = _read(was) if status == "changed" else _EMPTY
    what = changes(then.body, now.body) if then.body else []
    findings = [context.findings.of(declared, number) for number in range(len(now.steps))]
    shown = [
        _show(at, f"{anchor}/{number}", context, notes, first=number == 1, then=then, what=what)
        for number, (at, notes) in enumerate(zip(now.steps, findings, strict=True), 1)
    ]
    notes = context.findings.of(declared, None)
    every = [*notes, *(note for step in shown for note in step.notes)]
    return view.Sequence(
        anchor=anchor,
        address=visible(declared.address),
        name=clip(declared.name, _NAME) or "(no name)",
        where=f"{visible(declared.origin.file)}:{declared.origin.line}",
        summary=_summary(now.steps),
        status=status,
        steps=tuple(_with_removed(shown, now, then, anchor)),
        channels=tuple(dict.fromkeys(each.channel for each in shown)),
        notes=notes,
        changes=tuple(each for change in what if change.step is None for each in changes_of(change)),
        settles=any(each.moment.settled for each in now.steps),
        errors=sum(note.severity == "error" for note in every),
        warnings=sum(note.severity == "warning" for note in every),
    )


def show_removed(declared: Declared, context: PageContext) -> view.Sequence:
    """A blueprint that was removed from the files."""
    anchor, then = context.anchor(declared), _read(declared)
    steps = tuple(
        show_step(at, f"{anchor}/{number}", context.candidates, first=number == 1)
        for number, at in enumerate(then.steps, 1)
    )
    return view.Sequence(
        anchor=anchor,
        address=visible(declared.address),
        name=clip(declared.name, _NAME) or "(no name)",
        where=visible(declared.origin.file),
        summary=_summary(then.steps),
        status="removed",
        steps=steps,
        channels=tuple(dict.fromkeys(each.channel for each in steps)),
        notes=(),
        changes=(),
        settles=any(each.moment.settled for each in then.steps),
        errors=0,
        warnings=0,
    )


def _show(
    at: Placed,
    anchor: str,
    context: PageContext,
    notes: tuple[view.Note, ...],
    *,
    first: bool,
    then: _Body,
    what: Iterable[FieldChange],
) -> view.Step:
    was = next((each for each in then.steps if each.step.id == at.step.id), None)
    own = [change for change in what if change.step == at.step.id]
    status: view.Status = ""
    if then.body:
        status = "new" if was is None else "changed" if own else "same"
    return show_step(
        at, anchor, context.candidates, first=first, notes=notes, was=was, changes=own, status=status
    )


def _with_removed(shown: Sequence[view.Step], now: _Body, then: _Body, anchor: str) -> Iterator[view.Step]:
    """The steps, and each removed one after its last predecessor that is still there."""
    ids = [each.step.id for each in now.steps]
    gone: dict[str | None, list[view.Step]] = {}
    last: str | None = None
    for number, at in enumerate(then.steps, 1):
        if at.step.id in ids:
            last = at.step.id
        else:
            gone.setdefault(last, []).append(removed_step(at, f"{anchor}/was/{number}", first=number == 1))
    yield from gone.pop(None, ())
    for step_id, step in zip(ids, shown, strict=True):
        yield step
        yield from gone.pop(step_id, ())


def _summary(steps: Sequence[Placed]) -> str:
    """Such as `4 messages over 10 days`."""
    if not steps:
        return "No messages yet"
    said, last = count(len(steps), "message"), steps[-1].moment
    if not all(each.known for each in steps):
        return said
    if last.settled:
        when = f"{span(last.seconds)} after" if last.seconds else "as soon as"
        return f"{said}, the last one {when} the invitation has settled"
    return f"{said} over {span(last.seconds)}" if last.seconds else f"{said}, at once"


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
    """When a step goes out; `known` is false if a delay before it could not be read."""
    if not known:
        return Day("Day ?", "a delay before it can't be read")
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
        return Wait("later; the delay can't be read", SETTLING)
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
            "Skipped",
            f"if Kalent has no {_bare(step)} for the candidate; the sequence continues with the next step",
        )
    elif step.type != "LINKEDIN" or (policy is not None and policy.skipStepIfNoContact is False):
        yield Fact("Not skipped", f"without {_CONTACTS[step.type]}, the sequence stops here")
    if step.contentSource == "suggestedByKalent":
        yield Fact("Text", "Kalent's AI drafts it for each candidate, so the real text differs from this one")
    elif step.contentSource == "manual":
        yield Fact("Text", "sent as written here")
    if policy is not None and policy.autoValidateAIDraft is not None:
        said = "without approval" if policy.autoValidateAIDraft else "after a person has approved it"
        yield Fact("AI draft", f"sent {said}")
    if policy is not None and policy.inviteTimeoutDays is not None:
        yield Fact("Invitation", f"settled after {count(policy.inviteTimeoutDays, 'day')} without an answer")


def _bare(step: Step) -> str:
    return _CONTACTS[step.type].partition(" ")[2]


def sender(step: Step) -> str:
    user = step.config.userId if step.config is not None else None
    return OWNER if user is None else f"user {clip(user, 80)}"


def changes_of(change: FieldChange) -> Iterator[Change]:
    """A changed field in words; an added or removed mapping, by its parts."""
    for said in field_changes(change):
        before, after = ("" if words == NONE else words for words in (said.before, said.after))
        yield Change(clip(_capital(said.field)), *side_by_side(before, after, _LONGEST_VALUE))


_LONGEST_VALUE: Final = 200
_TEXTS: Final = frozenset({"subject", "content"})


@dataclass(frozen=True, slots=True)
class Candidates:
    """The sample candidates and their names on the page."""

    samples: Sequence[Sample]
    labels: Sequence[str]


@dataclass(frozen=True, slots=True)
class Placed:
    """A step with its time, whether that is known, and the fields that hold placeholders (`*`: all)."""

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
    """`was` is the same step before, `changes` its changes since; None and empty without a comparison."""
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
    """The changes, without those of texts, which are shown in full."""
    dropped = step.linkedInType == "LINKEDIN_INVITATION"
    for change in changes:
        if change.kind == "moved":
            yield view.Change("Position", str(change.before), str(change.after))
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
    """The fields that hold placeholders, by the number of the step, from 0; `*` for a whole step."""
    found: dict[int, set[str]] = {}
    for path in placeholders:
        if len(path) > 1 and path[0] == "steps" and isinstance(path[1], int):
            found.setdefault(path[1], set()).add(str(path[2]) if len(path) > 2 else "*")  # noqa: PLR2004
    return {number: frozenset(fields) for number, fields in found.items()}


class Findings:
    """Findings by step, by blueprint, or by file if they belong to no blueprint on the page."""

    def __init__(self, findings: Iterable[Finding], declared: Iterable[Declared]) -> None:
        shown = {(each.origin.file, each.address.key) for each in declared}
        self._by_file: dict[str, list[Finding]] = {}
        self._by_step: dict[tuple[str, str, int | None], list[Finding]] = {}
        for each in findings:
            key = str(each.path[1]) if len(each.path) > 1 and each.path[0] == "blueprints" else ""
            if (each.file, key) in shown:
                self._by_step.setdefault((each.file, key, _step(each)), []).append(each)
            else:
                self._by_file.setdefault(each.file, []).append(each)

    def of(self, declared: Declared, step: int | None) -> tuple[view.Note, ...]:
        """The findings of a step, counted from 0; with None, those of the blueprint itself."""
        return tuple(map(_note, self._by_step.get((declared.origin.file, declared.address.key, step), ())))

    def has_error(self, file: str) -> bool:
        """Whether the file itself has an error, so that it may hold more than the page shows."""
        return any(each.severity is Severity.ERROR for each in self._by_file.get(file, ()))

    def files(self) -> Iterator[view.FileNotes]:
        for file, found in self._by_file.items():
            yield view.FileNotes(visible(file), tuple(map(_note, found)))


def _step(of: Finding) -> int | None:
    """`("blueprints", KEY, "steps", 2, …)` → 2."""
    match of.path[2:4]:
        case ("steps", int(number)):
            return number
    return None


def _note(of: Finding) -> view.Note:
    return view.Note(
        severity="error" if of.severity is Severity.ERROR else "warning",
        code=of.code,
        message=visible(of.message),
        hint=visible(of.hint),
        where=f"{visible(of.file)}:{of.line}:{of.column}",
    )
