"""`kalentops apply`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kalentops.cli.commands import options
from kalentops.errors import UsageError

if TYPE_CHECKING:
    from kalentops.apply.context import Options
    from kalentops.cli.commands.connection import ApiConfig
    from kalentops.cli.commands.pipeline import PlanContext
    from kalentops.plan.build import Scope
    from kalentops.project.config import Config


@click.command(
    epilog="\b\nExample:\n  kalentops apply\n  kalentops apply --yes plan.json\n  kalentops apply blueprints/sales"
)
@click.argument("plan_or_paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PLAN_FILE | PATHS...]")
@options.folder
@options.state
@options.output("text", "json")
@options.yes
@options.pace
@options.targets
@options.overwrite
@options.guards
@options.lock_timeout
@options.network
@options.verbose
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    plan_or_paths: tuple[Path, ...],
    directory: Path,
    state_file: Path | None,
    form: str,
    pace: options.Pace,
    scope: Scope,
    overwrite: tuple[str, ...],
    lock_timeout: float,
    limits: options.Limits,
    connection: options.Connection,
    *,
    yes: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Create and update the blueprints in Kalent, and record their ids.

    With PLAN_FILE, applies exactly that plan or nothing. With PATHS, applies only what these files declare. Starts no
    sequence, messages nobody, deletes nothing. After Ctrl-C, completes what it has started; the next run continues.
    """
    from kalentops.cli.commands import confirm, execute, git_hints, pipeline, reporting
    from kalentops.cli.commands.connection import ApiConfig
    from kalentops.output.notices import tell
    from kalentops.state.store.file import FileStore

    project = options.project(directory, state_file)
    saved, paths = confirm.given(directory, plan_or_paths)
    if not yes and not options.can_ask():
        raise UsageError("apply asks before it writes, and there is nobody to answer", hint="pass --yes")
    target = ApiConfig.of(connection, os.environ)
    at_once = pace.parallelism or project.config.parallelism
    report = reporting.Reporting("apply", form, project.config)
    agreement = confirm.Agreement(project.state_path, saved, form, yes, verbose, quiet)
    with FileStore(project.state_path).session(lock_timeout=lock_timeout) as session:
        repository = pipeline.read_files(project.config, session.state)
        report.refuse_invalid(repository)
        of = saved, paths
        planned = confirm.planned(repository, session.state, project.config, scope, overwrite, of)
        confirm.check_resend(pace.resend, planned, saved=saved is not None)
        target.check_state(session.state)
        planned = confirm.as_reviewed(planned, saved, target, at_once, quiet=quiet)
        pipeline.check_guards(planned.plan, project.config, limits)
        risks = git_hints.to_know_before(project.config.root, project.state_path, session.state)
        notes = [*session.notes, *risks, *map(confirm.resending, pace.resend)]
        planned = agreement.on(planned, target, at_once, notes)
        settings = _settings(pace, planned, target, project.config)
        out = sys.stdout if form == "text" else None
        result, told = execute.carry_out(
            planned, session, target, settings, out, quiet=quiet, verbose=verbose
        )
        # Before the state is folded: should that fail, the ids have been told at least.
        report.show_result(result, told, left_out=planned.plan.left_out)
    if not quiet and options.can_ask():
        tell(git_hints.to_commit(project.state_path))
    ctx.exit(result.exit_code)


def _settings(pace: options.Pace, planned: PlanContext, target: ApiConfig, config: Config) -> Options:
    from kalentops.apply.context import Options

    at_once, whole = pace.parallelism or config.parallelism, config.create == "whole"
    overwrite, resend = frozenset(planned.asked.overwrite), frozenset(pace.resend)
    return Options(target.tenant, pace.settle, at_once, overwrite, whole, resend)
