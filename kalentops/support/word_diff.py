"""Compare two texts word by word, sentence by sentence or line by line, with a bound on the work.

The only user of difflib's comparison of sequences: the texts may be hostile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import Match, SequenceMatcher
from typing import Any, Final, Literal, TypeAlias

# A word takes its trailing space along: spaces as tokens of their own make the comparison fall to pieces.
_WORD: Final = re.compile(r"\n|[^\S\n]*[^\s]+[^\S\n]*|[^\S\n]+")
# A sentence ends with its mark and the spaces after it, or with the line.
_MARKS: Final = r"[.!?\u2026\u3002]++[\"'\u201d\u2019)]*+"
_SENTENCE: Final = re.compile(
    rf"\n|(?=[^\n])(?:[^\n.!?\u2026\u3002]++|{_MARKS}(?=\S))*+(?:{_MARKS}[^\S\n]*+)?"
)


def compare(before: str, after: str) -> list[Piece]:
    """The pieces of both texts in reading order; joined without the new ones they are `before`, without the old ones
    `after`. If comparing words takes too long, sentences are compared; if that does, only common beginnings.
    """
    for token in (_WORD, _SENTENCE):
        old, new = token.findall(before), token.findall(after)
        found = opcodes(old, new)
        if found is not None:
            return [piece for each in found for piece in _pieces(each, old, new) if piece[1]]
    start = common_prefix(old, new)
    return [piece for piece in _joined(old[:start], old[start:], new[start:]) if piece[1]]


def by_line(before: str, after: str) -> list[Piece]:
    """A piece for each line, without its line feed. A replaced line is followed by its replacement, one by one if they
    are equally many. `↵` stands for a line feed at the end that only one of the texts has.
    """
    ends = [len(text) - len(text.rstrip("\n")) for text in (before, after)]
    old, new = (_lines(text, own - min(ends), own) for text, own in zip((before, after), ends, strict=True))
    changes = opcodes(old, new)
    if changes is None:
        start = common_prefix(old, new)
        changes = [("equal", 0, start, 0, start), ("replace", start, len(old), start, len(new))]
    found: list[Piece] = []
    for tag, i1, i2, j1, j2 in changes:
        gone, come = old[i1:i2], new[j1:j2]
        if tag == "equal":
            found += [("same", each) for each in come]
        elif len(gone) == len(come):
            found += [piece for each in zip(gone, come, strict=True) for piece in _pair(*each)]
        else:
            found += [*(("old", each) for each in gone), *(("new", each) for each in come)]
    return found


def _lines(text: str, more: int, ends: int) -> list[str]:
    """The lines of a text that ends with `ends` line feeds, `more` of them than the other text."""
    text = text[: len(text) - ends] + "↵" * more
    return text.split("\n") if text else []


def by_sentence(before: str, after: str) -> list[Piece]:
    """A piece for each sentence of two lines."""
    old, new = _SENTENCE.findall(before), _SENTENCE.findall(after)
    found: list[Piece] = []
    for tag, i1, i2, j1, j2 in opcodes(old, new) or [("replace", 0, len(old), 0, len(new))]:
        if tag == "equal":
            found += [("same", each) for each in new[j1:j2]]
        else:
            found += [*(("old", each) for each in old[i1:i2]), *(("new", each) for each in new[j1:j2])]
    return found


def _pair(gone: str, come: str) -> tuple[Piece, Piece]:
    return ("old", gone), ("new", come)


def _pieces(of: Opcode, old: list[str], new: list[str]) -> Iterator[Piece]:
    tag, i1, i2, j1, j2 = of
    return _joined(old[i1:i2], [], []) if tag == "equal" else _joined([], old[i1:i2], new[j1:j2])


def _joined(same: list[str], gone: list[str], come: list[str]) -> Iterator[Piece]:
    yield "same", "".join(same)
    yield "old", "".join(gone)
    yield "new", "".join(come)


BASE: Final = 10_000
PER_ITEM: Final = 50
"""Comparisons for each item of both lists. Two versions of a message need ten."""

Opcode = tuple[str, int, int, int, int]
Piece: TypeAlias = tuple[Literal["same", "old", "new"], str]


class _TooMuch(Exception):
    """The bound is reached."""


class _Counting(SequenceMatcher[str]):
    """Counts pairs of equal items, which take the time, before it compares them."""

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
    """`SequenceMatcher.get_opcodes`; None if it takes more comparisons than `BASE` and `PER_ITEM` allow."""
    # Common beginnings and ends cost nothing, so a change in the middle of a text is found at any length.
    start = common_prefix(old, new)
    end = common_prefix(old[start:][::-1], new[start:][::-1])
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


def common_prefix(one: Sequence[str], other: Sequence[str]) -> int:
    """The number of equal items at the beginning of both."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
