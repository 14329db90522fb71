"""`kalentops cache`: look at it, clear it."""

from __future__ import annotations

from pathlib import Path

import click

from kalentops import cache
from kalentops.cli.commands import options
from kalentops.errors import KalentopsError
from kalentops.output import json, text_results
from kalentops.output.terminal import show
from kalentops.project.config import project_folder
from kalentops.support.text import count, dump_json, visible


@click.group(
    invoke_without_command=True,
    epilog="\b\nExample:\n  kalentops cache\n  kalentops cache --format json\n  kalentops cache clear",
)
@options.output("text", "json")
@click.option("--no-cache", is_flag=True, envvar=options.NO_CACHE, hidden=True)  # as for `plan`
@click.pass_context
def command(ctx: click.Context, form: str, *, no_cache: bool) -> None:
    """Show where the cache is, how large it is, and whether it is used in this folder.

    It keeps what earlier runs of `validate`, `plan` and `preview` found in each file: only changed files are checked
    again. Beyond 256 MiB, the least recently used entries are removed.
    """
    if ctx.invoked_subcommand is not None:
        return
    folder = cache.cache_folder()
    found = cache.Usage(0, 0, None) if folder is None else cache.usage(folder)
    root = project_folder(Path.cwd())
    refusal = cache.Cache(root, enabled=not no_cache).refusal
    if form == "json":
        click.echo(dump_json(json.cache(folder, found, refusal)))
    else:
        show(text_results.cache(folder, found, root, refusal))


@command.command("clear", epilog="\b\nExample:\n  kalentops cache clear")
def clear() -> None:
    """Remove all entries of the cache. The next run checks all files."""
    folder = cache.cache_folder()
    try:
        removed = cache.Usage(0, 0, None) if folder is None else cache.clear(folder)
    except OSError as error:
        raise KalentopsError(
            f"an entry of the cache can't be removed: {error.strerror}: {error.filename}",
            hint="fix the permissions of the folder, then run the command again",
        ) from None
    said = f"removed {count(removed.entries, 'entry', 'entries')}, {text_results.size(removed.size)}"
    click.echo(f"{said}, from {visible(str(folder))}" if removed.entries else "the cache is empty")
