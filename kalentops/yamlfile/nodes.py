"""Plain data that knows where it stands in its file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

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


def weight(value: Tree) -> int:
    """As how many values one counts: a mapping or a list as all that it holds, a long text as several."""
    if isinstance(value, Map | Seq):
        return value.size
    return 1 + len(value) // LONG if isinstance(value, str) else 1


LONG: Final = 128
"""Characters of a text for which it counts as one more value: what an alias repeats is looked at again."""


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


def merge(node: Map) -> None:
    """Take in what `<<` names; a key that the mapping has itself wins, then that of the first source."""
    for source in node.merges:
        for key, value in source.items():
            if key not in node.marks:
                node[key] = value
                node.marks[key] = source.marks[key]
