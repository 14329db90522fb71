"""One sourcing, from its first list to its last. Its addresses are worked on one after the other, so that what
is new in a list can only come from the one under way, or from somebody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from kalentops.apply.context import Run, Task, View, from_error
from kalentops.apply.create import create
from kalentops.apply.events import Finished, Listed, Written
from kalentops.apply.result import Outcome, Result
from kalentops.apply.resume import resume
from kalentops.apply.update import update
from kalentops.apply.verify import await_listed, confirm, read_back
from kalentops.blueprint.stub import stubs
from kalentops.errors import KalentopsError
from kalentops.plan.advice import leftover
from kalentops.plan.build import Action
from kalentops.plan.matching import is_there
from kalentops.state.model import Entry

_ORDER = {Action.RESUME: 0, Action.UPDATE: 1, Action.ADOPT: 2, Action.CREATE: 2}


@dataclass(slots=True)
class Sourcing:
    """The jobs of one sourcing. `unseen` need nothing done, but were never seen in a list. `failed` holds why it
    can't be worked on, where its list could not be read.
    """

    view: View
    jobs: Sequence[Task]
    unseen: Sequence[Task] = ()
    failed: KalentopsError | None = None
    notes: list[str] = field(default_factory=list)

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
    """What goes wrong here is why the sourcing can't be worked on."""
    try:
        yield
    except KalentopsError as error:
        sourcing.failed = error
        sourcing.run.note_error(error)


def work(sourcing: Sourcing) -> list[Result]:
    """Do the jobs; one result each."""
    if sourcing.unseen and sourcing.view.whole and not sourcing.run.stopped():
        with _failing(sourcing):
            await_listed(sourcing.view, sourcing.unseen)
    results = [result for job in sourcing.unseen if (result := _confirmed(sourcing, job)) is not None]
    for job in sorted(sourcing.jobs, key=lambda job: _turn(sourcing.view, job)):
        results.append(_one(sourcing, job))
        done = results[-1].outcome is Outcome.DONE
        sourcing.run.observe(Written(results[-1]) if done else Finished(results[-1]))
    made = [result for result in results if result.outcome is Outcome.DONE]
    jobs = {job.address: job for job in (*sourcing.unseen, *sourcing.jobs)}
    checked = list(read_back(sourcing.view, made, jobs)) if _worth_a_look(made) else made
    for result in checked:
        sourcing.run.observe(Finished(result))
    has_its_id = set(sourcing.run.ours.values())
    left = [
        each
        for mark, each in stubs(sourcing.view.unmanaged())
        if f"{sourcing.view.sourcing_id}/{mark.key}" in has_its_id
    ]
    sourcing.notes += [leftover(each.blueprint_id, each.name) for each in left]
    return [*checked, *(result for result in results if result.outcome is not Outcome.DONE)]


def _turn(view: View, job: Task) -> tuple[int, bool, str]:
    return _ORDER.get(job.change.action, 3), not is_there(view.unmanaged(), job.change.after), job.address


def _worth_a_look(done: Iterable[Result]) -> bool:
    return any(result.blueprint_id for result in done)


def _confirmed(sourcing: Sourcing, job: Task) -> Result | None:
    """What became of what was recorded and never seen, where that is not known, or where something was done for it."""
    if sourcing.run.stopped():  # it has perhaps not made sure whose workspace this is
        return None
    try:
        if sourcing.failed is not None:
            raise sourcing.failed
        said = confirm(sourcing.view, job)
    except KalentopsError as error:
        sourcing.run.note_error(error)
        return replace(from_error(job, error), outcome=Outcome.UNKNOWN)
    if isinstance(said, Result):
        return said
    sourcing.notes += [said] if said else []
    return None


def _one(sourcing: Sourcing, job: Task) -> Result:
    stopped = sourcing.run.stopped()
    if sourcing.failed is not None:
        result = from_error(job, sourcing.failed)
    elif stopped is not None:
        reason, cause = stopped
        blueprint_id = job.entry.blueprint_id if job.entry else None
        result = job.result(job.change.action, Outcome.NOT_ATTEMPTED, blueprint_id, error=reason, cause=cause)
    else:
        try:
            result = _do(sourcing.view, job)
        except KalentopsError as error:
            sourcing.run.note_error(error)
            result = from_error(job, error)
    return _honest(sourcing.run, job, result)


def _honest(run: Run, job: Task, result: Result) -> Result:
    """Whatever kept an address from being done: as long as its intent is open, its outcome is not known."""
    if result.outcome is Outcome.CONFLICT and job.entry is not None and job.entry.mark is not None:
        return result  # what was sent is still to come, and something else stands there
    if result.outcome in {Outcome.DONE, Outcome.UNKNOWN} or result.address not in run.open_intents:
        return result
    said = f"{result.error}; what became of what was sent before is not known, the next run looks first"
    return replace(result, outcome=Outcome.UNKNOWN, error=said)


def _do(view: View, job: Task) -> Result:
    if job.intent is not None:
        result, adopted = resume(view, job, job.intent)
    elif job.entry is not None:
        result, adopted = update(view, job, job.entry), None
    else:
        result, adopted = create(view, job)
    if job.entry is not None and job.entry.mark is not None and job.change.after is not None:
        result = replace(result, action=Action.CREATE)  # whose id was reserved by an earlier run
    return _complete(view, job, adopted, result) if adopted is not None else result


def _complete(view: View, job: Task, adopted: Entry, result: Result) -> Result:
    """An adoption of what holds fields that can't be read back: set them."""
    done = update(view, replace(job, entry=adopted), adopted)
    return result if done.outcome is Outcome.DONE else replace(done, action=Action.ADOPT)
