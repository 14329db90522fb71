"""What happens to an address, decided from what a file declares, what the state records and what a list shows. Pure.

`plan --refresh` shows the decision; `apply` asks again just before it sends, and acts on the answer.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.remote import Mark, Remote, edited_stub_mark, is_of_lineage, stub_mark
from kalentops.plan.build import Action, Change
from kalentops.plan.explanation import Code, Explanation, edited, explain, ids, missing, similar
from kalentops.plan.matching import Unmanaged
from kalentops.state.model import Entry, Intent


class Situation(NamedTuple):
    """What is known of an address. `remote` is what the list shows of the recorded blueprint, `unmanaged` what it
    shows beside managed ones. `own` are the nonces of the stubs that this run has made. `overwrite`: an edit may be
    overwritten. `recorded_as` is the address in the state, if that is still another. `lineage` is that of the state.
    """

    change: Change
    entry: Entry | None
    intent: Intent | None
    remote: Remote | None
    unmanaged: Unmanaged
    own: Collection[str] = ()
    overwrite: bool = False
    recorded_as: str | None = None
    lineage: str | None = None

    @property
    def body(self) -> Body:
        return self.change.body

    @property
    def recorded(self) -> Entry:
        if self.entry is None:
            raise AssertionError(f"{self.change.address} is not recorded")
        return self.entry

    @property
    def protected(self) -> bool:
        """Whether nothing may be sent over what is there. A stub has nothing to protect."""
        return self.change.protected and (self.entry is None or self.entry.mark is None)

    @property
    def nonces(self) -> tuple[str, ...]:
        """The nonces of the stubs that earlier runs made for the address, or may have made."""
        return self.intent.nonces if self.intent else ()

    @property
    def sent(self) -> tuple[Body, ...]:
        """The bodies that may be there: what was sent last, and what an update of unknown outcome may have sent."""
        entry, intent = self.recorded, self.intent
        if intent is None or intent.action != "update" or intent.digest == entry.digest:
            return (entry.sent,)
        return entry.sent, intent.sent


@dataclass(frozen=True, slots=True)
class Create:
    """No blueprint matches: reserve an id with a new stub."""


class Fill(NamedTuple):
    """A stub gets the text. `take`: first its name has to say that it is taken, because another run of the same state
    could choose another stub.
    """

    remote: Remote
    take: bool


class Adopt(NamedTuple):
    """An identical unmanaged blueprint is recorded. `others` only look like it. `completes`: an update has to follow,
    which sets what no list shows.
    """

    remote: Remote
    others: tuple[Remote, ...]
    completes: bool


class Keep(NamedTuple):
    """The blueprint is as declared: it is only recorded."""

    remote: Remote


class Update(NamedTuple):
    """The text is sent to the recorded blueprint. `known` are the digests under which it is ours. `late`: the list
    shows what was there before the last write. `replaces`: an edit is overwritten, as asked. `whole`: it may hold
    another text than was sent, so all fields are sent.
    """

    remote: Remote
    known: frozenset[str | None]
    late: bool
    replaces: bool
    whole: bool


class Conflict(NamedTuple):
    """A person has to decide. `remote` is the blueprint in the way, if it is one."""

    why: Explanation
    remote: Remote | None = None


class Unlisted(NamedTuple):
    """No list has shown the recorded blueprint yet: nothing is sent before one does."""

    why: Explanation


class RecordArrived(NamedTuple):
    """What an interrupted run sent is there: record that, then decide again."""

    remote: Remote


class Abandon(NamedTuple):
    """The open intent came to nothing: record that, then decide again. `reason` is for the journal."""

    reason: str


class StayOpen(NamedTuple):
    """What an interrupted run sent may still arrive: nothing is sent, and the intent stays open."""

    why: Explanation


Creating: TypeAlias = Create | Fill | Adopt | Conflict
Updating: TypeAlias = Keep | Update | Conflict | Unlisted
Resuming: TypeAlias = RecordArrived | Abandon | StayOpen | Updating


Decision: TypeAlias = Creating | Resuming


def decide(of: Situation) -> Decision:
    intent = of.intent
    if intent is not None and not (intent.only_reserves and of.change.after is not None):
        return decide_resume(of)
    return decide_create(of) if of.entry is None else decide_update(of)


def decide_create(of: Situation) -> Creating:
    """The decision for a declared address without a blueprint."""
    alike = of.unmanaged.like(of.body)
    if alike.unclear:
        found = alike.exact or alike.others
        why = similar(found, of.body.name, of.change.address)
        return Conflict(why, found[0] if len(found) == 1 else None)
    if alike.adoptable is not None:
        return Adopt(alike.adoptable, alike.others, completes=bool(of.body.hidden))
    return _reserved(of) or Create()


def _reserved(of: Situation) -> Fill | Conflict | None:
    """The stub that gives the address its id, if there is one.

    A stub that this run has not made may have been claimed by a run whose state is lost, and its text may still
    arrive: it is used first, and of several none, because only a person can remove the others. If the state knows
    several, each run says in Kalent which one it takes before it sends a text: one that is not taken has none. A stub
    of the lineage of a shared state has no text either: that state would know it.
    """
    key, nonces = of.change.address.key, of.nonces
    taken: list[Remote] = []
    others: list[Remote] = []
    free: list[Remote] = []
    for remote in of.unmanaged:
        mark, was = stub_mark(remote), edited_stub_mark(remote)
        if was is not None and (was.key == key or was.nonce in nonces):
            return _edited_stub(remote, of.change.address)
        if mark is None or (mark.key != key and mark.nonce not in nonces):
            continue
        if mark.taken:
            taken.append(remote)
        elif mark.nonce in of.own or _is_free(mark, nonces) or is_of_lineage(mark.nonce, of.lineage):
            free.append(remote)
        else:
            others.append(remote)
    chosen = _chosen(taken or others, free)
    if not isinstance(chosen, Remote):
        return chosen
    return Fill(chosen, take=_has_to_be_taken(chosen, of))


def _chosen(first: list[Remote], free: list[Remote]) -> Remote | Conflict | None:
    """Of stubs that may have a text, the only one; else a free one. A conflict if there are several."""
    if len(first) > 1:
        return Conflict(explain(Code.SEVERAL_STUBS, blueprint_ids=ids(first)))
    return min(first or free, key=lambda each: each.blueprint_id, default=None)


def _is_free(mark: Mark, nonces: Collection[str]) -> bool:
    """Whether a stub of an earlier run has no text unless it is taken."""
    return len(nonces) > 1 and mark.nonce in nonces


def _has_to_be_taken(empty: Remote, of: Situation) -> bool:
    """Whether another run of the same state might choose another stub."""
    mark = stub_mark(empty)
    if mark is None or is_of_lineage(mark.nonce, of.lineage):
        return mark is None
    return not (mark.taken or mark.nonce in of.own or not _is_free(mark, of.nonces))


def _edited_stub(remote: Remote, address: Address) -> Conflict:
    return Conflict(explain(Code.STUB_EDITED, address=address, blueprint_id=remote.blueprint_id))


def decide_update(of: Situation) -> Updating:
    """The decision for a declared address with a blueprint, or with a stub, which gets its first text."""
    entry, remote, after = of.recorded, of.remote, of.body
    if remote is None:
        why = missing(entry, of.recorded_as)
        return Conflict(why) if entry.remote_digest else Unlisted(why)
    wanted = after.observable.digest
    # What no list shows may have been changed, too: with --overwrite it is sent each time.
    hidden = after.hidden
    hidden_alike = all(each.hidden == hidden for each in of.sent) and not (of.overwrite and hidden)
    if remote.digest == wanted and hidden_alike and not entry.outdates(remote.updated_at):
        return Keep(remote)
    late = entry.not_arrived(remote)
    known: frozenset[str | None] = frozenset(
        {entry.baseline, wanted, *(each.observable.digest for each in of.sent)}
    )
    replaces = not late and remote.digest not in known
    if replaces and not of.overwrite:
        return Conflict(edited(entry, remote), remote)
    if of.protected:
        return Conflict(explain(Code.PROTECTED, address=of.change.address))
    return Update(remote, known | {remote.digest}, late, replaces, whole=of.overwrite or late)


def decide_resume(of: Situation) -> Resuming:
    """The decision for an address whose last run was interrupted."""
    intent = of.intent
    if intent is None:
        raise AssertionError(f"{of.change.address} has no open intent")
    if intent.action == "update":
        return _resume_update(of, intent)
    if intent.only_reserves:
        return Abandon("no longer wanted; at most stubs were made")
    return decide_whole(of, intent)


def decide_whole(of: Situation, intent: Intent) -> RecordArrived | StayOpen:
    """The outcome of a create that was sent with its text."""
    alike = of.unmanaged.like(intent.sent)
    if alike.adoptable is not None:
        return RecordArrived(alike.adoptable)
    declared, matches = of.change.after is not None, ids(alike.exact)
    return StayOpen(
        explain(
            Code.NOT_SENT_AGAIN,
            address=intent.address,
            at=intent.at,
            blueprint_ids=matches,
            declared=declared,
        )
    )


def _resume_update(of: Situation, intent: Intent) -> Resuming:
    entry, sent = of.recorded, intent.sent.observable.digest
    if intent.blueprint_id not in {None, entry.blueprint_id}:
        # Of a state that was put together by hand: it says nothing of the blueprint that is recorded now.
        return Abandon(f"meant for {intent.blueprint_id}")
    remote = of.remote
    # What is hidden is sent again, to be sure; but only where it is still declared so.
    is_sure = not intent.sent.hidden or of.change.after_digest != intent.digest
    if remote is not None and remote.digest == sent and sent != entry.baseline and is_sure:
        return RecordArrived(remote)
    if of.change.after is not None:
        return decide_update(of)
    # Abandoned, the text would come to a stub that no run looks for.
    return (
        StayOpen(explain(Code.TEXT_MAY_ARRIVE, address=entry.address, blueprint_id=entry.blueprint_id))
        if entry.mark is not None
        else Abandon("not wanted any more")
    )


def waits(of: Situation) -> bool:
    """Whether the text of an interrupted update gets the settle window before another text is sent: it may still
    arrive and undo that one, or be taken for none.
    """
    intent = of.intent
    if (
        intent is None
        or intent.action != "update"
        or intent.blueprint_id not in {None, of.recorded.blueprint_id}
    ):
        return False
    follows = of.change.after_digest == intent.digest and not of.protected
    return not follows and not (of.remote is not None and of.remote.digest == intent.sent.observable.digest)


def turn(change: Change, unmanaged: Unmanaged) -> tuple[int, bool, str]:
    """The order within a sourcing: interrupted ones first, then existing ones, so that neither counts as a look-alike
    of a new one.
    """
    return _TURNS.get(change.action, len(_TURNS)), not unmanaged.has(change.after), change.address


_TURNS = {Action.RESUME: 0, Action.UPDATE: 1, Action.ADOPT: 2, Action.CREATE: 2}


def is_as_left(entry: Entry, remote: Remote) -> bool:
    """Whether a list shows what it showed last, or what was sent last."""
    return remote.digest in {entry.baseline, entry.sent.observable.digest}
