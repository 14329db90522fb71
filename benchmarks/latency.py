"""A proxy for any protocol over TCP that answers late, as a server in another place does."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from typing import Self


class SlowProxy:
    """In front of a server on loopback: each connection, and each answer, takes `latency` seconds more.

    `sent` counts the bytes from clients. What an answer has of several parts comes one after the other, as it would.
    """

    def __init__(self, port: int, latency: float) -> None:
        self.sent = 0
        self._server_port = port
        self._latency = latency
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        time.sleep(self._latency)
        server = socket.create_connection(("127.0.0.1", self._server_port))
        late: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        threading.Thread(target=self._deliver, args=(late, client), daemon=True).start()
        threading.Thread(target=self._receive, args=(server, late), daemon=True).start()
        with contextlib.suppress(OSError):
            while data := client.recv(1 << 18):
                self.sent += len(data)
                server.sendall(data)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _receive(self, server: socket.socket, late: queue.SimpleQueue[tuple[float, bytes]]) -> None:
        data = b"-"
        while data:
            try:
                data = server.recv(1 << 18)
            except OSError:
                data = b""
            late.put((time.monotonic() + self._latency, data))
        server.close()

    @staticmethod
    def _deliver(late: queue.SimpleQueue[tuple[float, bytes]], client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                at, data = late.get()
                time.sleep(max(at - time.monotonic(), 0))
                if not data:
                    break
                client.sendall(data)
        client.close()
