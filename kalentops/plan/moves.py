"""What changes in the state alone: addresses that files move or remove, and edits of a branch. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from kalentops.blueprint.body import Address
from kalentops.lint.rule import Relocation, ends
from kalentops.plan.explanation import Code, Explanation, explain
from kalentops.state.model import Entry, State


@dataclass(frozen=True, slots=True)
class Relocated:
    """The state after `moved` and `removed`. `moved` has the old address by the new one, `forgotten` the entries that
    were removed, `left` why an address could not be moved or removed. `gone` are removed addresses that the state
    does not know; `unknown` has, by the new address, the old ones of which the state knows neither.
    """

    state: State
    moved: Mapping[Address, Address] = field(default_factory=dict)
    forgotten: Mapping[str, Entry] = field(default_factory=dict)
    left: Mapping[str, Explanation] = field(default_factory=dict)
    gone: frozenset[Address] = frozenset()
    unknown: Mapping[Address, Address] = field(default_factory=dict)


def rename(state: State, names: Mapping[Address, Address]) -> State:
    """The state with old addresses replaced by new ones, which must be free."""
    if not names:
        return state
    entries = (replace(e, address=names.get(e.address, e.address)) for e in state.entries.values())
    intents = (replace(i, address=names.get(i.address, i.address)) for i in state.intents.values())
    return replace(
        state,
        entries={each.address: each for each in entries},
        intents={each.address: each for each in intents},
    )


def forget(state: State, addresses: Iterable[str]) -> State:
    """The state without these addresses."""
    gone = frozenset(addresses)
    if not gone:
        return state
    return replace(
        state,
        entries={at: each for at, each in state.entries.items() if at not in gone},
        intents={at: each for at, each in state.intents.items() if at not in gone},
    )


def relocate(state: State, relocations: Iterable[Relocation]) -> Relocated:
    """Apply `moved` and `removed` of the files, which are consistent (KAL024).

    Lines that were applied before change nothing, so they may stay in a file. An open outcome is settled under its
    old address before that is removed.
    """
    targets: dict[str, dict[str, str | None]] = {}
    for each in relocations:
        targets.setdefault(each.sourcing_id, {})[each.source] = each.target
    if not targets:
        return Relocated(state)
    moved: dict[Address, Address] = {}
    forgotten: dict[str, Entry] = {}
    left: dict[str, Explanation] = {}
    gone: set[Address] = set()
    unknown: dict[Address, Address] = {}
    held = state.entries.keys() | state.intents.keys()
    for sourcing_id, keys in targets.items():
        found = ends(keys)
        for source in keys:
            old, end = Address(sourcing_id, source), found[source]
            if old not in held:
                if end is None:
                    gone.add(old)
                else:
                    unknown[Address(sourcing_id, end)] = old
                continue
            if end is None:
                if old in state.intents:
                    left[old] = explain(Code.REMOVAL_WAITS)
                else:
                    forgotten[old] = state.entries[old]
                continue
            new = Address(sourcing_id, end)
            if new in held or new in moved:
                there = state.entries.get(moved.get(new, new))
                left[old] = explain(
                    Code.MOVE_TARGET_TAKEN, other=new, blueprint_id=there.blueprint_id if there else None
                )
            else:
                moved[new] = old
    known = rename(forget(state, forgotten), {old: new for new, old in moved.items()})
    unknown = {new: old for new, old in unknown.items() if new not in held and new not in moved}
    return Relocated(known, moved, forgotten, left, frozenset(gone), unknown)


def narrowed(state: State, done: Relocated, covers: Callable[[Address], bool]) -> State:
    """The state in which only the selection is moved and removed, by old or new address."""
    moved = {old: new for new, old in done.moved.items() if covers(old) or covers(new)}
    return rename(forget(state, [at.address for at in done.forgotten.values() if covers(at.address)]), moved)


class StateEdit(NamedTuple):
    """An address whose record differs from that of the branch that is merged into. `blueprint_id` is its id now,
    `before_id` the id before.
    """

    address: str
    kind: Literal["added", "other id", "removed", "edited"]
    blueprint_id: str | None
    before_id: str | None


def edits_between(before: State, now: State) -> Iterator[StateEdit]:
    """By address. A blueprint that only has another address is no edit: its id was known."""
    known = before.ids()
    for address in sorted({*before.entries, *before.intents, *now.entries, *now.intents}):
        was, is_now = before.entries.get(address), now.entries.get(address)
        same = was == is_now and before.intents.get(address) == now.intents.get(address)
        moved = was is None and is_now is not None and known.get(is_now.blueprint_id) not in now.entries
        if same or (moved and is_now is not None and is_now.blueprint_id in known):
            continue
        old, new = (each.blueprint_id if each else None for each in (was, is_now))
        if old == new:
            yield StateEdit(address, "edited", new, old)
        else:
            yield StateEdit(
                address, "added" if old is None else "removed" if new is None else "other id", new, old
            )
