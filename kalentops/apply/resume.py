"""Resuming an interrupted run: first look up the outcome of its intents."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from kalentops.apply.context import Task, View
from kalentops.apply.create import await_whole, create, take_whole
from kalentops.apply.result import Outcome, Result
from kalentops.apply.update import await_remote, record_done, update
from kalentops.plan.build import Action
from kalentops.plan.decide import Abandon, RecordArrived, StayOpen, decide_resume, waits
from kalentops.plan.explanation import Code, explain
from kalentops.state.model import Abandoned, Entry, Intent

_RESUMING: Final = explain(Code.RESUMING)


def resume(view: View, task: Task, intent: Intent) -> tuple[Result, Entry | None]:
    """Settle the open intent of a task, then do what is declared now.

    The entry is as with `create`. Raises KalentopsError if nothing was sent.
    """
    if intent.only_reserves and task.change.after is not None:
        return create(view, task)
    if intent.action == "create" and not intent.only_reserves:
        return _resume_whole(view, task, intent)
    return _settle(view, task, intent), None


def _settle(view: View, task: Task, intent: Intent) -> Result:
    blueprint_id = task.entry.blueprint_id if task.entry else None
    if blueprint_id is not None:
        view.fresh()
        if waits(view.situation(task)):
            await_remote(view, task.address, blueprint_id, intent.sent.observable.digest, _RESUMING)
    match decide_resume(view.situation(task)):
        case RecordArrived(remote) if task.entry is not None:
            result = record_done(view, task, Action.RESUME, remote.blueprint_id)
            sent = replace(task.entry, sent=intent.sent, remote_digest=remote.digest)
            return _go_on(view, task, result, sent)
        case Abandon(reason):
            view.run.record(Abandoned(task.address, reason))
            if task.change.after is not None:
                return update(view, replace(task, intent=None))
            return task.result(Action.RESUME, Outcome.DONE, blueprint_id)
        case StayOpen(why):
            return task.result(Action.RESUME, Outcome.UNKNOWN, blueprint_id, error=why)
    result = update(view, task)
    if result.outcome is Outcome.CONFLICT and task.entry is not None and task.entry.mark is None:
        view.run.record(Abandoned(task.address, "left as it is in Kalent"))
    return replace(result, action=Action.RESUME)


def _resume_whole(view: View, task: Task, intent: Intent) -> tuple[Result, Entry | None]:
    """A create that was sent whole may still arrive: it is never sent again unless a person says so."""
    decision = await_whole(view, task, intent, _RESUMING)
    if isinstance(decision, RecordArrived):
        return _go_on(view, task, *take_whole(view, task, intent, decision.remote, Action.RESUME)), None
    if task.address not in view.run.options.resend:
        return task.result(Action.RESUME, Outcome.UNKNOWN, error=decision.why), None
    if not view.run.options.whole:
        view.run.record(Abandoned(task.address, "sent again, as asked"))
        task = replace(task, intent=None)
    return create(view, task)


def _go_on(view: View, task: Task, result: Result, entry: Entry) -> Result:
    """After a create has arrived: the file may declare another text by now."""
    if result.outcome is not Outcome.DONE or task.change.after is None or task.body.digest == entry.digest:
        return result
    done = update(view, replace(task, entry=entry))
    return replace(done, action=Action.RESUME)
