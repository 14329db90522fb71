"""A clock whose time passes only in a wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kalentops.errors import Interrupted
from kalentops.http import retry

_START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def moment(elapsed: float) -> datetime:
    """The time of day after so many seconds."""
    return _START + timedelta(seconds=elapsed)


class FakeClock:
    """A `kalentops.support.clock.Clock`. `waits` are all waits; `stop_after` ends the run in one of them."""

    def __init__(self, *, stop_after: int | None = None) -> None:
        self.waits: list[float] = []
        self.stopping = False
        self._elapsed = 0.0
        self._stop_after = stop_after
        self._lock = threading.Lock()

    def now(self) -> str:
        return moment(self._elapsed).strftime("%Y-%m-%dT%H:%M:%SZ")

    def monotonic(self) -> float:
        return self._elapsed

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._elapsed += seconds

    def wait(self, seconds: float) -> None:
        with self._lock:
            if self._stop_after is not None and len(self.waits) >= self._stop_after:
                self.stopping = True
            if self.stopping:
                raise Interrupted("interrupted while waiting")
            if seconds > 0:
                self.waits.append(seconds)
                self._elapsed += seconds

    def stop(self) -> None:
        self.stopping = True


@contextmanager
def without_backoff(*, most: int = retry.ATTEMPTS, least: int = 1) -> Iterator[None]:
    """No waits between attempts; at most and at least as many as these."""
    real = retry.Throttle.retry

    def at_most(
        self: retry.Throttle, attempt: Callable[[int], Any], *, attempts: int = retry.ATTEMPTS
    ) -> Any:
        return real(self, attempt, attempts=max(min(attempts, most), least))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retry, "backoff", lambda _attempt: 0.0)
        patch.setattr(retry.Throttle, "retry", at_most)
        yield
