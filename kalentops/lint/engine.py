"""All rules over a document, or over several: from models to findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Finding, Problem, Severity
from kalentops.lint.rule import Rule
from kalentops.lint.table import BY_CODE, RULES
from kalentops.lint.texts import MOST, and_more
from kalentops.project.document import Document
from kalentops.support.text import same_name

Severities = Mapping[str, Severity | None]
"""What the configuration says about rules: a severity by code, None for "off"."""

DEFAULTS: Final[Severities] = {}


def check(document: Document, severities: Severities = DEFAULTS) -> list[Finding]:
    """The findings of a document: those of the loader, and those of the rules."""
    findings = [*weighed(document.findings, severities)]
    if document.model is None:
        return findings
    by_key = _placeholders(document)
    for key, blueprint in document.model.blueprints.items():
        placeholders = by_key.get(key, _NOTHING)
        for rule in _asked(severities):
            problems = rule.check(blueprint) if rule.check else ()
            shown = [each for each in problems if not _hides(placeholders, rule, each)]
            for problem in shown if len(shown) < MOST else _bounded(shown):
                at = replace(problem, path=("blueprints", key, *problem.path), code=rule.code)
                findings.append(document.place(at, severities.get(rule.code) or rule.severity))
    return findings


def _bounded(problems: Iterable[Problem]) -> Iterator[Problem]:
    """The first problems of each text; the last of them counts the others."""
    counts: Counter[tuple[str | int, ...]] = Counter()
    last: dict[tuple[str | int, ...], Problem] = {}
    for each in problems:
        counts[each.path] += 1
        if counts[each.path] < MOST:
            yield each
        elif counts[each.path] == MOST:
            last[each.path] = each
    for path, each in last.items():
        yield and_more(each, counts[path] - MOST)


def weighed(findings: Iterable[Finding], severities: Severities) -> Iterator[Finding]:
    """What the loader has found, which does not know how much each of it weighs."""
    for finding in findings:
        severity = severities.get(finding.code, BY_CODE[finding.code].severity)
        if severity is not None:
            yield finding if severity is finding.severity else replace(finding, severity=severity)


_WITH_CHECK: Final = tuple(rule for rule in RULES if rule.check)


def _asked(severities: Severities) -> Iterable[Rule]:
    if not severities:
        return _WITH_CHECK
    return [rule for rule in _WITH_CHECK if severities.get(rule.code, rule.severity) is not None]


_Placeholders = dict[int | None, set[str]]
_NOTHING: Final[_Placeholders] = {}


def _placeholders(document: Document) -> dict[str, _Placeholders]:
    """The fields that hold stand-ins, by blueprint, and by step, or None for the blueprint itself; `*` where a
    whole step is a stand-in.
    """
    found: dict[str, _Placeholders] = {}
    for path in document.placeholders:
        if path[0] == "blueprints" and len(path) > 2:  # noqa: PLR2004 - below one blueprint
            step = path[3] if len(path) > 3 and isinstance(path[3], int) else None  # noqa: PLR2004
            named = path[2:3] if step is None else path[4:5]
            by_step = found.setdefault(str(path[1]), {})
            by_step.setdefault(step, set()).add(str(named[0]) if named else "*")
    return found


def _hides(placeholders: _Placeholders, rule: Rule, problem: Problem) -> bool:
    """Whether the problem may come from a stand-in instead of from what the author wrote."""
    if not placeholders:
        return False
    step = problem.path[1] if len(problem.path) > 1 and isinstance(problem.path[1], int) else None
    reads = {*([problem.path[-1]] if rule.each_alone else rule.reads), "*"}
    if rule.order and step is not None:
        return any(placeholders.get(s, set()) & reads for s in range(step + 1))
    return bool(placeholders.get(step, set()) & reads)


@dataclass(frozen=True, slots=True)
class Named:
    """A blueprint as the look over several files sees it: what it is called, and where that is written."""

    sourcing_id: str
    key: str
    name: str
    file: str
    key_at: tuple[int, int]
    name_at: tuple[int, int]


def named(document: Document) -> Iterator[tuple[Named, Blueprint]]:
    """The blueprints of a document that can be told apart from stand-ins."""
    if document.model is None or ("sourcingId",) in document.placeholders:
        return
    find = document.places.find
    for key, blueprint in document.model.blueprints.items():
        path = ("blueprints", key)
        name_path = (*path, "name")
        name = "" if name_path in document.placeholders else blueprint.name
        at = find(path, on_key=True), find(name_path)
        yield Named(document.model.sourcingId, key, name, document.file, *at), blueprint


@dataclass(frozen=True, slots=True)
class Serving:
    """Which sourcing a file serves, whether or not it holds blueprints, and where it says so."""

    sourcing_id: str
    file: str
    at: tuple[int, int]


def serving(document: Document) -> Serving | None:
    """None where nobody can say."""
    if document.model is None or ("sourcingId",) in document.placeholders:
        return None
    return Serving(document.model.sourcingId, document.file, document.places.find(("sourcingId",)))


@dataclass(frozen=True, slots=True)
class Relocation:
    """What a file says of a key that the state may know: it is `target` now, or, with None, to be forgotten."""

    sourcing_id: str
    source: str
    target: str | None
    file: str
    at: tuple[int, int]


def relocations(document: Document) -> Iterator[Relocation]:
    """What a document says of keys that have moved or been removed."""
    model = document.model
    if model is None or ("sourcingId",) in document.placeholders:
        return
    find = document.places.find
    for number, move in enumerate(model.moved):
        at = find(("moved", number, "from"))
        yield Relocation(model.sourcingId, move.source, move.to, document.file, at)
    for number, key in enumerate(model.removed):
        yield Relocation(model.sourcingId, key, None, document.file, find(("removed", number)))


def check_together(blueprints: Iterable[Named]) -> Iterator[Finding]:
    """What only shows across files: a key, or a name, twice in one sourcing. Each names both places."""
    keys: dict[tuple[str, str], Named] = {}
    names: dict[tuple[str, str], Named] = {}
    for each in blueprints:
        other = keys.setdefault((each.sourcing_id, each.key), each)
        if other is not each:
            where = f"{other.file}:{other.key_at[0]}"
            yield _twice("KAL017", each, each.key_at, f"the key `{each.key}`", where)
        if not each.name:
            continue
        other = names.setdefault((each.sourcing_id, same_name(each.name)), each)
        if other is not each:
            yield _twice("KAL018", each, each.name_at, "the name", f"{other.file}:{other.name_at[0]}")


def _twice(code: str, of: Named, at: tuple[int, int], what: str, where: str) -> Finding:
    message = f"{what} stands a second time in this sourcing; the first is in {where}"
    path = ("blueprints", of.key)
    return Finding(of.file, *at, code, message, "give one of them another", BY_CODE[code].severity, path)
