"""Changes of a mapping's fields → edits of its text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from kalentops.blueprint.body import PARTS
from kalentops.support.text import clip
from kalentops.yamlfile import layout, printer
from kalentops.yamlfile.splicing.edits import Edit, Refusal
from kalentops.yamlfile.splicing.flow import (
    FlowStyle,
    common_style,
    flow_text,
    goes_over_lines,
    key_text,
    style_of,
)
from kalentops.yamlfile.splicing.inplace import Where, put
from kalentops.yamlfile.splicing.order import Added, Part
from kalentops.yamlfile.splicing.outline import Entry, Node, column, line_start
from kalentops.yamlfile.splicing.runs import rearranged, stands_on_lines
from kalentops.yamlfile.splicing.wanted import Change, Changes, Inside, Remove, changed_value

STEP_ORDER: Final = tuple(name for part in layout.STEP_FIELDS for name in part)
BLUEPRINT_ORDER: Final = tuple(name for part in layout.BLUEPRINT_FIELDS for name in part)
BY_HAND: Final = (
    "change it by hand, or put it back with `kalentops apply --overwrite ADDRESS --target ADDRESS`"
)


@dataclass
class Page:
    """A text with its outline, and the anchors of what has been changed in it."""

    text: str
    root: Node
    eol: str
    anchors: list[str] = field(default_factory=list)

    def opened(self, node: Node, what: str) -> Node:
        """A mapping or list that is going to be changed."""
        if node.kind == "alias":
            raise Refusal(f"{what} is the alias *{node.value}, which repeats what stands elsewhere", BY_HAND)
        if node.anchor:
            self.anchors.append(node.anchor)
        return node

    def style(self, container: Node) -> FlowStyle:
        return style_of(self.text, container, self._common)

    @cached_property
    def _common(self) -> FlowStyle:
        return common_style(self.text, self.root)

    def where(self, container: Node) -> Where:
        start = container.entries[0].start
        style = self.style(container) if container.flow else FlowStyle()
        return Where(self.text, column(self.text, start), container.flow, style, self.eol)


def field_edits(
    page: Page, node: Node, data: Mapping[str, Any], changes: Changes, order: Sequence[str], what: str
) -> list[Edit]:
    """The edits that carry out changes of a mapping; `data` is what it says, merge keys included, and `order` that in
    which its fields are written. `what` names it in a message.

    Raises Refusal.
    """
    if not changes:
        return []
    page.opened(node, what)
    edits: list[Edit] = []
    slots: list[tuple[str, Part]] = [
        (entry.key.value if entry.key else "", number) for number, entry in enumerate(node.entries)
    ]
    for name in sorted(changes, key=lambda each: _rank(each, order)):
        change, entry = changes[name], node.entry(name)
        if entry is not None and not isinstance(change, Remove):
            edits += _changed(page, node, entry, data.get(name), change, what)
        elif entry is not None:
            slots.remove((name, node.entries.index(entry)))
        elif isinstance(change, Remove):
            raise Refusal(f"`{clip(name)}` of {what} comes by way of `<<`, and has to go", BY_HAND)
        else:
            value = changed_value(data.get(name, {}), change)
            slots.insert(_place(page, node, slots, name, order), (name, _added(page, node, name, value)))
    comma = page.style(node).comma if node.flow else ""
    return edits + rearranged(page.text, node, [part for _, part in slots], page.eol, comma)


def _rank(name: str, order: Sequence[str]) -> int:
    return order.index(name) if name in order else len(order)


def _place(page: Page, node: Node, slots: list[tuple[str, Part]], name: str, order: Sequence[str]) -> int:
    """Where a new field belongs: behind the last of those that are written before it, `<<` among them."""
    if name not in order:
        return len(slots)
    before = ("<<", *order[: _rank(name, order)])
    places = [position for position, (each, _) in enumerate(slots, 1) if each in before]
    # The first line of a step is best left to the field that has the `- `.
    start = node.entries[0].start
    shared = not node.flow and page.text[line_start(page.text, start) : start].strip() != ""
    return places[-1] if places else int(shared)


def _added(page: Page, node: Node, name: str, value: Any) -> Added:
    if not node.flow:
        return Added(printer.entry_text(name, value, page.where(node).column).replace("\n", page.eol))
    style = page.style(node)
    written = flow_text(value, style, _own_lines(page, node, value, style))
    return Added((key_text(name, style) + style.colon + written).replace("\n", page.eol))


def _own_lines(page: Page, container: Node, value: Any, style: FlowStyle) -> int | None:
    """The indentation of the line of a value between braces, where it goes over several lines."""
    if container.flow and stands_on_lines(page.text, container) and goes_over_lines(value, style):
        return column(page.text, container.entries[0].start)
    return None


def _changed(
    page: Page, container: Node, entry: Entry, current: Any, change: Change, what: str
) -> list[Edit]:
    node = entry.value
    name = entry.key.value if entry.key else ""
    if isinstance(change, Inside) and node.kind == "map" and node.entries:
        order = PARTS.get(name, ())
        return field_edits(page, node, current, dict(change.changes), order, f"`{clip(name)}` of {what}")
    value = changed_value(current, change)
    if node.kind != "alias" and node.anchor:
        page.anchors.append(node.anchor)
    where = page.where(container)
    return put(where, entry, value, _own_lines(page, container, value, where.style))
