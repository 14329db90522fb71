"""A raw server on loopback that does to a connection whatever a script says.

    with Wire(resetting(), answering(success({}))) as wire:
        ...  # the first connection is reset, the second and all after it are answered
        assert wire.requests[0].method == "POST"

A behaviour is a function of a `Connection`; it reads requests and writes bytes as it likes, and the connection is
closed when it returns. Each connection gets the next behaviour; the last one serves all that come later. Answers
are plain bytes; `tests/answers.py` makes them.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True)
class Received:
    """A request as it came over the wire; names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """One accepted connection. Reading and writing never raise: `read` and `send` say that the other side is gone."""

    def __init__(self, wire: Wire, number: int, sock: socket.socket) -> None:
        self._wire = wire
        self._socket = sock
        self._buffer = b""
        self.number = number

    def read(self) -> Received | None:
        """The next request, which is recorded, or None where there is no whole one any more."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return None
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
        length = int(headers.get("content-length", "0"))
        while len(self._buffer) < length:
            if not self._more():
                return None
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        request = Received(method, path, headers, body, self.number)
        self._wire.requests.append(request)
        return request

    def _more(self) -> bool:
        try:
            data = self._socket.recv(65_536)
        except OSError:
            return False
        self._buffer += data
        return bool(data)

    def send(self, data: bytes) -> bool:
        try:
            self._socket.sendall(data)
        except OSError:
            return False
        return True

    def reset(self) -> None:
        """End with RST instead of FIN."""
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def wait(self, seconds: float) -> bool:
        """False as soon as the server is closed."""
        return not self._wire.closing.wait(seconds)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            # What was sent must arrive, which a close with unread bytes would prevent.
            self._socket.shutdown(socket.SHUT_WR)
        self._socket.close()


Behaviour = Callable[[Connection], None]


class Wire:
    """The server. `requests` are all that came whole, in order; `connections` how many were accepted."""

    def __init__(self, *behaviours: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self.closing = threading.Event()
        self._behaviours: Iterator[Behaviour] = chain(behaviours[:-1], repeat(behaviours[-1]))
        self._tls = tls
        self._threads: list[threading.Thread] = []
        self._open: list[Connection] = []
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/api"

    def __enter__(self) -> Self:
        self._begin(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the accept on Linux; closing does elsewhere
        self._socket.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection._socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=120)
            assert not thread.is_alive(), "a behaviour does not end"

    def _begin(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._begin(self._serve, sock, self.connections, next(self._behaviours))

    def _serve(self, sock: socket.socket, number: int, behaviour: Behaviour) -> None:
        if self._tls is not None:
            try:
                sock = self._tls.wrap_socket(sock, server_side=True)
            except OSError:
                sock.close()
                return
        connection = Connection(self, number, sock)
        self._open.append(connection)
        behaviour(connection)
        connection.close()


# --- behaviours ------------------------------------------------------------------------------------------------


def answering(*answers: bytes | Callable[[Received], bytes], once: bool = False) -> Behaviour:
    """Answer request after request, the last answer for all that follow; with `once`, close after the last."""

    def behave(connection: Connection) -> None:
        for answer in answers if once else chain(answers, repeat(answers[-1])):
            request = connection.read()
            if request is None or not connection.send(
                answer if isinstance(answer, bytes) else answer(request)
            ):
                return

    return behave


def resetting(*, read: bool = True, after: bytes = b"") -> Behaviour:
    """Reset the connection: at once, or when the request was read, or when some bytes were answered."""

    def behave(connection: Connection) -> None:
        if read:
            connection.read()
        connection.send(after)
        connection.wait(0.05)  # so that the other side is through with connecting, and has what was sent
        connection.reset()

    return behave


def closing(*, read: bool = True, after: bytes = b"") -> Behaviour:
    """Close the connection properly, perhaps in the midst of an answer."""

    def behave(connection: Connection) -> None:
        if read:
            connection.read()
        connection.send(after)

    return behave


def stalling(*, after: bytes = b"") -> Behaviour:
    """Read the request, send some bytes, and then nothing any more."""

    def behave(connection: Connection) -> None:
        connection.read()
        connection.send(after)
        connection.wait(120)

    return behave


def dripping(data: bytes, *, every: float, whole: int = 0) -> Behaviour:
    """Send `whole` bytes at once, and the others one by one."""

    def behave(connection: Connection) -> None:
        connection.read()
        connection.send(data[:whole])
        for byte in data[whole:]:
            if not connection.wait(every) or not connection.send(bytes([byte])):
                return

    return behave


def repeating(head: bytes, piece: bytes, *, times: int, every: float = 0) -> Behaviour:
    """Send `head`, and then a piece many times."""

    def behave(connection: Connection) -> None:
        connection.read()
        connection.send(head)
        for _ in range(times):
            if not connection.send(piece) or (every and not connection.wait(every)):
                return

    return behave


# --- TLS -------------------------------------------------------------------------------------------------------


def self_signed(folder: Path) -> tuple[Path, ssl.SSLContext] | None:
    """A certificate for 127.0.0.1 and a server's context with it; None without the program that makes one."""
    program = shutil.which("openssl")
    if program is None:
        return None
    key, certificate = folder / "server.key", folder / "server.pem"
    command = [program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context
