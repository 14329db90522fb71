"""Data → the tree of a new file, or of a part of one. Printed, it is formatted.

Everything that JSON can hold can be written: reading it again gives the same data. The rules report what is wrong with
it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
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

# What a step is, when it is sent, under which conditions, and its text last, because it is long. Fields that are not
# known here come before the text.
_STEP_FIELDS: Final = (
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
)
STEP_FIELDS: Final = (_STEP_FIELDS, ("content",))
BLUEPRINT_FIELDS: Final = (("name", "config"), ("steps",))
ONE_LINE_FIELDS: Final = {
    "delay": (("value", "unit"), ()),
    "config": (("userId",), ()),
    "policy": (("skipStepIfNoContact", "autoValidateAIDraft", "inviteTimeoutDays"), ()),
}
"""The fields of a step that are written as `{…}`, and the order of what is in them."""

# libyaml takes at most 1,024 characters for a key that is not marked by `?`.
_LONGEST_KEY: Final = 1000


def file_text(sourcing_id: str, blueprints: Mapping[str, Mapping[str, Any]], title: str = "") -> str:
    """A whole new file. Raises Unwritable for a text that YAML can't carry."""
    column = INDENT if blueprints else 0
    entries = [_blueprint(key, body, column, ("blueprints", key)) for key, body in blueprints.items()]
    for each in entries[1:]:
        next(each.tokens()).blank = True
    below = Node(MAPPING, children=entries) if entries else leaf({})
    head = {"sourcingId": sourcing_id} | ({"title": title} if title else {})
    fields = [entry(field, value, 0) for field, value in head.items()]
    root = Node(MAPPING, children=[*fields, _keyed("blueprints", below, ())])
    return print_document(Document([], root, [], Token(STREAM_END, "")))


def _blueprint(key: str, body: Any, column: int, path: Path) -> Child:
    if not isinstance(body, Mapping) or not body:
        return entry(key, body, column, path[:-1])
    children = []
    for field in ordered(BLUEPRINT_FIELDS, body):
        steps = body[field] if field == "steps" else None
        if isinstance(steps, list | tuple) and steps:
            children.append(_keyed(field, step_list(steps, column + INDENT, path), path))
        else:
            children.append(entry(field, body[field], column + INDENT, path))
    return _keyed(key, Node(MAPPING, children=children), path[:-1])


def step_list(steps: list[Any] | tuple[Any, ...], column: int, path: Path = ()) -> Node:
    """The list below `steps:`, which stands in `column`."""
    inner = column + INDENT
    return Node(
        SEQUENCE, children=[step_item(step, inner, (*path, "steps", n)) for n, step in enumerate(steps)]
    )


def step_item(step: Any, column: int, path: Path = ()) -> Child:
    """A step in a list whose dashes stand in `column`. Raises Unwritable."""
    return _item(step, column, path, step=True)


def entry(field: str, value: Any, column: int, path: Path = (), *, step: bool = False) -> Child:
    """`field:` in `column`, and its value. `step`: it is one of a step's. Raises Unwritable."""
    return _keyed(field, node(field, value, column, (*path, field), step=step), path)


def _keyed(key: str, value: Node, path: Path) -> Child:
    written = _checked(key, (*path, key), scalars.inline(key))
    mark = Token(KEY, "?") if len(written) >= _LONGEST_KEY else None
    return Child(value, mark, scalar(written), Token(VALUE, ":"))


def _item(value: Any, column: int, path: Path, *, step: bool = False) -> Child:
    if step and isinstance(value, Mapping) and value:
        inner = [
            entry(key, value[key], column + INDENT, path, step=True) for key in ordered(STEP_FIELDS, value)
        ]
        return Child(Node(MAPPING, children=inner), Token("-", "-"))
    return Child(node("", value, column, path), Token("-", "-"))


def node(field: str, value: Any, column: int, path: Path = (), *, step: bool = False) -> Node:
    """What stands behind `field:` or a dash in `column`."""
    if isinstance(value, str):
        block = scalars.block(value) if "\n" in value or (step and field == "content") else None
        return block_scalar(block) if block else scalar(_checked(value, path, scalars.inline(value)))
    inner = column + INDENT
    if isinstance(value, Mapping) and value:
        if step and field in ONE_LINE_FIELDS:
            value = {key: value[key] for key in ordered(ONE_LINE_FIELDS[field], value)}
            if not any(isinstance(each, Mapping | list | tuple) and each for each in value.values()):
                short = flow(value, path)
                if len(one_line(short) or " " * WIDTH) + column + len(f"{field}: ") <= WIDTH:
                    return short
        return Node(MAPPING, children=[entry(key, each, inner, path) for key, each in value.items()])
    if isinstance(value, list | tuple) and value:
        return Node(SEQUENCE, children=[_item(each, inner, (*path, n)) for n, each in enumerate(value)])
    return leaf(value)


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


def ordered(fields: tuple[tuple[str, ...], tuple[str, ...]], given: Iterable[str]) -> list[str]:
    """The keys that are given, in the order of `fields`: (first, last); unknown ones stand between."""
    given = list(given)
    first, last = fields
    known = [key for key in first if key in given]
    unknown = [key for key in given if key not in first and key not in last]
    return [*known, *unknown, *(key for key in last if key in given)]


def _checked(text: str, path: Path, written: str) -> str:
    if scalars.can_be_written(text):
        return written
    where = "/".join(str(part) for part in path)
    raise Unwritable(
        f"the text at {clip(where)} holds half a character (a lone surrogate), which no file can hold"
    )
