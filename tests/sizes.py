"""How much of the suite runs: `SUITE=quick` while one edits, the usual size before a pull request, `SUITE=thorough`
once a week. Each size runs what the smaller ones run, and more of it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final, Literal, TypeVar, get_args

T = TypeVar("T")
Suite = Literal["quick", "usual", "thorough"]

SUITE: Final = os.environ.get("SUITE") or "usual"
if SUITE not in get_args(Suite):
    raise SystemExit(f"SUITE={SUITE}: it is one of {', '.join(get_args(Suite))}")
_PARTS: Final = {"quick": 20, "usual": 8, "thorough": 1}


def examples(full: int) -> int:
    """How many examples of a property are tried: `full` of them in the thorough suite, at least 10 in any."""
    return max(full // _PARTS[SUITE], min(full, 10))


def some(cases: Sequence[T], usual: int) -> Sequence[T]:
    """All cases in the thorough suite, else `usual` of them or, in the quick one, a quarter of these; evenly spread."""
    wanted = {"quick": max(usual // 4, 1), "usual": usual, "thorough": len(cases)}[SUITE]
    if len(cases) <= wanted:
        return cases
    return [cases[number * len(cases) // wanted] for number in range(wanted)]
