"""Going on where a run was interrupted: first find out what became of what it was about to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from kalentops.apply.context import Task, View
from kalentops.apply.create import create, find_whole, take_whole
from kalentops.apply.result import Outcome, Result
from kalentops.apply.update import await_remote, record_done, update
from kalentops.blueprint.body import hidden, observable
from kalentops.blueprint.remote import Remote
from kalentops.plan.build import Action
from kalentops.plan.explanation import never_resent, text_on_its_way
from kalentops.state.model import Abandoned, Entry, Intent

INTERRUPTED: Final = "an earlier run was interrupted here"


def resume(view: View, job: Task, intent: Intent) -> tuple[Result, Entry | None]:
    """Settle the open intent of a job, then do what is wanted now.

    The entry is as with `create`. Raises KalentopsError where nothing was begun.
    """
    if intent.action == "update":
        return _resume_update(view, job, intent), None
    if not intent.only_reserves:
        return _resume_whole(view, job, intent)
    if job.change.after is not None:
        return create(view, job)
    view.run.record(Abandoned(job.address, "no longer wanted; at most stubs were made"))
    return job.result(Action.RESUME, Outcome.DONE), None


def _resume_whole(view: View, job: Task, intent: Intent) -> tuple[Result, Entry | None]:
    """What was sent whole may come true at any time: it is never sent again unless a person says so."""
    found = find_whole(view, intent, INTERRUPTED)
    if isinstance(found, Remote):
        return _go_on(view, job, *take_whole(view, job, intent, found, Action.RESUME)), None
    if job.address not in view.run.options.resend:
        said = never_resent(intent, found, wanted=job.change.after is not None)
        return job.result(Action.RESUME, Outcome.UNKNOWN, error=said), None
    if not view.run.options.whole:
        view.run.record(Abandoned(job.address, "sent again, as asked"))
        job = replace(job, intent=None)
    return create(view, job)


def _resume_update(view: View, job: Task, intent: Intent) -> Result:
    entry, run = job.entry, view.run
    if entry is None:
        raise AssertionError(f"{job.address} was to be updated and is not recorded")
    if intent.blueprint_id not in {None, entry.blueprint_id}:
        # Of a state that was put together by hand: it says nothing about the blueprint that is recorded now.
        run.record(Abandoned(job.address, f"meant for {intent.blueprint_id}"))
        job = replace(job, intent=None)
        return update(view, job, entry) if job.change.after else job.result(Action.RESUME, Outcome.DONE)
    sent = observable(intent.sent).digest
    view.fresh()
    follows = job.change.after_digest == intent.digest and not job.protected
    if not follows and not _shows(view, entry, sent):
        # The interrupted update may still come through, and would undo the one that is to follow, or be taken for none.
        await_remote(view, job.address, entry.blueprint_id, sent, INTERRUPTED)
    if _shows(view, entry, sent) and sent != entry.baseline and not hidden(intent.sent):
        result = record_done(view, job, Action.RESUME, entry.blueprint_id)
        return _go_on(
            view, job, result, replace(entry, sent=intent.sent, digest=intent.digest, remote_digest=sent)
        )
    if job.change.after is None:
        return _unwanted(view, job, entry)
    result = update(view, job, entry, baselines=frozenset({sent}))
    if result.outcome is Outcome.CONFLICT and entry.mark is None:
        run.record(Abandoned(job.address, "left as it is in Kalent"))
    return replace(result, action=Action.RESUME)


def _unwanted(view: View, job: Task, entry: Entry) -> Result:
    """Nothing is to follow the update that was interrupted."""
    if entry.mark is not None:
        # Closed, its text would come to what nobody looks for any more.
        return job.result(Action.RESUME, Outcome.UNKNOWN, entry.blueprint_id, error=text_on_its_way(entry))
    view.run.record(Abandoned(job.address, "not wanted any more"))
    return job.result(Action.RESUME, Outcome.DONE, entry.blueprint_id)


def _shows(view: View, entry: Entry, digest: str) -> bool:
    remote = view.get(entry.blueprint_id)
    return remote is not None and remote.digest == digest


def _go_on(view: View, job: Task, result: Result, entry: Entry) -> Result:
    """After a create was found to be done: the file may want something else by now."""
    if result.outcome is not Outcome.DONE or job.change.after is None or job.digest == entry.digest:
        return result
    done = update(view, replace(job, entry=entry), entry)
    return replace(done, action=Action.RESUME)
