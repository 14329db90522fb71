"""Work in a thread: its result, and its error, where it is asked for."""

from __future__ import annotations

import threading

import pytest

from kalentops.errors import StateError
from kalentops.support.background import in_background


def test_the_result_comes_where_it_is_asked_for() -> None:
    go_on = threading.Event()
    wait = in_background(lambda: (go_on.wait(600), threading.current_thread()))
    go_on.set()
    ended, thread = wait()
    assert ended
    assert thread is not threading.current_thread()
    assert wait() is wait()


def test_an_error_comes_where_it_is_asked_for() -> None:
    def fail() -> None:
        raise StateError("damaged")

    wait = in_background(fail)
    for _ in range(2):
        with pytest.raises(StateError, match="damaged"):
            wait()
