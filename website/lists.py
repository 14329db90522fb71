"""Lists that GitHub understands, in the form that the site's generator (Python-Markdown) understands as well."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from markdown_it import MarkdownIt

_MARKER: Final = re.compile(r"[ ]*(?:[-*+]|\d+[.)])[ ]+")
_PARSER: Final = MarkdownIt("commonmark")


def four_columns(text: str) -> str:
    """The same document: four columns for each level, and a blank line above a list and an item with paragraphs."""
    lines = text.split("\n")
    columns, depths = [0] * len(lines), [0] * len(lines)
    apart: set[int] = set()
    tokens = _PARSER.parse(text)
    for token, following in pairwise(tokens):
        begin, end = token.map or (0, 0)
        if token.type in {"bullet_list_open", "ordered_list_open"} and not token.level:
            apart.add(begin)
        elif token.type == "list_item_open" and (marker := _MARKER.match(lines[begin])):
            depth = depths[begin] + 1
            columns[begin + 1 : end] = [marker.end()] * (end - begin - 1)
            depths[begin + 1 : end] = [depth] * (end - begin - 1)
            if following.type == "paragraph_open" and not following.hidden:
                apart.add(begin)
    made = []
    for number, line in enumerate(lines):
        if number in apart and number and lines[number - 1].strip():
            made.append("")
        indent = min(len(line) - len(line.lstrip(" ")), columns[number])
        made.append(f"{' ' * 4 * depths[number]}{line[indent:]}" if line.strip() else "")
    return "\n".join(made)
