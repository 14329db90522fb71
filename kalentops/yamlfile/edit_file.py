"""Whole entries of a position's file changed: the tree of the file is edited, and printed as `fmt` prints it.

What belongs to an entry goes with it, as in `tree_edit`. All else stays as it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from kalentops.errors import CannotEdit
from kalentops.support.text import visible
from kalentops.yamlfile import build
from kalentops.yamlfile.edit import Refusal, entry_of, name_of, read_data, rewrite
from kalentops.yamlfile.fmt import INDENT, print_document
from kalentops.yamlfile.tree import (
    ALIAS,
    MAPPING,
    STREAM_END,
    VALUE,
    Child,
    Comment,
    Document,
    Node,
    Token,
    Unclear,
)
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


@dataclass(frozen=True, slots=True)
class ParameterLine:
    """A parameter in a new `with`: its value, or, where it has none, its default as a comment."""

    name: str
    about: str
    value: str | None
    default: str = ""


def add_use(file: str, text: str, key: str, use: Mapping[str, str], lines: Sequence[ParameterLine]) -> str:
    """The text of a position's file with one more blueprint: `use` are its texts but those of `with`. Raises
    CannotEdit.
    """
    values = {each.name: each.value for each in lines if each.value is not None}
    blueprint = {**use, **({"with": values} if values else {})}

    def changed(data: Mapping[str, Any]) -> dict[str, Any]:
        return {**data, "blueprints": {**(data.get("blueprints") or {}), key: blueprint}}

    def edit(data: Mapping[str, Any], root: Node) -> list[str]:  # noqa: ARG001 - as for other changes
        there = entry_of(root, "blueprints")
        node = there.value if there is not None else None
        if node is not None and node.kind == ALIAS:
            raise Refusal("`blueprints` repeats what stands elsewhere")
        if root.flow or (node is not None and node.flow and node.children):
            outer = node if node is not None and node.children else root
            new = build.flow_entry(key, blueprint, quoted=_quotes_keys(outer))
            below = build.leaf({})
        else:
            new = _use_entry(key, blueprint, lines, node.column if node and node.children else INDENT)
            below = Node(MAPPING)
        if node is not None and node.children:
            rearrange(node, [*range(len(node.children)), new])
            next(new.tokens()).blank = not node.flow
            return []
        below.children = [new]
        if there is not None:
            put(there, below)
        else:
            added = Child(below, None, _key(root, "blueprints"), Token(VALUE, ":"))
            rearrange(root, [*range(len(root.children)), added])
        return []

    return _edited(file, text, changed, edit)


_USE: Final = replace(build.USE, fields={**build.USE.fields, "with": build.Layout()})
"""With a line for each parameter."""


def _use_entry(key: str, use: Mapping[str, Any], lines: Sequence[ParameterLine], column: int) -> Child:
    child = build.entry(key, use, column, layout=build.Layout(items=_USE))
    if "with" not in use:
        defaults = [*_of_defaults(lines, "  ")]
        child.value.foot = [*_comments("with:"), *defaults] if defaults else []
        return child
    values = child.value.children[[*_USE.ordered(use)].index("with")].value
    needed = [each for each in lines if each.value is not None]
    for each, entry in zip(needed, values.children, strict=True):
        next(entry.tokens()).above = [*_comments(each.about)]
    values.foot = [*_of_defaults(lines, "")]
    return child


def _of_defaults(lines: Sequence[ParameterLine], indent: str) -> Iterator[Comment]:
    for each in lines:
        if each.value is None:
            entry = Node(MAPPING, children=[build.entry(each.name, each.default, 0)])
            yield from _comments(each.about, indent)
            yield from _comments(print_document(Document([], entry, [], Token(STREAM_END, ""))), indent)


def _comments(text: str, indent: str = "") -> Iterator[Comment]:
    return (Comment(f"# {indent}{visible(line)}".rstrip(), _APART) for line in text.splitlines())


_APART: Final = -2
"""The column of a comment that stands below no other one."""
