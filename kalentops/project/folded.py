"""Where YAML joins lines that their author meant as lines: below a `>`, in quotes, and in a text without quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

_LINE: Final = re.compile(r"([ \t]*)([^\r\n]*)(?:\r\n?|\n|\Z)")
_ITEM: Final = re.compile(r"(?:[-*+\u2022\u2013\u2014\u25aa\u2713\u2714\u2192]|\d{1,2}[.)])\s")
# A line that is wrapped holds about as much as the longest one: as much as this, at least.
_WIDTH: Final = 50
_FILLED: Final = 0.8


def first_joined(text: str, event: Any) -> tuple[int, str] | None:
    """The index of the first line that comes closer to the one above than it stands in the file, and what is lost
    between them: `line break` where it looks like a line of its own (an item of a list, or the line above had room
    for its first word), `empty line` where one stands between them, of which a line break remains.
    """
    if event.style == "|":
        return None
    lines = list(_lines(text, event))
    width = _FILLED * max([_WIDTH, *(len(words) for _, _, words in lines)])
    least = min((indent for indent, _, words in lines if words), default=0)
    above, empty = "", 0
    for indent, index, words in lines:
        if not words:
            empty += 1
            continue
        kept = event.style == ">" and indent > least  # a line that is indented more keeps its line breaks
        if above and not kept and not (event.style == '"' and _breaks(above)):
            if empty == 1:
                return index, "empty line"
            if not empty and (_ITEM.match(words) or len(above) + 1 + len(words.split(None, 1)[0]) <= width):
                return index, "line break"
        above, empty = ("" if kept else words), 0
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
