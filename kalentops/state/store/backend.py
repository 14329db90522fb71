"""What a session needs of the place where a state is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from kalentops.errors import SharedStoreFailure
from kalentops.state.content import Content

if TYPE_CHECKING:
    from kalentops.state.codec import Dump
    from kalentops.state.store.journal import Journal


class Stored(NamedTuple):
    """The bytes of a state and their version; `left` is the journal that stands beside a file, if any."""

    content: Content
    version: str
    left: Journal | None = None

    @property
    def data(self) -> bytes:
        """The bytes, whole. Raises StateMoved, StoreFailure."""
        return b"".join(self.content.chunks())

    def holds(self, data: Dump) -> bool:
        """Whether these are the bytes that are stored. Raises StateMoved, StoreFailure."""
        return self.content.sha256 == data.sha256


class VersionMismatch(Exception):
    """The stored version is not the expected one. Nothing was written."""


class UnclearWrite(SharedStoreFailure):
    """The answer to a write was lost: it may have taken effect, or may still."""


class Backend(Protocol):
    """Where the bytes of one state are kept. It does not look into them."""

    @property
    def where(self) -> str:
        """Its name in messages, without credentials."""
        ...

    def prepare(self) -> None:
        """Make the place ready for a state, and check that it can keep one. Raises StateError, StoreFailure."""
        ...

    def read(self) -> Stored | None:
        """None where nothing was ever written. Raises StateError, StoreFailure."""
        ...

    def replace(self, data: bytes | Dump, expected: str | None) -> str:
        """Write durably if the stored version is `expected` (None: nothing is stored), and return the new version.

        Raises VersionMismatch and StoreFailure, where nothing was written; UnclearWrite.
        """
        ...
