"""The text of `kalentops.yaml`: settings that are as they must be, or a message with every problem."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, ClassVar, Final

from kalentops.blueprint.variables import VARIABLES
from kalentops.errors import InvalidConfig
from kalentops.lint.finding import Problem
from kalentops.lint.rule import rule_meant, rules
from kalentops.project.settings import FILE, Create, EnvironmentSettings, Guards, Level, Settings
from kalentops.project.violations import to_problems
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
from kalentops.support.text import clip, nearest
from kalentops.support.text_diff import did_you_mean
from kalentops.yamlfile.parse import parse
from kalentops.yamlfile.positions import Places

_MAX_PARALLELISM: Final = 64
_MAX_SAMPLES: Final = 50
_NOT_HERE: Final = frozenset({"api_url", "url", "api_key", "key", "ca_file", "proxy", "out", "token"})

# What would have the same name in a shell or on GitHub.
_RESERVED: Final = {
    "file": "KALENT_API_KEY_FILE",
    "read": "the environment kalent-read on GitHub",
}
_BRANCH: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+#@-]*")


_DEFAULTS: Final = Settings()


class _Guards(Shape):
    max_creates: PositiveInt = _DEFAULTS.guards.max_creates
    max_updates: PositiveInt = _DEFAULTS.guards.max_updates


_USUAL: Final = _Guards.model_construct()  # a call would build the validator of this part alone


class _Environment(Shape):
    blueprints: str | None = None
    state: str | None = None
    guards: _Guards = _USUAL
    confirm: bool = False
    branch: NonEmpty | None = None


class _File(Shape):
    noun: ClassVar[str] = "settings"
    blueprints: str = _DEFAULTS.blueprints
    state: str = _DEFAULTS.state
    parallelism: PositiveInt = _DEFAULTS.parallelism
    create: Create = _DEFAULTS.create
    guards: _Guards = _USUAL
    rules: dict[str, Level] = {}  # noqa: RUF012 - a model copies its defaults
    samples: FrozenList[dict[str, str]] = ()
    environments: dict[EnvironmentStr, _Environment] = {}  # noqa: RUF012


PlaceProblems = Callable[[Settings], Iterable[Problem]]
"""What is wrong with the places that the settings name."""


def read_settings(text: str, problems_of_places: PlaceProblems) -> Settings:
    """Raises InvalidConfig with every problem, and where it is."""
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
    settings = _settings(found)
    others = [*_problems(found), *_environment_problems(found)]
    if "environments" in found.model_fields_set:
        others += problems_of_places(settings)
    if others:
        raise _invalid(text, parsed.data, others)
    return settings


def _settings(found: _File) -> Settings:
    """A guard that an environment does not set is that of the file."""
    return Settings(
        found.blueprints,
        found.state,
        found.parallelism,
        found.create,
        _guards(found.guards),
        found.rules,
        found.samples,
        {
            name: EnvironmentSettings(
                each.blueprints,
                each.state,
                _guards(found.guards, each.guards),
                each.confirm,
                each.branch,
            )
            for name, each in found.environments.items()
        },
    )


def _guards(of: _Guards, own: _Guards | None = None) -> Guards:
    made = Guards(of.max_creates, of.max_updates)
    return (
        made if own is None else made._replace(**{name: getattr(own, name) for name in own.model_fields_set})
    )


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


def _environment_problems(found: _File) -> Iterator[Problem]:
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
