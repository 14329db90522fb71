"""Is this the workspace that the state describes? Kalent has to show something of it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from kalentops.blueprint.remote import RemoteLists
from kalentops.errors import StateError
from kalentops.state.model import Entry, State
from kalentops.support.text import some

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
        last[entry.sourcing_id] = max(entry.applied_at, last.get(entry.sourcing_id, ""))
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
    missing = sorted(entry.address for entry in _seen(state) if entry.sourcing_id in of)
    if not missing:
        return
    deleted = (
        "they were all deleted in Kalent, `kalentops state rm ADDRESS` forgets them"
        if len(missing) > 1
        else f"it was deleted in Kalent, `kalentops state rm {missing[0]}` forgets it; the next apply creates it again"
    )
    raise StateError(
        f"Kalent knows nothing of what the state says is there ({some(missing, _SHOWN)}); nothing was written",
        hint="use the key of the workspace that the state belongs to, or pass --state with another file; "
        f"if {deleted}",
    )


def _seen(state: State) -> Iterator[Entry]:
    return (entry for entry in state.entries.values() if entry.remote_digest is not None)
