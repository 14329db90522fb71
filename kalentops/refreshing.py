"""A plan, held against what Kalent shows: what somebody else has changed, and what looks like ours. Pure.

It foretells what `apply` finds when it looks for itself, and in the same order; nothing is done on its strength.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

from kalentops.canonical import hidden, observable
from kalentops.lookalikes import beside, look_alikes, same_name, why_not_made
from kalentops.plan import WRITES, Action, Change, Drift, LookAlike, Plan, Remotely, fingerprint
from kalentops.remote import Observed, Remote
from kalentops.state import Entry, State


def refresh(plan: Plan, known: State, observed: Observed, overwrite: Collection[str] = ()) -> Plan:
    """The plan with what the lists say. `known` is the state as the plan has it, with moved addresses moved."""
    ours = known.ids()
    changes: list[Change] = []
    drift: list[Drift] = []
    look_alike: list[LookAlike] = []
    unmanaged: dict[str, int] = {}
    of_sourcing: dict[str, list[Change]] = {}
    for change in plan.changes:
        of_sourcing.setdefault(change.sourcing_id, []).append(change)
    all_entries: dict[str, list[Entry]] = {}
    for entry in known.entries.values():
        all_entries.setdefault(entry.sourcing_id, []).append(entry)
    for sourcing_id, before in of_sourcing.items():
        why = observed.refused.get(sourcing_id)
        remotes = observed.lists.get(sourcing_id)
        entries = all_entries.get(sourcing_id, [])
        if remotes is None:
            changes += [_refused(each, why) if why else each for each in before]
            drift += [_drift(entry, "unreadable", reason=why) for entry in entries if why]
            continue
        look = _Look(known, {each.blueprint_id: each for each in remotes}, overwrite)
        look.foreign = [each for each in remotes if each.blueprint_id not in ours]
        after = {each.address: each for each in look.all(before)}
        changes += after.values()
        drift += look.drift(entries, after)
        look_alike += _look_alikes(sourcing_id, look, entries, after.values())
        if look.foreign:
            unmanaged[sourcing_id] = len(look.foreign)
    remotely = Remotely(tuple(drift), tuple(look_alike), unmanaged, _fingerprint(observed))
    return replace(plan, changes=tuple(sorted(changes, key=lambda each: each.address)), remotely=remotely)


def _fingerprint(observed: Observed) -> str:
    seen = [
        f"{sid} {r.blueprint_id} {r.digest} {r.name}" for sid, all_ in observed.lists.items() for r in all_
    ]
    return fingerprint([*seen, *(f"{sid} refused" for sid in observed.refused)])


def _refused(change: Change, why: str) -> Change:
    return replace(change, action=Action.CONFLICT, reason=why) if change.action in WRITES else change


@dataclass(slots=True)
class _Look:
    """One sourcing: what its list shows by id, and what of it is not ours and not taken over."""

    known: State
    by_id: dict[str, Remote]
    overwrite: Collection[str]
    foreign: list[Remote] = field(default_factory=list)

    def all(self, changes: Iterable[Change]) -> Iterator[Change]:
        """The changes as `apply` would find them: what is there already goes first, so that it is no look-alike."""
        makes = [each for each in changes if each.action is Action.CREATE]
        yield from (self._known(each) for each in changes if each.action is not Action.CREATE)
        later = []
        for change in makes:
            taken = self._create(change)
            if taken.action is Action.ADOPT:
                self.foreign = [each for each in self.foreign if each.blueprint_id != taken.blueprint_id]
                yield taken
            else:
                later.append(change)
        yield from (self._create(change) for change in later)

    def _create(self, change: Change) -> Change:
        body = change.after or {}
        alike = look_alikes(self.foreign, body)
        if alike.unclear:
            theirs = (alike.exact or alike.others)[0].shown if len(alike.exact or alike.others) == 1 else None
            reason = why_not_made(alike, change.name, change.address)
            return replace(
                change, action=Action.CONFLICT, reason=reason, theirs=theirs.body if theirs else None
            )
        remote = alike.adoptable
        if remote is None:
            return change
        said = [beside(alike), "an update that sets what Kalent hides follows" if hidden(body) else ""]
        reason = "; ".join(filter(None, ["it is there already, just so, and is taken over", *said]))
        return replace(change, action=Action.ADOPT, blueprint_id=remote.blueprint_id, reason=reason)

    def _known(self, change: Change) -> Change:
        entry = self.known.entries.get(change.address)
        if entry is None or change.action is not Action.UPDATE or change.after is None:
            return change
        remote = self.by_id.get(entry.blueprint_id)
        if remote is None:
            return replace(change, action=Action.CONFLICT, reason=_gone(entry))
        wanted = observable(change.after).digest
        if remote.digest == wanted and hidden(change.after) == hidden(entry.sent):
            return _nothing_to_send(change, entry)
        return change if remote.digest in {entry.baseline, wanted} else self._edited(change, remote)

    def _edited(self, change: Change, remote: Remote) -> Change:
        theirs = remote.shown.body if remote.shown else None
        if change.address in self.overwrite:
            said = "what somebody changed there is replaced (--overwrite)"
            return replace(change, theirs=theirs, reason=said)
        return replace(change, action=Action.CONFLICT, theirs=theirs, reason=_both(change, remote))

    def drift(self, entries: Iterable[Entry], changes: dict[str, Change]) -> Iterator[Drift]:
        """What somebody else did to ours. What they made just as the files want it is none."""
        for entry in entries:
            remote, intent = self.by_id.get(entry.blueprint_id), self.known.intents.get(entry.address)
            if remote is None:
                yield _drift(entry, "gone", reason=_gone(entry))
            elif remote.shown is None:
                yield _drift(entry, "unreadable", remote, reason="Kalent does not show its steps")
            else:
                fine = {entry.baseline, observable(intent.sent).digest if intent else None}
                change = changes.get(entry.address)
                if change is not None and change.after is not None:
                    fine.add(observable(change.after).digest)
                if remote.digest not in fine:
                    yield _drift(entry, "changed", remote)


def _nothing_to_send(change: Change, entry: Entry) -> Change:
    if change.after_digest == entry.digest and not change.moved_from:
        return replace(change, action=Action.NO_OP, before=None, after=None, after_digest=None, reason="")
    return replace(change, reason="Kalent shows it so already; it is only recorded")


def _drift(entry: Entry, kind: str, remote: Remote | None = None, *, reason: str | None = "") -> Drift:
    return Drift(
        entry.address,
        kind,
        entry.name,
        entry.blueprint_id,
        entry.applied_at,
        remote.updated_at if remote else None,
        observable(entry.sent).body,
        remote.shown.body if remote and remote.shown else None,
        reason or "",
    )


def _gone(entry: Entry) -> str:
    return (
        f"{entry.blueprint_id} is not in {entry.sourcing_id} any more; if it was deleted there, "
        f"`kalentops state rm {entry.address}` forgets it, and the next apply makes it anew if the files want it"
    )


def _both(change: Change, remote: Remote) -> str:
    when = f" ({remote.updated_at})" if remote.updated_at else ""
    return (
        f"somebody changed it in Kalent, too{when}; `kalentops import {change.sourcing_id} --update` takes that into "
        f"the file, `kalentops apply --overwrite {change.address}` puts the file's version in its place"
    )


def _look_alikes(
    sourcing_id: str, look: _Look, entries: Iterable[Entry], changes: Iterable[Change]
) -> Iterator[LookAlike]:
    marks: dict[str, tuple[str, str | None]] = {}
    for entry in entries:
        remote = look.by_id.get(entry.blueprint_id)
        for mark in (same_name(entry.name), remote and same_name(remote.name), remote and remote.content):
            if mark:
                marks.setdefault(mark, (entry.address, entry.blueprint_id))
    for change in changes:
        if change.after is not None:
            marks.setdefault(same_name(change.name), (change.address, change.blueprint_id))
    for remote in look.foreign:
        found = marks.get(same_name(remote.name)) or marks.get(remote.content or "")
        if found is not None:
            yield LookAlike(sourcing_id, remote.blueprint_id, remote.name, remote.updated_at, *found)
