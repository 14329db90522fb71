"""What a text report consists of: lines of pieces, each with a style. Pure data; the console knows colours."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

Style: TypeAlias = Literal["", "bold", "dim", "good", "bad", "warn", "old", "new", "code"]
Piece: TypeAlias = tuple[str, Style]
Line: TypeAlias = tuple[Piece, ...]
_NARROWEST: Final = 40
WIDTH: Final = 80
"""Columns of a report that nobody reads on a terminal."""
# Where a line may be broken: at spaces, but not within backticks, nor in a piece of code: one can copy a command.
_GAP: Final = re.compile(r"`[^`]*`|( +)")


def line(*pieces: str | Piece) -> Line:
    return tuple((piece, "") if isinstance(piece, str) else piece for piece in pieces)


def plain(of: Line) -> str:
    return "".join(text for text, _ in of)


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: East Asian letters and emoji take two, marks on letters none."""
    if text.isascii():
        return len(text)
    return sum(_WIDTHS.get(unicodedata.east_asian_width(each), 1) for each in text if not _is_mark(each))


def padded(text: str, width: int) -> str:
    """The text with spaces behind it, as many as it lacks columns."""
    return text + " " * (width - columns(text))


def cut(text: str, width: int) -> str:
    """The text, with `…` at its end where it takes more columns than `width`."""
    if columns(text) <= width:
        return text
    if text.isascii():
        return text[: width - 1].rstrip() + "…"
    taken, at = 0, 0
    for at, char in enumerate(text):  # noqa: B007 - where it stops
        taken += columns(char)
        if taken >= width:
            break
    return text[:at].rstrip() + "…"


_WIDTHS: Final = {"W": 2, "F": 2}


def _is_mark(char: str) -> bool:
    return unicodedata.category(char) in {"Mn", "Me", "Cf"}


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
