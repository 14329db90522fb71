"""All of a plan, several sourcings at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final, TypeVar

from kalentops.apply.context import Api, Options, Recorder, Run, Task, View
from kalentops.apply.events import Began, Finished, Observer
from kalentops.apply.result import ApplyResult, Cause, Outcome, Result
from kalentops.apply.sourcing import Sourcing, look, work
from kalentops.apply.workspace import confirm_workspace
from kalentops.plan.build import ASKS, Action, Change, Plan
from kalentops.state.model import State
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
    """Do what the plan says, and say of each change what became of it.

    `session` holds the state that the plan was made against, under its lock; `known` is the same with what the plan
    moves and forgets in place, None where it does neither. Every sourcing that is touched is listed before anything
    is written, be it there or into the state. Raises StateDamaged before the first request, StateError and
    StoreFailure before the first write, and nothing that one address could cause after it.
    """
    known = session.state if known is None else known
    open_ = {address for address, intent in known.intents.items() if not intent.only_reserves}
    run = Run(api, session, clock, options, on_event, known.ids(), open_)
    sourcings = _sourcings(run, known, plan.changes)
    on_event(Began(len(sourcings), len(plan.to_do)))
    with ThreadPoolExecutor(max_workers=max(1, options.parallelism), thread_name_prefix="apply") as pool:
        looked = _all(pool, look, sourcings)
        confirm_workspace(run, looked, known, lambda others: _all(pool, look, others))
        settled = _settle(run, plan, known)
        results = [result for each in _all(pool, work, looked) for result in each]
    # Of what was moved and then looked at, the look counts.
    by_address = {result.address: result for result in [*settled, *results]}
    results = sorted(by_address.values(), key=lambda result: result.address)
    notes = tuple(note for sourcing in looked for note in sourcing.notes)
    return ApplyResult(tuple(results), interrupted=clock.stopping and _something_left(results), notes=notes)


def _something_left(results: Iterable[Result]) -> bool:
    return any(result.outcome in {Outcome.NOT_ATTEMPTED, Outcome.UNKNOWN} for result in results)


def _all(pool: ThreadPoolExecutor, what: Callable[[_A], _B], of: Iterable[_A]) -> list[_B]:
    return [future.result() for future in [pool.submit(what, each) for each in of]]


_QUIET: Final = frozenset({Action.NO_OP, Action.MOVE})


def _settle(run: Run, plan: Plan, known: State) -> list[Result]:
    """What no request is needed for: a conflict that the plan knows, and what concerns the state alone. That comes
    before the first request that writes: what follows is recorded under the addresses that the files have.
    """
    stopped = run.stopped()
    if stopped is None and known != run.session.state:
        run.session.replace(known)
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


def _result(change: Change, outcome: Outcome, error: str | None = None, cause: Cause = Cause.NONE) -> Result:
    return Result(change.address, change.action, outcome, change.blueprint_id, error, cause=cause)


def _sourcings(run: Run, state: State, changes: Iterable[Change]) -> list[Sourcing]:
    """Those with something to do, or with something that was made and never seen in a list."""
    jobs: dict[str, list[Task]] = {}
    unseen: dict[str, list[Task]] = {}
    for change in changes:
        entry = state.entries.get(change.address)
        if change.action in ASKS:
            intent = state.intents.get(change.address)
            if intent is not None:
                intent.canonical()  # before the first request: damage stops the run
            job = Task(change, entry, intent)
            jobs.setdefault(change.sourcing_id, []).append(job)
        elif change.action in _QUIET and entry is not None and entry.remote_digest is None:
            canonical = entry.canonical()
            # To send our own text again overwrites nothing.
            sent = replace(change, after=canonical.body, after_digest=entry.digest, protected=False)
            unseen.setdefault(change.sourcing_id, []).append(Task(sent, entry, None))
    ids = sorted(jobs.keys() | unseen.keys())
    return [Sourcing(View(run, each), jobs.get(each, ()), unseen.get(each, ())) for each in ids]
