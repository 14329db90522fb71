"""Three versions of a state become one, address by address, when git merges two branches that have applied. Pure.

What only one side has changed since BASE is taken from it; so an entry of BASE that is missing on one side was removed
or settled there. What both have changed is decided only if it is known which is right: a wrong
guess creates a blueprint twice, or loses an id. Everything else is a conflict, for a person: the file then holds both
sides between git's conflict markers, and no command reads it as a state.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any, Final, NamedTuple

from kalentops.state.codec import dump_state, entry_to_json, intent_to_json
from kalentops.state.content import Content
from kalentops.state.model import Entry, Intent, State, moment
from kalentops.support.text import clip

EVERYTHING: Final = ""
_TAKE_ONE: Final = (
    "keep one side, as in `git checkout --theirs kalentops.state.json`: the next apply adopts what the other has "
    "recorded, if it was not edited in Kalent"
)


class Merged(NamedTuple):
    """`state` is the result without the addresses in conflict; `conflicts` says by address what can't be decided.

    The address `""` stands for the state as a whole: then nothing was merged.
    """

    state: State
    conflicts: Mapping[str, str]
    hint: str = "look at both in Kalent's web app and keep one of each between the markers in the file"


class _Slot(NamedTuple):
    """The records of one address."""

    entry: Entry | None = None
    intent: Intent | None = None


class _Undecidable(Exception):
    """A person has to decide; the text is why."""


def merge_states(base: State, ours: State, theirs: State) -> Merged:
    """The same result whichever side is called ours. `base` may be empty: both sides created the file."""
    conflict = _unrelated(ours, theirs)
    if conflict:
        return Merged(ours, {EVERYTHING: conflict}, _TAKE_ONE)
    if base.lineage != ours.lineage:
        base = State()  # another state: nothing is known of what was taken out
    found: dict[str, _Slot] = {}
    conflicts: dict[str, str] = {}
    for address in sorted(_addresses(base, ours, theirs)):
        try:
            found[address] = _merge_slots(*(_slot(each, address) for each in (base, ours, theirs)))
        except _Undecidable as error:
            conflicts[address] = f"{address}: {error}"
    conflicts |= _shared(found)
    try:
        moved_to = _moved_to(base.moved_to, ours.moved_to, theirs.moved_to)
        extra = _fields(base.extra, ours.extra, theirs.extra)
    except _Undecidable as error:
        return Merged(ours, {EVERYTHING: str(error)})
    last = max((ours, theirs), key=lambda state: (state.serial, state.last_run or ""))
    kept = {address: slot for address, slot in found.items() if address not in conflicts}
    state = replace(
        last,
        serial=last.serial + 1,
        tenant=ours.tenant or theirs.tenant,
        entries={address: slot.entry for address, slot in kept.items() if slot.entry},
        intents={address: slot.intent for address, slot in kept.items() if slot.intent},
        extra=extra,
        moved_to=moved_to,
    )
    return Merged(state, dict(sorted(conflicts.items())))


def rebase(base: State, mine: State, theirs: State, run: str) -> tuple[State, frozenset[str]]:
    """`mine`, which the run made from `base`, on top of what others have written since: `theirs`. With the addresses at
    which theirs stays, because they were first.

    What the run has claimed before is its own: if others have taken it out, it comes back, so that no id is lost. If
    others went on with another text and the run has sent its own after all, that stays open for the next run to look.
    """
    changed = {each for each in _addresses(base, mine) if _slot(mine, each) != _slot(base, each)}
    changed |= {each for each, intent in base.intents.items() if intent.run == run}
    lost = {
        each
        for each in changed
        if not _is_free(*(_slot(state, each) for state in (base, mine, theirs)), run=run)
    }
    ids = {each: _ids(base, mine, address=each) for each in changed}
    elsewhere = {each.blueprint_id for at, each in theirs.entries.items() if at not in changed}
    while True:
        # A blueprint that moves between addresses moves as a whole, or stays where it is.
        stay = elsewhere.union(*(ids[each] | _ids(theirs, address=each) for each in lost))
        more = {each for each in changed - lost if ids[each] & stay}
        if not more:
            break
        lost |= more
    kept = changed - lost
    entries = {at: each for at, each in theirs.entries.items() if at not in kept}
    intents = {at: each for at, each in theirs.intents.items() if at not in kept}
    entries |= {at: each for at, each in mine.entries.items() if at in kept}
    intents |= {at: each for at, each in mine.intents.items() if at in kept}
    for each in lost:
        sent = base.intents.get(each)
        if (
            sent is not None
            and sent.run == run
            and _is_sent_over(sent, *(_slot(of, each) for of in (mine, theirs)))
        ):
            intents[each] = replace(sent, run=None, host=None)
    tenant = theirs.tenant or mine.tenant
    return replace(theirs, tenant=tenant, entries=entries, intents=intents), frozenset(lost)


def _is_free(base: _Slot, mine: _Slot, theirs: _Slot, *, run: str) -> bool:
    """Whether a run may write its own version of an address."""
    if theirs in (base, mine):
        return True
    claimed = base.intent is not None and base.intent.run == run
    return claimed and theirs == _Slot()


def _is_sent_over(sent: Intent, mine: _Slot, theirs: _Slot) -> bool:
    """Whether `mine` says that the text has arrived, and `theirs` that another one did."""
    if mine.entry is None or theirs.entry is None or mine.intent is not None or theirs.intent is not None:
        return False
    same = mine.entry.blueprint_id == theirs.entry.blueprint_id
    return same and mine.entry.digest == sent.digest != theirs.entry.digest


def _ids(*states: State, address: str) -> set[str]:
    return {state.entries[address].blueprint_id for state in states if address in state.entries}


def _unrelated(ours: State, theirs: State) -> str | None:
    """Why the two states can't be merged."""
    if ours.lineage != theirs.lineage:
        return "these are two separate states, each created by its own first apply"
    if ours.tenant and theirs.tenant and ours.tenant != theirs.tenant:
        return "the two sides belong to different APIs: an id of one means nothing in the other"
    if ours.environment != theirs.environment:
        return "the two sides belong to different environments: an id of one means nothing in the other"
    return None


def _moved_to(base: str | None, ours: str | None, theirs: str | None) -> str | None:
    """Raises _Undecidable."""
    if theirs in (ours, base):
        return ours
    if ours != base:
        raise _Undecidable(
            f"one side has moved the state to {clip(str(ours), 200)}, the other to {clip(str(theirs), 200)}"
        )
    return theirs


def _addresses(*states: State) -> set[str]:
    return {address for state in states for address in (*state.entries, *state.intents)}


def _slot(state: State, address: str) -> _Slot:
    return _Slot(state.entries.get(address), state.intents.get(address))


def _merge_slots(base: _Slot, ours: _Slot, theirs: _Slot) -> _Slot:
    """Raises _Undecidable."""
    if theirs in (ours, base):
        return ours
    if ours == base:
        return theirs
    if ours == _Slot():  # taken out on one side and changed on the other
        return theirs
    if theirs == _Slot():
        return ours
    entry = _entry(base.entry, ours.entry, theirs.entry)
    intents = _intents(base.intent, ours.intent, theirs.intent)
    if entry is not None:
        creates = [each for each in intents if each.action == "create"]
        if not all(each.only_reserves for each in creates):
            raise _Undecidable(
                f"one side has {entry.blueprint_id}; on the other, a run was interrupted while it created the "
                "blueprint: there may be two"
            )
        intents = [each for each in intents if each not in creates]
    return _Slot(entry, _one(base.intent, intents))


def _entry(base: Entry | None, ours: Entry | None, theirs: Entry | None) -> Entry | None:
    if ours is None or theirs is None:  # with an intent in its place
        return ours or theirs
    if theirs in (ours, base):
        return ours
    if ours == base:
        return theirs
    if ours.blueprint_id != theirs.blueprint_id:
        one, other = sorted((ours.blueprint_id, theirs.blueprint_id))
        raise _Undecidable(f"one side has {one}, the other {other}")
    if moment(ours.applied_at) == moment(theirs.applied_at) and ours.digest != theirs.digest:
        raise _Undecidable(
            f"both sides have changed {ours.blueprint_id} at {ours.applied_at}, to different texts"
        )
    later = max((ours, theirs), key=_age)
    extra = _fields(base.extra if base else {}, ours.extra, theirs.extra, prefer=later.extra)
    return replace(later, extra=extra)


def _age(entry: Entry) -> tuple[datetime, datetime, str]:
    """The order of two versions of an entry: when it was applied, what Kalent says, and then anything that decides."""
    return moment(entry.applied_at), moment(entry.updated_at), _json(entry_to_json(entry))


def _json(raw: Mapping[str, Any]) -> str:
    return json.dumps(raw, sort_keys=True)


def _intents(base: Intent | None, ours: Intent | None, theirs: Intent | None) -> list[Intent]:
    """The intents that are still open. An intent that is in BASE and missing on a side was settled there."""
    if theirs in (ours, base):
        return [ours] if ours else []
    if ours == base:
        return [theirs] if theirs else []
    return [each for each in (ours, theirs) if each]


def _one(base: Intent | None, intents: list[Intent]) -> Intent | None:
    if len(intents) <= 1:
        return intents[0] if intents else None
    one, other = sorted(
        intents, key=lambda each: (not each.only_reserves, moment(each.at), _json(intent_to_json(each)))
    )
    same = (one.action, one.digest, one.blueprint_id) == (other.action, other.digest, other.blueprint_id)
    if not same and not one.only_reserves:
        raise _Undecidable("on both sides, a run was interrupted while it sent a text, and the texts differ")
    if not other.only_reserves:  # text may have been sent on that side, and none on the other
        one = replace(one, nonces=())
    return replace(
        other,
        nonces=tuple(sorted({*one.nonces, *other.nonces})),
        extra=_fields(base.extra if base else {}, one.extra, other.extra, prefer=other.extra),
    )


def _shared(found: Mapping[str, _Slot]) -> dict[str, str]:
    """Addresses that would share a blueprint, which one side has moved, and the other has changed or moved."""
    owners: dict[str, list[str]] = {}
    for address, slot in found.items():
        if slot.entry:
            owners.setdefault(slot.entry.blueprint_id, []).append(address)
    return {
        address: f"{blueprint_id} would belong to {' and to '.join(addresses)}"
        for blueprint_id, addresses in owners.items()
        if len(addresses) > 1
        for address in addresses
    }


_ABSENT: Final = object()


def _fields(
    base: Mapping[str, Any],
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any],
    *,
    prefer: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Fields unknown to this version. Raises _Undecidable without `prefer`."""
    found: dict[str, Any] = {}
    for name in {*ours, *theirs}:
        was, one, other = (each.get(name, _ABSENT) for each in (base, ours, theirs))
        if other in (one, was):
            value = one
        elif one == was:
            value = other
        elif prefer is None:
            raise _Undecidable(
                f"both sides have changed the field {name!r}, which is unknown to this version of kalentops"
            )
        else:
            value = prefer.get(name, _ABSENT)
        if value is not _ABSENT:
            found[name] = value
    return found


MARKER: Final = b"<<<<<<<\n"
"""Enough of a marker that no command reads the file as a state."""
_OURS: Final = b"<<<<<<< ours\n"
_BETWEEN: Final = b"=======\n"
_THEIRS: Final = b">>>>>>> theirs\n"
# A field of the state, or an address: where the layout of `dump_state` begins something that can be chosen.
_BEGIN: Final = re.compile(rb' {2,4}["}]')


def unmerged(ours: Content, theirs: Content) -> Iterator[bytes]:
    """Two files of any kind, one after the other, in chunks. Raises StateMoved, StoreFailure."""
    yield _OURS
    yield from _lines(ours)
    yield _BETWEEN
    yield from _lines(theirs)
    yield _THEIRS


def _lines(side: Content) -> Iterator[bytes]:
    yield from side.chunks()
    if side.size and side.read(side.size - 1, 1) != b"\n":
        yield b"\n"


def _choice(ours: bytes, theirs: bytes) -> bytes:
    return b"".join((_OURS, ours, _BETWEEN, theirs, _THEIRS))


def with_conflict_markers(merged: Merged, ours: State, theirs: State) -> bytes:
    """The merged records, and both versions of the others. All versions of one side make a whole state."""
    one, other = (list(_pieces(dump_state(_side(merged, side)))) for side in (ours, theirs))
    text: list[bytes] = []
    for kind, begin, end, at, to in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        pieces = b"".join(one[begin:end])
        text.append(pieces if kind == "equal" else _choice(pieces, b"".join(other[at:to])))
    return b"".join(text)


def _side(merged: Merged, side: State) -> State:
    """The result with this side's version of each conflict."""
    if EVERYTHING in merged.conflicts:
        return side
    entries = {address: side.entries[address] for address in merged.conflicts if address in side.entries}
    intents = {address: side.intents[address] for address in merged.conflicts if address in side.intents}
    state = merged.state
    return replace(state, entries={**state.entries, **entries}, intents={**state.intents, **intents})


def _pieces(data: bytes) -> Iterator[bytes]:
    piece: list[bytes] = []
    for line in data.splitlines(keepends=True):
        if piece and _BEGIN.match(line) and not line.startswith(b"    }"):
            yield b"".join(piece)
            piece = []
        piece.append(line)
    yield b"".join(piece)
