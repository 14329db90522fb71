"""A proxy for any protocol over TCP that fails when the client sends certain bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Literal, Self

Failure = Literal["cut before", "cut after", "silent before", "silent after"]
"""Before or after the server has got the bytes and answered them; `silent` connections stay open."""


class TcpProxy:
    """In front of a server on loopback. The first `times` connections that send `at` meet `failure`.

    `answered` is set once the server has answered what the client never hears of.
    """

    def __init__(self, port: int, at: bytes, failure: Failure, times: int = 1) -> None:
        self.server_port = port
        self.at = at
        self.failure = failure
        self.left = times
        self.connections = 0
        self.answered = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        _close(self._listener, *self._open)
        for thread in self._threads:
            thread.join()

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args)  # type: ignore[arg-type] # its arguments follow
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.server_port))
                self.connections += 1
                self._open += [client, server]
                failing = threading.Event()
                self._start(self._to_server, client, server, failing)
                self._start(self._to_client, client, server, failing)

    def _to_server(self, client: socket.socket, server: socket.socket, failing: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if self.at in data and self.left > 0:
                    self.left -= 1
                    failing.set()
                    if self.failure == "cut before":
                        break
                    if self.failure == "silent before":
                        return
                server.sendall(data)
        _close(server, *[client] * (self.failure != "silent after"))

    def _to_client(self, client: socket.socket, server: socket.socket, failing: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if failing.is_set():
                    self.answered.set()
                    if self.failure == "silent after":
                        return
                    break
                client.sendall(data)
        if not (failing.is_set() and self.failure.startswith("silent")):
            _close(client)


def _close(*sockets: socket.socket) -> None:
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
