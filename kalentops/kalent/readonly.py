"""The network for commands that only look: it has no way to write."""

from __future__ import annotations

from typing import Any

from kalentops.http.transport import Query, Transport
from kalentops.http.verdict import Answer


class ReadOnly:
    """A transport that lets GET through and nothing else."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(self, method: str, path: str, *, query: Query | None = None, body: Any = None) -> Answer:
        """Raises AssertionError for anything but a GET without a body: whoever asks for that is a bug."""
        if method != "GET" or body is not None:
            raise AssertionError(f"{method} {path} in a command that only reads")
        return self._transport.send(method, path, query=query)
