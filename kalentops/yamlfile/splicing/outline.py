"""Where everything of a YAML file stands: its nodes with the places where they begin and end, and its comments.

`loader.tree` says what a file means; this says how it is written, with aliases and merge keys as they stand there.
Indices count characters of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from kalentops.yamlfile.parse import events

Kind = Literal["scalar", "alias", "map", "seq"]

_SKIP = re.compile(r"(?:[ \t\r\n]+|#[^\r\n]*)*")
_PROPERTY = re.compile(r"&[0-9A-Za-z_-]+|!\S*")
_COMMENT = re.compile(r"(?:(?<=[\s,\[\]{}])|\A)#[^\r\n]*")
_BREAK = re.compile(r"\r\n?|\n")
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n|\Z)")
_SPACES = re.compile(r" *")
_HEADER = re.compile(r"[|>][-+0-9]*")


@dataclass(slots=True, eq=False)
class Node:
    """A value, from its anchor and tag (`start`, until before `named`) or itself (`at`) up to behind its last character
    (`end`).

    `style` of a scalar is `'`, `"`, `|`, `>` or empty. A block scalar ends before the line end of the last line that
    says something. `value` is what a scalar says, or the name of what an alias repeats.
    """

    kind: Kind
    start: int
    named: int
    at: int
    end: int
    flow: bool = False
    style: str = ""
    anchor: str | None = None
    tag: str | None = None
    value: str = ""
    entries: list[Entry] = field(default_factory=list)

    def entry(self, key: str) -> Entry | None:
        """The entry of a mapping that stands in it itself, not by way of `<<`."""
        return next((e for e in self.entries if e.key is not None and e.key.value == key), None)

    def walk(self) -> Iterator[Node]:
        """The node and all below it, keys included, in the order of the text."""
        yield self
        for entry in self.entries:
            if entry.key is not None:
                yield entry.key
            yield from entry.value.walk()


@dataclass(slots=True, eq=False)
class Entry:
    """A key with its value, or an item of a list. `start` is its `- `, its `? ` or itself; `sign` stands behind the
    `-` or `:`, None where there is none.
    """

    start: int
    sign: int | None
    key: Node | None
    value: Node

    @property
    def end(self) -> int:
        if self.value.start == self.value.end:  # nothing, whose place the parser sees somewhere behind
            key_end = self.key.end if self.key else self.start
            return key_end if self.sign is None else self.sign
        return self.value.end


def read_outline(text: str) -> Node:
    """The outline of a text in which `loader.tree.parse` finds no fault."""
    reader = _Reader(text)
    root = reader.node(next(event for event in reader.events if hasattr(event, "anchor")))
    for _ in reader.events:  # to its end, so that the parser is put away
        pass
    return root


def comments(text: str, root: Node) -> list[tuple[int, str]]:
    """All comments with their places, in the order of the text."""
    found: list[tuple[int, str]] = []
    last = 0
    for node in root.walk():
        if node.kind in {"map", "seq"} or node.start == node.end:
            continue
        found += _comments(text, last, node.start)
        if node.style in {"|", ">"}:
            found += _comments(text, header_end(text, node), line_end(text, node.at))
            last = max(node.end, line_end(text, node.at))
        else:
            last = node.end
    return found + _comments(text, last, len(text))


def _comments(text: str, start: int, end: int) -> list[tuple[int, str]]:
    return [(match.start(), match[0]) for match in _COMMENT.finditer(text, start, end)]


def skip(text: str, at: int) -> int:
    """The first index from `at` on that is neither blank nor in a comment."""
    match = _SKIP.match(text, at)
    return match.end() if match else at


def line_start(text: str, at: int) -> int:
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def line_end(text: str, at: int) -> int:
    """Where the line of `at` ends, before its line break."""
    match = _BREAK.search(text, at)
    return match.start() if match else len(text)


def next_line(text: str, at: int) -> int:
    """Where the line after that of `at` begins; the end of the text where there is none."""
    match = _BREAK.search(text, at)
    return match.end() if match else len(text)


def is_blank(text: str, at: int) -> bool:
    """Whether nothing is said from `at` to the end of its line."""
    return not text[at : line_end(text, at)].strip(" \t")


def after_blanks(text: str, at: int) -> int:
    """The first line from `at` on that is not blank."""
    while at < len(text) and is_blank(text, at):
        at = next_line(text, at)
    return at


def before_break(text: str, at: int) -> int:
    """Where the line break begins behind which `at` stands."""
    return at - (2 if text.endswith("\r\n", 0, at) else 1)


def comma_behind(text: str, entry: Entry) -> int | None:
    """Where the comma behind an entry of a flow collection stands."""
    at = skip(text, entry.end)
    return at if text[at : at + 1] == "," else None


def column(text: str, at: int) -> int:
    return at - line_start(text, at)


def indentation(text: str, at: int) -> int:
    """How many spaces the line of `at` begins with."""
    start = line_start(text, at)
    match = _SPACES.match(text, start)
    return match.end() - start if match else 0


def header_end(text: str, node: Node) -> int:
    """Behind the `|-` of a block scalar."""
    match = _HEADER.match(text, node.at)
    return match.end() if match else node.at


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.events = events(text)
        self._last = 0  # where the last token ends that was read

    def node(self, event: Any) -> Node:
        start = event.start_mark.index
        anchor, tag = event.anchor, getattr(event, "tag", None)
        node = Node("scalar", start, start, start, event.end_mark.index, anchor=anchor, tag=tag)
        name = type(event).__name__
        if name == "AliasEvent":
            node.kind, node.value = "alias", str(anchor)
            node.anchor = None
        else:
            self._pass_properties(node)
            if name == "ScalarEvent":
                self._scalar(node, event)
            else:
                self._collection(node, event, "map" if name == "MappingStartEvent" else "seq")
        self._last = max(self._last, node.end)
        return node

    def _pass_properties(self, node: Node) -> None:
        for _ in range((node.anchor is not None) + (node.tag is not None)):
            match = _PROPERTY.match(self.text, node.at)
            if match:
                self._last = node.named = match.end()
                node.at = skip(self.text, match.end())

    def _scalar(self, node: Node, event: Any) -> None:
        node.value, node.style = str(event.value), event.style or ""
        if node.style in {"|", ">"}:
            node.end = self._last_line(node)
        elif not node.style and not node.value:
            node.at = node.end

    def _last_line(self, node: Node) -> int:
        """The end of the last line of a block scalar; lines behind it that say nothing are left to what follows."""
        header = self.text[node.at : header_end(self.text, node)]
        first = next_line(self.text, node.at)
        lines = [m.span() for m in _LINE.finditer(self.text, first, node.end) if m[0]]
        if "+" not in header:
            lines = lines[: self._spoken(lines, node)]
        if not lines:
            return header_end(self.text, node)
        return line_end(self.text, lines[-1][0])

    def _spoken(self, lines: list[tuple[int, int]], node: Node) -> int:
        """How many of the lines are part of the text: those of a literal one are the lines of its value."""
        if node.style == "|":
            return node.value.count("\n") + (not node.value.endswith("\n")) if node.value else 0
        blank = node.value.rstrip("\n")[-1:] in {" ", "\t"}
        for number in range(len(lines), 0, -1):
            line = self.text[slice(*lines[number - 1])].strip("\r\n")
            if line if blank else line.strip(" \t"):
                return number
        return 0

    def _collection(self, node: Node, start: Any, kind: Kind) -> None:
        node.kind, node.flow = kind, bool(start.flow_style)
        self._last = max(self._last, node.at + 1 if node.flow else node.at)
        while True:
            event = next(self.events)
            if type(event).__name__ in {"MappingEndEvent", "SequenceEndEvent"}:
                break
            node.entries.append(self._pair(node, event) if kind == "map" else self._item(node, event))
        if node.flow:
            node.end = event.end_mark.index
        elif node.entries:
            node.end = node.entries[-1].end

    def _item(self, node: Node, event: Any) -> Entry:
        if node.flow:
            value = self.node(event)
            return Entry(value.start, None, None, value)
        dash = skip(self.text, self._last)
        self._last = dash + 1
        entry = Entry(dash, dash + 1, None, self.node(event))
        self._last = max(self._last, entry.end)
        return entry

    def _pair(self, node: Node, event: Any) -> Entry:
        first = skip(self.text, self._last)
        if node.flow and self.text[first : first + 1] == ",":
            first = skip(self.text, first + 1)
        marked = self.text[first : first + 1] == "?" and first < event.start_mark.index
        key = self.node(event)
        sign = skip(self.text, key.end)
        colon = self.text[sign : sign + 1] == ":"
        self._last = sign + 1 if colon else key.end
        value = self.node(next(self.events))
        entry = Entry(first if marked else key.start, sign + 1 if colon else None, key, value)
        self._last = max(self._last, entry.end) if value.start < value.end else entry.end
        return entry
