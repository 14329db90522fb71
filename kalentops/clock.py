"""Time, and the wish to end: handed to whoever waits, so that a test can hold both in its hands."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Protocol

from kalentops.errors import Interrupted


class Clock(Protocol):
    """What waiting needs."""

    def now(self) -> str:
        """The time of day for records: ISO 8601 in UTC, seconds, Z."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...

    def wait(self, seconds: float) -> None:
        """Return after so many seconds. Raises Interrupted as soon as the run is asked to end."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether the run was asked to end."""
        ...


class SystemClock:
    """The real one. `stop` may be called from a signal handler."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        if self._stop.wait(max(0.0, seconds)):
            raise Interrupted("interrupted while waiting")

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        self._stop.set()
