"""Blueprints → YAML, without comments, laid out just as `kalentops fmt` would.

Whatever JSON can hold is written faithfully, right or wrong: reading it again gives the same data. What is found
wrong with it is for the rules to say.

A part of a file comes as an editor needs it that splices it into one: its first line without indentation, all
others with it, and no line feed at the end of the last line. Where a text ends with several line feeds, the part
ends with blank lines that belong to the text (`|+`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from kalentops.errors import Unwritable
from kalentops.support.text import clip
from kalentops.yamlfile import scalar_styles
from kalentops.yamlfile.layout import BLUEPRINT_FIELDS, INDENT, ONE_LINE_FIELDS, STEP_FIELDS, WIDTH, ordered

Path: TypeAlias = tuple[str | int, ...]
Lines: TypeAlias = list[str]

# libyaml takes at most 1,024 characters for a key that is not marked by `?`.
_LONGEST_KEY: Final = 1000


def file_text(sourcing_id: str, blueprints: Mapping[str, Mapping[str, Any]]) -> str:
    """A whole new file. Raises Unwritable for a text that YAML can't carry."""
    lines = _entry("sourcingId", sourcing_id, 0, ())
    if not blueprints:
        return "\n".join([*lines, "blueprints: {}"]) + "\n"
    lines.append("blueprints:")
    first = True
    for key, body in blueprints.items():
        # A blank line after `|+` would become part of the text.
        if not first and lines[-1]:
            lines.append("")
        lines += _blueprint(key, body, INDENT, ("blueprints", key))
        first = False
    return "\n".join(lines) + "\n"


def step_text(step: Mapping[str, Any], indent: int) -> str:
    """`- ` and a step; `indent` is the column of the dash. Raises Unwritable."""
    return _part(_item(step, indent, ("steps",), step=True), indent)


def entry_text(field: str, value: Any, indent: int) -> str:
    """`field:` and its value; `indent` is the column of the field. Raises Unwritable."""
    return _part(_entry(field, value, indent, (), step=True), indent)


def _part(lines: Lines, indent: int) -> str:
    return "\n".join([lines[0][indent:], *lines[1:]])


def _blueprint(key: str, body: Any, column: int, path: Path) -> Lines:
    if not isinstance(body, Mapping) or not body:
        return _entry(key, body, column, path[:-1])
    below: Lines = []
    inner = column + INDENT
    for field in ordered(BLUEPRINT_FIELDS, body):
        value = body[field]
        if field == "steps" and isinstance(value, list | tuple) and value:
            below.append(" " * inner + "steps:")
            for number, step in enumerate(value):
                below += _item(step, inner + INDENT, (*path, "steps", number), step=True)
        else:
            below += _entry(field, value, inner, path)
    return _keyed(_key(key, path), "", below, column)


def _mapping(of: Mapping[str, Any], column: int, path: Path, *, step: bool = False) -> Lines:
    lines: Lines = []
    for key in ordered(STEP_FIELDS, of) if step else of:
        lines += _entry(key, of[key], column, path, step=step)
    return lines


def _item(value: Any, column: int, path: Path, *, step: bool = False) -> Lines:
    begin = " " * column + "-"
    if isinstance(value, Mapping) and value:
        lines = _mapping(value, column + INDENT, path, step=step)
    elif isinstance(value, list | tuple) and value:
        lines = _sequence(value, column + INDENT, path)
    else:
        first, below = _value("", value, column, path)
        return [begin + first, *below]
    return [f"{begin} {lines[0][column + INDENT :]}", *lines[1:]]


def _sequence(of: Any, column: int, path: Path) -> Lines:
    return [line for number, each in enumerate(of) for line in _item(each, column, (*path, number))]


def _entry(key: str, value: Any, column: int, path: Path, *, step: bool = False) -> Lines:
    path = (*path, key)
    head = _key(key, path)
    first, below = _value(key, value, column, path, step=step)
    return _keyed(head, first, below, column)


def _keyed(head: str, first: str, below: Lines, column: int) -> Lines:
    begin = " " * column
    if len(head) > _LONGEST_KEY:
        return [f"{begin}? {head[:-1]}", f"{begin}:{first}", *below]
    return [begin + head + first, *below]


def _key(key: str, path: Path) -> str:
    return _checked(key, path, scalar_styles.inline(key)) + ":"


def _value(field: str, value: Any, column: int, path: Path, *, step: bool = False) -> tuple[str, Lines]:
    """What follows the colon or dash at a key or item in `column`, and the lines below."""
    if isinstance(value, str):
        text = scalar_styles.block(value) if "\n" in value or (step and field == "content") else None
        if text is None:
            return " " + _checked(value, path, scalar_styles.inline(value)), []
        return f" {text.header}", [" " * (column + INDENT) + line if line else "" for line in text.lines]
    if isinstance(value, Mapping) and value:
        if step and field in ONE_LINE_FIELDS:
            value = {key: value[key] for key in ordered(ONE_LINE_FIELDS[field], value)}
        if step and field in ONE_LINE_FIELDS and not any(map(_nests, value.values())):
            flow = _flow(value, path)
            if column + len(f"{field}: {flow}") <= WIDTH:
                return f" {flow}", []
        return "", _mapping(value, column + INDENT, path)
    if isinstance(value, list | tuple) and value:
        return "", _sequence(value, column + INDENT, path)
    return " " + _leaf(value), []


def _nests(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple) and bool(value)


def _flow(of: Mapping[str, Any], path: Path) -> str:
    def written(value: Any, key: str) -> str:
        if isinstance(value, str):
            return _checked(value, (*path, key), scalar_styles.inline(value, flow=True))
        return _leaf(value)

    return "{" + ", ".join(f"{written(key, key)}: {written(value, key)}" for key, value in of.items()) + "}"


def _leaf(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    return scalar_styles.word(value)


def _checked(text: str, path: Path, written: str) -> str:
    if scalar_styles.can_be_written(text):
        return written
    where = "/".join(str(part) for part in path)
    raise Unwritable(
        f"the text at {clip(where)} holds half a character (a lone surrogate), which no file can hold"
    )
