"""Plain data → a model, and everything in which the data misses its shape.

Where a value has the wrong shape, a neutral one stands in for it, marked as placeholders, so that the rules can
still look at the rest of the file: all findings of a file come out of one run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from kalentops.blueprint.model import Blueprint, Delay, Move, Policy, SourcingFile, Step, StepConfig
from kalentops.lint.finding import Finding, Problem, Severity
from kalentops.project.lost import lost
from kalentops.project.violations import field_meant, meant, misspelt, to_problem
from kalentops.support.shape import Shape, ShapeError, Violation
from kalentops.yamlfile.parse import parse
from kalentops.yamlfile.positions import Broken, Map, Places, Seq, Tree

Path = tuple[str | int, ...]


@dataclass(slots=True)
class Document:
    """One file: its model where there is one, the paths in it that hold stand-ins, and its findings."""

    file: str
    places: Places
    data: Tree = None
    model: SourcingFile | None = None
    placeholders: frozenset[Path] = frozenset()
    findings: list[Finding] = field(default_factory=list)

    @property
    def sourcing_id(self) -> str | None:
        """The sourcing that the file serves; None where it could not be read."""
        if self.model is None or ("sourcingId",) in self.placeholders:
            return None
        return self.model.sourcingId

    @property
    def has_all_keys(self) -> bool:
        """Whether no stand-in has taken the place of blueprints, or of what the file says of other keys."""
        if self.model is None:
            return False
        return not any(len(path) < 3 for path in self.placeholders)  # noqa: PLR2004 - above a blueprint's fields

    def place(self, problem: Problem, severity: Severity = Severity.ERROR) -> Finding:
        """The problem as a finding in this file; its path starts at the root of the file."""
        line, column = self.places.find(problem.path, at=problem.at, on_key=problem.on_key)
        return Finding(
            self.file, line, column, problem.code, problem.message, problem.hint, severity, problem.path
        )


def read_document(file: str, text: str) -> Document:
    """The document that a file of blueprints holds. Never raises: what is wrong is in its findings."""
    text = text.lstrip("\ufeff")  # a byte order mark; positions count without it
    parsed = parse(text)
    document = Document(file, Places(text, parsed.data), parsed.data)
    document.findings += [Finding(file, f.line, f.column, f.code, f.message, f.hint) for f in parsed.faults]
    if parsed.usable:
        _shape(document, text)
        _tell_lost(document, text)
    return document


def _tell_lost(document: Document, text: str) -> None:
    for problem, index in lost(text, document.data):
        line, column = document.places.at(index)
        document.findings.append(
            Finding(
                document.file, line, column, problem.code, problem.message, problem.hint, path=problem.path
            )
        )
        if problem.path[-1] == "subject":  # whether there is one is unclear as long as its text is
            document.placeholders |= {problem.path}


def _shape(document: Document, text: str) -> None:
    try:
        document.model = SourcingFile.read(document.data)
    except ShapeError:
        document.data, misspelt = as_meant(document.data)
        document.places = Places(text, document.data)
        _tell(document, misspelt)
        _read_as_meant(document)


def _read_as_meant(document: Document) -> None:
    try:
        document.model = SourcingFile.read(document.data)
    except ShapeError as error:
        _tell(document, error.violations)
        _salvage(document, error.violations)


def _tell(document: Document, violations: list[Violation]) -> None:
    # `{name: {{x}}, hi}` is one mistake, already reported: `hi` is not meant as a field.
    told = {finding.line for finding in document.findings if finding.code == "KAL004"}
    written = [_with_source(document, violation) for violation in violations]
    placed = (document.place(problem) for problem in problems(written))
    document.findings += [f for f in placed if not (f.code == "KAL010" and f.line in told)]


def _with_source(document: Document, violation: Violation) -> Violation:
    if not isinstance(violation.value, bool | int | float):
        return violation
    return replace(violation, written=document.places.written(violation.path) or str(violation.value))


def problems(violations: list[Violation]) -> Iterator[Problem]:
    """What to tell of the violations: not those of values that are broken anyway, nor the same thing twice."""
    told = [v for v in violations if not isinstance(v.value, Broken)]
    # A misspelt key is one mistake: the right one is not missing as well.
    misspelt = {(*v.path[:-1], meant(v)) for v in told}
    for violation in told:
        if violation.kind != "missing" or violation.path not in misspelt:
            yield to_problem(violation)


# Stand-ins for required values; an optional value is simply left out.
_NEUTRAL: dict[str, Callable[[], Any]] = {
    "id": lambda: "\0",  # unlike any real id, because ids are compared with each other
    "name": lambda: "?",
    "type": lambda: "EMAIL",
    "content": str,
    "temporalityType": lambda: "ASAP",
    "sourcingId": lambda: "?",
    "blueprints": dict,
    "steps": list,
}
_DEPTHS = (1, 3, 5)  # of the fields of a file, a blueprint and a step


def _salvage(document: Document, violations: list[Violation]) -> None:
    data: Any = _plain(document.data)
    placeholders: set[Path] = set()
    for _ in range(3):
        for violation in violations:
            surplus = _is_surplus(data, violation)
            path = _mend(data, violation)
            if surplus:
                continue
            placeholders.add(path)
            near = meant(violation)
            if near:
                placeholders.add((*violation.path[:-1], near))
        try:
            document.model = SourcingFile.read(data)
        except ShapeError as error:
            violations = error.violations
        else:
            document.placeholders = frozenset(placeholders)
            return


def _is_surplus(data: Any, violation: Violation) -> bool:
    """Whether a misspelt key stands beside the right one: without it, all is as its author wrote it."""
    near = misspelt(violation)
    for part in violation.path[:-1]:
        if not _has(data, part):
            return False
        data = data[part]
    return near is not None and isinstance(data, dict) and data.get(near) is not None


def _plain(node: Any) -> Any:
    """A copy of the data without its positions; an alias is copied as often as it stands."""
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    return node


def _mend(data: Any, violation: Violation) -> Path:
    """Put a stand-in where the violation is; the path of what is now not the author's."""
    path = violation.path
    if path[:1] in {("moved",), ("removed",)}:  # a list of a few words, so that it goes as a whole
        path = path[:1]
    elif len(path) > 3 and path[2] == "config":  # noqa: PLR2004 - free-form, so it goes as a whole
        path = path[:3]
    parent = data
    for depth, part in enumerate(path[:-1]):
        below = parent[part] if _has(parent, part) else None
        if not isinstance(below, dict | list):
            return _replace(parent, path[: depth + 1])
        parent = below
    return _replace(parent, path) if path else path


def _has(node: Any, part: str | int) -> bool:
    return part in node if isinstance(node, dict) else isinstance(part, int) and part < len(node)


def _replace(parent: Any, path: Path) -> Path:
    last = path[-1]
    if isinstance(parent, list) and isinstance(last, int):
        parent[last] = {key: _NEUTRAL[key]() for key in ("id", "name", "type", "content", "temporalityType")}
    elif len(path) == 2 and path[0] == "blueprints":  # noqa: PLR2004 - a whole blueprint
        parent.pop(last, None)
    elif last in _NEUTRAL and len(path) in _DEPTHS:
        parent[last] = _NEUTRAL[str(last)]()
    elif last in {"value", "unit"}:
        parent.clear()
        parent.update(value=1, unit="day")
        return path[:-1]
    else:
        parent.pop(last, None)
    return path


# The shape of what stands in a field, and whether that is one such mapping, or holds several.
_BELOW: Final[dict[tuple[type[Shape], str], tuple[type[Shape], bool]]] = {
    (SourcingFile, "blueprints"): (Blueprint, True),
    (SourcingFile, "moved"): (Move, True),
    (Blueprint, "steps"): (Step, True),
    (Step, "delay"): (Delay, False),
    (Step, "config"): (StepConfig, False),
    (Step, "policy"): (Policy, False),
}
_LISTS: Final = frozenset({"steps", "moved", "removed"})
_MAPPINGS: Final = frozenset({"blueprints", "config", "policy", "delay"})


def as_meant(root: Tree) -> tuple[Tree, list[Violation]]:
    """The data with each misspelt key under its right name, and what is wrong with each.

    A key is taken for the field nearest to it if that is missing and could hold such a value. Its place is known under
    both names.
    """
    found: list[Violation] = []
    return _fields(root, SourcingFile, (), found), found


def _fields(node: Any, shape: type[Shape], path: Path, found: list[Violation]) -> Any:
    if not isinstance(node, Map):
        return node
    names = _right_names(node, shape)
    found += [Violation("extra_forbidden", (*path, wrong), node[wrong], {}, "") for wrong in names]
    read = Map()
    read.marks = {**node.marks, **{right: node.marks[wrong] for wrong, right in names.items()}}
    for key, value in node.items():
        field = names.get(key, key)
        inner, several = _BELOW.get((shape, field), (None, False))
        below = (*path, field)
        if inner is None:
            read[field] = value
        else:
            read[field] = (
                _each(value, inner, below, found) if several else _fields(value, inner, below, found)
            )
    return read


def _each(node: Any, shape: type[Shape], path: Path, found: list[Violation]) -> Any:
    if isinstance(node, Map):
        mapping = Map()
        mapping.marks = node.marks
        mapping.update({key: _fields(value, shape, (*path, key), found) for key, value in node.items()})
        return mapping
    if isinstance(node, Seq):
        items = Seq()
        items.marks = node.marks
        items += [_fields(value, shape, (*path, number), found) for number, value in enumerate(node)]
        return items
    return node


def _right_names(node: Map, shape: type[Shape]) -> dict[str, str]:
    """The field that each misspelt key means. Where two mean the same one, the first has it."""
    fields = shape.names()
    found: dict[str, str] = {}
    for key, value in node.items():
        right = field_meant(key, fields) if key not in fields else None
        if right is not None and right not in node and right not in found.values() and _fits(right, value):
            found[key] = right
    return found


def _fits(field: str, value: Any) -> bool:
    """Whether the field could hold this kind of value: else its key may have meant something else altogether. Below
    nothing there is nothing to look at.
    """
    if value is None:
        return False
    return isinstance(value, list) is (field in _LISTS) and isinstance(value, dict) is (field in _MAPPINGS)
