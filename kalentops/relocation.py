"""Addresses change and are forgotten: what that means for the state. Pure; the API hears nothing of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from kalentops.rules.engine import Relocation
from kalentops.rules.relocated import final
from kalentops.state import Entry, Intent, State


@dataclass(frozen=True, slots=True)
class Relocated:
    """The state as the files want it called. `moved` has the old address by the new one, `forgotten` what the state
    does not know any more, `left` why an address could not be moved or forgotten.
    """

    state: State
    moved: Mapping[str, str] = field(default_factory=dict)
    forgotten: Mapping[str, Entry] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return bool(self.moved or self.forgotten)


def move(state: State, old: str, new: str) -> State:
    """The state with what it has under `old` under `new`, which must be free."""
    return replace(
        state,
        entries={_at(old, new, at): _renamed(each, old, new) for at, each in state.entries.items()},
        intents={_at(old, new, at): _renamed_intent(each, old, new) for at, each in state.intents.items()},
    )


def forget(state: State, addresses: Iterable[str]) -> State:
    """The state without what it has under these addresses."""
    gone = frozenset(addresses)
    return replace(
        state,
        entries={at: each for at, each in state.entries.items() if at not in gone},
        intents={at: each for at, each in state.intents.items() if at not in gone},
    )


def relocate(state: State, relocations: Iterable[Relocation]) -> Relocated:
    """Do what the files say of keys that have moved or been removed.

    What was done already does nothing: such lines may stay in a file. An outcome that is still open is settled
    under its old address before that is forgotten.
    """
    targets: dict[str, dict[str, str | None]] = {}
    for each in relocations:
        targets.setdefault(each.sourcing_id, {})[each.source] = each.target
    done = Relocated(state)
    for sourcing_id, keys in targets.items():
        for source in keys:
            end = final(source, keys)
            old, new = f"{sourcing_id}/{source}", None if end is None else f"{sourcing_id}/{end}"
            if old in done.state.entries or old in done.state.intents:
                done = _forgotten(done, old) if new is None else _moved(done, old, new)
    return done


def _moved(done: Relocated, old: str, new: str) -> Relocated:
    if new in done.state.entries or new in done.state.intents:
        there = done.state.entries.get(new)
        what = there.blueprint_id if there else "what a cut-off run may have made"
        said = f"said to be {new} now, but that is {what} already"
        return replace(done, left={**done.left, old: said})
    return replace(done, state=move(done.state, old, new), moved={**done.moved, new: old})


def _forgotten(done: Relocated, old: str) -> Relocated:
    if old in done.state.intents:
        said = "said to be removed; what a cut-off run was about to do with it is looked up first"
        return replace(done, left={**done.left, old: said})
    gone = {**done.forgotten, old: done.state.entries[old]}
    return replace(done, state=forget(done.state, [old]), forgotten=gone)


def _at(old: str, new: str, address: str) -> str:
    return new if address == old else address


def _renamed(entry: Entry, old: str, new: str) -> Entry:
    return replace(entry, address=new) if entry.address == old else entry


def _renamed_intent(intent: Intent, old: str, new: str) -> Intent:
    return replace(intent, address=new) if intent.address == old else intent
