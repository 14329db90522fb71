"""`kalentops.yaml`: what a repository settles for everybody who works in it.

It comes from the branch under review, so it is not trusted: where the API is, the key, CA files, proxies and
output paths can't be set here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, TypeAlias

from kalentops.blueprint.variables import VARIABLES
from kalentops.errors import InvalidConfig, StateError, UsageError
from kalentops.lint.finding import Problem, Severity
from kalentops.lint.rule import rule_meant, rules
from kalentops.project.files import Source, other_settings, read
from kalentops.project.violations import to_problems
from kalentops.state.store.location import Location
from kalentops.support.shape import (
    EnvironmentStr,
    FrozenList,
    NonEmpty,
    PositiveInt,
    Shape,
    ShapeError,
    Violation,
    schema_of,
)
from kalentops.support.text import clip, nearest, normal
from kalentops.support.text_diff import did_you_mean
from kalentops.yamlfile.parse import parse
from kalentops.yamlfile.positions import Places

FILE: Final = "kalentops.yaml"
STATE: Final = "kalentops.state.json"
_MAX_PARALLELISM: Final = 64
_MAX_SAMPLES: Final = 50
_NOT_HERE: Final = frozenset({"api_url", "url", "api_key", "key", "ca_file", "proxy", "out", "token"})

# What would have the same name in a shell or on GitHub.
_RESERVED: Final = {
    "file": "KALENT_API_KEY_FILE",
    "read": "the environment kalent-read on GitHub",
}
_BRANCH: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+#@-]*")

Level: TypeAlias = Literal["error", "warning", "off"]


class Guards(Shape):
    """How much one run may write."""

    max_creates: PositiveInt = 50
    max_updates: PositiveInt = 200


class _Environment(Shape):
    blueprints: str | None = None
    state: str | None = None
    guards: Guards = Guards()
    confirm: bool = False
    branch: NonEmpty | None = None


class _File(Shape):
    noun: ClassVar[str] = "settings"
    blueprints: str = "blueprints/"
    state: str = STATE
    parallelism: PositiveInt = 8
    create: Literal["reserve", "whole"] = "reserve"
    guards: Guards = Guards()
    rules: dict[str, Level] = {}  # noqa: RUF012 - a model copies its defaults
    samples: FrozenList[dict[str, str]] = ()
    environments: dict[EnvironmentStr, _Environment] = {}  # noqa: RUF012


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a project. `root` is its folder; `create` says whether a create reserves an id first, or is one
    request with everything, for an API that takes no empty blueprints; `severities` has None for a rule that is off;
    each of `samples` is a candidate to render messages for, as values of some or all of the variables.

    `environment` is the selected one of `environments`, which are in the order of the file; `readers` are those with
    the same folder of blueprints. `confirm`: `apply` wants the environment's name typed. `branch`: the only one that
    `apply` works on.
    """

    root: Path
    blueprints: Path
    state: Location
    parallelism: int = 8
    create: Literal["reserve", "whole"] = "reserve"
    guards: Guards = field(default_factory=Guards)
    severities: dict[str, Severity | None] = field(default_factory=dict)
    samples: tuple[Mapping[str, str], ...] = ()
    environment: str | None = None
    environments: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    confirm: bool = False
    branch: str | None = None


def load_config(start: Path, environment: str | None = None) -> Config:
    """The settings that hold in a folder, for one environment: the named one, or the only one.

    The file is looked for from there upwards to the root of the git repository; without one, the folder itself
    is the project's. Raises InvalidConfig with every problem, and where it is; UsageError for an environment that
    the file does not have, and if it has several and none is named.
    """
    return select(load_configs(start), environment)


def load_configs(start: Path) -> tuple[Config, ...]:
    """The settings that hold in a folder: one for each environment, or the only one. Raises InvalidConfig."""
    start = start.resolve()
    root = _find(start)
    for folder in _candidates(start, root):
        _refuse_others(folder)
    if root is None:
        return (_config(start, _File()),)
    text = read(Source(str(root / FILE), FILE), root)
    if not isinstance(text, str):
        raise InvalidConfig(f"{FILE}: {text.message}", hint=text.hint)
    found = _read(text, root)
    if found.environments:
        return tuple(_for_environments(root, found))
    try:
        return (_config(root, found),)
    except _BadPlace as error:
        raise InvalidConfig(f"{FILE}: {error}", hint=error.hint) from None


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


def _read(text: str, root: Path) -> _File:
    parsed = parse(text)
    # A file of comments alone says nothing, and that is allowed here.
    faults = [f for f in parsed.faults if not (f.code == "KAL007" and not _has_content(text))]
    said = [f"{FILE}:{fault.line}:{fault.column}: {fault.message}; {fault.hint}" for fault in faults]
    if said:
        raise InvalidConfig("\n".join(said))
    data: Any = {} if parsed.data is None else parsed.data
    try:
        found = _File.read(data)
    except ShapeError as error:
        problems = to_problems([_with_source(each) for each in error.violations], schema_of(_File), data)
        raise _invalid(text, parsed.data, map(_from_outside, problems)) from None
    others = [*_problems(found), *_environment_problems(root, found)]
    if others:
        raise _invalid(text, parsed.data, others)
    return found


def _invalid(text: str, data: Any, problems: Iterable[Problem]) -> InvalidConfig:
    places = Places(text, data)
    placed = sorted((places.find(each.path, on_key=True), each.message, each.hint) for each in problems)
    return InvalidConfig("\n".join(f"{FILE}:{at[0]}:{at[1]}: {said}; {hint}" for at, said, hint in placed))


def _with_source(violation: Violation) -> Violation:
    return violation._replace(written=str(violation.value))


def _from_outside(problem: Problem) -> Problem:
    """The problem; for what a file under review must not set, with the right place to set it."""
    key = str(problem.path[-1]) if problem.path else ""
    outside = problem.code == "KAL010" and key.lower() in _NOT_HERE
    hint = "set it with an option or in the environment: this file is part of what is reviewed"
    return replace(problem, hint=hint) if outside else problem


def _has_content(text: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())


def _problems(found: _File) -> Iterator[Problem]:
    yield from _rules(found)
    if found.parallelism > _MAX_PARALLELISM:
        said = f"`parallelism` can't be {found.parallelism}"
        yield Problem(("parallelism",), said, f"write a whole number from 1 to {_MAX_PARALLELISM}")
    if len(found.samples) > _MAX_SAMPLES:
        said = f"`samples` has {len(found.samples)} candidates"
        yield Problem(("samples",), said, f"list at most {_MAX_SAMPLES}")
    for number, sample in enumerate(found.samples):
        for name in sample:
            if name not in VARIABLES:
                meant = nearest(name, VARIABLES)
                hint = did_you_mean(name, meant) if meant else "the variables are " + ", ".join(VARIABLES)
                yield Problem(("samples", number, name), f"`{clip(name)}` is not a variable", hint)


def _rules(found: _File) -> Iterator[Problem]:
    for code, level in found.rules.items():
        if code not in rules():
            near = rule_meant(code)
            hint = did_you_mean(code, near, near) if near else "`kalentops rule` lists all rules"
            yield Problem(("rules", code), f"there is no rule {clip(code)}", hint)
        elif not rules()[code].configurable and level != "error":
            said = f"{code} is an error that can't be changed: the API refuses it, or it can't work"
            yield Problem(("rules", code), said, "remove the line; only KAL3xx can be changed")


def _environment_problems(root: Path, found: _File) -> Iterator[Problem]:
    if "environments" not in found.model_fields_set:
        return
    if not found.environments:
        hint = "name one, such as `environments: {production: {}}`, or remove the line"
        yield Problem(("environments",), "`environments` is empty", hint)
    elif "state" in found.model_fields_set:
        hint = "remove it, and write `state` in the environment that it belongs to"
        yield Problem(("state",), "`state` beside `environments` belongs to none of them", hint)
    for name, each in found.environments.items():
        if name in _RESERVED:
            said = f"`{name}` can't be the name of an environment: {_RESERVED[name]} has another use"
            yield Problem(("environments", name), said, "use another name")
        if each.branch is not None and not _BRANCH.fullmatch(each.branch):
            said = f"`{clip(each.branch)}` is not the name of a branch"
            yield Problem(("environments", name, "branch"), said, "write one branch, such as main")
    yield from _place_problems(root, found)


def _place_problems(root: Path, found: _File) -> Iterator[Problem]:
    states: dict[str, str] = {}
    folders: dict[Path, tuple[str, Path]] = {}
    inherited: _BadPlace | None = None
    for name, each in found.environments.items():
        try:
            config = _config(root, _of_environment(found, name))
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


def _of_environment(found: _File, name: str) -> _File:
    """The settings of one environment. A guard that it does not set is that of the file."""
    each = found.environments[name]
    guards = {key: getattr(each.guards, key) for key in each.guards.model_fields_set}
    return found.model_copy(
        update={
            "blueprints": found.blueprints if each.blueprints is None else each.blueprints,
            "state": f"{name}.state.json" if each.state is None else each.state,
            "guards": found.guards.model_copy(update=guards),
        }
    )


def _for_environments(root: Path, found: _File) -> Iterator[Config]:
    configs = {name: _config(root, _of_environment(found, name)) for name in found.environments}
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
        )


class _BadPlace(InvalidConfig):
    """`setting` names a place that can't be used."""

    def __init__(self, setting: str, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.setting = setting


def _config(root: Path, found: _File) -> Config:
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
