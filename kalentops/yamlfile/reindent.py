"""Scalars of several lines with another indentation, and the same text."""

from __future__ import annotations

from dataclasses import dataclass

from kalentops.yamlfile.source import Token, header

_BLANKS = " \t"


@dataclass(frozen=True, slots=True)
class BlockText:
    """A block scalar: `|` or `>` with its indicators, its comment, its lines, and whether blank lines follow that
    don't belong to it.
    """

    indicators: str
    comment: str
    lines: list[str]
    blank: bool


def block(token: Token, parent: int, column: int) -> BlockText:
    """The block with its text in `column`, two columns deeper than what it belongs to.

    `parent` is where that has stood, -1 for nothing.
    """
    figure, chomping, comment = header(token)
    lines = token.text.split("\n")[1:]
    depth = max(parent, 0) + int(figure) if figure else _depth(lines)
    lines = [_without(line, depth) for line in lines]
    unended = bool(lines) and lines[-1] != ""  # by the end of the file
    if not unended:
        lines = lines[:-1]
    kept = lines if chomping == "+" else lines[: _last(lines)]
    blank = len(kept) < len(lines)
    if unended:
        chomping = "-"
    first = next((line for line in kept if line), "")
    indicators = token.style + ("2" if first[:1] in {" ", "\t"} else "") + chomping
    return BlockText(indicators, comment, [" " * column + line if line else "" for line in kept], blank)


def _depth(lines: list[str]) -> int:
    """The indentation of a block whose header doesn't say it: that of its first line with text."""
    deep = (len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" "))
    return next(deep, max(map(len, lines), default=0))


def _last(lines: list[str]) -> int:
    """How many lines there are up to the last one with something in it."""
    return max((number for number, line in enumerate(lines, 1) if line), default=0)


def _without(line: str, depth: int) -> str:
    return line[min(depth, len(line) - len(line.lstrip(" "))) :]


def folded(token: Token, column: int) -> list[str]:
    """The lines of a plain or quoted scalar; all but the first begin in `column`."""
    first, *rest = token.text.split("\n")
    if not rest:
        return [first]
    *middle, last = rest
    found = [_trimmed(first, token), *(_trimmed(line.lstrip(_BLANKS), token) for line in middle)]
    return [found[0], *(" " * column + line if line else "" for line in [*found[1:], last.lstrip(_BLANKS)])]


def _trimmed(line: str, token: Token) -> str:
    r"""The line without the blanks at its end, unless the first of them is escaped: `\ `."""
    short = line.rstrip(_BLANKS)
    escaped = token.style == '"' and (len(short) - len(short.rstrip("\\"))) % 2
    return line if escaped else short
