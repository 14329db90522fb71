"""The text of a block scalar (`|`, `>`) replaced, with as much of its lines and its header kept as can be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from kalentops.yamlfile import scalar_styles
from kalentops.yamlfile.layout import INDENT
from kalentops.yamlfile.parse import parse
from kalentops.yamlfile.splicing.outline import Node, header_end, is_blank, next_line

_FIGURE: Final = re.compile(r"[1-9]")
_DEEPEST: Final = 9  # a figure of one digit says how deep a block is indented


@dataclass(frozen=True, slots=True)
class Indented:
    """A text below its key: `|` or `>` with its indicators, and the lines, indented."""

    header: str
    lines: list[str]


def block_like(text: str, node: Node, value: str, column: int) -> Indented | None:
    """A block of the kind of `node`, whose key stands in `column`; None where no block can carry the value."""
    fresh = scalar_styles.block(value)
    if fresh is None:
        return None
    old = _Old(text, node, column)
    ends = len(value) - len(value.rstrip("\n"))
    kept = "+" in old.header
    if ends > 1 and not kept and old.blank_below:
        return None  # those blank lines would become part of the text
    chomping = "-" if not ends else "+" if ends > 1 or (kept and ends) else ""
    figure = str(old.indent - column) if "2" in fresh.header else old.habit
    if node.style == ">":
        block = Indented(f">{figure}{chomping}", indented(_folded(old, value), old.indent))
        if _reads_as(block, value, column):
            return block
    lines = old.with_lines(fresh.lines) if node.style == "|" else indented(fresh.lines, old.indent)
    block = Indented(f"|{figure}{chomping}", lines)
    return block if _reads_as(block, value, column) else None


def indented(lines: list[str], indent: int) -> list[str]:
    return [" " * indent + line if line else "" for line in lines]


class _Old:
    """How a block scalar is written now."""

    def __init__(self, text: str, node: Node, column: int) -> None:
        end = header_end(text, node)
        self.header = text[node.at : end]
        match = _FIGURE.search(self.header)
        self.figure = match[0] if match else ""
        first = next_line(text, node.at)
        self.source = re.split(r"\r\n?|\n", text[first : node.end]) if first <= node.end else []
        self.indent = self._indent(column)
        # A figure that was needed, for a text that begins with blanks, goes with that text.
        self.habit = "" if node.value.lstrip("\n")[:1] in {" ", "\t"} else self.figure
        below = next_line(text, node.end)
        self.blank_below = below < len(text) and is_blank(text, below)

    def _indent(self, column: int) -> int:
        if self.figure:
            return column + int(self.figure)
        said = [len(line) - len(line.lstrip(" ")) for line in self.source if line.strip(" ")]
        indent = said[0] if said else 0
        return indent if column < indent <= column + _DEEPEST else column + INDENT

    def with_lines(self, lines: list[str]) -> list[str]:
        """The lines, indented; those that were there keep the blanks that say nothing."""
        old = [line[self.indent :] for line in self.source]
        new = indented(lines, self.indent)
        top = 0
        while top < min(len(old), len(new)) and old[top] == lines[top]:
            new[top] = self.source[top]
            top += 1
        bottom = 1
        while bottom <= min(len(old), len(new)) - top and old[-bottom] == lines[-bottom]:
            new[-bottom] = self.source[-bottom]
            bottom += 1
        return new


def _folded(old: _Old, value: str) -> list[str]:
    """The lines of a folded text: paragraphs that were there as they stand, others no wider than those."""
    paragraphs: dict[str, list[str]] = {}
    current: list[str] = []
    for line in [*(each[old.indent :] for each in old.source), ""]:
        if line:
            current.append(line)
        elif current:
            paragraphs.setdefault(" ".join(current), current)
            current = []
    width = max((len(line) for lines in paragraphs.values() for line in lines), default=80)
    lines: list[str] = []
    ends = len(value) - len(value.rstrip("\n"))
    for number, paragraph in enumerate(value.rstrip("\n").split("\n")):
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


def _reads_as(block: Indented, value: str, column: int) -> bool:
    lines = [" " * each + "k:" for each in ([0] if column else [])]
    text = "\n".join([*lines, " " * column + "k: " + block.header, *block.lines, ""])
    data = parse(text).data
    inner = data.get("k") if isinstance(data, dict) else None
    return bool((inner.get("k") if column and isinstance(inner, dict) else inner) == value)
