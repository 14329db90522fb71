"""`kalentops validate`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from kalentops.cli.commands import options
from kalentops.cli.commands.reporting import Reporting, SeverityOptions, severity_options
from kalentops.errors import KalentopsError, UsageError
from kalentops.lint.engine import check_online
from kalentops.lint.finding import Finding
from kalentops.lint.rule import Sourcings
from kalentops.output.terminal import notice
from kalentops.project.config import Config
from kalentops.project.load import Repository, load_with_users


@click.command(
    epilog="\b\nExample:\n  kalentops validate\n  kalentops validate blueprints/engineering --format json"
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@options.folder
@options.environment
@options.report
@severity_options
@click.option("--statistics", is_flag=True, help="Show only the number of findings for each rule.")
@click.option(
    "--online", is_flag=True, help="Also check in Kalent that each sourcing exists and is in progress."
)
@options.network
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
    quiet: bool,
) -> None:
    """Check the files against every rule. Works without key, network and state, unless --online is given.

    Without PATHS, checks all files in the folder of blueprints. A template or snippets are checked with the blueprints
    that use them, in whichever file. Exit code 3 means that there is an error.
    """
    if statistics and form != "text":
        raise UsageError(
            "--statistics prints text only", hint="leave out --format; json has every finding to count"
        )
    config = options.project(directory, None, environment).config
    places = [directory / path for path in paths] or [config.blueprints]
    repository = load_with_users(config.root, places, config.blueprints, severities=config.severities)
    failure: KalentopsError | None = None
    if online:
        try:
            repository.findings += _ask(repository, config, connection, quiet=quiet)
            repository.findings.sort()
        except KalentopsError as error:  # the findings of the files come first
            failure = error
    severity.apply(repository, config, places)
    reporting = Reporting("validate", form, config, quiet=quiet or failure is not None)
    reporting.show_findings(repository, online=online and failure is None, statistics=statistics)
    if not repository.files:
        notice([f"there is no .yaml or .yml file below {', '.join(str(place) for place in places)}"])
    if failure is not None:
        raise failure
    ctx.exit(0 if repository.valid else 3)


def _ask(
    repository: Repository, config: Config, connection: options.NetworkOptions, *, quiet: bool
) -> list[Finding]:
    """The findings that need the API. Raises what `ApiConfig.of` and `list_sourcings` raise."""
    from kalentops.cli.commands.connection import ApiConfig, read_session

    target = ApiConfig.of(connection, os.environ, config)
    with read_session(target, quiet=quiet, farewell="stopped at once; nothing was changed") as line:
        in_progress, closed = (line.sourcings(ownership="all", closed=each) for each in (False, True))
    return list(check_online(Sourcings(repository.positions, in_progress, closed), config.severities))
