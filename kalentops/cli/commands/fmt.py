"""`kalentops fmt`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kalentops.cli.commands import options


@click.command(
    epilog="\b\nExample:\n  kalentops fmt\n  kalentops fmt --check\n  kalentops fmt --diff blueprints/engineering"
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@options.folder
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if a file would change.")
@click.option(
    "--diff", is_flag=True, help="Write nothing, show what would change; exit code as with --check."
)
@options.quiet
@click.pass_context
def command(
    ctx: click.Context, paths: tuple[Path, ...], directory: Path, *, check: bool, diff: bool, quiet: bool
) -> None:
    """Bring the files into one layout. Texts, comments and the order of everything stay.

    Without PATHS, all of the folder of blueprints. A file that is no valid YAML is left as it is: exit code 3. So is
    one whose texts or comments would not come through: exit code 1.
    """
    from kalentops.output import formatting
    from kalentops.output.console import show
    from kalentops.output.notices import tell
    from kalentops.project.files import find
    from kalentops.yamlfile.files import format_file, save

    config = options.project(directory, None).config
    places = [directory / path for path in paths] or [config.blueprints]
    sources = find(config.root, places)
    writes = not (check or diff)
    done = []
    for source in sources:
        formatted = format_file(source, config.root)
        done.append(save(source, formatted) if writes else formatted)
    show(formatting.left_alone(done), sys.stderr)
    if diff:
        show(formatting.diff(done))
    elif not quiet:
        show(formatting.changed(done, written=writes))
    if not quiet:
        show([formatting.summary(done, written=writes)], sys.stderr if diff else sys.stdout)
    if not sources:
        tell([f"no file of a name in .yaml or .yml is below {', '.join(str(place) for place in places)}"])
    failed = any(each.problem for each in done) or (not writes and any(each.changed for each in done))
    ctx.exit(3 if any(each.findings for each in done) else int(failed))
