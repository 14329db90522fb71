"""Lines of a text report: pieces with a style; written to a terminal, a pipe or the log of a CI system.

The only user of rich, which is loaded for a terminal alone.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from typing import IO, Any, Final, Literal, TypeAlias

from kalentops.support.text import escape_line, visible

Style: TypeAlias = Literal["", "bold", "dim", "good", "bad", "warn", "old", "new", "code"]
Piece: TypeAlias = tuple[str, Style]
Line: TypeAlias = tuple[Piece, ...]
_NARROWEST: Final = 40
WIDTH: Final = 80
"""Columns of a report that is not on a terminal."""
# Where a line may be broken: at spaces, but not within backticks, nor in a piece of code: one can copy a command.
_GAP: Final = re.compile(r"`[^`]*`|( +)")


def line(*pieces: str | Piece) -> Line:
    return tuple((piece, "") if isinstance(piece, str) else piece for piece in pieces)


def plain(of: Line) -> str:
    return "".join(text for text, _ in of)


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: East Asian letters and emoji take two, marks on letters none."""
    return len(text) if _is_narrow(text) else sum(map(_cells, text))


def padded(text: str, width: int) -> str:
    """The text with spaces behind it, as many as it lacks columns."""
    return text + " " * (width - columns(text))


def cut(text: str, width: int) -> str:
    """The text, with `…` at its end where it takes more columns than `width`, which is at least 1."""
    if _is_narrow(text):
        return text if len(text) <= width else text[: width - 1].rstrip() + "…"
    taken, end = 0, None
    for at, char in enumerate(text):
        taken += _cells(char)
        if end is None and taken >= width:
            end = at
        if taken > width:
            return text[:end].rstrip() + "…"
    return text


# Latin letters, dashes, quotes and currencies: each takes one column.
_NARROW: Final = re.compile(r"[\x20-\x7e\xa0-\xac\xae-\u02ff\u2010-\u2027\u2030-\u205e\u20a0-\u20bf]*")


def _is_narrow(text: str) -> bool:
    """Whether a text takes as many columns as it has characters."""
    return text.isascii() or _NARROW.fullmatch(text) is not None


@lru_cache(maxsize=1 << 12)
def _cells(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def wrapped(of: Line, width: int) -> Iterator[Line]:
    """The line, broken between words where it is longer than `width`; what goes on stands two columns deeper."""
    text = plain(of)
    if columns(text) <= width or width < _NARROWEST:
        yield of
        return
    deep = min(len(text) - len(text.lstrip()) + 2, width // 2)
    whole = list(_code(of))
    gaps = [
        found.span()
        for found in _GAP.finditer(text)
        if found[1] and found.start() and not any(a <= found.start() < b for a, b in whole)
    ]
    begin, room, last = 0, width, None
    for gap in [*gaps, (len(text), len(text))]:
        if columns(text[begin : gap[0]]) > room and last is not None:
            yield _cut(of, begin, last[0], deep if begin else 0)
            begin, room = last[1], width - deep
        last = gap
    yield _cut(of, begin, len(text), deep if begin else 0)


def _code(of: Line) -> Iterator[tuple[int, int]]:
    """Where its pieces of code begin and end."""
    at = 0
    for text, style in of:
        if style == "code":
            yield at, at + len(text)
        at += len(text)


def _cut(of: Line, begin: int, end: int, indent: int) -> Line:
    found: list[Piece] = [(" " * indent, "")] if indent else []
    at = 0
    for text, style in of:
        piece = text[max(begin - at, 0) : max(end - at, 0)]
        if piece:
            found.append((piece, style))
        at += len(text)
    return tuple(found)


_AT_ONCE: Final = 50
_END: Final = ("\n", "")
_COLOURS: Final = {
    "bold": "bold",
    "dim": "dim",
    "good": "green",
    "bad": "bold red",
    "warn": "yellow",
    "old": "red strike",
    "new": "green",
    "code": "",
}


def is_terminal(stream: IO[str]) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def wants_colour(stream: IO[str]) -> bool:
    """Colour on a terminal only, and not where NO_COLOR is set to anything (no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def show(lines: Iterable[Line], stream: IO[str] | None = None) -> None:
    """Write the lines to a stream, stdout by default. Their texts have been made safe by who made them.

    Long ones are broken between words, on a terminal only: who reads a pipe wants each whole.
    """
    out = stream or sys.stdout
    if out is not sys.stdout and sys.stdout is not None:
        with suppress(OSError, ValueError):  # a log takes both streams, and stdout waits for a full block
            sys.stdout.flush()
    if is_terminal(out):
        columns = width(out)
        lines = (part for each in lines for part in wrapped(each, columns))
    if not wants_colour(out):
        for each in lines:
            out.write(escape_line(plain(each)).rstrip() + "\n")
        return
    console, text = _console(out)
    for some in _groups(lines):
        pieces = [(piece, _COLOURS.get(style, "")) for each in some for piece, style in (*each, _END)]
        console.print(text.assemble(*pieces), soft_wrap=True, end="")


def _groups(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Some lines at a time: rich takes five times as long for each alone."""
    rest = iter(lines)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


def width(stream: IO[str]) -> int:
    """How many columns a report has there: a terminal's, and `WIDTH` in a pipe."""
    if not is_terminal(stream):
        return WIDTH
    try:
        return os.get_terminal_size(stream.fileno()).columns or WIDTH
    except (OSError, ValueError):  # no descriptor, or it is closed
        return WIDTH


def _console(stream: IO[str]) -> tuple[Any, Any]:
    from rich.console import Console
    from rich.text import Text

    return Console(file=stream, markup=False, emoji=False, highlight=False), Text


class Bar:
    """A progress bar: how much of `total` is done, and what was done last. Lines can be shown above it."""

    def __init__(self, stream: IO[str], what: str, total: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.table import Column

        console, self._text = _console(stream)
        # On a narrow terminal the end of the description is left out, not wrapped into a second line.
        described = Column(no_wrap=True, overflow="ellipsis", ratio=1)
        columns = (
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            TextColumn("{task.description}", markup=False, table_column=described),
        )
        self._bar = Progress(*columns, console=console, transient=True, expand=True, redirect_stdout=False)
        self._task = self._bar.add_task(what, total=total)
        self._bar.start()

    def update(self, what: str, done: int) -> None:
        self._bar.update(self._task, description=visible(what), completed=done)

    def show(self, lines: Iterable[Line]) -> None:
        for each in lines:
            pieces = ((piece, _COLOURS.get(style, "")) for piece, style in each)
            self._bar.console.print(self._text.assemble(*pieces), soft_wrap=True)

    def stop(self) -> None:
        self._bar.stop()


def notice(notes: Iterable[str]) -> None:
    """Show what a person should know beside the result: on stderr."""
    show((line(("note: ", "warn"), visible(note)) for note in notes), sys.stderr)
