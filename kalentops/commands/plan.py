"""`kalentops plan`."""

from __future__ import annotations

from pathlib import Path

import click

from kalentops.commands import options


@click.command(
    epilog="\b\nExample:\n  kalentops plan\n  kalentops plan --out plan.json && kalentops apply plan.json"
)
@options.folder
@options.state
@options.output("text", "json")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Save the plan for apply."
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 if there are changes.")
@options.verbose
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    directory: Path,
    state_file: Path | None,
    form: str,
    out: Path | None,
    *,
    detailed_exitcode: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Show what apply would do: the files against the state.

    Works offline, without a key, and can't write anything but the file of --out.
    """
    from kalentops.commands.stages import check_guards, plan_of, read_files, refuse_invalid
    from kalentops.errors import GuardRefused
    from kalentops.planfile import save
    from kalentops.reports import machine, plans
    from kalentops.reports.console import show
    from kalentops.reports.notes import tell
    from kalentops.store.filestore import FileStore

    project = options.project(directory, state_file)
    snapshot = FileStore(project.state_path).read()
    tell(snapshot.notes)
    repository = read_files(project.config, snapshot.state)
    refuse_invalid(repository)
    plan = plan_of(repository, snapshot.state)
    if out is not None:
        save(plan, directory / out)
    if form == "json":
        click.echo(machine.dump(machine.plan(plan)))
    else:
        show([plans.summary(plan)] if quiet else plans.plan(plan, verbose=verbose))
    try:
        check_guards(plan, project.config, options.Limits(None, None))
    except GuardRefused as error:
        tell([f"apply would stop: {error}; {error.hint}"])
    ctx.exit(2 if detailed_exitcode and plan.to_do else 0)
