"""Several sequences that are alike → one, with what differs between them. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from kalentops.preview import view
from kalentops.preview.phrases import NOTHING, listed
from kalentops.preview.view import Day, Note, Run, Step

_Slot: TypeAlias = tuple[str, bool, int]
"""The id of a step, whether it was removed, and the number of steps of this id before it."""
_TEXT: Final = (Run("same", ()),)


def merge(sequences: Sequence[view.Sequence]) -> view.Sequence:
    """The first one, with all members. A step that has another shape in some of them is there once for each shape, and
    `Step.choice` says which variant of it a member has.
    """
    first = sequences[0]
    if len(sequences) == 1:
        return first
    members = tuple(member for each in sequences for member in each.members)
    titles = [member.title for member in members]
    steps = tuple(_steps(sequences, first.anchor, titles))
    notes = tuple(_notes(((number, each.notes) for number, each in enumerate(sequences)), titles))
    every = [*notes, *(note for step in steps for note in step.notes)]
    return replace(
        first,
        members=members,
        steps=steps,
        notes=notes,
        channels=tuple(dict.fromkeys(channel for each in sequences for channel in each.channels)),
        changes=tuple(_changes(sequences)),
        settles=any(each.settles for each in sequences),
        errors=sum(note.severity == "error" for note in every),
        warnings=sum(note.severity == "warning" for note in every),
    )


def _steps(sequences: Sequence[view.Sequence], anchor: str, titles: Sequence[str]) -> Iterator[Step]:
    order: list[_Slot] = []
    shapes: dict[_Slot, dict[Step, list[tuple[int, Step]]]] = {}
    for number, sequence in enumerate(sequences):
        at = 0
        for slot, step in _slots(sequence.steps):
            if slot not in shapes:
                order.insert(at, slot)
                shapes[slot] = {}
            at = order.index(slot) + 1
            shapes[slot].setdefault(_shape(step), []).append((number, step))
    others = 0
    for slot in order:
        for alike in shapes[slot].values():
            base = alike[0][1]
            if alike[0][0]:
                others += 1
                base = replace(base, anchor=f"{anchor}/other/{others}")
            variants: dict[tuple[object, ...], int] = {}
            choice: dict[int, int] = {}
            shown: list[Step] = []
            for number, step in alike:
                choice[number] = variants.setdefault(_variant(step), len(variants))
                if choice[number] == len(shown):
                    shown.append(step)
            notes = _notes(((number, step.notes) for number, step in alike), titles)
            yield replace(base, variants=tuple(shown), choice=tuple(choice.items()), notes=tuple(notes))


def _changes(sequences: Sequence[view.Sequence]) -> Iterator[tuple[tuple[view.Change, ...], view.Choice]]:
    found: dict[tuple[view.Change, ...], list[tuple[int, int]]] = defaultdict(list)
    for number, sequence in enumerate(sequences):
        for same, _ in sequence.changes:
            found[same].append((number, 0))
    for same, choice in found.items():
        yield same, tuple(choice)


def _slots(steps: Iterable[Step]) -> Iterator[tuple[_Slot, Step]]:
    seen = Counter[tuple[str, bool]]()
    for step in steps:
        key = step.key, step.status == "removed"
        yield (*key, seen[key]), step
        seen[key] += 1


def _shape(of: Step) -> Step:
    """A step without what its variants have of their own."""
    return replace(
        of,
        anchor="",
        name=NOTHING,
        day=Day(NOTHING),
        was=NOTHING,
        counters=(),
        notes=(),
        message=_blank(of.message),
        before=None if of.before is None else _blank(of.before),
    )


def _blank(of: view.Message) -> view.Message:
    return replace(of, subject=of.subject and _TEXT, body=of.body and _TEXT)


def _variant(of: Step) -> tuple[object, ...]:
    return of.name, of.day, of.was, of.counters, of.message, of.before


def _notes(found: Iterable[tuple[int, Sequence[Note]]], titles: Sequence[str]) -> Iterator[Note]:
    """Each finding once; `only` names the positions that have it, where not all do."""
    by_words: dict[tuple[str, str, str], list[tuple[int, Note]]] = defaultdict(list)
    everyone = 0
    for number, notes in found:
        everyone += 1
        for each in notes:
            by_words[each.code, each.message, each.hint].append((number, each))
    for same in by_words.values():
        numbers = dict.fromkeys(number for number, _ in same)
        only = NOTHING if len(numbers) == everyone else listed([titles[each] for each in numbers])
        yield replace(same[0][1], only=only)


def sections(sequences: Iterable[view.Sequence]) -> Iterator[tuple[view.Sequence, ...]]:
    """The sequences that serve the same positions, those that serve the most first, then by title."""
    found: dict[tuple[str, ...], list[view.Sequence]] = defaultdict(list)
    for each in sequences:
        found[tuple(member.sourcing for member in each.members)].append(each)
    by: Callable[[tuple[str, ...]], tuple[int, str, str]] = lambda key: (  # noqa: E731
        -len(set(key)),
        found[key][0].members[0].title.casefold(),
        key[0],
    )
    for key in sorted(found, key=by):
        yield tuple(found[key])


def labels(of: view.Sequence) -> tuple[str, ...]:
    """How the members are told apart: by the titles of their positions, and within one by the name of the sequence."""
    served = Counter(member.sourcing for member in of.members)
    alone: Mapping[str, bool] = {sourcing: number == 1 for sourcing, number in served.items()}
    return tuple(
        member.title if alone[member.sourcing] else f"{member.title} · {member.name.en}"
        for member in of.members
    )
