"""Entries that stand on lines of their own, in a block or between braces: taken out, put in and moved.

What belongs to an entry goes with it: the comment at the end of its line, the comment lines directly above it (without
a blank line between, and in a block not indented deeper than it), and in a block the comment lines below that are
indented deeper than it. Comments that stand by themselves stay where they are. Blank lines between entries stay
between entries.
"""

from __future__ import annotations

from kalentops.yamlfile.splicing.edits import Edit
from kalentops.yamlfile.splicing.order import Added, Order, Part, groups_of, runs_of
from kalentops.yamlfile.splicing.outline import (
    Node,
    after_blanks,
    before_break,
    column,
    comma_behind,
    is_blank,
    line_end,
    line_start,
    next_line,
)


class Lines:
    """Entries that stand on lines of their own, in a block or between braces."""

    def __init__(self, text: str, node: Node, eol: str) -> None:
        self.text, self.node, self.eol = text, node, eol
        self.column = column(text, node.entries[0].start)
        self.begin: list[int] = []
        self.end: list[int] = []
        for number in range(len(node.entries)):
            self.begin.append(self._first_line(number))
            self.end.append(self._behind(number))

    def _first_line(self, number: int) -> int:
        floor = self.end[-1] if self.end else 0
        begin = line_start(self.text, self.node.entries[number].start)
        while begin > floor:
            above = line_start(self.text, before_break(self.text, begin))
            if above < floor or not self._is_comment(above, deeper=False):
                break
            begin = above
        return begin

    def _is_comment(self, line: int, *, deeper: bool) -> bool:
        end = line_end(self.text, line)
        said = self.text[line:end].lstrip(" \t")
        if not said.startswith("#"):
            return False
        return self.node.flow or (end - len(said) - line > self.column) is deeper

    def _behind(self, number: int) -> int:
        end = line = next_line(self.text, self.node.entries[number].end)
        while not self.node.flow and line < len(self.text):
            if self._is_comment(line, deeper=True):
                end = next_line(self.text, line)
            elif not is_blank(self.text, line):
                break
            line = next_line(self.text, line)
        return end

    def edits(self, order: Order, kept: frozenset[int]) -> list[Edit]:
        put = [edit for group in groups_of(order, kept) for edit in self._put(order, *group)]
        return [*self._commas(order, kept), *put, *self._cuts(put, kept)]

    def _put(self, order: Order, last: int | None, group: list[int], following: int | None) -> list[Edit]:
        """Entries behind the kept entry `last`; where there is none, before the kept one that follows."""
        if last is not None:
            return self._put_behind(order, group, self.end[last])
        first = following or 0
        edits = []
        for position in group:
            chunk = self._chunk(order, position)
            if not _ends_blank(chunk) and (following is not None or position != group[-1]):
                chunk += self.eol * self._gap(order[position])
            edits.append(Edit(self.begin[first], self.begin[first], chunk, self._origin(order[position])))
        return edits

    def _put_behind(self, order: Order, group: list[int], at: int) -> list[Edit]:
        edits = []
        below_blank = self._is_blank_above(at)
        has_end = self.text[at - 1] in "\r\n"  # the last line of a file may have none
        for position in group:
            chunk = self._chunk(order, position)
            # A blank line behind `|+` would become part of the text.
            gap = "" if below_blank else self.eol * self._gap(order[position])
            written = gap + chunk if has_end else self.eol + gap + chunk
            edits.append(Edit(at, at, written, self._origin(order[position])))
            below_blank, has_end = _ends_blank(chunk), True
        return edits

    def _origin(self, part: Part) -> tuple[int, int] | None:
        return None if isinstance(part, Added) else (self.begin[part], self.end[part])

    def _shares_its_line(self, number: int) -> bool:
        start = self.node.entries[number].start
        return bool(self.text[line_start(self.text, start) : start].strip(" \t"))

    def _chunk(self, order: Order, position: int) -> str:
        each, comma = order[position], self._needs_comma(order, position)
        if isinstance(each, Added):
            return " " * self.column + each.text + "," * comma + self.eol
        begin, end = self.begin[each], self.end[each]
        entry = self.node.entries[each]
        at = comma_behind(self.text, entry) if self.node.flow else None
        chunk = self.text[begin:end]
        if self.node.flow and comma is (at is None):
            behind = entry.end if at is None else at + 1
            chunk = self.text[begin : entry.end] + "," * comma + self.text[behind:end]
        return chunk if chunk.endswith(("\n", "\r")) else chunk + self.eol

    def _needs_comma(self, order: Order, position: int) -> bool:
        if not self.node.flow:
            return False
        return position < len(order) - 1 or comma_behind(self.text, self.node.entries[-1]) is not None

    def _commas(self, order: Order, kept: frozenset[int]) -> list[Edit]:
        """The commas behind entries that stay, where one became the last or is the last no more."""
        edits = []
        for position, each in enumerate(order):
            if self.node.flow and isinstance(each, int) and each in kept:
                at, end = comma_behind(self.text, self.node.entries[each]), self.node.entries[each].end
                needed = self._needs_comma(order, position)
                if needed and at is None:
                    edits.append(Edit(end, end, ","))
                elif at is not None and not needed:
                    edits.append(Edit(at, at + 1, ""))
        return edits

    def _gap(self, each: Part) -> int:
        """The number of blank lines that separate an entry from its neighbour."""
        if self.node.kind == "map" or len(self.begin) == 1:
            return 0
        number = each if isinstance(each, int) else len(self.begin) - 1
        if number == 0:
            return self._blank_lines(self.end[0], self._blank_behind(0))
        return self._blank_lines(self._blank_before(number), self.begin[number])

    def _blank_lines(self, start: int, end: int) -> int:
        count = 0
        while start < end:
            start, count = next_line(self.text, start), count + 1
        return count

    def _blank_before(self, number: int) -> int:
        """Where the blank lines before an entry begin."""
        at = self.begin[number]
        while number and at > self.end[number - 1]:
            above = line_start(self.text, before_break(self.text, at))
            if above < self.end[number - 1] or not is_blank(self.text, above):
                break
            at = above
        return at

    def _blank_behind(self, number: int) -> int:
        """Where the blank lines behind an entry end."""
        return after_blanks(self.text, self.end[number])

    def _is_blank_above(self, at: int) -> bool:
        return at > 0 and is_blank(self.text, line_start(self.text, before_break(self.text, at)))

    def _cuts(self, put: list[Edit], kept: frozenset[int]) -> list[Edit]:
        gone = [number for number in range(len(self.begin)) if number not in kept]
        ranges = [each for run in runs_of(gone) for each in self._cut(*run)]
        ranges = _united(ranges)
        for edit in {each.start: each for each in put}.values():
            if _ends_blank(edit.text):
                ranges = _united([*ranges, *self._blanks_behind(edit.start, ranges)])
        return [Edit(start, end, "") for start, end in ranges]

    def _blanks_behind(self, at: int, cut: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """The blank lines that come behind an entry which is put at `at` and ends with `|+`: they would become part of
        its text.
        """
        found = []
        for start, end in [*cut, (len(self.text), len(self.text))]:
            if end > at:
                blank = min(after_blanks(self.text, at), start)
                found.append((at, blank))
                if blank < start:
                    break
                at = end
        return found

    def _cut(self, first: int, last: int) -> list[tuple[int, int]]:
        """The lines of a run of entries, the blank lines between them, and those on one side of them."""
        if first == 0 and self._shares_its_line(0):
            return [self._cut_shared(last)]
        ranges = [(self.begin[each], self.end[each]) for each in range(first, last + 1)]
        ranges += [(self._blank_before(each), self.begin[each]) for each in range(first + 1, last + 1)]
        behind = self._blank_behind(last)
        is_last = last + 1 == len(self.begin)
        if first == 0:
            if not is_last:
                ranges.append((self.end[last], behind))
        elif behind > self.end[last] or behind == len(self.text) or (is_last and self.node.flow):
            before = self._blank_before(first)
            if before < self.begin[first]:
                ranges.append((before, self.begin[first]))
            elif self._is_blank_above(self.begin[first]):
                ranges.append((self.end[last], behind))
        return ranges

    def _cut_shared(self, last: int) -> tuple[int, int]:
        start = self.node.entries[0].start
        following = self.node.entries[last + 1].start
        if line_start(self.text, following) == self.begin[last + 1]:
            return start, following
        # Comments stand above the next entry: they stay, below a `-` that is alone on its line.
        while self.text[start - 1] in " \t":
            start -= 1
        return start, before_break(self.text, self.end[last])


def _ends_blank(chunk: str) -> bool:
    """Whether the last line of a chunk of lines is blank."""
    last = line_start(chunk, before_break(chunk, len(chunk)))
    return last > 0 and not chunk[last:].strip()


def _united(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    united: list[tuple[int, int]] = []
    for start, end in sorted(each for each in ranges if each[0] < each[1]):
        if united and start <= united[-1][1]:
            united[-1] = united[-1][0], max(united[-1][1], end)
        else:
            united.append((start, end))
    return united
