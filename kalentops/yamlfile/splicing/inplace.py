"""A value written in the place of another, in the same style where the style can carry it.

Plain stays plain or is quoted, quotes stay quotes, a block stays a block with the same header and indentation. A text
that gets its first line breaks becomes a block, unless it stands between braces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from kalentops.support.text import unseen
from kalentops.yamlfile import scalar_styles
from kalentops.yamlfile.layout import INDENT
from kalentops.yamlfile.splicing.blocktext import Indented, block_like, indented
from kalentops.yamlfile.splicing.edits import Edit
from kalentops.yamlfile.splicing.flow import FlowStyle, flow_text, json_text
from kalentops.yamlfile.splicing.outline import Entry, Node, header_end, is_blank, line_end, next_line

_BLOCK: Final = frozenset({"|", ">"})


@dataclass(frozen=True, slots=True)
class Where:
    """What is around a value: the text, the column of its key, whether it stands between braces and how others do
    there, and the line end.
    """

    text: str
    column: int
    flow: bool
    style: FlowStyle
    eol: str


def put(where: Where, entry: Entry, value: Any, indent: int | None = None) -> list[Edit]:
    """The edits that give an entry another value. `indent`: of its line, where collections go over several lines."""
    if isinstance(value, str):
        written = _text(where, entry.value, value)
        if isinstance(written, Indented):
            return _put_block(where, entry, written)
    else:
        written = flow_text(value, where.style, indent)
    return _put_inline(where, entry, written.replace("\n", where.eol))


def _text(where: Where, node: Node, value: str) -> str | Indented:
    if node.kind == "scalar" and node.style in _BLOCK:
        block = block_like(where.text, node, value, where.column)
        return _quoted(where, node, value) if block is None else block
    had_lines = node.kind == "scalar" and "\n" in node.value and node.style in {"'", '"'}
    if "\n" in value and not where.flow and not had_lines:
        fresh = scalar_styles.block(value)
        if fresh is not None and not ("+" in fresh.header and _blank_below(where.text, node)):
            return Indented(fresh.header, indented(fresh.lines, where.column + INDENT))
    return _quoted(where, node, value)


def _blank_below(text: str, node: Node) -> bool:
    line = next_line(text, node.end)
    return line < len(text) and is_blank(text, line)


def _quoted(where: Where, node: Node, value: str) -> str:
    if node.style == "'" and "\n" not in value and not unseen(value):
        return "'" + value.replace("'", "''") + "'"
    if where.flow and (where.style.quoted or node.style == '"'):
        return json_text(value)
    if node.kind == "scalar" and node.style and node.style not in _BLOCK:
        return scalar_styles.quoted(value)
    return scalar_styles.inline(value, flow=where.flow)


def _put_inline(where: Where, entry: Entry, written: str) -> list[Edit]:
    text, node = where.text, entry.value
    if node.kind == "scalar" and node.style in _BLOCK:
        header, first = header_end(text, node), line_end(text, node.at)
        return [Edit(node.at, header, written), *([Edit(first, node.end, "")] if node.end > first else [])]
    if entry.sign is None and entry.key is not None:  # `{a, b}`
        return [Edit(entry.end, entry.end, where.style.colon + written)]
    if node.at == node.end:
        at = node.end if node.start < node.end else entry.end
        return [Edit(at, at, " " + written)]
    if node.kind in {"map", "seq"} and not node.flow:
        # Below its key: the value goes behind the colon, or behind the anchor that stands there.
        at = node.named if node.start < node.named else entry.sign or 0
        first = line_end(text, at)
        return [Edit(at, at, " " + written), Edit(first, line_end(text, node.end), "")]
    return [Edit(node.at, node.end, written)]


def _put_block(where: Where, entry: Entry, block: Indented) -> list[Edit]:
    text, node = where.text, entry.value
    below = "".join(where.eol + line for line in block.lines)
    if node.kind == "scalar" and node.style in _BLOCK:
        header, first = header_end(text, node), line_end(text, node.at)
        return [Edit(node.at, header, block.header), Edit(first, max(first, node.end), below)]
    edits = _put_inline(where, entry, block.header)
    # What stands behind the value is a comment, which may stand behind the header as well.
    end = line_end(text, edits[-1].end)
    if len(edits) > 1:
        return [edits[0], Edit(edits[1].start, edits[1].end, below)]
    return [*edits, Edit(end, end, below)]
