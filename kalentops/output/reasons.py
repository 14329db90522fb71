"""Reasons for people: a short sentence, and what can be done on lines of its own, each with what to type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kalentops.output.markdown_blocks import code, prose
from kalentops.output.terminal import Line, Style, line
from kalentops.plan.explanation import Remedy, parted
from kalentops.support.text import visible, with_times


def reason(of: str, indent: str, style: Style = "dim") -> Iterator[Line]:
    """As lines of text."""
    said, on = parted(of)
    yield line((f"{indent}{visible(with_times(said))}", style))
    yield from ways(on, indent)


def ways(of: Iterable[Remedy], indent: str) -> Iterator[Line]:
    """What can be done, as lines of text, the commands one below the other."""
    labelled = [(visible(f"{each.label}:"), each) for each in of]
    width = max((len(label) for label, _ in labelled), default=0)
    for label, each in labelled:
        note = f"  ({visible(each.note)})" if each.note else ""
        yield line((f"{indent}{label:<{width}} ", "dim"), (visible(each.code), "code"), (note, "dim"))


def marked(of: str) -> str:
    """As the rest of an item of a list in Markdown, with a list of its own."""
    said, on = parted(of)
    return "\n".join([prose(with_times(said)), *(f"  - {_way(each)}" for each in on)])


def _way(of: Remedy) -> str:
    note = f" ({prose(of.note)})" if of.note else ""
    return f"{prose(of.label)}: {code(of.code)}{note}"
