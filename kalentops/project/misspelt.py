"""Misspelt keys, read as what they surely mean: what stands below `blueprint:` is looked at in the same run in which
the key is found to be wrong. Only for looking: each of them stays a violation, so the file stays invalid.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from kalentops.blueprint.model import Blueprint, Delay, Move, Policy, SourcingFile, Step, StepConfig
from kalentops.support.shape import Shape, Violation
from kalentops.support.text import fold, nearest
from kalentops.yamlfile.nodes import Map, Seq, Tree

Path = tuple[str | int, ...]

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


_SYNONYMS: Final = {
    "body": "content",
    "message": "content",
    "text": "content",
    "template": "content",
    "channel": "type",
    "title": "name",
    "label": "name",
    "wait": "delay",
    "timing": "temporalityType",
    "sequences": "blueprints",
    "messages": "steps",
}


def field_meant(key: str, fields: Iterable[str]) -> str | None:
    """The one of `fields` that a key which is none of them was probably meant to be."""
    fields = tuple(fields)
    synonym = _SYNONYMS.get(fold(key))
    return synonym if synonym in fields else nearest(key, fields)


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
