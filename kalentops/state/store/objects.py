"""The state as an object: in S3 or what speaks its protocol, or in Azure Blob Storage.

The service compares and swaps: If-None-Match creates, If-Match replaces.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import obstore
from obstore.store import AzureStore, S3Store

from kalentops.errors import SharedStoreFailure, StateError
from kalentops.state.codec import Dump
from kalentops.state.content import InMemory
from kalentops.state.store.backend import Stored, UnclearWrite, VersionMismatch
from kalentops.state.store.cloud import SERVICES, Fault, library_options
from kalentops.state.store.location import Location
from kalentops.support import atomic_write

T = TypeVar("T")
PAUSES: Final = (0.2, 0.8)  # seconds, before the second and the third attempt
_WRITE: Final = "kalentopswrite"  # metadata; Azure takes no hyphen, and proxies drop underscores
# Any other 404 is no word of the service about this object.
_NO_OBJECT: Final = {"NoSuchKey", "BlobNotFound"}
# With another code, a 409 or 412 is not about the condition: the service refuses the write for good.
_CONDITION: Final = {
    "",
    "PreconditionFailed",
    "ConditionNotMet",
    "ConditionalRequestConflict",
    "OperationAborted",
}


class ObjectBackend:
    """One object. Its version is its ETag."""

    def __init__(self, location: Location) -> None:
        """Raises StateError for a variable that can't be used, SharedStoreFailure for incomplete credentials."""
        self.where = location.where
        self._service = SERVICES[location.kind]
        name, _, self._key = location.where.partition("://")[2].partition("/")
        make = S3Store if location.kind == "s3" else AzureStore
        options = library_options(location.kind)
        store = self._try(lambda: make(name, **options))
        if isinstance(store, Fault):
            raise self._failure(SharedStoreFailure, "used", store)
        self._store = store

    def prepare(self) -> None:
        """Check with an object beside the state that a write whose condition does not hold is refused."""
        probe = f"{self._key}.probe-{secrets.token_hex(4)}"
        try:
            self._check_conditions(probe)
        finally:
            self._try(lambda: obstore.delete(self._store, probe))

    def _check_conditions(self, probe: str) -> None:
        first = self._put(probe, b"1", None)
        if isinstance(first, Fault):
            raise self._failure(SharedStoreFailure, "written", first)
        again = self._put(probe, b"2", None)
        second = self._put(probe, b"3", first)
        stale = self._put(probe, b"4", first)
        for fault in (again, second, stale):
            if isinstance(fault, Fault) and fault.status not in {404, 409, 412}:
                raise self._failure(SharedStoreFailure, "written", fault)
        if not isinstance(again, Fault) or isinstance(second, Fault) or not isinstance(stale, Fault):
            raise SharedStoreFailure(
                f"{self.where} can't keep a state: its service ignores the conditions of a write (If-Match, "
                "If-None-Match), and runs would overwrite each other's ids",
                hint="use a service that obeys them, or another kind of place",
            )

    def read(self) -> Stored | None:
        found = self._find()
        return found and found[0]

    def _find(self) -> tuple[Stored, str | None] | None:
        """What is stored, and the id of the write that stored it."""
        found = self._try(self._get, lambda fault: fault.passing)
        if not isinstance(found, Fault):
            return found
        if found.code in _NO_OBJECT:
            return None
        raise self._failure(SharedStoreFailure, "read", found)

    def _get(self) -> tuple[Stored, str | None]:
        found = obstore.get(self._store, self._key)  # bytes, version and write of one answer
        if found.meta["size"] > atomic_write.MAX_STATE:
            raise StateError(f"the object {self.where} is no state: it has {found.meta['size']:,} bytes")
        return Stored(InMemory(bytes(found.bytes())), found.meta["e_tag"] or ""), found.attributes.get(_WRITE)

    def replace(self, data: bytes | Dump, expected: str | None) -> str:
        whole = bytes(data)
        write = secrets.token_hex(8)
        written = self._put(self._key, whole, expected, write)
        if not isinstance(written, Fault):
            return written
        if written.status in {409, 412} or written.code in _NO_OBJECT:
            return self._look(write, expected, written)
        refused = written.unsent or (300 <= written.status < 500 and written.status not in {408, 429})  # noqa: PLR2004
        raise self._failure(SharedStoreFailure if refused else UnclearWrite, "written", written)

    def _look(self, write: str, expected: str | None, fault: Fault) -> str:
        """After an answer that the condition does not hold, which a request that a proxy sent twice gets as well."""
        try:
            stored, last = self._find() or (None, None)
        except SharedStoreFailure as error:
            raise UnclearWrite(str(error), hint=error.hint) from None
        if stored is not None and last == write:
            return stored.version
        if (stored.version if stored else None) != expected:
            raise VersionMismatch
        kind = UnclearWrite if fault.code in _CONDITION else SharedStoreFailure
        raise self._failure(kind, "written", fault)

    def _put(self, key: str, data: bytes, expected: str | None, write: str = "probe") -> str | Fault:
        mode: Any = "create" if expected is None else {"e_tag": expected}
        attributes: Any = {"Content-Type": "application/json", _WRITE: write}
        written = self._try(
            lambda: obstore.put(
                self._store, key, data, mode=mode, attributes=attributes, use_multipart=False
            ),
            lambda fault: fault.unsent,
        )
        return written if isinstance(written, Fault) else written["e_tag"] or ""

    def _try(self, call: Callable[[], T], again: Callable[[Fault], bool] = lambda _: False) -> T | Fault:
        """The library's error stays here: no traceback shows it."""
        for pause in (*PAUSES, None):
            try:
                return call()
            except StateError:
                raise
            except BaseException as error:
                if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                    raise
                text = str(error)
            fault = Fault.of(text)
            if pause is None or not again(fault):
                break
            time.sleep(pause)
        return fault

    def _failure(self, kind: type[SharedStoreFailure], done: str, fault: Fault) -> SharedStoreFailure:
        said, todo = self._service.explain(fault)
        return kind(f"{self.where} can't be {done}: {said}", hint=todo)
