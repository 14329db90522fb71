"""`kalentops init`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from kalentops.cli.commands import options
from kalentops.errors import StoreFailure, UsageError
from kalentops.init.contents import (
    EXAMPLE,
    PLAIN,
    ProjectFile,
    Setup,
    find_origin,
    parse_action,
    pre_commit,
    project_files,
    workflows,
)
from kalentops.init.write import (
    Placed,
    has_blueprints,
    kept_folders,
    outdated_workflows,
    place,
    set_driver,
    setups_for,
)
from kalentops.output import text_results as report
from kalentops.output.terminal import show
from kalentops.project.load import library_below
from kalentops.support.streams import utf8
from kalentops.support.text import clip


@click.command(epilog="\b\nExample:\n  kalentops init\n  kalentops init --dry-run --no-github outreach")
@click.argument("folder", default=Path(), type=click.Path(path_type=Path), metavar="[DIR]")
@click.option("--no-github", is_flag=True, help="Write no workflows.")
@click.option("--no-pre-commit", is_flag=True, help="Write no hooks.")
@click.option("--no-example", is_flag=True, help="Write no example.")
@click.option(
    "--state",
    metavar="LOCATION",
    help="Where a new project keeps its state: a path, or git:refs/kalentops/NAME. [default: kalentops.state.json]",
)
@click.option("--branch", metavar="NAME", help="Branch to apply. [default: git's main branch, else main]")
@click.option(
    "--action",
    metavar="OWNER/NAME[@COMMIT]",
    help="Repository and commit of kalentops for workflows and hooks. [default: the installed one]",
)
@click.option("--show", metavar="FILE", help="Print what init would write to FILE, and write nothing.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@options.quiet
def command(
    folder: Path,
    state: str | None,
    branch: str | None,
    action: str | None,
    show: str | None,
    *,
    no_github: bool,
    no_pre_commit: bool,
    no_example: bool,
    dry_run: bool,
    quiet: bool,
) -> None:
    """Set up DIR or this folder: settings, an example, the editor's schema, workflows, hooks and AGENTS.md.

    Asks nothing and overwrites nothing. Adds missing lines to `.gitignore` and `.gitattributes`.
    """
    if branch is not None and not PLAIN.fullmatch(branch):
        raise UsageError("a branch of this name would need quotes in a workflow", hint="use a plain name")
    origin = parse_action(action) if action is not None else find_origin()
    folder = _folder(folder)
    top, setups = setups_for(folder, state=state, branch=branch, origin=origin)
    example = not no_example and not has_blueprints(folder, setups)
    library = library_below(folder, *dict.fromkeys(folder / each.blueprints for each in setups))
    own = list(project_files(setups, library, example=example or show is not None))
    if show is None:
        own += kept_folders(folder, setups, example=example)
    at_root = [] if no_pre_commit else [pre_commit(setups)]
    at_root += [] if no_github else [file for each in setups for file in workflows(each)]
    if show is not None:
        _show(show, [*own, *at_root])
        return
    _write(folder, top, own, at_root, setups, dry_run=dry_run, quiet=quiet)


def _folder(folder: Path) -> Path:
    """Raises UsageError."""
    try:
        whole = folder.resolve()
        if whole.exists() and not whole.is_dir():
            raise UsageError(f"{folder} is not a folder", hint="name the folder of your repository")
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        raise UsageError(f"{folder} can't be followed: {error}") from None
    return whole


def _show(name: str, files: Sequence[ProjectFile]) -> None:
    """Raises UsageError."""
    for each in files:
        if each.name == name:
            utf8()
            click.echo(each.text, nl=False)
            return
    raise UsageError(
        f"init does not write {clip(name)}", hint="init writes: " + ", ".join(each.name for each in files)
    )


def _write(
    folder: Path,
    top: Path,
    own: Sequence[ProjectFile],
    at_root: Sequence[ProjectFile],
    setups: Sequence[Setup],
    *,
    dry_run: bool,
    quiet: bool,
) -> None:
    """Raises StoreFailure if a file could not be written, after the others."""
    placed = [place(folder, each, dry_run=dry_run) for each in own]
    placed += [place(top, each, dry_run=dry_run) for each in at_root]
    driver = None if all(each.ref for each in setups) else set_driver(top, dry_run=dry_run)
    show(report.setup(placed, driver, dry_run=dry_run, brief=quiet and not dry_run))
    if not quiet and not dry_run:
        names = {each.wanted.name for each in placed if each.what in {"created", "exists"}}
        show(
            report.setup_next_steps(
                setups,
                driver,
                github=any(name.startswith(".github/") for name in names),
                example=f"{setups[0].under}{EXAMPLE}" in names,
                folder=_from_here(folder),
                hooks=".pre-commit-config.yaml" in names,
                outdated=outdated_workflows(top, setups),
            )
        )
    _check(placed)


def _from_here(folder: Path) -> str:
    """The folder relative to the current one, empty for the same."""
    try:
        there = os.path.relpath(folder)
    except ValueError:  # another drive of Windows
        there = str(folder)
    return "" if there == os.curdir else Path(there).as_posix()


def _check(placed: Sequence[Placed]) -> None:
    failed = [each for each in placed if each.what == "failed"]
    if failed:
        raise StoreFailure(
            f"{failed[0].wanted.name} could not be written: {failed[0].why}",
            hint="fix this and run `kalentops init` again: it writes what is missing",
        )
