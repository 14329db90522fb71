"""All rules over one file, over all files of a project, and over what the API shows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Final

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import DataPath, Finding, Problem, Severity
from kalentops.lint.rule import (
    Declarations,
    FileContext,
    Rule,
    SharedContext,
    Sourcings,
    UseContext,
    Written,
    rules,
)
from kalentops.lint.texts import MOST, and_more

Severities = Mapping[str, Severity | None]
"""The severities that the configuration sets, by code; None is "off"."""

DEFAULTS: Final[Severities] = {}


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
    for rule, severity in _active(severities, "check"):
        problems = rule.check(blueprint) if rule.check else ()
        shown = (each for each in problems if not fields or not _is_hidden(fields, rule, each))
        yield from _bounded(shown, rule, severity)


def check_written(texts: Iterable[Written], severities: Severities = DEFAULTS) -> Found:
    """The problems of texts as they stand in a file."""
    active = _active(severities, "check_written")
    for text in texts:
        for rule, severity in active:
            for problem in rule.check_written(text) if rule.check_written else ():
                yield replace(problem, code=rule.code), severity


def check_project(declarations: Declarations, severities: Severities = DEFAULTS) -> Iterator[Finding]:
    """What only shows in several files together."""
    for rule, severity in _active(severities, "check_project"):
        for finding in rule.check_project(declarations) if rule.check_project else ():
            yield replace(finding, severity=severity)


def check_online(sourcings: Sourcings, severities: Severities = DEFAULTS) -> Iterator[Finding]:
    """What only the API knows."""
    for rule, severity in _active(severities, "check_online"):
        for finding in rule.check_online(sourcings) if rule.check_online else ():
            yield replace(finding, severity=severity)


def with_severities(findings: Iterable[Finding], severities: Severities) -> Iterator[Finding]:
    """The findings of rules without a check, with the severity that each rule has; without those that are off."""
    for finding in findings:
        severity = severities.get(finding.code, rules()[finding.code].severity)
        if severity is not None:
            yield finding if severity is finding.severity else replace(finding, severity=severity)


def _active(severities: Severities, check: str) -> list[tuple[Rule, Severity]]:
    """The rules with such a check that are not off."""
    found = ((rule, severities.get(rule.code, rule.severity)) for rule in _with(check))
    return [(rule, severity) for rule, severity in found if severity is not None]


@cache
def _with(check: str) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules().values() if getattr(rule, check))


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
