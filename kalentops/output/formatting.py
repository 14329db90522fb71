"""What `fmt` has done or would do: names, a diff, and what it has left alone."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Final

from kalentops.output import findings
from kalentops.output.lines import Line, Style, line
from kalentops.support.text import count, visible
from kalentops.yamlfile.formatting import Formatted
from kalentops.yamlfile.layout import line_end_of

_STYLES: Final[dict[str, Style]] = {"-": "bad", "+": "good", "@": "dim"}


def left_alone(done: Sequence[Formatted]) -> Iterator[Line]:
    """The files that could not be laid out, and why."""
    for each in done:
        yield from findings.findings(each.findings)
        if each.problem:
            yield line((f"{visible(each.name)}: ", "bold"), ("left as it is: ", "bad"), visible(each.problem))


def changed(done: Sequence[Formatted], *, written: bool) -> Iterator[Line]:
    """The names of the files that are not as they were, or would not be."""
    for each in done:
        if each.changed:
            yield line("formatted: " if written else "would format: ", (visible(each.name), "bold"))


def diff(done: Sequence[Formatted]) -> Iterator[Line]:
    """What would change, for people: blanks at the end of a line are shown as dots."""
    for each in done:
        name, crlf = visible(each.name), line_end_of(each.after) == "\r\n"
        lines = difflib.unified_diff(
            _lines(each.before, crlf=crlf),
            _lines(each.after, crlf=crlf),
            name,
            f"{name}, formatted",
            n=2,
            lineterm="",
        )
        for number, text in enumerate(lines):
            shown = _shown(text)
            yield line((shown, "bold" if number < 2 else _STYLES.get(text[:1], "")))  # noqa: PLR2004 - both names


def _lines(text: str, *, crlf: bool) -> list[str]:
    """The lines without their ends; one that ends otherwise than those of the file says so."""
    lines = text.split("\n")
    if crlf:
        ended = [each[:-1] if each.endswith("\r") else f"{each} (a line feed alone)" for each in lines[:-1]]
        lines = [*ended, lines[-1]]
    return [*lines[:-1], *([lines[-1] + "\n"] if lines[-1] else [])]


def _shown(text: str) -> str:
    whole = text.rstrip("\n")
    ink = whole.rstrip(" ") if len(whole) > 1 else whole
    dots = "·" * (len(whole) - len(ink))
    return visible(ink) + dots + (" (no line feed at the end)" if text != whole else "")


def summary(done: Sequence[Formatted], *, written: bool) -> Line:
    """The last line: `1 file formatted, 4 unchanged`."""
    new = sum(each.changed for each in done)
    alone = sum(bool(each.findings or each.problem) for each in done)
    same = len(done) - new - alone
    parts = [f"{count(new, 'file')} {'formatted' if written else 'would change'}"] if new else []
    parts += [f"{count(same, 'file')} unchanged"] if same or not (new or alone) else []
    parts += [f"{count(alone, 'file')} left as {'it is' if alone == 1 else 'they are'}"] if alone else []
    return line((", ".join(parts), "bad" if alone else "good"))
