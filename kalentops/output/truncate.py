"""A report of several sections, cut to a limit at the borders of its blocks, with what is missing counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from kalentops.output.markdown_escape import plural_join
from kalentops.support.text import count

Measure: TypeAlias = Callable[[str], int]
_NO_ROOM: Final = "There is no room for this report."


def utf16_units(text: str) -> int:
    """How long a text is to GitHub's limit of a comment, read strictly: what is not in the first plane weighs two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def utf8_bytes(text: str) -> int:
    """How long a text is to the limit of a job summary."""
    return len(text.encode(errors="backslashreplace"))


COMMENT: Final = 65_536
"""The longest comment that GitHub takes, in characters."""
SUMMARY: Final = 1 << 20
"""The longest summary of a job's step that GitHub takes, in bytes."""


@dataclass(frozen=True, slots=True)
class Block:
    """What is shown whole or not at all; `brief` is its shorter form, where it has one."""

    full: str
    brief: str = ""


@dataclass(frozen=True, slots=True)
class Section:
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
    whole = _joined([opening, *(each.text([block.full for block in each.blocks]) for each in sections)])
    if measure(whole) <= limit:
        return whole
    worst = [_Fitted([], len(each.blocks), len(each.blocks)) for each in sections]
    room = limit - measure(opening) - measure(_missing(sections, worst, pointer)) - len("\n\n")
    fitted = _all(sections, room, measure)
    texts = [each.text(found.shown) for each, found in zip(sections, fitted, strict=True)]
    cut = _joined([opening, *texts, _missing(sections, fitted, pointer)])
    return next((said for said in (cut, opening, _NO_ROOM) if measure(said) <= limit), "")


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
