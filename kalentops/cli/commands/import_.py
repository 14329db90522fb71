"""`kalentops import`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from kalentops.cli.commands import completion, options
from kalentops.errors import UsageError


@click.command(
    epilog="\b\nExample:\n  kalentops import --all --dry-run\n  kalentops import sourcing_123\n"
    "  kalentops import sourcing_123 --key first-contact --id bp_456\n  kalentops import sourcing_123 --update"
)
@click.argument("sourcing_ids", nargs=-1, metavar="[SOURCING_ID]...", shell_complete=completion.sourcings)
@click.option(
    "--all", "everything", is_flag=True, help="Import every sourcing in progress that the key can see."
)
@click.option("--key", metavar="KEY", help="Import one blueprint under this key; needs --id.")
@click.option("--id", "blueprint_id", metavar="ID", help="Id of the blueprint for --key.")
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="New file to write; for one sourcing.",
)
@click.option("--update", is_flag=True, help="Update the files with edits made in Kalent.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@options.folder
@options.state
@options.output("text", "json")
@click.option(
    "--parallelism",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Number of sourcings to work on in parallel. [default: 8]",
)
@options.lock_timeout
@options.network
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    sourcing_ids: tuple[str, ...],
    key: str | None,
    blueprint_id: str | None,
    file: Path | None,
    directory: Path,
    state_file: Path | None,
    form: str,
    parallelism: int | None,
    lock_timeout: float,
    connection: options.Connection,
    *,
    everything: bool,
    update: bool,
    dry_run: bool,
    quiet: bool,
) -> None:
    """Import blueprints from Kalent into new files, and record their ids.

    Writes nothing to Kalent and overwrites no file. A blueprint that a file already declares is only recorded.
    Afterwards there is nothing to plan. With --update, writes edits made in Kalent into the existing files; without
    SOURCING_ID, into all of them.
    """
    sourcing_ids = tuple(dict.fromkeys(sourcing_ids))
    _check(sourcing_ids, key, blueprint_id, file, everything=everything, update=update)
    if update and (key is not None or file is not None):
        raise UsageError("--update edits the files that are there", hint="leave --key, --id and --file out")
    from kalentops.adopt.plan import Choice, check_key
    from kalentops.cli.commands.connection import ApiConfig
    from kalentops.cli.commands.import_new import ImportContext, ImportRequest, show_imported, take_over
    from kalentops.project.files import check_begun
    from kalentops.state.store.file import FileStore

    choice = None
    if key is not None and blueprint_id is not None:
        check_key(key)
        choice = Choice(sourcing_ids[0], key, blueprint_id)
    target = ApiConfig.of(connection, os.environ)
    project = options.project(directory, state_file)
    check_begun(project.config.root, project.config.blueprints)
    means = ImportContext(project.config, target, parallelism or project.config.parallelism, quiet)
    if update:
        from kalentops.cli.commands.import_update import show_edits, take_edits

        edits = take_edits(sourcing_ids, means, FileStore(project.state_path), lock_timeout, dry_run=dry_run)
        ctx.exit(show_edits(edits, form, dry_run=dry_run))
    wish = ImportRequest(sourcing_ids, choice, file and directory / file, dry_run)
    imported = take_over(wish, means, FileStore(project.state_path), lock_timeout)
    show_imported(imported, form, quiet=quiet)
    ctx.exit(imported.exit_code)


def _check(
    sourcing_ids: tuple[str, ...],
    key: str | None,
    blueprint_id: str | None,
    file: Path | None,
    *,
    everything: bool,
    update: bool,
) -> None:
    """Raises UsageError where the options don't go together."""
    if (everything and sourcing_ids) or not (everything or sourcing_ids or update):
        raise UsageError(
            "import takes the ids of sourcings, or --all" + (", not both" if everything else ""),
            hint="`kalentops sourcings` lists the ids",
        )
    if (key is None) is not (blueprint_id is None):
        raise UsageError(
            "--key and --id go together: the blueprint with this id becomes this key",
            hint="`kalentops import SOURCING_ID --dry-run` shows the ids",
        )
    if len(sourcing_ids) != 1 and (key is not None or file is not None):
        option = "--key" if key is not None else "--file"
        raise UsageError(f"{option} is for one sourcing", hint="name just one")
