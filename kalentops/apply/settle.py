"""Reading a sourcing's list until it shows what is looked for, or a window of time has passed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from kalentops.apply.context import View
from kalentops.apply.events import Looking
from kalentops.errors import Unreachable

_FIRST_PAUSE: Final = 0.2
_GROWTH: Final = 1.7
_LONGEST_PAUSE: Final = 5.0
_NO_LIMIT: Final = float("inf")
_T = TypeVar("_T")


def look_until(
    view: View,
    there: Callable[[], _T | None],
    address: str = "",
    reason: str = "",
    *,
    most: float = _NO_LIMIT,
) -> _T | None:
    """What `there` finds in the view, which is read anew until it finds something; None where it never does.

    The window is the settle window, at most `most` seconds. With an `address`, observers are told, and why.
    Raises Unreachable where the last list could not be read; Unauthorized, RefusedByApi, Interrupted.
    """
    clock, window = view.run.clock, min(view.run.options.settle, most)
    if address:
        view.run.observe(Looking(address, window, reason))
    deadline, pause = clock.monotonic() + window, _FIRST_PAUSE
    while True:
        last = clock.monotonic() >= deadline
        try:
            view.read()
        except Unreachable:
            if last:
                raise
        else:
            found = there()
            if found is not None or last:
                return found
        # The last list has to be read after the window has passed, not shortly before.
        clock.wait(min(pause, _LONGEST_PAUSE, max(deadline - clock.monotonic(), 0.001)))
        pause *= _GROWTH
