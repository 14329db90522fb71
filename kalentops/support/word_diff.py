"""Two texts: word by word, and line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kalentops.support.bounded import Opcode, common, opcodes
from kalentops.support.confusables_report import Piece

# A word takes its trailing space along: spaces as tokens of their own make the comparison fall to pieces.
_WORD: Final = re.compile(r"\n|[^\S\n]*[^\s]+[^\S\n]*|[^\S\n]+")
# A sentence ends with its mark and the spaces after it, or with the line.
_MARKS: Final = r"[.!?\u2026\u3002]++[\"'\u201d\u2019)]*+"
_SENTENCE: Final = re.compile(
    rf"\n|(?=[^\n])(?:[^\n.!?\u2026\u3002]++|{_MARKS}(?=\S))*+(?:{_MARKS}[^\S\n]*+)?"
)


def compare(before: str, after: str) -> list[Piece]:
    """The pieces of both texts in reading order; joined without the new ones they are `before`, without the old
    ones `after`. Where comparing words takes too long, sentences are compared, then nothing but where both begin
    and end.
    """
    for token in (_WORD, _SENTENCE):
        old, new = token.findall(before), token.findall(after)
        found = opcodes(old, new)
        if found is not None:
            return [piece for each in found for piece in _pieces(each, old, new) if piece[1]]
    start = common(old, new)
    return [piece for piece in _joined(old[:start], old[start:], new[start:]) if piece[1]]


def by_line(before: str, after: str) -> list[Piece]:
    """A piece for each line, without its line feed. Lines that took the place of others stand behind these, one by one
    where they are as many. `↵` stands for line feeds at the end that only one of the texts has: no line follows them.
    """
    ends = [len(text) - len(text.rstrip("\n")) for text in (before, after)]
    old, new = (_lines(text, own - min(ends), own) for text, own in zip((before, after), ends, strict=True))
    changes = opcodes(old, new)
    if changes is None:
        start = common(old, new)
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
    """The lines of a text that ends with `ends` line feeds, `more` of them beyond the other text's."""
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
