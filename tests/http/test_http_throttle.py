"""Waiting: bounded, shared, and over as soon as the run is to end."""

from __future__ import annotations

import math
import threading
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.errors import Interrupted
from kalentops.http.retry import MAX_WAIT, Throttle, retry_after
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


def test_the_longest_wait_counts_and_is_told_once() -> None:
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


def test_the_end_of_the_run_ends_a_wait_at_once() -> None:
    clock = SystemClock()
    gate = Throttle(clock, lambda _: None)
    gate.limited(100_000, 1)
    threading.Timer(0.1, clock.stop).start()
    with pytest.raises(Interrupted):
        gate.enter()


def test_after_an_interrupt_what_was_begun_goes_on_and_nothing_is_tried_again() -> None:
    clock = FakeClock()
    gate, _ = throttle(clock)
    clock.stop()
    gate.enter()
    with pytest.raises(Interrupted):
        gate.enter(2)
