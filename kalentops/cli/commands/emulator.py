"""`kalentops emulator`."""

from __future__ import annotations

import errno
from pathlib import Path

import click

from kalentops.cli.commands import options
from kalentops.cli.commands.extras import needs_emulator
from kalentops.errors import KalentopsError


@click.command(
    epilog="\b\nExample:\n  kalentops emulator --example\n  kalentops emulator --port 8080 --db /tmp/kalent.db"
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8080,
    show_default=True,
    metavar="PORT",
    help="Port to listen on; 0 for any free port.",
)
@click.option(
    "--latency",
    type=click.FloatRange(0, 60),
    default=0.0,
    metavar="SECONDS",
    help="Seconds to wait before each answer.",
)
@click.option(
    "--db",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep the data in this file. [default: in memory]",
)
@click.option(
    "--sourcing",
    multiple=True,
    metavar="ID",
    help="A sourcing that exists. May be repeated. [default: every id exists]",
)
@click.option("--example", is_flag=True, help="Start with sample sourcings and blueprints.")
@options.quiet
def command(
    port: int, latency: float, db: Path | None, sourcing: tuple[str, ...], *, example: bool, quiet: bool
) -> None:
    """Run a local stand-in for the Kalent API, on the loopback address.

    Accepts any key, refuses what the real API refuses, and messages nobody. Needs the extra `emulator`. With --example,
    it has data for `sourcings`, `import --all` and `plan --refresh`.
    """
    try:
        from kalentops.emulator import EmulatorError
        from kalentops.emulator.server import serve
    except ModuleNotFoundError as error:
        raise needs_emulator("the emulator", error) from None

    def ready(url: str) -> None:
        click.echo(url)
        if not quiet:
            click.echo(f"export KALENT_API_URL={url} KALENT_API_KEY=any", err=True)
            click.echo("Ctrl-C ends it.", err=True)

    try:
        serve(
            port=port,
            db=None if db is None else str(db),
            latency=latency,
            sourcings=[(each, each) for each in sourcing],
            auto_sourcings=not (sourcing or example),
            example=example,
            on_ready=ready,
        )
    except (OSError, EmulatorError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            said, hint = f"port {port} is taken", "pass another --port; 0 takes a free one"
            raise KalentopsError(f"the emulator can't run: {said}", hint=hint) from None
        raise KalentopsError(f"the emulator can't run: {error}", hint="pass another --port or --db") from None
