"""Finding out what became of a create whose answer was lost.

Nothing identifies a create but what it made, so lists are read until the settle window has passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from kalentops.apply.base import View
from kalentops.apply.events import Looking
from kalentops.errors import Unreachable
from kalentops.planning.lookalikes import Doubt, Found, what_came_of
from kalentops.state.entries import Intent

_FIRST_PAUSE: Final = 0.2
_GROWTH: Final = 1.7
_LONGEST_PAUSE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Absent:
    """A whole list, read after the window had passed, holds nothing like it."""


Settled: TypeAlias = Found | Doubt | Absent


def settle(view: View, intent: Intent, reason: str) -> Settled:
    """What became of the intent. Raises Unauthorized, RefusedByApi, Interrupted."""
    clock, window = view.run.clock, view.run.options.settle
    view.run.observe(Looking(intent.address, window, reason))
    deadline = clock.monotonic() + window
    pause = _FIRST_PAUSE
    while True:
        last = clock.monotonic() >= deadline
        try:
            view.read()
        except Unreachable as error:
            unreadable: str | None = str(error)
        else:
            unreadable = None
            answer = what_came_of(intent, view.foreign())
            if isinstance(answer, Found) or (last and answer is not None):
                return answer
        if last:
            return Doubt(f"it could not be looked up: {unreadable}") if unreadable else Absent()
        # The last list has to be read after the window has passed, not shortly before.
        clock.wait(min(pause, _LONGEST_PAUSE, max(deadline - clock.monotonic(), 0.001)))
        pause *= _GROWTH
