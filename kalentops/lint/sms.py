"""How long an SMS is: 3GPP TS 23.038, section 6.2.1 (the GSM 7-bit alphabet and its extension table)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

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
