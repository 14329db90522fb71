"""Data → the tree of a new file, or of a part of one. Printed, it is formatted.

Everything that JSON can hold can be written: reading it again gives the same data. The rules report what is wrong with
it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from kalentops.errors import Unwritable
from kalentops.support.text import clip
from kalentops.yamlfile import scalars
from kalentops.yamlfile.fmt import INDENT, WIDTH, one_line, print_document
from kalentops.yamlfile.parse import parse
from kalentops.yamlfile.tree import (
    COMMA,
    KEY,
    MAPPING,
    SCALAR,
    SEQUENCE,
    STREAM_END,
    VALUE,
    Child,
    Document,
    Node,
    Token,
)

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a value is written. Of a mapping: the fields that come `first` and `last`, unknown ones stand between, and
    the layouts of its `fields`; `items`: of every other field, or of what is in a list.

    `short`: as `{…}` or `[…]` if that fits on one line. `below`: a text always stands below a `|`. `apart`: a blank
    line between the entries.
    """

    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    fields: Mapping[str, Layout] = field(default_factory=dict)
    items: Layout | None = None
    short: bool = False
    below: bool = False
    apart: bool = False

    @property
    def order(self) -> tuple[str, ...]:
        return (*self.first, *self.last)

    def of(self, name: str | int, value: Any) -> Layout:
        found = self.fields.get(str(name)) or self.items or _FREE
        if found is BLUEPRINT and isinstance(value, Mapping) and "use" in value:
            return _PLAIN_USE if value.keys() <= {"use", "with"} else USE
        return found

    def ordered(self, given: Iterable[str]) -> list[str]:
        """The names that are given, in this order."""
        given = list(given)
        known = {*self.first, *self.last}
        return [
            *(name for name in self.first if name in given),
            *(name for name in given if name not in known),
            *(name for name in self.last if name in given),
        ]


_FREE: Final = Layout()
_SHORT: Final = Layout(short=True)
_TEXT: Final = Layout(below=True)
# What a step is, when it is sent, under which conditions, and its text last, because it is long.
STEP: Final = Layout(
    (
        "id",
        "name",
        "type",
        "linkedInType",
        "subject",
        "temporalityType",
        "delay",
        "contentSource",
        "config",
        "policy",
    ),
    ("content",),
    {
        "name": _SHORT,
        "subject": _SHORT,
        "content": _TEXT,
        "delay": Layout(("value", "unit"), short=True),
        "config": Layout(("userId",), short=True),
        "policy": Layout(("skipStepIfNoContact", "autoValidateAIDraft", "inviteTimeoutDays"), short=True),
    },
)
BLUEPRINT: Final = Layout(("name", "config"), ("steps",), {"steps": Layout(items=STEP)})
_CHANGE: Final = replace(STEP, short=True)
_ADDED: Final = replace(STEP, first=("after", "before", *STEP.first))
USE: Final = Layout(
    ("use", "name", "language", "protect", "with", "change", "remove", "add"),
    ("config",),
    {"with": _SHORT, "change": Layout(items=_CHANGE), "remove": _SHORT, "add": Layout(items=_ADDED)},
)
_PLAIN_USE: Final = replace(USE, short=True)
_SOURCING: Final = Layout(
    ("sourcingId", "title", "language", "sample", "moved", "removed"),
    ("blueprints",),
    {
        "sourcingId": _SHORT,
        "sample": _SHORT,
        "moved": Layout(short=True, items=Layout(("from", "to"))),
        "removed": _SHORT,
        "blueprints": Layout(items=BLUEPRINT, apart=True),
    },
)
_TEMPLATE: Final = Layout(
    ("template", "parameters", "languages", "name", "config"),
    ("steps",),
    {
        "parameters": Layout(items=Layout(("about", "default"), short=True)),
        "languages": _SHORT,
        "name": _SHORT,
        "steps": Layout(items=STEP),
    },
)
_SNIPPETS: Final = Layout(("snippets",), fields={"snippets": Layout(items=_SHORT)})

# libyaml takes at most 1,024 characters for a key that is not marked by `?`.
_LONGEST_KEY: Final = 1000


def file_text(
    sourcing_id: str | Mapping[str, str], blueprints: Mapping[str, Mapping[str, Any]], title: str = ""
) -> str:
    """A whole new file of a sourcing, whose ids may be given by environment. Raises Unwritable for a text that YAML
    can't carry.
    """
    named = {"title": title} if title else {}
    return document_text({"sourcingId": sourcing_id, **named, "blueprints": blueprints})


def document_text(data: Mapping[str, Any]) -> str:
    """A whole new file of any kind: of a sourcing, a template or snippets. Raises Unwritable."""
    return print_document(Document([], _node(layout_of(data), data, 0, ()), [], Token(STREAM_END, "")))


def layout_of(data: Mapping[str, Any]) -> Layout:
    """The layout of a whole file."""
    return _TEMPLATE if "template" in data else _SNIPPETS if "snippets" in data else _SOURCING


def item(value: Any, column: int, path: Path = (), *, layout: Layout = STEP) -> Child:
    """An item of this layout in a list whose dashes stand in `column`. Raises Unwritable."""
    return Child(_node(layout, value, column, path, column + INDENT), Token("-", "-"))


def entry(name: str, value: Any, column: int, path: Path = (), *, layout: Layout = _FREE) -> Child:
    """`name:` in `column`, and its value: a field of what has this layout. Raises Unwritable."""
    written = _checked(name, (*path, name), scalars.inline(name))
    mark = Token(KEY, "?") if len(written) >= _LONGEST_KEY else None
    below = node(name, value, column, path, layout=layout)
    key = scalar(written)
    key.head[-1].value = name
    return Child(below, mark, key, Token(VALUE, ":"))


def node(name: str, value: Any, column: int, path: Path = (), *, layout: Layout = _FREE) -> Node:
    """What stands behind `name:` in `column`."""
    taken = column + len(f"{scalars.inline(name)}: ") if scalars.can_be_written(name) else WIDTH
    return _node(layout.of(name, value), value, column + INDENT, (*path, name), taken)


def _node(layout: Layout, value: Any, column: int, path: Path, taken: int = 0) -> Node:
    """A value; what is in it stands in `column`, or behind so many columns that are `taken`."""
    if isinstance(value, str):
        block = scalars.block(value) if "\n" in value or layout.below else None
        return block_scalar(block) if block else scalar(_checked(value, path, scalars.inline(value)))
    if not isinstance(value, Mapping | list | tuple) or not value:
        return leaf(value)
    if layout.short and not _has_lines(layout, value):
        short = flow(in_order(layout, value), path)
        if taken + len(one_line(short) or " " * WIDTH) <= WIDTH:
            return short
    if not isinstance(value, Mapping):
        items = [item(each, column, (*path, n), layout=layout.of(n, each)) for n, each in enumerate(value)]
        return Node(SEQUENCE, children=items)
    children = [
        entry(name, each, column, path, layout=layout) for name, each in in_order(layout, value).items()
    ]
    if layout.apart:
        for each in children[1:]:
            next(each.tokens()).blank = True
    return Node(MAPPING, children=children)


def _has_lines(layout: Layout, value: Any) -> bool:
    """Whether a text has several lines, or stands below a `|`."""
    if isinstance(value, str):
        return layout.below or "\n" in value
    parts = (
        value.items()
        if isinstance(value, Mapping)
        else enumerate(value if isinstance(value, list | tuple) else ())
    )
    return any(_has_lines(layout.of(name, each), each) for name, each in parts)


def in_order(layout: Layout, value: Any) -> Any:
    """The same, all its mappings in the order of their layouts."""
    if isinstance(value, Mapping):
        names = layout.ordered(value)
        return {name: in_order(layout.of(name, value[name]), value[name]) for name in names}
    if isinstance(value, list | tuple):
        return [in_order(layout.of(n, each), each) for n, each in enumerate(value)]
    return value


def flow(value: Any, path: Path = (), *, quoted: bool = False) -> Node:
    """A value between brackets. `quoted`: keys and texts in double quotes, as in JSON."""
    if isinstance(value, str):
        return scalar(_checked(value, path, scalars.inline(value, flow=True, as_json=quoted)))
    if isinstance(value, Mapping):
        children = [flow_entry(key, each, (*path, key), quoted=quoted) for key, each in value.items()]
    elif isinstance(value, list | tuple):
        children = [Child(flow(each, (*path, n), quoted=quoted)) for n, each in enumerate(value)]
    else:
        return leaf(value)
    found = leaf(value)
    found.children = children
    for child in children[:-1]:
        child.comma = Token(COMMA, ",")
    return found


def flow_entry(field: str, value: Any, path: Path = (), *, quoted: bool = False) -> Child:
    """`field: value` between braces."""
    key = flow(field, path, quoted=quoted)
    return Child(flow(value, path, quoted=quoted), None, key, Token(VALUE, ":"))


def leaf(value: Any) -> Node:
    """A value that is no text and holds nothing; of collections, their brackets."""
    if isinstance(value, Mapping):
        return Node(MAPPING, [Token("{", "{")], closer=Token("}", "}"))
    if isinstance(value, list | tuple):
        return Node(SEQUENCE, [Token("[", "[")], closer=Token("]", "]"))
    return scalar(scalars.word(value))


def scalar(written: str) -> Node:
    """A scalar on one line, as it is written."""
    style = written[0] if written[:1] in {"'", '"'} else ""
    return Node(SCALAR, [Token(SCALAR, written, style=style)])


def block_scalar(block: scalars.Block) -> Node:
    return Node(SCALAR, [Token(SCALAR, block.header, style=block.header[0], lines=block.lines)])


def block_like(style: str, lines: Sequence[str], text: str) -> scalars.Block | None:
    """A text as a block in place of another one: `lines`, in the `style` `|` or `>`. None as for `block`.

    A folded one keeps the paragraphs that stay; others become no wider than those.
    """
    found = scalars.block(text)
    if found is None or style != ">":
        return found
    folded = scalars.Block(">" + found.header[1:], _folded(lines, text))
    written = "".join(f"  {line}\n" if line else "\n" for line in folded.lines)
    return folded if parse(f"k: {folded.header}\n{written}").data == {"k": text} else found


def _folded(old: Sequence[str], text: str) -> list[str]:
    paragraphs: dict[str, list[str]] = {}
    current: list[str] = []
    for line in [*old, ""]:
        if line:
            current.append(line)
        elif current:
            paragraphs.setdefault(" ".join(current), current)
            current = []
    width = max((len(line) for lines in paragraphs.values() for line in lines), default=80)
    lines: list[str] = []
    ends = len(text) - len(text.rstrip("\n"))
    for number, paragraph in enumerate(text.rstrip("\n").split("\n")):
        lines += [""] * (number > 0)
        lines += paragraphs.get(paragraph) or _wrapped(paragraph, width)
    return lines + [""] * (ends - 1)


def _wrapped(paragraph: str, width: int) -> list[str]:
    """Lines that fold to the paragraph: broken at single blanks only, which folding gives back."""
    lines: list[str] = []
    for word in re.split(r"(?<=\S) (?=\S)", paragraph) if paragraph else []:
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines


def _checked(text: str, path: Path, written: str) -> str:
    if scalars.can_be_written(text):
        return written
    where = "/".join(str(part) for part in path)
    raise Unwritable(
        f"the text at {clip(where)} holds half a character (a lone surrogate), which no file can hold"
    )
