"""Creating a blueprint once: look, reserve an id with an empty stub, claim the id, fill it with the text.

If its answer is lost, a stub may be created again: it can't message a candidate. Text goes only to an id that is
durably recorded for its address, and an address has one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from kalentops.apply.context import Steps, Task, View, look_until, not_done
from kalentops.apply.result import Cause, Outcome, Reserved, Result
from kalentops.apply.update import record_done, refused_after, seen_entry, update
from kalentops.blueprint.body import Body
from kalentops.blueprint.remote import Mark, Remote, mark_in, new_nonce, stub, stub_as_remote, stub_mark
from kalentops.errors import KalentopsError
from kalentops.http.verdict import Accepted, Limited, NotSent, Refused, Unknown, Verdict
from kalentops.plan.build import Action
from kalentops.plan.decide import (
    Adopt,
    Conflict,
    Create,
    Fill,
    RecordArrived,
    StayOpen,
    decide_create,
    decide_whole,
)
from kalentops.plan.explanation import Code, Explanation, also_similar, explain, of_error, together
from kalentops.state.model import Abandoned, Adopted, Entry, Intended, Intent
from kalentops.support.text import is_safe_id

_ATTEMPTS: Final = 3
_LIMITED: Final = 6
_WINDOW: Final = 10.0
"""Seconds for which a stub is looked for whose answer was lost: a second one does no harm."""
_BAD_REQUEST: Final = 400


def create(view: View, task: Task) -> Steps[tuple[Result, Entry | None]]:
    """Create the blueprint of a task, or adopt an identical one.

    The entry comes with an adoption that still lacks fields which no list shows: an update has to follow. Raises
    KalentopsError if it could not continue; `run.open_intents` tells whether text was sent.
    """
    creation = _Creation(view, task)
    action = Action.ADOPT if task.change.action is Action.ADOPT else Action.CREATE
    while True:
        view.run.api.ready()
        view.fresh()
        match decide_create(view.situation(task, creation.own)):
            case Conflict(why):
                return task.result(action, Outcome.CONFLICT, error=why), None
            case Adopt() as decision:
                return (yield from _adopt(view, task, decision))
            case _ if action is Action.ADOPT:
                return task.result(Action.ADOPT, Outcome.CONFLICT, error=explain(Code.ADOPTION_GONE)), None
            case Fill(remote, take):
                result = creation.take(remote) if take else (yield from _claim(view, task, remote))
            case Create():
                result = yield from creation.attempt()
        if result is not None:
            return result, None


@dataclass(slots=True)
class _Creation:
    """The attempts to create one blueprint. `own`: the nonces of this run; `made`: the stub that an answer named."""

    view: View
    task: Task
    own: list[str] = field(default_factory=list)
    made: Remote | None = None
    lost: int = 0
    limited: int = 0
    why: Explanation | None = None

    def attempt(self) -> Steps[Result | None]:
        """Claim the stub that an answer named, or make another attempt. None: look again first."""
        view, task = self.view, self.task
        if self.made is not None:
            return (yield from _claim(view, task, self.made))
        if self.lost == _ATTEMPTS:
            said = together(self.why, explain(Code.ATTEMPTS_USED_UP, attempts=_ATTEMPTS))
            return task.result(Action.CREATE, Outcome.UNKNOWN, error=said)
        if not view.run.creates_are_safe():
            said = explain(Code.CREATES_STOPPED)
            return task.result(Action.CREATE, Outcome.NOT_ATTEMPTED, error=said, cause=Cause.UNREACHABLE)
        whole = view.run.options.whole
        done = (yield from _send_whole(view, task)) if whole else self._reserve()
        if isinstance(done, Limited) and self.limited < _LIMITED:
            # Too many requests: nothing was done. Wait, look again, and only then send again.
            self.limited += 1
            return None
        return not_done(task, Action.CREATE, done) if isinstance(done, Limited) else done

    def take(self, empty: Remote) -> Result | None:
        """Mark one of several stubs as taken in Kalent: a run that starts from the same state may see other stubs,
        and chooses the one that a list shows as taken.
        """
        view, task, mark = self.view, self.task, stub_mark(empty)
        if mark is None:
            raise AssertionError(f"{empty.blueprint_id} is not a stub")
        name = stub(task.body.name, mark._replace(key=task.address.key, taken=True)).data["name"]
        verdict = view.run.api.update(empty.blueprint_id, {"name": name})
        if isinstance(verdict, Refused | NotSent | Limited):
            return _refused(view, task, verdict)
        why = explain(Code.STUB_TAKING) if isinstance(verdict, Accepted) else _lost(verdict)
        if look_until(view, lambda: self._shown_taken(empty.blueprint_id), task.address, why):
            return None
        said = together(why, explain(Code.STUB_NOT_TAKEN, blueprint_id=empty.blueprint_id))
        return task.result(Action.CREATE, Outcome.UNKNOWN, error=said)

    def _shown_taken(self, blueprint_id: str) -> Remote | None:
        remote = self.view.get(blueprint_id)
        mark = stub_mark(remote) if remote else None
        return remote if mark is not None and mark.taken else None

    def _reserve(self) -> Result | Limited | None:
        """Create a stub. The next look finds its outcome."""
        view, task = self.view, self.task
        session = view.run.session
        mark = Mark(task.address.key, new_nonce(session.state.lineage if session.shared else None))
        empty = stub(task.body.name, mark)
        verdict = self._post(mark, empty)
        if isinstance(verdict, Refused | NotSent | Limited):
            if not (task.nonces or self.own):
                view.run.record(Abandoned(task.address, "refused or not sent"))
            return verdict if isinstance(verdict, Limited) else _refused(view, task, verdict)
        self.own.append(mark.nonce)
        blueprint_id = _id_in(verdict, view, lambda name: mark_in(name) == mark)
        if blueprint_id is not None:
            self.made = view.add(stub_as_remote(blueprint_id, empty))
            view.run.outcome_known(known=True)
            return None
        self.why = _lost(verdict, Code.STUB_UNNAMED)
        self.lost += 1
        found = look_until(view, lambda: _marked(view, mark), task.address, self.why, most=_WINDOW)
        view.run.outcome_known(known=found is not None)
        return None

    def _post(self, mark: Mark, empty: Body) -> Verdict:
        """Send the request for a stub. Its nonce is recorded first, so that a later run knows which stubs may exist."""
        run, task = self.view.run, self.task
        nonces = (*task.nonces, *self.own, mark.nonce)
        run.record(Intended(Intent(task.address, "create", task.body, run.now(), nonces=nonces)))
        return run.api.create(self.view.sourcing_id, empty.data)


def _marked(view: View, mark: Mark) -> Remote | None:
    return next((each for each in view.unmanaged if stub_mark(each) == mark), None)


def _claim(view: View, task: Task, empty: Remote) -> Steps[Result]:
    """Send the text to a stub; its id is recorded for the address in one write with the text."""
    if empty.shown is None:
        raise AssertionError(f"{empty.blueprint_id} is not known to be empty")
    seen = empty.blueprint_id not in view.given
    entry = Entry(
        task.address,
        empty.blueprint_id,
        empty.shown,
        view.run.now(),
        empty.digest if seen else None,
        empty.updated_at,
    )
    view.own(entry.blueprint_id, task.address)
    view.run.observe(Reserved(task.address, entry.blueprint_id))
    done = yield from update(view, replace(task, entry=entry, intent=None), first=(Adopted(entry),))
    return replace(done, action=Action.CREATE)


def _send_whole(view: View, task: Task) -> Steps[Result | Limited]:
    """One POST with the text, for an API that refuses empty blueprints: an unknown outcome stays open."""
    run = view.run
    intent = Intent(task.address, "create", task.body, run.now())
    run.record(Intended(intent))
    yield task.address
    verdict = run.api.create(view.sourcing_id, task.body.data)
    if isinstance(verdict, Refused | NotSent | Limited):
        run.record(refused_after(task, "create"))
        return verdict if isinstance(verdict, Limited) else _refused(view, task, verdict)
    blueprint_id = _id_in(verdict, view, lambda name: name == task.body.name)
    if blueprint_id is not None:
        run.outcome_known(known=True)
        return record_done(view, task, Action.CREATE, blueprint_id)
    reason = _lost(verdict)
    try:
        found = await_whole(view, task, intent, reason)
    except KalentopsError as error:
        said = together(reason, of_error(error), explain(Code.OUTCOME_UNKNOWN))
        return task.result(Action.CREATE, Outcome.UNKNOWN, error=said)
    run.outcome_known(known=isinstance(found, RecordArrived))
    if isinstance(found, RecordArrived):
        return take_whole(view, task, intent, found.remote, Action.CREATE)[0]
    return task.result(Action.CREATE, Outcome.UNKNOWN, error=together(reason, found.why))


def await_whole(view: View, task: Task, intent: Intent, reason: Explanation) -> RecordArrived | StayOpen:
    """The outcome of a create that was sent whole, at the end of the settle window."""

    def arrived() -> RecordArrived | None:
        decision = decide_whole(view.situation(task), intent)
        return decision if isinstance(decision, RecordArrived) else None

    return look_until(view, arrived, task.address, reason) or decide_whole(view.situation(task), intent)


def take_whole(view: View, task: Task, intent: Intent, found: Remote, action: Action) -> tuple[Result, Entry]:
    """Record the blueprint that is identical to what was sent. It may have been created by others."""
    view.own(found.blueprint_id, task.address)
    entry = seen_entry(task, found, view.run.now(), intent.sent.readable)
    view.run.record(Adopted(entry))
    return task.result(action, Outcome.DONE, found.blueprint_id), entry


def _lost(verdict: Accepted | Unknown, unnamed: Code = Code.ANSWER_UNNAMED) -> Explanation:
    """Why the answer to a create says nothing."""
    if isinstance(verdict, Accepted):
        return explain(unnamed)
    return explain(Code.ANSWER_LOST, cause=verdict.reason)


def _refused(view: View, task: Task, verdict: Refused | NotSent | Limited) -> Result:
    if isinstance(verdict, Refused) and verdict.fatal:
        view.run.stop(explain(Code.KEY_REFUSED, message=verdict.message), Cause.DENIED)
    result = not_done(task, Action.CREATE, verdict)
    if isinstance(verdict, Refused) and verdict.status == _BAD_REQUEST and not view.run.options.whole:
        return replace(result, error=together(result.error, explain(Code.STUBS_REFUSED)))
    return result


def _id_in(verdict: Verdict, view: View, says: Callable[[str], bool]) -> str | None:
    """The id in an answer, if it is the answer to this request: `says` recognises it by its name. An answer that a
    proxy mixed up must not send a text to another blueprint.
    """
    if not isinstance(verdict, Accepted):
        return None
    blueprint_id, name = verdict.data.get("blueprintId"), verdict.data.get("name")
    if not isinstance(blueprint_id, str) or not is_safe_id(blueprint_id):
        return None
    if _is_anothers(view, blueprint_id, verdict.data) or not isinstance(name, str):
        return None
    return blueprint_id if says(name) else None


def _is_anothers(view: View, blueprint_id: str, data: Mapping[str, Any]) -> bool:
    """Whether an answer names a blueprint that was not created just now and here."""
    return data.get("sourcingId", view.sourcing_id) != view.sourcing_id or view.run.given_before(blueprint_id)


def _adopt(view: View, task: Task, decision: Adopt) -> Steps[tuple[Result, Entry | None]]:
    remote, run = decision.remote, view.run
    # Recorded is what is there for certain: should the run end here, the next plan shows the rest as an update.
    entry = seen_entry(task, remote, run.now(), task.body.readable)
    view.own(remote.blueprint_id, task.address)
    run.record(Adopted(entry))
    if not decision.completes:
        yield task.address
    done = task.result(Action.ADOPT, Outcome.DONE, remote.blueprint_id)
    done = replace(done, note=also_similar(decision.others))
    return done, entry if decision.completes else None
