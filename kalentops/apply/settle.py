"""Look up outcomes in lists: those of an interrupted run (`resume`), and those of this run (`read_back`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from kalentops.apply.context import Steps, Task, View, look_until
from kalentops.apply.create import await_whole, create, take_whole
from kalentops.apply.result import Outcome, Result
from kalentops.apply.update import await_remote, record_done, update
from kalentops.blueprint.remote import Remote, stub_mark
from kalentops.errors import KalentopsError, StateError, StoreFailure
from kalentops.plan.build import Action
from kalentops.plan.decide import Abandon, RecordArrived, StayOpen, decide_resume, waits
from kalentops.plan.explanation import Code, Explanation, edited, explain, missing
from kalentops.state.model import Abandoned, Entry, Intended, Intent, Observed, Record, moment

_SKEW: Final = timedelta(seconds=2)
"""How far the API's times may be apart: of a blueprint, and of an answer."""
_RESUMING: Final = explain(Code.RESUMING)


def resume(view: View, task: Task, intent: Intent) -> Steps[tuple[Result, Entry | None]]:
    """Settle the open intent of a task, then do what is declared now.

    The entry is as with `create`. Raises KalentopsError if nothing was sent.
    """
    if intent.only_reserves and task.change.after is not None:
        return (yield from create(view, task))
    if intent.action == "create" and not intent.only_reserves:
        return (yield from _resume_whole(view, task, intent))
    return (yield from _settle(view, task, intent)), None


def _settle(view: View, task: Task, intent: Intent) -> Steps[Result]:
    blueprint_id = task.entry.blueprint_id if task.entry else None
    if blueprint_id is not None:
        view.fresh()
        if waits(view.situation(task)):
            await_remote(view, task.address, blueprint_id, intent.sent.observable.digest, _RESUMING)
    match decide_resume(view.situation(task)):
        case RecordArrived(remote) if task.entry is not None:
            result = record_done(view, task, Action.RESUME, remote.blueprint_id)
            sent = replace(task.entry, sent=intent.sent, remote_digest=remote.digest)
            return (yield from _go_on(view, task, result, sent))
        case Abandon(reason):
            view.run.record(Abandoned(task.address, reason))
            if task.change.after is not None:
                return (yield from update(view, replace(task, intent=None)))
            return task.result(Action.RESUME, Outcome.DONE, blueprint_id)
        case StayOpen(why):
            return task.result(Action.RESUME, Outcome.UNKNOWN, blueprint_id, error=why)
    result = yield from update(view, task)
    if result.outcome is Outcome.CONFLICT and task.entry is not None and task.entry.mark is None:
        view.run.record(Abandoned(task.address, "left as it is in Kalent"))
    return replace(result, action=Action.RESUME)


def _resume_whole(view: View, task: Task, intent: Intent) -> Steps[tuple[Result, Entry | None]]:
    """A create that was sent whole may still arrive: it is never sent again unless a person says so."""
    decision = await_whole(view, task, intent, _RESUMING)
    if isinstance(decision, RecordArrived):
        taken = take_whole(view, task, intent, decision.remote, Action.RESUME)
        return (yield from _go_on(view, task, *taken)), None
    if task.address not in view.run.options.resend:
        return task.result(Action.RESUME, Outcome.UNKNOWN, error=decision.why), None
    if not view.run.options.whole:
        view.run.record(Abandoned(task.address, "sent again, as asked"))
        task = replace(task, intent=None)
    return (yield from create(view, task))


def _go_on(view: View, task: Task, result: Result, entry: Entry) -> Steps[Result]:
    """After a create has arrived: the file may declare another text by now."""
    if result.outcome is not Outcome.DONE or task.change.after is None or task.body.digest == entry.digest:
        return result
    done = yield from update(view, replace(task, entry=entry))
    return replace(done, action=Action.RESUME)


@dataclass(frozen=True, slots=True)
class _Check:
    """One result to check. `earlier` is how its blueprint was shown first in this run."""

    result: Result
    task: Task
    earlier: Remote | None

    @property
    def wanted(self) -> str | None:
        return self.task.wanted if self.task.change.after is not None else None

    @property
    def earlier_text(self) -> Intent | None:
        """What an earlier run was about to send, if that is another text than the declared one."""
        intent = self.task.intent
        if intent is None or intent.action != "update" or self.wanted is None:
            return None
        return intent if intent.sent.observable.digest != self.wanted else None

    def is_behind(self, view: View) -> bool:
        """Whether the list does not show yet what was done: nothing, or what was there before."""
        remote = view.get(self.result.blueprint_id) if self.result.blueprint_id else None
        if remote is None:
            return self.result.blueprint_id is not None
        if self.wanted is None or remote.digest == self.wanted:
            return False
        if stub_mark(remote) is not None:
            return True
        # A server that changes texts may show the same after a write; but then it says that something was written.
        was = self.earlier
        if was is not None and (remote.digest, remote.updated_at) == (was.digest, was.updated_at):
            return True
        # Another request, of before, may show first. What the last run has sent is that, unless it was written later.
        entry, sent_at = self.task.entry, view.sent.get(remote.blueprint_id)
        is_last = entry is not None and remote.digest == entry.sent.observable.digest
        if sent_at is None or remote.updated_at is None:
            return is_last
        return moment(remote.updated_at) < moment(sent_at) + (_SKEW if is_last else -_SKEW)


def read_back(view: View, done: Sequence[Result], tasks: Mapping[str, Task]) -> Iterator[Result]:
    """The results, with what the list of the sourcing shows now, which is recorded. A result is done only if a list
    shows it within the settle window, whatever the API answered.
    """
    checks = [_Check(each, tasks[each.address], view.first.get(each.blueprint_id or "")) for each in done]
    try:
        # A list may be behind: it is read again until it shows what was done, or the settle window has passed.
        look_until(view, lambda: None if any(check.is_behind(view) for check in checks) else view)
    except KalentopsError as error:
        for result in done:
            yield _not_seen(result, explain(Code.NOT_READ_BACK, message=str(error)))
        return
    found = [_look_at(view, check) for check in checks]
    note = None
    try:
        # One record for all: each is waited for until it is on the disk.
        records = [record for _, record in found if record is not None]
        if records:
            view.run.record(*records)
    except (StoreFailure, StateError) as error:
        note = explain(Code.OBSERVATION_NOT_RECORDED, message=str(error))
    for check, (result, record) in zip(checks, found, strict=True):
        yield (
            replace(check.result, note=note) if note is not None and isinstance(record, Observed) else result
        )


def _not_seen(result: Result, said: Explanation) -> Result:
    return replace(result, outcome=Outcome.UNKNOWN, error=said) if result.blueprint_id else result


def await_listed(view: View, tasks: Sequence[Task]) -> None:
    """Read the list until it shows what an interrupted run has recorded, or the settle window has passed."""
    entries = [
        task.entry for task in tasks if task.entry is not None and view.get(task.entry.blueprint_id) is None
    ]
    if entries:
        ids = [each.blueprint_id for each in entries]
        look_until(view, lambda: all(map(view.get, ids)) or None, entries[0].address, missing(entries[0]))


def confirm(view: View, task: Task) -> Steps[Result | Explanation | None]:
    """An entry that an interrupted run has recorded and no list has shown: it is recorded as seen, sent again if it
    has not arrived, or reported. The task has an entry and the body that was sent. An explanation is a note for
    people.
    """
    entry = task.entry
    if entry is None:
        return None
    remote = view.get(entry.blueprint_id)
    if remote is None:
        return task.result(Action.NO_OP, Outcome.UNKNOWN, entry.blueprint_id, error=missing(entry))
    if remote.digest == task.wanted:
        view.run.record(Observed(task.address, remote.digest, remote.updated_at))
        return None
    if entry.not_arrived(remote):
        done = yield from update(view, task)
        is_plain = done.outcome is Outcome.DONE and done.note is None
        return replace(done, note=explain(Code.SENT_AGAIN)) if is_plain else done
    if remote.updated_at is None:  # it may not have arrived, or was edited
        said = edited(entry, remote)
        return task.result(Action.NO_OP, Outcome.UNKNOWN, entry.blueprint_id, error=said)
    return explain(Code.SHOWN_DIFFERENTLY, address=task.address, blueprint_id=entry.blueprint_id)


def _look_at(view: View, check: _Check) -> tuple[Result, Record | None]:
    """What the list shows of a result, and the record of that."""
    result = check.result
    remote = view.get(result.blueprint_id) if result.blueprint_id else None
    if remote is None or check.is_behind(view):
        return _not_seen(result, explain(Code.NOT_SEEN_YET)), None
    earlier = check.earlier_text
    if earlier is not None and remote.digest == earlier.sent.observable.digest:
        # This write is ours as well: the next run finds that it arrived, and continues from it.
        return _not_seen(result, explain(Code.OLDER_TEXT_ARRIVED)), Intended(earlier)
    observed = (
        Observed(check.task.address, remote.digest, remote.updated_at) if remote.digest is not None else None
    )
    if check.wanted is not None and remote.digest != check.wanted:
        said = explain(Code.SHOWN_DIFFERENTLY, address=result.address, blueprint_id=result.blueprint_id)
        return replace(result, note=said), observed
    return result, observed
