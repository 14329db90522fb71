"""`kalentops.yaml`: what a repository settles for everybody who works in it.

It comes from the branch under review, so it is not trusted: where the API is, the key, CA files, proxies and
output paths can't be set here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from kalentops.cache import Cache, program
from kalentops.errors import InvalidConfig, StateError, UsageError
from kalentops.lint.finding import Problem, Severity
from kalentops.project.files import Source, other_settings, read
from kalentops.project.settings import FILE, Create, Guards, Settings
from kalentops.state.store.location import Location
from kalentops.support.text import clip, nearest, normal

_KIND: Final = "settings"
_GUARDS: Final = Guards()


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a project. `root` is its folder; `create` says whether a create reserves an id first, or is one
    request with everything, for an API that takes no empty blueprints; `severities` has None for a rule that is off;
    each of `samples` is a candidate to render messages for, as values of some or all of the variables.

    `environment` is the selected one of `environments`, which are in the order of the file; `readers` are those with
    the same folder of blueprints. `confirm`: `apply` wants the environment's name typed. `branch`: the only one that
    `apply` works on; `any_branch`: other environments have one, so this one is meant for every branch.
    """

    root: Path
    blueprints: Path
    state: Location
    parallelism: int = 8
    create: Create = "reserve"
    guards: Guards = _GUARDS
    severities: dict[str, Severity | None] = field(default_factory=dict)
    samples: tuple[Mapping[str, str], ...] = ()
    environment: str | None = None
    environments: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    confirm: bool = False
    branch: str | None = None
    any_branch: bool = False


def load_config(start: Path, environment: str | None = None) -> Config:
    """The settings that hold in a folder, for one environment: the named one, or the only one.

    The file is looked for from there upwards to the root of the git repository; without one, the folder itself
    is the project's. Raises InvalidConfig with every problem, and where it is; UsageError for an environment that
    the file does not have, and if it has several and none is named.
    """
    return select(load_configs(start), environment)


def load_configs(start: Path, *, cached: bool = False) -> tuple[Config, ...]:
    """The settings that hold in a folder: one for each environment, or the only one. With `cached`, what the same file
    said in an earlier run. Raises InvalidConfig.
    """
    start = start.resolve()
    root = _find(start)
    for folder in _candidates(start, root):
        _refuse_others(folder)
    if root is None:
        return (_config(start, Settings()),)
    text = read(Source(str(root / FILE), FILE), root)
    if not isinstance(text, str):
        raise InvalidConfig(f"{FILE}: {text.message}", hint=text.hint)
    found = _settings(text, root, Cache(root, enabled=cached))
    if found.environments:
        return tuple(_for_environments(root, found))
    try:
        return (_config(root, found),)
    except _BadPlace as error:
        raise InvalidConfig(f"{FILE}: {error}", hint=error.hint) from None


def _settings(text: str, root: Path, cache: Cache) -> Settings:
    """Raises InvalidConfig."""

    def problems_of_places(of: Settings) -> Iterator[Problem]:
        return _place_problems(root, of)

    said = "" if cache.refusal else repr((program(), text))
    key = said and sha256(said.encode(errors="surrogatepass")).hexdigest()
    data = cache.get(_KIND, key) if key else None
    if data is not None:
        with suppress(AttributeError, TypeError, ValueError):
            known = Settings.from_json(data)
            # Where a place is may have changed on the disk.
            if not known.environments or not any(problems_of_places(known)):
                return known
    # Parser and models: the cache may know what they say.
    from kalentops.project.settings_file import read_settings

    found = read_settings(text, problems_of_places)
    if key:
        cache.put(_KIND, key, found.to_json().encode())
    return found


def select(configs: tuple[Config, ...], environment: str | None) -> Config:
    """The settings of the named environment, or the only ones. Raises UsageError."""
    names = configs[0].environments
    if environment is None:
        if len(configs) == 1:
            return configs[0]
        raise UsageError(
            f"{FILE} has several environments: {', '.join(names)}", hint="name one of them: -e NAME"
        )
    if not names:
        raise UsageError(
            f"there is no environment {clip(environment, 40)}: {FILE} has no `environments`",
            hint="leave out -e and KALENTOPS_ENVIRONMENT, or add `environments:` to it",
        )
    if environment not in names:
        meant = nearest(environment, names)
        raise UsageError(
            f"there is no environment {clip(environment, 40)} in {FILE}",
            hint=f"did you mean {meant}?" if meant else f"its environments are {', '.join(names)}",
        )
    return configs[names.index(environment)]


def project_folder(start: Path) -> Path:
    """The folder of the project that a folder belongs to, whether or not its settings are valid."""
    start = start.resolve()
    return _find(start) or start


def _find(start: Path) -> Path | None:
    for folder in (start, *start.parents):
        if (folder / FILE).exists():
            return folder
        if (folder / ".git").exists():
            return None
    return None


def _candidates(start: Path, root: Path | None) -> Iterator[Path]:
    """The folders whose settings may hold here: up to those that do, or to the root of the repository. Outside of a
    repository, the folders above are not the project's.
    """
    above = [start, *start.parents]
    top = root or next((folder for folder in above if (folder / ".git").exists()), start)
    yield from above[: above.index(top) + 1]


def _refuse_others(folder: Path) -> None:
    """Raises InvalidConfig for a file that its author takes for the settings, and that is not read."""
    try:
        other = other_settings([each.name for each in folder.iterdir()], FILE)
    except OSError:
        return
    if other:
        kind = "beside it there is" if (folder / FILE).exists() else "the settings stand in"
        raise InvalidConfig(
            f"{clip(str(folder / other), 120)} is not read: {kind} {FILE}",
            hint=f"rename it to {FILE}, or move what it says there and delete it",
        )


def _place_problems(root: Path, found: Settings) -> Iterator[Problem]:
    states: dict[str, str] = {}
    folders: dict[Path, tuple[str, Path]] = {}
    inherited: _BadPlace | None = None
    for name, each in found.environments.items():
        try:
            config = _config(root, found.of_environment(name))
        except _BadPlace as error:
            if getattr(each, error.setting) is not None:
                path = ("environments", name, error.setting)
                yield Problem(path, str(error), error.hint or "write another path")
            else:
                inherited = error
        else:
            yield from _shared_places(name, config, states, folders)
    if inherited is not None:
        yield Problem((inherited.setting,), str(inherited), inherited.hint or "write another path")


def _shared_places(
    name: str, config: Config, states: dict[str, str], folders: dict[Path, tuple[str, Path]]
) -> Iterator[Problem]:
    """The problems of an environment with those before it, which `states` and `folders` hold. Spelling in upper and
    lower case is the same place on some disks.
    """
    other = states.setdefault(place_of(config.state), name)
    if other != name:
        said = f"the environments `{other}` and `{name}` have one state, {clip(config.state.where, 120)}"
        yield Problem(
            ("environments", name, "state"), said, "give each its own: one holds the ids of one tenant"
        )
    whole = _resolved(config.blueprints)
    folded = Path(_folded(str(whole)))
    for seen, (owner, original) in folders.items():
        if whole != original and (folded.is_relative_to(seen) or seen.is_relative_to(folded)):
            said = f"the folders of blueprints of `{owner}` and `{name}` overlap"
            hint = "use the same folder for both, or two of which none is inside the other"
            yield Problem(("environments", name, "blueprints"), said, hint)
            break
    folders.setdefault(folded, (name, whole))


def place_of(location: Location) -> str:
    """For comparison: some disks take names that differ in case or in Unicode's normal form for the same."""
    return _folded(location.where if location.path is None else str(_resolved(location.path)))


def _folded(name: str) -> str:
    return normal("NFC", normal("NFC", name).casefold())


def _for_environments(root: Path, found: Settings) -> Iterator[Config]:
    configs = {name: _config(root, found.of_environment(name)) for name in found.environments}
    for name, config in configs.items():
        each = found.environments[name]
        folder = _resolved(config.blueprints)
        readers = tuple(reader for reader, of in configs.items() if _resolved(of.blueprints) == folder)
        yield replace(
            config,
            environment=name,
            environments=tuple(configs),
            readers=readers,
            confirm=each.confirm,
            branch=each.branch,
            any_branch=each.branch is None and any(other.branch for other in found.environments.values()),
        )


class _BadPlace(InvalidConfig):
    """`setting` names a place that can't be used."""

    def __init__(self, setting: str, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.setting = setting


def _config(root: Path, found: Settings) -> Config:
    """Raises _BadPlace."""
    levels: dict[str, Severity | None] = {
        code: None if level == "off" else Severity(level) for code, level in found.rules.items()
    }
    return Config(
        root,
        _inside(root, found.blueprints, "blueprints"),
        state_location(root, found.state),
        found.parallelism,
        found.create,
        found.guards,
        levels,
        found.samples,
    )


def state_location(root: Path, text: str) -> Location:
    """The location that a setting means. Raises InvalidConfig for one that it can't be: the file is under review."""
    try:
        location = Location.parse(text, root)
    except StateError as error:
        raise _BadPlace("state", f"`state`: {error}", error.hint) from None
    if location.kind == "file":
        return Location.of_file(_inside(root, text, "state"))
    if location.kind != "git":
        raise _BadPlace(
            "state",
            f"`state` can't be {location.where} here: a pull request could name another server",
            "set it with --state or KALENTOPS_STATE; here only a path or git:refs/kalentops/NAME",
        )
    return location


def _inside(root: Path, name: str, setting: str) -> Path:
    """Raises _BadPlace for a path that leaves the project: the file is under review, the disk is not."""
    path = root / name
    try:
        whole = _resolved(path)
    except (OSError, RuntimeError, ValueError):  # a loop of links, or characters that no path can hold
        raise _BadPlace(setting, f"`{setting}: {clip(name)}` is not a path") from None
    if not whole.is_relative_to(root) or (setting == "state" and whole == root):
        problem = "is the project's own folder" if whole == root else "leaves the project"
        raise _BadPlace(setting, f"`{setting}: {clip(name)}` {problem}", "use a path inside of it")
    # Some disks take `.GIT` and `GIT~1` for the same folder.
    if any(
        part.casefold() in {".git", "git~1"} for part in (*Path(name).parts, *whole.relative_to(root).parts)
    ):
        raise _BadPlace(
            setting, f"`{setting}: {clip(name)}` is git's own folder", "use a path beside it, not in it"
        )
    return path


def _resolved(path: Path) -> Path:
    """Raises OSError, ValueError, and RuntimeError for a loop of links, which Python 3.13 leaves as it is."""
    whole = path.resolve()
    if any(each.is_symlink() for each in (whole, *whole.parents)):
        raise RuntimeError(f"a loop of links: {path}")
    return whole
