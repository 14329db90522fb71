"""A whole plan, several sourcings in parallel. The addresses of one sourcing are worked on one after the other, so
that what is new in its list comes only from the current one, or from another writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from kalentops.apply.context import Api, Options, Recorder, Run, Task, View, from_error
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
from kalentops.errors import Forbidden, KalentopsError, RefusedByApi, StateError
from kalentops.plan.build import ASKS, Action, Change, Plan
from kalentops.plan.decide import turn
from kalentops.plan.explanation import Code, Explanation, explain, leftover, together
from kalentops.plan.refresh import Looked, check_workspace, is_known, witnesses
from kalentops.state.model import Entry, State
from kalentops.support.clock import Clock
from kalentops.support.text import some

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
        looked = _all(pool, look, sourcings)
        confirm_workspace(run, looked, known, lambda others: _all(pool, look, others))
        confirm_listed(run, looked, known)
        local = _without_requests(run, plan, known)
        results = [result for each in _all(pool, work, looked) for result in each]
    # Of what was moved and then looked at, the look counts.
    by_address = {result.address: result for result in [*local, *results]}
    results = sorted(by_address.values(), key=lambda result: result.address)
    notes = tuple(note for sourcing in looked for note in sourcing.notes)
    return ApplyResult(tuple(results), interrupted=clock.stopping and _something_left(results), notes=notes)


def _something_left(results: Iterable[Result]) -> bool:
    return any(result.outcome in {Outcome.NOT_ATTEMPTED, Outcome.UNKNOWN} for result in results)


def _all(pool: ThreadPoolExecutor, what: Callable[[_A], _B], of: Iterable[_A]) -> list[_B]:
    return [future.result() for future in [pool.submit(what, each) for each in of]]


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
    ids = sorted(tasks.keys() | unseen.keys())
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


def work(sourcing: Sourcing) -> list[Result]:
    """Do the tasks; one result each."""
    if sourcing.unseen and sourcing.view.whole and not sourcing.run.stopped():
        with _failing(sourcing):
            await_listed(sourcing.view, sourcing.unseen)
    results = [result for task in sourcing.unseen if (result := _confirmed(sourcing, task)) is not None]
    for task in sorted(sourcing.tasks, key=lambda task: turn(task.change, sourcing.view.unmanaged)):
        results.append(_one(sourcing, task))
        done = results[-1].outcome is Outcome.DONE
        sourcing.run.observe(Written(results[-1]) if done else Finished(results[-1]))
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
    return [*checked, *(result for result in results if result.outcome is not Outcome.DONE)]


def _worth_a_look(done: Iterable[Result]) -> bool:
    return any(result.blueprint_id for result in done)


def _confirmed(sourcing: Sourcing, task: Task) -> Result | None:
    """The result for an entry that no list has shown yet, if it is unknown or was sent again."""
    if sourcing.run.stopped():  # it has perhaps not made sure whose workspace this is
        return None
    try:
        if sourcing.failed is not None:
            raise sourcing.failed
        said = confirm(sourcing.view, task)
    except KalentopsError as error:
        sourcing.run.note_error(error)
        return replace(from_error(task, error), outcome=Outcome.UNKNOWN)
    if isinstance(said, Result):
        return said
    sourcing.notes += [said] if said else []
    return None


def _one(sourcing: Sourcing, task: Task) -> Result:
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
            result = _do(sourcing.view, task)
        except KalentopsError as error:
            sourcing.run.note_error(error)
            result = from_error(task, error)
    return _unknown_if_open(sourcing.run, task, result)


def _unknown_if_open(run: Run, task: Task, result: Result) -> Result:
    """As long as the intent of an address is open, its outcome is unknown, whatever stopped it."""
    if result.outcome is Outcome.CONFLICT and task.entry is not None and task.entry.mark is not None:
        return result  # what was sent is still to come, and something else stands there
    if result.outcome in {Outcome.DONE, Outcome.UNKNOWN} or result.address not in run.open_intents:
        return result
    said = together(result.error, explain(Code.EARLIER_OUTCOME_UNKNOWN))
    return replace(result, outcome=Outcome.UNKNOWN, error=said)


def _do(view: View, task: Task) -> Result:
    if task.intent is not None:
        result, adopted = resume(view, task, task.intent)
    elif task.entry is not None:
        result, adopted = update(view, task), None
    else:
        result, adopted = create(view, task)
    if task.entry is not None and task.entry.mark is not None and task.change.after is not None:
        result = replace(result, action=Action.CREATE)  # whose id was reserved by an earlier run
    return _complete(view, task, adopted, result) if adopted is not None else result


def _complete(view: View, task: Task, adopted: Entry, result: Result) -> Result:
    """Set the fields of an adopted blueprint that no list shows."""
    done = update(view, replace(task, entry=adopted))
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
    """Before the first write of an environment's state, which knows no blueprint that could show whose the key is: each
    sourcing must have a list. Raises StateError, or why none could be read.
    """
    failed = {each.view.sourcing_id: each.failed for each in sourcings if each.failed is not None}
    if state.environment is None or state.entries or not failed or run.stopped():
        return
    refused = [each for each in failed.values() if isinstance(each, RefusedByApi | Forbidden)]
    if not refused:
        raise next(iter(failed.values()))
    raise StateError(
        f"the state of the environment {state.environment} is new, and its key does not show "
        f"{some(sorted(failed), _SHOWN)} ({refused[0]}); nothing was written",
        hint=f"check that the key is that of {state.environment}; "
        f"`kalentops sourcings --all -e {state.environment}` lists what it shows",
    )


_SHOWN: Final = 5


def _add(looked: Looked, sourcings: Iterable[Sourcing]) -> None:
    for each in sourcings:
        if each.view.whole:
            looked.ids |= set(each.view.ids())
            looked.listed.add(each.view.sourcing_id)
        elif isinstance(each.failed, RefusedByApi | Forbidden):
            looked.refused.add(each.view.sourcing_id)
