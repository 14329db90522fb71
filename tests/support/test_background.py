"""Work in a thread: its result, and its error, where it is asked for."""

from __future__ import annotations

import concurrent.futures
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from kalentops.errors import StateError
from kalentops.support.background import in_background, result_of


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


def test_a_wait_for_a_pool_is_never_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows, the handler of a signal runs between two waits."""
    waits: list[float | None] = []
    go_on = threading.Event()
    real = concurrent.futures.wait

    def short(futures: object, timeout: float | None = None) -> object:
        waits.append(timeout)
        if len(waits) == 3:
            go_on.set()
        return real(futures, timeout)  # type: ignore[arg-type]

    monkeypatch.setattr(concurrent.futures, "wait", short)
    with ThreadPoolExecutor(1) as pool:
        assert result_of(pool.submit(go_on.wait, 600))
        with pytest.raises(TimeoutError, match="of the work"):
            result_of(pool.submit(_fail))
    assert len(waits) >= 3
    assert all(each is not None and each <= 0.1 for each in waits)


def _fail() -> None:
    raise TimeoutError("of the work")
