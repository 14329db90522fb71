"""`kalentops new`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kalentops.adopt.new import NewBlueprint, open_position, templates_told
from kalentops.adopt.position import ProjectFiles, write_changes
from kalentops.cli.commands import options
from kalentops.cli.commands.reporting import show_environment, unreadable_shown
from kalentops.errors import UsageError
from kalentops.output import text_files
from kalentops.output.terminal import show
from kalentops.project.files import check_begun


@click.command(
    epilog="\b\nExample:\n  kalentops new sourcing_123 --use linkedin-first --language fr --title 'Data engineer, Lyon'"
)
@click.argument("sourcing_id", shell_complete=options.complete_sourcings)
@click.option(
    "--use",
    "template",
    metavar="TEMPLATE",
    shell_complete=options.complete_templates,
    help="Template to use. Always needed.",
)
@click.option("--key", metavar="KEY", help="Key of the blueprint. [default: the template's name]")
@click.option("--title", metavar="TITLE", help="Title of the position, for people; in a new file.")
@click.option(
    "--language",
    metavar="LANGUAGE",
    shell_complete=options.complete_languages,
    help="Language of the texts, such as fr. Needed if the template has several.",
)
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File to write. [default: the position's file, or a new one]",
)
@options.folder
@options.environment
@options.file_changes
@options.quiet
def command(
    sourcing_id: str,
    template: str | None,
    key: str | None,
    title: str | None,
    language: str | None,
    to: Path | None,
    directory: Path,
    environment: str | None,
    *,
    dry_run: bool,
    diff: bool,
    quiet: bool,
) -> None:
    """Write a blueprint that uses a template, for the position SOURCING_ID.

    Adds it to the position's file, or writes a new file. You fill in the parameters; until then, `validate` reports
    them. Works offline.
    """
    config = options.project(directory, None, environment).config
    if not quiet:
        show_environment(config.environment, stream=sys.stderr)
    check_begun(config.root, config.blueprints)
    files = ProjectFiles.read(config)
    if template is None:
        raise UsageError("new needs --use TEMPLATE", hint=templates_told(files.library))
    request = NewBlueprint(sourcing_id, template, key, title, language, to and directory / to)
    with unreadable_shown():
        opening = open_position(request, files, config)
    writes = not (dry_run or diff)
    if writes:
        write_changes([opening.change])
    if diff:
        show(text_files.change_diff([opening.change]))
    told = text_files.opened(opening, written=writes, quiet=quiet)
    show(told, sys.stderr if diff else sys.stdout)
