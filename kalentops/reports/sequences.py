"""A sequence in Markdown, for people who don't read YAML: its timetable, its messages, and what changed in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from kalentops.diff import steps_by_id
from kalentops.reports.cutting import Block
from kalentops.reports.marks import code, fence, folded, plural_join, prose, row, table
from kalentops.reports.wording import Said, StepChange, conditions, day, step_changes
from kalentops.terms import kind, span
from kalentops.text import clip, count
from kalentops.timeline import moments_of_body
from kalentops.words import Piece, by_sentence, compare

_LONGEST: Final = 80
"""Characters of a value, or of a run of words, that are shown within a line."""
_RUNS: Final = 3
"""Changed runs of words that are shown within a line; with more of them, only the sentences are."""
_AROUND: Final = 3
"""Sentences, and ends of lines, that are shown before and after one that changed."""


def new(body: Mapping[str, Any]) -> Block:
    """The timetable and every message; in brief, the timetable alone."""
    steps = body.get("steps") or ()
    if not steps:
        return Block("It has no steps yet.")
    timetable = _timetable(body, {}, ())
    return Block("\n\n".join([timetable, *_messages(body)]), timetable)


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Block:
    """The timetable with what changed in each step, then the changes; in brief, the timetable alone."""
    found = step_changes(before, after)
    steps: dict[str | None, StepChange] = {each.step: each for each in found}
    top = [_field(said, "") for each in found if each.step is None for said in each.fields]
    removed = [each.before for each in found if each.before is not None and each.after is None]
    old = dict(zip(steps_by_id(before), _days(before), strict=True))
    timetable = _timetable(after, steps, removed, old)
    texts = [part for each in found if each.step is not None for part in _step(each, after)]
    return Block("\n\n".join([*top, timetable, *texts]), "\n\n".join([*top, timetable]))


def extent(body: Mapping[str, Any]) -> str:
    """`4 steps over 9 days`."""
    found = moments_of_body(body)
    said = count(len(found), "step") if found else "no steps yet"
    last = span(found[-1].seconds) if found and not any(each.settled for each in found) else ""
    return f"{said} over {last}" if last else said


def tally(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What changed, counted: `2 steps changed, 1 added`."""
    found = step_changes(before, after)
    counts = {"changed": 0, "added": 0, "removed": 0, "moved": 0}
    for each in found:
        if each.step is None:
            continue
        came, gone = each.before is None, each.after is None
        counts["added" if came else "removed" if gone else "changed" if each.fields else "moved"] += 1
    said = [f"{number} {word}" for word, number in counts.items() if number]
    if said:
        first, _, word = said[0].partition(" ")
        said[0] = f"{count(int(first), 'step')} {word}"
    own = {each.field for change in found if change.step is None for each in change.fields}
    return ", ".join([*said, *(["name"] if "name" in own else []), *(["settings"] if own - {"name"} else [])])


def _days(body: Mapping[str, Any]) -> list[str]:
    return [day(each) for each in moments_of_body(body)]


def _timetable(
    body: Mapping[str, Any],
    changes: Mapping[str | None, StepChange],
    removed: Sequence[Mapping[str, Any]],
    old: Mapping[str, str] | None = None,
) -> str:
    """A row a step; `old` says on which day each step was before."""
    steps = steps_by_id(body)
    besides = [_besides(step) for step in steps.values()]
    heads = ["", "when", "what", "step", *(["besides"] if any(besides) else [])]
    lines = [table([*heads, "change"] if old is not None else heads)]
    for number, (step_id, now, beside) in enumerate(zip(steps, _days(body), besides, strict=True), 1):
        step = steps[step_id]
        cells = [str(number), now, kind(step), _name(step), *([beside] if any(besides) else [])]
        if old is not None:
            was = old.get(step_id, now)
            cells[1] = now if was == now else f"~~{was}~~ **{now}**"
            cells.append(_label(changes.get(step_id)))
        lines.append(row(cells))
    gap = [""] if any(besides) else []
    lines += [row(["", "", f"~~{kind(step)}~~", _name(step), *gap, "**removed**"]) for step in removed]
    return "\n".join(lines)


def _name(step: Mapping[str, Any]) -> str:
    return prose(clip(str(step.get("name") or "without a name"), _LONGEST))


def _besides(step: Mapping[str, Any]) -> str:
    return ", ".join(prose(clip(each, _LONGEST)) for each in conditions(step))


def _label(change: StepChange | None) -> str:
    if change is None:
        return ""
    if change.before is None:
        return "**new**"
    moved = [f"**moved** from position {change.moved[0]}"] if change.moved else []
    fields = [prose(each.field) for each in change.fields]
    return ", ".join([*moved, *fields])


def _messages(body: Mapping[str, Any]) -> Iterator[str]:
    for number, step in enumerate(body.get("steps") or (), 1):
        yield from _message(step, f"**Step {number}, {kind(step)}:** {_name(step)}")


def _message(step: Mapping[str, Any], heading: str) -> Iterator[str]:
    subject, content = step.get("subject"), str(step.get("content") or "")
    if not subject and not content.strip():
        yield f"{heading}, without a text"
        return
    yield heading
    lines = [f"Subject: {subject}", ""] if subject else []
    yield fence(part for each in [*lines, *content.split("\n")] for part in folded(each))


def _step(change: StepChange, after: Mapping[str, Any]) -> Iterator[str]:
    """The changes of one step."""
    step = change.after if change.after is not None else change.before
    if step is None or (not change.fields and change.before is not None and change.after is not None):
        return  # only moved, which the timetable says
    if change.after is None:
        yield from _message(step, f"**Removed, {kind(step)}:** {_name(step)}")
        return
    number = list(steps_by_id(after)).index(str(change.step)) + 1
    heading = f"**Step {number}, {kind(step)}:** {_name(step)}"
    if change.before is None:
        yield from _message(step, f"{heading}, **new**")
        return
    yield heading
    # What fits in a line first, as one list; then the texts.
    texts = [said for said in change.fields if said.is_text and (said.field == "message" or _is_long(said))]
    short = [_field(said, "- ") for said in change.fields if said not in texts]
    if short:
        yield "\n".join(short)
    for said in texts:
        yield _field(said, "")
        yield _sentences(said.before, said.after)


def _is_long(said: Said) -> bool:
    return max(len(said.before), len(said.after)) > _LONGEST or "\n" in said.before + said.after


def _field(said: Said, bullet: str) -> str:
    """`delay: ~~3 days~~ → **5 days**`."""
    name = prose(clip(said.field))
    if said.is_text and (said.field == "message" or _is_long(said)):
        runs = _runs(said.before, said.after)
        return f"{bullet}{name}: {runs}" if runs else f"{bullet}{name}"
    old, came = (_inline(clip(value, _LONGEST)) for value in (said.before, said.after))
    return f"{bullet}{name}: ~~{old}~~ → **{came}**"


def _inline(value: str) -> str:
    """A value between marks of ours: words as they are, everything else as code."""
    return value if value and prose(value) == value.strip() == value else code(value)


def _runs(before: str, after: str) -> str:
    """The words that went and those that came, where they are few enough for a line."""
    pieces = compare(before, after)
    found: list[str] = []
    for index, (tag, text) in enumerate(pieces):
        if tag == "same":
            continue
        if "\n" in text or len(text) > _LONGEST:
            return ""
        shown = code(text.strip(" "))
        follows = tag == "new" and index and pieces[index - 1][0] == "old"
        if follows and found[-1] == f"~~{shown}~~":  # only the spaces after it
            return ""
        if follows:
            found[-1] += f" → **{shown}**"
        else:
            found.append(f"~~{shown}~~" if tag == "old" else f"**{shown}** added")
    return plural_join(found) if len(found) <= _RUNS else ""


def _sentences(before: str, after: str) -> str:
    """The sentences that went and came, with some around them."""
    pieces = by_sentence(before, after)
    near = _near(pieces)
    if not near:
        return "Only white space is different."
    lines: list[str] = []
    skipped = False
    for index, (tag, text) in enumerate(pieces):
        if index not in near:
            skipped = True
            continue
        if skipped:
            lines.append("  …")
            skipped = False
        lines += _diff_lines(tag, text)
    return fence([*lines, "  …"] if skipped else lines, "diff")


def _near(pieces: Sequence[Piece]) -> set[int]:
    """The indices of what changed, and of the sentences around it."""
    changed = (index for index, (tag, _) in enumerate(pieces) if tag != "same")
    return {near for index in changed for near in range(index - _AROUND, index + _AROUND + 1)}


def _diff_lines(tag: str, text: str) -> Iterator[str]:
    """A sentence, as long as it is; an end of a line shows where it came or went."""
    sign = {"same": " ", "old": "-", "new": "+"}[tag]
    if text == "\n":
        if tag != "same":
            yield sign
        return
    for part in folded(text.rstrip(" ")):
        yield f"{sign} {part}"
