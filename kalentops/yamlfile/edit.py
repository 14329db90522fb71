"""A part of a file changed: the tree of the file is edited, and printed as `fmt` prints it.

Comments, quotes, blank lines and block scalars of all else stay. A file that `fmt` would change is formatted with it.
The new text is read back and compared with what was wanted; what can't be done so is refused. What an alias says, or
what comes by way of `<<`, is overridden where it is used; an anchor is left alone if other places would change with it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any, Final

from kalentops.blueprint.body import Body
from kalentops.blueprint.diff import same
from kalentops.errors import CannotEdit
from kalentops.support.text import clip, line_end_of, visible
from kalentops.yamlfile import MAX_BYTES, build, scalars
from kalentops.yamlfile.build import Layout
from kalentops.yamlfile.fmt import BEFORE_COMMENT, format_text, print_document
from kalentops.yamlfile.parse import parse
from kalentops.yamlfile.tree import (
    ALIAS,
    ANCHOR,
    MAPPING,
    NOTHING,
    SCALAR,
    SEQUENCE,
    Child,
    Comment,
    Document,
    Node,
    Token,
    Unclear,
    read,
)
from kalentops.yamlfile.tree_edit import (
    Changes,
    FieldEdit,
    Inside,
    Items,
    Remove,
    applied,
    changed_value,
    compare,
    compare_bodies,
    put,
    put_comments_behind,
    rearrange,
)

_BY_HAND: Final = (
    "change it by hand, or put it back with `kalentops apply --overwrite ADDRESS --target ADDRESS`"
)
_CORRECT: Final = "correct the file; `kalentops validate` lists what is wrong"
_THERE: Final = "correct it in Kalent's web app, then run the command again"


class Refusal(Exception):
    """Why a blueprint can't be changed in its file, and what to do about it; in `hint`, ADDRESS stands for its own."""

    def __init__(self, reason: str, hint: str = _BY_HAND) -> None:
        super().__init__(reason)
        self.hint = hint


def edit_blueprint(file: str, text: str, key: str, after: Mapping[str, Any]) -> str:
    """The text of a file with the blueprint `key` changed so that it reads `after`, a body in the normal form of
    `blueprint.body`; the text as it is where that says nothing new.

    Of what the API hides (`config`, of the blueprint and of steps; the text of a plain invitation) only that is changed
    which `after` holds. Fields that are not known here stay. Raises CannotEdit.
    """

    def changes(data: Any) -> Changes:
        body = Body.of(after).data
        current = _blueprint(data, key)
        _check_steps(body["steps"], "in Kalent", _THERE)
        return compare_bodies(current, body)

    return _edit(file, text, ("blueprints", key), changes)


def edit_mapping(file: str, text: str, path: tuple[str, ...], after: Mapping[str, Any]) -> str:
    """The text of a file with the mapping at `path` changed so that it reads `after`; items of a list are told apart by
    their ids. Raises CannotEdit.
    """

    def changes(data: Any) -> Changes:
        current = _at(data, path)
        if not isinstance(current, Mapping):
            raise Refusal("it is not there", _CORRECT)
        return compare(current, after)

    return _edit(file, text, path, changes)


def _edit(file: str, text: str, path: tuple[str, ...], changes: Callable[[Any], Changes]) -> str:
    data: Any = {}
    try:
        data = read_data(text.lstrip("\ufeff"))
        return _edited(file, text, data, path, changes(data))
    except (Refusal, Unclear) as refusal:
        what = f"`{clip(path[-1])}` in {visible(file)}" if path else visible(file)
        said = data.get("sourcingId")
        address = f"{said if isinstance(said, str) else 'SOURCING_ID'}/{path[-1] if path else 'KEY'}"
        hint = getattr(refusal, "hint", _BY_HAND)
        raise CannotEdit(
            f"{what} can't be changed in place: {refusal}", hint=hint.replace("ADDRESS", clip(address, 200))
        ) from None


def _at(data: Any, path: Sequence[str]) -> Any:
    for part in path:
        data = data.get(part) if isinstance(data, Mapping) else None
    return data


def read_data(text: str) -> Any:
    """What a file says. Raises Refusal."""
    parsed = parse(text)
    if parsed.faults or not isinstance(parsed.data, dict):
        fault = min(parsed.faults, default=None)
        where = f"in line {fault.line}: {fault.message}" if fault else "it holds no blueprints"
        raise Refusal(f"the file is not valid, {where}", _CORRECT)
    return parsed.data


def _edited(file: str, text: str, data: Any, path: tuple[str, ...], changes: Changes) -> str:
    current = _at(data, path)
    made = applied(current, changes)
    if same(made, current):
        return text
    if not scalars.can_be_written(json.dumps(made, ensure_ascii=False)):
        raise Refusal("a text holds half a character (a lone surrogate), which no file can hold", _THERE)

    def edit(document: Document) -> list[str]:
        editor = _Editor(document)
        editor.edit(path, data, changes)
        return editor.anchors

    return rewrite(file, text, _with(data, path, made), edit)


def rewrite(file: str, text: str, goal: Any, edit: Callable[[Document], list[str]]) -> str:
    """The text of a file after `edit` has changed its tree so that it says `goal`. `edit` returns the anchors of what
    it has changed. Raises Refusal.
    """
    clean = format_text(file, text)
    if clean.problem:
        raise Refusal(f"`kalentops fmt` can't format the file: {clean.problem}")
    document = read(clean.after.replace("\r\n", "\n"))
    _separate_comments(document)
    anchors = edit(document)
    edited = print_document(document)
    _check(edited, goal, document, anchors)
    if _is_json(text) and not _is_json(edited):
        raise Refusal("the file would no longer be JSON")
    ended = edited.replace("\n", line_end_of(clean.after))
    if len(ended.encode()) > MAX_BYTES:
        hint = "split it; several files may serve one sourcing"
        raise Refusal("the file would be larger than 1 MiB", hint)
    return ended


def _with(data: Any, path: Sequence[str], value: Any) -> Any:
    """The data with another value at a path."""
    return {**data, path[0]: _with(data[path[0]], path[1:], value)} if path else value


def _blueprint(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    blueprints = data.get("blueprints")
    current = blueprints.get(key) if isinstance(blueprints, dict) else None
    if not isinstance(current, dict) or not current:
        raise Refusal("there is no such blueprint", "`kalentops plan` lists the blueprints and their files")
    steps = current.get("steps")
    if steps is not None and not isinstance(steps, list):
        raise Refusal("its `steps` are not a list", _CORRECT)
    _check_steps(steps or [], "in the file", _CORRECT)
    return current


def _check_steps(steps: list[Any], place: str, hint: str) -> None:
    ids = [step.get("id") if isinstance(step, Mapping) else None for step in steps]
    if not all(isinstance(each, str) for each in ids):
        raise Refusal(f"a step has no `id` {place}", hint)
    twice = next((each for each, count in Counter(ids).items() if count > 1), None)
    if twice is not None:
        raise Refusal(f"several steps have the id `{clip(twice)}` {place}", hint)


def _check(edited: str, goal: Any, document: Document, anchors: list[str]) -> None:
    """Raises Refusal if the new text does not say what was wanted, or lacks a comment."""
    parsed = parse(edited)
    if parsed.faults:
        raise Refusal(f"the file would no longer be valid: {parsed.faults[0].message}")
    if not same(parsed.data, goal):
        repeated = {token.text[1:] for token in document.root.tokens() if token.kind == ALIAS}
        names = ", ".join(f"&{name}" for name in dict.fromkeys(anchors) if name in repeated)
        if names:
            raise Refusal(f"other places repeat what it says by way of {names}")
        raise Refusal("the file would not say what was wanted")
    if sorted(read(edited).comments()) != sorted(document.comments()):
        raise Refusal("a comment would be lost, or become part of a text")


def _separate_comments(document: Document) -> None:
    """Let comments not move together that stand below each other by chance: each with no more blanks than it needs."""
    aligned: set[int] = set()
    close: list[Comment] = []
    for each in document.walk():
        aligned |= {comment.column for comment in (each.foot if isinstance(each, Node) else each.above)}
        if isinstance(each, Token) and each.behind is not None:
            apart = each.behind.column - each.column - len(each.text)
            if apart == len(BEFORE_COMMENT) and "\n" not in each.text:
                close.append(each.behind)
            else:
                aligned.add(each.behind.column)
    for number, comment in enumerate(close):
        if comment.column not in aligned:
            comment.column = -2 - number  # unlike any other


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


class _Editor:
    """Changes of a mapping, carried out in the tree of its file. `anchors` are those of what has changed."""

    def __init__(self, document: Document) -> None:
        self._root = document.root
        self.anchors: list[str] = []

    def edit(self, path: tuple[str, ...], data: Any, changes: Changes) -> None:
        node, layout, what = self._root, build.layout_of(data), "the file"
        for name in path:
            found = entry_of(self._opened(node, what), name)
            what = "it" if name == path[-1] else f"`{clip(name)}`"
            if found is None:
                raise Refusal(f"{what} comes by way of `<<`")
            node, data = found.value, data[name]
            layout = layout.of(name, data)
        self._opened(node, what)
        self._fields(node, data, changes, layout, "the blueprint" if path else "the file")

    def _opened(self, node: Node, what: str) -> Node:
        """A mapping or list that is going to be changed."""
        if node.kind == ALIAS:
            raise Refusal(f"{what} is the alias {node.head[-1].text}, which repeats what stands elsewhere")
        self.anchors += [token.text[1:] for token in node.head if token.kind == ANCHOR]
        return node

    # Fields

    def _fields(
        self,
        node: Node,
        data: Mapping[str, Any],
        changes: Changes,
        layout: Layout,
        what: str,
        *,
        is_item: bool = False,
    ) -> None:
        """Carry out changes of a mapping. `data` is what it says, merge keys included, and `layout` says the order in
        which its fields are written. `what` names it in a message.
        """
        if not changes:
            return
        self._opened(node, what)
        order = layout.order
        slots: list[tuple[str, int | Child]] = [(name_of(child), n) for n, child in enumerate(node.children)]
        for name in sorted(changes, key=lambda each: order.index(each) if each in order else len(order)):
            change, child = changes[name], entry_of(node, name)
            if child is not None and not isinstance(change, Remove):
                self._change(node, child, data.get(name), change, layout, what)
            elif child is not None:
                slots.remove((name, [*node.children].index(child)))
            elif isinstance(change, Remove):
                raise Refusal(f"`{clip(name)}` of {what} comes by way of `<<`, and has to go")
            elif isinstance(change, Items) and name in data:
                raise Refusal(f"its `{clip(name)}` come by way of `<<`")
            else:
                new = self._new_entry(node, name, changed_value(data.get(name), change), layout)
                slots.insert(_place(node, slots, name, layout, is_item=is_item), (name, new))
        rearrange(node, [part for _, part in slots])

    def _new_entry(self, node: Node, name: str, value: Any, layout: Layout) -> Child:
        if node.flow:
            value = build.in_order(layout.of(name, value), value)
            return build.flow_entry(name, value, quoted=self._is_quoted(node))
        return build.entry(name, value, node.column, layout=layout)

    def _change(
        self, parent: Node, child: Child, current: Any, change: FieldEdit, layout: Layout, what: str
    ) -> None:
        node, name = child.value, name_of(child)
        if isinstance(change, Inside) and node.kind == MAPPING and node.children:
            below = layout.of(name, current)
            self._fields(node, current, change.changes, below, f"`{clip(name)}` of {what}")
            return
        if isinstance(change, Items):
            node = self._opened(node, f"the list of its {name}")
            if node.kind == SEQUENCE and node.children:
                self._items(parent, child, current, change, layout.of(name, current))
                return
        value = changed_value(current, change)
        self.anchors += [token.text[1:] for token in node.head if token.kind == ANCHOR]
        if isinstance(value, str):
            new = self._text(parent, node, value)
        elif parent.flow or (node.flow and not isinstance(change, Items)):
            value = build.in_order(layout.of(name, value), value)
            new = build.flow(value, quoted=self._is_quoted(node if node.flow else parent))
        else:
            new = build.node(name, value, parent.column, layout=layout)
        put(child, new)

    def _text(self, parent: Node, old: Node, value: str) -> Node:
        """A text, written as the old one is as far as it can be."""
        token = old.head[-1] if old.kind == SCALAR else Token(NOTHING, "")
        has_lines = token.style and "\n" in token.value
        if token.is_block or ("\n" in value and not parent.flow and not has_lines):
            block = build.block_like(token.style, token.lines, value)
            if block is not None:
                return build.block_scalar(block)
        single = scalars.single_quoted(value) if token.style == "'" else None
        if single is not None:
            return build.scalar(single)
        if parent.flow and (token.style == '"' or self._is_quoted(parent)):
            return build.scalar(scalars.json_quoted(value))
        if token.style and not token.is_block:
            return build.scalar(scalars.quoted(value))
        return build.scalar(scalars.inline(value, flow=parent.flow))

    def _is_quoted(self, node: Node) -> bool:
        """Whether keys between these brackets, or else between others in the file, are written as in JSON."""
        sample = next((each for each in _mappings(node) if each.flow), None)
        sample = sample or next((each for each in _mappings(self._root) if each.flow), None)
        key = sample.children[0].key if sample else None
        return key is not None and key.head[-1].style == '"'

    # Items of a list

    def _items(self, parent: Node, child: Child, current: Any, change: Items, layout: Layout) -> None:
        node = child.value
        for number, changes in change.changes.items():
            item = current[number]
            what = f"step `{clip(item['id'])}`"
            self._fields(_item(node, number), item, changes, layout.of(number, item), what, is_item=True)
        left = rearrange(
            node,
            [
                each if isinstance(each, int) else self._new_item(node, each.value, layout)
                for each in change.order
            ],
        )
        if not node.children and not node.flow:
            put(child, build.leaf([]))
            put_comments_behind(parent, child, left)

    def _new_item(self, node: Node, value: Any, layout: Layout) -> Child:
        below = layout.of(0, value)
        if node.flow:
            return Child(build.flow(build.in_order(below, value), quoted=self._is_quoted(node)))
        return build.item(value, node.column, layout=below)


def entry_of(node: Node, name: str) -> Child | None:
    """The entry of a mapping that stands in it itself, not by way of `<<`."""
    return next((child for child in node.children if child.key and name_of(child) == name), None)


def name_of(child: Child) -> str:
    return child.key.head[-1].value if child.key and child.key.kind == SCALAR else ""


def _item(items: Node, number: int) -> Node:
    child = items.children[number]
    if child.key is not None:  # `[id: a]`
        pair = Child(child.value, child.mark, child.key, child.sign)
        braces = build.leaf({})
        braces.children = [pair]
        child.value, child.mark, child.key, child.sign = braces, None, None, None
    return child.value


def _mappings(node: Node) -> Iterable[Node]:
    """Those with entries, from the outside in."""
    if node.kind == MAPPING and node.children:
        yield node
    for child in node.children:
        yield from _mappings(child.value)


def _place(
    node: Node, slots: list[tuple[str, int | Child]], name: str, layout: Layout, *, is_item: bool
) -> int:
    """Where a new field belongs: behind the last of those that are written before it, `<<` among them."""
    before: Container[str] = [each for each, _ in slots]
    if name in layout.first:
        before = ("<<", *layout.first[: layout.first.index(name)])
    elif name in layout.last:
        behind = layout.last[layout.last.index(name) :]
        before = [each for each, _ in slots if each not in behind]
    places = [position for position, (each, _) in enumerate(slots, 1) if each in before]
    # The first line of an item is best left to the field that has the `- `.
    return places[-1] if places else int(is_item and not node.flow)
