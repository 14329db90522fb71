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

from kalentops.loader import scalars
from kalentops.loader.nodes import BROKEN, Broken, Event, Fault, Map, Parsed, Seq, Tree
from kalentops.loader.syntax import explain, unquoted_braces
from kalentops.text import clip

MAX_DEPTH = 32
MAX_NODES = 20_000
_STANDARD = "tag:yaml.org,2002:"


class _Stop(Exception):
    """The rest of the file can't be read: a fault says why."""


def parse(text: str) -> Parsed:
    """The data of one YAML document.

    Never raises for any text: what is wrong is in `faults`, and `usable` says whether there is data.
    """
    builder = _Builder(text)
    try:
        builder.run()
    except _Stop:
        pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = (mark.line, mark.column) if mark else (0, 0)
        fault = Fault(*explain(text, at, error.problem or "it can't be read", error.context or ""))
        # An unquoted `{{` may have been told from the events before the parser gave up on the same line.
        if not any((f.code, f.line) == (fault.code, fault.line) for f in builder.faults):
            builder.faults.append(fault)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) if isinstance(error.position, int) else 0
        builder.fault(
            "KAL003",
            line,
            0,
            f"a character that YAML does not allow: {error.reason}",
            "remove it, or retype the line",
        )
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

    def fault(self, code: str, line: int, column: int, message: str, hint: str) -> None:
        self.faults.append(Fault(code, line + 1, column + 1, message, hint))

    def _at(self, event: Event, code: str, message: str, hint: str) -> None:
        self.fault(code, event.start_mark.line, event.start_mark.column, message, hint)

    def run(self) -> None:
        for event in _events(self.text):
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
        if not self._documents:
            self.fault(
                "KAL007", 0, 0, "the file is empty", "write `sourcingId:` and `blueprints:`, or delete it"
            )
            raise _Stop

    def _document(self, event: Event) -> None:
        self._documents += 1
        if self._documents > 1:
            self._at(
                event, "KAL007", "a second document begins here", "one file, one document: split it at `---`"
            )
            raise _Stop

    def _scalar(self, event: Any) -> None:
        value: Tree = event.value
        if event.implicit[0] and event.tag is None:
            frame = self._stack[-1] if self._stack else None
            if value == "<<" and frame and frame.key_event is None and isinstance(frame.node, Map):
                self._set_key(frame, "<<", event)
                return
            try:
                value = scalars.plain(event.value)
            except scalars.NotRepresentable as error:
                self._at(
                    event, "KAL012", f"{error}", "write a smaller number, or quote it where text is meant"
                )
                value = BROKEN
        elif event.tag is not None:
            value = self._tagged(event)
        if event.anchor:
            self._anchors[event.anchor] = value
        self._add(value, event, 1, 0)

    def _tagged(self, event: Any) -> Tree:
        if event.tag in {"!", _STANDARD + "str"}:
            return str(event.value)
        self._at(event, "KAL006", f"the tag {_tag_name(event.tag)} is not known here", _TAG_HINT)
        return BROKEN

    def _open(self, node: Map | Seq, event: Any) -> None:
        if len(self._stack) >= MAX_DEPTH:
            self._at(
                event,
                "KAL002",
                f"nested deeper than {MAX_DEPTH} levels",
                "a blueprint needs no more than eight",
            )
            raise _Stop
        self._count(event, 1)
        if event.tag not in {None, "!", _STANDARD + "map", _STANDARD + "seq"}:
            self._at(event, "KAL006", f"the tag {_tag_name(event.tag)} is not known here", _TAG_HINT)
        if event.anchor:
            self._anchors[event.anchor] = BROKEN
        self._stack.append(_Frame(node, event, event.anchor))

    def _close(self) -> None:
        frame = self._stack.pop()
        value: Tree = frame.node
        if isinstance(frame.node, Map) and frame.node.merges:
            self._merge(frame.node)
        if frame.broken:
            value = BROKEN
        if frame.anchor:
            self._anchors[frame.anchor] = value
        self._add(value, frame.start, 0, frame.node.height)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            self._at(
                event,
                "KAL008",
                f"the alias *{clip(event.anchor)} has no anchor before it",
                f"write &{clip(event.anchor)} where the value stands first; quote a text that begins with *",
            )
            raise _Stop
        value = self._anchors[event.anchor]
        if any(f.anchor == event.anchor for f in self._stack):
            self._at(
                event, "KAL008", f"*{clip(event.anchor)} stands inside of what it names", "it would never end"
            )
            raise _Stop
        size, height = (value.size, value.height) if isinstance(value, (Map, Seq)) else (1, 0)
        if len(self._stack) + height > MAX_DEPTH:
            self._at(
                event, "KAL002", f"nested deeper than {MAX_DEPTH} levels through an alias", "write it flatter"
            )
            raise _Stop
        self._add(value, event, size, height)

    def _count(self, event: Event, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            self._at(event, "KAL002", f"more than {MAX_NODES:,} values, aliases expanded", "split the file")
            raise _Stop

    def _add(self, value: Tree, event: Event, nodes: int, height: int) -> None:
        if nodes:
            self._count(event, nodes)
        if not self._stack:
            self.root = value
            return
        frame = self._stack[-1]
        node = frame.node
        if type(node) is Map and frame.key_event is None:
            self._take_key(frame, value, event)
            return
        # A closed collection has counted itself while it was open; its parent's size still has to grow by it.
        node.size += value.size if isinstance(value, (Map, Seq)) else 1
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
            self._complex_key(frame, event)
            return
        raw = str(getattr(event, "value", key))
        self._at(event, "KAL012", f"the key {clip(raw)} is not text", f'quote it: "{clip(raw)}"')
        self._set_key(frame, BROKEN, event)

    def _complex_key(self, frame: _Frame, event: Event) -> None:
        start = frame.start.start_mark
        if self.text.startswith("{{", start.index):
            self._at(frame.start, *unquoted_braces("{{firstname}}, …"))
        elif not isinstance(frame.key, Broken):
            self._at(
                event,
                "KAL003",
                "a mapping or a list can't be a key",
                "keys are single words; quote other texts",
            )
        # A block mapping keeps its other entries; `{{…}}` as a whole was meant to be text.
        frame.broken = bool(getattr(frame.start, "flow_style", False))
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
            self._at(
                key_event,
                "KAL005",
                f"the key `{clip(key)}` stands here a second time; the first is in line {first}",
                "keep one of them",
            )
        else:
            node[key] = value
            node.marks[key] = (key_event, event)

    def _take_merge(self, node: Map, value: Tree, event: Event) -> None:
        sources: list[Any] = value if isinstance(value, Seq) else [value]
        if node.merges:
            self._at(event, "KAL005", "`<<` stands here a second time", "write one: `<<: [*one, *other]`")
        elif all(isinstance(source, Map) for source in sources):
            node.merges.extend(sources)
        elif not any(isinstance(source, Broken) for source in sources):
            self._at(event, "KAL008", "`<<` merges a mapping, or a list of mappings", "write `<<: *anchor`")

    def _merge(self, node: Map) -> None:
        for source in node.merges:
            for key, value in source.items():
                if key not in node.marks:
                    node[key] = value
                    node.marks[key] = source.marks[key]


_TAG_HINT = "remove it; quote a text that begins with !"


def _tag_name(tag: str) -> str:
    return clip(tag.replace(_STANDARD, "!!"))


def _events(text: str) -> Iterator[Event]:
    parser = CParser(text)
    try:
        get = parser.get_event
        while True:
            event = get()
            if type(event) is StreamEndEvent:
                return
            yield event
    finally:
        parser.dispose()
