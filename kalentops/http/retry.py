"""Trying again, where it can do no harm. The only user of stamina."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

ATTEMPTS: Final = 6
_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 1.0  # stamina sleeps through a wish to end
_T = TypeVar("_T")


class TryAgain(Exception):
    """Raised by what is tried: this time it did not work. `value` is what to make do with after the last time."""

    def __init__(self, value: object) -> None:
        super().__init__("did not work")
        self.value = value


def retrying(attempt: Callable[[int], _T], *, attempts: int = ATTEMPTS) -> _T:
    """`attempt(n)`, n from 1, until it does not raise TryAgain; growing waits, with jitter, in between.

    Raises the last TryAgain.
    """
    import stamina.instrumentation

    # stamina's own hooks log to stdout where structlog is installed; stdout is for results.
    stamina.instrumentation.set_on_retry_hooks([])
    context = stamina.retry_context(
        on=TryAgain,
        attempts=attempts,
        timeout=None,
        wait_initial=_FIRST_WAIT,
        wait_max=_LONGEST_WAIT,
        wait_jitter=0.5,
    )
    for each in context:
        with each:
            return attempt(each.num)
    raise AssertionError("unreachable")  # pragma: no cover
