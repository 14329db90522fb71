"""Why one of ours is left as it is, and what a person can do: in the same words in a plan and in what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kalentops.remote import Remote
from kalentops.state.entries import Entry


def gone(entry: Entry, recorded_as: str | None = None) -> str:
    """Its sourcing does not list it. `recorded_as`: the address that the state has for it, where that is another."""
    return (
        f"{entry.blueprint_id} is not in {entry.sourcing_id} any more; if it was deleted there, "
        f"`kalentops state rm {recorded_as or entry.address}` forgets it, and the next apply makes it anew if the "
        "files want it"
    )


def edited(entry: Entry, remote: Remote) -> str:
    """Kalent shows something else than what was left there, and than what the file wants."""
    put_back = f"`kalentops apply --overwrite {entry.address}` puts the file's version in its place"
    if remote.shown is None:
        return f"{STEPS_NOT_SHOWN}, so it may not be what was recorded; look at it in the web app; {put_back}"
    when = f" ({remote.updated_at})" if remote.updated_at else ""
    return (
        f"somebody changed it in Kalent{when}; `kalentops import {entry.sourcing_id} --update` takes that into the "
        f"file, except where the file has changed the same; {put_back}"
    )


def protected(address: str) -> str:
    """The file wants something else, and keeps it from being sent."""
    return (
        f"`protect: true` keeps it as it is; `kalentops apply --overwrite {address}` updates it all the same"
    )


def import_of(sourcing_ids: Iterable[str]) -> str:
    """The command that takes what is in these sourcings, and not ours, into files."""
    ids = sorted(sourcing_ids)
    return f"kalentops import {' '.join(ids) if len(ids) <= _NAMED else '--all'}"


_NAMED: Final = 3
STEPS_NOT_SHOWN = "Kalent does not show its steps"
