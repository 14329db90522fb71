"""`kalentops preview`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from kalentops.cli.commands import options
from kalentops.errors import KalentopsError, StoreFailure, UsageError
from kalentops.output.terminal import notice
from kalentops.preview.html import GENERATOR, render, render_trouble, serve
from kalentops.preview.page import PreviewRequest, build, version
from kalentops.preview.phrases import LANGUAGES, Language
from kalentops.support import atomic_write
from kalentops.support.text import clip, count

_FILE = Path("kalentops-preview.html")


@click.command(
    epilog="\b\nExample:\n  kalentops preview\n  kalentops preview --against main --open\n"
    "  kalentops preview --against main --all\n  kalentops preview --serve"
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@options.folder
@options.environment
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help=f"File to write; `-` for stdout. [default: {_FILE}]",
)
@click.option("--against", metavar="REV", help="Show only what has changed since this commit, branch or tag.")
@click.option("--all", "whole", is_flag=True, help="With --against, show unchanged blueprints too.")
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    help="Language of the page's own words. [default: the browser's, else en]",
)
@click.option(
    "--serve",
    is_flag=True,
    help="Serve the page on this machine and reload it when files change. Not with --out.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8137,
    show_default=True,
    metavar="PORT",
    help="Port for --serve; 0 for any free port.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
@options.no_cache
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    directory: Path,
    environment: str | None,
    out: Path | None,
    against: str | None,
    language: Language | None,
    *,
    whole: bool,
    serve: bool,
    port: int,
    opens: bool,
    no_cache: bool,
    quiet: bool,
) -> None:
    """Write an HTML page that shows what candidates get, and when.

    The page is one file that loads nothing: each sequence day by day, each message as its reader sees it, with findings
    beside their step. Without PATHS, it shows all files; without -e, those of all environments. Works offline, without
    a key, and for files with errors (exit code 3).
    """
    if not directory.is_dir():
        raise UsageError(
            f"there is no folder {directory}", hint="pass -C DIR with the folder of your repository"
        )
    cache = partial(options.open_cache, no_cache=no_cache)
    request = PreviewRequest(directory, paths, against, environment, whole, cache)
    if serve:
        if out is not None:
            raise UsageError("--serve writes no file", hint="leave out --out or --serve")
        _serve(request, language, port, opens=opens, quiet=quiet)
        return
    built = build(request)
    page = render(built.page, language=language)
    if str(out) == "-":
        click.echo(page, nl=False)
    else:
        path = directory / (out or _FILE)
        _write(path, page)
        click.echo(str(path) if quiet else f"{path}: {built.summary}")
        if opens:
            _open(path.resolve().as_uri())
    left_out = built.page.unchanged
    if left_out is not None and not quiet:
        nothing = "" if built.page.sequences else f"no sequence has changed since {clip(str(against), 40)}; "
        notice([f"{nothing}left out: {count(left_out.number, 'unchanged sequence')}; --all shows them too"])
    if not built.repository.files:
        notice(["there is no .yaml or .yml file to show"])
    if not built.repository.valid:
        notice(["the files have errors; the page shows them, and `kalentops validate` lists them"])
    ctx.exit(0 if built.repository.valid else 3)


def _serve(
    request: PreviewRequest, language: Language | None, port: int, *, opens: bool, quiet: bool
) -> None:

    def make(name: str) -> bytes:
        try:
            built = build(request)
        except KalentopsError as error:
            notice([str(error)])
            return render_trouble(str(error), error.hint or "", live=name, language=language)
        if not quiet:
            notice([f"shown: {built.summary}"])
        return render(built.page, live=name, language=language)

    def ready(address: str) -> None:
        click.echo(address)
        if not quiet:
            click.echo("Ctrl-C ends it.", err=True)
        if opens:
            _open(address)

    serve(lambda: version(request), make, port=port, on_ready=ready)


def _write(path: Path, page: bytes) -> None:
    """Raises UsageError for a file that is something else, StoreFailure."""
    try:
        target = path.resolve()
        if target.exists() and f'name="generator" content="{GENERATOR} '.encode() not in _head(target):
            raise UsageError(
                f"{path} exists, and is not a page of kalentops",
                hint="pass another --out, or remove the file",
            )
        atomic_write.replace(target, page)
    except (OSError, RuntimeError) as error:
        raise StoreFailure.of_output("the page", path, error) from error


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(4096)


def _open(address: str) -> None:
    import webbrowser

    if not webbrowser.open(address):
        notice([f"no browser could be started; open {address} yourself"])
