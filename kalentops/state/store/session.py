"""What every kind of store can do."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from kalentops.state.model import Record, State


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state as it was read, with what its journal adds and the serial that it gets with that; and what there is to
    say about the reading.
    """

    state: State
    notes: tuple[str, ...] = ()


class Session(Protocol):
    """The state in the hands of its only writer."""

    @property
    def state(self) -> State:
        """The state as it was when the session began; the caller's records come on top of it."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What was mended when the session began, for people."""
        ...

    def begin(self, tenant: str) -> None:
        """Make ready for records: after this, the lineage is durable. Does nothing the second time.

        Raises StateMoved, StoreFailure.
        """
        ...

    def record(self, *records: Record) -> None:
        """Make the records durable, in this order, and take them into the state. Called by many threads.

        Raises StoreFailure where they are not durable; from then on it takes no further ones.
        """
        ...

    def replace(self, state: State) -> None:
        """Write another state in place of this one, with the next serial. Not after `begin`.

        Raises StateMoved, StoreFailure, and StateDamaged for a state that `read` would refuse.
        """
        ...


class Store(Protocol):
    """A place for one state."""

    @property
    def where(self) -> str:
        """What to call it in messages."""
        ...

    def read(self) -> Snapshot:
        """The state, without the lock. Raises StateError where it can't be used, StoreFailure where it can't
        be read.
        """
        ...

    def session(self, *, lock_timeout: float = 0.0) -> AbstractContextManager[Session]:
        """The lock and the state; at the end, the records are folded into the state.

        Raises StateLocked, and what `read` raises; at the end StateMoved or StoreFailure. Where the block itself
        raised, that goes on, with a note on what the end could not do.
        """
        ...
