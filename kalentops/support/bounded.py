"""Two lists, item by item, with a bound on the work: a stranger may have written both. The only user of difflib's
comparison of sequences.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import Match, SequenceMatcher
from typing import Any, Final

BASE: Final = 10_000
PER_ITEM: Final = 50
"""Comparisons for each item of both lists. Two versions of a message need ten."""

Opcode = tuple[str, int, int, int, int]


class _TooMuch(Exception):
    """The bound is reached."""


class _Counting(SequenceMatcher[str]):
    """Counts the pairs of equal items that it looks at, which is what its time goes into, before it does so."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        super().__init__(None, old, new, autojunk=False)
        self.left = BASE + PER_ITEM * (len(old) + len(new))

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> Match:
        places: Any = self.b2j  # type: ignore[attr-defined]  # not in the stubs, and described in difflib's source
        items = self.a[alo : len(self.a) if ahi is None else ahi]  # type: ignore[attr-defined]
        self.left -= len(items) + sum(len(places.get(each, ())) for each in items)
        if self.left < 0:
            raise _TooMuch
        return super().find_longest_match(alo, ahi, blo, bhi)


def opcodes(old: Sequence[str], new: Sequence[str]) -> list[Opcode] | None:
    """What turns one list into the other, as `SequenceMatcher.get_opcodes` gives it; None where finding it takes more
    comparisons than `BASE` and `PER_ITEM` allow.
    """
    # What both begin and end with costs nothing: a change in the middle of a long text is found at any length.
    start = common(old, new)
    end = common(old[start:][::-1], new[start:][::-1])
    last, other_last = len(old) - end, len(new) - end
    try:
        found = _Counting(old[start:last], new[start:other_last]).get_opcodes()
    except _TooMuch:
        return None
    head: list[Opcode] = [("equal", 0, start, 0, start)] if start else []
    tail: list[Opcode] = [("equal", last, len(old), other_last, len(new))] if end else []
    return [
        *head,
        *((tag, i1 + start, i2 + start, j1 + start, j2 + start) for tag, i1, i2, j1, j2 in found),
        *tail,
    ]


def common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many items both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
