"""Plain data that knows where it stands in its file: from a path in the data to a line and a column in the text."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeAlias

Event: TypeAlias = Any  # an event of the parser: only its start_mark and end_mark are used here
_BREAK = re.compile(r"\r\n?|\n")
# Indentation, folding and line ends change blanks only. All other characters ("ink") of a scalar stand in its
# source in the same order, so character i of a value is found by counting the ink before it.
_INK = re.compile(r"[^ \t\r\n]")
_INK_SINGLE = re.compile(r"''|[^ \t\r\n]")
_INK_DOUBLE = re.compile(
    r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\r\n|(?s:.))|[^ \t\r\n]",
)
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_BLANK_CODES = frozenset({"9", "a", "d", "20"})


# A template's texts are looked at for each of its users, and a text is at most 1 MiB.
_MOST_INKS: Final = 32


class Broken:
    """Stands where a value could not be read; a finding about it exists already."""


BROKEN = Broken()
Tree: TypeAlias = "Map | Seq | str | int | float | bool | None | Broken"


class Map(dict[str, Any]):
    """A mapping with its positions: `marks[key]` is (event of the key, event of the value)."""

    __slots__ = ("height", "marks", "size")

    def __init__(self) -> None:
        self.marks: dict[str, tuple[Event, Event]] = {}
        self.size = 1
        self.height = 1


class Seq(list[Any]):
    """A sequence with its positions: `marks[i]` is the event of item i."""

    __slots__ = ("height", "marks", "size")

    def __init__(self) -> None:
        self.marks: list[Event] = []
        self.size = 1
        self.height = 1


def weight(value: Tree) -> int:
    """As how many values one counts: a mapping or a list as all that it holds, a long text as several."""
    if isinstance(value, Map | Seq):
        return value.size
    return 1 + len(value) // LONG if isinstance(value, str) else 1


LONG: Final = 128
"""Characters of a text for which it counts as one more value: what an alias repeats is looked at again."""


class Fault(NamedTuple):
    """Something wrong with the YAML itself. `line` and `column` count from 1."""

    code: str
    line: int
    column: int
    message: str
    hint: str


@dataclass(slots=True)
class Parsed:
    """The data of one file, or None where it could not be built, and what is wrong with it."""

    data: Tree = None
    faults: list[Fault] = field(default_factory=list)
    usable: bool = False


def merge(node: Map, sources: Iterable[Map]) -> None:
    """Take in what `<<` names; a key that the mapping has itself wins, then that of the first source."""
    for source in sources:
        for key, value in source.items():
            if key not in node.marks:
                node[key] = value
                node.marks[key] = source.marks[key]


class Places:
    """The places of one file's values. Nothing is computed before it is asked for."""

    def __init__(self, text: str, root: Tree) -> None:
        self._text = text
        self._root = root
        self._inks: dict[int, _Ink] = {}

    def find(
        self, path: Sequence[str | int], *, at: int | None = None, on_key: bool = False
    ) -> tuple[int, int]:
        """Line and column (from 1) of the value at `path`, of its key, or of character `at` of its text.

        Where the path leads further than the data, the place of the last part that exists is given; where a
        character can't be found in the source, the place of its text.
        """
        node, event = self._at(path, on_key=on_key)
        if event is None:
            return self._first()
        if at is not None and isinstance(node, str):
            index = self._index(event, node, at)
            if index is not None:
                return self.at(index)
        return event.start_mark.line + 1, event.start_mark.column + 1

    def at(self, index: int) -> tuple[int, int]:
        """Line and column (from 1) of a character of the text."""
        line = bisect_right(self._lines, index)
        return line, index - self._lines[line - 1] + 1

    def written(self, path: Sequence[str | int]) -> str:
        """The scalar at `path` as its author wrote it, without quotes; empty where there is none."""
        return str(getattr(self._at(path)[1], "value", ""))

    def _at(self, path: Sequence[str | int], *, on_key: bool = False) -> tuple[Any, Event]:
        node: Any = self._root
        event: Event = None
        for depth, part in enumerate(path):
            if isinstance(node, Map) and part in node.marks:
                key_event, event = node.marks[str(part)]
                node = node.get(str(part))  # a misspelt key has a place, and its value another name
                if on_key and depth == len(path) - 1:
                    event = key_event
            elif isinstance(node, Seq) and isinstance(part, int) and part < len(node):
                event, node = node.marks[part], node[part]
            else:
                break
        return node, event

    def _first(self) -> tuple[int, int]:
        if isinstance(self._root, Map) and self._root.marks:
            mark = next(iter(self._root.marks.values()))[0].start_mark
            return mark.line + 1, mark.column + 1
        return 1, 1

    @cached_property
    def _lines(self) -> list[int]:
        return [0, *(match.end() for match in _BREAK.finditer(self._text))]

    def _index(self, event: Event, value: str, at: int) -> int | None:
        start = event.start_mark.index
        ink = self._inks.get(start)
        if ink is None:
            if len(self._inks) >= _MOST_INKS:
                self._inks.clear()
            ink = self._inks[start] = _Ink(self._text, event, value)
        return ink.source_of(at)


class _Ink:
    """The ink of one scalar, in its value and in its source."""

    def __init__(self, text: str, event: Event, value: str) -> None:
        self._value = array("I", (match.start() for match in _INK.finditer(value)))
        self._source = array("I", _source(text, event))

    def source_of(self, at: int) -> int | None:
        """The index in the source of character `at` of the value, or of the first ink after it."""
        number = bisect_right(self._value, at) - 1
        if number < 0 or self._value[number] != at:
            number += 1
        return self._source[number] if number < len(self._source) else None


def _source(text: str, event: Any) -> list[int]:
    style = getattr(event, "style", None)
    start, end = event.start_mark.index, event.end_mark.index
    if style is None and not hasattr(event, "value"):
        return []  # an alias: its text stands elsewhere
    match = _PROPERTIES.match(text, start, end)
    start = match.end() if match and (event.anchor or event.tag) else start
    if style in {"|", ">"}:
        header = _BREAK.search(text, start, end)
        start = header.end() if header else end
        return [match.start() for match in _INK.finditer(text, start, end)]
    if style == "'":
        return [match.start() for match in _INK_SINGLE.finditer(text, start + 1, end - 1)]
    if style == '"':
        found = _INK_DOUBLE.finditer(text, start + 1, end - 1)
        return [match.start() for match in found if not _is_blank(match[0])]
    return [match.start() for match in _INK.finditer(text, start, end)]


def _is_blank(part: str) -> bool:
    """Whether an escape stands for a blank, or for no character at all (at the end of a line)."""
    if part[0] != "\\" or len(part) == 1:
        return False
    if part[1] in "xuU" and len(part) > 2:  # noqa: PLR2004 - a backslash and a letter
        return part[2:].lstrip("0").lower() in _BLANK_CODES
    return part[1] in "ntr \t\r\n"
