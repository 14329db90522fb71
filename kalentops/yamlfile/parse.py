"""YAML bytes → plain data that knows its positions. The only user of yaml.

One pass over the events of libyaml, with a stack of our own: duplicate keys, tags, aliases, merge keys,
depth and size are checked while the data is built, so nothing large or deep is ever made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NoReturn

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

from kalentops.blueprint.files import FIELDS
from kalentops.yamlfile import faults, scalars
from kalentops.yamlfile.faults import BRACES, forbidden, forbidden_character
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

MAX_DEPTH = 32
MAX_NODES = 20_000
_WHOLE: Final = SequenceStartEvent(None, None, implicit=True)
_STARTS: Final[dict[type, type[Map | Seq]]] = {MappingStartEvent: Map, SequenceStartEvent: Seq}
_ENDS: Final = frozenset({MappingEndEvent, SequenceEndEvent})
_TAGS: Final = {Map: "map", Seq: "seq"}


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


class _Builder:
    """The collection that is open is `_node`, which began at `_start`; those around it are on the stack.

    `_key_event` is None where a mapping waits for its next key. `_merges` and `_broken` are by depth.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.faults: list[Fault] = []
        self._documents = 0
        self._nodes = 0
        self._node: Any = Seq()  # the file: a list of one document
        self._start: Event = _WHOLE
        self._key_event: Event = _WHOLE
        self._key: str | Broken | None = None
        self._stack: list[tuple[Any, Event, str | Broken | None, Event]] = []
        self._merges: dict[int, list[Map]] = {}
        self._broken: set[int] = set()
        self._anchors: dict[str, Tree] = {}
        self._braces: int | None = None  # where the last text begins that is a variable without quotes

    @property
    def root(self) -> Tree:
        return self._node[0] if self._node else None

    def _at(self, event: Event, code: str, message: str, hint: str) -> None:
        mark = event.start_mark
        self.faults.append(Fault(code, mark.line + 1, mark.column + 1, message, hint))

    def _refuse(self, event: Event, said: faults.Wording) -> NoReturn:
        self._at(event, *said)
        raise _Stop

    def run(self) -> None:
        event: Event = None
        try:
            get = CParser(self.text).get_event
            event = get()
            while (kind := type(event)) is not StreamEndEvent:
                if kind in _STARTS:
                    self._open(_STARTS[kind](), event)
                elif kind in _ENDS:
                    self._close()
                elif kind is ScalarEvent:
                    self._scalar(event)
                elif kind is AliasEvent:
                    self._alias(event)
                elif kind is DocumentStartEvent:
                    self._document(event)
                event = get()
                if self._key_event is None and type(event) is ScalarEvent:
                    event = self._fields(event, get)
        except yaml.MarkedYAMLError as error:
            self._complain(error, event)
        if not self._documents:
            self.faults.append(faults.EMPTY)
            raise _Stop

    def _fields(self, event: Event, get: Callable[[], Event]) -> Event:
        """Read known fields with a scalar each: nearly all that a file holds, so without the detours of the others.

        Gives the first event that is neither.
        """
        node, marks, nodes = self._node, self._node.marks, self._nodes
        try:
            while (
                type(event) is ScalarEvent
                and (key := event.value) in FIELDS
                and key not in marks
                and event.anchor is None
                and event.tag is None
                and nodes < MAX_NODES
            ):
                nodes += 1
                key_event, event = event, get()
                heavy = 1
                value: Tree = BROKEN
                if type(event) is ScalarEvent and event.anchor is None and event.tag is None:
                    text = event.value
                    if not event.implicit[0] or (text >= scalars.AFTER_NUMBERS and text not in scalars.WORDS):
                        value, heavy = text, 1 + len(text) // LONG
                    elif text in scalars.FREQUENT:
                        value = scalars.FREQUENT[text]
                if value is BROKEN:
                    self._key, self._key_event = key, key_event
                    break
                nodes += heavy
                if nodes > MAX_NODES:
                    self._refuse(event, faults.too_many(MAX_NODES))
                node[key] = value
                marks[key] = (key_event, event)
                node.size += heavy
                event = get()
        except yaml.MarkedYAMLError as error:
            self._complain(error, event)
        self._nodes = nodes
        return event

    def _complain(self, error: yaml.MarkedYAMLError, last: Event) -> NoReturn:
        at = _place(error.problem_mark or error.context_mark)
        began, end = (last.start_mark.index, last.end_mark.index) if last else (0, 0)
        kind = {"}": "]", "]": "]", '"': '"', "'": '"'}.get(self.text[end - 1 : end], "")
        since = _place(error.context_mark) if error.context_mark else None
        from kalentops.yamlfile.complaints import Complaint, explain  # for what is no YAML

        complaint = Complaint(error.problem or "", at, error.context or "", since, kind, began, end)
        fault = explain(self.text, complaint)
        # What follows a variable without quotes can't be read either: one mistake, one fault.
        reported = self._braces is not None and not self.text[end : at[2]].strip("} \r\n")
        reported = reported and kind == "]" and "}" in self.text[self._braces : end]
        if not reported and fault not in self.faults:
            self.faults.append(fault)
        raise _Stop from None

    def _document(self, event: Event) -> None:
        self._documents += 1
        if self._documents > 1:
            self._refuse(event, faults.SECOND_DOCUMENT)

    def _scalar(self, event: Any) -> None:
        value: Tree = event.value
        if event.implicit[0] and event.tag is None:
            if value == "<<" and self._key_event is None:
                self._key, self._key_event = "<<", event
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
        self._add(value, event, heavy, 0)

    def _tagged(self, event: Any) -> Tree:
        if event.tag in {"!", faults.STANDARD + "str"}:
            return str(event.value)
        self._at(event, *faults.unknown_tag(event.tag))
        return BROKEN

    def _open(self, node: Map | Seq, event: Any) -> None:
        if len(self._stack) >= MAX_DEPTH:
            self._refuse(event, faults.too_deep(MAX_DEPTH))
        self._count(event, 1)
        if event.tag is not None and event.tag not in {"!", faults.STANDARD + _TAGS[type(node)]}:
            self._at(event, *faults.unknown_tag(event.tag))
        if event.anchor:
            self._anchors[event.anchor] = BROKEN
        self._stack.append((self._node, self._start, self._key, self._key_event))
        self._node, self._start = node, event
        self._key_event = None if type(node) is Map else event

    def _close(self) -> None:
        node, start = self._node, self._start
        value, size = node, node.size
        if self._merges or self._broken:
            depth = len(self._stack)
            merge(node, self._merges.pop(depth, ()))
            if depth in self._broken:
                self._broken.remove(depth)
                value, size = BROKEN, 1
        if start.anchor:
            self._anchors[start.anchor] = value
        self._node, self._start, self._key, self._key_event = self._stack.pop()
        self._add(value, start, size, node.height)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            self._refuse(event, faults.no_anchor(event.anchor))
        value = self._anchors[event.anchor]
        if event.anchor in {start.anchor for _, start, _, _ in self._stack} | {self._start.anchor}:
            self._refuse(event, faults.inside_itself(event.anchor))
        height = value.height if isinstance(value, (Map, Seq)) else 0
        if len(self._stack) + height > MAX_DEPTH:
            self._refuse(event, faults.too_deep(MAX_DEPTH, through_alias=True))
        size = weight(value)
        self._count(event, size)
        self._add(value, event, size, height)

    def _count(self, event: Event, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            self._refuse(event, faults.too_many(MAX_NODES))

    def _add(self, value: Tree, event: Event, size: int, height: int) -> None:
        """Put a value, which counts as `size` values, into the collection that is open."""
        if self._key_event is None:
            self._take_key(value, event)
            return
        node = self._node
        node.size += size
        if height >= node.height:
            node.height = height + 1
        if type(node) is Seq:
            node.append(value)
            node.marks.append(event)
        elif (key := self._key) in FIELDS and key not in node.marks:
            node[key] = value
            node.marks[key] = (self._key_event, event)
            self._key_event = None
        else:
            self._put(node, value, event)

    def _take_key(self, key: Tree, event: Event) -> None:
        if type(key) is not str:
            if isinstance(key, (Map, Seq, Broken)):
                self._complex_key(key, event)
            else:
                self._at(event, *faults.no_text_key(str(getattr(event, "value", key))))
            key = BROKEN
        self._key, self._key_event = key, event

    def _complex_key(self, key: Tree, event: Event) -> None:
        start = self._start.start_mark.index
        flow = bool(getattr(self._start, "flow_style", False))
        if flow and self.text.startswith("{{", start):
            # Of three braces the innermost pair comes first, and the outermost is reported.
            if not start or self.text[start - 1] != "{":
                self._at(self._start, *BRACES)
                self._braces = start
        elif not isinstance(key, Broken):
            self._at(event, *faults.COMPLEX_KEY)
        # A block mapping keeps its other entries; `{{…}}` as a whole was meant to be text.
        if flow:
            self._broken.add(len(self._stack))

    def _put(self, node: Map, value: Tree, event: Event) -> None:
        key, key_event = self._key, self._key_event
        self._key = self._key_event = None
        if isinstance(key, Broken) or key is None:
            return
        if key == "<<" and getattr(key_event, "implicit", (False,))[0]:
            self._take_merge(value, key_event)
        elif key in node.marks:
            first = node.marks[key][0].start_mark.line + 1
            self._at(key_event, *faults.second_key(key, first))
        else:
            node[key] = value
            node.marks[key] = (key_event, event)

    def _take_merge(self, value: Tree, event: Event) -> None:
        sources: list[Any] = value if isinstance(value, Seq) else [value]
        if self._merges.get(len(self._stack)):
            self._at(event, *faults.SECOND_MERGE)
        elif all(isinstance(source, Map) for source in sources):
            self._merges[len(self._stack)] = sources
        elif not any(isinstance(source, Broken) for source in sources):
            self._at(event, *faults.MERGE_OF_NO_MAPPING)


def _place(mark: Any) -> tuple[int, int, int]:
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
