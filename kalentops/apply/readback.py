"""After the work on a sourcing: is there what was meant, and is there anything that was not?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kalentops.apply.base import Job, View
from kalentops.apply.creating import seen_entry
from kalentops.apply.result import Outcome, Result
from kalentops.canonical import of_body
from kalentops.errors import KalentopsError, StateError, StoreFailure
from kalentops.planning.plan import Action
from kalentops.remote import Remote
from kalentops.state.entries import Adopted, Seen

_PAUSE: Final = 0.3
_GROWTH: Final = 1.7


@dataclass(frozen=True, slots=True)
class _Check:
    """One result to look at. `earlier` is what its blueprint showed at the start of the run."""

    result: Result
    job: Job
    earlier: str | None

    @property
    def wanted(self) -> str | None:
        return self.job.wanted if self.job.change.after is not None else None

    def is_behind(self, view: View) -> bool:
        """Whether the list does not show yet what was done: nothing, or what was there before."""
        remote = view.get(self.result.blueprint_id) if self.result.blueprint_id else None
        if remote is None:
            return self.result.blueprint_id is not None
        return self.wanted is not None and remote.digest != self.wanted and remote.digest == self.earlier


def read_back(
    view: View, done: Sequence[Result], before: Mapping[str, str | None], jobs: Mapping[str, Job]
) -> Iterator[Result]:
    """The results, with what the sourcing's list shows now: recorded where it is there, noted where it is not.

    `before` has the blueprints that were there at the start of the run, with their digests.
    """
    checks = [_Check(each, jobs[each.address], before.get(each.blueprint_id or "")) for each in done]
    try:
        _read_until_there(view, checks)
    except KalentopsError as error:
        for result in done:
            yield replace(result, note=f"not looked at afterwards: {error}")
        return
    for check in checks:
        yield _look_at(view, check, before)


def confirm(view: View, jobs: Iterable[Job]) -> Iterator[str]:
    """What a run that was cut off has recorded and never seen in a list: seen now, or told.

    The jobs have an entry and the body that was sent. Gives notes for people.
    """
    for job in jobs:
        if job.entry is None:
            continue
        result = Result(job.address, Action.NO_OP, Outcome.DONE, job.entry.blueprint_id)
        remote, copies = view.get(job.entry.blueprint_id), _new(view, job.wanted, {})
        if remote is not None and remote.digest == job.wanted:
            view.run.record(Seen(job.address, remote.digest, remote.updated_at))
        elif remote is None and len(copies) == 1:
            yield f"{job.address}: {_correct(view, result, copies[0], job).note}"
        else:
            what = "otherwise than it was sent" if remote else "not at all"
            yield f"{job.address}: Kalent's list shows {job.entry.blueprint_id} {what}; look at it in the web app"


def _read_until_there(view: View, checks: Sequence[_Check]) -> None:
    """A list may be behind: it is read again until it shows what was done, or the settle window has passed."""
    clock = view.run.clock
    deadline = clock.monotonic() + view.run.options.settle
    pause = _PAUSE
    while True:
        view.read()
        if clock.monotonic() >= deadline or not any(check.is_behind(view) for check in checks):
            return
        clock.wait(min(pause, max(deadline - clock.monotonic(), 0.001)))
        pause *= _GROWTH


def _new(view: View, wanted: str | None, before: Mapping[str, str | None]) -> list[Remote]:
    """What has appeared since, is not ours, and is what was wanted."""
    if wanted is None:
        return []
    return [each for each in view.foreign() if each.blueprint_id not in before and each.digest == wanted]


def _look_at(view: View, check: _Check, before: Mapping[str, str | None]) -> Result:
    result = check.result
    remote = view.get(result.blueprint_id) if result.blueprint_id else None
    new = _new(view, check.wanted, before)
    try:
        if remote is None and len(new) == 1 and result.action is Action.CREATE:
            return _correct(view, result, new[0], check.job)
        if remote is None or check.is_behind(view):
            return (
                replace(result, note="Kalent's list does not show it yet") if result.blueprint_id else result
            )
        return _seen(view, result, remote, new, check.wanted)
    except (StoreFailure, StateError) as error:
        return replace(result, note=f"what Kalent shows of it could not be recorded: {error}")


def _seen(view: View, result: Result, remote: Remote, copies: Sequence[Remote], wanted: str | None) -> Result:
    if remote.digest is not None:
        view.run.record(Seen(result.address, remote.digest, remote.updated_at))
    if copies and result.action in {Action.CREATE, Action.RESUME}:
        ids = ", ".join(each.blueprint_id for each in copies)
        said = (
            f"a second copy has appeared beside {remote.blueprint_id}: {ids}; delete it in Kalent's web app"
        )
        return replace(result, outcome=Outcome.CONFLICT, error=said)
    if wanted is not None and remote.digest != wanted:
        return replace(result, note="Kalent shows it otherwise than it was sent: look at it in the web app")
    return result


def _correct(view: View, result: Result, remote: Remote, job: Job) -> Result:
    """The answer named an id that no list shows, and the one thing that is new is what was sent."""
    run = view.run
    run.record(Adopted(seen_entry(job, remote, run.clock.now(), of_body(job.body))))
    run.own(remote.blueprint_id, result.address)
    note = (
        f"the answer named {result.blueprint_id}, which no list shows; {remote.blueprint_id} is what was made"
    )
    return replace(result, blueprint_id=remote.blueprint_id, note=note)
