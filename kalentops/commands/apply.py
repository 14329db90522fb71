"""`kalentops apply`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from kalentops.commands import options
from kalentops.errors import Interrupted, UsageError


@click.command(epilog="\b\nExample:\n  kalentops apply\n  kalentops apply --yes plan.json")
@click.argument("plan_file", required=False, type=click.Path(path_type=Path))
@options.folder
@options.state
@options.output("text", "json")
@options.yes
@click.option(
    "--parallelism", type=click.IntRange(1, 64), metavar="N", help="So many sourcings at once. [default: 8]"
)
@click.option(
    "--settle",
    type=click.FloatRange(min=0, max=3600),
    default=30.0,
    envvar="KALENTOPS_SETTLE",
    metavar="SECONDS",
    help="How long to look for what became of a lost answer. [env: KALENTOPS_SETTLE]",
)
@click.option(
    "--overwrite", multiple=True, metavar="ADDRESS", help="Replace what somebody changed in Kalent."
)
@options.guards
@options.lock_timeout
@options.network
@options.verbose
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    plan_file: Path | None,
    directory: Path,
    state_file: Path | None,
    form: str,
    parallelism: int | None,
    settle: float,
    overwrite: tuple[str, ...],
    lock_timeout: float,
    limits: options.Limits,
    connection: options.Connection,
    *,
    yes: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Make Kalent what the files say, and record the ids.

    With PLAN_FILE, does what that plan says, or nothing. Starts no sequence and deletes nothing. Ctrl-C ends it
    after what is under way; the next run goes on there.
    """
    from kalentops.apply.base import Options
    from kalentops.commands import stages
    from kalentops.commands.running import carry_out
    from kalentops.commands.target import Target
    from kalentops.store.filestore import FileStore

    if not yes and not options.can_ask():
        raise UsageError("apply asks before it writes, and there is nobody to answer", hint="pass --yes")
    target = Target.of(connection, os.environ)
    project = options.project(directory, state_file)
    with FileStore(project.state_path).session(lock_timeout=lock_timeout) as session:
        repository = stages.read_files(project.config, session.state)
        stages.refuse_invalid(repository)
        plan = stages.plan_of(repository, session.state)
        stages.check_saved(plan, plan_file and directory / plan_file)
        stages.check_overwrite(plan, overwrite)
        stages.check_guards(plan, project.config, limits)
        target.check_state(session.state)
        stages.show_plan(plan, notes=session.notes, verbose=verbose, brief=quiet or plan_file is not None)
        if plan.to_do and not yes and not click.confirm("Apply this plan?", err=True):
            raise Interrupted("answered no; nothing was begun")
        settings = Options(
            target.tenant, settle, parallelism or project.config.parallelism, frozenset(overwrite)
        )
        result = carry_out(plan, session, target, settings, quiet=quiet)
        # Before the state is folded: should that fail, the ids have been told at least.
        stages.show_result(result, form)
    ctx.exit(result.exit_code)
