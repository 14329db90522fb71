"""What `apply` tells while it works. An observer gets these from several threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from kalentops.apply.result import Result


@dataclass(frozen=True, slots=True)
class Began:
    """`sourcings` will be looked at first; then `changes` addresses are worked on."""

    sourcings: int
    changes: int


@dataclass(frozen=True, slots=True)
class Listed:
    """One sourcing was looked at."""

    sourcing_id: str
    blueprints: int


@dataclass(frozen=True, slots=True)
class Looking:
    """The outcome of an address is unknown; lists are read for `seconds` to find out."""

    address: str
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Reserved:
    """A new blueprint has its id, and its text is sent next."""

    address: str
    blueprint_id: str


@dataclass(frozen=True, slots=True)
class Filled:
    """The text of a blueprint is known to have arrived."""

    address: str
    blueprint_id: str


@dataclass(frozen=True, slots=True)
class Written:
    """An address is done, as far as the answers say. What a list shows of it is looked at later, and may differ."""

    result: Result


@dataclass(frozen=True, slots=True)
class Waiting:
    """Everything waits, because the API asked for it."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Finished:
    """An address is through."""

    result: Result


Event: TypeAlias = Began | Listed | Looking | Reserved | Filled | Written | Waiting | Finished
Observer: TypeAlias = Callable[[Event], None]
