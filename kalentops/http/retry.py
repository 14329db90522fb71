"""Retries, and the gate that holds back all requests after a 429."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final, TypeVar

from kalentops.errors import Interrupted
from kalentops.support.clock import Clock

ATTEMPTS: Final = 6
_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 1.0
_JITTER: Final = 0.5
MAX_WAIT: Final = 120.0
_FIRST_GUESS: Final = 1.0
_T = TypeVar("_T")


class TryAgain(Exception):
    """Raised by an attempt that may work later. `value` is the result if it was the last one."""

    def __init__(self, value: object) -> None:
        super().__init__("failed, and may work later")
        self.value = value


def backoff(attempt: int) -> float:
    """Seconds to wait after attempt number `attempt`, from 1."""
    jitter = random.uniform(0, _JITTER)  # noqa: S311 - not for secrets
    return min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (attempt - 1) + jitter)


class Throttle:
    """One gate for all requests: a 429 to one of them makes all of them wait."""

    def __init__(self, clock: Clock, on_wait: Callable[[float], None]) -> None:
        self._clock = clock
        self._on_wait = on_wait
        self._lock = threading.Lock()
        self._open_at = 0.0
        self._wrote = False

    def retry(self, attempt: Callable[[int], _T], *, attempts: int = ATTEMPTS) -> _T:
        """`attempt(n)`, n from 1, until it does not raise TryAgain. Raises the TryAgain of the last one.

        An interrupt ends a wait; the next attempt decides what follows from it.
        """
        for number in range(1, attempts):
            try:
                return attempt(number)
            except TryAgain:
                with suppress(Interrupted):
                    self._clock.wait(backoff(number))
        return attempt(attempts)

    def limited(self, wait: float | None, attempt: int) -> None:
        """Close the gate after a 429 to attempt number `attempt`, from 1; `wait`: seconds, if the API says so."""
        seconds = wait if wait is not None else _FIRST_GUESS * 2 ** (attempt - 1)
        seconds = min(max(seconds, 0.05), MAX_WAIT)
        with self._lock:
            until = self._clock.monotonic() + seconds
            longer = until > self._open_at + 0.5
            self._open_at = max(self._open_at, until)
        if longer:
            self._on_wait(seconds)

    def closed(self) -> bool:
        """Whether a request has to wait now."""
        with self._lock:
            return self._open_at > self._clock.monotonic()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def note_write(self) -> None:
        """Call it before a write is sent: after that, an interrupt no longer cancels reads, which find the outcome."""
        self._wrote = True

    @property
    def cancelled(self) -> bool:
        """Whether an interrupt ends reads as well: no write was sent, so there is no outcome to look for."""
        return self._clock.stopping and not self._wrote

    def check_cancelled(self) -> None:
        if self.cancelled:
            raise Interrupted("interrupted while reading; no write was sent")

    def enter(self, attempt: int = 1, *, reads: bool = False) -> None:
        """Return when attempt number `attempt` of a request may be sent; `reads`: it is a GET.

        Raises Interrupted during a wait, before a second attempt after an interrupt, and for reads when `cancelled`.
        """
        if reads:
            self.check_cancelled()
        if attempt > 1 and self._clock.stopping:
            raise Interrupted("interrupted before another attempt")
        while True:
            with self._lock:
                left = self._open_at - self._clock.monotonic()
            if left <= 0:
                return
            self._clock.wait(left)


_YEARS: Final = range(2000, 3000)


@lru_cache(maxsize=8)  # many answers come within one second
def server_date(value: str | None) -> datetime | None:
    """The time of a Date header (RFC 9110, 6.6.1). None if absent or invalid, or in no likely year."""
    try:
        at = parsedate_to_datetime((value or "")[:64])
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    if at.year not in _YEARS:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """The seconds of a Retry-After header: a number or an HTTP date (RFC 9110, 10.2.3). None if absent or invalid."""
    if value is None or len(value) > 64:  # noqa: PLR2004 - no date is longer
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = _until(value, now or datetime.now(UTC))
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _until(value: str, now: datetime) -> float:
    try:
        at = parsedate_to_datetime(value)
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        return (at - now).total_seconds()
    except (TypeError, ValueError, OverflowError, IndexError):
        return math.nan
