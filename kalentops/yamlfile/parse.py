"""YAML bytes → plain data that knows its positions. The only user of yaml.

One pass over the events of libyaml, with a stack of our own: duplicate keys, tags, aliases, merge keys,
depth and size are checked while the data is built, so nothing large or deep is ever made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from kalentops.yamlfile import faults, scalars
from kalentops.yamlfile.faults import BRACES, Complaint, Place, explain, forbidden, forbidden_character
from kalentops.yamlfile.positions import (
    BROKEN,
    LONG,
    Broken,
    Event,
    Fault,
    Map,
    Parsed,
    Seq,
    Tree,
    merge,
    weight,
)

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_NODES = 20_000


class _Stop(Exception):
    """The rest of the file can't be read: a fault says why."""


def parse(text: str) -> Parsed:
    """The data of one YAML document.

    Never raises for any text: what is wrong is in `faults`, and `usable` says whether there is data.
    """
    fault = forbidden(text)
    if fault:
        return Parsed(None, [fault])
    builder = _Builder(text)
    try:
        builder.run()
    except _Stop:
        pass
    except (yaml.reader.ReaderError, UnicodeEncodeError):
        builder.faults.append(forbidden_character(text))
    else:
        return Parsed(builder.root, builder.faults, usable=not isinstance(builder.root, Broken))
    return Parsed(None, builder.faults)


class _Frame:
    """One open mapping or sequence."""

    __slots__ = ("anchor", "broken", "key", "key_event", "node", "start")

    def __init__(self, node: Map | Seq, start: Event, anchor: str | None) -> None:
        self.node = node
        self.start = start
        self.anchor = anchor
        self.key: str | Broken | None = None
        self.key_event: Event | None = None
        self.broken = False


class _Builder:
    def __init__(self, text: str) -> None:
        self.text = text
        self.faults: list[Fault] = []
        self.root: Tree = None
        self._documents = 0
        self._nodes = 0
        self._stack: list[_Frame] = []
        self._anchors: dict[str, Tree] = {}
        self._braces: int | None = None  # where the last text begins that is a variable without quotes

    def _at(self, event: Event, code: str, message: str, hint: str) -> None:
        mark = event.start_mark
        self.faults.append(Fault(code, mark.line + 1, mark.column + 1, message, hint))

    def run(self) -> None:
        event: Event = None
        try:
            for event in events(self.text):
                kind = type(event)
                if kind is ScalarEvent:
                    self._scalar(event)
                elif kind is MappingStartEvent:
                    self._open(Map(), event)
                elif kind is SequenceStartEvent:
                    self._open(Seq(), event)
                elif kind is MappingEndEvent or kind is SequenceEndEvent:
                    self._close()
                elif kind is AliasEvent:
                    self._alias(event)
                elif kind is DocumentStartEvent:
                    self._document(event)
        except yaml.MarkedYAMLError as error:
            self._complain(error, event)
            raise _Stop from None
        if not self._documents:
            self.faults.append(faults.EMPTY)
            raise _Stop

    def _complain(self, error: yaml.MarkedYAMLError, last: Event) -> None:
        at = _place(error.problem_mark or error.context_mark)
        began, end = (last.start_mark.index, last.end_mark.index) if last else (0, 0)
        kind = {"}": "]", "]": "]", '"': '"', "'": '"'}.get(self.text[end - 1 : end], "")
        since = _place(error.context_mark) if error.context_mark else None
        complaint = Complaint(error.problem or "", at, error.context or "", since, kind, began, end)
        fault = explain(self.text, complaint)
        # What follows a variable without quotes can't be read either: one mistake, one fault.
        reported = self._braces is not None and not self.text[end : at[2]].strip("} \r\n")
        reported = reported and kind == "]" and "}" in self.text[self._braces : end]
        if not reported and fault not in self.faults:
            self.faults.append(fault)

    def _document(self, event: Event) -> None:
        self._documents += 1
        if self._documents > 1:
            self._at(event, *faults.SECOND_DOCUMENT)
            raise _Stop

    def _scalar(self, event: Any) -> None:
        value: Tree = event.value
        frame = self._stack[-1] if self._stack else None
        if event.implicit[0] and event.tag is None:
            if value == "<<" and frame and frame.key_event is None and isinstance(frame.node, Map):
                self._set_key(frame, "<<", event)
                return
            try:
                value = scalars.plain(event.value)
            except scalars.NotRepresentable as error:
                self._at(event, *faults.no_number(str(error)))
                value = BROKEN
        elif event.tag is not None:
            value = self._tagged(event)
        if event.anchor:
            self._anchors[event.anchor] = value
        heavy = 1 + len(value) // LONG if type(value) is str else 1
        self._count(event, heavy)
        if type(value) is not str or frame is None or type(frame.node) is Seq:
            self._add(value, event, 0)
        elif frame.key_event is None:  # a key: half of all scalars, so the shortest way
            frame.key, frame.key_event = value, event
        else:
            frame.node.size += heavy
            self._put(frame, value, event)

    def _tagged(self, event: Any) -> Tree:
        if event.tag in {"!", faults.STANDARD + "str"}:
            return str(event.value)
        self._at(event, *faults.unknown_tag(event.tag))
        return BROKEN

    def _open(self, node: Map | Seq, event: Any) -> None:
        if len(self._stack) >= MAX_DEPTH:
            self._at(event, *faults.too_deep(MAX_DEPTH))
            raise _Stop
        self._count(event, 1)
        if event.tag is not None:
            own = faults.STANDARD + ("map" if isinstance(node, Map) else "seq")
            if event.tag not in {"!", own}:
                self._at(event, *faults.unknown_tag(event.tag))
        if event.anchor:
            self._anchors[event.anchor] = BROKEN
        self._stack.append(_Frame(node, event, event.anchor))

    def _close(self) -> None:
        frame = self._stack.pop()
        value: Tree = frame.node
        if isinstance(frame.node, Map) and frame.node.merges:
            merge(frame.node)
        if frame.broken:
            value = BROKEN
        if frame.anchor:
            self._anchors[frame.anchor] = value
        self._add(value, frame.start, frame.node.height)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            self._at(event, *faults.no_anchor(event.anchor))
            raise _Stop
        value = self._anchors[event.anchor]
        if any(f.anchor == event.anchor for f in self._stack):
            self._at(event, *faults.inside_itself(event.anchor))
            raise _Stop
        height = value.height if isinstance(value, (Map, Seq)) else 0
        if len(self._stack) + height > MAX_DEPTH:
            self._at(event, *faults.too_deep(MAX_DEPTH, through_alias=True))
            raise _Stop
        self._count(event, weight(value))
        self._add(value, event, height)

    def _count(self, event: Event, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            self._at(event, *faults.too_many(MAX_NODES))
            raise _Stop

    def _add(self, value: Tree, event: Event, height: int) -> None:
        if not self._stack:
            self.root = value
            return
        frame = self._stack[-1]
        node = frame.node
        if type(node) is Map and frame.key_event is None:
            self._take_key(frame, value, event)
            return
        # A closed collection has counted itself while it was open; its parent's size still has to grow by it.
        node.size += weight(value)
        if height >= node.height:
            node.height = height + 1
        if type(node) is Seq:
            node.append(value)
            node.marks.append(event)
        else:
            self._put(frame, value, event)

    def _take_key(self, frame: _Frame, key: Tree, event: Event) -> None:
        if type(key) is str:
            self._set_key(frame, key, event)
            return
        if isinstance(key, (Map, Seq, Broken)):
            self._complex_key(frame, key, event)
            return
        raw = str(getattr(event, "value", key))
        self._at(event, *faults.no_text_key(raw))
        self._set_key(frame, BROKEN, event)

    def _complex_key(self, frame: _Frame, key: Tree, event: Event) -> None:
        start = frame.start.start_mark.index
        flow = bool(getattr(frame.start, "flow_style", False))
        if flow and self.text.startswith("{{", start):
            # Of three braces the innermost pair comes first, and the outermost is reported.
            if not start or self.text[start - 1] != "{":
                self._at(frame.start, *BRACES)
                self._braces = start
        elif not isinstance(key, Broken):
            self._at(event, *faults.COMPLEX_KEY)
        # A block mapping keeps its other entries; `{{…}}` as a whole was meant to be text.
        frame.broken = flow
        self._set_key(frame, BROKEN, event)

    def _set_key(self, frame: _Frame, key: str | Broken, event: Event) -> None:
        frame.key = key
        frame.key_event = event

    def _put(self, frame: _Frame, value: Tree, event: Event) -> None:
        key, key_event = frame.key, frame.key_event
        frame.key = frame.key_event = None
        node: Any = frame.node
        if isinstance(key, Broken) or key_event is None or key is None:
            return
        if key == "<<" and getattr(key_event, "implicit", (False,))[0]:
            self._take_merge(node, value, key_event)
        elif key in node.marks:
            first = node.marks[key][0].start_mark.line + 1
            self._at(key_event, *faults.second_key(key, first))
        else:
            node[key] = value
            node.marks[key] = (key_event, event)

    def _take_merge(self, node: Map, value: Tree, event: Event) -> None:
        sources: list[Any] = value if isinstance(value, Seq) else [value]
        if node.merges:
            self._at(event, *faults.SECOND_MERGE)
        elif all(isinstance(source, Map) for source in sources):
            node.merges.extend(sources)
        elif not any(isinstance(source, Broken) for source in sources):
            self._at(event, *faults.MERGE_OF_NO_MAPPING)


def _place(mark: Any) -> Place:
    return (mark.line, mark.column, mark.index) if mark else (0, 0, 0)


def events(text: str) -> Iterator[Event]:
    """The events of a text, without the last one. Raises YAMLError."""
    return _read(text, "get_event", StreamEndEvent)


def tokens(text: str) -> Iterator[Any]:
    """The tokens of a text that `parse` finds no fault with, without the last one."""
    return _read(text, "get_token", yaml.StreamEndToken)


def _read(text: str, method: str, last: type) -> Iterator[Any]:
    parser = CParser(text)
    try:
        get = getattr(parser, method)
        while type(each := get()) is not last:
            yield each
    finally:
        parser.dispose()
