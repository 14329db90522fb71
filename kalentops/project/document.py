"""Plain data → a model, and everything in which the data misses its shape.

Where a value has the wrong shape, a neutral one (a placeholder) takes its place, so that the rules can
still look at the rest of the file: all findings of a file come out of one run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from typing import Any, Final, TypeVar

from kalentops.blueprint.files import KINDS, AnyFile, SourcingFile, TemplateFile
from kalentops.lint.engine import check_written
from kalentops.lint.finding import DataPath, Finding, Problem, Severity
from kalentops.lint.project import Severities, with_severities
from kalentops.lint.texts import Written
from kalentops.project.texts import texts_of
from kalentops.project.violations import field_meant, meant_by, misspelt, to_problems
from kalentops.support.shape import Schema, Shape, ShapeError, Violation, item, schema_of
from kalentops.support.text import is_key, nearest
from kalentops.yamlfile.parse import parse
from kalentops.yamlfile.positions import Broken, Map, Places, Seq, Tree

_S = TypeVar("_S", bound=Shape)


@dataclass(slots=True)
class Document:
    """One file: its kind, its model where there is one, the paths in it that hold placeholders, and its findings."""

    file: str
    text: str
    places: Places
    data: Tree = None
    kind: type[AnyFile] = SourcingFile
    model: AnyFile | None = None
    placeholders: frozenset[DataPath] = frozenset()
    findings: list[Finding] = field(default_factory=list)

    def sourcing_ids(self, readers: Sequence[str] = ()) -> dict[str, str]:
        """The sourcing that the file serves in each of the environments that read its folder; without environments,
        the name is empty. Without those that could not be read, or that miss the form that `readers` want.
        """
        if not isinstance(self.model, SourcingFile):
            return {}
        said, several = self.model.sourcingId, len(readers) > 1
        if isinstance(said, str):
            known = not several and ("sourcingId",) not in self.placeholders
            return {"".join(readers): said} if known else {}
        unknown = self.placeholders_below("sourcingId")
        return {name: said[name] for name in readers if several and name in said and (name,) not in unknown}

    @property
    def is_certainly_unshared(self) -> bool:
        """Whether the file holds no template and no snippets, nor tries to."""
        tries = isinstance(self.data, Map) and not self.data.keys().isdisjoint({"template", "snippets"})
        return isinstance(self.model, SourcingFile) and not tries

    def unreadable_names(self) -> tuple[str, ...]:
        """The name of the template that a file without a model was meant to hold, as far as it can be told."""
        name = self.data.get("template") if isinstance(self.data, Map) else None
        found = [name] if isinstance(name, str) else _TEMPLATE.findall(self.text)
        return tuple(each for each in found if is_key(each))

    @property
    def schema(self) -> Schema:
        return schema_of(self.kind)

    @property
    def has_all_keys(self) -> bool:
        """Whether no placeholder has taken the place of blueprints, or of what the file says of other keys."""
        return self.model is not None and all(
            any(each.noun == "blueprint" for each in self.schema.along(path[:-1], self.data))
            for path in self.placeholders
        )

    def placeholders_below(self, *prefix: str | int) -> frozenset[DataPath]:
        """The placeholders at and below a path; theirs start there."""
        if not self.placeholders:
            return self.placeholders
        near = _by_start(self.placeholders).get(prefix[:2], ()) if len(prefix) > 1 else self.placeholders
        return frozenset(path[len(prefix) :] for path in near if path[: len(prefix)] == prefix)

    def place(self, problem: Problem, severity: Severity = Severity.ERROR) -> Finding:
        """The problem as a finding in this file; its path starts at the root of the file."""
        if problem.index is not None:
            at = self.places.at(problem.index)
        else:
            at = self.places.find(problem.path, at=problem.at, on_key=problem.on_key)
        return Finding(self.file, *at, problem.code, problem.message, problem.hint, severity, problem.path)

    def texts(self, *, every: bool = False) -> list[Written]:
        """The free texts of the file that have a sign of what a rule looks for, or all of them."""
        return texts_of(self.text, self.data, self.kind, every=every)


@lru_cache(maxsize=1)
def _by_start(paths: frozenset[DataPath]) -> dict[DataPath, list[DataPath]]:
    """The paths by their first two parts."""
    found: dict[DataPath, list[DataPath]] = {}
    for path in paths:
        found.setdefault(path[:2], []).append(path)
    return found


def read_document(file: str, text: str) -> Document:
    """The document that a file of blueprints holds. Never raises: what is wrong is in its findings."""
    text = text.lstrip("\ufeff")  # a byte order mark; positions count without it
    parsed = parse(text)
    document = Document(file, text, Places(text, parsed.data))
    document.findings += [Finding(file, f.line, f.column, f.code, f.message, f.hint) for f in parsed.faults]
    if parsed.usable:
        document.data = parsed.data
        document.kind = _kind(parsed.data)
        document.data = _of_one_kind(parsed.data, document.kind)
        _shape(document, text)
    return document


def _kind(data: Tree) -> type[AnyFile]:
    """What kind of file the data is meant to be, by the first key that says so."""
    keys = list(data) if isinstance(data, Map) else []
    meant = (*keys, *(nearest(key, _KINDS) or "" for key in keys))
    return next((_KINDS[key] for key in meant if key in _KINDS), SourcingFile)


def _of_one_kind(data: Tree, kind: type[AnyFile]) -> Tree:
    """The data without the fields of another kind, where a file holds two: their mistake is the key of that kind."""
    if not isinstance(data, Map):
        return data
    others = [KINDS[key] for key in data if key in KINDS and KINDS[key] is not kind]
    if not others:
        return data
    surplus = {key for other in others for key in other.model_fields} - {*kind.model_fields, *KINDS}
    kept = Map()
    kept.marks = data.marks
    kept.update((key, value) for key, value in data.items() if key not in surplus)
    return kept


_TEMPLATE: Final = re.compile(r"""^["']?template["']?[ \t]*:[ \t]*["']?([a-z0-9-]+)""", re.MULTILINE)
_KINDS: Final = {**KINDS, "blueprints": SourcingFile, "parameters": TemplateFile}
"""With keys that tell the kind where that key is missing."""


def _shape(document: Document, text: str) -> None:
    try:
        document.model = document.kind.read(document.data)
    except ShapeError:
        document.data, misspelt = as_meant(document.data, document.schema)
        document.places = Places(text, document.data)
        _tell(document, misspelt)
        _read_as_meant(document)


def _read_as_meant(document: Document) -> None:
    try:
        document.model = document.kind.read(document.data)
    except ShapeError as error:
        _tell(document, error.violations)
        document.model, document.placeholders = salvage(document.kind, document.data, error.violations)


def _tell(document: Document, violations: Iterable[Violation]) -> None:
    # `{name: {{x}}, hi}` is one mistake, reported as KAL004: its author wanted no field `hi`.
    unquoted = {finding.line for finding in document.findings if finding.code == "KAL004"}
    written = [_with_source(document, each) for each in violations if not isinstance(each.value, Broken)]
    placed = (document.place(problem) for problem in to_problems(written, document.schema, document.data))
    document.findings += [f for f in placed if not (f.code == "KAL010" and f.line in unquoted)]


def _with_source(document: Document, violation: Violation) -> Violation:
    if not isinstance(violation.value, bool | int | float):
        return violation
    return violation._replace(written=document.places.written(violation.path) or str(violation.value))


def salvage(kind: type[_S], data: Any, violations: list[Violation]) -> tuple[_S | None, frozenset[DataPath]]:
    """A model of what can be read, and the paths of the neutral values that take the place of what can't."""
    data, schema = _plain(data), schema_of(kind)
    placeholders: set[DataPath] = set()
    for _ in range(_ROUNDS):
        for violation in violations:
            surplus = _is_surplus(data, violation, schema)
            path = _neutralise(data, violation.path, schema)
            if surplus:
                continue
            placeholders.add(path)
            near = meant_by(violation, schema, data)
            if near:
                placeholders.add((*violation.path[:-1], near))
        try:
            return kind.read(data), frozenset(placeholders)
        except ShapeError as error:
            violations = error.violations
    return None, frozenset()


_ROUNDS: Final = 3


def _is_surplus(data: Any, violation: Violation, schema: Schema) -> bool:
    """Whether a misspelt key stands beside the right one: without it, all is as its author wrote it."""
    near = misspelt(violation, schema, data)
    return near is not None and item(reduce(item, violation.path[:-1], data), near) is not None


def _plain(node: Any) -> Any:
    """A copy of the data without its positions; an alias is copied as often as it stands."""
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    return node


def _neutralise(data: Any, path: DataPath, schema: Schema) -> DataPath:
    """Put a neutral value at the path, or leave out what is there: the smallest part for which the schema allows it.

    Gives the path of that part.
    """
    holders = [data]
    for part in path[:-1]:
        below = item(holders[-1], part)
        if not isinstance(below, dict | list):
            break
        holders.append(below)
    known = schema.along(path, data)
    for depth in range(min(len(holders), len(path), len(known)) - 1, -1, -1):
        holder, part, owner, value = holders[depth], path[depth], known[depth], (*known, None)[depth + 1]
        if isinstance(holder, dict) and _can_be_left_out(owner, value):
            holder.pop(part, None)
            return path[: depth + 1]
        if (
            value is not None
            and value.neutral is not None
            and (isinstance(holder, dict) or part in range(len(holder)))
        ):
            holder[part] = deepcopy(value.neutral)
            return path[: depth + 1]
    return ()


def _can_be_left_out(owner: Schema, value: Schema | None) -> bool:
    """An unknown field, an optional one, or an entry of a mapping with free keys that has no free form."""
    if value is None or value.nullable:
        return bool(owner.fields)
    return owner.items is not None and bool(value.fields)


def as_meant(root: Tree, schema: Schema) -> tuple[Tree, list[Violation]]:
    """The data with each misspelt key under its right name, and the violation that each of them is.

    A key is taken for the field nearest to it if that is missing and can hold such a value: so what stands below
    `blueprint:` is checked in the same run. Its place is known under both names.
    """
    found: list[Violation] = []
    return _corrected(root, schema, (), found), found


def _corrected(node: Any, schema: Schema, path: DataPath, found: list[Violation]) -> Any:
    schema = schema.of(node)
    if isinstance(node, Map):
        names = _right_names(node, schema)
        found += [Violation("extra_forbidden", (*path, wrong), node[wrong], {}, "") for wrong in names]
        mapping = Map()
        mapping.marks = {**node.marks, **{right: node.marks[wrong] for wrong, right in names.items()}}
        for key, value in node.items():
            field = names.get(key, key)
            mapping[field] = _below(value, schema.below(field), (*path, field), found)
        return mapping
    if isinstance(node, Seq):
        items = Seq()
        items.marks = node.marks
        items += [_below(each, schema.below(at), (*path, at), found) for at, each in enumerate(node)]
        return items
    return node


def _below(node: Any, schema: Schema | None, path: DataPath, found: list[Violation]) -> Any:
    return node if schema is None else _corrected(node, schema, path, found)


def _right_names(node: Map, schema: Schema) -> dict[str, str]:
    """The field that each misspelt key means. Where two mean the same one, the first has it."""
    found: dict[str, str] = {}
    for key, value in node.items():
        right = field_meant(key, schema.fields) if schema.fields and key not in schema.fields else None
        if right is None or right in node or right in found.values():
            continue
        if _fits(schema.fields[right], value):
            found[key] = right
    return found


def _fits(schema: Schema, value: Any) -> bool:
    """Whether the field can hold this kind of value: else its key may have meant another field. Below an empty value
    there is nothing to check.
    """
    kind = "a list" if isinstance(value, list) else "a mapping" if isinstance(value, dict) else ""
    return value is not None and kind == (schema.kind if schema.kind in {"a list", "a mapping"} else "")


def checked_document(name: str, text: str, severities: Severities) -> Document:
    """The document of a text, with the findings in the texts as they stand there."""
    document = read_document(name, text)
    document.findings = list(with_severities(document.findings, severities))
    texts = document.texts()
    subjects = {each.path for each in texts if each.field == "subject"}
    for problem, severity in check_written(texts, severities):
        document.findings.append(document.place(problem, severity))
        # As long as its text is unclear, so is whether there is one, or which step it is.
        if severity is Severity.ERROR and (problem.path in subjects or problem.path[-1:] == ("id",)):
            document.placeholders |= {problem.path}
    return document
