"""`kalentops sourcings`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from kalentops.cli.commands import options
from kalentops.cli.commands.connection import ApiConfig, read_session
from kalentops.cli.commands.reporting import show_environment
from kalentops.output import json, text_results
from kalentops.output.terminal import notice, show
from kalentops.project.config import Config
from kalentops.project.load import load_project
from kalentops.support.text import dump_json


@click.command(
    epilog="\b\nExample:\n  kalentops sourcings\n  kalentops sourcings --all --closed --format json"
)
@click.option("--all", "everybody", is_flag=True, help="All sourcings that the key can see, not only yours.")
@click.option("--closed", is_flag=True, help="Closed sourcings instead of those in progress.")
@options.folder
@options.environment
@options.output("text", "json")
@options.network
@options.quiet
def command(
    directory: Path,
    environment: str | None,
    form: str,
    connection: options.NetworkOptions,
    *,
    everybody: bool,
    closed: bool,
    quiet: bool,
) -> None:
    """List sourcings: id, name, and the files that declare their blueprints.

    Reads Kalent and the files; writes nothing.
    """
    config = options.project(directory, None, environment).config
    if not quiet:
        show_environment(config.environment, stream=sys.stderr)
    target = ApiConfig.of(connection, os.environ, config)
    with read_session(target, quiet=quiet, farewell="stopped at once; nothing was changed") as line:
        found = line.sourcings(ownership="all" if everybody else "mine", closed=closed)
    files = _files(config, quiet=quiet)
    if form == "json":
        click.echo(dump_json(json.sourcings(found, files, config.environment)))
    else:
        show(text_results.sourcing_list(found, files))
    if not found and not quiet:
        notice([text_results.no_sourcings(everybody=everybody, closed=closed)])


def _files(config: Config, *, quiet: bool) -> dict[str, list[str]]:
    """The files for each sourcing, with a note if one can't be read."""
    if not config.blueprints.exists():
        return {}
    repository = load_project(config)
    if not repository.valid and not quiet:
        notice(["the files have errors, so some may be missing here; `kalentops validate` shows them"])
    served: dict[str, list[str]] = {}
    for each in sorted(repository.positions, key=lambda position: position.origin.file):
        served.setdefault(each.sourcing_id, []).append(each.origin.file)
    return served
