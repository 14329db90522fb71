"""The command line: the only place where errors become messages and exit codes."""

from __future__ import annotations

import importlib
import io
import os
import platform
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from kalentops import __version__
from kalentops.errors import Interrupted, KalentopsError, UsageError
from kalentops.output.terminal import line, show
from kalentops.support.text import clip, escape_line, escape_part, nearest, visible

# name → (module in kalentops.cli.commands, one line for --help). The function is `command`, or what stands behind `:`.
# A command is loaded when it is called.
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "init": ("init", "Set up a repository: settings, example, workflows, hooks."),
    "validate": ("validate", "Check the files; works without key, network and state."),
    "fmt": ("fmt", "Format the files; texts and comments do not change."),
    "plan": ("plan", "Show what apply would change; writes nothing."),
    "show": ("plan:saved", "Show a saved plan in any format."),
    "preview": ("preview", "Write an HTML page that shows what candidates get."),
    "apply": ("apply", "Create and update the blueprints in Kalent; record the ids."),
    "import": ("import_", "Import blueprints from Kalent into files and state."),
    "new": ("new", "Write a blueprint that uses a template."),
    "render": ("render:render", "Print blueprints with their templates filled in."),
    "detach": ("render:detach", "Turn blueprints that use a template into plain ones."),
    "extract": ("extract", "Make a template of near-equal blueprints."),
    "close": ("close", "Close a position: the state forgets its blueprints."),
    "sourcings": ("sourcings", "List sourcings with ids and names."),
    "comment": ("comment", "Put the plan on the pull request, as a comment."),
    "state": ("state", "Show, change, move, restore, merge or push the state."),
    "rule": ("reference:rule", "Explain a rule, or list all rules."),
    "schema": ("reference:schema", "Print the JSON Schema of the files, or of a JSON output."),
    "cache": ("cache", "Show or clear the cache of results."),
    "emulator": ("emulator:emulator", "Run a local stand-in for the Kalent API."),
    "demo": ("emulator:demo", "Run a tour of kalentops on the emulator."),
}
_EPILOG: Final = """\b
Example:
  kalentops validate
  kalentops plan
  KALENT_API_KEY=KEY kalentops apply
"""


class Commands(click.Group):
    """Loads a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        name, _, function = COMMANDS[cmd_name][0].partition(":")
        module = importlib.import_module(f"kalentops.cli.commands.{name}")
        command: click.Command = getattr(module, function or "command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not ctx.resilient_parsing and not args[0].startswith("-"):
            meant = nearest(args[0], COMMANDS)
            hint = f" Did you mean `{meant}`?" if meant else ""
            raise click.UsageError(f"There is no command `{clip(args[0])}`.{hint}", ctx)
        return super().resolve_command(ctx, args)


def parameters(command: str) -> list[click.Parameter]:
    """The options and arguments of a command, such as `state push`."""
    found: click.Command = cli
    for word in command.split():
        inner = found.get_command(click.Context(found), word) if isinstance(found, click.Group) else None
        if inner is None:
            raise ValueError(f"there is no command {command}")
        found = inner
    return found.params


@click.group(
    cls=Commands,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=False,
    invoke_without_command=True,
)
@click.version_option(None, "--version", "-V", package_name="kalentops", message="kalentops %(version)s")
@click.option("-C", "--chdir", multiple=True, metavar="DIR", help="Work in this folder, like git -C.")
@click.pass_context
def cli(ctx: click.Context, chdir: tuple[str, ...]) -> None:
    """Keep outreach sequences for Kalent as YAML in git: plan the changes, then apply them."""
    if chdir:
        ctx.call_on_close(partial(os.chdir, Path.cwd()))
        _enter(Path(*chdir))
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(1)


def _enter(folder: Path) -> None:
    """Raises UsageError."""
    try:
        os.chdir(folder)
    except OSError as error:
        what = (
            f"there is no folder {folder}"
            if not folder.is_dir()
            else f"{folder} can't be entered: {error.strerror}"
        )
        hint = "pass -C DIR with an existing folder; `kalentops init DIR` sets up a new one"
        raise UsageError(what, hint=hint) from None


def run(args: Sequence[str]) -> int:
    """Run the command line; the exit code (`errors.EXIT_CODES`)."""
    try:
        return _invoke(args)
    except KalentopsError as error:
        code = _show_error(error, args)
        _name_lookalikes(args if code == 1 else ())
        return code
    except KeyboardInterrupt:
        return _show_error(Interrupted("interrupted"))
    except OSError as error:
        return _show_error(KalentopsError(f"the system refused: {error}"), args)
    except Exception as error:  # noqa: BLE001 - the one boundary: a bug leaves a report, not a traceback
        return _report_bug(error, args)


def _invoke(args: Sequence[str]) -> int:
    try:
        code: Any = cli.main(args=list(args), prog_name="kalentops", standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort as error:
        # ^C at a question; elsewhere click raises this for an interrupt, when changes may have been made.
        anywhere = isinstance(error.__cause__, KeyboardInterrupt)
        what = "changes made before this error remain" if anywhere else "nothing was changed"
        raise Interrupted(f"interrupted; {what}") from None
    except click.ClickException as error:
        if isinstance(error, click.NoSuchOption) and error.ctx is not None and error.ctx.parent is None:
            advice = "Options stand after the command, as in `kalentops plan -C DIR`."
            error = click.UsageError(f"{error.format_message()} {advice}", error.ctx)
        said = io.StringIO()
        error.show(said)
        sys.stderr.write(escape_line(visible(_without_passwords(said.getvalue(), args), keep="\n")))
        _name_lookalikes(args)
        # click's own 2 would say that there are changes.
        return 1
    return code if isinstance(code, int) else 0


def _name_lookalikes(args: Sequence[str]) -> None:
    """Name the characters of the arguments that only look like ASCII: a letter of another alphabet, a long dash."""
    from kalentops.support.text_diff import lookalikes  # for a wrong command line alone

    for each in args:
        said = lookalikes(each)
        if said:
            shown = escape_part(clip(_without_passwords(each, args)))
            sys.stderr.write(f"note: `{shown}` holds {said}\n")


def _show_error(error: KalentopsError, args: Sequence[str] = ()) -> int:
    if isinstance(error, Interrupted):
        return _show_interrupt(error)

    def shown(text: str) -> str:
        return visible(_without_passwords(text, args), keep="\n")

    lines = [line(("error: ", "bad"), shown(str(error)))]
    notes = [each for each in getattr(error, "__notes__", ()) if each != str(error)]
    lines += [line(("also: ", "bad"), shown(note)) for note in notes]
    if error.hint:
        lines.append(line(("hint: ", "dim"), shown(error.hint)))
    show(lines, sys.stderr)
    return error.exit_code


def _without_passwords(text: str, args: Sequence[str], *, everywhere: bool = False) -> str:
    """Without those of the locations and addresses that the arguments or variables hold."""
    from kalentops.http.secret import hide_passwords  # for an error alone

    return hide_passwords(text, (*args, *os.environ.values()), everywhere=everywhere)


def _show_interrupt(error: KalentopsError) -> int:
    """Without rich: a module whose import was interrupted can't always be imported again."""
    said = [f"error: {error}", *(f"also: {note}" for note in getattr(error, "__notes__", ()))]
    said += [f"hint: {error.hint}"] if error.hint else []
    sys.stderr.write(escape_line(visible("\n".join(said), keep="\n")) + "\n")
    return error.exit_code


def _report_bug(error: Exception, args: Sequence[str]) -> int:
    """Write a report for an issue, without the key and without values of variables; exit code 1."""
    text = _scrubbed(_text(error, args), args)
    where = _write(text)
    kind = f"{type(error).__name__}: {error}"
    sys.stderr.write(f"error: a bug in kalentops: {escape_part(visible(_scrubbed(kind, args))[:300])}\n")
    sys.stderr.write(f"hint: please open an issue with {where}; it contains no key, but check it first\n")
    sys.stderr.write("      after an interrupted apply, run `kalentops apply` again: it resumes\n")
    return 1


def _text(error: Exception, args: Sequence[str]) -> str:
    import traceback  # for a bug alone, like the imports below

    return "\n".join(
        (
            f"kalentops {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"at {datetime.now(UTC).isoformat(timespec='seconds')}",
            f"arguments: {' '.join(args)}",
            "",
            "".join(traceback.format_exception(error)),
        )
    )


def _scrubbed(text: str, args: Sequence[str] = ()) -> str:
    from kalentops.errors import NoKey
    from kalentops.github.context import read_token
    from kalentops.http.secret import every_key

    text = re.sub(r"://[^/\s]+@", "://***@", _without_passwords(text, args, everywhere=True))
    if password := os.environ.get("PGPASSWORD"):
        text = text.replace(password, "***")
    for key in every_key(os.environ):
        text = key.scrub(text)
    with suppress(NoKey):
        text = read_token(os.environ).scrub(text)
    return text


def _write(text: str) -> str:
    """Where the report is."""
    import tempfile

    name = f"kalentops-crash-{datetime.now(UTC).strftime('%Y%m%dT%H%M%SZ')}-{os.getpid()}.txt"
    for folder in (Path.cwd, tempfile.gettempdir):
        try:
            path = Path(folder(), name)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:
                stream.write(text)
        except OSError:
            continue
        return str(path)
    sys.stderr.write(escape_line(visible(text, keep="\n")))
    return "the text above"
