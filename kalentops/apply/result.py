"""The results of `apply`, and the events while it runs: pure data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from kalentops.errors import FilesChanged
from kalentops.plan.build import Action
from kalentops.plan.explanation import Explanation


class Outcome(StrEnum):
    """The outcome of one change."""

    DONE = "done"
    REFUSED = "refused"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"
    NOT_ATTEMPTED = "not_attempted"


class Cause(StrEnum):
    """Why a change was not done; only the exit code depends on it."""

    API = "api"  # the API said no to this one
    DENIED = "denied"  # 401, 402, 403
    UNREACHABLE = "unreachable"
    STORE = "store"  # it could not be recorded
    INTERRUPTED = "interrupted"
    OTHER_RUN = "other_run"  # another run is at work on it
    FILES = "files"  # its file was changed during the run
    NONE = ""


@dataclass(frozen=True, slots=True)
class Result:
    """The result for one address. `note` says what a person should know although it was done."""

    address: str
    action: Action
    outcome: Outcome
    blueprint_id: str | None = None
    error: Explanation | None = None
    note: Explanation | None = None
    cause: Cause = Cause.NONE


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """All results: one for each change of the plan, by address."""

    results: tuple[Result, ...] = ()
    interrupted: bool = False
    notes: tuple[Explanation, ...] = field(default=())

    @property
    def summary(self) -> dict[str, int]:
        """The number of results by outcome."""
        counts = Counter(result.outcome for result in self.results)
        return {outcome.value: counts[outcome] for outcome in Outcome}

    @property
    def exit_code(self) -> int:
        """The exit code, as in `errors.EXIT_CODES`. What a person has to look at first wins."""
        outcomes = {result.outcome for result in self.results}
        if self.interrupted:
            return 130
        if Outcome.UNKNOWN in outcomes:
            return 10
        failed = {result.cause for result in self.results if result.outcome is not Outcome.DONE}
        rest = outcomes - {Outcome.DONE}
        if not rest:
            return 0
        if rest == {Outcome.CONFLICT}:
            return 6
        if Outcome.DONE in outcomes:
            return 9
        return next((code for cause, code in _ONLY.items() if failed == {cause}), 9 if len(rest) > 1 else 1)


_ONLY = {
    Cause.DENIED: 4,
    Cause.UNREACHABLE: 5,
    Cause.STORE: 1,
    Cause.API: 1,
    Cause.OTHER_RUN: 8,
    Cause.FILES: FilesChanged.exit_code,
}


@dataclass(frozen=True, slots=True)
class Began:
    """`sourcings` are read first; then `changes` addresses are worked on."""

    sourcings: int
    changes: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A sourcing was read."""

    sourcing_id: str
    blueprints: int


@dataclass(frozen=True, slots=True)
class Looking:
    """The outcome of an address is unknown; lists are read for `seconds` to find it."""

    address: str
    seconds: float
    reason: Explanation


@dataclass(frozen=True, slots=True)
class Reserved:
    """A new blueprint has its id; its text is sent next."""

    address: str
    blueprint_id: str


@dataclass(frozen=True, slots=True)
class Filled:
    """The text of a blueprint has arrived."""

    address: str
    blueprint_id: str


@dataclass(frozen=True, slots=True)
class Written:
    """An address is done, as far as the answers say. The read-back may say otherwise."""

    result: Result


@dataclass(frozen=True, slots=True)
class Waiting:
    """All requests wait, because the API asked for it."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Finished:
    """The final result of an address."""

    result: Result


Event: TypeAlias = Began | Listed | Looking | Reserved | Filled | Written | Waiting | Finished
Observer: TypeAlias = Callable[[Event], None]
