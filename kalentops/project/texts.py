"""The free texts of a file, as they stand in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final

from kalentops.blueprint.files import AnyFile
from kalentops.lint.finding import DataPath
from kalentops.lint.texts import SignsOf, Written
from kalentops.support.shape import ANYTHING, Schema, schema_of
from kalentops.yamlfile.positions import Event, Map, Seq, Tree


def texts_of(source: str, root: Tree, kind: type[AnyFile], *, every: bool = False) -> list[Written]:
    """The free texts of a file that have a sign of what a rule looks for, or all of them. One that several aliases name
    comes once.
    """
    if not isinstance(root, Map):
        return []
    aliases = frozenset(_aliases(root)) if "&" in source and "*" in source else frozenset()
    search = _Search(source, aliases, every=every)
    search.below(root, _fields_of(kind), (), None)
    return search.found


class _Fields:
    """Where free texts may stand in data of a schema: `fields` and `items` are what is below each field or item.

    A `leaf` may be a text, `anything` a value with texts at any depth, and the values of a `named` mapping are all
    texts of one field. With `form_of`, it is one of the `forms`, by the value. `name` is the field that a rule sees; it
    is empty where the key decides.
    """

    __slots__ = ("fields", "form_of", "forms", "items", "leaf", "name", "named")

    def __init__(self, schema: Schema, name: str = "") -> None:
        anything = schema.kind == ANYTHING
        self.name = "config" if anything else name
        self.leaf = anything or schema.kind == "text"
        self.form_of = schema.form_of
        self.forms = {form: _Fields(each, name) for form, each in schema.forms.items()}
        below = {field: _below(each, _field_of(field)) for field, each in schema.fields.items()}
        self.fields = {field: each for field, each in below.items() if each is not None}
        self.items = self if anything else _below(schema.items) if schema.items else None
        self.named = schema.items is not None and schema.items.kind == "text"

    @property
    def empty(self) -> bool:
        return not (self.leaf or self.forms or self.fields or self.items)


def _below(schema: Schema, name: str = "") -> _Fields | None:
    """None where no text stands: a value from a list is none."""
    found = None if schema.choices else _Fields(schema, name)
    return None if found is None or found.empty else found


@cache
def _fields_of(kind: type[AnyFile]) -> _Fields:
    found = _Fields(schema_of(kind))
    for name in _NO_TEXTS:
        found.fields.pop(name, None)
    return found


_NO_TEXTS: Final = {"sourcingId", "language", "languages", "template", "moved", "removed"}
_FIELD_OF: Final = {"with": "content", "default": "content", "snippets": "content"}
"""What may become a part of a message is checked as one."""


def _field_of(part: str | int) -> str:
    return _FIELD_OF.get(str(part), str(part))


_HOLDERS: Final = (Map, Seq)


class _Search:
    def __init__(self, source: str, aliases: frozenset[str], *, every: bool) -> None:
        self.found: list[Written] = []
        self._source, self._aliases, self._every = source, aliases, every
        self._signs_of = SignsOf(source).of
        self._seen: set[int] = set()

    def below(self, node: Map | Seq, where: _Fields, path: DataPath, field: str | None) -> None:
        """The texts in `node`; all are of this `field`, unless it is None."""
        is_map = isinstance(node, Map)
        values: Iterable[tuple[Any, Any]] = node.items() if isinstance(node, Map) else enumerate(node)
        fields, items, marks = where.fields, where.items, node.marks
        for part, value in values:
            here = items if items is not None else fields.get(part)
            if here is None:
                continue
            if here.form_of is not None:
                here = here.forms[here.form_of(value)]
            if isinstance(value, _HOLDERS):
                # The texts of a mapping by language, or of named values, are all those of the field that it is.
                named = here.named and isinstance(value, Map)
                name = (field or here.name or _field_of(part)) if named else None
                self.below(value, here, (*path, part), name)
            elif here.leaf:
                name = field or here.name or _field_of(part)
                key, event = marks[part] if is_map else (marks[part], marks[part])
                # A value of another type has a finding of its own, with the same advice; an alias has no style.
                is_text = isinstance(value, str) or (value is None and name == "subject")
                if is_text and hasattr(event, "style"):
                    signs = self._signs_of(name, value, key, event)
                    if signs or self._every or self._aliases:
                        self._add((*path, part), name, value, key, event, signs)

    def _add(
        self, path: DataPath, field: str, value: str | None, key: Event, event: Event, signs: int
    ) -> None:
        at, end, of_key = event.start_mark.index, event.end_mark.index, key.start_mark
        seen = at in self._seen
        self._seen.add(at)
        if seen or not (signs or self._every):
            return
        anchor = "" if event.anchor in self._aliases else event.anchor or ""
        style, tag = event.style or "", event.tag or ""
        place = (at, end, of_key.index, key.end_mark.index, of_key.column)
        self.found.append(Written(self._source, path, field, value, style, *place, anchor, tag, signs))


def _aliases(node: Map | Seq) -> Iterator[str]:
    """The anchors that aliases refer to."""
    marks = node.marks.values() if isinstance(node, Map) else ((mark, mark) for mark in node.marks)
    yield from (each.anchor for pair in marks for each in pair if not hasattr(each, "implicit"))
    for value in node.values() if isinstance(node, Map) else node:
        if isinstance(value, Map | Seq):
            yield from _aliases(value)
