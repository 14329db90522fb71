"""Two texts, word by word."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Literal, TypeAlias

# A word takes its trailing space along: spaces as tokens of their own make the comparison fall to pieces.
_TOKEN = re.compile(r"\n|[^\S\n]*[^\s]+[^\S\n]*|[^\S\n]+")
_MAX_TOKENS = 4000

Piece: TypeAlias = tuple[Literal["same", "old", "new"], str]


def compare(before: str, after: str) -> list[Piece]:
    """The pieces of both texts in reading order; joined without the new ones they are `before`, without the old
    ones `after`.
    """
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    if len(old) + len(new) > _MAX_TOKENS:
        return [("old", before), ("new", after)]
    pieces: list[Piece] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(("same", "".join(old[i1:i2])))
            continue
        if i2 > i1:
            pieces.append(("old", "".join(old[i1:i2])))
        if j2 > j1:
            pieces.append(("new", "".join(new[j1:j2])))
    return pieces
