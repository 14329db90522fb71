"""The text of `kalentops.yaml`: settings that are as they must be, or a message with every problem."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Final

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
    described,
    schema_of,
    shape_schema,
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
    max_creates: Annotated[
        PositiveInt,
        described(
            "The most blueprints that one `apply` may create; `--max-creates` overrides it.", example="20"
        ),
    ] = _DEFAULTS.guards.max_creates
    max_updates: Annotated[
        PositiveInt,
        described(
            "The most blueprints that one `apply` may update; `--max-updates` overrides it.", example="40"
        ),
    ] = _DEFAULTS.guards.max_updates


_USUAL: Final = _Guards.model_construct()  # a call would build the validator of this part alone


class _Environment(Shape):
    blueprints: Annotated[
        str | None,
        described(
            "The folder of its blueprints; that of the file by default. Several environments may read one folder; one "
            "folder inside another's is an error.",
            example="clients/acme",
        ),
    ] = None
    state: Annotated[
        str | None,
        described(
            "Where its state is kept: a path in a folder that exists, or `git:refs/kalentops/NAME`; `NAME.state.json` "
            "by default. Two environments can't have one state.",
            example="states/acme.json",
        ),
    ] = None
    guards: Annotated[
        _Guards,
        described(
            "What one `apply` may write; a guard that is left out is that of the file.",
            example="{max_creates: 20}",
        ),
    ] = _USUAL
    confirm: Annotated[
        bool, described("With true, `apply` asks you to type the name of the environment.", example="true")
    ] = False
    branch: Annotated[
        NonEmpty | None, described("The only branch that `apply` works on; any by default.", example="main")
    ] = None


class _File(Shape):
    noun: ClassVar[str] = "settings"
    blueprints: Annotated[
        str, described("The folder of the blueprints, inside the project.", example="outreach/")
    ] = _DEFAULTS.blueprints
    state: Annotated[
        str,
        described(
            "Where the state is kept: a path inside the project, or `git:refs/kalentops/NAME`. Name another place with "
            "`--state` or `KALENTOPS_STATE`: a pull request could name another server here.",
            example="git:refs/kalentops/state",
        ),
    ] = _DEFAULTS.state
    parallelism: Annotated[
        PositiveInt,
        described(
            f"Number of sourcings to work on in parallel, from 1 to {_MAX_PARALLELISM}; `--parallelism` overrides it.",
            example="4",
        ),
    ] = _DEFAULTS.parallelism
    create: Annotated[
        Create,
        described(
            "How a blueprint is created. `reserve`: an empty one first, whose id is recorded before its text is sent. "
            "`whole`: in one request, for an API that accepts no empty blueprints.",
            example="whole",
        ),
    ] = _DEFAULTS.create
    guards: Annotated[
        _Guards,
        described("What one `apply` may write.", example="{max_creates: 20, max_updates: 40}"),
    ] = _USUAL
    rules: Annotated[
        dict[str, Level],
        described(
            "The severity of rules, by their codes: `error`, `warning` or `off`. Only those of KAL3xx can be changed.",
            example="{KAL301: error, KAL305: off}",
        ),
    ] = {}  # noqa: RUF012 - a model copies its defaults
    samples: Annotated[
        FrozenList[dict[str, str]],
        described(
            f"Candidates that `preview` shows the messages for, as values of variables; at most {_MAX_SAMPLES}. "
            "`preview` has some of its own.",
            example="\n  - {firstname: Ada, candidateJobTitle: Data engineer}\n  - {firstname: Jean-Baptiste}",
        ),
    ] = ()
    environments: Annotated[
        dict[EnvironmentStr, _Environment],
        described(
            "Tenants by name, each with its key, its state and its ids. A name has lower-case letters and digits, and "
            "begins with a letter; `file` and `read` are taken. `state` beside `environments` is an error. The other "
            "settings hold for all of them.",
            example="\n  production: {confirm: true, branch: main, guards: {max_creates: 20}}"
            "\n  acme: {blueprints: clients/acme, state: states/acme.json}",
        ),
    ] = {}  # noqa: RUF012


def settings_schema() -> dict[str, Any]:
    """The JSON Schema of `kalentops.yaml`, with the meaning and an example of each key."""
    return shape_schema(_File)


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
