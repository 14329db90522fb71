"""One blueprint, and what it was before → what the page shows of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from kalentops.blueprint.diff import FieldChange, changes
from kalentops.blueprint.labels import span
from kalentops.blueprint.model import Blueprint, moments
from kalentops.preview import view
from kalentops.preview.findings import Findings
from kalentops.preview.steps import Candidates, Placed, fields_of, removed_step, show_step
from kalentops.preview.wording import changes_of
from kalentops.project.check import Desired
from kalentops.support.text import clip, count, visible

_NAME: Final = 160


@dataclass(frozen=True, slots=True)
class Showing:
    """What all sequences of a page share. `compares` says whether there is a before at all."""

    findings: Findings
    candidates: Candidates
    compares: bool = False
    _taken: set[str] = field(default_factory=set)

    def anchor(self, desired: Desired) -> str:
        """What the page's address ends with, for each sequence another: one slash. Anchors of the page's own have none,
        those of steps have more.
        """
        wanted = f"{quote(desired.named.sourcing_id, safe='')}/{quote(desired.named.key, safe='')}"
        anchor, number = wanted, 1
        while anchor in self._taken:
            number += 1
            anchor = f"{wanted}~{number}"
        self._taken.add(anchor)
        return anchor


@dataclass(frozen=True, slots=True)
class _Body:
    """A blueprint's normal form, and its steps, placed in time."""

    body: Mapping[str, Any]
    steps: tuple[Placed, ...] = ()


_NOTHING: Final = _Body({})


def _read(desired: Desired) -> _Body:
    if desired.canonical is None:
        raise AssertionError("the page needs documents: load the repository with known={}")
    body = desired.canonical.body
    blueprint = Blueprint.read(body)
    placeholders = fields_of(desired.placeholders)
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


def show_sequence(desired: Desired, showing: Showing, was: Desired | None = None) -> view.Sequence:
    """A blueprint of the files; `was` is what it was before."""
    anchor, now, then = showing.anchor(desired), _read(desired), _NOTHING
    status: view.Status = "new" if showing.compares else ""
    if was is not None:
        status = "same" if was.digest == desired.digest else "changed"
        then = _read(was) if status == "changed" else _NOTHING
    what = changes(then.body, now.body) if then.body else []
    findings = [showing.findings.of(desired, number) for number in range(len(now.steps))]
    shown = [
        _show(at, f"{anchor}/{number}", showing, notes, first=number == 1, then=then, what=what)
        for number, (at, notes) in enumerate(zip(now.steps, findings, strict=True), 1)
    ]
    notes = showing.findings.of(desired, None)
    every = [*notes, *(note for step in shown for note in step.notes)]
    return view.Sequence(
        anchor=anchor,
        address=visible(desired.address),
        name=clip(desired.named.name, _NAME) or "(no name)",
        where=f"{visible(desired.named.file)}:{desired.named.key_at[0]}",
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


def show_removed(desired: Desired, showing: Showing) -> view.Sequence:
    """A blueprint that is in the files no more."""
    anchor, then = showing.anchor(desired), _read(desired)
    steps = tuple(
        show_step(at, f"{anchor}/{number}", showing.candidates, first=number == 1)
        for number, at in enumerate(then.steps, 1)
    )
    return view.Sequence(
        anchor=anchor,
        address=visible(desired.address),
        name=clip(desired.named.name, _NAME) or "(no name)",
        where=visible(desired.named.file),
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
    showing: Showing,
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
        at, anchor, showing.candidates, first=first, notes=notes, was=was, changes=own, status=status
    )


def _with_removed(shown: Sequence[view.Step], now: _Body, then: _Body, anchor: str) -> Iterator[view.Step]:
    """The steps, and those that are gone where they stood: after the last one before them that is still there."""
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
