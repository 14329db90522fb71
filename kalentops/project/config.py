"""`kalentops.yaml`: what a repository settles for everybody who works in it.

It comes from the branch under review, so it is not trusted: where the API is, the key, CA files, proxies and
output paths can't be set here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from kalentops.blueprint.model import VARIABLES
from kalentops.errors import InvalidConfig
from kalentops.lint.finding import Severity
from kalentops.lint.rule import rule_meant, rules
from kalentops.project.files import Source, other_settings, read
from kalentops.support.confusables import did_you_mean
from kalentops.support.shape import FrozenList, PositiveInt, Shape, ShapeError, Violation
from kalentops.support.text import clip, nearest
from kalentops.yamlfile.parse import parse
from kalentops.yamlfile.positions import Places

FILE: Final = "kalentops.yaml"
STATE: Final = "kalentops.state.json"
_MAX_PARALLELISM: Final = 64
_MAX_SAMPLES: Final = 50
_NOT_HERE: Final = frozenset({"api_url", "url", "api_key", "key", "ca_file", "proxy", "out", "token"})

_WANTED: Final = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "greater_than": "a number above 0",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "a mapping",
    "tuple_type": "a list",
    "string_type": "a text, in quotes where it would be read as something else",
}

Level: TypeAlias = Literal["error", "warning", "off"]


class Guards(Shape):
    """How much one run may write."""

    max_creates: PositiveInt = 50
    max_updates: PositiveInt = 200


class _File(Shape):
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
    state: Path
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
    said = [f"{FILE}:{fault.line}:{fault.column}: {fault.message} ({fault.hint})" for fault in faults]
    if said:
        raise InvalidConfig("\n".join(said))
    data: Any = {} if parsed.data is None else parsed.data
    try:
        found = _File.read(data)
    except ShapeError as error:
        said = [_say(text, parsed.data, violation) for violation in error.violations]
        raise InvalidConfig("\n".join(sorted(said))) from None
    said = [_at(text, parsed.data, path, problem) for path, problem in _problems(found)]
    if said:
        raise InvalidConfig("\n".join(said))
    return found


def _has_content(text: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())


def _say(text: str, data: Any, violation: Violation) -> str:
    key = str(violation.path[-1]) if violation.path else ""
    if violation.kind == "extra_forbidden":
        problem = f"`{clip(key)}` is not a setting"
        if key.lower() in _NOT_HERE:
            problem += (
                " (it comes from an option or the environment only: this file is part of what is reviewed)"
            )
        else:
            known = Guards.model_fields if violation.path[:1] == ("guards",) else _File.model_fields
            meant = nearest(key, known)
            problem += f"; {did_you_mean(key, meant)}" if meant else "; the settings are " + ", ".join(known)
        return _at(text, data, violation.path, problem)
    expected = str(violation.context.get("expected") or _WANTED.get(violation.kind, ""))
    what = f"`{clip(key)}`"
    if len(violation.path) > 1 and isinstance(violation.path[-1], int):
        what = f"entry {violation.path[-1] + 1} of `{violation.path[-2]}`"
    problem = f"{what} can't be {clip(str(violation.value), 40)}"
    return _at(
        text,
        data,
        violation.path,
        problem + (f"; write {expected}" if expected else f": {violation.message}"),
    )


def _at(text: str, data: Any, path: tuple[str | int, ...], problem: str) -> str:
    line, column = Places(text, data).find(path, on_key=True)
    return f"{FILE}:{line}:{column}: {problem}"


def _problems(found: _File) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for code, problem in _rules(found):
        yield ("rules", code), problem
    if found.parallelism > _MAX_PARALLELISM:
        problem = f"`parallelism` can't be {found.parallelism}; write a number from 1 to {_MAX_PARALLELISM}"
        yield ("parallelism",), problem
    if len(found.samples) > _MAX_SAMPLES:
        yield ("samples",), f"{len(found.samples)} candidates in `samples`; at most {_MAX_SAMPLES} are shown"
    for number, sample in enumerate(found.samples):
        for name in sample:
            if name not in VARIABLES:
                meant = nearest(name, VARIABLES)
                hint = did_you_mean(name, meant) if meant else "the variables are " + ", ".join(VARIABLES)
                yield ("samples", number, name), f"`{clip(name)}` is not a variable; {hint}"


def _rules(found: _File) -> list[tuple[str, str]]:
    problems = []
    for code, level in found.rules.items():
        if code not in rules():
            near = rule_meant(code)
            hint = did_you_mean(code, near, near) if near else "`kalentops rule` lists them"
            problems.append((code, f"there is no rule {clip(code)}; {hint}"))
        elif not rules()[code].configurable and level != "error":
            problems.append(
                (code, f"{code} is what the API refuses or what can't work; only KAL3xx can be changed")
            )
    return problems


def _config(root: Path, found: _File) -> Config:
    levels: dict[str, Severity | None] = {
        code: None if level == "off" else Severity(level) for code, level in found.rules.items()
    }
    return Config(
        root,
        _inside(root, found.blueprints, "blueprints"),
        _inside(root, found.state, "state"),
        found.parallelism,
        found.create,
        found.guards,
        levels,
        found.samples,
    )


def _inside(root: Path, name: str, setting: str) -> Path:
    """Raises InvalidConfig for a path that leaves the project: the file is under review, the disk is not."""
    path = root / name
    try:
        whole = _resolved(path)
    except (OSError, RuntimeError, ValueError):  # a loop of links, or characters that no path can hold
        raise InvalidConfig(f"{FILE}: `{setting}: {clip(name)}` is no path") from None
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
