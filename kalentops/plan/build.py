"""Files compared with the state: what to do, as pure data. Nothing here can write or reach the network."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property
from operator import attrgetter
from typing import Final, Literal, NamedTuple

from kalentops.blueprint.body import Address, Body
from kalentops.errors import UsageError
from kalentops.lint.finding import Finding, Origins
from kalentops.lint.rule import Alike, Declared, Relocation
from kalentops.plan.explanation import Code, Explanation, explain, interrupted, orphaned, together
from kalentops.plan.groups import Group, Revision, group_revisions
from kalentops.plan.matching import OrphanIndex, index_orphans
from kalentops.plan.moves import Relocated, StateEdit, relocate
from kalentops.state.model import Entry, State
from kalentops.support.text import clip, nearest, some


class Action(StrEnum):
    """What happens to one address. MOVE and FORGET concern the state alone."""

    CREATE = "create"
    UPDATE = "update"
    NO_OP = "no-op"
    ORPHAN = "orphan"
    ADOPT = "adopt"
    CONFLICT = "conflict"
    RESUME = "resume"
    MOVE = "move"
    FORGET = "forget"


WRITES: Final = frozenset(Action) - {Action.NO_OP, Action.ORPHAN}
"""What `apply` answers for. The others need nothing done."""
ASKS: Final = frozenset({Action.CREATE, Action.UPDATE, Action.ADOPT, Action.RESUME})
"""What `apply` asks Kalent about."""

GROUPED: Final = frozenset({Action.CREATE, Action.UPDATE})
"""What is shown once where several are alike."""


# Never changed. Not frozen: a plan makes thousands of them, and that is faster.
@dataclass(slots=True)
class Change:
    """What a plan says of one address. `before` is what was sent last, `after` what is declared, both None for a
    no-op. `theirs` is what Kalent shows, if that is neither. `moved_from` is its address in the state. `protected`:
    nothing may be sent over what is there. `reason` says why, if the action alone does not. `title` and what follows
    are as in `Declared`.
    """

    address: Address
    action: Action
    name: str
    blueprint_id: str | None = None
    file: str | None = None
    line: int | None = None
    before: Body | None = None
    after: Body | None = None
    reason: Explanation | None = None
    theirs: Body | None = None
    moved_from: Address | None = None
    protected: bool = False
    title: str = ""
    language: str = ""
    template: str = ""
    origins: Origins = field(default_factory=dict)
    overrides: frozenset[tuple[str | None, str]] = frozenset()
    alike: Alike | None = None
    recorded: str = ""

    @property
    def after_digest(self) -> str | None:
        return None if self.after is None else self.after.digest

    @property
    def body(self) -> Body:
        """What is declared. Only for a change that writes."""
        if self.after is None:
            raise AssertionError(f"{self.address} is to be written without a body")
        return self.after

    def asked_for(self, covers: Callable[[Address], bool]) -> bool:
        """Whether the selection covers its address, or its address in the state."""
        return covers(self.address) or (self.moved_from is not None and covers(self.moved_from))


class Drift(NamedTuple):
    """The drift of a declared blueprint since it was last seen: `kind` is `unreadable` if Kalent does not show it, or
    not completely. `before` is what was sent, `after` what Kalent shows, both as a list shows them;
    `applied_at` and `updated_at` are the times of the two.
    """

    address: Address
    kind: Literal["changed", "gone", "unreadable"]
    name: str
    blueprint_id: str
    applied_at: str
    updated_at: str | None = None
    before: Body | None = None
    after: Body | None = None
    reason: Explanation | None = None


class LookAlike(NamedTuple):
    """An unmanaged blueprint that looks like a managed one: `of` is the address of that one, `of_id` its id."""

    sourcing_id: str
    blueprint_id: str
    name: str
    updated_at: str | None
    of: str
    of_id: str


class Leftover(NamedTuple):
    """A stub that no address has claimed and nothing in the plan uses."""

    sourcing_id: str
    blueprint_id: str
    name: str


@dataclass(frozen=True, slots=True)
class RefreshReport:
    """What the lists add to a plan. `leftovers` are stubs that no address has claimed; `unmanaged` counts the other
    unmanaged blueprints by sourcing. `fingerprint` tells whether two refreshes saw the same.
    """

    drift: tuple[Drift, ...] = ()
    look_alikes: tuple[LookAlike, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    unmanaged: Mapping[str, int] = field(default_factory=dict)
    fingerprint: str = ""


@dataclass(frozen=True)
class Plan:
    """A plan, and what it was made against: a state, files (`files` is their fingerprint), and lists.

    `refresh_report` is None without --refresh. `left_out` are the addresses with changes outside the selection,
    `state_edits` the records of the state that the branch has changed. `environment` is that of the state.
    """

    lineage: str | None
    serial: int
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...] = field(default=())
    files: str = ""
    refresh_report: RefreshReport | None = None
    left_out: tuple[str, ...] = ()
    state_edits: tuple[StateEdit, ...] = ()
    made_by: str = ""
    """The version of kalentops that saved it; empty for this one."""
    relocated: Relocated = field(default=Relocated(State()), compare=False, repr=False)
    """The state as the files want it called; a plan from a file has none."""
    saved_groups: tuple[Group, ...] | None = field(default=None, compare=False)
    """The `groups` of a plan from a file, which lacks what they are made of."""
    environment: str | None = None

    @cached_property
    def summary(self) -> Mapping[str, int]:
        """The number of addresses by action; the keys are those of the JSON form."""
        counts = Counter(change.action for change in self.changes)
        return {action.value.replace("-", "_"): counts[action] for action in Action}

    @cached_property
    def to_do(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.action in WRITES)

    @property
    def drift(self) -> tuple[Drift, ...]:
        return self.refresh_report.drift if self.refresh_report else ()

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The updates and the creates that are alike, and updates that an override of another blueprint hides. What
        needs to be read alone is in no group: what has a reason or has moved.
        """
        if self.saved_groups is not None:
            return self.saved_groups
        grouped = [each for each in self.changes if each.action in GROUPED and not _is_alone(each)]
        revisions = [_revision(each, each.before, each.after) for each in grouped if each.after is not None]
        # Copies that did not change, and overrides, are of interest to those that did.
        if any(each.before is not None for each in revisions):
            entries = self.relocated.state.entries
            same = (each for each in self.changes if each.action is Action.NO_OP and each.address in entries)
            revisions += [
                _revision(each, sent, sent) for each in same for sent in [entries[each.address].sent]
            ]
        found = group_revisions(revisions)
        return tuple(each for each in found if len(each.addresses) > 1 or each.own_text)


def make_plan(
    declared: Iterable[Declared],
    state: State,
    findings: Iterable[Finding] = (),
    *,
    relocations: Iterable[Relocation] = (),
    overwrite: Collection[str] = (),
    covers: Callable[[Address], bool] = lambda _: True,
) -> Plan:
    """What would make the state as declared.

    `overwrite` are the addresses to update despite a remote edit. What `covers` leaves out may be incomplete; the
    caller narrows the plan. Raises StateDamaged if a recorded body that has to
    be shown does not fit its digest.
    """
    relocations = tuple(relocations)
    relocated = relocate(state, relocations)
    known = relocated.state
    wanted: dict[str, Declared] = {each.address: each for each in declared}
    incomplete = next((each for each in wanted.values() if each.placeholders and covers(each.address)), None)
    if incomplete is not None:  # a finding is to stop it earlier: no candidate gets half of a text
        raise AssertionError(f"{incomplete.address} was not read as a whole")
    recorded: dict[str, Entry] = {
        address: entry
        for address, want in wanted.items()
        if (entry := known.entries.get(address)) is not None and entry.digest == want.digest
    }
    orphans = index_orphans(wanted, known, relocated.unknown, recorded)
    # Most blueprints are as recorded, and nothing else is to be said of them.
    open_ = {*known.intents, *relocated.moved, *relocated.left, *overwrite}
    changes = [
        _no_op(want, recorded[address])
        if address in recorded and address not in open_
        else _change(want.address, want, relocated, orphans, forced=address in overwrite)
        for address, want in wanted.items()
    ]
    others = {
        each.address for part in (known.entries, known.intents) for each in part.values()
    } - wanted.keys()
    changes += [_change(each, None, relocated, orphans, forced=each in overwrite) for each in others]
    changes += [_forgotten(entry) for entry in relocated.forgotten.values()]
    changes.sort(key=attrgetter("address"))
    files = fingerprint(
        [
            *(" ".join((each.address, each.digest, str(each.protect))) for each in wanted.values()),
            *map(_said, relocations),
        ]
    )
    return Plan(
        state.lineage,
        state.serial,
        tuple(changes),
        tuple(findings),
        files,
        relocated=relocated,
        environment=state.environment,
    )


def _recorded(state: State, address: Address) -> str:
    """A fingerprint of what the state records for an address."""
    entry, intent = state.entries.get(address), state.intents.get(address)
    said = [f"entry {entry.blueprint_id} {entry.digest} {entry.baseline}"] if entry else []
    if intent:
        said.append(f"intent {intent.action} {intent.blueprint_id} {intent.digest} {' '.join(intent.nonces)}")
    return fingerprint(said) if said else ""


def _revision(of: Change, before: Body | None, after: Body) -> Revision:
    return Revision(
        of.address,
        before,
        after,
        of.file or "",
        of.template,
        of.language,
        of.origins,
        of.overrides,
        of.alike,
    )


def _is_alone(of: Change) -> bool:
    return of.reason is not None or of.theirs is not None or of.moved_from is not None


def narrowed(plan: Plan, covers: Callable[[Address], bool]) -> Plan:
    """The plan of the selection, and the addresses with changes outside it."""
    kept = tuple(each for each in plan.changes if each.asked_for(covers))
    names = {each.address for each in kept}
    sourcings = {each.address.sourcing_id for each in kept}
    refresh_report = plan.refresh_report
    if refresh_report is not None:
        refresh_report = replace(
            refresh_report,
            drift=tuple(each for each in refresh_report.drift if each.address in names),
            look_alikes=tuple(each for each in refresh_report.look_alikes if each.of in names),
            leftovers=tuple(each for each in refresh_report.leftovers if each.sourcing_id in sourcings),
        )
    left = tuple(each.address for each in plan.to_do if each.address not in names)
    return replace(plan, changes=kept, refresh_report=refresh_report, left_out=left)


def fingerprint(of: Iterable[str]) -> str:
    """A digest of some lines in any order."""
    return "sha256:" + hashlib.sha256("\n".join(sorted(of)).encode(errors="surrogatepass")).hexdigest()


def _said(relocation: Relocation) -> str:
    return f"{relocation.sourcing_id}/{relocation.source} became {relocation.target}"


def _forgotten(entry: Entry) -> Change:
    reason = explain(Code.FORGOTTEN)
    return Change(entry.address, Action.FORGET, entry.name, entry.blueprint_id, reason=reason)


def _no_op(want: Declared, entry: Entry) -> Change:
    return Change(
        want.address,
        Action.NO_OP,
        want.name,
        entry.blueprint_id,
        want.origin.file,
        want.origin.line,
        protected=want.protect,
        title=want.title,
        language=want.language,
        template=want.template,
        origins=want.origins,
        overrides=want.overrides,
    )


def _change(
    address: Address, want: Declared | None, relocated: Relocated, orphans: OrphanIndex, *, forced: bool
) -> Change:
    change = _unmoved(address, want, relocated.state, orphans)
    entry = relocated.state.entries.get(address)
    if want is not None and entry is not None and forced and change.action is Action.NO_OP:
        change = _build(address, Action.UPDATE, want, entry, explain(Code.FORCED))
    if want is not None and want.protect and not forced:
        change = replace(change, protected=True)
        if change.action is Action.UPDATE:
            change = replace(change, action=Action.CONFLICT, reason=explain(Code.PROTECTED, address=address))
    another = orphans.name_given_away(address)
    if another is not None and not forced and change.action is Action.UPDATE:
        change = replace(change, action=Action.CONFLICT, reason=another)
    old = relocated.moved.get(address)
    if old is not None:
        action = Action.MOVE if change.action is Action.NO_OP else change.action
        change = replace(change, action=action, moved_from=old)
    left = relocated.left.get(address)
    if left:
        change = replace(change, reason=together(left, change.reason))
    recorded = "" if change.action is Action.NO_OP else _recorded(relocated.state, address)
    return replace(change, recorded=recorded) if recorded else change


def _unmoved(address: Address, want: Declared | None, state: State, orphans: OrphanIndex) -> Change:
    entry, intent = state.entries.get(address), state.intents.get(address)
    if intent is not None and (want is None or not intent.only_reserves):
        return _build(address, Action.RESUME, want, entry, interrupted(intent, entry), intent.sent)
    if want is None and entry is not None:
        reason = orphaned(entry, orphans.claimed.get(address))
        return Change(address, Action.ORPHAN, entry.name, entry.blueprint_id, reason=reason)
    if want is None:
        raise AssertionError(f"{address} is neither wanted nor known")
    if entry is None:
        orphan = orphans.of(want)
        action = Action.CREATE if orphan is None else Action.CONFLICT
        earlier = explain(Code.INTERRUPTED_RESERVATION) if intent else None
        return _build(address, action, want, None, orphan or together(earlier, orphans.elsewhere(want)))
    if entry.digest == want.digest:
        return _no_op(want, entry)
    if entry.mark is not None:
        reserved = explain(Code.RESERVED, blueprint_id=entry.blueprint_id)
        return _build(address, Action.CREATE, want, entry, reserved)
    return _build(address, Action.UPDATE, want, entry)


def _build(
    address: Address,
    action: Action,
    want: Declared | None,
    entry: Entry | None,
    reason: Explanation | None = None,
    intended: Body | None = None,
) -> Change:
    before = entry.verified() if entry else None
    after = want.body if want else None
    if want is not None and after is None and entry is not None:
        after = before  # the loader gives no document where the state holds the same one
    if entry is not None and entry.mark is not None:
        before = None  # to a reader it is new: a stub is not shown
    blueprint_id = entry.blueprint_id if entry else None
    if want is None:
        name = intended.name if intended else ""
        return Change(address, action, name, blueprint_id, before=before, after=after, reason=reason)
    return Change(
        address,
        action,
        want.name,
        blueprint_id,
        want.origin.file,
        want.origin.line,
        before,
        after,
        reason,
        title=want.title,
        language=want.language,
        template=want.template,
        origins=want.origins,
        overrides=want.overrides,
        alike=want.alike,
    )


_MOST_NAMED: Final = 3
_WILD: Final = re.compile(r"[*?\[\]!]")


class Scope(NamedTuple):
    """The addresses that fit at least one pattern; without a pattern, all of them.

    In a pattern, `*` stands for any characters, `?` for one and `[…]` for one of those; case counts. `sourcings` are
    matched against the id of the sourcing, `targets` against the address, or, without a `/`, against the key.
    `addresses`, if given, limits them further.
    """

    sourcings: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    addresses: frozenset[str] | None = None

    @property
    def everything(self) -> bool:
        return self._unlimited and self.addresses is None

    @property
    def _unlimited(self) -> bool:
        return not self.sourcings and not self.targets

    def covers(self, address: Address) -> bool:
        """Whether an address is selected."""
        if self.addresses is not None and address not in self.addresses:
            return False
        return (
            self._unlimited
            or any(fnmatchcase(address.sourcing_id, pattern) for pattern in self.sourcings)
            or any(
                fnmatchcase(address if "/" in pattern else address.key, pattern) for pattern in self.targets
            )
        )

    def check(self, addresses: Iterable[Address]) -> None:
        """Raises UsageError for a pattern that fits none of the addresses, with the nearest name."""
        if self._unlimited:
            return
        known = sorted(set(addresses))
        for option, patterns in (("--sourcing", self.sourcings), ("--target", self.targets)):
            for pattern in patterns:
                if not _fits(option, pattern, known):
                    what = "sourcing" if option == "--sourcing" else "blueprint"
                    hint = _meant(option, pattern, known)
                    raise UsageError(f"{option} {clip(pattern)} matches no {what}", hint=hint)


def _fits(option: str, pattern: str, known: Iterable[Address]) -> bool:
    alone = Scope(sourcings=(pattern,)) if option == "--sourcing" else Scope(targets=(pattern,))
    return any(alone.covers(address) for address in known)


def _meant(option: str, pattern: str, known: list[Address]) -> str:
    """What to write instead: the other option, the nearest names, or some of all names."""
    if not known:
        return "neither the files nor the state holds a blueprint"
    other = "--target" if option == "--sourcing" else "--sourcing"
    if _fits(other, pattern, known):
        return f"did you mean {other} {clip(pattern)}?"
    names = list(dict.fromkeys(_part(option, pattern, address) for address in known))
    near = _nearest(_WILD.sub("", pattern), names)
    if near:
        return f"did you mean {' or '.join(map(clip, near))}?"
    return f"known: {some(list(map(clip, names)), _MOST_NAMED)}"


def _part(option: str, pattern: str, address: Address) -> str:
    """The part of an address that the pattern is compared with."""
    if option == "--target" and "/" in pattern:
        return address
    return address.sourcing_id if option == "--sourcing" else address.key


def _nearest(word: str, names: list[str]) -> list[str]:
    found: list[str] = []
    while len(found) < _MOST_NAMED:
        one = nearest(word, [name for name in names if name not in found])
        if one is None:
            break
        found.append(one)
    return found
