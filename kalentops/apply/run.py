"""A whole plan, several sourcings in parallel. The addresses of one sourcing are worked on one after the other, so
that what is new in its list comes only from the current one, or from another writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, TypeVar

from kalentops.apply.context import (
    QUIET,
    Api,
    Options,
    Overtaken,
    Recorder,
    Run,
    Steps,
    Task,
    View,
    from_error,
)
from kalentops.apply.create import create
from kalentops.apply.result import (
    ApplyResult,
    Began,
    Cause,
    Finished,
    Listed,
    Observer,
    Outcome,
    Result,
    Written,
)
from kalentops.apply.settle import await_listed, confirm, read_back, resume
from kalentops.apply.update import update
from kalentops.blueprint.body import Address
from kalentops.blueprint.remote import stubs
from kalentops.errors import FilesChanged, Forbidden, KalentopsError, RefusedByApi
from kalentops.plan.build import ASKS, Action, Change, Plan
from kalentops.plan.decide import turn
from kalentops.plan.explanation import Code, Explanation, explain, leftover, together
from kalentops.plan.matching import Unmanaged
from kalentops.plan.refresh import Looked, check_listed, check_workspace, is_known, witnesses
from kalentops.state.model import Entry, Intent, State
from kalentops.support.background import result_of
from kalentops.support.clock import Clock

_A = TypeVar("_A")
_B = TypeVar("_B")


def apply_plan(
    plan: Plan,
    api: Api,
    session: Recorder,
    clock: Clock,
    options: Options,
    on_event: Observer,
    *,
    known: State | None = None,
) -> ApplyResult:
    """Carry out the plan, and return the outcome of each change.

    `session` holds the state that the plan was made against, under its lock; `known` is that state after `moved` and
    `removed`, None if they change nothing. Every sourcing of the plan is listed before anything is written, also into
    the state. Raises StateDamaged before the first request, StateError and StoreFailure before the first write, and
    nothing that one address could cause after it.
    """
    known = session.state if known is None else known
    open_ = {address for address, intent in known.intents.items() if not intent.only_reserves}
    run = Run(api, session, clock, options, on_event, known.ids(), open_)
    sourcings = _sourcings(run, known, plan.changes)
    on_event(Began(len(sourcings), len(plan.to_do)))
    with ThreadPoolExecutor(max_workers=max(1, options.parallelism), thread_name_prefix="apply") as pool:
        # What is worked on first is read last: lists of a long look are too old for those at its start.
        looked = _all(pool, look, sourcings[::-1])[::-1]
        confirm_workspace(run, looked, known, lambda others: _all(pool, look, others))
        confirm_listed(run, looked, known)
        local = _without_requests(run, plan, known)
        if session.shared:
            # One write for all that will be sent; before it, a request can make stubs only. Another one for those
            # addresses where another run was first, because this run may have to carry on with its work.
            _all(pool, prepare, looked)
            run.barrier()
            while any(_all(pool, go_on_after_others, looked)):
                run.barrier()
        results = [result for each in _all(pool, work, looked) for result in each]
    # Of what was moved and then looked at, the look counts.
    by_address = {result.address: result for result in [*local, *results]}
    results = sorted(by_address.values(), key=lambda result: result.address)
    looked.sort(key=lambda sourcing: sourcing.view.sourcing_id)
    notes = tuple(note for sourcing in looked for note in sourcing.notes)
    return ApplyResult(tuple(results), interrupted=clock.stopping and _something_left(results), notes=notes)


def _something_left(results: Iterable[Result]) -> bool:
    return any(result.outcome in {Outcome.NOT_ATTEMPTED, Outcome.UNKNOWN} for result in results)


def _all(pool: ThreadPoolExecutor, what: Callable[[_A], _B], of: Iterable[_A]) -> list[_B]:
    return [result_of(future) for future in [pool.submit(what, each) for each in of]]


_QUIET: Final = frozenset({Action.NO_OP, Action.MOVE})


def _without_requests(run: Run, plan: Plan, known: State) -> list[Result]:
    """The results that need no request: the conflicts of the plan, and what concerns the state alone. The state is
    written before the first request that writes, so that everything is recorded under the declared addresses.
    """
    stopped = run.stopped()
    if stopped is None and known != run.session.state:
        run.session.stage(known)
    results = []
    for change in plan.to_do:
        if change.action is Action.CONFLICT:
            results.append(_result(change, Outcome.CONFLICT, change.reason))
        elif change.action in {Action.MOVE, Action.FORGET}:
            results.append(
                _result(change, Outcome.NOT_ATTEMPTED, *stopped) if stopped else _result(change, Outcome.DONE)
            )
    for result in results:
        run.observe(Finished(result))
    return results


def _result(
    change: Change, outcome: Outcome, error: Explanation | None = None, cause: Cause = Cause.NONE
) -> Result:
    return Result(change.address, change.action, outcome, change.blueprint_id, error, cause=cause)


def _sourcings(run: Run, state: State, changes: Iterable[Change]) -> list[Sourcing]:
    """Those with something to do, or with an entry that no list has shown yet."""
    tasks: dict[str, list[Task]] = {}
    unseen: dict[str, list[Task]] = {}
    for change in changes:
        entry = state.entries.get(change.address)
        if change.action in ASKS:
            intent = state.intents.get(change.address)
            if intent is not None:
                intent.verified()  # before the first request: damage stops the run
            task = Task(change, entry, intent)
            tasks.setdefault(change.address.sourcing_id, []).append(task)
        elif change.action in _QUIET and entry is not None and entry.remote_digest is None:
            # To send our own text again overwrites nothing.
            sent = replace(change, after=entry.verified(), protected=False)
            unseen.setdefault(change.address.sourcing_id, []).append(Task(sent, entry, None))
    # The longest first, because one that starts late is waited for.
    ids = sorted(tasks.keys() | unseen.keys(), key=lambda each: (-len(tasks.get(each, ())), each))
    return [Sourcing(View(run, each), tasks.get(each, ()), unseen.get(each, ())) for each in ids]


@dataclass(slots=True)
class Sourcing:
    """The tasks of one sourcing. `unseen` need nothing done, but no list has shown them yet. `failed` holds why its
    list could not be read.
    """

    view: View
    tasks: Sequence[Task]
    unseen: Sequence[Task] = ()
    failed: KalentopsError | None = None
    notes: list[Explanation] = field(default_factory=list)
    started: list[_StartedTask] | None = None

    @property
    def run(self) -> Run:
        return self.view.run


def look(sourcing: Sourcing) -> Sourcing:
    """Read the sourcing's list, before anything is written anywhere."""
    with _failing(sourcing):
        if not sourcing.run.stopped():
            sourcing.view.read()
            sourcing.run.observe(Listed(sourcing.view.sourcing_id, len(sourcing.view.remotes)))
    return sourcing


@contextmanager
def _failing(sourcing: Sourcing) -> Iterator[None]:
    """An error here is the reason why the sourcing can't be worked on."""
    try:
        yield
    except KalentopsError as error:
        sourcing.failed = error
        sourcing.run.note_error(error)


@dataclass(slots=True)
class _StartedTask:
    """The work on one address up to a pause (`Steps`), or to its result: None for nothing to report. `at` is the
    address at the pause; `durable`: what was recorded before the pause is durable.
    """

    run: Run
    steps: Steps[Result | None]
    at: str = ""
    done: bool = False
    durable: bool = False
    result: Result | None = None

    def __post_init__(self) -> None:
        self._to_next_pause(partial(next, self.steps))

    def finish(self) -> Result | None:
        while not self.done:
            if not self.durable:
                try:
                    self.run.barrier()
                except KalentopsError as error:
                    self._to_next_pause(partial(self.steps.throw, error))
                    continue
            if not self.go_on_after_other():
                self._to_next_pause(partial(next, self.steps))
        return self.result

    def go_on_after_other(self) -> bool:
        """Continue, if another run was first. Whether it was."""
        overtaken = None if self.done else self.run.overtaken(self.at)
        if overtaken is None:
            return False
        self._to_next_pause(partial(self.steps.throw, overtaken))
        return True

    def _to_next_pause(self, go_on: Callable[[], Address]) -> None:
        self.durable = False
        try:
            self.at = go_on()
        except StopIteration as end:
            self.done, self.result = True, end.value


def _start(sourcing: Sourcing) -> Iterator[_StartedTask]:
    """One after the other: each is at a pause, or done, before the next one begins."""
    if sourcing.unseen and sourcing.view.whole and not sourcing.run.stopped():
        with _failing(sourcing):
            await_listed(sourcing.view, sourcing.unseen)
    for task in sourcing.unseen:
        yield _StartedTask(sourcing.run, _confirmed(sourcing, task))
    for task in sorted(sourcing.tasks, key=lambda task: _turn(task.change, sourcing.view.unmanaged)):
        yield _StartedTask(sourcing.run, _one(sourcing, task))


def _turn(change: Change, unmanaged: Unmanaged) -> tuple[int, bool, str]:
    try:
        return turn(change, unmanaged)
    except FilesChanged:  # which its own turn reports
        return turn(replace(change, after=None), unmanaged)


def prepare(sourcing: Sourcing) -> None:
    """Start the tasks, up to the first pause of each. A barrier has to follow."""
    sourcing.started = list(_start(sourcing))
    for each in sourcing.started:
        each.durable = True


def go_on_after_others(sourcing: Sourcing) -> bool:
    """After the barrier, continue the tasks at which another run was first. Whether any of them pauses again."""
    gone_on = [each for each in sourcing.started or () if each.go_on_after_other()]
    for each in gone_on:
        each.durable = True
    return any(not each.done for each in gone_on)


def work(sourcing: Sourcing) -> list[Result]:
    """Do the tasks, or the rest of them; one result each."""
    finished = (
        each.finish() for each in (_start(sourcing) if sourcing.started is None else sourcing.started)
    )
    results = [result for result in finished if result is not None]
    made = [result for result in results if result.outcome is Outcome.DONE]
    tasks: dict[str, Task] = {task.address: task for task in (*sourcing.unseen, *sourcing.tasks)}
    checked = list(read_back(sourcing.view, made, tasks)) if _worth_a_look(made) else made
    for result in checked:
        sourcing.run.observe(Finished(result))
    claimed = set(sourcing.run.ours.values())
    left = [
        each
        for mark, each in stubs(sourcing.view.unmanaged)
        if Address(sourcing.view.sourcing_id, mark.key) in claimed
    ]
    sourcing.notes += [leftover(each.blueprint_id, each.name) for each in left]
    # A run of thousands does not keep all lists.
    sourcing.view = View(sourcing.run, sourcing.view.sourcing_id)
    sourcing.started = None
    return [*checked, *(result for result in results if result.outcome is not Outcome.DONE)]


def _worth_a_look(done: Iterable[Result]) -> bool:
    return any(result.blueprint_id for result in done)


def _confirmed(sourcing: Sourcing, task: Task) -> Steps[Result | None]:
    """The result for an entry that no list has shown yet, if it is unknown or was sent again."""
    if sourcing.run.stopped():  # it has perhaps not made sure whose workspace this is
        return None
    try:
        if sourcing.failed is not None:
            raise sourcing.failed
        said = yield from confirm(sourcing.view, task)
    except Overtaken:
        return None
    except KalentopsError as error:
        sourcing.run.note_error(error)
        return replace(from_error(task, error), outcome=Outcome.UNKNOWN)
    if isinstance(said, Result):
        return said
    sourcing.notes += [said] if said else []
    return None


def _one(sourcing: Sourcing, task: Task) -> Steps[Result | None]:
    stopped = sourcing.run.stopped()
    if sourcing.failed is not None:
        result = from_error(task, sourcing.failed)
    elif stopped is not None:
        reason, cause = stopped
        blueprint_id = task.entry.blueprint_id if task.entry else None
        result = task.result(
            task.change.action, Outcome.NOT_ATTEMPTED, blueprint_id, error=reason, cause=cause
        )
    else:
        try:
            result = yield from _do(sourcing.view, task.read())
        except KalentopsError as error:
            sourcing.run.note_error(error)
            result = from_error(task, error)
    if result.cause is Cause.OTHER_RUN and task.change.after is None:
        # Declared in the files of that run, and not in these: a note, no failure.
        sourcing.notes.append(explain(Code.LEFT_TO_OTHER_RUN, address=task.address))
        return None
    result = _unknown_if_open(sourcing.run, task, result)
    done = result.outcome is Outcome.DONE
    sourcing.run.observe(Written(result) if done else Finished(result))
    return result


def _unknown_if_open(run: Run, task: Task, result: Result) -> Result:
    """As long as the intent of an address is open, its outcome is unknown, whatever stopped it."""
    if result.outcome is Outcome.CONFLICT and task.entry is not None and task.entry.mark is not None:
        return result  # what was sent is still to come, and something else stands there
    if result.cause is Cause.OTHER_RUN:
        return result
    if result.outcome in {Outcome.DONE, Outcome.UNKNOWN} or result.address not in run.open_intents:
        return result
    said = together(result.error, explain(Code.EARLIER_OUTCOME_UNKNOWN))
    return replace(result, outcome=Outcome.UNKNOWN, error=said)


def _do(view: View, task: Task) -> Steps[Result]:
    """Until no other run is first: what another run has started with the same text is carried on with."""
    while True:
        try:
            result = yield from _attempt(view, task)
            # Text that no one has recorded may be that of a run which began after this one had read the state.
            other = result.outcome is Outcome.CONFLICT and view.run.changed_by_other(task, view.read_at)
            if not other:
                return result
            raise other
        except Overtaken as first:
            if first.entry is not None:
                view.own(first.entry.blueprint_id, task.address)
            if not _is_same(task, first.entry, first.intent):
                return _left_alone(task, first.intent, first.entry)
            view.read()  # which may be older than what that run has done
            task = replace(task, entry=first.entry, intent=first.intent)


def _is_same(task: Task, entry: Entry | None, intent: Intent | None) -> bool:
    """Whether what another run has recorded is what this run wants."""
    recorded = intent or entry
    return (
        task.change.after is not None and recorded is not None and recorded.digest == task.change.after_digest
    )


def _left_alone(task: Task, intent: Intent | None, entry: Entry | None) -> Result:
    if intent is not None and intent.run is not None:
        said = explain(
            Code.AT_WORK, address=task.address, run=intent.run, host=intent.host or "", since=intent.at
        )
    else:
        said = explain(Code.CHANGED_BY_OTHER_RUN)
    blueprint_id = entry.blueprint_id if entry else None
    return task.result(
        task.change.action, Outcome.NOT_ATTEMPTED, blueprint_id, error=said, cause=Cause.OTHER_RUN
    )


def _is_at_work(run: Run, task: Task, intent: Intent) -> bool:
    """Whether the run that began this may still send another text than this run's."""
    if intent.run is None or intent.only_reserves or _is_same(task, task.entry, intent):
        return False
    # A time far ahead of the API's clock is one of a clock that was wrong: nothing would end the wait.
    return intent.run not in run.options.take_over and abs(run.age(intent)) < QUIET


def _attempt(view: View, task: Task) -> Steps[Result]:
    if task.intent is not None:
        if _is_at_work(view.run, task, task.intent):
            return _left_alone(task, task.intent, task.entry)
        result, adopted = yield from resume(view, task, task.intent)
    elif task.entry is not None:
        result, adopted = (yield from update(view, task)), None
    else:
        result, adopted = yield from create(view, task)
    if task.entry is not None and task.entry.mark is not None and task.change.after is not None:
        result = replace(result, action=Action.CREATE)  # whose id was reserved by an earlier run
    return (yield from _complete(view, task, adopted, result)) if adopted is not None else result


def _complete(view: View, task: Task, adopted: Entry, result: Result) -> Steps[Result]:
    """Set the fields of an adopted blueprint that no list shows."""
    done = yield from update(view, replace(task, entry=adopted))
    return result if done.outcome is Outcome.DONE else replace(done, action=Action.ADOPT)


def confirm_workspace(
    run: Run,
    sourcings: Sequence[Sourcing],
    state: State,
    look_at: Callable[[Iterable[Sourcing]], Iterable[Sourcing]],
) -> None:
    """Raises StateError. `sourcings` are those of the plan, and were read; if they show nothing managed, others are
    read, a few in parallel, until one does.
    """
    if not sourcings:
        return
    looked = Looked()
    _add(looked, sourcings)
    others = [each for each in witnesses(state) if each not in looked.listed | looked.refused]
    at_once = max(1, run.options.parallelism)
    while others and not is_known(state, looked.ids) and not run.stopped():
        _add(looked, look_at(Sourcing(View(run, each), ()) for each in others[:at_once]))
        others = others[at_once:]
    if not run.stopped():  # else nothing will be written, and not everything was looked at
        check_workspace(state, looked)


def confirm_listed(run: Run, sourcings: Iterable[Sourcing], state: State) -> None:
    """Raises StateError, or why a list could not be read, before the first write of an environment's state."""
    failed = {each.view.sourcing_id: each.failed for each in sourcings if each.failed is not None}
    if state.environment is None or state.entries or not failed or run.stopped():
        return
    refused = [(at, each) for at, each in failed.items() if isinstance(each, RefusedByApi | Forbidden)]
    check_listed(state, {at: str(each) for at, each in refused})
    raise next(iter(failed.values()))


def _add(looked: Looked, sourcings: Iterable[Sourcing]) -> None:
    for each in sourcings:
        if each.view.whole:
            looked.ids |= set(each.view.ids())
            looked.listed.add(each.view.sourcing_id)
        elif isinstance(each.failed, RefusedByApi | Forbidden):
            looked.refused.add(each.view.sourcing_id)
