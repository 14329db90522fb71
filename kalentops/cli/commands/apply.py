"""`kalentops apply`: load → check → plan → confirm → apply → report."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import click

from kalentops.apply.context import Options
from kalentops.apply.result import ApplyResult, Result
from kalentops.apply.run import apply_plan
from kalentops.blueprint.remote import RemoteLists
from kalentops.cli.commands import options, pipeline
from kalentops.cli.commands.connection import ApiConfig, api_session, read_remote
from kalentops.cli.commands.pipeline import PlanContext
from kalentops.cli.commands.reporting import Reporting, show_environment
from kalentops.errors import Interrupted, StalePlan, Unreachable, UsageError
from kalentops.kalent.lists import check_permitted, refusals
from kalentops.kalent.write_client import WriteApi
from kalentops.output import explanations, json, text_plan, text_results
from kalentops.output.folded import fold
from kalentops.output.terminal import notice, show, width
from kalentops.plan.build import Change, Scope
from kalentops.plan.refresh import check_listed, check_workspace, looked_at
from kalentops.plan.saved import PlanOptions, Saved, check, check_environment, load
from kalentops.project.config import Config
from kalentops.project.files import SUFFIXES
from kalentops.project.load import Repository
from kalentops.state.model import State
from kalentops.state.store.session import Session, Store
from kalentops.support.text import clip, count, dump_json, some

_FAREWELL: Final = "stopped at once; the next apply looks up the outcome of open requests"


@click.command(
    epilog="\b\nExample:\n  kalentops apply\n  kalentops apply --yes plan.json\n  kalentops apply blueprints/sales"
)
@click.argument("plan_or_paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PLAN_FILE | PATHS...]")
@options.folder
@options.environment
@options.state
@options.output("text", "json")
@options.yes
@click.option(
    "--confirm",
    "confirmed",
    metavar="NAME",
    help="Do not ask; NAME is the environment. Needed instead of --yes where kalentops.yaml has `confirm`.",
)
@click.option(
    "--any-branch", is_flag=True, help="Apply from any branch, although kalentops.yaml has `branch`."
)
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
    environment: str | None,
    state_location: str | None,
    form: str,
    pace: options.Pace,
    scope: Scope,
    overwrite: tuple[str, ...],
    lock_timeout: float,
    limits: options.Limits,
    connection: options.NetworkOptions,
    confirmed: str | None,
    *,
    yes: bool,
    any_branch: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Create and update the blueprints in Kalent, and record their ids.

    With PLAN_FILE, applies exactly that plan or nothing. With PATHS, applies only what these files declare. Starts no
    sequence, sends no message, deletes nothing. After Ctrl-C, completes what it has started; the next run continues.
    """
    project = options.project(directory, state_location, environment)
    store = project.store
    saved, paths = _saved_or_paths([directory / each for each in plan_or_paths])
    if saved is not None:
        check_environment(saved, project.config.environment)
    yes = _is_confirmed(project.config, confirmed, yes=yes)
    if not any_branch:
        pipeline.check_branch(project.config)
    target = ApiConfig.of(connection, os.environ, project.config)
    run = _Run(project, store, target, saved, pace, form, yes=yes, verbose=verbose, quiet=quiet)
    report = Reporting("apply", form, project.config)
    show_environment(project.config.environment, stream=None if form == "text" else sys.stderr)
    with store.session(lock_timeout=lock_timeout) as session:
        repository = pipeline.load_files(project.config, session.state)
        plan_options = pipeline.select(scope, overwrite, repository, project.config, paths)
        chosen = plan_options if saved is None else saved.plan_options
        report.refuse_invalid(repository, covers=chosen.scope.covers)
        context = run.plan(repository, session.state, plan_options)
        pipeline.check_guards(context.plan, project.config, limits)
        noted = session.notes
        context = run.confirm(context, noted)
        result, told = run.apply(context, session)
        # Before the state is folded: if that fails, the ids have been shown.
        _show(result, told, context.plan.left_out, report)
    notice(session.notes[len(noted) :])
    if not quiet and options.can_ask():
        notice(pipeline.commit_hint(store))
    ctx.exit(result.exit_code)


def _is_confirmed(config: Config, name: str | None, *, yes: bool) -> bool:
    """Whether there is nothing to ask. Raises UsageError for another name, and if a question can't be asked."""
    if name is not None and name != config.environment:
        raise UsageError(
            f"--confirm {clip(name, 40)} does not name the environment that is applied"
            + (f", {config.environment}" if config.environment else ": kalentops.yaml has no environments"),
            hint=f"pass --confirm {config.environment}" if config.environment else "pass --yes",
        )
    done = name is not None or (yes and not config.confirm)
    if not done and not options.can_ask():
        option = f"--confirm {config.environment}" if config.confirm else "--yes"
        enough = f"; --yes is not enough for {config.environment}" if yes else ""
        raise UsageError(
            f"apply asks for confirmation, and this is not a terminal{enough}", hint=f"pass {option}"
        )
    return done


def _saved_or_paths(places: Sequence[Path]) -> tuple[Saved | None, Sequence[Path]]:
    """Raises UsageError, StalePlan."""
    plans = [each for each in places if each.suffix.lower() not in SUFFIXES and not each.is_dir()]
    if not plans:
        return None, places
    if len(places) > 1:
        hint = f"pass {plans[0]} alone, or only files and folders of blueprints"
        raise UsageError("a saved plan has its own selection", hint=hint)
    return load(plans[0]), ()


class _Run(NamedTuple):
    """One run, as the command line asks for it; `saved` was reviewed before."""

    project: options.Project
    store: Store
    target: ApiConfig
    saved: Saved | None
    pace: options.Pace
    form: str
    yes: bool
    verbose: bool
    quiet: bool

    @property
    def parallelism(self) -> int:
        return self.pace.parallelism or self.project.config.parallelism

    def plan(self, repository: Repository, state: State, plan_options: PlanOptions) -> PlanContext:
        """The plan of files and state. If there is a saved one, it is still that; if that was made with --refresh, of
        what Kalent shows as well. Raises UsageError, StalePlan, StateError, and what `read_remote` raises.
        """
        context = self._build(repository, state, plan_options)
        _check_resend(self.pace.resend, context, saved=self.saved is not None)
        _check_take_over(self.pace.take_over, context)
        self.target.check_state(state)
        if self.saved is not None:
            if self.saved.refreshed:
                observed = read_remote(context.sourcings, self.target, self.parallelism, quiet=self.quiet)
                check_permitted(observed)
                context = context.refreshed(observed)
            check(self.saved, context.plan)
        return context

    def _build(self, repository: Repository, state: State, plan_options: PlanOptions) -> PlanContext:
        if self.saved is None:
            return pipeline.build_plan(repository, state, plan_options)
        if plan_options != PlanOptions():
            raise UsageError(
                "a saved plan has its own selection",
                hint="leave --sourcing, --target and --overwrite out, or make the plan with them",
            )
        try:
            return pipeline.build_plan(repository, state, self.saved.plan_options)
        except UsageError as error:
            raise StalePlan(f"the saved plan can't be made again: {error}") from None

    def confirm(self, context: PlanContext, notes: Iterable[str]) -> PlanContext:
        """Show the plan, and ask unless --yes was given. Raises Interrupted for a no, and what `_refreshed` raises."""
        risks = pipeline.checkout_warnings(self.project.config, self.store, context.state)
        notes = [*notes, *risks, *map(_resend_note, self.pace.resend)]
        overwrites = self.saved is not None and bool(self.saved.plan_options.overwrite)
        brief = self.quiet or self.saved is not None
        if not self.yes:
            # The question is about what will happen: adoptions, and edits made in Kalent, are in the plan.
            before = context
            context, unread = self._refreshed(context)
            notes += unread
            as_reviewed = context.plan.changes == before.plan.changes and not context.plan.drift
            brief = self.quiet or (brief and as_reviewed)
        elif overwrites:
            notes.append(_overwrite_note(self.saved))
        plan = context.plan
        environment = self.project.config.environment
        notice(explanations.with_environment(each, environment) for each in notes)
        # With --yes, the result gives the reasons of conflicts.
        reasons = not self.yes or self.form != "text"
        command = text_plan.PLAN if self.yes else "kalentops apply"
        shown = text_plan.plan(
            plan, verbose=self.verbose, reasons=reasons, width=width(sys.stderr), command=command
        )
        show([text_plan.plan_summary(plan)] if brief else shown, sys.stderr)
        notice(
            explanations.with_environment(each, environment)
            for each in pipeline.notes_without_state(context, self.store, applies=True)
        )
        if plan.to_do and not self.yes:
            known = f"{_overwrite_note(self.saved)}. " if overwrites else ""
            config = self.project.config
            folded = len(fold(plan, whole=self.verbose or brief).folded)
            known += f"{count(folded, 'blueprint')} not shown one by one. " if folded else ""
            question = f"{known}Apply this plan{f' to {config.environment}' if config.environment else ''}?"
            if not options.ask(question, config.environment if config.confirm else None):
                raise Interrupted("cancelled; nothing was changed")
        return context

    def _refreshed(self, context: PlanContext) -> tuple[PlanContext, list[str]]:
        """The plan compared with what Kalent shows; each sourcing is listed once. A sourcing that can't be read stays
        as planned, and a note says so.

        Raises Unauthorized, Interrupted, and StateError if the state is another workspace's.
        """
        if context.observed is not None or not context.plan.to_do:
            return context, []
        try:
            seen = read_remote(context.sourcings, self.target, self.parallelism, quiet=self.quiet)
        except Unreachable as error:
            return context, [f"Kalent could not be read before the confirmation: {error}"]
        if context.plan_options.scope.everything:
            check_workspace(context.known, looked_at(seen))
        check_listed(context.known, seen.refused)
        notes = (
            [f"some sourcings could not be read before the confirmation: {refusals(seen)}"]
            if seen.refused
            else []
        )
        return context.refreshed(RemoteLists(seen.lists)), notes

    def apply(self, context: PlanContext, session: Session) -> tuple[ApplyResult, Mapping[str, Result]]:
        """The result, and the part of it that was shown while it came, by address. SIGINT and SIGTERM end the run after
        what is under way, a second one at once. The only place that makes a client that can write.
        """
        config, target = self.project.config, self.target
        settings = Options(
            target.tenant,
            self.pace.settle,
            self.parallelism,
            frozenset(context.plan_options.overwrite),
            config.create == "whole",
            frozenset(self.pace.resend),
            frozenset(self.pace.take_over),
        )
        results = sys.stdout if self.form == "text" else None
        with api_session(
            target, quiet=self.quiet, verbose=self.verbose, farewell=_FAREWELL, results=results
        ) as api:
            client = WriteApi(api.transport, api.throttle, target.network.url)
            result = apply_plan(
                context.plan, client, session, api.clock, settings, api.progress, known=context.known
            )
            return result, api.progress.told


def _overwrite_note(saved: Saved | None) -> str:
    """The --overwrite of a saved plan: it is not on this command line, and a short plan does not show it."""
    said = ", ".join(clip(each, 80) for each in (saved.plan_options.overwrite if saved else ()))
    return f"the saved plan also overwrites edits made in Kalent (--overwrite): {said}"


def _check_resend(addresses: Sequence[str], context: PlanContext, *, saved: bool) -> None:
    """Raises UsageError for an address without an open create, or one that is not selected or declared, and for a
    saved plan.
    """
    if addresses and saved:
        raise UsageError("--resend can't go with a saved plan", hint="run `kalentops apply --resend ADDRESS`")
    changes: dict[str, Change] = {each.address: each for each in context.plan.changes}
    for address in addresses:
        intent, change = context.whole.relocated.state.intents.get(address), changes.get(address)
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


def _check_take_over(runs: Sequence[str], context: PlanContext) -> None:
    """Raises UsageError for a run without open work."""
    known = sorted({each.run for each in context.whole.relocated.state.intents.values() if each.run})
    for run in runs:
        if run not in known:
            named = (
                f"those that have are {some(known, 3)}" if known else "no run has any: leave --take-over out"
            )
            raise UsageError(f"run {clip(run)} has no open work in the state", hint=named)


def _resend_note(address: str) -> str:
    said = f"{clip(address, 200)} will be sent again unless Kalent shows an identical blueprint"
    return f"{said}; if the first request still takes effect, there will be two"


def _show(
    result: ApplyResult, told: Mapping[str, Result], left_out: Sequence[str], report: Reporting
) -> None:
    """The result on stdout, without what was shown already; `left_out` is outside of the selection."""
    notice(explanations.text(each, report.config.environment) for each in result.notes)
    if left_out:
        notice([text_plan.left_out(left_out)])
    if report.form == "json":
        said = json.apply(result, left_out=left_out, environment=report.config.environment)
        sys.stdout.write(dump_json(said) + "\n")
    else:
        show(text_results.results(result, told, report.config.environment))
    report.summarise(lambda markdown, **size: markdown.results(result, report.config.environment, **size))
