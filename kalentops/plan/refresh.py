"""A plan, compared with what Kalent shows: what `apply` will do about it, drift, and unmanaged look-alikes; and whether
this is the workspace that the state describes. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from kalentops.blueprint.body import Body
from kalentops.blueprint.remote import Remote, RemoteLists, stubs
from kalentops.errors import StateError
from kalentops.plan.build import (
    ASKS,
    Action,
    Change,
    Drift,
    Leftover,
    LookAlike,
    Plan,
    RefreshReport,
    fingerprint,
)
from kalentops.plan.decide import (
    Adopt,
    Conflict,
    Decision,
    Fill,
    Keep,
    RecordArrived,
    Situation,
    Unlisted,
    Update,
    decide,
    is_as_left,
    turn,
)
from kalentops.plan.explanation import Code, Explanation, also_similar, explain, missing, together
from kalentops.plan.matching import Index, Unmanaged
from kalentops.state.model import Entry, State
from kalentops.support.text import some


def refresh(
    plan: Plan,
    observed: RemoteLists,
    overwrite: Collection[str] = (),
    let_go: Collection[str] = (),
) -> Plan:
    """The plan with what the lists show; sourcings without a list stay as planned.

    `let_go` are the ids of removed keys: they are not offered for import. Raises StateDamaged if a recorded body that
    has to be compared does not fit its digest.
    """
    known = plan.relocated.state
    changes: dict[str, Change] = {each.address: each for each in plan.changes}
    drift: list[Drift] = []
    look_alikes: list[LookAlike] = []
    leftovers: list[Leftover] = []
    unmanaged: dict[str, int] = {}
    entries = defaultdict(list)
    for entry in known.entries.values():
        entries[entry.address.sourcing_id].append(entry)
    for sourcing_id, group in _by_sourcing(plan.changes).items():
        if sourcing_id in observed.lists:
            look = _Sourcing(known, observed.lists[sourcing_id], entries[sourcing_id], overwrite)
            changes |= {each.address: each for each in look.changes(group)}
            drift += look.drift(changes)
            look_alikes += look.look_alikes(sourcing_id, changes)
            left = look.leftovers(changes)
            leftovers += [Leftover(sourcing_id, each.blueprint_id, each.name) for each in left]
            unmanaged[sourcing_id] = sum(
                each.blueprint_id not in let_go and each not in left for each in look.unmanaged
            )
        elif sourcing_id in observed.refused:
            why = explain(Code.SOURCING_UNAVAILABLE, message=observed.refused[sourcing_id])
            changes |= {each.address: _refused(each, why) for each in group}
            wanted = (each for each in entries[sourcing_id] if changes[each.address].file is not None)
            drift += [_drift(each, "unreadable", reason=why) for each in wanted]
    counted = {sourcing_id: number for sourcing_id, number in unmanaged.items() if number}
    seen = RefreshReport(tuple(drift), tuple(look_alikes), tuple(leftovers), counted, _fingerprint(observed))
    ordered = tuple(changes[address] for address in sorted(changes))
    return replace(plan, changes=ordered, refresh_report=seen)


def _by_sourcing(changes: Iterable[Change]) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = {}
    for change in changes:
        found.setdefault(change.address.sourcing_id, []).append(change)
    return found


def _fingerprint(observed: RemoteLists) -> str:
    seen = [
        f"{sid} {r.blueprint_id} {r.digest} {r.name}" for sid, all_ in observed.lists.items() for r in all_
    ]
    return fingerprint([*seen, *(f"{sid} refused" for sid in observed.refused)])


def _refused(change: Change, why: Explanation) -> Change:
    """Without a list, nothing is created or updated; what concerns the state alone is done."""
    if change.action in {Action.CREATE, Action.UPDATE}:
        return replace(change, action=Action.CONFLICT, reason=why)
    return replace(change, reason=together(change.reason, why)) if change.action is Action.RESUME else change


class _Sourcing:
    """One sourcing. `unmanaged` shrinks with each adoption and each stub that is used."""

    def __init__(
        self, known: State, remotes: Iterable[Remote], entries: Collection[Entry], overwrite: Collection[str]
    ) -> None:
        ours = known.ids()
        self._known = known
        self._entries = entries
        self._overwrite = overwrite
        self._by_id = {each.blueprint_id: each for each in remotes}
        self.unmanaged = Unmanaged(each for each in self._by_id.values() if each.blueprint_id not in ours)

    def changes(self, changes: Iterable[Change]) -> Iterator[Change]:
        """The changes with the decision for each, in the order of `apply`."""
        to_decide = [each for each in changes if each.action in {*ASKS, Action.ORPHAN}]
        for change in sorted(to_decide, key=lambda each: turn(each, self.unmanaged)):
            yield self._orphan(change) if change.action is Action.ORPHAN else self._decided(change)

    def _orphan(self, change: Change) -> Change:
        if self._known.entries[change.address].blueprint_id in self._by_id:
            return change
        return replace(change, reason=together(change.reason, explain(Code.NOT_SHOWN)))

    def _decided(self, change: Change) -> Change:
        entry, intent = self._known.entries.get(change.address), self._known.intents.get(change.address)
        if intent is not None:
            intent.verified()
        decision = decide(
            Situation(
                change,
                entry,
                intent,
                self._by_id.get(entry.blueprint_id) if entry else None,
                self.unmanaged,
                overwrite=change.address in self._overwrite,
                recorded_as=change.moved_from,
                lineage=self._known.lineage,
            )
        )
        if isinstance(decision, Adopt | Fill | RecordArrived):
            self.unmanaged.discard(decision.remote.blueprint_id)
        if change.action is Action.RESUME:
            return _resumed(change, decision)
        return _shown(change, entry, decision)

    def drift(self, changes: dict[str, Change]) -> Iterator[Drift]:
        """The drift of declared blueprints. An edit that gives what the files declare is none."""
        for entry in self._entries:
            change, remote = changes[entry.address], self._by_id.get(entry.blueprint_id)
            if change.file is None:
                continue
            entry.verified()
            if remote is None:
                kind: Literal["gone", "unreadable"] = "gone" if entry.remote_digest else "unreadable"
                yield _drift(entry, kind, reason=missing(entry, change.moved_from))
            elif remote.shown is None:
                yield _drift(entry, "unreadable", remote, reason=explain(Code.STEPS_NOT_SHOWN))
            elif entry.not_arrived(remote):
                continue  # it shows what was there before: no edit
            elif not is_as_left(entry, remote) and remote.digest not in self._expected(change):
                yield _drift(entry, "changed", remote)

    def leftovers(self, changes: dict[str, Change]) -> tuple[Remote, ...]:
        """The stubs that nothing here uses or may use."""
        waiting = {
            each.address.key for each in changes.values() if each.action in {Action.CREATE, Action.CONFLICT}
        }
        return tuple(each for mark, each in stubs(self.unmanaged) if mark.key not in waiting)

    def _expected(self, change: Change) -> set[str]:
        """What else may be there without a remote edit."""
        intent = self._known.intents.get(change.address)
        bodies = (change.after, intent.sent if intent else None)
        return {each.observable.digest for each in bodies if each is not None}

    def look_alikes(self, sourcing_id: str, changes: dict[str, Change]) -> Iterator[LookAlike]:
        """Unmanaged blueprints that look like a managed one: by its name as it was, is, or will be, or by its steps."""
        ours: Index[Entry] = Index()
        for entry in self._entries:
            remote = self._by_id.get(entry.blueprint_id)
            for name in (entry.name, changes[entry.address].name):
                ours.add(name, None, entry)
            if remote is not None:
                ours.add(remote.name, remote.steps_digest, entry)
        for other in self.unmanaged:
            of = ours.first(other.name, other.steps_digest)
            if of is not None:
                at = of.address, of.blueprint_id
                yield LookAlike(sourcing_id, other.blueprint_id, other.name, other.updated_at, *at)


def _resumed(change: Change, decision: Decision) -> Change:
    """An interrupted address stays to be resumed; the plan says what is known of it."""
    if not isinstance(decision, RecordArrived):
        return change
    created = change.blueprint_id is None
    made = explain(Code.CREATED_BY_INTERRUPTED_RUN, blueprint_id=decision.remote.blueprint_id)
    return replace(change, reason=together(change.reason, made if created else explain(Code.ARRIVED)))


def _shown(change: Change, entry: Entry | None, decision: Decision) -> Change:
    match decision:
        case Adopt(remote, others, completes):
            protected = explain(Code.PROTECTED, address=change.address)
            follows = protected if change.protected else explain(Code.COMPLETED_LATER)
            reason = together(explain(Code.IDENTICAL), also_similar(others), follows if completes else None)
            change = replace(change, action=Action.ADOPT, blueprint_id=remote.blueprint_id, reason=reason)
        case Fill(remote):
            change = replace(change, reason=explain(Code.STUB_USED, blueprint_id=remote.blueprint_id))
        case Keep():
            change = _nothing_to_send(change, entry)
        case Unlisted(why):
            change = replace(change, reason=why)
        case Conflict(why, in_the_way):
            change = replace(change, action=Action.CONFLICT, reason=why, theirs=_body(in_the_way))
        case Update(remote, replaces=True):
            change = replace(change, theirs=_body(remote), reason=explain(Code.EDIT_REPLACED))
        case Update(late=True):
            change = replace(change, reason=change.reason or explain(Code.NOT_ARRIVED))
    return change


def _body(remote: Remote | None) -> Body | None:
    return remote.shown if remote else None


def _nothing_to_send(change: Change, entry: Entry | None) -> Change:
    if entry is not None and change.after_digest == entry.digest:
        action = Action.MOVE if change.moved_from else Action.NO_OP
        return replace(change, action=action, before=None, after=None, reason=None)
    return replace(change, reason=explain(Code.AS_DECLARED))


def _drift(
    entry: Entry,
    kind: Literal["changed", "gone", "unreadable"],
    remote: Remote | None = None,
    *,
    reason: Explanation | None = None,
) -> Drift:
    return Drift(
        entry.address,
        kind,
        entry.name,
        entry.blueprint_id,
        entry.applied_at,
        remote.updated_at if remote else None,
        entry.verified().observable,
        _body(remote),
        reason,
    )


_SHOWN: Final = 3


@dataclass(slots=True)
class Looked:
    """`ids` are the blueprints that the lists show, `listed` the sourcings with a list, `refused` those that do not
    exist or that this key may not see.
    """

    ids: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)


def looked_at(observed: RemoteLists) -> Looked:
    """The same, from lists that were read for another purpose."""
    ids = {remote.blueprint_id for remotes in observed.lists.values() for remote in remotes}
    return Looked(ids, set(observed.lists), set(observed.refused))


def witnesses(state: State) -> list[str]:
    """The sourcings with an entry that was seen there, the last applied first."""
    last: dict[str, str] = {}
    for entry in _seen(state):
        last[entry.address.sourcing_id] = max(entry.applied_at, last.get(entry.address.sourcing_id, ""))
    return sorted(last, key=lambda each: (last[each], each), reverse=True)


def is_known(state: State, ids: Collection[str]) -> bool:
    """Whether one of the ids was seen before; also if none ever was."""
    seen = {entry.blueprint_id for entry in _seen(state)}
    return not seen or not seen.isdisjoint(ids)


def check_workspace(state: State, looked: Looked) -> None:
    """Raises StateError if Kalent shows nothing that the state has seen.

    Sourcings without a list say nothing. If all of them were deleted, it looks the same, and a person has to say so.
    """
    if is_known(state, looked.ids):
        return
    of = looked.listed | looked.refused
    missing = sorted(entry.address for entry in _seen(state) if entry.address.sourcing_id in of)
    if not missing:
        return
    owner = "the workspace that the state belongs to"
    if state.environment is not None:
        owner = f"the environment {state.environment}, whose state this is"
    raise StateError(
        f"Kalent knows nothing of what the state says is there ({some(missing, _SHOWN)}); nothing was written",
        hint=f"use the key of {owner}, or pass --state with another file; "
        + (
            "if they were all deleted in Kalent, `kalentops state rm ADDRESS` forgets them"
            if len(missing) > 1
            else f"if it was deleted in Kalent, `kalentops state rm {missing[0]}` forgets it; "
            "the next apply creates it again"
        ),
    )


def check_listed(state: State, refused: Mapping[str, str]) -> None:
    """Raises StateError for a new state of an environment, which knows no blueprint that could show whose the key is,
    if the key does not show all sourcings of the plan. `refused` are those, with the reasons.
    """
    if state.environment is None or state.entries or not refused:
        return
    name, first = state.environment, min(refused)
    raise StateError(
        f"the state of the environment {name} is new, and its key does not show {some(sorted(refused), _SHOWN)} "
        f"({refused[first]}); nothing was written",
        hint=f"check that the key is that of {name}; `kalentops sourcings --all -e {name}` lists what it shows",
    )


def _seen(state: State) -> Iterator[Entry]:
    return (entry for entry in state.entries.values() if entry.remote_digest is not None)
