"""Markdown as GitHub reads it, made of texts that nobody vouches for.

Nothing is escaped sign by sign. A word that is letters, or a number, with ordinary punctuation around it stands as it
is; everything else goes into a code span or a fence, where neither CommonMark nor GitHub's own additions (mentions,
references to issues and commits, autolinks, emoji, formulas, footnotes) look for anything. Where HTML is needed, for
a block that can be folded, the text is escaped and set as code in the same way.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from kalentops.output.ci_escape import inert, inert_part
from kalentops.output.lines import columns
from kalentops.support.text import visible

FENCE: Final = 96
"""Columns of a fence: GitHub's comments show about so many, and let one scroll for the rest."""

# Words, or a number: no letters and digits together, for those are ids of commits, issues and people.
_WORD: Final = r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*"
_NUMBER: Final = r"\d{1,6}(?:[.,]\d{1,3})?"
_HARMLESS: Final = re.compile(
    rf"[(\"'\u201c\u2018\u00ab]?(?:{_WORD}|{_NUMBER})%?[\"'\u201d\u2019\u00bb)]?[,.;:!?\u2026]?"
)
_ALONE: Final = frozenset(".,;:!?)\u2026\u2013\u2014\u2192\u00b7+")
# The id of a commit, and what begins an address even where nothing comes after it.
_NEVER: Final = re.compile(r"[0-9a-f]{7,}|www", re.IGNORECASE)
_SPANS: Final = re.compile(r"`([^`]+)`")
_TICKS: Final = re.compile(r"`+")


def code(text: str) -> str:
    """A text as a code span, wherever it stands, in a cell of a table too."""
    # A pipe would end the cell, and how to escape one behind a backslash is read in different ways.
    parts = inert_part(visible(text)).split("|")
    return "&#124;".join(_span(part) if part else "" for part in parts) or _span(" ")


def _span(text: str) -> str:
    longest = max((len(run) for run in _TICKS.findall(text)), default=0)
    ticks = "`" * (longest + 1)
    # One space at both ends is taken away again, unless there is nothing else.
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{ticks}{pad}{text}{pad}{ticks}" if text.strip(" ") else f"{ticks}\u00a0{ticks}"


def prose(text: str) -> str:
    """A text in a sentence of ours: its words as words, everything else as code."""
    return "".join(each if harmless else code(each) for harmless, each in _pieces(text))


def html_code(text: str) -> str:
    """A text as code within a line of HTML."""
    return f"<code>{html.escape(inert_part(visible(text)))}</code>"


def html_prose(text: str) -> str:
    """`prose` for a line of HTML."""
    return "".join(html.escape(each) if harmless else html_code(each) for harmless, each in _pieces(text))


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """The text in pieces that are harmless as they are, and others. No two of the others are neighbours: two code
    spans without a space between them would be read as one with their backticks in it.
    """
    held = ""
    for harmless, each in _tokens(visible(text)):
        if not harmless or (held and each == " "):
            held += each
            continue
        if held:
            yield False, held.rstrip(" ")
        if held.endswith(" "):
            yield True, " "
        held = ""
        yield True, each
    if held:
        yield False, held


def _tokens(text: str) -> Iterator[tuple[bool, str]]:
    """Words and the spaces between them, and whether each is harmless. What stands in backticks is code already."""
    at = 0
    for found in _SPANS.finditer(text):
        yield from _words(text[at : found.start()])
        yield False, found[1]
        at = found.end()
    yield from _words(text[at:])


def _words(text: str) -> Iterator[tuple[bool, str]]:
    for token in re.findall(r" +|[^ ]+", text):
        if token.isspace() and " " in token:
            yield True, " "
        elif _is_harmless(token):
            yield True, token
        else:
            yield from _cut(token)


def _cut(token: str) -> Iterator[tuple[bool, str]]:
    """What is code, then the punctuation of the sentence around it, which would be copied along with it."""
    head = token[:-1] if token[-1] in ",;" else token
    if head.endswith(")") and "(" not in head:
        head = head[:-1]
    if head:
        yield False, head
    if head != token:
        yield True, token[len(head) :]


def _is_harmless(token: str) -> bool:
    if token in _ALONE:
        return True
    return _HARMLESS.fullmatch(token) is not None and not _NEVER.search(token)


def fence(lines: Iterable[str], info: str = "text") -> str:
    """A fenced block. The lines are texts without line feeds; `info` is ours."""
    body = [inert(visible(each)) for each in lines]
    longest = max((len(run) for each in body for run in _TICKS.findall(each)), default=0)
    ticks = "`" * max(3, longest + 1)
    return "\n".join([f"{ticks}{info}", *body, ticks])


def folded(text: str, width: int = FENCE) -> list[str]:
    """A line, broken between words where it is too long to be read without scrolling; what goes on is indented."""
    found: list[str] = []
    current = ""
    for token in re.findall(r"\s*\S+|\s+$", visible(text)):
        if current and columns(current) + columns(token) > width:
            found.append(current)
            current = "  " + token.lstrip()
        else:
            current += token
    return [*found, current]


def table(header: Sequence[str]) -> str:
    """The head of a table, to which rows are added."""
    return "\n".join(("| " + " | ".join(header) + " |", "|" + "---|" * len(header)))


def row(cells: Iterable[str]) -> str:
    """A row of a table; the cells are Markdown."""
    return "| " + " | ".join(cells) + " |"


def details(summary: str, body: str, *, is_open: bool = False) -> str:
    """A block that can be folded; `summary` is HTML, `body` Markdown."""
    return f"<details{' open' if is_open else ''}>\n<summary>{summary}</summary>\n\n{body}\n\n</details>"


def fold(summary: str) -> tuple[str, str]:
    """What stands before and after something that can be folded."""
    head, _, tail = details(summary, "\0").partition("\0")
    return head, tail


def plural_join(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
