"""Where YAML joins lines that their author meant as lines: below a `>`, in quotes, and in a text without quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

_LINE: Final = re.compile(r"([ \t]*)([^\r\n]*)(?:\r\n?|\n|\Z)")
_ITEM: Final = re.compile(r"(?:[-*+\u2022\u2013\u2014\u25aa\u2713\u2714\u2192]|\d{1,2}[.)])\s")
# A line that is wrapped holds about as much as the longest one: as much as this, at least.
_WIDTH: Final = 50
_FILLED: Final = 0.8


def first_joined(text: str, event: Any) -> int | None:
    """The index of the first line that is joined to the one above although it looks like one of its own: an item of a
    list, or the line above had room for its first word.
    """
    if event.style == "|":
        return None
    lines = list(_lines(text, event))
    width = _FILLED * max([_WIDTH, *(len(words) for _, _, words in lines)])
    least = min((indent for indent, _, words in lines if words), default=0)
    for (indent, _, above), (own_indent, index, words) in pairwise(lines):
        kept = event.style == ">" and max(indent, own_indent) > least
        if not above or not words or kept or (event.style == '"' and _breaks(above)):
            continue
        if _ITEM.match(words) or len(above) + 1 + len(words.split(None, 1)[0]) <= width:
            return index
    return None


def _breaks(line: str) -> bool:
    r"""Whether a line in double quotes says itself how it goes on: by `\n`, or by a backslash at its end."""
    return line.endswith(("\\n", "\\"))


def _lines(text: str, event: Any) -> Iterator[tuple[int, int, str]]:
    """Indentation, index and words of each line of a scalar, as they stand in the file."""
    start, end = event.start_mark.index, event.end_mark.index
    if event.style == ">":
        header = _LINE.match(text, start, end)
        start = header.end() if header else end
    elif event.style:
        start, end = start + 1, end - 1
    while start < end:
        match = _LINE.match(text, start, end)
        if match is None or match.end() == start:
            return
        yield len(match[1]), match.start(2), match[2].rstrip()
        start = match.end()
