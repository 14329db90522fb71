"""Time and the request to stop, passed to all code that waits, so that a test controls both."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import Final, Protocol

from kalentops.errors import Interrupted

_BEAT: Final = 0.1  # seconds between checks for a request to stop


class Clock(Protocol):
    """The clock of a run."""

    def now(self) -> str:
        """The time of day for records: ISO 8601 in UTC, seconds, Z."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...

    def wait(self, seconds: float) -> None:
        """Wait. Raises Interrupted as soon as the run is asked to stop."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether the run was asked to stop."""
        ...


def utc(at: datetime) -> str:
    """A time for records: ISO 8601 in UTC, seconds, Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class SystemClock:
    """The real clock. `stop` may be called from a signal handler that interrupts `wait`. So nothing here takes a lock,
    as an Event does: the handler would wait for it forever.
    """

    def __init__(self) -> None:
        self._stopping = False

    def now(self) -> str:
        return utc(datetime.now(UTC))

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        until = self.monotonic() + seconds
        while not self._stopping:
            left = until - self.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, _BEAT))
        raise Interrupted("interrupted while waiting")

    @property
    def stopping(self) -> bool:
        return self._stopping

    def stop(self) -> None:
        self._stopping = True


# ^C, and what CI systems and service managers send: on Windows, Ctrl+Break.
_STOP: Final = ("SIGINT", "SIGTERM", "SIGBREAK")


@contextmanager
def on_stop_signal(act: Callable[[], None]) -> Iterator[None]:
    """Call `act` for each signal that asks this process to end. Only in the main thread."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        act()

    numbers = [getattr(signal, name) for name in _STOP if hasattr(signal, name)]
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
