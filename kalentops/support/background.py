"""Work beside other work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

_T = TypeVar("_T")
_BEAT: Final = 0.1  # seconds


def result_of(future: Future[_T]) -> _T:
    """The result of work in a pool, once it is there; or raises its error. On Windows, ^C does not end a wait for a
    thread, so this waits in short ones.
    """
    from concurrent.futures import wait  # loaded already: there is a future

    while not future.done():
        wait([future], _BEAT)
    return future.result()


def in_background(work: Callable[[], _T]) -> Callable[[], _T]:
    """Begin the work in a thread. The function that is given back waits for it, and gives or raises what came of it.
    For work that ends by itself, in a moment: nothing interrupts it.
    """
    found: list[_T] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            found.append(work())
        except Exception as error:  # noqa: BLE001 - it is raised where it is asked for
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def wait() -> _T:
        thread.join()
        if failed:
            raise failed[0]
        return found[0]

    return wait
