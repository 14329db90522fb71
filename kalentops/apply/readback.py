"""After the work on a sourcing: does its list show what was meant?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kalentops.apply.base import Job, View
from kalentops.apply.result import Result
from kalentops.apply.settling import look_until
from kalentops.errors import KalentopsError, StateError, StoreFailure
from kalentops.state.entries import Seen
from kalentops.stub import stub_mark


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
        if self.wanted is None or remote.digest == self.wanted:
            return False
        return remote.digest == self.earlier or stub_mark(remote) is not None


def read_back(
    view: View, done: Sequence[Result], before: Mapping[str, str | None], jobs: Mapping[str, Job]
) -> Iterator[Result]:
    """The results, with what the sourcing's list shows now: recorded where it is there, noted where it is not.

    `before` has the blueprints that were there at the start of the run, with their digests.
    """
    checks = [_Check(each, jobs[each.address], before.get(each.blueprint_id or "")) for each in done]
    try:
        # A list may be behind: it is read again until it shows what was done, or the settle window has passed.
        look_until(view, lambda: None if any(check.is_behind(view) for check in checks) else view)
    except KalentopsError as error:
        for result in done:
            yield replace(result, note=f"not looked at afterwards: {error}")
        return
    for check in checks:
        yield _look_at(view, check)


def confirm(view: View, jobs: Iterable[Job]) -> Iterator[str]:
    """What an interrupted run has recorded and never seen in a list: seen now, or told.

    The jobs have an entry and the body that was sent. Gives notes for people.
    """
    for job in jobs:
        if job.entry is None:
            continue
        remote = view.get(job.entry.blueprint_id)
        if remote is not None and remote.digest == job.wanted:
            view.run.record(Seen(job.address, remote.digest, remote.updated_at))
        else:
            what = "otherwise than it was sent" if remote else "not at all"
            yield f"{job.address}: Kalent's list shows {job.entry.blueprint_id} {what}; look at it in the web app"


def _look_at(view: View, check: _Check) -> Result:
    result = check.result
    remote = view.get(result.blueprint_id) if result.blueprint_id else None
    if remote is None or check.is_behind(view):
        return replace(result, note="Kalent's list does not show it yet") if result.blueprint_id else result
    try:
        if remote.digest is not None:
            view.run.record(Seen(result.address, remote.digest, remote.updated_at))
    except (StoreFailure, StateError) as error:
        return replace(result, note=f"what Kalent shows of it could not be recorded: {error}")
    if check.wanted is not None and remote.digest != check.wanted:
        return replace(result, note="Kalent shows it otherwise than it was sent: look at it in the web app")
    return result
