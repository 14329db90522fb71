"""Updating a managed blueprint, if it shows what was last seen there; a stub gets its first text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, Literal

from kalentops.apply.context import Steps, Task, View, look_until, not_done
from kalentops.apply.result import Cause, Filled, Outcome, Result
from kalentops.blueprint.body import Body
from kalentops.blueprint.remote import Remote
from kalentops.errors import KalentopsError, StateError, StoreFailure
from kalentops.http.verdict import Accepted, Limited, NotSent, Refused
from kalentops.plan.build import Action
from kalentops.plan.decide import Conflict, Keep, Situation, Unlisted, Update, Updating, decide_update
from kalentops.plan.explanation import Code, Explanation, explain, of_error, together
from kalentops.state.model import Abandoned, Adopted, Completed, Entry, Intended, Intent, Observed, Record

_ATTEMPTS: Final = 3


def update(view: View, task: Task, *, first: tuple[Record, ...] = ()) -> Steps[Result]:
    """Make the recorded blueprint of a task as declared.

    `first` is recorded in one write with the text. Raises KalentopsError if nothing was sent.
    """
    run, is_recorded = view.run, False
    while True:
        situation, decision = _decided(view, task)
        entry = situation.recorded
        match decision:
            case Unlisted(why):
                return task.result(Action.UPDATE, Outcome.UNKNOWN, entry.blueprint_id, error=why)
            case Conflict(why):
                if is_recorded:
                    run.record(refused_after(task, "update"))
                return task.result(Action.UPDATE, Outcome.CONFLICT, entry.blueprint_id, error=why)
            case Keep(remote):
                run.record(Adopted(seen_entry(task, remote, run.now(), task.body)))
                done = task.result(Action.UPDATE, Outcome.DONE, entry.blueprint_id)
                return replace(done, note=explain(Code.NOTHING_SENT))
            case Update() if is_recorded and not run.has_to_renew(task.address):
                return _send(view, task, situation, decision)
            case Update() if is_recorded:
                run.renew()
                yield task.address
            case Update(remote, _, late):
                if not first and not late:
                    # When what is replaced was changed: a list that shows it once more is behind.
                    first = (Observed(task.address, entry.baseline, remote.updated_at),)
                intent = Intent(task.address, "update", task.body, run.now(), blueprint_id=entry.blueprint_id)
                run.record(*first, Intended(intent))
                is_recorded = True
                # What was seen may be out of date after it: look again, and decide again.
                yield task.address


def _decided(view: View, task: Task) -> tuple[Situation, Updating]:
    """Raises what the API's list raises."""
    view.fresh()
    situation = view.situation(task)
    decision = decide_update(situation)
    if not isinstance(decision, Unlisted):
        return situation, decision
    blueprint_id = situation.recorded.blueprint_id
    look_until(view, lambda: view.get(blueprint_id), task.address, decision.why)
    situation = view.situation(task)
    return situation, decide_update(situation)


def _held_back(view: View, task: Task) -> Result | None:
    """The result where nothing may start any more, although it was recorded that it would: that is known to others."""
    stopped = view.run.stopped() if view.run.session.shared else None
    if stopped is None:
        return None
    reason, cause = stopped
    if cause is not Cause.STORE:
        view.run.record(refused_after(task, "update"))
    blueprint_id = task.entry.blueprint_id if task.entry else None
    return task.result(Action.UPDATE, Outcome.NOT_ATTEMPTED, blueprint_id, error=reason, cause=cause)


def _patch(wanted: Body, sent: tuple[Body, ...], *, whole: bool) -> dict[str, Any]:
    """The fields to send: those that differ from what may be there, because `steps` replaces the whole list. With
    `whole`, all fields.
    """
    after, before = wanted.data, [each.stored for each in sent]
    fields = ("name", "steps")
    body = {
        each: after[each] for each in fields if whole or any(after[each] != old.get(each) for old in before)
    }
    configs = [old.get("config") for old in before]
    if any(after.get("config") != old for old in configs) or (whole and after.get("config")):
        body["config"] = after.get("config") or {}
    # Where only what can't be read back is in question, everything is sent: at least one field has to be.
    return body or {"name": after["name"], "steps": after["steps"]}


def _send(view: View, task: Task, situation: Situation, decision: Update) -> Result:
    """Send it until it has arrived. A PATCH with the same body may be repeated as long as the blueprint was not
    edited remotely in between.
    """
    entry, known = situation.recorded, decision.known
    held_back = _held_back(view, task)
    if held_back is not None:
        return held_back
    body = _patch(task.body, situation.sent, whole=decision.whole)
    run = view.run
    reason: Explanation | None = None
    for _ in range(_ATTEMPTS):
        verdict = view.send(entry.blueprint_id, body)
        if isinstance(verdict, Accepted):
            return record_done(view, task, Action.UPDATE, entry.blueprint_id)
        if isinstance(verdict, Refused | NotSent | Limited):
            if isinstance(verdict, Refused) and verdict.fatal:
                run.stop(explain(Code.KEY_REFUSED, message=verdict.message), Cause.DENIED)
            if reason is None:  # an attempt before this one may still come true: then the intent has to stay
                run.record(refused_after(task, "update"))
            return not_done(task, Action.UPDATE, verdict)
        reason = explain(Code.ANSWER_LOST, cause=verdict.reason)
        try:
            if (
                await_remote(view, task.address, entry.blueprint_id, task.wanted, reason)
                and not task.body.hidden
            ):
                return record_done(view, task, Action.UPDATE, entry.blueprint_id)
        except KalentopsError as error:
            reason = together(reason, of_error(error))
            break
        remote = view.get(entry.blueprint_id)
        edited = remote is None or remote.digest not in known
        if edited or run.has_to_renew(task.address):
            reason = together(reason, explain(Code.EDITED_MEANWHILE) if edited else None)
            break
    said = together(reason, explain(Code.UPDATE_UNKNOWN))
    return task.result(Action.UPDATE, Outcome.UNKNOWN, entry.blueprint_id, error=said)


def refused_after(task: Task, action: Literal["create", "update"]) -> Record:
    """The record of a write that had no effect: what an earlier run has sent may still arrive."""
    earlier = task.intent
    if earlier is not None and earlier.action == action and not earlier.only_reserves:
        return Intended(earlier)
    return Abandoned(task.address, "refused or not sent")


def await_remote(view: View, address: str, blueprint_id: str, wanted: str, reason: Explanation) -> bool:
    """Whether the blueprint shows `wanted` within the settle window. Raises KalentopsError."""

    def shown() -> Remote | None:
        remote = view.get(blueprint_id)
        return remote if remote is not None and remote.digest == wanted else None

    return look_until(view, shown, address, reason) is not None


def record_done(view: View, task: Task, action: Action, blueprint_id: str) -> Result:
    """Record that the open intent came true. If the disk fails, the id is reported instead of lost."""
    view.own(blueprint_id, task.address)
    view.run.observe(Filled(task.address, blueprint_id))
    try:
        view.run.record(Completed(task.address, blueprint_id, view.run.now()))
    except (StoreFailure, StateError) as error:
        said = explain(Code.NOT_RECORDED, blueprint_id=blueprint_id, message=str(error))
        return task.result(action, Outcome.UNKNOWN, blueprint_id, error=said, cause=Cause.STORE)
    return task.result(action, Outcome.DONE, blueprint_id)


def seen_entry(task: Task, remote: Remote, at: str, sent: Body) -> Entry:
    """An entry for what a list shows, with `sent` as its text."""
    extra = task.entry.extra if task.entry else {}
    return Entry(task.address, remote.blueprint_id, sent, at, remote.digest, remote.updated_at, extra)
