"""How much work something is, by a measure that is the same on every machine: lines of Python that it executes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def lines_executed(of: Callable[[], object]) -> int:
    """How many lines run, those of libraries included; what C does in one call counts as one."""
    number = 0

    def count(_frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal number
        number += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        of()
    finally:
        sys.settrace(before)
    return number
