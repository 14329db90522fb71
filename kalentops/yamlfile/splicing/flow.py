"""Values between braces: JSON and YAML's flow style, written as their neighbours are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from kalentops.support.text import unseen
from kalentops.yamlfile import scalar_styles
from kalentops.yamlfile.splicing.outline import Node, column, indentation, line_end

_ASTRAL: Final = 0x10000
_ESCAPED: Final = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_COMMA: Final = re.compile(r", *")
_COLON: Final = re.compile(r": *")


@dataclass(frozen=True, slots=True)
class FlowStyle:
    """How the neighbours are written. `quoted`: keys and texts in double quotes, as in JSON. `unit`: the indentation of
    what stands on lines of its own. `expanded`: so do the fields of a small mapping.
    """

    quoted: bool = False
    comma: str = ", "
    colon: str = ": "
    unit: int = 2
    expanded: bool = False


def common_style(text: str, root: Node) -> FlowStyle:
    """The style of the flow collections of a file."""
    style = FlowStyle(expanded=_expanded(text, root))
    for node in root.walk():
        if node.flow and node.kind == "map" and node.entries:
            style = style_of(text, node, style)
            break
    units = (_unit(text, node) for node in root.walk())
    return replace(style, unit=next((unit for unit in units if unit), style.unit))


def style_of(text: str, container: Node, common: FlowStyle) -> FlowStyle:
    """The style of what is added to a flow collection, taken from what it holds, as far as that shows one."""
    style = replace(common, unit=_unit(text, container) or common.unit)
    sample = next((node for node in container.walk() if node.kind == "map" and node.entries), None)
    key = sample.entries[0].key if sample else None
    if sample is None or key is None:
        return style
    if key.style != '"':
        return replace(style, quoted=False, comma=", ", colon=": ")
    colon = _COLON.fullmatch(text, key.end, sample.entries[0].value.start)
    style = replace(style, quoted=True, colon=colon[0] if colon else style.colon)
    for node in (container, sample):
        if len(node.entries) > 1:
            comma = _COMMA.fullmatch(text, node.entries[0].end, node.entries[1].start)
            return replace(style, comma=comma[0] if comma else style.comma)
    return style


def _expanded(text: str, root: Node) -> bool:
    """Whether the fields of a small mapping (a delay, a policy) stand on lines of their own in this file."""
    for node in root.walk():
        for value in (entry.value for entry in node.entries if entry.key):
            if value.flow and value.entries and not any(entry.value.entries for entry in value.entries):
                return line_end(text, value.at) < value.end
    return root.flow


def _unit(text: str, node: Node) -> int:
    """How much deeper the entries of a flow collection stand than the line in which it begins; 0 if not below it."""
    if not node.flow or not node.entries:
        return 0
    inner = column(text, node.entries[0].start)
    if indentation(text, node.entries[0].start) != inner:
        return 0
    return max(inner - indentation(text, node.at), 0)


def flow_text(value: Any, style: FlowStyle, indent: int | None = None) -> str:
    """A value on one line; with `indent`, the indentation of the line in which it begins, on several."""
    if isinstance(value, Mapping):
        parts = [
            key_text(key, style) + style.colon + flow_text(each, style, _deeper(each, style, indent))
            for key, each in value.items()
        ]
        return _between("{", parts, "}", style, indent)
    if isinstance(value, list | tuple):
        inner = None if indent is None else indent + style.unit
        return _between("[", [flow_text(each, style, inner) for each in value], "]", style, indent)
    if isinstance(value, str):
        return json_text(value) if style.quoted else scalar_styles.inline(value, flow=True)
    return scalar_styles.word(value)


def key_text(key: str, style: FlowStyle) -> str:
    return json_text(key) if style.quoted else scalar_styles.inline(key, flow=True)


def _deeper(value: Any, style: FlowStyle, indent: int | None) -> int | None:
    return None if indent is None or not goes_over_lines(value, style) else indent + style.unit


def goes_over_lines(value: Any, style: FlowStyle) -> bool:
    """Whether a value gets lines of its own where its neighbours have them."""
    is_small = isinstance(value, Mapping) and not any(isinstance(v, Mapping | list) for v in value.values())
    return style.expanded or not is_small


def _between(opening: str, parts: list[str], closing: str, style: FlowStyle, indent: int | None) -> str:
    if indent is None or not parts:
        return opening + style.comma.join(parts) + closing
    line = "\n" + " " * (indent + style.unit)
    return opening + line + f",{line}".join(parts) + "\n" + " " * indent + closing


def json_text(text: str) -> str:
    """A text in double quotes that JSON and YAML read alike; what can't be seen is written as an escape.

    Characters beyond the first plane stand as they are: JSON's escape for them is two halves, which YAML refuses.
    """
    hidden = {char for _, char in unseen(text) if ord(char) < _ASTRAL and ord(char) >= ord(" ")}
    written = json.dumps(text, ensure_ascii=False)
    return "".join(
        f"\\u{ord(char):04x}" if char in hidden or _ESCAPED.match(char) else char for char in written
    )
