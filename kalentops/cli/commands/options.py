"""The options that several commands share, and what they come to. An option wins over its environment variable, that
over kalentops.yaml, that over the default.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import click

from kalentops.cache import DIRECTORY, Cache
from kalentops.errors import KalentopsError, StateError, UsageError
from kalentops.http.secret import ENVIRONMENT, for_environment, of_environment
from kalentops.output import FORMATS
from kalentops.output.terminal import notice
from kalentops.project.config import Config, load_configs, place_of, select
from kalentops.state.store.location import Location
from kalentops.support import streams

if TYPE_CHECKING:
    from kalentops.lint.rule import Declared
    from kalentops.plan.build import Scope
    from kalentops.project.library import Library
    from kalentops.state.store.session import Store

NO_CACHE: Final = "KALENTOPS_NO_CACHE"
_STATE: Final = "KALENTOPS_STATE"
_F = TypeVar("_F", bound=Callable[..., Any])


def complete_sourcings(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The ids of sourcings in files and state."""
    return _offered(lambda: (each.partition("/")[0] for each in _addresses(ctx)), incomplete)


def complete_addresses(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The addresses in files and state."""
    return _offered(lambda: _addresses(ctx), incomplete)


def complete_recorded(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The addresses in the state."""
    return _offered(lambda: _recorded(ctx), incomplete)


def complete_uses(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The addresses of blueprints that use a template."""
    return _offered(lambda: (each.address for each in _declared(ctx) if each.template), incomplete)


def complete_templates(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The names of the templates."""
    return _offered(lambda: _library(ctx).templates, incomplete)


def complete_languages(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The languages of the template that is named, or else of all."""

    def find() -> Iterable[str]:
        for name, each in _library(ctx).templates.items():
            if each.file is not None and ctx.params.get("template") in {None, name}:
                yield from each.file.languages

    return _offered(find, incomplete)


def complete_environments(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The environments in kalentops.yaml."""
    return _offered(lambda: load_configs(_folder(ctx))[0].environments, incomplete)


def complete_rules(_ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    from kalentops.lint.rule import rules

    upper = incomplete.upper()
    return [rule.code for rule in rules().values() if rule.code.startswith(upper)] + [
        rule.name for rule in rules().values() if incomplete and rule.name.startswith(incomplete.lower())
    ]


# Completion imports inside of functions: most runs complete nothing.
def _offered(find: Callable[[], Iterable[str]], incomplete: str) -> list[str]:
    try:
        return sorted({each for each in find() if each.startswith(incomplete)})
    except Exception:  # noqa: BLE001 - a traceback in a command line does not help
        return []


def _folder(ctx: click.Context) -> Path:
    before = ctx.find_root().params.get("chdir") or ()
    return Path(*before, ctx.params.get("directory") or "")


def _project(ctx: click.Context) -> Project:
    return project(_folder(ctx), ctx.params.get("state_location"), ctx.params.get("environment"))


def _library(ctx: click.Context) -> Library:
    from kalentops.adopt.position import ProjectFiles

    return ProjectFiles.read(_project(ctx).config).library


def _recorded(ctx: click.Context) -> set[str]:
    state = _project(ctx).store.read().state
    return state.entries.keys() | state.intents.keys()


def _declared(ctx: click.Context) -> list[Declared]:
    from kalentops.project.load import load_project

    config = _project(ctx).config
    there = config.blueprints.exists()
    return load_project(config).declared if there else []


def _addresses(ctx: click.Context) -> set[str]:
    return {*(each.address for each in _declared(ctx)), *_recorded(ctx)}


folder = click.option(
    "-C",
    "--chdir",
    "directory",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Work in this folder, not in the current one.",
)


def environment(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option -e. Errors name it in the commands that they advise."""

    @click.option(
        "-e",
        "--environment",
        envvar=ENVIRONMENT,
        metavar="NAME",
        shell_complete=complete_environments,
        help=f"Environment to work on. [env: {ENVIRONMENT}]",
    )
    @wraps(command)
    def with_environment(*args: Any, environment: str | None, **values: Any) -> Any:
        try:
            return command(*args, environment=environment, **values)
        except KalentopsError as error:
            from kalentops.output import explanations  # for an error alone

            error.complete(lambda said: explanations.with_environment(said, environment))
            raise

    return with_environment


state = click.option(
    "--state",
    "state_location",
    metavar="LOCATION",
    help="Where the state is kept. [default: as in kalentops.yaml] [env: KALENTOPS_STATE]",
)
lock_timeout = click.option(
    "--lock-timeout",
    type=click.FloatRange(min=0, max=86_400),
    default=0.0,
    metavar="SECONDS",
    help="Seconds to wait for the state lock. [default: 0]",
)
quiet = click.option("-q", "--quiet", is_flag=True, help="Print errors and results only.")
verbose = click.option(
    "-v", "--verbose", is_flag=True, help="Show whole texts, and each blueprint of a large plan."
)
no_cache = click.option(
    "--no-cache",
    is_flag=True,
    envvar=NO_CACHE,
    help=f"Check all files afresh: neither read nor write the cache. [env: {NO_CACHE}]",
)
yes = click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")


def file_changes(command: _F) -> _F:
    """The options --dry-run and --diff of a command that changes files."""
    diff = click.option("--diff", is_flag=True, help="Write nothing and show the changes as a diff.")
    dry_run = click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
    return dry_run(diff(command))


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
    """Output for programs is UTF-8, even if the console's encoding is another one."""
    if form != "text":
        streams.utf8()
    return form


class Limits(NamedTuple):
    """The guards on the command line, None for those in kalentops.yaml."""

    max_creates: int | None
    max_updates: int | None


NO_LIMITS = Limits(None, None)


class NetworkOptions(NamedTuple):
    """The network options, from command line and environment."""

    api_url: str | None
    timeout: float
    ca_file: str | None
    proxy: str | None
    debug_http: bool


class Pace(NamedTuple):
    """Parallel sourcings, settle window in seconds, addresses to send again, and runs that are dead."""

    parallelism: int | None
    settle: float
    resend: tuple[str, ...]
    take_over: tuple[str, ...]


_PACE = (
    click.option(
        "--parallelism",
        type=click.IntRange(1, 64),
        metavar="N",
        help="Number of sourcings to work on in parallel. [default: as in kalentops.yaml, else 8]",
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
        help="Send a create of unknown outcome again if Kalent shows no identical blueprint; may create a second one. "
        "Only for `create: whole` and states of older versions. May be repeated.",
    ),
    click.option(
        "--take-over",
        multiple=True,
        metavar="RUN",
        help="Treat this run as dead and continue its work, as apply does after ten minutes. May be repeated.",
    ),
)
_GUARDS = tuple(
    click.option(
        f"--max-{name}",
        type=click.IntRange(min=0),
        metavar="N",
        help=f"Maximum number of {name}. [default: as in kalentops.yaml]",
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
        help="URL of the Kalent API. [default: https://app.kalent.ai/api] [env: KALENT_API_URL]",
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
        help="Certificate authorities to trust instead of the built-in ones. [env: KALENTOPS_CA_FILE]",
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
    """The options that override the guards, as `limits`."""
    return _bundle(command, "limits", Limits, _names(Limits), _GUARDS)


def pace(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options for the speed of `apply`, as `pace`."""
    return _bundle(command, "pace", Pace, _names(Pace), _PACE)


def targets(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of the selection, as `scope`."""
    return _bundle(command, "scope", _scope, ("sourcings", "targets"), _TARGETS)


def _scope(**values: Any) -> Scope:
    from kalentops.plan.build import Scope  # not loaded for `fmt`, `rule` and `schema`

    return Scope(**values)


def network(command: Callable[..., Any]) -> Callable[..., Any]:
    """The network options, as `connection`. None of them can be set in kalentops.yaml."""
    return _bundle(command, "connection", NetworkOptions, _names(NetworkOptions), _NETWORK)


def github(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same for GitHub's API, as `connection`."""
    url = click.option(
        "--api-url",
        envvar="GITHUB_API_URL",
        metavar="URL",
        help="URL of GitHub's API. [default: https://api.github.com] [env: GITHUB_API_URL]",
    )
    return _bundle(command, "connection", NetworkOptions, _names(NetworkOptions), (url, *_NETWORK[1:]))


def _names(shape: type[Any]) -> tuple[str, ...]:
    names: tuple[str, ...] = shape._fields
    return names


def _bundle(
    command: Callable[..., Any],
    name: str,
    shape: Callable[..., Any],
    names: tuple[str, ...],
    of: tuple[Callable[[Any], Any], ...],
) -> Callable[..., Any]:
    """The options `of`, handed over as one value: `shape` made of the options `names`."""

    @wraps(command)
    def with_bundle(*args: Any, **values: Any) -> Any:
        bundle = shape(**{each: values.pop(each) for each in names})
        return command(*args, **values, **{name: bundle})

    wrapped: Callable[..., Any] = with_bundle
    for option in reversed(of):
        wrapped = option(wrapped)
    return wrapped


class Project(NamedTuple):
    config: Config
    state: Location

    @property
    def store(self) -> Store:
        """Raises StateError, StoreFailure."""
        from kalentops.state.store import open_store  # not loaded for `fmt`, `rule` and `schema`

        return open_store(self.state, self.config.root, self.config.environment)


def configs(directory: Path, environment: str | None, *, cached: bool = False) -> tuple[Config, ...]:
    """The settings of all environments, or of the named one. Raises UsageError, InvalidConfig."""
    found = load_configs(_existing(directory), cached=cached)
    return found if environment is None else (select(found, environment),)


def project(directory: Path, state: str | None, environment: str | None, *, cached: bool = False) -> Project:
    """`state` is the option --state, which wins over the variables. Raises UsageError, InvalidConfig, StateError."""
    found = load_configs(_existing(directory), cached=cached)
    config = select(found, environment)
    location = _location(config, state, directory)
    if state is None and os.environ.get(_STATE) and not of_environment(os.environ, config.environment):
        notice([f"{_STATE} is not used: it counts only where {ENVIRONMENT} is {config.environment}"])
    for other in found:
        name = other.environment
        if name != config.environment and place_of(location) == place_of(_location(other, None, directory)):
            raise StateError(
                f"{location.where} is the state of the environment {name}, not of {config.environment}",
                hint=f"pass -e {name}, or give {config.environment} a state of its own",
            )
    return Project(config, location)


def _existing(directory: Path) -> Path:
    if not directory.is_dir():
        raise UsageError(
            f"there is no folder {directory}", hint="pass -C DIR with the folder of your repository"
        )
    return directory


def _location(config: Config, option: str | None, directory: Path) -> Location:
    named = state_named(option, config.environment)
    return config.state if named is None else Location.parse(named, directory)


def state_named(option: str | None, environment: str | None) -> str | None:
    """The location that the option or a variable names. KALENTOPS_STATE counts for an environment only where the
    variable KALENTOPS_ENVIRONMENT names it.
    """
    if option is not None:
        return option
    own = os.environ.get(for_environment(_STATE, environment))
    return own or (os.environ.get(_STATE) if of_environment(os.environ, environment) else None) or None


def open_cache(config: Config, *, no_cache: bool) -> Cache | None:
    """The cache for a project; None where none is used, with a note if KALENTOPS_CACHE_DIR names the folder."""
    found = Cache(config.root, enabled=not no_cache)
    if not no_cache and os.environ.get(DIRECTORY) and found.refusal:
        notice([f"{DIRECTORY} is not used: {found.refusal}"])
    return None if found.refusal else found


def can_ask() -> bool:
    """Whether a person can answer a question."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")


def ask(question: str, name: str | None = None) -> bool:
    """Whether the answer is yes, or the name if there is one. Input typed before the question appeared is dropped.
    Raises click.Abort.
    """
    if sys.stdin.isatty():
        _drop_what_was_typed()
    if name is None:
        return click.confirm(question, err=True)
    said: str = click.prompt(f"{question} Type {name} to confirm", default="", show_default=False, err=True)
    return said.strip() == name


def _drop_what_was_typed() -> None:
    if sys.platform == "win32":
        import msvcrt

        while msvcrt.kbhit():
            msvcrt.getwch()
    else:
        import termios

        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
