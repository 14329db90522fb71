"""`kalentops validate`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import click

from kalentops.cli.commands import options
from kalentops.cli.commands.reporting import Reporting, SeverityOptions, severity_options
from kalentops.errors import KalentopsError, UsageError
from kalentops.lint.project import check_online
from kalentops.lint.rule import Sourcings
from kalentops.output.terminal import notice
from kalentops.project.config import Config
from kalentops.project.environments import combined, load_views, views
from kalentops.project.load import Repository, load_with_users


@click.command(
    epilog="\b\nExample:\n  kalentops validate\n  kalentops validate blueprints/engineering --format json"
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@options.folder
@options.environment
@options.report
@severity_options
@click.option("--statistics", is_flag=True, help="Show only the number of findings for each rule, as text.")
@click.option(
    "--online", is_flag=True, help="Also check in Kalent that each sourcing exists and is in progress."
)
@options.network
@options.no_cache
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    directory: Path,
    environment: str | None,
    form: str,
    severity: SeverityOptions,
    connection: options.NetworkOptions,
    *,
    statistics: bool,
    online: bool,
    no_cache: bool,
    quiet: bool,
) -> None:
    """Check the files against every rule. Works without key, network and state, unless --online is given.

    Without PATHS, checks all files in the folder of blueprints; without -e, those of all environments. A template or
    snippets are checked with the blueprints that use them, in whichever file. Exit code 3 means that there is an error.
    """
    if statistics and form != "text":
        raise UsageError(
            "--statistics prints text only", hint="leave out --format; json has every finding to count"
        )
    configs = options.configs(directory, environment, cached=not no_cache)
    cache = options.open_cache(configs[0], no_cache=no_cache)
    found = load_views(configs, [directory / path for path in paths], partial(load_with_users, cache=cache))
    failure: KalentopsError | None = None
    for config in configs if online else ():
        try:
            _ask(config, [each for _, _, each in found], connection, quiet=quiet)
        except KalentopsError as error:  # the findings of the files come first
            failure = failure or error
    for view, places, each in found:
        severity.apply(each, view, places)
    repository = combined([each for _, _, each in found])
    names = tuple(each.environment for each in configs if each.environment is not None)
    reporting = Reporting(
        "validate", form, configs[0], quiet=quiet or failure is not None, environments=names
    )
    reporting.show_findings(repository, online=online and failure is None, statistics=statistics)
    looked = [directory / path for path in paths] or [each.blueprints for each in views(configs)]
    if len(looked) > 1 and not paths:
        notice([f"there is no {each} yet" for each in looked if not each.exists()])
    if not repository.files:
        notice([f"there is no .yaml or .yml file below {', '.join(map(str, looked))}"])
    if failure is not None:
        raise failure
    ctx.exit(0 if repository.valid else 3)


def _ask(
    config: Config, repositories: Iterable[Repository], connection: options.NetworkOptions, *, quiet: bool
) -> None:
    """Add the findings that need the API of an environment. Raises what `ApiConfig.of` and `list_sourcings` raise."""
    from kalentops.cli.commands.connection import ApiConfig, read_session

    target = ApiConfig.of(connection, os.environ, config)
    with read_session(target, quiet=quiet, farewell="stopped at once; nothing was changed") as line:
        in_progress, closed = (line.sourcings(ownership="all", closed=each) for each in (False, True))
    for repository in repositories:
        served = [each for each in repository.positions if each.environment == (config.environment or "")]
        repository.findings += check_online(Sourcings(served, in_progress, closed), config.severities)
        repository.findings.sort()
