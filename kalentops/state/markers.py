"""A state with the markers of a merge conflict in it, and what helps."""

from __future__ import annotations

import re
from typing import Final

from kalentops.errors import StateDamaged

_SIGNS: Final = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
# A line feed in a JSON text is escaped, so these can't be part of one.
_CONFLICT: Final = re.compile(r"^(<{7}|\|{7}|={7}|>{7})", re.MULTILINE)
# What our merge driver leaves has been merged already, as far as that can be done.
_OURS: Final = re.compile(r"^<{7} ours$", re.MULTILINE)
_DECIDE: Final = (
    "keep the entries of both sides, one for each address, and remove the markers; or take one side, as in `git "
    "checkout --ours kalentops.state.json`: the next apply adopts what the other has recorded, if nobody has changed "
    "it in Kalent"
)
_AGAIN: Final = (
    "git has merged it line by line, because this clone does not know how: run `kalentops init` in this clone, then "
    "`git checkout --merge kalentops.state.json` merges it again, by address"
)


def check_merged(text: str) -> None:
    """Raises StateDamaged for a file that was not merged to its end."""
    if any(sign in text for sign in _SIGNS) and _CONFLICT.search(text):
        hint = _DECIDE if _OURS.search(text) else _AGAIN
        raise StateDamaged("the state holds the markers of a merge conflict", hint=hint)
