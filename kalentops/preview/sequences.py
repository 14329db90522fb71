"""A blueprint with its steps and findings, and its earlier version → what the page shows of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from kalentops.blueprint.diff import FieldChange, changes
from kalentops.blueprint.model import Blueprint
from kalentops.blueprint.timeline import moments
from kalentops.blueprint.variables import MARKED_FIELDS
from kalentops.lint.finding import Finding, Severity
from kalentops.lint.rule import Declared
from kalentops.preview import view
from kalentops.preview.phrases import Phrase, plain, say, span
from kalentops.preview.rendering import Sample
from kalentops.preview.steps import NAME, Candidates, Placed, changes_of, fields_of, removed_step, show_step
from kalentops.project.load import Repository
from kalentops.support.text import clip, visible


@dataclass(frozen=True, slots=True)
class PageContext:
    """What all sequences of a page share. `samples`: the values of variables that positions have, by sourcing.
    `compares`: the page shows changes since a commit.
    """

    findings: Findings
    candidates: Candidates
    samples: Mapping[str, Sample]
    compares: bool = False
    _taken: set[str] = field(default_factory=set)

    def candidates_of(self, declared: Declared) -> Candidates:
        """The candidates, with the position's own values."""
        own = self.samples.get(declared.address.sourcing_id, {})
        samples = [{**each, **own} for each in self.candidates.samples] if own else self.candidates.samples
        return Candidates(samples, self.candidates.labels)

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
        raise AssertionError("the page needs documents: load the repository with bodies")
    body = declared.body.data
    blueprint = Blueprint.read(body)
    placeholders = fields_of(declared.placeholders)
    placed: list[Placed] = []
    known, longest = True, None
    for number, (step, moment) in enumerate(zip(blueprint.steps, moments(blueprint), strict=True)):
        fields = placeholders.get(number, frozenset())
        unread = bool(fields & {"*", "temporalityType", "delay"})
        lacks_delay = step.temporalityType == "DELAYED" and step.delay is None
        known = (
            not unread and not lacks_delay and (known or step.temporalityType == "AFTER_INVITATION_SETTLED")
        )
        if step.temporalityType == "AFTER_INVITATION_SETTLED":
            longest = step.policy.inviteTimeoutDays if step.policy is not None else None
        placed.append(Placed(step, moment, known, fields, longest))
    return _Body(body, tuple(placed))


def status_of(declared: Declared, was: Declared | None) -> view.Status:
    """`was` is the earlier version."""
    if was is None:
        return "new"
    return "same" if was.digest == declared.digest else "changed"


def show_sequence(declared: Declared, context: PageContext, was: Declared | None = None) -> view.Sequence:
    """A declared blueprint; `was` is its earlier version."""
    anchor, now = context.anchor(declared), _read(declared)
    candidates = context.candidates_of(declared)
    status = status_of(declared, was) if context.compares else ""
    then = _read(was) if was is not None and status == "changed" else _EMPTY
    what = changes(then.body, now.body) if then.body else []
    findings = [context.findings.of(declared, number) for number in range(len(now.steps))]
    shown = [
        _show(at, f"{anchor}/{number}", candidates, notes, first=number == 1, then=then, what=what)
        for number, (at, notes) in enumerate(zip(now.steps, findings, strict=True), 1)
    ]
    notes = context.findings.of(declared, None)
    own = tuple(each for change in what if change.step is None for each in changes_of(change))
    every = [*notes, *(note for step in shown for note in step.notes)]
    return view.Sequence(
        anchor=anchor,
        address=visible(declared.address),
        name=_name(declared),
        summary=_summary(now.steps),
        status=status,
        steps=tuple(_with_removed(shown, now, then, anchor)),
        channels=tuple(dict.fromkeys(each.channel for each in shown)),
        notes=notes,
        changes=((own, ()),) if own else (),
        settles=any(each.moment.settled for each in now.steps),
        errors=sum(note.severity == "error" for note in every),
        warnings=sum(note.severity == "warning" for note in every),
        language=declared.language,
        members=(_member(declared, context, anchor, now, f":{declared.origin.line}"),),
    )


def show_removed(declared: Declared, context: PageContext) -> view.Sequence:
    """A blueprint that was removed from the files."""
    anchor, then = context.anchor(declared), _read(declared)
    candidates = context.candidates_of(declared)
    steps = tuple(
        show_step(at, f"{anchor}/{number}", candidates, first=number == 1)
        for number, at in enumerate(then.steps, 1)
    )
    return view.Sequence(
        anchor=anchor,
        address=visible(declared.address),
        name=_name(declared),
        summary=_summary(then.steps),
        status="removed",
        steps=steps,
        channels=tuple(dict.fromkeys(each.channel for each in steps)),
        notes=(),
        changes=(),
        settles=any(each.moment.settled for each in then.steps),
        errors=0,
        warnings=0,
        language=declared.language,
        members=(_member(declared, context, anchor, then),),
    )


def _show(
    at: Placed,
    anchor: str,
    candidates: Candidates,
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
    return show_step(at, anchor, candidates, first=first, notes=notes, was=was, changes=own, status=status)


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


def _member(declared: Declared, context: PageContext, anchor: str, of: _Body, line: str = "") -> view.Member:
    sourcing_id = declared.address.sourcing_id
    said = [visible(declared.address), visible(declared.origin.file) + line, visible(declared.template)]
    return view.Member(
        anchor=anchor,
        sourcing=sourcing_id,
        title=clip(declared.title or sourcing_id, NAME),
        place=" · ".join(filter(None, said)),
        name=_name(declared),
        summary=_summary(of.steps),
        sample=context.samples.get(sourcing_id, {}),
    )


def _name(declared: Declared) -> Phrase:
    return plain(clip(declared.name, NAME)) if declared.name else say("no_name")


def _summary(steps: Sequence[Placed]) -> Phrase:
    """Such as `4 messages over 10 days`."""
    if not steps:
        return say("no_messages")
    messages, last = say("messages", n=len(steps)), steps[-1].moment
    if not all(each.known for each in steps):
        return messages
    time = span(last.seconds)
    if last.settled:
        key = "messages_after_invitation" if time else "messages_with_invitation"
    else:
        key = "messages_over" if time else "messages_at_once"
    return say(key, messages=messages, span=time)


_Key: TypeAlias = tuple[str, str]
"""The file of a blueprint, and its key in there."""


class Findings:
    """Findings by step, by blueprint, or by file if they belong to no blueprint. Those of a template or a snippet stand
    at each user of it. Of the blueprints that are left out, only errors are shown, by file.
    """

    def __init__(self, repository: Repository, left_out: Sequence[Declared] = ()) -> None:
        skipped = {id(each) for each in left_out}
        self._shown = {_key(each): each for each in repository.declared if id(each) not in skipped}
        self._left_out = {*map(_key, left_out)} - self._shown.keys()
        self._by_file: dict[str, list[Finding]] = {}
        self._by_step: dict[tuple[str, str, int | None], list[Finding]] = {}
        self._of_left_out: list[Finding] = []
        for each in repository.findings:
            concerned = list(self._concerned(each, repository))
            places = [
                (*key, step) for key in concerned if key in self._shown for step in self._steps(each, key)
            ]
            for place in places:
                self._by_step.setdefault(place, []).append(each)
            if not places and not self._left_out.isdisjoint(concerned):
                self._of_left_out.append(each)
            elif not places:
                self._by_file.setdefault(each.file, []).append(each)

    def _concerned(self, of: Finding, repository: Repository) -> Iterator[_Key]:
        """The blueprints that a finding is about."""
        own = _own(of)
        if own in self._shown or own in self._left_out:
            yield own
        elif of.users:
            for (file, _, _), users in repository.users.items():
                yield from map(_key, users if file == of.file else ())

    def _steps(self, of: Finding, key: _Key) -> Iterable[int | None]:
        return [_step(of)] if key == _own(of) else _steps_at(self._shown[key], of)

    def of(self, declared: Declared, step: int | None) -> tuple[view.Note, ...]:
        """The findings of a step, counted from 0; with None, those of the blueprint itself."""
        return tuple(map(_note, self._by_step.get((declared.origin.file, declared.address.key, step), ())))

    def has_error(self, file: str) -> bool:
        """Whether the file itself has an error, so that it may hold more than the page shows."""
        return any(each.severity is Severity.ERROR for each in self._by_file.get(file, ()))

    def files(self) -> Iterator[view.FileNotes]:
        return _by_file(self._by_file)

    @property
    def warnings_left_out(self) -> int:
        return sum(each.severity is Severity.WARNING for each in self._of_left_out)

    def files_left_out(self) -> Iterator[view.FileNotes]:
        """The errors in blueprints that are left out."""
        found: dict[str, list[Finding]] = {}
        for each in self._of_left_out:
            if each.severity is Severity.ERROR:
                found.setdefault(each.file, []).append(each)
        return _by_file(found)


def _by_file(found: Mapping[str, Iterable[Finding]]) -> Iterator[view.FileNotes]:
    for file, findings in found.items():
        yield view.FileNotes(visible(file), tuple(map(_note, findings)))


def _key(of: Declared) -> _Key:
    return of.origin.file, of.address.key


def _own(of: Finding) -> _Key:
    """The blueprint that a finding of a position's file is about."""
    return of.file, str(of.path[1]) if len(of.path) > 1 and of.path[0] == "blueprints" else ""


def _steps_at(user: Declared, of: Finding) -> set[int | None]:
    """The steps of a blueprint whose words stand where a finding of a template or a snippet is; None: its own name."""
    if _is_of_another_language(user, of):
        return set()
    best, found = (0, 0), set[str | None]()
    for (step, _), pieces in user.origins.items():
        for _, origin in pieces:
            at = origin.line, origin.column
            if origin.file == of.file and best <= at <= (of.line, of.column):
                found = {step} if at > best else found | {step}
                best = at
    steps = user.body.data["steps"] if user.body is not None else ()
    numbers = {step["id"]: number for number, step in enumerate(steps)}
    return {None if step is None else numbers.get(step) for step in found}


def _is_of_another_language(user: Declared, of: Finding) -> bool:
    match of.path:
        case ("snippets", _, str(language)) | ("name", str(language)):
            return language != user.language
        case ("steps", int(), _, str(language)):
            return of.path[2] in MARKED_FIELDS and language != user.language
    return False


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
