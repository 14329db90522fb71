"""`kalentops plan`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kalentops.cli.commands import options
from kalentops.cli.commands.options import Weighing, weighing

if TYPE_CHECKING:
    from kalentops.cli.commands.pipeline import PlanContext
    from kalentops.plan.build import Scope


@click.command(
    epilog="\b\nExample:\n  kalentops plan\n  kalentops plan blueprints/sales\n"
    "  kalentops plan --refresh --out plan.json && kalentops apply plan.json"
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@options.folder
@options.state
@options.report
@weighing
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Save the plan for apply."
)
@click.option(
    "--refresh", is_flag=True, help="Also read Kalent: drift, unmanaged look-alikes. Needs the key."
)
@click.option("--refresh-only", is_flag=True, help="Show drift only: what was edited in Kalent.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 if there are changes or drift.")
@options.targets
@options.overwrite
@options.network
@options.verbose
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    directory: Path,
    state_file: Path | None,
    form: str,
    out: Path | None,
    overwrite: tuple[str, ...],
    scope: Scope,
    weighs: Weighing,
    connection: options.Connection,
    *,
    refresh: bool,
    refresh_only: bool,
    detailed_exitcode: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Show what apply would change: the files compared with the state.

    Works offline and without a key, and writes nothing but the file of --out. With PATHS, plans only what these files
    declare; all files are checked. With --refresh, also reads Kalent.
    """
    from kalentops.cli.commands import pipeline
    from kalentops.cli.commands.reporting import Reporting
    from kalentops.errors import UsageError
    from kalentops.output.terminal import notice
    from kalentops.plan.saved import save
    from kalentops.state.store import open_store

    if refresh_only and out is not None:
        raise UsageError(
            "--refresh-only shows drift alone: there is nothing to save", hint="use --refresh --out"
        )
    project = options.project(directory, state_file)
    snapshot = open_store(project.state_path).read()
    notice(snapshot.notes)
    repository = pipeline.read_files(project.config, snapshot.state)
    weighs.apply(repository, project.config, [project.config.blueprints])
    reporting = Reporting("plan", form, project.config, verbose=verbose, quiet=quiet)
    reporting.refuse_invalid(repository)
    places = [directory / each for each in paths]
    asked = pipeline.asked_for(scope, overwrite, repository, project.config, places)
    offline = planned = pipeline.plan_of(repository, snapshot.state, asked)
    if refresh or refresh_only:
        planned = _refreshed(offline, connection, project.config.parallelism, quiet=quiet)
    plan = pipeline.only_drift(planned.plan) if refresh_only else planned.plan
    plan = replace(plan, state_edits=pipeline.state_edits(project.state_path, snapshot.state))
    if out is not None:
        save(plan, directory / out, planned.asked, reporting.for_saved_plan(repository))
    reporting.show_plan(plan, repository)
    if not quiet:
        notice(pipeline.unseen(planned, project.state_path))
    if not refresh_only:
        # `apply FILE` goes by the saved plan, and `apply` by what the files and the state say.
        notice(pipeline.would_stop(planned if out is not None else offline, planned.observed, project.config))
    ctx.exit(2 if detailed_exitcode and (plan.to_do or plan.drift) else 0)


def _refreshed(
    planned: PlanContext, connection: options.Connection, parallelism: int, *, quiet: bool
) -> PlanContext:
    from kalentops.cli.commands import pipeline
    from kalentops.cli.commands.connection import ApiConfig

    target = ApiConfig.of(connection, os.environ)
    target.check_state(planned.state)
    return pipeline.look(planned, target, parallelism, quiet=quiet)
