"""The wish to end reaches everybody who waits, whenever it comes."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kalentops.errors import Interrupted
from kalentops.support.clock import SystemClock, on_stop_signal

ROOT = Path(__file__).parents[2]

# A signal at any moment of a wait, many times. The handler does what that of the commands does.
_STORM = """
import random, signal
from kalentops.support.clock import SystemClock
from kalentops.errors import Interrupted

signal.signal(signal.SIGALRM, lambda *_: clock.stop())
for _ in range(3000):
    clock = SystemClock()
    signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, 2e-4))
    try:
        while True:
            clock.wait(1e-5)
    except Interrupted:
        assert clock.stopping
"""


@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_signal_may_come_at_any_moment_of_a_wait() -> None:
    subprocess.run([sys.executable, "-c", _STORM], cwd=ROOT, timeout=120, check=True)


def test_everybody_who_waits_is_woken() -> None:
    clock, woken = SystemClock(), []

    def wait() -> None:
        with pytest.raises(Interrupted):
            clock.wait(120)
        woken.append(1)

    waiting = [threading.Thread(target=wait) for _ in range(8)]
    for each in waiting:
        each.start()
    clock.stop()
    for each in waiting:
        each.join(120)
    assert len(woken) == 8
    with pytest.raises(Interrupted):
        clock.wait(120)


def test_without_a_request_to_stop_it_continues() -> None:
    clock = SystemClock()
    clock.wait(0)
    clock.wait(-1)
    assert not clock.stopping


def test_every_signal_to_end_is_heard_and_then_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["SIGINT", "SIGTERM", "SIGBREAK"]
    if not hasattr(signal, "SIGBREAK"):  # only Windows has Ctrl+Break
        monkeypatch.setattr(signal, "SIGBREAK", signal.SIGUSR1, raising=False)
    numbers = [getattr(signal, name) for name in names]
    before = [signal.getsignal(each) for each in numbers]
    heard: list[int] = []
    with on_stop_signal(lambda: heard.append(1)):
        for each in numbers:
            signal.raise_signal(each)
    assert heard == [1, 1, 1]
    assert [signal.getsignal(each) for each in numbers] == before
