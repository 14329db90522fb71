"""`kalentops.yaml`: what a repository settles for everybody who works in it.

It comes from the branch under review, so it is not trusted: where the API is, the key, CA files, proxies and
output paths can't be set here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, TypeAlias

from kalentops.blueprint.model import VARIABLES
from kalentops.errors import InvalidConfig, StateError
from kalentops.lint.finding import Problem, Severity
from kalentops.lint.rule import rule_meant, rules
from kalentops.project.files import Source, other_settings, read
from kalentops.project.violations import to_problems
from kalentops.state.store.location import Location
from kalentops.support.shape import FrozenList, PositiveInt, Shape, ShapeError, Violation, schema_of
from kalentops.support.text import clip, nearest
from kalentops.support.text_diff import did_you_mean
from kalentops.yamlfile.parse import parse
from kalentops.yamlfile.positions import Places

FILE: Final = "kalentops.yaml"
STATE: Final = "kalentops.state.json"
_MAX_PARALLELISM: Final = 64
_MAX_SAMPLES: Final = 50
_NOT_HERE: Final = frozenset({"api_url", "url", "api_key", "key", "ca_file", "proxy", "out", "token"})

Level: TypeAlias = Literal["error", "warning", "off"]


class Guards(Shape):
    """How much one run may write."""

    max_creates: PositiveInt = 50
    max_updates: PositiveInt = 200


class _File(Shape):
    noun: ClassVar[str] = "settings"
    blueprints: str = "blueprints/"
    state: str = STATE
    parallelism: PositiveInt = 8
    create: Literal["reserve", "whole"] = "reserve"
    guards: Guards = Guards()
    rules: dict[str, Level] = {}  # noqa: RUF012 - a model copies its defaults
    samples: FrozenList[dict[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a project. `root` is its folder; `create` says whether a create reserves an id first, or is one
    request with everything, for an API that takes no empty blueprints; `severities` has None for a rule that is off;
    each of `samples` is a candidate to render messages for, as values of some or all of the variables.
    """

    root: Path
    blueprints: Path
    state: Location
    parallelism: int = 8
    create: Literal["reserve", "whole"] = "reserve"
    guards: Guards = field(default_factory=Guards)
    severities: dict[str, Severity | None] = field(default_factory=dict)
    samples: tuple[Mapping[str, str], ...] = ()


def load_config(start: Path) -> Config:
    """The settings that hold in a folder.

    The file is looked for from there upwards to the root of the git repository; without one, the folder itself
    is the project's. Raises InvalidConfig with every problem, and where it is.
    """
    start = start.resolve()
    root = _find(start)
    for folder in _own(start, root):
        _refuse_others(folder)
    if root is None:
        return _config(start, _File())
    text = read(Source(str(root / FILE), FILE), root)
    if not isinstance(text, str):
        raise InvalidConfig(f"{FILE}: {text.message}", hint=text.hint)
    return _config(root, _read(text))


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


def _own(start: Path, root: Path | None) -> Iterator[Path]:
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


def _read(text: str) -> _File:
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
    others = [*_problems(found)]
    if others:
        raise _invalid(text, parsed.data, others)
    return found


def _invalid(text: str, data: Any, problems: Iterable[Problem]) -> InvalidConfig:
    places = Places(text, data)
    placed = sorted((places.find(each.path, on_key=True), each.message, each.hint) for each in problems)
    return InvalidConfig("\n".join(f"{FILE}:{at[0]}:{at[1]}: {said}; {hint}" for at, said, hint in placed))


def _with_source(violation: Violation) -> Violation:
    return replace(violation, written=str(violation.value))


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


def _config(root: Path, found: _File) -> Config:
    levels: dict[str, Severity | None] = {
        code: None if level == "off" else Severity(level) for code, level in found.rules.items()
    }
    return Config(
        root,
        _inside(root, found.blueprints, "blueprints"),
        _state(root, found.state),
        found.parallelism,
        found.create,
        found.guards,
        levels,
        found.samples,
    )


def _state(root: Path, text: str) -> Location:
    """Raises InvalidConfig for a place outside of the project and its repository: the file is under review."""
    try:
        location = Location.parse(text, root)
    except StateError as error:
        raise InvalidConfig(f"{FILE}: `state`: {error}", hint=error.hint) from None
    if location.kind == "file":
        return Location.of_file(_inside(root, text, "state"))
    if location.kind != "git":
        raise InvalidConfig(
            f"{FILE}: `state` can't be {location.where}: this file is part of what is reviewed",
            hint="set it with --state or KALENTOPS_STATE; here only a path or git:refs/kalentops/NAME",
        )
    return location


def _inside(root: Path, name: str, setting: str) -> Path:
    """Raises InvalidConfig for a path that leaves the project: the file is under review, the disk is not."""
    path = root / name
    try:
        whole = _resolved(path)
    except (OSError, RuntimeError, ValueError):  # a loop of links, or characters that no path can hold
        raise InvalidConfig(f"{FILE}: `{setting}: {clip(name)}` is not a path") from None
    if not whole.is_relative_to(root) or (setting == "state" and whole == root):
        problem = "is the project's own folder" if whole == root else "leaves the project"
        raise InvalidConfig(f"{FILE}: `{setting}: {clip(name)}` {problem}", hint="use a path inside of it")
    # Some disks take `.GIT` and `GIT~1` for the same folder.
    if any(
        part.casefold() in {".git", "git~1"} for part in (*Path(name).parts, *whole.relative_to(root).parts)
    ):
        raise InvalidConfig(
            f"{FILE}: `{setting}: {clip(name)}` is git's own folder", hint="use a path beside it, not in it"
        )
    return path


def _resolved(path: Path) -> Path:
    """Raises OSError, ValueError, and RuntimeError for a loop of links, which Python 3.13 leaves as it is."""
    whole = path.resolve()
    if any(each.is_symlink() for each in (whole, *whole.parents)):
        raise RuntimeError(f"a loop of links: {path}")
    return whole
