"""A sequence in Markdown, for people who don't read YAML: its messages, what changed in them, and its timetable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from kalentops.blueprint.diff import steps_by_id
from kalentops.blueprint.labels import (
    LabelledChange,
    StepChange,
    conditions,
    days,
    kind,
    schedule,
    span,
    step_changes,
)
from kalentops.blueprint.timeline import moments_of_body
from kalentops.output.markdown_blocks import FENCE, Block, code, fence, folded, plural_join, prose, row, table
from kalentops.output.terminal import columns
from kalentops.support.text import clip, count
from kalentops.support.text_diff import Piece, by_line, by_sentence, compare, reveal, side_by_side

_LONGEST: Final = 80
"""Characters of a value, or of a run of words, that are shown within a line."""
_RUNS: Final = 3
"""Changed runs of words that are shown within a line; with more of them, only the lines of the text are."""
_AROUND: Final = 3
"""Lines that are shown before and after one that changed."""
_BRIEF: Final = 3
"""Changes of a blueprint that are told in its row of the overview; the others are counted."""


def new(body: Mapping[str, Any]) -> Block:
    """Every message, then the timetable; in brief, the timetable alone."""
    steps = body.get("steps") or ()
    if not steps:
        return Block("It has no steps yet.")
    timetable = _timetable(body, {}, ())
    return Block("\n\n".join([*_messages(body), timetable]), timetable)


def changed(before: Mapping[str, Any], after: Mapping[str, Any], *, dated: bool = True) -> Block:
    """The changes, then, if `dated`, the timetable; in brief, the timetable alone."""
    found = step_changes(before, after)
    steps: dict[str | None, StepChange] = {each.step: each for each in found}
    top = [_field(said, "") for each in found if each.step is None for said in each.fields]
    removed = [each.before for each in found if each.before is not None and each.after is None]
    timetable = [_timetable(after, steps, removed, days(before))] if dated else []
    texts = [part for each in found if each.step is not None for part in _step(each, after)]
    return Block("\n\n".join([*top, *texts, *timetable]), "\n\n".join([*top, *timetable]))


def brief(before: Mapping[str, Any], after: Mapping[str, Any], *, dated: bool = True) -> str:
    """The changes themselves, for a line: `Pitch: ~~fifteen~~ → **sixteen**`; many of them are counted. If `dated`,
    with the days that move.
    """
    found = sorted(
        step_changes(before, after), key=lambda each: each.step is None
    )  # what candidates notice first
    said = [part for each in found for part in _brief(each, dated=dated)]
    more = count(len(said) - _BRIEF, "more change") if len(said) > _BRIEF else ""
    return "; ".join([*said[:_BRIEF], *([more] if more else [])])


def _brief(change: StepChange, *, dated: bool) -> Iterator[str]:
    step = change.after if change.after is not None else change.before
    if change.step is None:
        yield from (_field(said, "") for said in change.fields)
    elif step is not None and (change.before is None or change.after is None):
        yield f"{_name(step)} **{'added' if change.before is None else 'removed'}**"
    elif step is not None:
        if change.moved:
            yield f"{_name(step)} **moved** from position {change.moved[0]} to {change.moved[1]}"
        yield from (
            f"{_name(step)}, {_field(said, '')}{_days(said) if dated else ''}" for said in change.fields
        )


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


def _timetable(
    body: Mapping[str, Any],
    changes: Mapping[str | None, StepChange],
    removed: Sequence[Mapping[str, Any]],
    old: Mapping[str, str] | None = None,
) -> str:
    """A row a step; `old` says on which day each step was before."""
    steps = steps_by_id(body)
    details = [_details(step) for step in steps.values()]
    heads = ["", "when", "what", "step", *(["details"] if any(details) else [])]
    lines = [table([*heads, "change"] if old is not None else heads)]
    now, when = days(body), schedule(body)
    for number, (step_id, detail) in enumerate(zip(steps, details, strict=True), 1):
        step = steps[step_id]
        cells = [str(number), when[step_id], kind(step), _name(step), *([detail] if any(details) else [])]
        if old is not None:
            was, on = old.get(step_id, now[step_id]), now[step_id]
            cells[1] = when[step_id] if was == on else f"~~{was}~~ **{on}**{when[step_id].removeprefix(on)}"
            cells.append(_label(changes.get(step_id)))
        lines.append(row(cells))
    gap = [""] if any(details) else []
    lines += [row(["", "", f"~~{kind(step)}~~", _name(step), *gap, "**removed**"]) for step in removed]
    return "\n".join(lines)


def _name(step: Mapping[str, Any]) -> str:
    return prose(clip(str(step.get("name") or "without a name"), _LONGEST))


def _details(step: Mapping[str, Any]) -> str:
    return ", ".join(prose(clip(each, _LONGEST)) for each in conditions(step))


def _label(change: StepChange | None) -> str:
    if change is None:
        return ""
    if change.before is None:
        return "**new**"
    moved = [f"**moved** from position {change.moved[0]}"] if change.moved else []
    return ", ".join([*moved, *(["changed"] if change.fields else [])])


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
        if len(texts) > 1 or short:
            yield f"{prose(said.field)}:"
        yield _rows(said.before, said.after)


def _is_long(said: LabelledChange) -> bool:
    return max(len(said.before), len(said.after)) > _LONGEST or "\n" in said.before + said.after


def _field(said: LabelledChange, bullet: str) -> str:
    """`delay: ~~3 days~~ → **5 days**`."""
    name = prose(clip(said.field))
    if said.is_text and (said.field == "message" or _is_long(said)):
        runs = _runs(said.before, said.after)
        return f"{bullet}{name}: {runs}" if runs else f"{bullet}{name} rewritten"
    before, after, apart = side_by_side(said.before, said.after, _LONGEST)
    return f"{bullet}{name}: ~~{_inline(before)}~~ → **{_inline(after)}**{_looks_alike(apart)}"


def _days(said: LabelledChange) -> str:
    return f" ({said.days[0]} → {said.days[1]})" if said.days else ""


def _inline(value: str) -> str:
    """A value between marks of ours: words as they are, everything else as code."""
    return value if value and prose(value) == value.strip() == value else code(value)


def _looks_alike(said: str) -> str:
    return f" (they look alike: {prose(said)})" if said else ""


def _runs(before: str, after: str) -> str:
    """The words that went and those that came, where they are few enough for a line."""
    pieces, apart = reveal(compare(before, after))
    found: list[str] = []
    for index, (tag, text) in enumerate(pieces):
        if tag == "same":
            continue
        if "\n" in text or len(text) > _LONGEST:
            return ""
        shown = code(text.strip(" "))
        if tag == "new" and index and pieces[index - 1][0] == "old":
            found[-1] += f" → **{shown}**"
        else:
            found.append(f"~~{shown}~~" if tag == "old" else f"**{shown}** added")
    return plural_join(found) + _looks_alike(apart) if len(found) <= _RUNS else ""


def _rows(before: str, after: str) -> str:
    """The lines that went and came, with some around them, and what looks alike in them."""
    pieces, apart = reveal(list(_shortened(by_line(before, after))), keep="")
    near = _near(pieces)
    rows: list[str] = []
    skipped = False
    for index, (tag, text) in enumerate(pieces):
        if index not in near:
            skipped = True
            continue
        rows += ["  …"] if skipped else []
        skipped = False
        sign = _SIGNS[tag]
        rows += [f"{sign} {part}".rstrip(" ") for part in folded(text)]
    said = fence([*rows, "  …"] if skipped else rows, "diff")
    return f"{said}\n\nThey look alike: {prose(apart)}" if apart else said


_SIGNS: Final = {"same": " ", "old": "-", "new": "+"}


def _shortened(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The same, with `…` in long lines that took each other's place, where sentences are as they were."""
    for index, (tag, text) in enumerate(pieces):
        other = pieces[index + 1] if tag == "old" and index + 1 < len(pieces) else pieces[index - 1]
        pair = {"old": "new", "new": "old"}.get(tag)
        if pair != other[0] or min(columns(text), columns(other[1])) <= FENCE:
            yield tag, text
        else:
            old, new = (text, other[1]) if tag == "old" else (other[1], text)
            yield tag, _without_the_same(by_sentence(old, new), tag)


def _without_the_same(sentences: Sequence[Piece], mine: str) -> str:
    changed = [index for index, (tag, _) in enumerate(sentences) if tag != "same"]
    near = {at for index in changed for at in (index - 1, index, index + 1)}
    found: list[str] = []
    for index, (tag, text) in enumerate(sentences):
        if tag in {"same", mine} and index in near:
            found.append(text)
        elif tag == "same" and (not found or found[-1] != "… "):
            found.append("… ")
    return "".join(found).removesuffix(" ") if found and found[-1] == "… " else "".join(found)


def _near(pieces: Sequence[Piece]) -> set[int]:
    """The indices of what changed, and of the lines around it."""
    changed = (index for index, (tag, _) in enumerate(pieces) if tag != "same")
    return {near for index in changed for near in range(index - _AROUND, index + _AROUND + 1)}
