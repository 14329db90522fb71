"""A plan, held against what Kalent shows: what somebody else has changed, and what looks like ours. Pure.

It foretells what `apply` finds when it looks for itself, and in the same order; nothing is done on its strength.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Final, Literal

from kalentops.blueprint.body import hidden, observable
from kalentops.blueprint.remote import Remote, RemoteLists, stubs
from kalentops.plan.build import Action, Change, Drift, Leftover, LookAlike, Plan, RefreshReport, fingerprint
from kalentops.plan.explanation import STEPS_NOT_SHOWN, edited, missing, protected, together
from kalentops.plan.matching import beside, is_there, look_alikes, reserved, why_not_made
from kalentops.state.model import Entry, State
from kalentops.support.text import same_name

_NOT_ARRIVED: Final = "what was sent last has not arrived there yet"
_FOLLOWS: Final = "an update that sets what Kalent hides follows"


def refresh(
    plan: Plan,
    known: State,
    observed: RemoteLists,
    overwrite: Collection[str] = (),
    let_go: Collection[str] = (),
) -> Plan:
    """The plan with what the lists say; what they say nothing of stays as it is.

    `known` is the state as the plan has it: with moved addresses moved, and without what it forgets. `let_go` are the
    ids of what files say was removed: nobody has to be told that it could be imported.
    """
    changes: dict[str, Change] = {each.address: each for each in plan.changes}
    drift: list[Drift] = []
    look_alikes_: list[LookAlike] = []
    leftovers_: list[Leftover] = []
    unmanaged: dict[str, int] = {}
    entries = defaultdict(list)
    for entry in known.entries.values():
        entries[entry.sourcing_id].append(entry)
    for sourcing_id, group in _by_sourcing(plan.changes).items():
        if sourcing_id in observed.lists:
            look = _Look(known, observed.lists[sourcing_id], entries[sourcing_id], overwrite)
            changes |= {each.address: each for each in look.changes(group)}
            drift += look.drift(changes)
            look_alikes_ += look.look_alikes(sourcing_id, changes)
            left = look.leftovers(changes)
            leftovers_ += [Leftover(sourcing_id, each.blueprint_id, each.name) for each in left]
            unmanaged[sourcing_id] = sum(
                each.blueprint_id not in let_go and each not in left for each in look.unmanaged
            )
        elif sourcing_id in observed.refused:
            why = observed.refused[sourcing_id]
            changes |= {each.address: _refused(each, why) for each in group}
            wanted = (each for each in entries[sourcing_id] if changes[each.address].file is not None)
            drift += [_drift(each, "unreadable", reason=why) for each in wanted]
    counted = {sourcing_id: number for sourcing_id, number in unmanaged.items() if number}
    seen = RefreshReport(
        tuple(drift), tuple(look_alikes_), tuple(leftovers_), counted, _fingerprint(observed)
    )
    ordered = tuple(changes[address] for address in sorted(changes))
    return replace(plan, changes=ordered, remotely=seen)


def _by_sourcing(changes: Iterable[Change]) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = {}
    for change in changes:
        found.setdefault(change.sourcing_id, []).append(change)
    return found


def _fingerprint(observed: RemoteLists) -> str:
    seen = [
        f"{sid} {r.blueprint_id} {r.digest} {r.name}" for sid, all_ in observed.lists.items() for r in all_
    ]
    return fingerprint([*seen, *(f"{sid} refused" for sid in observed.refused)])


def _refused(change: Change, why: str) -> Change:
    """Where a sourcing has no list nothing is made or changed; what concerns the state alone is done all the same."""
    if change.action in {Action.CREATE, Action.UPDATE}:
        return replace(change, action=Action.CONFLICT, reason=why)
    return replace(change, reason=together(change.reason, why)) if change.action is Action.RESUME else change


class _Look:
    """One sourcing. `unmanaged` is what its list shows that is not ours, nor about to be."""

    def __init__(
        self, known: State, remotes: Iterable[Remote], entries: Collection[Entry], overwrite: Collection[str]
    ) -> None:
        ours = known.ids()
        self._known = known
        self._entries = entries
        self._overwrite = overwrite
        self._by_id = {each.blueprint_id: each for each in remotes}
        self.unmanaged = [each for each in self._by_id.values() if each.blueprint_id not in ours]

    def changes(self, changes: Iterable[Change]) -> Iterator[Change]:
        """The changes as `apply` would find them, in its order: what was interrupted first, then what is there already,
        so that neither is a look-alike of what is to be made.
        """
        new = [each for each in changes if each.action is Action.CREATE]
        makes = [each for each in new if each.address not in self._known.entries]
        reserved_ = [each for each in new if each.address in self._known.entries]
        resumed = [each for each in changes if each.action is Action.RESUME]
        known = [each for each in changes if each.action in {Action.UPDATE, Action.ORPHAN}]
        yield from (self._known_one(each) for each in (*known, *reserved_))
        yield from [self._resumed(each) for each in sorted(resumed, key=self._turn)]
        yield from [self._made(each) for each in sorted(makes, key=self._turn)]

    def _turn(self, change: Change) -> tuple[bool, str]:
        return not is_there(self.unmanaged, change.after), change.address

    def _resumed(self, change: Change) -> Change:
        intent = self._known.intents[change.address]
        if intent.action == "update":
            remote = self._by_id.get(self._known.entries[change.address].blueprint_id)
            arrived = remote is not None and remote.digest == observable(intent.sent).digest
            return replace(change, reason=together(change.reason, "it has arrived" if arrived else ""))
        came = None if intent.only_reserves else look_alikes(self.unmanaged, intent.sent).adoptable
        if came is None:
            return change
        self._take(came)
        return replace(change, reason=together(change.reason, f"it was made, as {came.blueprint_id}"))

    def _made(self, change: Change) -> Change:
        body = change.after or {}
        alike = look_alikes(self.unmanaged, body)
        if alike.unclear:
            of = alike.exact or alike.others
            theirs = of[0].shown.data if len(of) == 1 and of[0].shown else None
            reason = why_not_made(alike, change.name, change.address)
            return replace(change, action=Action.CONFLICT, reason=reason, theirs=theirs)
        remote = alike.adoptable
        if remote is None:
            return self._reserved(change)
        self._take(remote)
        follows = protected(change.address) if change.protected else _FOLLOWS
        there = "it is there already, just so, and is taken over"
        reason = together(there, beside(alike), follows if hidden(body) else "")
        return replace(change, action=Action.ADOPT, blueprint_id=remote.blueprint_id, reason=reason)

    def _reserved(self, change: Change) -> Change:
        intent = self._known.intents.get(change.address)
        found = reserved(self.unmanaged, change.address, intent.nonces if intent else ())
        if isinstance(found, str):
            return replace(change, action=Action.CONFLICT, reason=found)
        if found is None:
            return change
        self._take(found)
        said = f"uses {found.blueprint_id}, the empty blueprint that an interrupted run reserved"
        return replace(change, reason=said)

    def _take(self, remote: Remote) -> None:
        self.unmanaged.remove(remote)

    def _known_one(self, change: Change) -> Change:
        entry = self._known.entries[change.address]
        remote = self._by_id.get(entry.blueprint_id)
        if remote is None:
            return self._missing(change, entry)
        if change.action is Action.ORPHAN:
            return change
        after = change.after or {}
        wanted, forced = observable(after).digest, change.address in self._overwrite
        same_hidden = hidden(after) == hidden(entry.sent) and not (forced and hidden(after))
        if remote.digest == wanted and same_hidden and not entry.outdates(remote.updated_at):
            return _nothing_to_send(change, entry)
        if entry.not_arrived(remote) or _as_left(entry, remote) or remote.digest == wanted:
            late = _NOT_ARRIVED if entry.not_arrived(remote) else ""
            return replace(change, reason=change.reason or late)
        theirs = remote.shown.data if remote.shown else None
        if forced:
            said = "what somebody changed there is replaced (--overwrite)"
            return replace(change, theirs=theirs, reason=said)
        return replace(change, action=Action.CONFLICT, theirs=theirs, reason=edited(entry, remote))

    def _missing(self, change: Change, entry: Entry) -> Change:
        if change.action is Action.ORPHAN:
            return replace(change, reason=together(change.reason, "Kalent does not show it any more"))
        action = Action.CONFLICT if entry.remote_digest else change.action
        return replace(change, action=action, reason=missing(entry, change.moved_from))

    def drift(self, changes: dict[str, Change]) -> Iterator[Drift]:
        """What somebody else did to ours, as far as the files want it. What they made as the files want it is none."""
        for entry in self._entries:
            change, remote = changes[entry.address], self._by_id.get(entry.blueprint_id)
            if change.file is None:
                continue
            if remote is None:
                kind: Literal["gone", "unreadable"] = "gone" if entry.remote_digest else "unreadable"
                yield _drift(entry, kind, reason=missing(entry, change.moved_from))
            elif remote.shown is None:
                yield _drift(entry, "unreadable", remote, reason=STEPS_NOT_SHOWN)
            elif entry.not_arrived(remote):
                continue  # what it shows is what was there before, and nobody's doing
            elif not _as_left(entry, remote) and remote.digest not in self._expected(change):
                yield _drift(entry, "changed", remote)

    def leftovers(self, changes: dict[str, Change]) -> tuple[Remote, ...]:
        """The stubs that nothing here uses or may have to."""
        waiting = {each.key for each in changes.values() if each.action in {Action.CREATE, Action.CONFLICT}}
        return tuple(each for mark, each in stubs(self.unmanaged) if mark.key not in waiting)

    def _expected(self, change: Change) -> set[str]:
        """What else may be there, and nobody else's doing."""
        intent = self._known.intents.get(change.address)
        bodies = (change.after, intent.sent if intent else None)
        return {observable(each).digest for each in bodies if each is not None}

    def look_alikes(self, sourcing_id: str, changes: dict[str, Change]) -> Iterator[LookAlike]:
        """What is not ours and looks like one that is: by its name as it was, is, or will be, or by its steps."""
        marks: dict[tuple[str, str], Entry] = {}
        for entry in self._entries:
            remote = self._by_id.get(entry.blueprint_id)
            names = [entry.name, changes[entry.address].name, *([remote.name] if remote else [])]
            for name in names:
                marks.setdefault(("name", same_name(name)), entry)
            if remote is not None and remote.content is not None:
                marks.setdefault(("steps", remote.content), entry)
        for other in self.unmanaged:
            of = marks.get(("name", same_name(other.name))) or marks.get(("steps", other.content or ""))
            if of is not None:
                at = of.address, of.blueprint_id
                yield LookAlike(sourcing_id, other.blueprint_id, other.name, other.updated_at, *at)


def _as_left(entry: Entry, remote: Remote) -> bool:
    """Whether it shows what was last seen there, or what was last sent."""
    return remote.digest == entry.baseline or remote.digest == observable(entry.sent).digest


def _nothing_to_send(change: Change, entry: Entry) -> Change:
    if change.after_digest == entry.digest:
        action = Action.MOVE if change.moved_from else Action.NO_OP
        return replace(change, action=action, before=None, after=None, after_digest=None, reason="")
    return replace(change, reason="Kalent shows it so already; it is only recorded")


def _drift(
    entry: Entry,
    kind: Literal["changed", "gone", "unreadable"],
    remote: Remote | None = None,
    *,
    reason: str = "",
) -> Drift:
    return Drift(
        entry.address,
        kind,
        entry.name,
        entry.blueprint_id,
        entry.applied_at,
        remote.updated_at if remote else None,
        observable(entry.sent).data,
        remote.shown.data if remote and remote.shown else None,
        reason,
    )
