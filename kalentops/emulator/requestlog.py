"""What was asked of the emulator, for tests that must prove what a client does and doesn't call."""

import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple, overload

KEPT = 100_000


class Entry(NamedTuple):
    """One answered request; `path` as sent, decoded, without the query."""

    method: str
    path: str
    status: int


class RequestLog(Sequence[Entry]):
    """The last 100,000 requests, oldest first; safe to read while the server writes."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._requests: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def add(self, entry: Entry, route: str) -> None:
        with self._lock:
            self._entries.append(entry)
            self._requests[entry.method, route] += 1

    @property
    def requests(self) -> Counter[tuple[str, str]]:
        """All requests so far by (method, route), such as `("GET", "/api/v1/sourcings")`; a copy."""
        with self._lock:
            return Counter(self._requests)

    def _snapshot(self) -> list[Entry]:
        with self._lock:
            return list(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._snapshot())

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        return self._snapshot()[index]
