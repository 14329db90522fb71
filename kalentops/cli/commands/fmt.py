"""`kalentops fmt`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kalentops.cli.commands import options
from kalentops.output import text_files
from kalentops.output.terminal import notice, show
from kalentops.project.environments import by_folder
from kalentops.project.files import find, read_whole
from kalentops.yamlfile.fmt import Formatted, format_text, save


@click.command(
    epilog="\b\nExample:\n  kalentops fmt\n  kalentops fmt --check\n  kalentops fmt --diff blueprints/engineering"
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@options.folder
@options.environment
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing and show the changes; exit code as with --check.")
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    directory: Path,
    environment: str | None,
    *,
    check: bool,
    diff: bool,
    quiet: bool,
) -> None:
    """Format the files. Texts, comments and order do not change.

    Without PATHS, formats all files in the folder of blueprints. A file that is not valid YAML is left as it is (exit
    code 3). So is a file whose texts or comments would change (exit code 1).
    """
    configs = options.configs(directory, environment)
    root = configs[0].root
    places = [directory / path for path in paths] or [
        place for _, places in by_folder(configs) for place in places
    ]
    sources = find(root, places)
    writes = not (check or diff)
    done = []
    for source in sources:
        text = read_whole(source, root)
        said = (
            format_text(source.name, text)
            if isinstance(text, str)
            else Formatted(source.name, "", "", [text])
        )
        done.append(save(source.path, said) if writes else said)
    show(text_files.left_alone(done), sys.stderr)
    if diff:
        show(text_files.diff(done))
    elif not quiet:
        show(text_files.formatted(done, written=writes))
    if not quiet:
        show([text_files.format_summary(done, written=writes)], sys.stderr if diff else sys.stdout)
    if not sources:
        notice([f"there is no .yaml or .yml file below {', '.join(str(place) for place in places)}"])
    failed = any(each.problem for each in done) or (not writes and any(each.changed for each in done))
    ctx.exit(3 if any(each.findings for each in done) else int(failed))
