"""Faults put into kalentops on purpose. Each names what it replaces, and the attack that notices it.

A replacement takes what it replaces first, then the same parameters; `_` before a name says that it is not used.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx

from kalentops.apply.context import Run, Task, View
from kalentops.apply.create import create
from kalentops.apply.result import Result
from kalentops.apply.run import Sourcing
from kalentops.apply.update import update
from kalentops.blueprint.body import Body
from kalentops.blueprint.remote import Mark, Remote, mark_in
from kalentops.cache import Cache
from kalentops.errors import StateDamaged
from kalentops.http.transport import HttpTransport
from kalentops.http.verdict import Answer, Limited, NotSent, Refused, Trouble, Verdict
from kalentops.plan.decide import Abandon, Fill, Situation
from kalentops.plan.matching import Candidates, Unmanaged
from kalentops.state.codec import Dump
from kalentops.state.content import Content, parse
from kalentops.state.model import (
    Abandoned,
    Adopted,
    Completed,
    Entry,
    Intended,
    Intent,
    Observed,
    Record,
    State,
)
from kalentops.state.store import journal
from kalentops.state.store.backend import Stored, UnclearWrite
from kalentops.state.store.file import FileBackend
from kalentops.state.store.journal import Journal, Writer
from kalentops.state.store.session import Session, Snapshot
from kalentops.support import atomic_write

Original = Callable[..., Any]


@dataclass(frozen=True)
class Mutant:
    """`target` is `module:name` or `module:Class.name`. A name that another module has defined is replaced in this
    module alone, any other wherever it was imported.
    """

    name: str
    target: str
    noticed_by: str
    replacement: Callable[..., Any]


MUTANTS: list[Mutant] = []


def mutant(name: str, target: str, noticed_by: str) -> Callable[[Original], Original]:
    def add(replacement: Original) -> Original:
        MUTANTS.append(Mutant(name, target, noticed_by, replacement))
        return replacement

    return add


# --- what is recorded, and when -----------------------------------------------------------------------------------


def _intends(record: Record, action: str) -> bool:
    """Whether it is the intent of something that carries a text."""
    return isinstance(record, Intended) and record.intent.action == action and not record.intent.nonces


def _record_without(
    original: Original, run: Run, records: Iterable[Record], what: Callable[[Record], bool]
) -> None:
    kept = [each for each in records if not what(each)]
    if kept:
        original(run, *kept)


@mutant("fill before the claim is durable", "apply.context:Run.record", "open_outcome")
def _(original: Original, self: Run, *records: Record) -> None:
    for each in records:
        if isinstance(each, Intended) and each.intent.blueprint_id is not None:
            self.api.update(each.intent.blueprint_id, each.intent.sent.data)
    original(self, *records)


@mutant("fill without a claim", "apply.context:Run.record", "open_outcome")
def _(original: Original, self: Run, *records: Record) -> None:
    intended = any(_intends(each, "update") for each in records)
    _record_without(original, self, records, lambda each: intended and isinstance(each, Adopted))


@mutant("PATCH without intent", "apply.context:Run.record", "open_outcome")
def _(original: Original, self: Run, *records: Record) -> None:
    _record_without(original, self, records, lambda each: _intends(each, "update"))


@mutant("whole without an intent", "apply.context:Run.record", "simulation")
def _(original: Original, self: Run, *records: Record) -> None:
    for each in records:
        if isinstance(each, Intended) and _intends(each, "create"):
            self.api.create(each.intent.address.sourcing_id, each.intent.sent.data)
    original(self, *records)


@mutant("outcome not recorded", "apply.context:Run.record", "put_back")
def _(original: Original, self: Run, *records: Record) -> None:
    _record_without(original, self, records, lambda each: isinstance(each, Completed))


@mutant("an update forgets what it replaced", "apply.context:Run.record", "put_back")
def _(original: Original, self: Run, *records: Record) -> None:
    intended = any(_intends(each, "update") for each in records)
    _record_without(original, self, records, lambda each: intended and isinstance(each, Observed))


@mutant("an outcome forgets what was replaced", "state.model:_apply_record", "put_back")
def _(original: Original, record: Record, entries: dict[str, Entry], intents: dict[str, Intent]) -> None:
    original(record, entries, intents)
    if isinstance(record, Completed) and record.address in entries:
        entries[record.address] = replace(entries[record.address], updated_at=None)


# --- making a blueprint -------------------------------------------------------------------------------------------


@mutant("text in the first request", "apply.create:_Creation._post", "open_outcome")
def _(original: Original, self: Any, mark: Mark, _empty: Body) -> Any:
    return original(self, mark, Body.of(self.task.body))


@mutant("claim of somebody's edited stub", "plan.decide:_edited_stub", "edited_stub")
def _(_original: Original, remote: Remote, _address: str) -> Fill:
    return Fill(remote, take=False)


@mutant("a stub counted as ours by its name alone", "blueprint.remote:mark_of", "edited_stub")
def _(_original: Original, body: Mapping[str, Any]) -> Mark | None:
    return mark_in(str(body.get("name", "")))


@mutant("the first of several stubs", "plan.decide:_chosen", "text_of_a_lost_state")
def _(original: Original, first: list[Remote], free: list[Remote]) -> Any:
    return original(sorted(first, key=lambda each: each.blueprint_id)[:1], free)


@mutant("a free stub before one that may have a text", "plan.decide:_chosen", "text_of_a_lost_state")
def _(original: Original, first: list[Remote], free: list[Remote]) -> Any:
    return original([] if free and len(first) == 1 else first, free)


@mutant("adopts by name only", "plan.matching:Unmanaged.like", "simulation")
def _(original: Original, self: Unmanaged, body: Mapping[str, Any]) -> Candidates:
    found: Candidates = original(self, body)
    return Candidates((*found.exact, *found.others)[:1])


@mutant("an answer is not told from another", "apply.create:_id_in", "mixed_up")
def _(original: Original, verdict: Verdict, view: View, _says: Callable[[str], bool]) -> Any:
    return original(verdict, view, lambda _: True)


# --- updating, and going on after a run that was cut off ------------------------------------------------------------


@mutant("fill without a look", "state.model:Entry.not_arrived", "edited_stub")
def _(original: Original, self: Entry, remote: Remote) -> Any:
    return self.mark is not None or original(self, remote)


@mutant("baseline ignored", "plan.decide:decide_update", "edited_stub")
def _(original: Original, of: Situation) -> Any:
    return original(of._replace(overwrite=True))


@mutant("accepted means in place", "apply.settle:_Check.is_behind", "put_back")
def _(original: Original, self: Any, view: View) -> Any:
    return original(self, view) and view.get(self.result.blueprint_id) is None


@mutant("the text of the last run is taken for this one's", "apply.settle:_Check.is_behind", "last_text")
def _(original: Original, self: Any, view: View) -> Any:
    return original(replace(self, task=replace(self.task, entry=None)), view)


@mutant("a refusal settles what an earlier run has sent", "apply.update:refused_after", "refused_later")
def _(_original: Original, task: Task, _action: str) -> Record:
    return Abandoned(task.address, "refused or not sent")


@mutant("a text on its way is forgotten with its address", "plan.decide:_resume_update", "refused_later")
def _(original: Original, of: Situation, intent: Intent) -> Any:
    return Abandon("not wanted any more") if of.change.after is None else original(of, intent)


@mutant("sent whole again by itself", "apply.settle:_resume_whole", "simulation")
def _(original: Original, view: View, task: Task, intent: Intent) -> Any:
    if task.change.after is not None:
        view.run.options = replace(view.run.options, resend=view.run.options.resend | {task.address})
    return original(view, task, intent)


@mutant("open intents are passed over", "apply.run:resume", "simulation")
def _(_original: Original, view: View, task: Task, _intent: Intent) -> Any:
    return create(view, task) if task.entry is None else (update(view, task), None)


@mutant("an open intent is not said", "apply.run:_unknown_if_open", "open_outcome")
def _(_original: Original, _run: Run, _task: Task, result: Result) -> Result:
    return result


# --- answers and lists --------------------------------------------------------------------------------------------


def _answered(answer: Answer, *statuses: int) -> bool:
    return answer.trouble is None and answer.status in statuses


@mutant("a lost answer means not sent", "http.verdict:classify", "twice")
def _(original: Original, answer: Answer) -> Any:
    return NotSent(answer.reason) if answer.trouble is Trouble.LOST else original(answer)


@mutant("retries a 5xx", "http.verdict:classify", "broken_api")
def _(original: Original, answer: Answer) -> Any:
    return NotSent("5xx") if _answered(answer, *range(500, 600)) else original(answer)


@mutant("any 4xx is a refusal", "http.verdict:classify", "simulation")
def _(original: Original, answer: Answer) -> Any:
    return Refused(403, "", "") if _answered(answer, 403) else original(answer)


@mutant("429 of an edge is the API's", "http.verdict:classify", "simulation")
def _(original: Original, answer: Answer) -> Any:
    return Limited(0.0) if _answered(answer, 429) else original(answer)


@mutant("success without its word", "http.verdict:classify", "false_success")
def _(original: Original, answer: Answer) -> Any:
    if not _answered(answer, *range(200, 300)):
        return original(answer)
    body = answer.body if isinstance(answer.body, Mapping) else {}
    return original(replace(answer, body={**body, "success": True}))


@mutant("408 is a refusal", "http.verdict:_MAY_HAVE_STARTED", "simulation")
def _(original: frozenset[int]) -> frozenset[int]:
    return original - {408}


@mutant("only page one", "kalent.lists:_page", "long_list")
def _(original: Original, data: Any, number: int, field: str, whose: str) -> Any:
    rows, pagination = original(data, number, field, whose)
    return rows, {**pagination, "hasNextPage": False, "total": len(rows)}


@mutant("redirects followed", "http.transport:HttpTransport._answer", "wire")
def _(original: Original, self: HttpTransport, response: httpx.Response) -> Any:
    if not response.has_redirect_location:
        return original(self, response)
    path = response.headers["location"].removeprefix("/api")
    with (
        httpx.HTTPTransport() as client,
        closing(client.handle_request(self._request("GET", path, None, None))) as other,
    ):
        return original(self, other)


@mutant("the key is echoed", "http.secret:ApiKey.scrub", "wire")
def _(_original: Original, _self: Any, text: str) -> str:
    return text


# --- the disk -----------------------------------------------------------------------------------------------------


class _But:
    """A module or an object, except for some of its names."""

    def __init__(self, of: object, **names: Any) -> None:
        self._of = of
        self.__dict__.update(names)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of, name)


@mutant("no sync of the journal", "state.store.journal:Writer._put", "power")
def _(_original: Original, self: Writer, data: bytes) -> None:
    atomic_write.write_all(self._descriptor, data)


@mutant("no folder sync for the journal", "state.store.journal:atomic_write", "power")
def _(original: ModuleType) -> Any:
    return _But(original, sync_folder=lambda _: None)


@mutant("no sync of the state", "support.atomic_write:_beside", "power")
def _(
    _original: Original,
    path: Path,
    data: bytes | Iterable[bytes],
    _mode: int | None,
    *,
    durable: bool,
) -> Path:
    temporary = path.with_name(f".{path.name}.0.tmp")
    descriptor = os.open(temporary, atomic_write.CREATE, 0o600)
    atomic_write.write_all(descriptor, data)
    os.close(descriptor)
    return temporary


@mutant("no folder sync for the state", "support.atomic_write:replace", "power")
def _(
    _original: Original,
    path: Path,
    data: bytes | Iterable[bytes],
    *,
    mode: int | None,
    durable: bool,
) -> None:
    atomic_write._beside(path, data, mode).replace(path)


@mutant("the state is written in place", "support.atomic_write:replace", "power")
def _(
    _original: Original,
    path: Path,
    data: bytes | Iterable[bytes],
    *,
    mode: int | None,
    durable: bool,
) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    atomic_write.write_all(descriptor, data)
    os.close(descriptor)


@mutant("checksum not checked", "state.store.journal:_whole", "journal")
def _(_original: Original, line: bytes, number: int) -> dict[str, Any]:
    return parse(line[journal._HEAD :].decode(errors="replace"), f"record {number} of the journal")


@mutant("damaged records are passed over", "state.store.journal:decode", "journal")
def _(original: Original, data: bytes) -> Any:
    *lines, tail = data.split(b"\n")
    whole = []
    for line in lines:
        with suppress(StateDamaged):
            journal._whole(line, 1)
            whole.append(line)
    return original(b"\n".join([*whole, tail]))


@mutant("the journal is not read", "state.store.session:_snapshot", "one_writer")
def _(_original: Original, state: State, _left: Journal | None, _where: str) -> Snapshot:
    return Snapshot(state)


@mutant("a journal without its state is ignored", "state.store.file:FileBackend._stored", "one_writer")
def _(original: Original, self: FileBackend, content: Content | None, left: Journal | None) -> Any:
    return None if content is None else original(self, content, left)


@mutant("the serial stands still", "state.store.session:replace", "serials")
def _(original: Original, obj: Any, /, **changes: Any) -> Any:
    return original(obj, **changes | ({"serial": 0} if "serial" in changes else {}))


@mutant("intents are not folded", "state.codec:Dump.__init__", "open_outcome")
def _(original: Original, self: Dump, state: State) -> None:
    original(self, replace(state, intents={}))


@mutant("a corrupt state is empty", "state.codec:load_state", "one_writer")
def _(original: Original, data: bytes | Content, cache: Cache | None) -> Any:
    try:
        return original(data, cache)
    except StateDamaged:
        return State()


# --- a store that hosts share ---------------------------------------------------------------------------------------


@mutant("no compare-and-swap: the last one wins", "state.store.session:rebase", "hosts")
def _(_original: Original, _base: State, mine: State, _theirs: State, _run: str) -> Any:
    return mine, frozenset()


@mutant("a merge takes mine", "state.merge:_is_free", "hosts")
def _(_original: Original, _base: Any, _mine: Any, _theirs: Any, *, run: str) -> bool:
    return True


@mutant("a merge takes theirs alone", "state.store.session:rebase", "hosts")
def _(_original: Original, _base: State, _mine: State, theirs: State, _run: str) -> Any:
    return theirs, frozenset()


@mutant("text before the claims are durable", "apply.run:prepare", "hosts")
def _(original: Original, sourcing: Sourcing) -> None:
    original(sourcing)
    for each in sourcing.started or ():
        while not each.done:
            each._to_next_pause(partial(next, each.steps))


@mutant("an unclear write counts as done", "state.store.session:Session._compare_and_swap", "hosts")
def _(original: Original, self: Session, mine: State) -> None:
    backend = self._backend

    def sure(data: bytes, expected: str | None) -> str:
        try:
            return backend.replace(data, expected)
        except UnclearWrite:
            return expected or ""

    self._backend = _But(backend, replace=sure)
    try:
        original(self, mine)
    finally:
        self._backend = backend


@mutant("another run's claim is not seen", "apply.context:Run.overtaken", "hosts")
def _(original: Original, self: Run, address: str) -> None:
    original(self, address)


@mutant("another run's work is not respected", "apply.run:_is_at_work", "hosts")
def _(_original: Original, _run: Run, _task: Task, _intent: Intent) -> bool:
    return False


@mutant(
    "a failed write leaves the session half rebased", "state.store.session:Session._state_of_others", "hosts"
)
def _(original: Original, self: Session, stored: Stored) -> Any:
    theirs = original(self, stored)
    self._base, self._version = theirs, stored.version
    return theirs


@mutant("each address writes the shared store", "apply.run:prepare", "hosts")
def _(original: Original, sourcing: Sourcing) -> None:
    original(sourcing)
    for each in sourcing.started or ():
        each.durable = False


@mutant("stubs of other hosts are not told by their nonce", "blueprint.remote:new_nonce", "hosts")
def _(original: Original, _lineage: str | None = None) -> Any:
    return original(None)


# --- what always says the same ------------------------------------------------------------------------------------


def _always(value: object) -> Original:
    return lambda *_args, **_kwargs: value


MUTANTS += [
    Mutant(name, target, noticed_by, _always(value))
    for name, target, noticed_by, value in (
        ("a nonce that repeats", "blueprint.remote:new_nonce", "wire", "00000000"),
        ("nobody says which stub is taken", "plan.decide:_has_to_be_taken", "rolled_back", False),
        ("nothing adopted", "plan.matching:Unmanaged.like", "long_list", Candidates()),
        ("any id is taken", "apply.create:_is_anothers", "simulation", False),
        ("creates go on for ever", "apply.context:Run.creates_are_safe", "broken_api", True),
        ("an older list is believed", "state.model:Entry.outdates", "put_back", False),
        ("a short list is whole", "kalent.lists:_check_number", "simulation", None),
        ("version not checked", "state.store.file:FileBackend._check", "one_writer", None),
        ("no lock", "state.store.lock:try_lock", "one_writer", True),
    )
]
