"""`kalentops apply`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from kalentops.apply.context import Options, Recorder
from kalentops.apply.result import ApplyResult, Result
from kalentops.apply.run import apply_plan
from kalentops.blueprint.remote import RemoteLists
from kalentops.cli.commands import options, pipeline
from kalentops.cli.commands.connection import ApiConfig, wired
from kalentops.cli.commands.pipeline import PlanContext
from kalentops.errors import Interrupted, StalePlan, Unreachable, UsageError
from kalentops.kalent.write_client import WriteApi
from kalentops.output import text_plan
from kalentops.output.terminal import notice, show, width
from kalentops.plan import saved as saved_plan
from kalentops.plan.workspace import check_workspace, looked_at
from kalentops.project.files import SUFFIXES
from kalentops.support.text import clip

if TYPE_CHECKING:
    from kalentops.apply.context import Options
    from kalentops.cli.commands.connection import ApiConfig
    from kalentops.cli.commands.pipeline import PlanContext
    from kalentops.plan.build import Scope
    from kalentops.plan.saved import Saved
    from kalentops.project.config import Config
    from kalentops.project.load import Repository
    from kalentops.state.model import State


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
    from kalentops.cli.commands import pipeline, reporting
    from kalentops.cli.commands.connection import ApiConfig
    from kalentops.output.terminal import notice
    from kalentops.state.store import open_store

    project = options.project(directory, state_file)
    saved, paths = given(directory, plan_or_paths)
    if not yes and not options.can_ask():
        raise UsageError("apply asks for confirmation, and this is no terminal", hint="pass --yes")
    target = ApiConfig.of(connection, os.environ)
    at_once = pace.parallelism or project.config.parallelism
    report = reporting.Reporting("apply", form, project.config)
    agreement = Agreement(project.state_path, saved, form, yes, verbose, quiet)
    with open_store(project.state_path).session(lock_timeout=lock_timeout) as session:
        repository = pipeline.read_files(project.config, session.state)
        report.refuse_invalid(repository)
        of = saved, paths
        planned = plan_now(repository, session.state, project.config, scope, overwrite, of)
        check_resend(pace.resend, planned, saved=saved is not None)
        target.check_state(session.state)
        planned = as_reviewed(planned, saved, target, at_once, quiet=quiet)
        pipeline.check_guards(planned.plan, project.config, limits)
        risks = pipeline.to_know_before(project.config.root, project.state_path, session.state)
        notes = [*session.notes, *risks, *map(resending, pace.resend)]
        planned = agreement.on(planned, target, at_once, notes)
        settings = _settings(pace, planned, target, project.config)
        out = sys.stdout if form == "text" else None
        result, told = carry_out(planned, session, target, settings, out, quiet=quiet, verbose=verbose)
        # Before the state is folded: should that fail, the ids have been told at least.
        report.show_result(result, told, left_out=planned.plan.left_out)
    if not quiet and options.can_ask():
        notice(pipeline.to_commit(project.state_path))
    ctx.exit(result.exit_code)


def _settings(pace: options.Pace, planned: PlanContext, target: ApiConfig, config: Config) -> Options:
    from kalentops.apply.context import Options

    at_once, whole = pace.parallelism or config.parallelism, config.create == "whole"
    overwrite, resend = frozenset(planned.asked.overwrite), frozenset(pace.resend)
    return Options(target.tenant, pace.settle, at_once, overwrite, whole, resend)


def given(directory: Path, arguments: Sequence[Path]) -> tuple[Saved | None, list[Path]]:
    """The saved plan that the arguments name, or the files and folders. Raises UsageError, StalePlan."""
    places = [directory / each for each in arguments]
    plans_ = [each for each in places if each.suffix.lower() not in SUFFIXES and not each.is_dir()]
    if plans_ and len(places) > 1:
        hint = f"give {plans_[0]} alone, or only files and folders of blueprints"
        raise UsageError("a saved plan has its own selection", hint=hint)
    return (saved_plan.load(plans_[0]), []) if plans_ else (None, places)


def plan_now(
    repository: Repository,
    state: State,
    config: Config,
    scope: Scope,
    overwrite: tuple[str, ...],
    of: tuple[Saved | None, Sequence[Path]],
) -> PlanContext:
    """The plan that holds now. Raises UsageError; where a saved one asks for what is not there any more, StalePlan."""
    saved, paths = of
    asked = pipeline.asked_for(scope, overwrite, repository, config, paths)
    if saved is None:
        return pipeline.plan_of(repository, state, asked)
    if asked != saved_plan.PlanOptions():
        raise UsageError(
            "a saved plan has its own selection",
            hint="leave --sourcing, --target and --overwrite out, or make the plan with them",
        )
    try:
        return pipeline.plan_of(repository, state, saved.asked)
    except UsageError as error:
        raise StalePlan(f"the saved plan can't be made again: {error}") from None


def as_reviewed(
    planned: PlanContext, saved: Saved | None, target: ApiConfig, at_once: int, *, quiet: bool
) -> PlanContext:
    """The same, if it is what the saved plan says, where there is one. What was reviewed with what Kalent showed is
    applied only if it still shows that. Raises StalePlan, and what `look` raises.
    """
    if saved is None:
        return planned
    if saved.refreshed:
        planned = pipeline.look(planned, target, at_once, quiet=quiet)
    saved_plan.check(saved, planned.plan)
    return planned


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a plan is shown before it is carried out; `saved` was reviewed before."""

    state_file: Path
    saved: Saved | None
    form: str
    yes: bool
    verbose: bool
    quiet: bool

    def on(self, planned: PlanContext, target: ApiConfig, at_once: int, notes: Iterable[str]) -> PlanContext:
        """The plan, shown, and said yes to. Raises Interrupted for a no, and what `foretell` raises."""
        notes, brief = list(notes), self.quiet or self.saved is not None
        if not self.yes:
            # The question is about what will happen: adoptions, and edits made in Kalent, are in the plan.
            before = planned
            planned, unread = foretell(planned, target, at_once, quiet=self.quiet)
            notes += unread
            as_it_was = planned.plan.changes == before.plan.changes and not planned.plan.drift
            brief = self.quiet or (brief and as_it_was)
        elif _overwrites(self.saved):
            notes.append(_replaces(self.saved))
        plan = planned.plan
        notice(notes)
        # Who is asked reads the plan; who is not, the result, which has the reasons of conflicts.
        reasons = not self.yes or self.form != "text"
        whole = text_plan.plan(plan, verbose=self.verbose, reasons=reasons, width=width(sys.stderr))
        show([text_plan.plan_summary(plan)] if brief else whole, sys.stderr)
        notice(pipeline.unseen(planned, self.state_file))
        if plan.to_do and not self.yes:
            known = f"{_replaces(self.saved)}. " if _overwrites(self.saved) else ""
            if not options.ask(f"{known}Apply this plan?"):
                raise Interrupted("cancelled; nothing was changed")
        return planned


def _overwrites(saved: Saved | None) -> bool:
    return saved is not None and bool(saved.asked.overwrite)


def _replaces(saved: Saved | None) -> str:
    """The --overwrite of a saved plan: it is not on this command line, and a short plan does not show it."""
    said = ", ".join(clip(each, 80) for each in (saved.asked.overwrite if saved else ()))
    return f"the saved plan also overwrites edits made in Kalent (--overwrite): {said}"


def foretell(
    planned: PlanContext, target: ApiConfig, parallelism: int, *, quiet: bool
) -> tuple[PlanContext, list[str]]:
    """The plan compared with what Kalent shows, for the question: each sourcing is listed once. A sourcing that can't
    be read stays as planned, and a note says so.

    Raises Unauthorized, Interrupted, and StateError where the state is another workspace's.
    """
    from kalentops.kalent.lists import refusals

    if planned.observed is not None or not planned.plan.to_do:
        return planned, []
    try:
        seen = pipeline.observe(planned.sourcings, target, parallelism, quiet=quiet)
    except Unreachable as error:
        return planned, [f"Kalent could not be looked at first: {error}"]
    if planned.asked.scope.everything:
        check_workspace(planned.known, looked_at(seen))
    notes = [f"not everything could be looked at first: {refusals(seen)}"] if seen.refused else []
    return planned.refreshed(RemoteLists(seen.lists)), notes


def check_resend(addresses: Iterable[str], planned: PlanContext, *, saved: bool) -> None:
    """Raises UsageError for an address where no create is open, or that is not asked for or in no file, beside
    a saved plan.
    """
    addresses = tuple(addresses)
    if addresses and saved:
        raise UsageError("--resend can't go with a saved plan", hint="run `kalentops apply --resend ADDRESS`")
    changes = {each.address: each for each in planned.plan.changes}
    for address in addresses:
        intent, change = planned.relocated.state.intents.get(address), changes.get(address)
        if intent is None or intent.action != "create" or intent.only_reserves:
            raise UsageError(
                f"no create of unknown outcome is open at {clip(address)}",
                hint="`kalentops state list` shows the open ones",
            )
        if change is None:
            raise UsageError(
                f"{clip(address)} can't be sent again: it is outside the selection",
                hint="paths, --sourcing and --target must cover it",
            )
        if change.file is None:
            raise UsageError(
                f"{clip(address)} can't be sent again: no file declares it",
                hint=f"`kalentops state rm {clip(address)}` forgets it",
            )


def resending(address: str) -> str:
    """What a person should know before the question."""
    said = f"{clip(address, 200)} will be sent again unless Kalent shows an identical blueprint"
    return f"{said}; if the first request still takes effect, there will be two"


# The journal is durable up to there, and the next run goes on from it.
_FAREWELL = "stopped at once; the next apply looks up the outcome of what was under way"


def carry_out(
    planned: PlanContext,
    session: Recorder,
    target: ApiConfig,
    options: Options,
    results: IO[str] | None,
    *,
    quiet: bool,
    verbose: bool,
) -> tuple[ApplyResult, Mapping[str, Result]]:
    """Do what was asked for of a plan. SIGINT and SIGTERM end it after what is under way; a second one at once. With
    `verbose`, both steps of a create are told. Also gives what was told already, on `results`, by address.
    """
    with wired(target, quiet=quiet, verbose=verbose, farewell=_FAREWELL, results=results) as wire:
        api = WriteApi(wire.transport, wire.throttle, target.network.url)
        done = apply_plan(planned.plan, api, session, wire.clock, options, wire.progress, known=planned.known)
        return done, wire.progress.told
