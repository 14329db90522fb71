"""Whole entries of a position's file changed: the tree of the file is edited, and printed as `fmt` prints it.

What belongs to an entry goes with it, as in `tree_edit`. All else stays as it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from kalentops.errors import CannotEdit
from kalentops.support.text import visible
from kalentops.yamlfile import build
from kalentops.yamlfile.edit import Refusal, entry_of, name_of, read_data, rewrite
from kalentops.yamlfile.tree import VALUE, Child, Node, Token, Unclear
from kalentops.yamlfile.tree_edit import put, rearrange

_OF_BLUEPRINTS: Final = ("language", "sample", "blueprints", "moved")
"""The fields that say nothing in a file without blueprints."""


def close_position(file: str, text: str, keys: Sequence[str]) -> str:
    """The text of a position's file without its blueprints. `removed` lists these keys behind those that it has. The
    text as it is where that says nothing new. Raises CannotEdit.
    """

    def changed(data: Mapping[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in data.items() if name not in _OF_BLUEPRINTS}
        return kept | {"removed": [*_listed(data), *_missing(data, keys)]}

    def edit(data: Mapping[str, Any], root: Node) -> list[str]:
        there = entry_of(root, "removed")
        if there is not None and there.value.children:
            _extend(there.value, _missing(data, keys))
        elif there is not None:
            put(there, _list(root, [*_listed(data), *_missing(data, keys)]))
        kept: list[int | Child] = [
            n for n, child in enumerate(root.children) if name_of(child) not in _OF_BLUEPRINTS
        ]
        if there is None:
            kept.append(Child(_list(root, keys), None, _key(root, "removed"), Token(VALUE, ":")))
        rearrange(root, kept)
        return []

    return _edited(file, text, changed, edit)


def _listed(data: Mapping[str, Any]) -> list[Any]:
    removed = data.get("removed")
    if removed is not None and not isinstance(removed, list):
        raise Refusal("`removed` is not a list")
    return removed or []


def _missing(data: Mapping[str, Any], keys: Sequence[str]) -> list[str]:
    return [key for key in keys if key not in _listed(data)]


def _list(root: Node, values: Sequence[str]) -> Node:
    return build.flow(list(values), quoted=root.flow and _quotes_keys(root))


def _key(parent: Node, name: str) -> Node:
    return build.flow(name, quoted=parent.flow and _quotes_keys(parent))


def _extend(node: Node, values: Sequence[str]) -> None:
    quoted = node.flow and _quotes_keys(node)
    new = [
        Child(build.flow(value, quoted=quoted), None if node.flow else Token("-", "-")) for value in values
    ]
    rearrange(node, [*range(len(node.children)), *new])


def _quotes_keys(node: Node) -> bool:
    """Whether what stands between these brackets is written as in JSON."""
    first = next(iter(node.children), None)
    token = None if first is None else (first.key or first.value).head[-1]
    return token is not None and token.style == '"'


def _edited(
    file: str,
    text: str,
    changed: Callable[[Mapping[str, Any]], dict[str, Any]],
    edit: Callable[[Mapping[str, Any], Node], list[str]],
) -> str:
    """`changed` gives what the file is to say, and `edit` makes its tree say so."""
    try:
        data = read_data(text.lstrip("\ufeff"))
        goal = changed(data)
        return text if goal == data else rewrite(file, text, goal, lambda document: edit(data, document.root))
    except (Refusal, Unclear) as refusal:
        raise CannotEdit(f"{visible(file)} can't be changed: {refusal}") from None
