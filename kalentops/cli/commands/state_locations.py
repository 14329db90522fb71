"""`kalentops state init`, `migrate` and `restore`: where the state is kept."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import click

from kalentops.cli.commands import options
from kalentops.cli.commands.reporting import show_environment
from kalentops.errors import Interrupted, StateDamaged, StateError, UsageError
from kalentops.git.worktree import repository_root
from kalentops.output import text_results
from kalentops.output.explanations import with_environment
from kalentops.output.terminal import notice
from kalentops.project.files import check_begun
from kalentops.state.codec import load_state
from kalentops.state.model import Entry, Intent, State
from kalentops.state.store.location import how_to_name
from kalentops.state.store.migrate import Place, Restoration, StoredState, restoration
from kalentops.state.store.migrate import migrate as migrate_state
from kalentops.support.text import clip, count


@click.command("init", epilog="\b\nExample:\n  kalentops state init --state git:refs/kalentops/state")
@options.folder
@options.environment
@options.state
@options.lock_timeout
def init(directory: Path, environment: str | None, state_location: str | None, lock_timeout: float) -> None:
    """Start an empty state at a location. Changes nothing if there is a state."""
    project = options.project(directory, state_location, environment)
    show_environment(project.config.environment, stream=sys.stderr)
    check_begun(project.config.root, project.config.blueprints)
    place, store = Place.of(project.state, project.config.root), project.store
    with store.hold(lock_timeout):
        begun = place.find() is None
        if begun:
            store.create()
    if begun:
        click.echo(f"started an empty state at {place.name}")
    else:
        size = count(len(store.read().state.entries), "blueprint")
        click.echo(f"there is already a state at {place.name}: {size}; nothing was written")


@click.command(
    "migrate",
    short_help="Move the state to another location.",
    epilog="\b\nExample:\n"
    "  kalentops state migrate git:refs/kalentops/state\n"
    "  kalentops state migrate kalentops.state.json postgresql://db.example/kalentops",
)
@click.argument("locations", nargs=-1, required=True, metavar="[FROM] TO")
@options.folder
@options.environment
@options.state
@options.lock_timeout
def migrate(
    locations: tuple[str, ...],
    directory: Path,
    environment: str | None,
    state_location: str | None,
    lock_timeout: float,
) -> None:
    """Move the state from one location to another: a file, a git ref, PostgreSQL or an object store.

    Without FROM, moves it from the location in use. Afterwards each command refuses the state at FROM and names TO.
    Nothing is lost if the move is interrupted: run the same command again. To undo it, move the state back.

    With -e NAME, a state that belongs to no environment gets that one; FROM and TO may then be the same.
    """
    if len(locations) > len(("FROM", "TO")):
        raise UsageError("state migrate takes two locations", hint="write: `kalentops state migrate FROM TO`")
    named = (state_location, *locations)[-2:]
    project = options.project(directory, state_location, environment)
    show_environment(project.config.environment, stream=sys.stderr)
    states = (
        project.state if each is None else options.project(directory, each, environment).state
        for each in named
    )
    old, new = (Place.of(each, project.config.root) for each in states)
    done = migrate_state(old, new, project.config.environment, lock_timeout)
    notice(done.notes)
    size = text_results.state_size(done.state)
    if done.again:
        click.echo(f"the state had already moved from {old.name} to {new.name}; nothing was written ({size})")
    elif old.name == new.name:
        click.echo(f"the state at {new.name} now belongs to {done.state.environment} ({size})")
    else:
        click.echo(f"moved the state from {old.name} to {new.name} ({size})")
    missing = _missing(done.missing, old, new)
    notice(with_environment(each, project.config.environment) for each in missing)
    notice(_next_steps(project, old, new))


def _missing(entries: Iterable[Entry], old: Place, new: Place) -> Iterator[str]:
    for entry in entries:
        yield (
            f"{entry.address} is {entry.blueprint_id} at {old.name}, which {new.name} does not have: if it is needed, "
            f"`kalentops import {entry.address.sourcing_id} --key {entry.address.key} --id {entry.blueprint_id}`"
        )


def _next_steps(project: options.Project, old: Place, new: Place) -> Iterator[str]:
    """What to change so that each run finds the state."""
    name = project.config.environment
    if project.state.name(project.config.root) != new.name:
        yield f"now {how_to_name(new.name, name)}"
    root = project.config.root
    if old.location.kind != new.location.kind and any(
        (repository_root(root) or root).glob(".github/workflows/kalentops-apply*.yml")
    ):
        database, bucket = "docs/how-to/state-in-postgresql.md", "docs/how-to/state-in-a-bucket.md"
        page = database if new.location.kind == "postgresql" else bucket
        remedy = (
            "delete .github/workflows/kalentops-*.yml and run `kalentops init`"
            if new.location.kind in {"file", "git"}
            else f"{page} says what to change, below `In CI`"
        )
        yield f"the workflows that `kalentops init` has written are for the old place: {remedy}"
    if old.location.path is not None:
        yield f"if git has {old.name}, commit it: it tells other branches where the state is"


@click.command(
    "restore",
    short_help="Restore an earlier version of the state.",
    epilog="\b\nExample:\n  git show HEAD~1:kalentops.state.json | kalentops state restore -",
)
@click.argument("file", type=click.File("rb"))
@options.folder
@options.environment
@options.state
@options.yes
@options.lock_timeout
def restore(
    file: BinaryIO,
    directory: Path,
    environment: str | None,
    state_location: str | None,
    lock_timeout: float,
    *,
    yes: bool,
) -> None:
    """Write the state in FILE (`-` for stdin) in place of the current one, under a later serial.

    FILE must be a version of the same state, unless nothing is stored at the location. Lists the blueprints that the
    current state has and FILE lacks, and asks. Nothing happens in Kalent.
    """
    earlier = _earlier(file)
    project = options.project(directory, state_location, environment)
    show_environment(project.config.environment, stream=sys.stderr)
    place = Place.of(project.state, project.config.root)
    notice(place.settle(lock_timeout))
    if place.find() is None:
        place.store.backend.prepare()
    with place.store.hold(lock_timeout):
        found = place.find()
        planned = restoration(earlier, found, project.config.environment, place.name)
        notice(_differences(planned))
        _confirm_restore(planned, found, yes=yes)
        place.put(planned.state, found)
    click.echo(f"restored the state at {place.name} ({text_results.state_size(planned.state)})")


def _earlier(file: BinaryIO) -> State:
    """Raises StateError, UsageError."""
    try:
        return load_state(file.read())
    except StateDamaged as error:
        raise StateError(
            f"{clip(file.name)} is no state: {error}", hint="name a file that kalentops wrote, or - for stdin"
        ) from None
    except OSError as error:
        raise UsageError(f"{clip(file.name)} can't be read: {error.strerror or error}") from None


def _differences(planned: Restoration) -> Iterator[str]:
    for each in planned.lost:
        yield f"would be forgotten: {_recorded(each)}"
    for each in planned.back:
        yield f"comes back: {_recorded(each)}"


def _recorded(each: Entry | Intent) -> str:
    if isinstance(each, Intent):
        return f"{each.address}, a create with unknown outcome"
    return f"{each.address}, {each.blueprint_id}"


def _confirm_restore(planned: Restoration, found: StoredState | None, *, yes: bool) -> None:
    """Raises UsageError, Interrupted."""
    moved_to = found.state.moved_to if found else None
    if moved_to is not None:
        notice([f"the state has moved to {clip(moved_to, 200)}: restored here, there are two"])
    if yes or not (planned.lost or moved_to):
        return
    if not options.can_ask():
        raise UsageError("state restore asks for confirmation, and this is not a terminal", hint="pass --yes")
    question = "Restore it here?" if moved_to else f"Forget {count(len(planned.lost), 'record')}?"
    if not options.ask(question):
        raise Interrupted("cancelled; nothing was restored")
