"""Two texts, word by word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal, TypeAlias

# A word takes its trailing space along: spaces as tokens of their own make the comparison fall to pieces.
_TOKEN = re.compile(r"\n|[^\S\n]*[^\s]+[^\S\n]*|[^\S\n]+")
# Pairs of equal words, one from each text: comparing takes time with them, and a text that says the same word again
# and again has millions. Two messages of 500 words have some thousand.
_MAX_PAIRS = 200_000

# A sentence ends with its mark and the spaces after it, or with the line.
_SENTENCE = re.compile(r"\n|[^\n]*?[.!?\u2026\u3002]+[\"'\u201d\u2019)]*(?:[^\S\n]+|(?=\n)|\Z)|[^\n]+")

Piece: TypeAlias = tuple[Literal["same", "old", "new"], str]


def compare(before: str, after: str) -> list[Piece]:
    """The pieces of both texts in reading order; joined without the new ones they are `before`, without the old
    ones `after`.
    """
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    middle = _middle(old[start : len(old) - end], new[start : len(new) - end])
    pieces: list[Piece] = [("same", "".join(old[:start])), *middle, ("same", "".join(old[len(old) - end :]))]
    return [piece for piece in pieces if piece[1]]


def by_sentence(before: str, after: str) -> list[Piece]:
    """The same with a piece for each sentence, and for each end of a line. Sentences that took the place of others
    stand behind these, one by one where they are as many. The spaces after a sentence weigh nothing: what both have
    is given as it is in `after`.
    """
    old, new = _SENTENCE.findall(before), _SENTENCE.findall(after)
    found: list[Piece] = []
    for tag, gone, come in _opcodes(old, new):
        if tag == "equal":
            found += [("same", each) for each in come]
        elif len(gone) == len(come):
            found += [piece for each in zip(gone, come, strict=True) for piece in _pair(*each)]
        else:
            found += [*(("old", each) for each in gone), *(("new", each) for each in come)]
    return found


def _pair(gone: str, come: str) -> tuple[Piece, Piece]:
    return ("old", gone), ("new", come)


def _opcodes(old: list[str], new: list[str]) -> Iterator[tuple[str, list[str], list[str]]]:
    one, other = ([each.rstrip(" ") for each in sentences] for sentences in (old, new))
    counts = Counter(one)
    if sum(counts[each] for each in other) > _MAX_PAIRS:
        start = _common(one, other)
        yield from (("equal", old[:start], new[:start]), ("replace", old[start:], new[start:]))
        return
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        yield tag, old[i1:i2], new[j1:j2]


def _common(one: list[str], other: list[str]) -> int:
    """How many tokens both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _middle(old: list[str], new: list[str]) -> Iterator[Piece]:
    counts = Counter(old)
    if sum(counts[token] for token in new) > _MAX_PAIRS:
        yield from (("old", "".join(old)), ("new", "".join(new)))
        return
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield "same", "".join(old[i1:i2])
        else:
            yield "old", "".join(old[i1:i2])
            yield "new", "".join(new[j1:j2])
