"""A server between kalentops and the emulator that misbehaves on demand.

Every request is read whole, shown to the watchers, and then handled by the behaviour that the script picks for it:
most of them forward it to the emulator (that is the effect), before or after doing something unkind to the
connection.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from kalentops.blueprint.remote import mark_in

Behaviour = Callable[["Exchange"], None]
Script = Callable[["Request"], Behaviour | None]
# Headers of one connection; and the length, which is that of the body.
_HOP = {"connection", "content-length", "keep-alive", "transfer-encoding"}


@dataclass(frozen=True, eq=False)
class Request:
    """One request. `kind` is create (a POST), take (a PATCH that names a stub as taken), fill (another one of a stub),
    update (any other PATCH), list, sourcings or other; `nth` counts those of a kind from 1.
    """

    kind: str
    nth: int
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def blueprint_id(self) -> str:
        """That of a PATCH."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def data(self) -> Any:
        return json.loads(self.body)


@dataclass
class Response:
    """An answer of the emulator."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})

    @property
    def data(self) -> Any:
        return json.loads(self.body)

    def with_data(self, data: Any) -> Response:
        return Response(self.status, json.dumps(data).encode(), self.headers)

    def encode(self) -> bytes:
        head = [f"HTTP/1.1 {self.status} X", f"content-length: {len(self.body)}"]
        head += [f"{name}: {value}" for name, value in self.headers.items() if name != "content-length"]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + self.body


@dataclass
class Exchange:
    """A request with everything that can be done to it."""

    proxy: FaultProxy
    connection: socket.socket
    request: Request
    open: bool = True

    def forward(self) -> Response:
        """The effect: the emulator gets the request."""
        return self.proxy.forward(self.request)

    def forward_later(self, seconds: float) -> None:
        """The effect, after the answer."""
        timer = threading.Timer(seconds, self.forward)
        self.proxy.timers.append(timer)
        timer.start()

    def forward_when_released(self) -> None:
        """The effect, when the test says so with `FaultProxy.release`, or at its end."""
        thread = threading.Thread(target=self.proxy.forward_released, args=(self.request,), daemon=True)
        self.proxy.held.append(thread)
        thread.start()

    def send(self, response: Response) -> None:
        self.raw(response.encode())

    def raw(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self.connection.sendall(data)

    def close(self) -> None:
        self.open = False

    def reset(self) -> None:
        """End the connection with RST."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.open = False

    def stall(self, seconds: float) -> None:
        self.proxy.ending.wait(seconds)


class FaultProxy:
    """A context manager. `url` is what KALENT_API_URL becomes; `script` picks a behaviour, None forwards."""

    def __init__(self, upstream: str, script: Script | None = None) -> None:
        self.script: Script = script or (lambda _: None)
        self.watchers: list[Callable[[Request], None]] = []
        self.requests: list[Request] = []
        self.timers: list[threading.Timer] = []
        self.problems: list[str] = []
        self.ending = threading.Event()
        self.released = threading.Event()
        self.held: list[threading.Thread] = []
        self._upstream = urlsplit(upstream)
        self._lock = threading.Lock()
        self._stubs: set[str] = set()
        self._counts: dict[str, int] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}{self._upstream.path}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.settle()

    def settle(self) -> None:
        """Everything that was to happen later has happened."""
        self.release()
        for timer in self.timers:
            timer.join()

    def release(self) -> None:
        """What was held back takes effect, now."""
        self.released.set()
        for thread in self.held:
            thread.join()

    def forward_released(self, request: Request) -> None:
        self.released.wait()
        with contextlib.suppress(OSError):  # the server has gone
            self.forward(request)

    def forward(self, request: Request) -> Response:
        connection = http.client.HTTPConnection(
            self._upstream.hostname or "", self._upstream.port or 80, timeout=30
        )
        try:
            connection.request(
                request.method, request.target, body=request.body or None, headers=request.headers
            )
            answer = connection.getresponse()
            kept = {name.lower(): value for name, value in answer.getheaders() if name.lower() not in _HOP}
            response = Response(answer.status, answer.read(), kept)
        finally:
            connection.close()
        if response.status < 300 and request.kind == "create" and not request.data.get("steps"):
            self._stubs.add(response.data["data"]["blueprintId"])
        elif response.status < 300 and request.kind == "fill":
            self._stubs.discard(request.blueprint_id)
        return response

    def emulator_ids(self, like: Request) -> list[str]:
        """What the sourcing of a request holds, oldest first."""
        listing = Request(
            "list", 0, "GET", like.path + "?pageSize=50", like.headers | {"content-length": "0"}, b""
        )
        return [row["blueprintId"] for row in self.forward(listing).data["data"]["sequenceBlueprints"]]

    def count(self, kind: str) -> int:
        return self._counts.get(kind, 0)

    def _accept(self) -> None:
        while not self.ending.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            stream = connection.makefile("rb")
            exchange_open = True
            while exchange_open and not self.ending.is_set():
                request = self._read(stream)
                if request is None:
                    return
                exchange = Exchange(self, connection, request)
                behaviour = self.script(request)
                try:
                    (behaviour or _forward)(exchange)
                except Exception as error:  # noqa: BLE001 - a bug of the harness has to be seen by the test
                    self.problems.append(f"{type(error).__name__}: {error}")
                    exchange.reset()
                exchange_open = exchange.open

    def _read(self, stream: Any) -> Request | None:
        first = stream.readline()
        if not first:
            return None
        method, target, _ = first.decode().split(" ", 2)
        headers: dict[str, str] = {}
        while line := stream.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", 0))
        body = stream.read(length)
        if len(body) < length:  # the client died while it was sending: no server would act on half a request
            return None
        path = urlsplit(target).path
        kind = {"POST": "create", "PATCH": "update"}.get(method) or _kind_of_read(path)
        with self._lock:
            if kind == "update" and path.rsplit("/", 1)[-1] in self._stubs:
                kind = "take" if _takes(json.loads(body)) else "fill"
            self._counts[kind] = nth = self._counts.get(kind, 0) + 1
            request = Request(kind, nth, method, target, headers, body)
            self.requests.append(request)
        for watcher in self.watchers:
            watcher(request)
        return request


def _takes(data: Any) -> bool:
    return set(data) == {"name"} and mark_in(data["name"]) is not None


def _kind_of_read(path: str) -> str:
    last = path.rsplit("/", 1)[-1]
    return {"sequence-blueprints": "list", "sourcings": "sourcings"}.get(last, "other")


def _forward(exchange: Exchange) -> None:
    exchange.send(exchange.forward())


def on(kind: str, behaviour: Behaviour, *, nth: int | None = 1) -> Script:
    """The behaviour for the nth request of a kind, or for all of them."""

    def script(request: Request) -> Behaviour | None:
        return behaviour if request.kind == kind and nth in {None, request.nth} else None

    return script


def wait_until(condition: Callable[[], bool], seconds: float = 120.0) -> bool:
    """Whether the condition came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return condition()
