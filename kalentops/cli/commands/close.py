"""`kalentops close`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from kalentops.adopt.position import PositionFile, ProjectFiles, close, sourcing_meant, write_changes
from kalentops.cli.commands import options
from kalentops.cli.commands.reporting import show_environment, unreadable_shown
from kalentops.errors import UsageError
from kalentops.output import text_files
from kalentops.output.terminal import notice, show
from kalentops.project.config import Config
from kalentops.project.files import check_begun
from kalentops.project.load import load_project
from kalentops.state.model import State
from kalentops.support.text import clip


@click.command(epilog="\b\nExample:\n  kalentops close sourcing_123\n  kalentops close sourcing_123 --diff")
@click.argument("sourcing_id", shell_complete=options.complete_sourcings)
@options.folder
@options.environment
@options.state
@options.file_changes
@options.quiet
def command(
    sourcing_id: str,
    directory: Path,
    environment: str | None,
    state_location: str | None,
    *,
    dry_run: bool,
    diff: bool,
    quiet: bool,
) -> None:
    """Close the position SOURCING_ID: remove its blueprints from the files, and let the state forget them.

    Nothing changes in Kalent: stop the sequences and close the sourcing there. The file keeps the id, the title and the
    removed keys. The next plan shows what the state will forget. A file that other environments use stays for them.
    """
    project = options.project(directory, state_location, environment)
    if not quiet:
        show_environment(project.config.environment, stream=sys.stderr)
    check_begun(project.config.root, project.config.blueprints)
    snapshot = project.store.read()
    notice(snapshot.notes)
    files = _files(project.config, sourcing_id, snapshot.state)
    closing = close(sourcing_id, files, snapshot.state, project.config)
    writes = not (dry_run or diff)
    if writes:
        write_changes(closing.changes)
    if diff:
        show(text_files.change_diff(closing.changes))
    show(
        text_files.closed(sourcing_id, closing, written=writes, environment=project.config.environment),
        sys.stderr if diff else sys.stdout,
    )
    if closing.unrecorded and not quiet:
        notice([text_files.unrecorded(closing, project.store.name)])


def _files(config: Config, sourcing_id: str, state: State) -> list[PositionFile]:
    """Raises UsageError where no file is of this position, UnreadableFiles."""
    with unreadable_shown():
        files = ProjectFiles.read(config).of(sourcing_id)
    if files:
        return files
    recorded = sorted(each for each in state.entries if each.partition("/")[0] == sourcing_id)
    if recorded:
        hint = f"`kalentops state rm {recorded[0]}` forgets a blueprint that no file declares"
    else:
        there = os.path.lexists(config.blueprints)
        positions = load_project(config).positions if there else []
        hint = sourcing_meant(sourcing_id, positions)
    raise UsageError(f"no file declares the sourcing {clip(sourcing_id)}", hint=hint)
