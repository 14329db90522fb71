"""`kalentops apply`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kalentops.commands import options
from kalentops.errors import Interrupted, StalePlan, UsageError

if TYPE_CHECKING:
    from kalentops.commands.stages import Planned
    from kalentops.commands.target import Target
    from kalentops.planfile import Asked, Saved
    from kalentops.planning.scope import Scope
    from kalentops.repository import Repository
    from kalentops.state.entries import State


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
    help="How long to look for what became of a lost answer. [default: 30] [env: KALENTOPS_SETTLE]",
)
@options.targets
@options.overwrite
@click.option(
    "--resend",
    multiple=True,
    metavar="ADDRESS",
    help="Send a create of unknown outcome again if Kalent shows no identical blueprint. May make a second one. Only "
    "for `create: whole` and states of older versions.",
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
    scope: Scope,
    overwrite: tuple[str, ...],
    resend: tuple[str, ...],
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
    from kalentops import planfile
    from kalentops.apply.base import Options
    from kalentops.commands import keeping, reporting, running, stages
    from kalentops.commands.target import Target
    from kalentops.reports.notes import tell
    from kalentops.store.filestore import FileStore

    project = options.project(directory, state_file)
    saved = None if plan_file is None else planfile.load(directory / plan_file)
    if not yes and not options.can_ask():
        raise UsageError("apply asks before it writes, and there is nobody to answer", hint="pass --yes")
    target = Target.of(connection, os.environ)
    at_once, whole = parallelism or project.config.parallelism, project.config.create == "whole"
    report = reporting.Reporting("apply", form, project.config)
    with FileStore(project.state_path).session(lock_timeout=lock_timeout) as session:
        repository = stages.read_files(project.config, session.state)
        report.refuse_invalid(repository)
        asked = stages.asked_for(scope, overwrite, saved)
        planned = _planned(repository, session.state, asked, saved)
        stages.check_resend(resend, planned, saved=saved is not None)
        target.check_state(session.state)
        planned = _as_reviewed(planned, saved, target, at_once, quiet=quiet)
        stages.check_guards(planned.plan, project.config, limits)
        brief = quiet or saved is not None
        show = _Showing(project.state_path, form, yes=yes, verbose=verbose, quiet=quiet, brief=brief)
        notes = [*session.notes, *stages.overwrites(saved), *map(stages.resending, resend)]
        planned = show.agreed(planned, target, at_once, notes)
        settings = Options(
            target.tenant, settle, at_once, frozenset(asked.overwrite), whole, frozenset(resend)
        )
        result = running.carry_out(planned, session, target, settings, quiet=quiet, verbose=verbose)
        # Before the state is folded: should that fail, the ids have been told at least.
        report.show_result(result, left_out=planned.plan.left_out)
    if not quiet and options.can_ask():
        tell(keeping.to_commit(project.state_path))
    ctx.exit(result.exit_code)


@dataclass(frozen=True, slots=True)
class _Showing:
    """How a plan is shown before it is carried out; `brief` where it was reviewed when it was saved."""

    state_file: Path
    form: str
    yes: bool
    verbose: bool
    quiet: bool
    brief: bool

    def agreed(self, planned: Planned, target: Target, at_once: int, notes: list[str]) -> Planned:
        """The plan, shown, and said yes to. Raises Interrupted for a no, and what `foretell` raises."""
        from kalentops.commands import stages

        if not self.yes:
            # Who is asked has to know what will happen, as far as it can be known: a lost state makes all look new.
            planned, unread = stages.foretell(planned, target, at_once, quiet=self.quiet)
            notes = [*notes, *unread]
        # Who is asked reads the plan; who is not, the result.
        reasons = not self.yes or self.form != "text"
        stages.show_plan(
            planned, self.state_file, notes=notes, verbose=self.verbose, brief=self.brief, reasons=reasons
        )
        if planned.plan.to_do and not self.yes and not options.ask("Apply this plan?"):
            raise Interrupted("answered no; nothing was begun")
        return planned


def _planned(repository: Repository, state: State, asked: Asked, saved: Saved | None) -> Planned:
    """The plan that holds now. Where a saved one asks for what is not there any more, it is stale."""
    from kalentops.commands import stages

    try:
        return stages.plan_of(repository, state, asked)
    except UsageError as error:
        if saved is None:
            raise
        raise StalePlan(f"the saved plan can't be made again: {error}") from None


def _as_reviewed(
    planned: Planned, saved: Saved | None, target: Target, at_once: int, *, quiet: bool
) -> Planned:
    """The same, if it is what the saved plan says, where there is one. What was reviewed with what Kalent showed is
    applied only if it still shows that. Raises StalePlan, and what `look` raises.
    """
    from kalentops import planfile
    from kalentops.commands import stages

    if saved is None:
        return planned
    if saved.refreshed:
        planned = stages.look(planned, target, at_once, quiet=quiet)
    planfile.check(saved, planned.plan)
    return planned
