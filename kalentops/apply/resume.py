"""Resuming an interrupted run: first look up the outcome of its intents."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from kalentops.apply.context import Task, View
from kalentops.apply.create import await_whole, create, take_whole
from kalentops.apply.result import Outcome, Result
from kalentops.apply.update import await_remote, record_done, update
from kalentops.plan.build import Action
from kalentops.plan.decide import Abandon, Arrived, Open, decide_resume, waits
from kalentops.plan.explanation import Code, explain
from kalentops.state.model import Abandoned, Entry, Intent

_RESUMING: Final = explain(Code.RESUMING)


def resume(view: View, job: Task, intent: Intent) -> tuple[Result, Entry | None]:
    """Settle the open intent of a job, then do what is wanted now.

    The entry is as with `create`. Raises KalentopsError if nothing was sent.
    """
    if intent.only_reserves and job.change.after is not None:
        return create(view, job)
    if intent.action == "create" and not intent.only_reserves:
        return _resume_whole(view, job, intent)
    return _settle(view, job, intent), None


def _settle(view: View, job: Task, intent: Intent) -> Result:
    blueprint_id = job.entry.blueprint_id if job.entry else None
    if blueprint_id is not None:
        view.fresh()
        if waits(view.situation(job)):
            await_remote(view, job.address, blueprint_id, intent.sent.observable.digest, _RESUMING)
    match decide_resume(view.situation(job)):
        case Arrived(remote) if job.entry is not None:
            result = record_done(view, job, Action.RESUME, remote.blueprint_id)
            sent = replace(job.entry, sent=intent.sent, remote_digest=remote.digest)
            return _go_on(view, job, result, sent)
        case Abandon(reason):
            view.run.record(Abandoned(job.address, reason))
            if job.change.after is not None:
                return update(view, replace(job, intent=None))
            return job.result(Action.RESUME, Outcome.DONE, blueprint_id)
        case Open(why):
            return job.result(Action.RESUME, Outcome.UNKNOWN, blueprint_id, error=why)
    result = update(view, job)
    if result.outcome is Outcome.CONFLICT and job.entry is not None and job.entry.mark is None:
        view.run.record(Abandoned(job.address, "left as it is in Kalent"))
    return replace(result, action=Action.RESUME)


def _resume_whole(view: View, job: Task, intent: Intent) -> tuple[Result, Entry | None]:
    """What was sent whole may come true at any time: it is never sent again unless a person says so."""
    decision = await_whole(view, job, intent, _RESUMING)
    if isinstance(decision, Arrived):
        return _go_on(view, job, *take_whole(view, job, intent, decision.remote, Action.RESUME)), None
    if job.address not in view.run.options.resend:
        return job.result(Action.RESUME, Outcome.UNKNOWN, error=decision.why), None
    if not view.run.options.whole:
        view.run.record(Abandoned(job.address, "sent again, as asked"))
        job = replace(job, intent=None)
    return create(view, job)


def _go_on(view: View, job: Task, result: Result, entry: Entry) -> Result:
    """After a create was found to be done: the file may want something else by now."""
    if result.outcome is not Outcome.DONE or job.change.after is None or job.body.digest == entry.digest:
        return result
    done = update(view, replace(job, entry=entry))
    return replace(done, action=Action.RESUME)
