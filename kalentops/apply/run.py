"""All of a plan, several sourcings at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final, TypeVar

from kalentops.apply.base import Api, Job, Options, Recorder, Run, View
from kalentops.apply.events import Began, Finished, Observer
from kalentops.apply.result import ApplyResult, Outcome, Result
from kalentops.apply.sourcing import Sourcing, look, work
from kalentops.apply.workspace import check_workspace
from kalentops.clock import Clock
from kalentops.plan import Action, Change, Plan
from kalentops.state import State

_A = TypeVar("_A")
_B = TypeVar("_B")


def apply_plan(
    plan: Plan, api: Api, session: Recorder, clock: Clock, options: Options, on_event: Observer
) -> ApplyResult:
    """Do what the plan says, and say of each change what became of it.

    `session` holds the state that the plan was made against, under its lock, with what was moved or forgotten in
    place already. Every sourcing that is touched is listed before the first write. Raises StateDamaged before the
    first request, StateError before the first write, and nothing that one address could cause after it.
    """
    state = session.state
    run = Run(api, session, clock, options, on_event, state.ids(), set(state.intents))
    settled = [_settled(change) for change in plan.to_do if change.action in _SETTLED]
    sourcings = _sourcings(run, state, plan.changes)
    on_event(Began(len(sourcings), len(plan.to_do)))
    for result in settled:
        on_event(Finished(result))
    with ThreadPoolExecutor(max_workers=max(1, options.parallelism), thread_name_prefix="apply") as pool:
        looked = _all(pool, look, sourcings)
        check_workspace(run, looked, state)
        results = [result for each in _all(pool, work, looked) for result in each]
    results = sorted([*settled, *results], key=lambda result: result.address)
    notes = tuple(note for sourcing in looked for note in sourcing.notes)
    return ApplyResult(tuple(results), interrupted=clock.stopping and _something_left(results), notes=notes)


def _something_left(results: Iterable[Result]) -> bool:
    return any(result.outcome in {Outcome.NOT_ATTEMPTED, Outcome.UNKNOWN} for result in results)


def _all(pool: ThreadPoolExecutor, what: Callable[[_A], _B], of: Iterable[_A]) -> list[_B]:
    return [future.result() for future in [pool.submit(what, each) for each in of]]


# A conflict that the plan knows is one; what concerns the state alone is done by who holds the state.
_SETTLED: Final = {
    Action.CONFLICT: Outcome.CONFLICT,
    Action.MOVE: Outcome.DONE,
    Action.FORGET: Outcome.DONE,
}
_JOBS: Final = frozenset({Action.CREATE, Action.UPDATE, Action.RESUME, Action.ADOPT})


def _settled(change: Change) -> Result:
    outcome = _SETTLED[change.action]
    error = change.reason if outcome is Outcome.CONFLICT else None
    return Result(change.address, change.action, outcome, change.blueprint_id, error)


def _sourcings(run: Run, state: State, changes: Iterable[Change]) -> list[Sourcing]:
    """Those with something to do, or with something that was made and never seen in a list."""
    jobs: dict[str, list[Job]] = {}
    unseen: dict[str, list[Job]] = {}
    for change in changes:
        entry = state.entries.get(change.address)
        if change.action in _JOBS:
            intent = state.intents.get(change.address)
            if intent is not None:
                intent.canonical()  # before the first request: damage stops the run
            job = Job(change, entry, intent)
            jobs.setdefault(change.sourcing_id, []).append(job)
        elif change.action is Action.NO_OP and entry is not None and entry.remote_digest is None:
            sent = replace(change, after=entry.canonical().body, after_digest=entry.digest)
            unseen.setdefault(change.sourcing_id, []).append(Job(sent, entry, None))
    ids = sorted(jobs.keys() | unseen.keys())
    return [Sourcing(View(run, each), jobs.get(each, ()), unseen.get(each, ())) for each in ids]
