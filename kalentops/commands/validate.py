"""`kalentops validate`."""

from __future__ import annotations

from pathlib import Path

import click

from kalentops.commands import options


@click.command(
    epilog="\b\nExample:\n  kalentops validate\n  kalentops validate blueprints/engineering --format json"
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@options.folder
@options.output("text", "json")
@options.quiet
@click.pass_context
def command(ctx: click.Context, paths: tuple[Path, ...], directory: Path, form: str, *, quiet: bool) -> None:
    """Check the files against every rule. Needs no key, no network and no state.

    Without PATHS, all of the folder of blueprints. Exit code 3 if there is an error.
    """
    from kalentops.reports import findings, machine
    from kalentops.reports.console import show
    from kalentops.reports.notes import tell
    from kalentops.repository import load

    config = options.project(directory, None).config
    places = [directory / path for path in paths] or [config.blueprints]
    repository = load(config.root, places, severities=config.severities, known=None)
    if form == "json":
        click.echo(machine.dump(machine.validation(repository.findings)))
    else:
        show(findings.findings(repository.findings))
        if not quiet:
            show([findings.summary(repository.findings, repository.files, len(repository.desired))])
    if not repository.files:
        tell([f"no file of a name in .yaml or .yml is below {', '.join(str(place) for place in places)}"])
    ctx.exit(0 if repository.valid else 3)
