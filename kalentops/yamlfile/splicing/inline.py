"""Entries between braces that share their lines: taken out, put in and moved."""

from __future__ import annotations

from kalentops.yamlfile.splicing.edits import Edit
from kalentops.yamlfile.splicing.order import Added, Order, groups_of, runs_of
from kalentops.yamlfile.splicing.outline import Node, comma_behind, line_end, line_start, next_line


class Inline:
    """`comma` separates what is put in from what is there."""

    def __init__(self, text: str, node: Node, comma: str) -> None:
        self.text, self.node, self.comma = text, node, comma

    def edits(self, order: Order, kept: frozenset[int]) -> list[Edit]:
        put = [edit for group in groups_of(order, kept) for edit in self._put(order, *group)]
        gone = [number for number in range(len(self.node.entries)) if number not in kept]
        cuts = [cut for run in runs_of(gone) for cut in self._cut(*run)]
        return [*put, *(Edit(start, end, "") for start, end in cuts)]

    def _put(self, order: Order, last: int | None, group: list[int], following: int | None) -> list[Edit]:
        entries = self.node.entries
        edits = []
        for position in group:
            each = order[position]
            written = each.text if isinstance(each, Added) else self.text[slice(*self._span(each))]
            if last is not None:
                at, written = entries[last].end, self.comma + written
            else:
                at = entries[following or 0].start
                written += self.comma * (following is not None or position != group[-1])
            edits.append(Edit(at, at, written, None if isinstance(each, Added) else self._span(each)))
        return edits

    def _span(self, number: int) -> tuple[int, int]:
        return self.node.entries[number].start, self.node.entries[number].end

    def _cut(self, first: int, last: int) -> list[tuple[int, int]]:
        """A run of entries with one comma; of the comments between it and its neighbours, none but its own."""
        entries = self.node.entries
        start, end = entries[first].start, entries[last].end
        if last + 1 < len(entries):
            return [self._to_next(start, last)]
        if first == 0:
            return [(start, end)]
        before = entries[first - 1].end
        comma = comma_behind(self.text, entries[first - 1])
        if comma is None or "#" not in self.text[before:start]:
            return [(before, end)]
        return [(comma, comma + 1), (start, end)]

    def _to_next(self, start: int, number: int) -> tuple[int, int]:
        """From `start` to where the entry behind one begins, or the comments above that."""
        entry, following = self.node.entries[number : number + 2]
        comma = comma_behind(self.text, entry)
        if comma is None or "#" not in self.text[comma : following.start]:
            return start, following.start
        line = line_end(self.text, comma)
        if not self.text[comma + 1 : line].strip(" \t").startswith("#"):
            return start, comma + 1
        first = line_start(self.text, start)
        is_alone = not self.text[first:start].strip(" \t")
        return (first, next_line(self.text, comma)) if is_alone else (start, line)
