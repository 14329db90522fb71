"""`kalentops plan`, and `kalentops show`, which shows a saved plan."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import click
from click.core import ParameterSource

from kalentops.cli.commands import options, pipeline
from kalentops.cli.commands.pipeline import PlanContext
from kalentops.cli.commands.reporting import (
    FINDINGS_ON_STDERR,
    Reporting,
    SeverityOptions,
    print_plan,
    severity_options,
    show_failure,
    show_up_to_date,
    shown_findings,
)
from kalentops.errors import Interrupted, KalentopsError, StalePlan, UsageError
from kalentops.output import DOCUMENTS, checked_from_json, combined
from kalentops.output.explanations import text, with_environment
from kalentops.output.terminal import notice, show
from kalentops.output.text_findings import findings
from kalentops.plan.build import Scope
from kalentops.plan.saved import DAMAGED, load, plan_from_json, save
from kalentops.project.config import Config
from kalentops.project.load import survey_project
from kalentops.support.background import in_background


@click.command(
    epilog="\b\nExample:\n  kalentops plan\n  kalentops plan blueprints/sales\n"
    "  kalentops plan --refresh --out plan.json && kalentops apply plan.json"
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@options.folder
@options.environment
@options.state
@options.report
@severity_options
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Save the plan, for `apply FILE` and `show FILE`.",
)
@click.option(
    "--refresh", is_flag=True, help="Also read Kalent: drift, unmanaged look-alikes. Needs the key."
)
@click.option(
    "--refresh-only", is_flag=True, help="Show drift only: what was edited in Kalent. Not with --out."
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 if there are changes or drift.")
@click.option(
    "--all-environments",
    "everywhere",
    is_flag=True,
    help="Plan all environments, one after another. Not with -e, --state or --out.",
)
@options.targets
@options.overwrite
@options.network
@options.no_cache
@options.verbose
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    directory: Path,
    environment: str | None,
    state_location: str | None,
    form: str,
    out: Path | None,
    overwrite: tuple[str, ...],
    scope: Scope,
    severity: SeverityOptions,
    connection: options.NetworkOptions,
    *,
    refresh: bool,
    refresh_only: bool,
    everywhere: bool,
    detailed_exitcode: bool,
    no_cache: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Show what apply would change: the files compared with the state.

    Works offline and without a key, and writes nothing but the file of --out. With PATHS, plans only what these files
    declare and what uses their templates; all files are checked. With --refresh, also reads Kalent.
    """
    if refresh_only and out is not None:
        raise UsageError(
            "--refresh-only shows drift alone: there is nothing to save", hint="use --refresh --out"
        )
    run = _Run(
        [directory / each for each in paths],
        form,
        out and directory / out,
        scope,
        overwrite,
        severity,
        connection,
        refresh=refresh,
        refresh_only=refresh_only,
        no_cache=no_cache,
        verbose=verbose,
        quiet=quiet,
    )
    if everywhere:
        _check_everywhere(ctx, state_location, out)
        code = _plan_everywhere(run, directory)
    else:
        code = run.plan(options.project(directory, state_location, environment, cached=not no_cache))
    ctx.exit(0 if code == _CHANGES and not detailed_exitcode else code)


_CHANGES: Final = 2


class _Run(NamedTuple):
    """One run, as the command line asks for it."""

    places: Sequence[Path]
    form: str
    out: Path | None
    scope: Scope
    overwrite: tuple[str, ...]
    severity: SeverityOptions
    connection: options.NetworkOptions
    refresh: bool
    refresh_only: bool
    no_cache: bool
    verbose: bool
    quiet: bool

    def _is_plain(self, config: Config) -> bool:
        """Whether files and state alone decide what is shown, as text on a terminal."""
        options_given = self.places or self.out or self.overwrite or self.refresh or self.refresh_only
        hidden = self.severity.against or self.severity.errors_only
        elsewhere = len(config.environments) > 1 or os.environ.get("GITHUB_STEP_SUMMARY")
        return self.form == "text" and self.scope.everything and not (options_given or hidden or elsewhere)

    def plan(self, project: options.Project) -> int:
        """Show the plan, and save it if --out asks for it; 2 for changes or drift, else 0."""
        config, store = project.config, project.store
        cache = options.open_cache(config, no_cache=self.no_cache)
        # Hashing a file leaves room for others.
        fetched = store.fetch if store.shared else in_background(store.fetch)
        try:
            found = survey_project(config, cache)
        except UsageError:
            store.snapshot(fetched(), cache)  # a state that can't be used is said first
            raise
        stored = fetched()
        up_to_date = pipeline.UpToDate(cache, store, stored)
        if self._is_plain(config):
            unchanged = up_to_date.unchanged(found.fingerprint)
            if unchanged is not None:
                show_up_to_date(unchanged, config.environment)
                return 0
        snapshot = store.snapshot(stored, cache)
        notice(snapshot.notes)
        repository = pipeline.load_files(config, snapshot.state, found)
        self.severity.apply(repository, config, [config.blueprints])
        reporting = Reporting("plan", self.form, config, verbose=self.verbose, quiet=self.quiet)
        plan_options = pipeline.select(self.scope, self.overwrite, repository, config, self.places)
        reporting.refuse_invalid(repository, covers=plan_options.scope.covers)
        offline = context = pipeline.build_plan(repository, snapshot.state, plan_options)
        if self.refresh or self.refresh_only:
            context = _refreshed(offline, self.connection, config, quiet=self.quiet)
        plan = pipeline.only_drift(context.plan) if self.refresh_only else context.plan
        plan = replace(plan, state_edits=pipeline.state_edits(store, snapshot.state))
        if self.out is not None:
            say = partial(text, environment=config.environment)
            save(plan, self.out, say, context.plan_options, reporting.for_saved_plan(repository))
        reporting.show_plan(plan, repository)
        if self._is_plain(config) and not snapshot.notes:
            up_to_date.keep(plan, repository.fingerprint)
        if not self.quiet:
            notice(
                with_environment(each, config.environment)
                for each in pipeline.notes_without_state(context, store)
            )
        if not self.refresh_only:
            # `apply FILE` uses the saved plan; `apply` plans again, from files and state.
            applied = context if self.out is not None else offline
            refusals = pipeline.apply_refusals(applied, context.observed, config)
            notice(with_environment(each, config.environment) for each in refusals)
        return _CHANGES if plan.to_do or plan.drift else 0


def _check_everywhere(ctx: click.Context, state_location: str | None, out: Path | None) -> None:
    """Raises UsageError for what concerns one environment. KALENTOPS_ENVIRONMENT gives way to the option."""
    by_option = ctx.get_parameter_source("environment") is ParameterSource.COMMANDLINE
    for name, given in (("-e", by_option), ("--state", state_location), ("--out", out)):
        if given:
            raise UsageError(f"{name} is for one environment", hint="leave it or --all-environments out")


def _plan_everywhere(run: _Run, directory: Path) -> int:
    """The plans of all environments, one after another; the worst exit code. Raises UsageError."""
    names = options.configs(directory, None, cached=not run.no_cache)[0].environments
    if not names:
        raise UsageError("kalentops.yaml has no environments", hint="leave --all-environments out")
    told: dict[str, str] = {}
    codes = []
    for name in names:
        out = io.StringIO() if run.form in DOCUMENTS else sys.stdout
        if told and run.form not in DOCUMENTS:
            out.write("\n")
        with redirect_stdout(out):
            try:
                codes.append(run.plan(options.project(directory, None, name, cached=not run.no_cache)))
            except Interrupted:
                raise
            except KalentopsError as error:
                show_failure(error, name)
                codes.append(error.exit_code)
        told[name] = out.getvalue() if isinstance(out, io.StringIO) else ""
    if run.form in DOCUMENTS:
        sys.stdout.write(combined(run.form, told))
    return max(codes, key=lambda code: (code not in {0, _CHANGES}, code))


def _refreshed(
    context: PlanContext, connection: options.NetworkOptions, config: Config, *, quiet: bool
) -> PlanContext:
    """The plan compared with what Kalent shows. Raises Forbidden if the key may see none of the sourcings."""
    # An offline plan needs no HTTP client, which takes as long to load as the rest.
    from kalentops.cli.commands.connection import ApiConfig, read_remote
    from kalentops.kalent.lists import check_permitted

    target = ApiConfig.of(connection, os.environ, config)
    target.check_state(context.state)
    observed = read_remote(context.sourcings, target, config.parallelism, quiet=quiet)
    check_permitted(observed)
    return context.refreshed(observed)


@click.command(
    epilog="\b\nExample:\n  kalentops plan --out plan.json\n  kalentops show plan.json --format markdown"
)
@click.argument("plan_file", metavar="FILE", type=click.Path(path_type=Path))
@options.folder
@options.report
@options.verbose
@options.quiet
def saved(plan_file: Path, directory: Path, form: str, *, verbose: bool, quiet: bool) -> None:
    """Show a plan that `plan --out` saved, in each format of `plan`.

    Prints what `plan` printed when it saved FILE. Reads no blueprints, no state and not Kalent, so it does not check
    that the plan still holds: `apply FILE` does.
    """
    found = load(directory / plan_file)
    try:
        plan = plan_from_json(found.raw)
        checked = checked_from_json(found.report, plan.findings)
        if form in FINDINGS_ON_STDERR:
            show(findings(shown_findings(plan.findings, quiet=quiet)), sys.stderr)
        print_plan(plan, checked, form, verbose=verbose, quiet=quiet)
    except RecursionError:  # `plan` writes nothing that is nested so deeply
        raise StalePlan(DAMAGED) from None
