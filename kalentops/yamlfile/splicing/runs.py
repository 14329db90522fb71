"""The entries of a collection, brought into another order with new ones among them."""

from __future__ import annotations

from kalentops.blueprint.diff import moved
from kalentops.yamlfile.splicing.edits import Edit
from kalentops.yamlfile.splicing.inline import Inline
from kalentops.yamlfile.splicing.lines import Lines
from kalentops.yamlfile.splicing.order import Order
from kalentops.yamlfile.splicing.outline import Node, comma_behind, line_end, line_start


def rearranged(text: str, node: Node, order: Order, eol: str, comma: str = ", ") -> list[Edit]:
    """The edits that bring the entries of a collection, which has some, into an order that has some.

    `comma` is what separates new entries from others on their line.
    """
    numbers = [each for each in order if isinstance(each, int)]
    before = list(range(len(node.entries)))
    if list(order) == before:
        return []
    away = moved(before, numbers)
    kept = frozenset(number for number in numbers if number not in away)
    if node.flow and not stands_on_lines(text, node):
        return Inline(text, node, comma).edits(order, kept)
    return Lines(text, node, eol).edits(order, kept)


def stands_on_lines(text: str, node: Node) -> bool:
    """Whether each entry of a flow collection has lines of its own."""
    for entry in node.entries:
        if text[line_start(text, entry.start) : entry.start].strip(" \t"):
            return False
        comma = comma_behind(text, entry)
        if comma is not None and text[entry.end : comma].strip(" \t"):
            return False
        after = entry.end if comma is None else comma + 1
        rest = text[after : line_end(text, after)].strip(" \t")
        if rest and not rest.startswith("#"):
            return False
    return bool(node.entries)
