"""Files against state → what is to be done: pure data. Nothing here can write, and nothing here knows the network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeAlias

from kalentops.canonical import content_digest
from kalentops.checking import Desired
from kalentops.finding import Finding
from kalentops.state import Entry, Intent, State


class Action(StrEnum):
    """What happens to one address."""

    CREATE = "create"
    UPDATE = "update"
    NO_OP = "no-op"
    ORPHAN = "orphan"
    ADOPT = "adopt"
    CONFLICT = "conflict"
    RESUME = "resume"


WRITES: Final = (Action.CREATE, Action.UPDATE, Action.RESUME, Action.ADOPT, Action.CONFLICT)
"""What `apply` answers for. The others need nothing done."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a plan says of one address. `before` is what was sent last, `after` what is wanted: canonical bodies,
    both None for a no-op. `reason` says why, where the action alone does not.
    """

    address: str
    action: Action
    name: str
    blueprint_id: str | None = None
    file: str | None = None
    line: int | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    after_digest: str | None = None
    reason: str = ""

    @property
    def sourcing_id(self) -> str:
        return self.address.partition("/")[0]

    @property
    def key(self) -> str:
        return self.address.partition("/")[2]


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan, and the state that it was made against."""

    lineage: str | None
    serial: int
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...] = field(default=())

    @property
    def summary(self) -> dict[str, int]:
        """How many addresses there are of each action; the keys are those of the JSON form."""
        counts = Counter(change.action for change in self.changes)
        return {action.value.replace("-", "_"): counts[action] for action in _SUMMARY}

    @property
    def to_do(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.action in WRITES)


_SUMMARY: Final = (
    Action.CREATE,
    Action.UPDATE,
    Action.NO_OP,
    Action.ORPHAN,
    Action.ADOPT,
    Action.CONFLICT,
    Action.RESUME,
)


def make_plan(desired: Iterable[Desired], state: State, findings: Iterable[Finding] = ()) -> Plan:
    """What would make the state what the files say.

    Raises StateDamaged where a recorded body that has to be shown does not fit its digest.
    """
    wanted = {each.address: each for each in desired}
    orphans = _unwanted(wanted, state)
    addresses = wanted.keys() | state.entries.keys() | state.intents.keys()
    changes = [_change(address, wanted.get(address), state, orphans) for address in sorted(addresses)]
    return Plan(state.lineage, state.serial, tuple(changes), tuple(findings))


@dataclass(frozen=True, slots=True)
class _Twin:
    """Something of ours that no file wants any more, and that another address would make again."""

    address: str
    blueprint_id: str | None
    digest: str


_Orphans: TypeAlias = Mapping[tuple[str, str], _Twin]


def _unwanted(wanted: Mapping[str, Desired], state: State) -> _Orphans:
    """What is ours and not wanted, by sourcing and name, and by sourcing and content. What a cut-off create may have
    made is as much there as what is recorded.
    """
    found: dict[tuple[str, str], _Twin] = {}
    ours: list[Entry | Intent] = [*state.entries.values(), *state.intents.values()]
    for each in ours:
        if each.address not in wanted:
            twin = _Twin(each.address, each.blueprint_id, each.digest)
            body = each.canonical().body
            for mark in (same_name(str(body["name"])), content_digest(body)):
                if mark is not None:
                    found.setdefault((each.sourcing_id, mark), twin)
    return found


def _twin_of(want: Desired, orphans: _Orphans) -> _Twin | None:
    sourcing_id = want.named.sourcing_id
    by_name = orphans.get((sourcing_id, same_name(want.named.name)))
    if by_name is not None or want.canonical is None or not orphans:
        return by_name
    return orphans.get((sourcing_id, content_digest(want.canonical.body) or ""))


def same_name(name: str) -> str:
    """What two names have in common that people would take for one: case and white space weigh nothing."""
    return " ".join(name.split()).casefold()


def _change(address: str, want: Desired | None, state: State, orphans: _Orphans) -> Change:
    entry, intent = state.entries.get(address), state.intents.get(address)
    if intent is not None:
        reason = (
            f"a run was cut off at its {intent.action} ({intent.at}); what became of it is looked up first"
        )
        return _build(address, Action.RESUME, want, entry, reason, intent.sent)
    if want is None and entry is not None:
        reason = (
            f"not in the files any more; last applied {entry.applied_at}, stays in Kalent until deleted there; "
            f"`kalentops state rm {address}` forgets it"
        )
        return Change(address, Action.ORPHAN, entry.name, entry.blueprint_id, reason=reason)
    if want is None:
        raise AssertionError(f"{address} is neither wanted nor known")
    if entry is None:
        twin = _twin_of(want, orphans)
        if twin is not None:
            return _build(address, Action.CONFLICT, want, None, _twin(want, twin))
        return _build(address, Action.CREATE, want, None)
    if entry.digest == want.digest:
        at = want.named
        return Change(address, Action.NO_OP, at.name, entry.blueprint_id, at.file, at.key_at[0])
    return _build(address, Action.UPDATE, want, entry)


def _twin(want: Desired, twin: _Twin) -> str:
    if twin.blueprint_id is None:
        return (
            f"a run was cut off while it made {twin.address}, which is no longer in the files and looks like this one; "
            "that is settled first: run it again afterwards"
        )
    if twin.digest == want.digest:
        return (
            f"the same blueprint is {twin.blueprint_id}, recorded as {twin.address}, which is no longer in the files; "
            f"if the key was renamed, run `kalentops state rm {twin.address}`: it is then adopted, not made again"
        )
    return (
        f"{twin.blueprint_id}, recorded as {twin.address}, has the same name or the same steps and is no longer in the "
        f"files; bring the old key back, or run `kalentops state rm {twin.address}` and look at both in Kalent"
    )


def _build(
    address: str,
    action: Action,
    want: Desired | None,
    entry: Entry | None,
    reason: str = "",
    intended: Mapping[str, Any] | None = None,
) -> Change:
    before = entry.canonical().body if entry else None
    after = want.canonical.body if want and want.canonical else None
    if want is not None and after is None and entry is not None:
        after = before  # the loader gives no document where the state holds the same one
    name = want.named.name if want else str((intended or {}).get("name", ""))
    return Change(
        address,
        action,
        name,
        blueprint_id=entry.blueprint_id if entry else None,
        file=want.named.file if want else None,
        line=want.named.key_at[0] if want else None,
        before=before,
        after=after,
        after_digest=want.digest if want else None,
        reason=reason,
    )
