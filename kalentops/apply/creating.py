"""Making a blueprint once: look, record the intent, send once, find out, record the outcome."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from kalentops.apply.base import Job, View, not_done
from kalentops.apply.result import Cause, Outcome, Result
from kalentops.apply.settling import Absent, settle
from kalentops.canonical import Canonical, hidden, shown_part
from kalentops.errors import KalentopsError, StateError, StoreFailure
from kalentops.outcome import Accepted, Limited, NotSent, Refused, Verdict
from kalentops.planning.lookalikes import Doubt, Found, beside, look_alikes, why_not_made
from kalentops.planning.plan import Action
from kalentops.remote import Remote
from kalentops.state.entries import Adopted, Closed, Done, Entry, Intended, Intent
from kalentops.text import is_safe_id

_ATTEMPTS: Final = 3
_LIMITED: Final = 6


def create(view: View, job: Job) -> tuple[Result, Entry | None]:
    """Make the blueprint of a job, or adopt the one that is it already.

    The entry comes with an adoption that still lacks fields which can't be read back: an update has to follow.
    Raises KalentopsError where it could not go on; `run.open_intents` tells whether something was sent.
    """
    run, limited, attempt = view.run, 0, 1
    while attempt <= _ATTEMPTS:
        run.api.ready()
        view.fresh()
        adopted = _adopt(view, job)
        if adopted is not None:
            return adopted
        if not run.creates_are_safe():
            said = "the outcomes of three creates in a row stayed unknown; no new one is begun"
            return job.result(Action.CREATE, Outcome.NOT_ATTEMPTED, error=said, cause=Cause.UNREACHABLE), None
        intent = Intent(
            job.address, "create", job.body, job.digest, run.clock.now(), view.ids(), attempt=attempt
        )
        result = _once(view, job, intent)
        if isinstance(result, Result):
            return result, None
        if isinstance(result, Limited) and limited == _LIMITED:
            return not_done(job, Action.CREATE, result), None
        # Too many requests: nothing was done. Wait, look again, and only then send again.
        limited, attempt = (limited + 1, attempt) if isinstance(result, Limited) else (limited, attempt + 1)
    said = f"sent {_ATTEMPTS} times without an answer, and nothing came of it; the next run looks first"
    return job.result(Action.CREATE, Outcome.UNKNOWN, error=said), None


def _once(view: View, job: Job, intent: Intent) -> Result | Limited | None:
    """One attempt. None where it certainly came to nothing although it was sent, and may be tried again."""
    run = view.run
    run.record(Intended(intent))
    verdict = run.api.create(view.sourcing_id, job.body)
    if isinstance(verdict, Refused | NotSent | Limited):
        run.record(Closed(job.address, _why(verdict)))
        if isinstance(verdict, Limited):
            return verdict
        if isinstance(verdict, Refused) and verdict.fatal:
            run.stop(f"the API refused the key: {verdict.message}", Cause.DENIED)
        return not_done(job, Action.CREATE, verdict)
    blueprint_id = _usable_id(verdict, view)
    if blueprint_id is not None:
        run.outcome_known(known=True)
        return record_done(view, job, Action.CREATE, blueprint_id)
    return _find_out(view, job, intent, verdict)


def _find_out(view: View, job: Job, intent: Intent, verdict: Verdict) -> Result | None:
    run = view.run
    reason = getattr(verdict, "reason", "the answer holds no id that could be it")
    try:
        settled = settle(view, intent, reason)
    except KalentopsError as error:
        return job.result(
            Action.CREATE, Outcome.UNKNOWN, error=f"{reason}; {error}; the next run looks first"
        )
    run.outcome_known(known=isinstance(settled, Found))
    match settled:
        case Found(remote):
            return record_done(view, job, Action.CREATE, remote.blueprint_id)
        case Doubt(said):
            return job.result(Action.CREATE, Outcome.UNKNOWN, error=f"{reason}; {said}")
        case Absent() if isinstance(verdict, Accepted):
            # The API's own word that it was done weighs more than a list that does not show it.
            said = "the API said that it was done, and no list shows it yet; the next run looks first"
            return job.result(Action.CREATE, Outcome.UNKNOWN, error=f"{reason}; {said}")
        case Absent():
            # The intent stays open until the next attempt replaces it, so that a crash in between is looked up.
            return None


def record_done(view: View, job: Job, action: Action, blueprint_id: str) -> Result:
    """Record that the open intent came true. Where the disk fails, the id is told instead of lost."""
    run = view.run
    run.own(blueprint_id, job.address)
    try:
        run.record(Done(job.address, blueprint_id, run.clock.now()))
    except (StoreFailure, StateError) as error:
        said = f"it was made as {blueprint_id}, but that could not be recorded: {error}; the next run looks first"
        return job.result(action, Outcome.UNKNOWN, blueprint_id, error=said, cause=Cause.STORE)
    return job.result(action, Outcome.DONE, blueprint_id)


def _usable_id(verdict: Verdict, view: View) -> str | None:
    """The id of an accepted create, if it can be the one of a new blueprint of this sourcing."""
    if not isinstance(verdict, Accepted):
        return None
    blueprint_id = verdict.data.get("blueprintId")
    if not isinstance(blueprint_id, str) or not is_safe_id(blueprint_id):
        return None
    elsewhere = verdict.data.get("sourcingId", view.sourcing_id) != view.sourcing_id
    return None if elsewhere or view.run.given_before(blueprint_id) else blueprint_id


def _why(verdict: Refused | NotSent | Limited) -> str:
    match verdict:
        case Refused(status=status):
            return f"refused with {status}"
        case Limited():
            return "too many requests"
        case NotSent():
            return "not sent"


def _adopt(view: View, job: Job) -> tuple[Result, Entry | None] | None:
    """Take what is there already and is exactly what is wanted; stop at what has the same name or the same steps."""
    alike = look_alikes(view.foreign(), job.body)
    planned = Action.ADOPT if job.change.action is Action.ADOPT else Action.CREATE
    if alike.unclear:
        said = why_not_made(alike, str(job.body["name"]), job.address)
        return job.result(planned, Outcome.CONFLICT, error=said), None
    remote, run = alike.adoptable, view.run
    if remote is None and planned is Action.ADOPT:
        said = "it was to be taken over, and is not there any more; nothing was made: make a new plan"
        return job.result(Action.ADOPT, Outcome.CONFLICT, error=said), None
    if remote is None:
        return None
    # Recorded is what is there for certain: should the run end here, the next plan shows the rest as an update.
    entry = seen_entry(job, remote, run.clock.now(), shown_part(job.body))
    run.own(remote.blueprint_id, job.address)
    run.record(Adopted(entry))
    done = replace(job.result(Action.ADOPT, Outcome.DONE, remote.blueprint_id), note=beside(alike) or None)
    return done, entry if hidden(job.body) else None


def seen_entry(job: Job, remote: Remote, at: str, sent: Canonical) -> Entry:
    """An entry for what a list shows, as far as `sent` says what it is."""
    extra = job.entry.extra if job.entry else {}
    return Entry(
        job.address, remote.blueprint_id, sent.body, sent.digest, at, remote.digest, remote.updated_at, extra
    )
