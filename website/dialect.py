"""GitHub's Markdown in the dialect of the site's generator, Python-Markdown."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from website.documents import github_anchors

_MARKER: Final = re.compile(r"[ ]*(?:[-*+]|\d+[.)])[ ]+")
_PARSER: Final = MarkdownIt("commonmark")


def for_python_markdown(text: str) -> str:
    """The same document: lists with four columns a level, and the anchors that GitHub gives to repeated headings."""
    tokens = _PARSER.parse(text)
    return "\n".join(_with_lists(_with_anchors(text.split("\n"), tokens), tokens))


def _with_anchors(lines: list[str], tokens: list[Token]) -> list[str]:
    made = list(lines)
    headings = [token.map[0] for token in tokens if token.type == "heading_open" and token.map]
    for number, anchor in zip(headings, github_anchors("\n".join(lines)), strict=True):
        if github_anchors(lines[number]) != [anchor]:
            made[number] += f" {{#{anchor}}}"
    return made


def _with_lists(lines: list[str], tokens: list[Token]) -> list[str]:
    """Lists, and items with paragraphs, below a blank line; what an item holds, four columns in for each level."""
    columns, depths = [0] * len(lines), [0] * len(lines)
    apart: set[int] = set()
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
    return made
