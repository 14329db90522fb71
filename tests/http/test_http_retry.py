"""Retries and waits: bounded, shared, and over as soon as the run is to end."""

from __future__ import annotations

import math
import threading
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.errors import Interrupted
from kalentops.http.retry import ATTEMPTS, MAX_WAIT, Throttle, TryAgain, backoff, retry_after, server_date
from kalentops.support.clock import SystemClock
from tests.fakeclock import FakeClock

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("999999999", 999_999_999.0),
        ("Fri, 02 Jan 2026 03:04:15 GMT", 10.0),
        ("Fri, 02 Jan 2026 04:04:15 +0100", 10.0),
        ("Fri, 02 Jan 2026 03:04:15 -0000", 10.0),
        ("Fri, 02 Jan 2026 03:04:05 GMT", 0.0),
        (None, None),
        ("", None),
        ("-1", None),
        ("inf", None),
        ("-inf", None),
        ("nan", None),
        ("1e400", None),
        ("9" * 65, None),
        ("soon", None),
        ("Fri, 02 Jan 2026 03:04:04 GMT", None),
        ("Fri, 02 Jan 0001 03:04:04 +2359", None),
        ("Fri, 99 Jan 2026 03:04:04 GMT", None),
        ("Fri, 02 Jan 2026 03:04:04 +9999", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(
    st.text(max_size=70)
    | st.floats().map(str)
    | st.integers().map(str)
    | st.from_regex(r"(Fri|Xyz)?,? ?\d{1,3} (Jan|Feb|Q) \d{1,5} \d{1,3}:\d\d(:\d\d)? ?(GMT|[+-]\d{1,6})?")
)
def test_any_retry_after_is_seconds_or_nothing(value: str) -> None:
    found = retry_after(value, NOW)
    assert found is None or (math.isfinite(found) and found >= 0)


def throttle(clock: FakeClock) -> tuple[Throttle, list[float]]:
    told: list[float] = []
    return Throttle(clock, told.append), told


@pytest.mark.parametrize(
    ("value", "year"),
    [
        ("Sun, 29 Nov 2026 11:00:00 GMT", 2026),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("Sun, 29 Nov 2026 11:00:00 +9900", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_that_is_no_likely_time_is_none(value: str | None, year: int | None) -> None:
    found = server_date(value)
    assert (found and found.year) == year


def test_nothing_waits_before_a_429() -> None:
    clock = FakeClock()
    throttle(clock)[0].enter()
    assert clock.waits == []


@pytest.mark.parametrize(
    ("wait", "attempt", "seconds"),
    [(7.0, 1, 7.0), (0.0, 1, 0.05), (1e9, 1, MAX_WAIT), (None, 1, 1.0), (None, 3, 4.0), (None, 60, MAX_WAIT)],
)
def test_how_long(wait: float | None, attempt: int, seconds: float) -> None:
    clock = FakeClock()
    gate, told = throttle(clock)
    gate.limited(wait, attempt)
    gate.enter()
    assert clock.waits == [seconds]
    assert told == ([seconds] if seconds > 0.5 else [])


def test_the_longest_wait_counts_and_is_reported_once() -> None:
    clock = FakeClock()
    gate, told = throttle(clock)
    gate.limited(10, 1)
    gate.limited(2, 1)
    gate.limited(10.2, 1)
    gate.enter()
    assert sum(clock.waits) == pytest.approx(10.2)
    assert told == [10]


def test_one_gate_for_all_threads() -> None:
    clock = SystemClock()
    gate = Throttle(clock, lambda _: None)
    gate.limited(0.3, 1)
    began = time.monotonic()
    through: list[float] = []

    def work() -> None:
        gate.enter()
        through.append(time.monotonic() - began)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(through) == 4
    assert min(through) >= 0.25


@pytest.mark.parametrize("attempts", [ATTEMPTS, 2])
def test_it_is_tried_until_it_works_or_so_many_times(attempts: int) -> None:
    clock = FakeClock()
    tried: list[int] = []

    def attempt(number: int) -> str:
        tried.append(number)
        if len(tried) < attempts + 2:
            raise TryAgain(number)
        return "done"

    with pytest.raises(TryAgain) as caught:
        throttle(clock)[0].retry(attempt, attempts=attempts)
    assert caught.value.value == attempts
    assert len(clock.waits) == attempts - 1
    assert throttle(clock)[0].retry(attempt, attempts=attempts) == "done"
    assert tried == [*range(1, attempts + 1), 1, 2]


def test_an_error_is_not_tried_again() -> None:
    clock = FakeClock()

    def attempt(number: int) -> None:
        raise KeyError(number)

    with pytest.raises(KeyError):
        throttle(clock)[0].retry(attempt)
    assert clock.waits == []


@pytest.mark.parametrize(
    ("attempt", "least", "most"), [(1, 0.2, 0.7), (2, 0.4, 0.9), (3, 0.8, 1.0), (6, 1.0, 1.0)]
)
def test_how_long_to_wait_before_another_attempt(attempt: int, least: float, most: float) -> None:
    drawn = [backoff(attempt) for _ in range(100)]
    assert least <= min(drawn) <= max(drawn) <= most
    assert len(set(drawn)) > 1 or least == most


def test_the_end_of_the_run_ends_a_wait_for_another_attempt_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kalentops.http.retry.backoff", lambda _: 100_000)
    clock = SystemClock()
    gate = Throttle(clock, lambda _: None)
    threading.Timer(0.1, clock.stop).start()

    def attempt(number: int) -> None:
        gate.enter(number)
        raise TryAgain(number)

    with pytest.raises(Interrupted, match="before"):
        gate.retry(attempt)


def test_the_end_of_the_run_ends_a_wait_at_once() -> None:
    clock = SystemClock()
    gate = Throttle(clock, lambda _: None)
    gate.limited(100_000, 1)
    threading.Timer(0.1, clock.stop).start()
    with pytest.raises(Interrupted):
        gate.enter()


def test_after_an_interrupt_started_requests_go_on_without_retries() -> None:
    clock = FakeClock()
    gate, _ = throttle(clock)
    clock.stop()
    gate.enter()
    with pytest.raises(Interrupted):
        gate.enter(2)
