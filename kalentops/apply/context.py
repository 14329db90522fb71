"""What the parts of `apply` share: the run, the view of one sourcing, and the search for a lost outcome."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from kalentops.apply.result import Cause, Looking, Observer, Outcome, Result
from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.remote import Remote
from kalentops.errors import (
    FilesChanged,
    Forbidden,
    Interrupted,
    KalentopsError,
    StateError,
    StoreFailure,
    Unauthorized,
    Unreachable,
)
from kalentops.http.retry import ATTEMPTS
from kalentops.http.verdict import Limited, NotSent, Refused, Verdict
from kalentops.plan.build import Action, Change
from kalentops.plan.decide import Situation
from kalentops.plan.explanation import Code, Explanation, explain, of_error
from kalentops.plan.matching import Unmanaged
from kalentops.state.model import (
    Entry,
    Intended,
    Intent,
    Observed,
    Record,
    State,
    address_of,
    moment,
)
from kalentops.support.clock import Clock

MAX_AGE: Final = 10.0
"""Seconds after which a list is read again before something is made on the strength of it."""
QUIET: Final = 600.0
"""Seconds after which others may send another text over the open work of a run, if it has not said a word. A run that
is at work says one in time; one that stood still for longer sends nothing before it has.
"""
_UNKNOWN_IN_A_ROW: Final = 3


class Api(Protocol):
    """What `apply` needs of the API."""

    def time(self) -> str | None: ...

    def list_blueprints(self, sourcing_id: str) -> tuple[Remote, ...]: ...

    def ready(self) -> None: ...

    def create(self, sourcing_id: str, body: Mapping[str, Any]) -> Verdict: ...

    def update(self, blueprint_id: str, body: Mapping[str, Any]) -> Verdict: ...


class Recorder(Protocol):
    """What `apply` needs of a store's session."""

    @property
    def state(self) -> State: ...

    @property
    def shared(self) -> bool: ...

    def begin(self, tenant: str) -> None: ...

    def record(self, *records: Record) -> None: ...

    def barrier(self) -> None: ...

    def taken(self, address: str) -> tuple[Entry | None, Intent | None] | None: ...

    def changed(self, address: str, *, again: bool) -> tuple[Entry | None, Intent | None] | None: ...

    def stage(self, state: State) -> None: ...


@dataclass(frozen=True, slots=True)
class Options:
    """`settle`: seconds to look for an unknown outcome. `overwrite`: addresses to update despite a remote edit.
    `whole`: a create is one request with the text, for an API that refuses empty blueprints. `resend`: addresses
    where such a create may be sent again. `take_over`: dead runs, over whose open work another text may be sent.
    """

    tenant: str
    settle: float = 30.0
    parallelism: int = 8
    overwrite: frozenset[str] = frozenset()
    whole: bool = False
    resend: frozenset[str] = frozenset()
    take_over: frozenset[str] = frozenset()


_T = TypeVar("_T")
Steps: TypeAlias = Generator[Address, None, _T]
"""The work on one address, as a generator with that result. It pauses where all its records must be durable before it
continues, and yields the address. The driver in run.py then makes them durable, for one address or for all at once,
and continues it: with Overtaken if another run was first, with the error if the store failed.
"""


class Overtaken(Exception):
    """Another run was the first to record something for the address: this entry, this intent."""

    def __init__(self, entry: Entry | None, intent: Intent | None) -> None:
        super().__init__()
        self.entry = entry
        self.intent = intent


@dataclass(slots=True)
class Run:
    """One run of `apply`: its dependencies, and what its threads share. `open_intents` are the addresses where text
    may have been sent, with unknown outcome. `announced` are the texts that this run is about to send.
    """

    api: Api
    session: Recorder
    clock: Clock
    options: Options
    observe: Observer
    ours: dict[str, str] = field(default_factory=dict)
    open_intents: set[str] = field(default_factory=set)
    announced: dict[str, Intent] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _checking: threading.Lock = field(default_factory=threading.Lock)
    _checked_at: float = float("-inf")
    _stopped: tuple[Explanation, Cause] | None = None
    _unknown: int = 0

    def now(self) -> str:
        """The time of day for records: by the API's clock, because those of the machines may differ."""
        return self.api.time() or self.clock.now()

    def record(self, *records: Record) -> None:
        """Record them. Raises StoreFailure or StateError, after which nothing new starts."""
        with self._storing():
            with self._lock:
                self.session.begin(self.options.tenant)
            self.session.record(*records)
        with self._lock:
            for record in records:
                self.announced.pop(address_of(record), None)
                if isinstance(record, Intended) and not record.intent.only_reserves:
                    self.open_intents.add(record.intent.address)
                    if record.intent.action == "update" and record.intent.run is None:
                        self.announced[record.intent.address] = record.intent
                elif not isinstance(record, Intended | Observed):
                    self.open_intents.discard(address_of(record))

    def barrier(self) -> None:
        """Make everything recorded durable. Raises like `record`."""
        with self._storing():
            self.session.barrier()

    @contextmanager
    def _storing(self) -> Iterator[None]:
        try:
            yield
        except (StoreFailure, StateError) as error:
            self.stop(of_error(error), Cause.STORE)
            raise

    def overtaken(self, address: str) -> Overtaken | None:
        """Whether another run was the first to record something for an address, since the last barrier."""
        taken = self.session.taken(address)
        if taken is None:
            return None
        with self._lock:
            self.open_intents.discard(address)
            self.announced.pop(address, None)
        return Overtaken(*taken)

    def changed_by_other(self, task: Task, read_at: float) -> Overtaken | None:
        """Whether what a list of `read_at` shows of an address may be another run's work, which this run does not know
        of. Raises StateError, StoreFailure.
        """
        if not self.session.shared:
            return None
        with self._checking:
            again = self._checked_at <= read_at
            self._checked_at = self.clock.monotonic() if again else self._checked_at
            found = self.session.changed(task.address, again=again)
        return None if found is None or found == (task.entry, task.intent) else Overtaken(*found)

    def age(self, intent: Intent) -> float:
        """Seconds since it was recorded. Both times are the API's."""
        return (moment(self.now()) - moment(intent.at)).total_seconds()

    def has_to_renew(self, address: str) -> bool:
        """Whether this run has to `renew` before it sends the text: others may soon take it for dead."""
        return (
            self.session.shared
            and address in self.announced
            and abs(self.age(self.announced[address])) > QUIET / 2
        )

    def renew(self) -> None:
        """Say that this run is still at work, on all that it is about to send. Raises like `record`."""
        at = self.now()
        self.record(*(Intended(replace(each, at=at)) for each in [*self.announced.values()]))

    def own(self, blueprint_id: str, address: str) -> None:
        with self._lock:
            self.ours[blueprint_id] = address

    def see(self, ids: Iterable[str]) -> None:
        with self._lock:
            self.seen.update(ids)

    def given_before(self, blueprint_id: str) -> bool:
        """Whether an id is known to belong to another blueprint, so that no new one can have it."""
        return blueprint_id in self.ours or blueprint_id in self.seen

    def stop(self, reason: Explanation, cause: Cause) -> None:
        """Start nothing new. The first reason is kept."""
        with self._lock:
            self._stopped = self._stopped or (reason, cause)

    def stopped(self) -> tuple[Explanation, Cause] | None:
        """Why nothing new may start, or None."""
        if self.clock.stopping:
            return explain(Code.RUN_INTERRUPTED), Cause.INTERRUPTED
        return self._stopped

    def note_error(self, error: KalentopsError) -> None:
        """An invalid key or a missing plan ends the run; other errors concern one sourcing."""
        if isinstance(error, Unauthorized) and not isinstance(error, Forbidden):
            self.stop(of_error(error), Cause.DENIED)

    def outcome_known(self, *, known: bool) -> None:
        with self._lock:
            self._unknown = 0 if known else self._unknown + 1

    def creates_are_safe(self) -> bool:
        """Whether a create may start: not after three in a row with unknown outcome."""
        return self._unknown < _UNKNOWN_IN_A_ROW


@dataclass(slots=True)
class View:
    """The list of one sourcing, as of its last read; the ids that answers have `given` since; each blueprint as this
    run saw it `first`; what is `unmanaged`; and when texts were `sent`, by the API's clock, if that is known.
    """

    run: Run
    sourcing_id: str
    remotes: tuple[Remote, ...] = ()
    read_at: float = float("-inf")
    given: set[str] = field(default_factory=set)
    first: dict[str, Remote] = field(default_factory=dict)
    unmanaged: Unmanaged = field(default_factory=Unmanaged)
    sent: dict[str, str] = field(default_factory=dict)

    def add(self, made: Remote) -> Remote:
        """Add what an answer says was created, until the next read."""
        self.remotes = (*self.remotes, made)
        self.given.add(made.blueprint_id)
        self.unmanaged.add(made)
        return made

    def own(self, blueprint_id: str, address: str) -> None:
        """A blueprint of this sourcing is managed from now on."""
        self.run.own(blueprint_id, address)
        self.unmanaged.discard(blueprint_id)

    def read(self) -> tuple[Remote, ...]:
        """Read the list again. Raises what the API's list raises."""
        self.remotes = self.run.api.list_blueprints(self.sourcing_id)
        self.unmanaged = Unmanaged(each for each in self.remotes if each.blueprint_id not in self.run.ours)
        self.given -= set(self.ids())
        self.first = {**{each.blueprint_id: each for each in self.remotes}, **self.first}
        self.read_at = self.run.clock.monotonic()
        self.run.see(self.ids())
        return self.remotes

    def send(self, blueprint_id: str, body: Mapping[str, Any]) -> Verdict:
        """The outcome of one PATCH."""
        at = self.run.api.time()
        if at is not None:
            self.sent[blueprint_id] = at
        return self.run.api.update(blueprint_id, body)

    @property
    def whole(self) -> bool:
        """Whether the list was read completely at least once."""
        return self.read_at > float("-inf")

    def fresh(self) -> tuple[Remote, ...]:
        """The list, at most ten seconds old: another writer may have been at work while this run waited."""
        return self.remotes if self.run.clock.monotonic() - self.read_at <= MAX_AGE else self.read()

    def get(self, blueprint_id: str) -> Remote | None:
        return next((remote for remote in self.remotes if remote.blueprint_id == blueprint_id), None)

    def ids(self) -> tuple[str, ...]:
        return tuple(remote.blueprint_id for remote in self.remotes)

    def situation(self, task: Task, own: Collection[str] = ()) -> Situation:
        """What is known of an address now; `own` are the nonces of the stubs that this run has made for it."""
        return Situation(
            task.change,
            task.entry,
            task.intent,
            self.get(task.entry.blueprint_id) if task.entry else None,
            self.unmanaged,
            own,
            overwrite=task.address in self.run.options.overwrite,
            lineage=self.run.session.state.lineage,
        )


@dataclass(frozen=True, slots=True)
class Task:
    """One address to work on, and what is recorded of it."""

    change: Change
    entry: Entry | None
    intent: Intent | None

    def read(self) -> Task:
        """The same with its body as it is sent and recorded, whatever happens to the file. Raises FilesChanged."""
        if self.change.after is None:
            return self
        _ = self.wanted  # the body of this task keeps the digest, for the read-back
        return replace(self, change=replace(self.change, after=self.body.held()))

    @property
    def address(self) -> Address:
        return self.change.address

    @property
    def nonces(self) -> tuple[str, ...]:
        """The nonces of the stubs that earlier runs made for the address, or may have made."""
        return self.intent.nonces if self.intent else ()

    @property
    def body(self) -> Body:
        return self.change.body

    @property
    def wanted(self) -> str:
        """The digest that a list shows when the address is as declared."""
        return self.body.observable.digest

    def result(
        self,
        action: Action,
        outcome: Outcome,
        blueprint_id: str | None = None,
        *,
        error: Explanation | None = None,
        cause: Cause = Cause.NONE,
    ) -> Result:
        return Result(self.address, action, outcome, blueprint_id, error, cause=cause)


def not_done(task: Task, action: Action, verdict: Refused | NotSent | Limited) -> Result:
    """The result of a write that certainly had no effect."""
    blueprint_id = task.entry.blueprint_id if task.entry else None
    if isinstance(verdict, Refused):
        cause = Cause.DENIED if verdict.status in {401, 402, 403} else Cause.API
        said = explain(Code.REFUSED, message=verdict.message, status=verdict.status)
        return task.result(action, Outcome.REFUSED, blueprint_id, error=said, cause=cause)
    said = (
        explain(Code.NOT_SENT, cause=verdict.reason)
        if isinstance(verdict, NotSent)
        else explain(Code.RATE_LIMITED, attempts=ATTEMPTS)
    )
    return task.result(action, Outcome.NOT_ATTEMPTED, blueprint_id, error=said, cause=Cause.UNREACHABLE)


def from_error(task: Task, error: KalentopsError) -> Result:
    """The result of an address that an expected error prevented."""
    cause = Cause.API
    if isinstance(error, Unauthorized):
        cause = Cause.DENIED
    elif isinstance(error, Unreachable):
        cause = Cause.UNREACHABLE
    elif isinstance(error, StoreFailure | StateError):
        cause = Cause.STORE
    elif isinstance(error, Interrupted):
        cause = Cause.INTERRUPTED
    elif isinstance(error, FilesChanged):
        cause = Cause.FILES
    outcome = Outcome.REFUSED if cause in {Cause.API, Cause.DENIED} else Outcome.NOT_ATTEMPTED
    return task.result(
        task.change.action,
        outcome,
        task.entry.blueprint_id if task.entry else None,
        error=of_error(error, hint=cause is not Cause.STORE),
        cause=cause,
    )


_FIRST_PAUSE: Final = 0.2
_GROWTH: Final = 1.7
_LONGEST_PAUSE: Final = 5.0
_NO_LIMIT: Final = float("inf")


def look_until(
    view: View,
    there: Callable[[], _T | None],
    address: str = "",
    reason: Explanation | None = None,
    *,
    most: float = _NO_LIMIT,
) -> _T | None:
    """What `there` finds in the view, which is read again until it finds something; None if it never does.

    The window is the settle window, at most `most` seconds. With an `address`, observers are told `reason`. Raises
    Unreachable if the last list could not be read; Unauthorized, RefusedByApi, Interrupted.
    """
    clock, window = view.run.clock, min(view.run.options.settle, most)
    if address and reason is not None:
        view.run.observe(Looking(address, window, reason))
    deadline, pause = clock.monotonic() + window, _FIRST_PAUSE
    while True:
        last = clock.monotonic() >= deadline
        try:
            view.read()
        except Unreachable:
            if last:
                raise
        else:
            found = there()
            if found is not None or last:
                return found
        # The last list has to be read after the window has passed, not shortly before.
        clock.wait(min(pause, _LONGEST_PAUSE, max(deadline - clock.monotonic(), 0.001)))
        pause *= _GROWTH
