"""A state that could not be merged, as a file that git's users know: with both sides between conflict markers.

No command reads such a file as a state, so nobody can go on with one side and lose the ids of the other by mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Final

from kalentops.state.codec import dump_state
from kalentops.state.merge import EVERYTHING, Merged
from kalentops.state.model import State

MARKER: Final = b"<<<<<<<\n"
"""Enough of a marker for nobody to take a file for a state."""
_OURS: Final = b"<<<<<<< ours\n"
_BETWEEN: Final = b"=======\n"
_THEIRS: Final = b">>>>>>> theirs\n"
# A field of the state, or an address: where the layout of `dump_state` begins something that can be chosen.
_BEGIN: Final = re.compile(rb' {2,4}["}]')


def whole(ours: bytes, theirs: bytes) -> bytes:
    """Two files of any kind, one after the other."""
    sides = [side if side.endswith(b"\n") or not side else side + b"\n" for side in (ours, theirs)]
    return _choice(sides[0], sides[1])


def _choice(ours: bytes, theirs: bytes) -> bytes:
    return b"".join((_OURS, ours, _BETWEEN, theirs, _THEIRS))


def marked(merged: Merged, ours: State, theirs: State) -> bytes:
    """What was merged, and both versions of what was not. All of one side's versions make a whole state."""
    one, other = (list(_pieces(dump_state(_side(merged, side)))) for side in (ours, theirs))
    text: list[bytes] = []
    for kind, begin, end, at, to in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        pieces = b"".join(one[begin:end])
        text.append(pieces if kind == "equal" else _choice(pieces, b"".join(other[at:to])))
    return b"".join(text)


def _side(merged: Merged, side: State) -> State:
    """The result if all that is in conflict were taken from this side."""
    if EVERYTHING in merged.conflicts:
        return side
    entries = {address: side.entries[address] for address in merged.conflicts if address in side.entries}
    intents = {address: side.intents[address] for address in merged.conflicts if address in side.intents}
    state = merged.state
    return replace(state, entries={**state.entries, **entries}, intents={**state.intents, **intents})


def _pieces(data: bytes) -> Iterator[bytes]:
    piece: list[bytes] = []
    for line in data.splitlines(keepends=True):
        if piece and _BEGIN.match(line) and not line.startswith(b"    }"):
            yield b"".join(piece)
            piece = []
        piece.append(line)
    yield b"".join(piece)
