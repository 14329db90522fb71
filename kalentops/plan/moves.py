"""Addresses change and are forgotten: what that means for the state. Pure; the API hears nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from kalentops.lint.engine import Relocation
from kalentops.lint.relocated import ends
from kalentops.state.model import Entry, State


@dataclass(frozen=True, slots=True)
class Relocated:
    """The state as the files want it called. `moved` has the old address by the new one, `forgotten` what the state
    does not know any more, `left` why an address could not be moved or forgotten. `gone` are the addresses that are
    said to be removed, and of which the state knows nothing (any more); `unknown` has, by their new address, those that
    are said to have moved and of which it knows neither the old one nor the new.
    """

    state: State
    moved: Mapping[str, str] = field(default_factory=dict)
    forgotten: Mapping[str, Entry] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    unknown: Mapping[str, str] = field(default_factory=dict)


def rename(state: State, names: Mapping[str, str]) -> State:
    """The state with what it has under each old address under the new one, which must be free."""
    if not names:
        return state
    entries = (replace(each, address=names.get(at, at)) for at, each in state.entries.items())
    intents = (replace(each, address=names.get(at, at)) for at, each in state.intents.items())
    return replace(
        state,
        entries={each.address: each for each in entries},
        intents={each.address: each for each in intents},
    )


def forget(state: State, addresses: Iterable[str]) -> State:
    """The state without what it has under these addresses."""
    gone = frozenset(addresses)
    if not gone:
        return state
    return replace(
        state,
        entries={at: each for at, each in state.entries.items() if at not in gone},
        intents={at: each for at, each in state.intents.items() if at not in gone},
    )


def relocate(state: State, relocations: Iterable[Relocation]) -> Relocated:
    """Do what the files say of keys that have moved or been removed; they hold together (KAL024).

    What was done already does nothing: such lines may stay in a file. An outcome that is still open is settled
    under its old address before that is forgotten.
    """
    targets: dict[str, dict[str, str | None]] = {}
    for each in relocations:
        targets.setdefault(each.sourcing_id, {})[each.source] = each.target
    moved: dict[str, str] = {}
    forgotten: dict[str, Entry] = {}
    left: dict[str, str] = {}
    gone: set[str] = set()
    unknown: dict[str, str] = {}
    held = state.entries.keys() | state.intents.keys()
    for sourcing_id, keys in targets.items():
        found = ends(keys)
        for source in keys:
            old, end = f"{sourcing_id}/{source}", found[source]
            if old not in held:
                if end is None:
                    gone.add(old)
                else:
                    unknown[f"{sourcing_id}/{end}"] = old
                continue
            if end is None:
                if old in state.intents:
                    left[old] = (
                        "said to be removed; what an interrupted run was about to do with it is looked up first"
                    )
                else:
                    forgotten[old] = state.entries[old]
                continue
            new = f"{sourcing_id}/{end}"
            if new in held or new in moved:
                left[old] = f"said to be {new} now, but {_what(state, moved.get(new, new))} is that already"
            else:
                moved[new] = old
    known = rename(forget(state, forgotten), {old: new for new, old in moved.items()})
    unknown = {new: old for new, old in unknown.items() if new not in held and new not in moved}
    return Relocated(known, moved, forgotten, left, frozenset(gone), unknown)


def narrowed(state: State, done: Relocated, covers: Callable[[str], bool]) -> State:
    """The state with only those moved and forgotten that are asked for, by their old address or by their new one."""
    moved = {old: new for new, old in done.moved.items() if covers(old) or covers(new)}
    return rename(forget(state, filter(covers, done.forgotten)), moved)


def _what(state: State, address: str) -> str:
    entry = state.entries.get(address)
    return entry.blueprint_id if entry else "what an interrupted run may have made"
