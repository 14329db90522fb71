"""Plain data that knows where it stands in its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Event: TypeAlias = Any  # an event of the parser: only its start_mark and end_mark are used here


class Broken:
    """Stands where a value could not be read; a finding about it exists already."""


BROKEN = Broken()
Tree: TypeAlias = "Map | Seq | str | int | float | bool | None | Broken"


class Map(dict[str, Any]):
    """A mapping with its positions: `marks[key]` is (event of the key, event of the value)."""

    __slots__ = ("height", "marks", "merges", "size")

    def __init__(self) -> None:
        self.marks: dict[str, tuple[Event, Event]] = {}
        self.merges: list[Map] = []
        self.size = 1
        self.height = 1


class Seq(list[Any]):
    """A sequence with its positions: `marks[i]` is the event of item i."""

    __slots__ = ("height", "marks", "size")

    def __init__(self) -> None:
        self.marks: list[Event] = []
        self.size = 1
        self.height = 1


@dataclass(frozen=True, slots=True, order=True)
class Fault:
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


def locate(
    text: str,
    root: Tree,
    path: Sequence[str | int],
    *,
    token: str | None = None,
    nth: int = 0,
    on_key: bool = False,
) -> tuple[int, int]:
    """Line and column (from 1) of the value at `path`, of its key, or of occurrence `nth` of `token` in it.

    Where the path leads further than the data, the place of the last part that exists is given.
    """
    node: Any = root
    event: Event = None
    for depth, part in enumerate(path):
        found = _step(node, part)
        if found is None:
            break
        key_event, event, node = found
        if on_key and depth == len(path) - 1 and key_event is not None:
            event = key_event
    if event is None:
        return _first_place(root)
    if token is not None and isinstance(node, str):
        index = _find(text, event.start_mark.index, event.end_mark.index, token, nth)
        if index is not None:
            return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)
    return event.start_mark.line + 1, event.start_mark.column + 1


def _step(node: Any, part: str | int) -> tuple[Event, Event, Any] | None:
    if isinstance(node, Map) and part in node.marks:
        key_event, event = node.marks[str(part)]
        return key_event, event, node[str(part)]
    if isinstance(node, Seq) and isinstance(part, int) and part < len(node):
        return None, node.marks[part], node[part]
    return None


def _first_place(root: Tree) -> tuple[int, int]:
    if isinstance(root, Map) and root.marks:
        mark = next(iter(root.marks.values()))[0].start_mark
        return mark.line + 1, mark.column + 1
    return 1, 1


def _find(text: str, start: int, end: int, token: str, nth: int) -> int | None:
    """Where the token stands in the source of a scalar; None where escapes or folding hide it."""
    at = start - 1
    for _ in range(nth + 1):
        at = text.find(token, at + 1, end)
        if at < 0:
            return None
    return at
