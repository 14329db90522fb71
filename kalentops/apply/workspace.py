"""Is this the workspace that the state speaks of? Before anything is written, something of ours has to be there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from kalentops.apply.base import Run, View
from kalentops.apply.sourcing import Sourcing, look
from kalentops.errors import RefusedByApi, StateError
from kalentops.state import Entry, State

_WITNESSES: Final = 3


def check_workspace(run: Run, sourcings: Sequence[Sourcing], state: State) -> None:
    """Raises StateError where nothing is there of what the state says and was seen there before.

    Where the sourcings of the plan hold nothing of it, a few others are looked at. One blueprint that its sourcing
    does not list any more says nothing: somebody may have deleted it.
    """
    seen = [entry for entry in state.entries.values() if entry.remote_digest is not None]
    if not sourcings or not seen or _found(sourcings, seen):
        return
    looked = list(sourcings)
    known = {each.view.sourcing_id for each in sourcings}
    for sourcing_id in sorted({entry.sourcing_id for entry in seen} - known)[:_WITNESSES]:
        looked.append(look(Sourcing(View(run, sourcing_id), ())))
        if _found(looked[-1:], seen):
            return
    readable = [each for each in looked if each.view.whole or isinstance(each.failed, RefusedByApi)]
    ids = {each.view.sourcing_id for each in readable}
    missing = [entry.address for entry in seen if entry.sourcing_id in ids]
    refused = any(each.failed is not None for each in readable)
    if len(missing) < (1 if refused else 2):
        return
    shown = ", ".join(missing[:_WITNESSES]) + (", …" if len(missing) > _WITNESSES else "")
    raise StateError(
        f"Kalent knows nothing of what the state says is there ({shown}); nothing was written",
        hint="use the key of the workspace that the state belongs to, or pass --state with another file; if they were "
        "all deleted in Kalent, `kalentops state rm ADDRESS` forgets them",
    )


def _found(sourcings: Iterable[Sourcing], seen: Iterable[Entry]) -> bool:
    there = {blueprint_id for each in sourcings for blueprint_id in each.view.ids()}
    return any(entry.blueprint_id in there for entry in seen)
