"""The longest that a request may take, whatever the server does.

A timeout of httpx bounds one read, and a server that sends a byte now and then never runs into it: not while it
sends headers, nor between endless `100 Continue`. So one thread looks after all requests, and shuts down the
connection of a request whose time is over; whoever reads from it then finds it closed.
"""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

_AGAIN: Final = 0.2  # a connection that is only coming to be can't be cut yet


@dataclass(eq=False, slots=True)
class Line:
    """The connection that one thread uses. `was_cut` says that its last request took too long."""

    socket: socket.socket | None = None
    was_cut: bool = False

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

    def __init__(self) -> None:
        self._wake = threading.Condition()
        self._until: dict[Line, float] = {}
        self._next = math.inf
        self._thread: threading.Thread | None = None
        self._closed = False

    @contextmanager
    def over(self, line: Line, seconds: float) -> Iterator[None]:
        """Cut the line if what is done with it takes longer."""
        line.was_cut = False
        until = time.monotonic() + seconds
        with self._wake:
            self._until[line] = until
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
                self._thread.start()
            if until < self._next:
                self._wake.notify()
        try:
            yield
        finally:
            with self._wake:
                self._until.pop(line, None)

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
                for line, until in self._until.items():
                    if until <= now:
                        line.cut()
                        self._until[line] = now + _AGAIN
                self._next = min(self._until.values(), default=math.inf)
                self._wake.wait(None if self._next == math.inf else max(0.0, self._next - now))
