"""All rules over one file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from kalentops.lint.finding import DataPath, Problem, Severity
from kalentops.lint.project import DEFAULTS, Severities
from kalentops.lint.rule import (
    FileContext,
    Rule,
    SharedContext,
    UseContext,
    rules,
)
from kalentops.lint.summary import StepKind, Summary
from kalentops.lint.texts import MOST, Written, and_more

if TYPE_CHECKING:  # the models need pydantic
    from kalentops.blueprint.model import Blueprint


Found = Iterator[tuple[Problem, Severity]]


def check_file(of: FileContext, hidden: Collection[DataPath], severities: Severities = DEFAULTS) -> Found:
    """The problems of a file's own data, without its blueprints. `hidden`: the paths of placeholders."""
    for rule, severity in _active(severities, "check_file"):
        for problem in rule.check_file(of) if rule.check_file else ():
            if problem.path not in hidden:
                yield replace(problem, code=rule.code), severity


def check_use(of: UseContext, severities: Severities = DEFAULTS) -> Found:
    """The problems of a blueprint that is made from a template."""
    for rule, severity in _active(severities, "check_use"):
        yield from _bounded(rule.check_use(of) if rule.check_use else (), rule, severity)


def check_shared(of: SharedContext, severities: Severities = DEFAULTS) -> Found:
    """The problems of a template or a file of snippets."""
    for rule, severity in _active(severities, "check_shared"):
        yield from _bounded(rule.check_shared(of) if rule.check_shared else (), rule, severity)


def check_blueprint(
    blueprint: Blueprint, placeholders: Iterable[DataPath], severities: Severities = DEFAULTS
) -> Found:
    """The problems of a resolved blueprint; their paths start at it.

    `placeholders` are the paths of the neutral values in place of those that could not be read.
    """
    fields = {_field(path) for path in placeholders}
    for rule, severity in rules_that_may_find(blueprint, severities):
        problems = rule.check(blueprint) if rule.check else ()
        if fields:
            problems = (each for each in problems if not _is_hidden(fields, rule, each))
        yield from _bounded(problems, rule, severity)


def check_written(texts: Iterable[Written], severities: Severities = DEFAULTS) -> Found:
    """The problems of texts as they stand in a file."""
    active = _active(severities, "check_written")
    for text in texts:
        for rule, severity in active:
            for problem in rule.check_written(text) if rule.check_written and rule.signs & text.signs else ():
                yield replace(problem, code=rule.code), severity


_Active = tuple[tuple[Rule, Severity], ...]


def _active(severities: Severities, check: str) -> _Active:
    return _with(check, frozenset(severities.items()))


@lru_cache(maxsize=64)
def _with(check: str, severities: frozenset[tuple[str, Severity | None]]) -> _Active:
    """The rules with such a check that are not off."""
    said = dict(severities)
    found = ((rule, said.get(code, rule.severity)) for code, rule in rules().items() if getattr(rule, check))
    return tuple((rule, severity) for rule, severity in found if severity is not None)


def rules_that_may_find(blueprint: Blueprint, severities: Severities = DEFAULTS) -> _Active:
    """The rules about a blueprint that are not off, and whose prefilters hold."""
    of, found = Summary.of(blueprint), 0
    for kind in of.kinds:
        found |= _by_kind(kind)
    for bit, prefilter in _prefilters():
        if prefilter(of):
            found |= bit
    return _selected(found, frozenset(severities.items()))


@cache
def _by_kind(kind: StepKind) -> int:
    """The rules whose `step_prefilter` holds for a step: a bit each, in the order of `_about_blueprints`."""
    return sum(
        1 << number
        for number, rule in enumerate(_about_blueprints())
        if rule.step_prefilter is not None and rule.step_prefilter(kind)
    )


@cache
def _prefilters() -> tuple[tuple[int, Callable[[Summary], bool]], ...]:
    found = ((1 << number, rule.prefilter) for number, rule in enumerate(_about_blueprints()))
    return tuple((bit, prefilter) for bit, prefilter in found if prefilter is not None)


@cache
def _about_blueprints() -> tuple[Rule, ...]:
    return tuple(rule for rule in rules().values() if rule.check)


@lru_cache(maxsize=4096)
def _selected(bits: int, severities: frozenset[tuple[str, Severity | None]]) -> _Active:
    chosen = {rule.code for number, rule in enumerate(_about_blueprints()) if bits >> number & 1}
    return tuple(each for each in _with("check", severities) if each[0].code in chosen)


def _bounded(problems: Iterable[Problem], rule: Rule, severity: Severity) -> Found:
    """The first problems of each text that a rule finds; the last of them counts the others."""
    counts: dict[DataPath, int] = {}
    last: dict[DataPath, Problem] = {}
    for each in problems:
        counts[each.path] = counts.get(each.path, 0) + 1
        if counts[each.path] < MOST:
            yield replace(each, code=rule.code), severity
        elif counts[each.path] == MOST:
            last[each.path] = each
    for path, each in last.items():
        yield replace(and_more(each, counts[path] - MOST), code=rule.code), severity


_Field = tuple[int | None, str]
"""The index of a step, or None for the blueprint itself, and a field of it, or `*` for all of its fields."""


def _field(path: DataPath) -> _Field:
    """What a path within a blueprint leads to."""
    match path:
        case ("steps", int(step)):
            return step, "*"
        case ("steps", int(step), field, *_):
            return step, str(field)
    return None, str(path[0])


def _is_hidden(placeholders: Collection[_Field], rule: Rule, problem: Problem) -> bool:
    """Whether the problem may come from a placeholder instead of from what the author wrote."""
    step, _ = _field(problem.path)
    reads = {problem.path[-1]} if rule.each_alone else rule.reads
    steps = {step} if step is None or not rule.order else range(step + 1)
    return any(at in steps and (field == "*" or field in reads) for at, field in placeholders)
