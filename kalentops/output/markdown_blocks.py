"""Markdown as GitHub reads it, made of untrusted texts.

Nothing is escaped sign by sign. A word that is letters, or a number, with ordinary punctuation around it stands as it
is; everything else goes into a code span or a fence, where neither CommonMark nor GitHub's own additions (mentions,
references to issues and commits, autolinks, emoji, formulas, footnotes) look for anything. Where HTML is needed, for
a block that can be folded, the text is escaped and set as code in the same way.

A report of several sections is cut to a limit between its blocks, and says how many are missing.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias, overload

from kalentops.output.terminal import columns
from kalentops.support.text import count, escape_line, escape_part, visible

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
    parts = escape_part(visible(text)).split("|")
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
    return f"<code>{html.escape(escape_part(visible(text)))}</code>"


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
    body = [escape_line(visible(each)) for each in lines]
    longest = max((len(run) for each in body for run in _TICKS.findall(each)), default=0)
    ticks = "`" * max(3, longest + 1)
    return "\n".join([f"{ticks}{info}", *body, ticks])


def folded(text: str, width: int = FENCE) -> list[str]:
    """A line, broken between words where it is too long to be read without scrolling; what goes on is indented."""
    text = visible(text)
    if columns(text) <= width:
        return [text]
    found: list[str] = []
    current, taken = "", 0
    for token in re.findall(r"\s*\S+|\s+$", text):
        size = columns(token)
        if current and taken + size > width:
            found.append(current)
            current = "  " + token.lstrip()
            taken = columns(current)
        else:
            current += token
            taken += size
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


Measure: TypeAlias = Callable[[str], int]
_NO_ROOM: Final = "There is no room for this report."


def utf16_units(text: str) -> int:
    """How long a text is to GitHub's limit of a comment, read strictly: what is not in the first plane weighs two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def utf8_bytes(text: str) -> int:
    """How long a text is to the limit of a job summary."""
    return len(text.encode(errors="backslashreplace"))


COMMENT: Final = 65_536 - 8_192
"""The longest report for a comment, in UTF-16 units. GitHub takes 65,536; the rest is room for the marker, the title,
and what an outdated comment says: up to 6,200 for the longest name of a target."""
SUMMARY: Final = 1 << 20
"""The longest summary of a job's step that GitHub takes, in bytes."""


class Block(NamedTuple):
    """What is shown whole or not at all; `brief` is its shorter form, where it has one."""

    full: str
    brief: str = ""


class LazyBlocks(Sequence[Block]):
    """Blocks that are made when they are first looked at: those that have no room are never made."""

    def __init__(self, makers: Iterable[Callable[[], Block]]) -> None:
        self._makers = tuple(makers)
        self._made: dict[int, Block] = {}

    def __len__(self) -> int:
        return len(self._makers)

    @overload
    def __getitem__(self, at: int) -> Block: ...
    @overload
    def __getitem__(self, at: slice) -> list[Block]: ...
    def __getitem__(self, at: int | slice) -> Block | list[Block]:
        if isinstance(at, slice):
            return [self[each] for each in range(len(self))[at]]
        number = range(len(self))[at]
        if number not in self._made:
            self._made[number] = self._makers[number]()
        return self._made[number]


class Section(NamedTuple):
    """Blocks that belong together, between `head` and `tail`. `one` and `many` say what is counted where a block is
    missing, `texts` where only its brief form is there. At most `share` of the room that is left goes to it.
    """

    blocks: Sequence[Block]
    one: str
    many: str
    head: str = ""
    tail: str = ""
    between: str = "\n\n"
    texts: str = ""
    share: float = 1.0

    def text(self, shown: Sequence[str]) -> str:
        return self.head + self.between.join(shown) + self.tail if shown else ""


@dataclass(slots=True)
class _Fitted:
    shown: list[str]
    missing: int = 0
    brief: int = 0


def fit(opening: str, sections: Sequence[Section], limit: int, measure: Measure, pointer: str) -> str:
    """The opening and as much of the sections as the limit has room for, those in front first.

    Where something is missing, the last paragraph counts it and ends with `pointer`, which is Markdown. Nothing is
    ever cut within a block: what was code could become text.
    """
    if _may_fit(sections, limit, measure):
        whole = _joined([opening, *(each.text([block.full for block in each.blocks]) for each in sections)])
        if measure(whole) <= limit:
            return whole
    worst = [_Fitted([], len(each.blocks), len(each.blocks)) for each in sections]
    room = limit - measure(opening) - measure(_missing(sections, worst, pointer)) - len("\n\n")
    fitted = _all(sections, room, measure)
    texts = [each.text(found.shown) for each, found in zip(sections, fitted, strict=True)]
    cut = _joined([opening, *texts, _missing(sections, fitted, pointer)])
    return next((said for said in (cut, opening, _NO_ROOM) if measure(said) <= limit), "")


def _may_fit(sections: Sequence[Section], limit: int, measure: Measure) -> bool:
    """Whether the blocks alone are within the limit; those behind it are not made."""
    taken = 0
    for block in (block for each in sections for block in each.blocks):
        taken += measure(block.full)
        if taken > limit:
            return False
    return True


def _all(sections: Sequence[Section], room: int, measure: Measure) -> list[_Fitted]:
    fitted, taken = [], []
    for each in sections:
        found, used = _fit(each, int(room * each.share), measure)
        fitted.append(found)
        taken.append(used)
        room -= used
    # What the later ones have left goes to those that had to share.
    for number, each in enumerate(sections):
        if fitted[number].missing and each.share < 1:
            room += taken[number]
            fitted[number], used = _fit(each, room, measure)
            room -= used
    return fitted


def _fit(section: Section, room: int, measure: Measure) -> tuple[_Fitted, int]:
    """As many blocks as there is room for, in brief where they have such a form; then their whole forms, as far as
    room is left for these. Also, what they take.
    """
    frame = measure(section.head + section.tail) + len("\n\n")
    left = room - frame
    shown: dict[int, str] = {}
    for number, block in enumerate(section.blocks):
        form = block.brief or block.full
        size = measure(form) + len(section.between)
        if size > left:
            break
        shown[number] = form
        left -= size
    for number, form in shown.items():
        full = section.blocks[number].full
        more = measure(full) - measure(form)
        if more <= left:
            shown[number] = full
            left -= more
    brief = sum(form != section.blocks[number].full for number, form in shown.items())
    found = _Fitted(list(shown.values()), len(section.blocks) - len(shown), brief)
    return found, room - left if shown else 0


def _missing(sections: Sequence[Section], fitted: Sequence[_Fitted], pointer: str) -> str:
    parts = []
    for section, found in zip(sections, fitted, strict=True):
        if found.missing:
            parts.append(count(found.missing, section.one, section.many))
        if found.brief and section.texts:
            parts.append(section.texts.format(found.brief))
    return f"**Not shown here:** {plural_join(parts)}. {pointer}" if parts else pointer


def _joined(parts: Sequence[str]) -> str:
    return "\n\n".join(part for part in parts if part)
