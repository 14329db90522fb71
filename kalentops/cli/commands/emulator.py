"""`kalentops emulator`, and `kalentops demo`, which shows the whole way on it."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from importlib import resources
from pathlib import Path

import click

from kalentops.cli.commands import options
from kalentops.errors import KalentopsError, UsageError
from kalentops.init.contents import EXAMPLE_ID
from kalentops.project.load import load
from kalentops.support.installed import command_for


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
def emulator(
    port: int, latency: float, db: Path | None, sourcing: tuple[str, ...], *, example: bool, quiet: bool
) -> None:
    """Run a local stand-in for the Kalent API, on the loopback address.

    Accepts any key, refuses what the real API refuses, and sends no message. Needs the extra `emulator`. With
    --example, it has data for `sourcings`, `import --all` and `plan --refresh`.
    """
    try:
        from kalentops.emulator import EmulatorError
        from kalentops.emulator.server import serve
    except ModuleNotFoundError:
        raise needs_emulator("the emulator") from None

    def ready(url: str) -> None:
        click.echo(url)
        if not quiet:
            click.echo(_settings_of(url), err=True)
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


def _settings_of(url: str) -> str:
    """What to paste into a shell, so that kalentops finds the emulator: PowerShell on Windows, else as POSIX says."""
    if sys.platform == "win32":
        return f"$env:KALENT_API_URL = '{url}'; $env:KALENT_API_KEY = 'any'"
    return f"export KALENT_API_URL={url} KALENT_API_KEY=any"


def needs_emulator(what: str) -> UsageError:
    """For `what`, which could not import a module of the extra `emulator`."""
    return UsageError(
        f"{what} needs the extra `emulator` of kalentops", hint=f"`{command_for('emulator')}` installs it"
    )


_DEFAULT = Path("blueprints")
# What an operator might change in a review: a wait, and how a message begins.
_EDITS = (
    (re.compile(r"\{value: 3, unit: day\}"), "{value: 5, unit: day}"),
    (re.compile(r"Hi \{\{firstname\}\},"), "Hello {{firstname}}, a quick question:"),
)


@click.command(epilog="\b\nExample:\n  kalentops demo\n  kalentops demo --blueprints path/to/blueprints")
@click.option(
    "--blueprints",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Blueprints to use. [default: those in `blueprints`, else samples]",
)
def demo(blueprints: Path | None) -> None:
    """Run a tour: validate, plan, apply, plan again, edit, plan.

    Works on a copy in a temporary folder, with the emulator on a free port. Changes nothing outside that folder.
    """
    try:
        from kalentops.emulator.server import BackgroundEmulator
    except ModuleNotFoundError:
        raise needs_emulator("the demo") from None
    if blueprints is not None and not blueprints.is_dir():
        raise UsageError(f"there is no folder {blueprints}", hint="pass another, or leave --blueprints out")
    with tempfile.TemporaryDirectory(prefix="kalentops-demo-") as name:
        folder = Path(name)
        _copy(blueprints, folder / "blueprints")
        _fill_in(folder / "blueprints")
        with BackgroundEmulator(latency=0.05, auto_sourcings=True) as emulator:
            _story(folder, emulator.url)


def _copy(blueprints: Path | None, to: Path) -> None:
    """Copy the user's blueprints, or, if there are none, those of this package."""
    if blueprints is None and _DEFAULT.is_dir():
        blueprints = _DEFAULT
    if blueprints is not None:
        shutil.copytree(blueprints, to)
        return
    with resources.as_file(resources.files("kalentops.cli.commands") / "demo_blueprints") as own:
        shutil.copytree(own, to)


def _fill_in(blueprints: Path) -> None:
    """Give the example of `init` a sourcing: any one will do here."""
    for path in blueprints.rglob("*.y*ml"):
        data = path.read_bytes()
        if EXAMPLE_ID.encode() in data:
            path.write_bytes(data.replace(EXAMPLE_ID.encode(), b"sourcing_example"))


def _story(folder: Path, url: str) -> None:
    _say("1. Check the files. This needs no key and no network.")
    _run(folder, url, "validate")
    _say("2. Plan: compare the files with the state, offline.")
    _run(folder, url, "plan", "--out", "plan.json")
    _say("3. Apply exactly that plan. Each id is recorded as soon as it is known.")
    _run(folder, url, "apply", "--yes", "plan.json")
    _say("4. Plan again: nothing is left to do.")
    _run(folder, url, "plan", "--detailed-exitcode")
    edited = _edit(folder)
    _say(f"5. Edit {edited}: one delay, one greeting.")
    _run(folder, url, "plan", "--detailed-exitcode", expected=2)
    _say("6. Apply the edit, then list the state.")
    _run(folder, url, "apply", "--yes", "--quiet")
    _run(folder, url, "state", "list")
    _say("Done. The folder and the emulator are gone; no candidate got a message.")


def _say(text: str) -> None:
    click.secho(f"\n{text}", bold=True)


def _run(folder: Path, url: str, *args: str, expected: int = 0) -> None:
    """Run a command as a user would. Raises KalentopsError for another exit code than `expected`."""
    click.secho(f"$ kalentops {' '.join(args)}", dim=True)
    # The user's proxy does not lead to the emulator, the user's state is not the demo's, and no job reports it.
    theirs = ("KALENT", "GITHUB_STEP_SUMMARY")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
    environment |= {"KALENT_API_URL": url, "KALENT_API_KEY": "demo-key"}
    sys.stdout.flush()
    done = subprocess.run(  # noqa: S603 - this very program
        [sys.executable, "-m", "kalentops", *args], cwd=folder, env=environment, check=False
    )
    if done.returncode != expected:
        raise KalentopsError(f"the demo stops here: exit code {done.returncode}, {expected} was expected")


def _edit(folder: Path) -> str:
    """Change one file so that the plan is not empty, best a template with many users; its name."""
    before = _digests(folder)
    texts = {
        path: path.read_text(encoding="utf-8") for path in sorted((folder / "blueprints").rglob("*.y*ml"))
    }
    uses = Counter(name for text in texts.values() for name in re.findall(r"\buse: *([\w-]+)", text))

    def worth(path: Path) -> tuple[int, int]:
        template = re.search(r"^template: *([\w-]+)", texts[path], re.MULTILINE)
        edits = sum(bool(each.search(texts[path])) for each, _ in _EDITS)
        return edits, uses[template[1]] if template else 0

    for path in sorted(texts, key=worth, reverse=True):
        after = texts[path]
        for pattern, replacement in _EDITS:
            after = pattern.sub(replacement, after, count=1)
        path.write_text(after, encoding="utf-8")
        if _digests(folder) != before:
            return path.relative_to(folder).as_posix()
        path.write_text(texts[path], encoding="utf-8")
    raise UsageError("the demo can't edit these blueprints: they have neither of the texts that it changes")


def _digests(folder: Path) -> list[str]:
    return [each.digest for each in load(folder, [folder / "blueprints"], bodies=True).declared]
