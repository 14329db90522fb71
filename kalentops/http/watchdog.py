"""The longest that a request may take, whatever the server does.

A timeout of httpx bounds one read, and a server that sends a byte now and then never runs into it: not while it
sends headers, nor between endless `100 Continue`. So one thread looks after all requests, and shuts down the
connection of a request whose time is over; whoever reads from it then finds it closed. In the same way it ends what
is only read as soon as nobody wants to know it any more.
"""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

_AGAIN: Final = 0.2  # a connection that is only coming to be can't be cut yet
_BEAT: Final = 0.2  # so often it is asked whether to give up: the handler of a signal may not take a lock


@dataclass(eq=False, slots=True)
class Connection:
    """The connection that one thread uses. `was_cut` says that its last request was not let end, `given_up` that it
    was so because nobody wanted the answer any more; `reads` that it only reads.
    """

    socket: socket.socket | None = None
    was_cut: bool = False
    given_up: bool = False
    reads: bool = False

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Take httpcore's `trace` extension: which socket is in use. TLS puts another one in the place of the first."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self.socket = info["return_value"].get_extra_info("socket")

    def cut(self) -> None:
        self.was_cut = True
        if self.socket is not None:
            # Not the method of an SSLSocket, which takes its TLS layer from under the thread that is reading.
            with suppress(OSError):
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)


class Watchdog:
    """One thread, begun with the first request, for the requests of all threads."""

    def __init__(self, giving_up: Callable[[], bool]) -> None:
        self._giving_up = giving_up
        self._wake = threading.Condition()
        self._until: dict[Connection, float] = {}
        self._next = math.inf
        self._thread: threading.Thread | None = None
        self._closed = False

    @contextmanager
    def over(self, connection: Connection, seconds: float, *, reads: bool) -> Iterator[None]:
        """Cut the connection if what is done with it takes longer, or only reads what nobody wants to know any more."""
        until = time.monotonic() + seconds
        with self._wake:
            connection.was_cut = connection.given_up = False
            connection.reads = reads
            self._until[connection] = until
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
                self._thread.start()
            if until < self._next:
                self._wake.notify()
        try:
            yield
        finally:
            with self._wake:
                self._until.pop(connection, None)

    def close(self) -> None:
        with self._wake:
            self._closed = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        with self._wake:
            while not self._closed:
                now = time.monotonic()
                unwanted = self._giving_up()
                for connection, until in self._until.items():
                    connection.given_up = connection.given_up or (unwanted and connection.reads)
                    if until <= now or connection.given_up:
                        connection.cut()
                        self._until[connection] = now + _AGAIN
                self._next = min(self._until.values(), default=math.inf)
                self._wake.wait(min(self._next - now, _BEAT) if self._until else None)
