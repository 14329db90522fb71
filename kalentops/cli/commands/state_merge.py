"""`kalentops state merge`, which git calls."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from kalentops.state.model import State

_ONCE_MORE: Final = (
    "nothing is lost: make room, then `git checkout --merge kalentops.state.json` merges it again"
)
_FILE: Final = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(
    "merge",
    short_help="Merge three versions of a state, as git's merge driver.",
    epilog="\b\nExample:\n"
    "  echo 'kalentops.state.json merge=kalentops-state' >> .gitattributes\n"
    "  git config merge.kalentops-state.driver \\\n"
    "    'kalentops state merge %O %A %B || { test $? -gt 125 && git merge-file %A %O %B; }'",
)
@click.argument("base", type=_FILE)
@click.argument("ours", type=_FILE)
@click.argument("theirs", type=_FILE)
def merge(base: Path, ours: Path, theirs: Path) -> None:
    """Merge three versions of a state, address by address, into OURS. For git, as a merge driver.

    Exit code 1 means a conflict: OURS then holds both versions between conflict markers, and no command reads it as a
    state.
    """
    from kalentops.errors import StatesDiverge, StoreFailure
    from kalentops.state.codec import dump_state
    from kalentops.state.merge import marked, merge_states, whole
    from kalentops.support import atomic_write
    from kalentops.support.text import visible

    try:
        mine, others, before = ours.read_bytes(), theirs.read_bytes(), base.read_bytes()
        # Before anything else: if this is killed or fails, what is left must not look like a merge.
        _part(ours, whole(mine, others))
        sides = _version(mine, "ours"), _version(others, "theirs")
        merged = merge_states(_ancestor(before), *sides)
        atomic_write.replace(ours, marked(merged, *sides) if merged.conflicts else dump_state(merged.state))
    except OSError as error:
        raise StoreFailure(
            f"the versions of the state can't be read or written: {error}", hint=_ONCE_MORE
        ) from error
    if merged.conflicts:
        said = dict.fromkeys(visible(conflict) for conflict in merged.conflicts.values())
        raise StatesDiverge("\n".join(said), hint=merged.hint)


def _part(ours: Path, data: bytes) -> None:
    """Both sides between markers, in the place of OURS. Where there is no room for them, at least its first bytes give
    way to a marker, which needs none: git takes a file that a driver leaves as it was for the result. Raises OSError.
    """
    from kalentops.state.merge import MARKER
    from kalentops.support import atomic_write

    try:
        atomic_write.replace(ours, data)
    except OSError:
        with suppress(OSError), ours.open("r+b") as stream:
            stream.write(MARKER)
        raise


def _version(data: bytes, side: str) -> State:
    from kalentops.errors import StateError
    from kalentops.state.codec import load_state

    try:
        return load_state(data)
    except StateError as error:
        error.add_note(f"it is the version called {side}; both are in the file, between conflict markers")
        raise


def _ancestor(data: bytes) -> State:
    """What both sides began with: nothing where both have begun the file, or where nobody can say any more."""
    from kalentops.errors import StateDamaged
    from kalentops.output.notices import tell
    from kalentops.state.codec import load_state
    from kalentops.state.model import State

    if not data.strip():
        return State()
    try:
        return load_state(data)
    except StateDamaged as error:
        tell([f"the common ancestor is no state ({error}): what one side has taken out comes back"])
        return State()
