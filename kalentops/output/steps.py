"""Steps and their changes as lines of text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from kalentops.blueprint.labels import kind
from kalentops.output.lines import WIDTH, Line, Piece, Style, cut, line
from kalentops.output.wording import Said, StepChange, days, schedule, step_changes
from kalentops.support import word_diff
from kalentops.support.confusables import apart, reveal, side_by_side
from kalentops.support.text import clip, some, visible
from kalentops.support.word_diff import Piece as Compared

_SHORTEST: Final = 24
_SOME: Final = 3


def outline(body: Mapping[str, Any], indent: str, *, full: bool, width: int = WIDTH) -> Iterator[Line]:
    """The steps of a new blueprint; with `full`, whole texts, else as much of each as the width has room for."""
    steps = body.get("steps") or ()
    if not steps:
        yield line((f"{indent}no steps yet", "dim"))
    for number, (step, when) in enumerate(zip(steps, schedule(body).values(), strict=True), 1):
        yield line(f"{indent}{number}. {kind(step)}, {when}: ", (clip(str(step.get("name", ""))), "bold"))
        subject, content = step.get("subject"), str(step.get("content", ""))
        if subject:
            yield line((f"{indent}   subject: ", "dim"), visible(str(subject)))
        if full:
            yield from (line(f"{indent}   ", (visible(each), "")) for each in content.split("\n") if content)
        elif content:
            yield line((f"{indent}   {glance(content, width - len(indent) - 3)}", "dim"))


def changed(
    before: Mapping[str, Any], after: Mapping[str, Any], indent: str, width: int = WIDTH
) -> Iterator[Line]:
    """What turns one body into the other, each change as one or a few lines."""
    found, times = step_changes(before, after), (schedule(before), schedule(after))
    for each in found:
        where = f"{indent}step {visible(each.step)}: " if each.step is not None else f"{indent}blueprint: "
        if each.before is None and each.after is not None:
            yield from _whole(f"{where}added, ", each.after, times[1][each.step or ""], "new", width)
        elif each.after is None and each.before is not None:
            yield from _whole(f"{where}removed, ", each.before, times[0][each.step or ""], "old", width)
        else:
            yield from _within(each, where, indent, width)
    yield from _twins(found, indent)
    yield from _shifted(found, before, after, indent)


def _within(each: StepChange, where: str, indent: str, width: int) -> Iterator[Line]:
    if each.moved is not None:
        yield line(f"{where}moved from position {each.moved[0]} to {each.moved[1]}")
    for said in each.fields:
        if said.is_text:
            yield line(f"{where}{said.field}")
            yield from _words(said.before, said.after, indent + "    ")
        else:
            yield from _value(said, where, indent + "    ", width)


def _value(said: Said, where: str, indent: str, width: int) -> Iterator[Line]:
    old, new, apart = side_by_side(said.before, said.after, max(width - len(indent), _SHORTEST))
    on = f" ({said.days[0]} → {said.days[1]})" if said.days else ""
    yield line(f"{where}{visible(said.field)} ", (old, "old"), " → ", (new, "new"), on)
    yield from _looks_alike(apart, indent)


def _looks_alike(said: str, indent: str) -> Iterator[Line]:
    if said:
        yield line((f"{indent}they look alike: {said}", "warn"))


def _twins(found: Sequence[StepChange], indent: str) -> Iterator[Line]:
    """Steps that came and went whose ids look alike."""
    gone = [each.step for each in found if each.step is not None and each.after is None]
    for each in found:
        if each.step is None or each.before is not None:
            continue
        twins = ((old, told.said) for old in gone[:_SOME] if (told := apart(old, each.step)))
        for old, said in twins:
            yield from _looks_alike(f"the ids {visible(old)} and {visible(each.step)}: {said}", indent)


def _shifted(
    found: Sequence[StepChange], before: Mapping[str, Any], after: Mapping[str, Any], indent: str
) -> Iterator[Line]:
    """The steps that happen on another day although nothing was changed in their own wait."""
    told = {each.step for each in found for said in each.fields if said.days or said.field == "when"}
    old, new = days(before), days(after)
    shifted = [
        f"{visible(step)} {old[step]} → {on}"
        for step, on in new.items()
        if step not in told and old.get(step, on) != on
    ]
    if shifted:
        yield line((f"{indent}other days, by the waits before them: {some(shifted, _SOME, '; ')}", "dim"))


def glance(text: str, width: int) -> str:
    """The beginning of a text on one line."""
    width = max(width, _SHORTEST)
    return cut(visible(" ".join(text.lstrip()[: 4 * width].split())), width)


def _whole(where: str, step: Mapping[str, Any], when: str, style: Style, width: int) -> Iterator[Line]:
    yield line(where, (f"{kind(step)}, {when}", style))
    indent = " " * (len(where) - len(where.lstrip()) + 4)
    text = glance(str(step.get("content", "")), width - len(indent))
    if text:
        yield line(indent, (text, style))


def _words(before: str, after: str, indent: str) -> Iterator[Line]:
    """The lines in which something changed, with `[-old-]` and `{+new+}` around what did; `↵` is an end of line
    that came or went. What looks alike is named below.
    """
    current: list[Piece] = []
    touched = False
    pieces, apart = reveal(list(_tidied(word_diff.compare(before, after))))
    for tag, text in pieces:
        for part in _lines(text):
            shown = part.removesuffix("\n") + ("↵" if tag != "same" and part.endswith("\n") else "")
            if shown:
                current.append(_marked(tag, shown))
                touched = touched or tag != "same"
            if part.endswith("\n"):
                if touched:
                    yield line(indent, *current)
                current, touched = [], False
    if touched:
        yield line(indent, *current)
    yield from _looks_alike(apart, indent)


def _tidied(pieces: Sequence[Compared]) -> Iterator[Compared]:
    """The same text with the spaces that an old word and the new one share outside of their marks."""
    for index, (tag, text) in enumerate(pieces):
        before, after = (
            pieces[at] if 0 <= at < len(pieces) else ("same", "") for at in (index - 1, index + 1)
        )
        if tag == "old" and after[0] == "new":
            yield "old", text.removesuffix(_shared(text, after[1]))
        elif tag == "new" and before[0] == "old":
            shared = _shared(before[1], text)
            yield from (("new", text.removesuffix(shared)), ("same", shared))
        else:
            yield tag, text


def _shared(one: str, other: str) -> str:
    """The spaces with which both end; nothing where one of them is nothing else."""
    shared = min((text[len(text.rstrip(" ")) :] for text in (one, other)), key=len)
    return "" if shared in {one, other} else shared


def _lines(text: str) -> list[str]:
    """The lines with their line feeds; `splitlines` would also break at others."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _marked(tag: str, text: str) -> Piece:
    if tag == "old":
        return f"[-{text}-]", "old"
    return (f"{{+{text}+}}", "new") if tag == "new" else (text, "")
