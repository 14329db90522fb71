"""The options that several commands share, and what they come to. Order of strength: option, environment, file,
default.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kalentops.errors import UsageError
from kalentops.output import FORMATS
from kalentops.plan.build import Scope
from kalentops.support import streams

if TYPE_CHECKING:
    from kalentops.lint.finding import Finding
    from kalentops.project.config import Config
    from kalentops.project.load import Repository


_F = TypeVar("_F", bound=Callable[..., Any])


def complete_sourcings(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The ids of sourcings that files or state name."""
    return _offered(lambda: (each.partition("/")[0] for each in _addresses(ctx)), incomplete)


def complete_addresses(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """SOURCING_ID/KEY, of files and state."""
    return _offered(lambda: _addresses(ctx), incomplete)


def complete_recorded(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The same of the state alone."""
    return _offered(lambda: _recorded(ctx), incomplete)


def complete_rules(_ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Codes and names of rules."""
    from kalentops.lint.rule import rules

    upper = incomplete.upper()
    return [rule.code for rule in rules().values() if rule.code.startswith(upper)] + [
        rule.name for rule in rules().values() if incomplete and rule.name.startswith(incomplete.lower())
    ]


def _offered(find: Callable[[], Iterable[str]], incomplete: str) -> list[str]:
    try:
        return sorted({each for each in find() if each.startswith(incomplete)})
    except Exception:  # noqa: BLE001 - a traceback in a command line does not help
        return []


def _folder(ctx: click.Context) -> Path:
    before = ctx.find_root().params.get("chdir") or ()
    return Path(*before, ctx.params.get("directory") or "")


def _recorded(ctx: click.Context) -> set[str]:
    from kalentops.state.store import open_store

    state = open_store(project(_folder(ctx), ctx.params.get("state_file")).state_path).read().state
    return state.entries.keys() | state.intents.keys()


def _addresses(ctx: click.Context) -> set[str]:
    from kalentops.project.load import load

    config = project(_folder(ctx), None).config
    declared = set()
    if config.blueprints.exists():
        declared = {each.address for each in load(config.root, [config.blueprints], known=None).desired}
    return declared | _recorded(ctx)


folder = click.option(
    "-C",
    "--chdir",
    "directory",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Work in this folder.",
)
state = click.option(
    "--state",
    "state_file",
    type=click.Path(path_type=Path),
    envvar="KALENTOPS_STATE",
    metavar="FILE",
    help="The state file. [env: KALENTOPS_STATE]",
)
lock_timeout = click.option(
    "--lock-timeout",
    type=click.FloatRange(min=0, max=86_400),
    default=0.0,
    metavar="SECONDS",
    help="Seconds to wait for the state lock. [default: 0]",
)
quiet = click.option("-q", "--quiet", is_flag=True, help="Print errors and results only.")
verbose = click.option("-v", "--verbose", is_flag=True, help="Show texts in full.")
yes = click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")


overwrite = click.option(
    "--overwrite",
    multiple=True,
    metavar="ADDRESS",
    shell_complete=complete_addresses,
    help="Update this blueprint although it was edited in Kalent or is protected. May be repeated.",
)


def report(command: _F) -> _F:
    """The option --format of `validate` and `plan`."""
    return output("text", *FORMATS)(command)


def output(*formats: str) -> Callable[[_F], _F]:
    """The option --format."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(formats),
        default=formats[0],
        callback=_as_utf8,
        help="Format of the result on stdout.",
    )


def _as_utf8(_ctx: click.Context, _option: click.Parameter, form: str) -> str:
    """What a program reads is UTF-8, whatever the console is."""
    if form != "text":
        streams.utf8()
    return form


@dataclass(frozen=True, slots=True)
class Limits:
    """What the command line permits beyond the configuration; None where it says nothing."""

    max_creates: int | None
    max_updates: int | None


NO_LIMITS = Limits(None, None)


@dataclass(frozen=True, slots=True)
class Connection:
    """How to get to the API, as the command line and the environment have it."""

    api_url: str | None
    timeout: float
    ca_file: str | None
    proxy: str | None
    debug_http: bool


@dataclass(frozen=True, slots=True)
class Pace:
    """Parallel sourcings, settle window in seconds, and addresses to send again."""

    parallelism: int | None
    settle: float
    resend: tuple[str, ...]


_PACE = (
    click.option(
        "--parallelism",
        type=click.IntRange(1, 64),
        metavar="N",
        help="Number of sourcings to work on in parallel. [default: 8]",
    ),
    click.option(
        "--settle",
        type=click.FloatRange(min=0, max=3600),
        default=30.0,
        envvar="KALENTOPS_SETTLE",
        metavar="SECONDS",
        help="Settle window: seconds to look for the outcome of a lost answer. [default: 30] [env: KALENTOPS_SETTLE]",
    ),
    click.option(
        "--resend",
        multiple=True,
        metavar="ADDRESS",
        shell_complete=complete_recorded,
        help="Send a create of unknown outcome again if Kalent shows no identical blueprint. May create a second one. "
        "Only for `create: whole` and states of older versions.",
    ),
)
_GUARDS = tuple(
    click.option(
        f"--max-{name}",
        type=click.IntRange(min=0),
        metavar="N",
        help=f"Maximum number of {name}. Overrides kalentops.yaml.",
    )
    for name in ("creates", "updates")
)
_TARGETS = (
    click.option(
        "--sourcing",
        "sourcings",
        multiple=True,
        metavar="SOURCING_ID",
        shell_complete=complete_sourcings,
        help="Only this sourcing. May be repeated; accepts * ? [abc].",
    ),
    click.option(
        "--target",
        "targets",
        multiple=True,
        metavar="ADDRESS",
        shell_complete=complete_addresses,
        help="Only this address, or this key in every sourcing. May be repeated; accepts * ? [abc].",
    ),
)
_NETWORK = (
    click.option(
        "--api-url",
        envvar="KALENT_API_URL",
        metavar="URL",
        help="URL of the Kalent API. [env: KALENT_API_URL]",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0.05, max=3600),
        default=60.0,
        envvar="KALENTOPS_TIMEOUT",
        metavar="SECONDS",
        help="Read timeout in seconds. [default: 60] [env: KALENTOPS_TIMEOUT]",
    ),
    click.option(
        "--ca-file",
        type=click.Path(dir_okay=False),
        envvar="KALENTOPS_CA_FILE",
        metavar="FILE",
        help="Certificate authorities to trust. [env: KALENTOPS_CA_FILE]",
    ),
    click.option(
        "--proxy",
        envvar="KALENTOPS_PROXY",
        metavar="URL",
        help="Proxy to use. [env: KALENTOPS_PROXY]",
    ),
    click.option("--debug-http", is_flag=True, help="Log requests to stderr, without key and texts."),
)


def guards(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that permit more than the configuration does, as `limits`."""
    return _bundle(command, "limits", Limits, _GUARDS)


def pace(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of how `apply` works, as `pace`."""
    return _bundle(command, "pace", Pace, _PACE)


def targets(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that pick a part of the plan, as `scope`."""
    return _bundle(command, "scope", Scope, _TARGETS)


def network(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of commands that talk to the API, as `connection`. None of them stands in kalentops.yaml."""
    return _bundle(command, "connection", Connection, _NETWORK)


def github(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same for GitHub's API, as `connection`."""
    url = click.option(
        "--api-url",
        envvar="GITHUB_API_URL",
        metavar="URL",
        help="URL of GitHub's API. [env: GITHUB_API_URL]",
    )
    return _bundle(command, "connection", Connection, (url, *_NETWORK[1:]))


def _bundle(
    command: Callable[..., Any], name: str, shape: type[Any], of: tuple[Callable[[Any], Any], ...]
) -> Callable[..., Any]:
    names = [each.name for each in fields(shape) if each.name != "addresses"]  # that is what paths come to

    @wraps(command)
    def with_bundle(*args: Any, **values: Any) -> Any:
        bundle = shape(**{each: values.pop(each) for each in names})
        return command(*args, **values, **{name: bundle})

    wrapped: Callable[..., Any] = with_bundle
    for option in reversed(of):
        wrapped = option(wrapped)
    return wrapped


@dataclass(frozen=True, slots=True)
class Project:
    """A folder and what is configured for it. Importing the configuration takes time, so it is done here."""

    config: Any
    state_path: Path


def project(directory: Path, state_file: Path | None) -> Project:
    """Raises UsageError, InvalidConfig."""
    from kalentops.project.config import load_config

    if not directory.is_dir():
        raise UsageError(
            f"there is no folder {directory}", hint="pass -C DIR with the folder of your repository"
        )
    config = load_config(directory)
    path = config.state if state_file is None else directory / state_file
    return Project(config, path)


def can_ask() -> bool:
    """Whether a person can answer a question."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")


def ask(question: str) -> bool:
    """Whether the answer is yes. Input typed before the question appeared is dropped. Raises click.Abort."""
    if sys.stdin.isatty():
        _drop_what_was_typed()
    return click.confirm(question, err=True)


def _drop_what_was_typed() -> None:
    if sys.platform == "win32":
        import msvcrt

        while msvcrt.kbhit():
            msvcrt.getwch()
    else:
        import termios

        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


@dataclass(frozen=True, slots=True)
class Weighing:
    """What the command line says of findings. `against`: the commit whose findings are not new."""

    errors_only: bool
    strict: bool
    against: str | None

    def apply(self, repository: Repository, config: Config, places: Sequence[Path]) -> None:
        """Raises UsageError for a commit that git does not know."""
        if self.against is not None:
            repository.earlier = _earlier(repository, config, places, self.against)
        repository.weigh(errors_only=self.errors_only, strict=self.strict)


def weighing(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options, as `weighs`. Raises UsageError for two that contradict each other."""

    @click.option("--errors-only", is_flag=True, help="Show errors only.")
    @click.option("--strict", is_flag=True, help="Treat warnings as errors: exit code 3.")
    @click.option(
        "--against", metavar="REV", help="Mark findings that are new since this commit, branch or tag."
    )
    @wraps(command)
    def checked(*args: Any, errors_only: bool, strict: bool, against: str | None, **values: Any) -> Any:
        if errors_only and strict:
            raise UsageError("--errors-only and --strict exclude each other", hint="give one of them")
        return command(*args, weighs=Weighing(errors_only, strict, against), **values)

    return checked


def _earlier(
    repository: Repository, config: Config, places: Sequence[Path], rev: str
) -> frozenset[Finding] | None:
    from kalentops.git.history import commit_of
    from kalentops.lint.finding import known_before
    from kalentops.output.terminal import notice
    from kalentops.project.load import of_texts, read_earlier, texts_of

    try:
        earlier = read_earlier(config.root, places, rev)
    except UsageError as error:
        commit_of(config.root, rev)  # one that is not there is a mistake; what a partial clone lacks is none
        notice([f"the findings are not compared with {rev}: {error}"])
        return None
    texts = earlier.texts()
    before = of_texts(config.root, texts, config.severities).findings
    known = known_before(repository.findings, texts_of(config.root, repository.findings), before, texts)
    # A file that is not read has no text, and was there or not.
    there = (each for each in repository.findings if each.file not in repository.names)
    return known | {each for each in there if each.file in earlier.paths}
