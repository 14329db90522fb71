"""What several rules look for in a text: variables, control characters, the length of an SMS."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Final, TypeVar

from kalentops.blueprint.model import VARIABLES, Blueprint
from kalentops.lint.finding import DataPath, Problem

# Two braces or more, whatever holds no double brace, two braces or more. Each character is looked at a bounded
# number of times, whatever the text.
VARIABLE: Final = re.compile(r"(?<!\{)(\{{2,}+)((?:(?!\{\{|\}\}).)*+)(\}{2,}+)", re.DOTALL)

# What no field of one line holds: control characters and the ends of lines.
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

_T = TypeVar("_T")
MOST: Final = 20
"""Problems of one kind that are reported for one text; the others are counted."""


def first(found: Iterable[_T], tell: Callable[[_T], Problem]) -> Iterator[Problem]:
    """A problem for each of the first that were found in a text; the last of them counts those that are left. For
    rules whose words take time to find: the engine counts what is beyond `MOST` for every rule.
    """
    rest = iter(found)
    told = [tell(each) for each in islice(rest, MOST)]
    yield from told[:-1]
    if told:
        yield and_more(told[-1], sum(1 for _ in rest))


def and_more(problem: Problem, number: int) -> Problem:
    """The problem, with the number of those of its kind that are not told."""
    said = f"{problem.message}, and {number:,} more in this text"
    return replace(problem, message=said) if number else problem


def occurrences(blueprint: Blueprint, part: str) -> Iterator[tuple[DataPath, str]]:
    """The texts that hold `part`, a brace or a bracket, each with its place; those without any mistake of this
    kind are passed over.
    """
    for index, step in enumerate(blueprint.steps):
        for field, text in step.texts():
            if part in text and not _is_in_order(text):
                yield ("steps", index, field), text


# Every brace belongs to a variable that exists, and there is no bracket: so it is with nearly all texts.
_IN_ORDER: Final = re.compile(r"[^{}\[]*(?:\{\{(?:" + "|".join(VARIABLES) + r")\}\}[^{}\[]*)*")


@lru_cache(maxsize=64)  # several rules ask about each text of a blueprint
def _is_in_order(text: str) -> bool:
    return _IN_ORDER.fullmatch(text) is not None


def variables(text: str) -> Iterator[tuple[str, str, int]]:
    """Everything in double braces: (as it stands there, what is inside, where it begins).

    Of braces beyond two, the rest counts as inside, so `{{{x}}}` is no variable.
    """
    for match in VARIABLE.finditer(text):
        yield match[0], match[1][2:] + match[2] + match[3][2:], match.start()


# 3GPP TS 23.038, section 6.2.1: the GSM 7-bit alphabet and its extension table.
_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True, slots=True)
class Size:
    """`units` characters as they are counted, `room` of them in one segment, and the first character that is
    outside of GSM-7, or an empty text.
    """

    units: int
    segments: int
    room: int
    outside: str


def measure(text: str) -> Size:
    """The size of an SMS: 160 units of GSM-7 in one segment, 153 in each of several; 70 and 67 of UCS-2.

    A character of two units stands in one segment as a whole: where one unit of room is left, it begins the next.
    """
    outside = next((c for c in text if c not in _BASIC and c not in _EXTENDED), "")
    if outside:
        sizes, single, joined = [2 if c > "\uffff" else 1 for c in text], 70, 67
    else:
        sizes, single, joined = [2 if c in _EXTENDED else 1 for c in text], 160, 153
    units = sum(sizes)
    return Size(units, 1 if units <= single else _segments(sizes, joined), single, outside)


def _segments(sizes: Iterable[int], room: int) -> int:
    segments, left = 1, room
    for size in sizes:
        if size > left:
            segments, left = segments + 1, room
        left -= size
    return segments
