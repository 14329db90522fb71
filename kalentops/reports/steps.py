"""Steps and their changes as lines of text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from kalentops import words
from kalentops.reports.lines import Line, Piece, line
from kalentops.reports.wording import Said, StepChange, step_changes, when
from kalentops.terms import kind
from kalentops.text import clip, visible

_CLIP: Final = 64


def outline(body: Mapping[str, Any], indent: str, *, full: bool) -> Iterator[Line]:
    """The steps of a new blueprint; with `full`, whole texts."""
    steps = body.get("steps") or ()
    if not steps:
        yield line((f"{indent}no steps yet", "dim"))
    for number, step in enumerate(steps, 1):
        yield line(
            f"{indent}{number}. {kind(step)}, {when(step)}: ", (clip(str(step.get("name", ""))), "bold")
        )
        subject, content = step.get("subject"), str(step.get("content", ""))
        if subject:
            yield line((f"{indent}   subject: ", "dim"), visible(str(subject)))
        if full:
            yield from (line(f"{indent}   ", (visible(each), "")) for each in content.split("\n") if content)
        elif content:
            yield line((f"{indent}   {glance(content)}", "dim"))


def changed(before: Mapping[str, Any], after: Mapping[str, Any], indent: str) -> Iterator[Line]:
    """What turns one body into the other, each change as one or a few lines."""
    for each in step_changes(before, after):
        where = f"{indent}step {visible(each.step)}: " if each.step is not None else f"{indent}blueprint: "
        if each.before is None and each.after is not None:
            yield line(f"{where}added, ", (_whole(each.after), "new"))
        elif each.after is None and each.before is not None:
            yield line(f"{where}removed, ", (_whole(each.before), "old"))
        else:
            yield from _within(each, where, indent)


def _within(each: StepChange, where: str, indent: str) -> Iterator[Line]:
    if each.moved is not None:
        yield line(f"{where}moved from position {each.moved[0]} to {each.moved[1]}")
    for said in each.fields:
        if said.is_text:
            yield line(f"{where}{said.field}")
            yield from _words(said.before, said.after, indent + "    ")
        else:
            yield _value(said, where)


def _value(said: Said, where: str) -> Line:
    old, new = (clip(value, _CLIP) for value in (said.before, said.after))
    return line(f"{where}{visible(said.field)} ", (old, "old"), " → ", (new, "new"))


def glance(text: str) -> str:
    """The beginning of a text on one line."""
    return clip(" ".join(text.split()), _CLIP)


def _whole(step: Mapping[str, Any]) -> str:
    return f"{kind(step)}, {when(step)}: {glance(str(step.get('content', '')))}"


def _words(before: str, after: str, indent: str) -> Iterator[Line]:
    """The lines in which something changed, with `[-old-]` and `{+new+}` around what did; `↵` is an end of line
    that came or went.
    """
    current: list[Piece] = []
    touched = False
    for tag, text in _tidied(words.compare(before, after)):
        for part in _lines(text):
            shown = visible(part.removesuffix("\n")) + ("↵" if tag != "same" and part.endswith("\n") else "")
            if shown:
                current.append(_marked(tag, shown))
                touched = touched or tag != "same"
            if part.endswith("\n"):
                if touched:
                    yield line(indent, *current)
                current, touched = [], False
    if touched:
        yield line(indent, *current)


def _tidied(pieces: Sequence[words.Piece]) -> Iterator[words.Piece]:
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
