"""`kalentops render` and `kalentops detach`: blueprints that use a template, as plain ones."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from itertools import groupby
from pathlib import Path

import click

from kalentops.adopt.plain import detached, rendered, selected
from kalentops.adopt.position import PositionFile, ProjectFiles, write_changes
from kalentops.cli.commands import options
from kalentops.cli.commands.reporting import Reporting, show_environment
from kalentops.errors import UsageError
from kalentops.lint.rule import Declared
from kalentops.output import text_files
from kalentops.output.terminal import show
from kalentops.project.config import Config
from kalentops.project.files import check_begun
from kalentops.project.load import load_project
from kalentops.support import streams
from kalentops.support.text import clip, visible


@click.command(
    epilog="\b\nExample:\n  kalentops render sourcing_123/first-contact\n  kalentops render sourcing_123 --origins"
)
@click.argument("addresses", nargs=-1, metavar="[ADDRESS]...", shell_complete=options.complete_addresses)
@click.option("--origins", is_flag=True, help="Show the file and line of each value, as a comment.")
@options.folder
@options.environment
@options.quiet
def render(
    addresses: tuple[str, ...], directory: Path, environment: str | None, *, origins: bool, quiet: bool
) -> None:
    """Print blueprints with their templates filled in, as plain YAML.

    An ADDRESS is SOURCING_ID/KEY, or a SOURCING_ID for all of its blueprints; both accept * ? [abc]. Without one,
    prints all. One file is printed as it could stand in the folder of blueprints; several are separated by `---`.
    """
    streams.utf8()
    config = options.project(directory, None, environment).config
    declared = _declared(config, addresses, "rendered", quiet=quiet)
    files = ProjectFiles.read(config)
    by_file = _by_file(declared, files)
    for file, keys in by_file:
        if len(by_file) > 1:
            click.echo(f"---\n# {visible(file.document.file)}")
        click.echo(rendered(file.document, files.library, keys, origins=origins), nl=False)


@click.command(
    epilog="\b\nExample:\n  kalentops detach sourcing_123/first-contact\n  kalentops detach sourcing_123 --diff"
)
@click.argument(
    "addresses", nargs=-1, required=True, metavar="ADDRESS...", shell_complete=options.complete_uses
)
@options.folder
@options.environment
@options.file_changes
@options.quiet
def detach(
    addresses: tuple[str, ...],
    directory: Path,
    environment: str | None,
    *,
    dry_run: bool,
    diff: bool,
    quiet: bool,
) -> None:
    """Turn blueprints that use a template into plain ones.

    Their texts stay the same, so there is nothing new to plan. Later changes of the template do not reach them. An
    ADDRESS is SOURCING_ID/KEY, or a SOURCING_ID for all of its blueprints; both accept * ? [abc].
    """
    config = options.project(directory, None, environment).config
    declared = _declared(config, addresses, "changed", quiet=quiet)
    plain = next((each.address for each in declared if not each.template and each.address in addresses), None)
    uses = [each for each in declared if each.template]
    if plain is not None or not uses:
        what = f"{clip(plain or addresses[0])} does not use a template"
        raise UsageError(what, hint="`kalentops render` shows a blueprint; there is nothing to detach here")
    files = ProjectFiles.read(config)
    changes = [detached(file, keys, files.library) for file, keys in _by_file(uses, files)]
    writes = not (dry_run or diff)
    if writes:
        write_changes(changes)
    if diff:
        show(text_files.change_diff(changes))
    told = text_files.detached(uses, config.environment, written=writes)
    show(told, sys.stderr if diff else sys.stdout)


def _declared(config: Config, addresses: Collection[str], undone: str, *, quiet: bool) -> list[Declared]:
    """The blueprints that are asked for, by file. Raises InvalidFiles, UsageError."""
    if not quiet:
        show_environment(config.environment, stream=sys.stderr)
    check_begun(config.root, config.blueprints)
    repository = load_project(config)
    Reporting("render", "text", config, quiet=quiet).refuse_invalid(repository, undone)
    wanted = frozenset(selected(addresses, (each.address for each in repository.declared)))
    return sorted(
        (each for each in repository.declared if each.address in wanted), key=lambda each: each.origin
    )


def _by_file(declared: Iterable[Declared], files: ProjectFiles) -> list[tuple[PositionFile, list[str]]]:
    return [
        (files.position_file(name), [each.address.key for each in group])
        for name, group in groupby(declared, key=lambda each: each.origin.file)
    ]
