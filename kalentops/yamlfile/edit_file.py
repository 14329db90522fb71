"""Whole entries of a position's file changed: the tree of the file is edited, and printed as `fmt` prints it.

What belongs to an entry goes with it, as in `tree_edit`. All else stays as it is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from kalentops.errors import CannotEdit
from kalentops.support.text import clip, visible
from kalentops.yamlfile import build
from kalentops.yamlfile.edit import Refusal, entry_of, name_of, read_data, rewrite
from kalentops.yamlfile.fmt import INDENT, print_document
from kalentops.yamlfile.tree import (
    ALIAS,
    ANCHOR,
    MAPPING,
    STREAM_END,
    VALUE,
    Child,
    Comment,
    Document,
    Node,
    Token,
    Unclear,
    read,
)
from kalentops.yamlfile.tree_edit import put, rearrange

Path: TypeAlias = tuple[str | int, ...]
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


def put_plain(file: str, text: str, key: str, body: Mapping[str, Any], at: Callable[[Path], Path]) -> str:
    """The text of a position's file in which the blueprint `key` reads `body`. A comment at a path in the old one goes
    to the path `at` in the new one, or as far as that leads. Raises CannotEdit.
    """

    def changed(data: Mapping[str, Any]) -> dict[str, Any]:
        return {**data, "blueprints": {**data["blueprints"], key: dict(body)}}

    def edit(data: Mapping[str, Any], root: Node) -> list[str]:  # noqa: ARG001 - as for other changes
        blueprints = entry_of(root, "blueprints")
        child = entry_of(blueprints.value, key) if blueprints is not None else None
        if blueprints is None or child is None or child.value.kind == ALIAS:
            raise Refusal(f"`{key}` repeats what stands elsewhere")
        parent, old = blueprints.value, child.value
        if parent.flow:
            new = build.flow(dict(body), quoted=_quotes_keys(parent))
        else:
            new = build.node(key, body, parent.column, layout=build.Layout(items=build.BLUEPRINT))
        comments = [*_comments_in(old, ())]
        put(child, new)
        for number, (path, comment, behind) in enumerate(comments):
            comment.column, comment.home = _APART - number, None
            _comment_at(child, at(path), comment, behind=behind)
        return [token.text[1:] for token in old.tokens() if token.kind == ANCHOR]

    return _edited(file, text, changed, edit)


def _comments_in(node: Node, path: Path) -> Iterator[tuple[Path, Comment, bool]]:
    """The comments within a collection by path, and whether each stands behind a value."""
    for number, child in enumerate(node.children):
        below: Path = (*path, number if child.key is None else name_of(child))
        own = [part for part in (child.mark, child.sign, child.comma) if part is not None]
        for token in [*(child.key.tokens() if child.key else ()), *own, *child.value.head]:
            yield from ((below, each, False) for each in token.above)
            if token.behind is not None:
                yield below, token.behind, True
        yield from _comments_in(child.value, below)
        closer = child.value.closer
        if closer is not None:
            yield from ((below, each, False) for each in closer.above)
            if closer.behind is not None:
                yield below, closer.behind, True
    yield from ((path, each, False) for each in node.foot)


def _comment_at(child: Child, path: Path, comment: Comment, *, behind: bool) -> None:
    at = child
    for part in path:
        if at.value.flow or not at.value.children or (found := _child(at.value, part)) is None:
            break
        at = found
    if at is child:
        inner = child.value.children
        first = next(inner[0].tokens()) if inner and not child.value.flow else next(child.tokens())
        first.above = [*first.above, comment]
        return
    block = at.value.children and not at.value.flow
    last = at.sign if block else at.value.closer or at.value.head[-1]
    if behind and last is not None and last.behind is None:
        last.behind = comment
    else:
        first = next(at.tokens())
        first.above = [*first.above, comment]


def _child(node: Node, part: str | int) -> Child | None:
    if isinstance(part, int):
        return node.children[part] if part < len(node.children) else None
    return entry_of(node, part)


def _below(child: Child, name: str) -> Child:
    found = entry_of(child.value, name)
    if found is None:
        raise AssertionError(f"{name} was written")
    return found


def with_comments(text: str, comment: Callable[[Path], str]) -> str:
    """The text of a formatted file with a comment behind each value for which there is one: behind what stands between
    brackets, and behind every other text, number or word.
    """
    document = read(text)
    for number, (path, last) in enumerate(_ends(document.root, ())):
        said = comment(path)
        if said:
            last.behind = Comment(f"# {visible(said)}", _APART - number)
    return print_document(document)


def _ends(node: Node, path: Path) -> Iterator[tuple[Path, Token]]:
    if node.flow or not node.children:
        yield path, node.closer or node.head[-1]
        return
    for number, child in enumerate(node.children):
        yield from _ends(child.value, (*path, number if child.key is None else name_of(child)))


@dataclass(frozen=True, slots=True)
class Replaced:
    """A file with other blueprints. `lost` are the comments that stood in the old ones, each with its line."""

    text: str
    lost: tuple[tuple[int, str], ...] = ()


def replace_blueprints(file: str, text: str, blueprints: Mapping[str, Mapping[str, Any]]) -> Replaced:
    """The text of a file with other blueprints in the place of those with the same keys: plain ones, or uses of a
    template. Raises CannotEdit.
    """
    lost: Counter[str] = Counter()

    def changed(data: Mapping[str, Any]) -> dict[str, Any]:
        return {**data, "blueprints": {**data["blueprints"], **blueprints}}

    def edit(data: Mapping[str, Any], root: Node) -> list[str]:
        parent = _entry(root, "blueprints").value
        layout = build.layout_of(data).of("blueprints", data["blueprints"])
        anchors: list[str] = []
        for key, value in blueprints.items():
            child = _entry(parent, key)
            anchors += [token.text[1:] for token in child.tokens() if token.kind == ANCHOR]
            before = _all_comments(child)
            if parent.flow:
                ordered = build.in_order(layout.of(key, value), value)
                put(child, build.flow(ordered, quoted=_quotes_keys(parent)))
            else:
                put(child, build.node(key, value, parent.column, layout=layout))
            lost.update(before - _all_comments(child))
        return anchors

    return Replaced(_edited(file, text, changed, edit), tuple(_with_lines(text, lost)))


def _entry(parent: Node, name: str) -> Child:
    found = entry_of(parent, name)
    if found is None:
        raise Refusal(f"`{clip(name)}` repeats what stands elsewhere")
    return found


def _all_comments(child: Child) -> Counter[str]:
    alone = Document([], Node(MAPPING, children=[child]), [], Token(STREAM_END, ""))
    return Counter(alone.comments())


def _with_lines(text: str, comments: Counter[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        found = next((each for each in comments if comments[each] and line.rstrip().endswith(each)), None)
        if found is not None:
            comments[found] -= 1
            yield number, found


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
    values = _below(child, "with").value
    for each in lines:
        if each.value is not None:
            next(_below(Child(values), each.name).tokens()).above = [*_comments(each.about)]
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
