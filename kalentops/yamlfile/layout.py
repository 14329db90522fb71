"""The layout of a blueprint file: what `render` and `formatting` have to agree on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

INDENT: Final = 2
"""Of what stands in a mapping or in a list, lists in mappings included."""

WIDTH: Final = 100
"""The columns that `{…}` and `[…]` may reach on one line. Texts are never broken."""

BEFORE_COMMENT: Final = "  "

# As people write and read them: what it is, when it is sent, under which conditions, and the text last, because it
# is long. What the API may add one day comes before the text.
_STEP_FIELDS: Final = (
    "id",
    "name",
    "type",
    "linkedInType",
    "subject",
    "temporalityType",
    "delay",
    "contentSource",
    "config",
    "policy",
)
STEP_FIELDS: Final = (_STEP_FIELDS, ("content",))
BLUEPRINT_FIELDS: Final = (("name", "config"), ("steps",))
ONE_LINE_FIELDS: Final = {
    "delay": (("value", "unit"), ()),
    "config": (("userId",), ()),
    "policy": (("skipStepIfNoContact", "autoValidateAIDraft", "inviteTimeoutDays"), ()),
}
"""The fields of a step that are written as `{…}`, and the order in which people say what is in them."""


def line_end_of(text: str) -> str:
    """The line end that most lines have."""
    both = text.count("\r\n")
    counts = {"\n": text.count("\n") - both, "\r\n": both, "\r": text.count("\r") - both}
    return max(counts, key=lambda each: counts[each])


def ordered(fields: tuple[tuple[str, ...], tuple[str, ...]], given: Iterable[str]) -> list[str]:
    """The keys that are given, in the order of `fields`: (first, last); unknown ones stand between."""
    given = list(given)
    first, last = fields
    known = [key for key in first if key in given]
    unknown = [key for key in given if key not in first and key not in last]
    return [*known, *unknown, *(key for key in last if key in given)]
