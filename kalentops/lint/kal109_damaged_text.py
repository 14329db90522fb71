"""A character of a text was damaged on its way into the file.

Where a text is read in another encoding than it was saved in, `è` becomes `Ã¨`, `é` becomes `Ã©`, and what
can't be read at all becomes U+FFFD, the replacement character. Candidates would read exactly this.

Wrong:
    content: Your work at SociÃ©tÃ© Exemple

Right:
    content: Your work at Société Exemple
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule
from kalentops.lint.summary import Summary
from kalentops.support.text import clip

# UTF-8 taken for Windows-1252, for Latin-1 or for Mac Roman. Only what no language writes: a capital letter with an
# accent before a closing quote is ordinary. Few texts hold one, so it is compiled when it is needed first.
_DAMAGED: Final = (
    "\ufffd\ufffd*"
    "|\u00c3[\u0080-\u0084\u0086-\u0091\u0093\u0095\u0098-\u00ba\u00bc-\u00bf\u20ac\u0192\u2020-\u2022\u2030\u0152\u0153\u0160\u0161"
    "\u0178\u017d\u017e\u2039\u203a\u02c6\u02dc\u201a\u201c\u201e\u2122]"
    "|\u00c2[\u0080-\u00bf]"
    "|\u00e2(?:\u20ac\\S?|[\u0080-\u009f\u201e\u0153\u017e\u02dc\u2020\u2021\u02c6\u2030]\\S?)"
    "|\u00f0(?:\u0178|\u009f)\\S{0,2}|\u00ef(?:\u00bb\u00bf|\u00bf\u00bd|\u00b8\u008f)"
    "|\u201a\u00c4\\S?|\u221a[\u00a9\u00ae]"
)
_FIRST: Final = "\ufffd\u00c3\u00c2\u00e2\u00f0\u00ef\u201a\u221a"
"""The characters that these begin with."""
_ENCODINGS: Final = ("cp1252", "latin-1", "mac-roman")


def _may_find(of: Summary) -> bool:
    return of.prose.has(_FIRST)


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in enumerate(blueprint.steps):
        for field, text in step.texts():
            for match in re.finditer(_DAMAGED, text) if not text.isascii() else ():
                yield Problem(("steps", index, field), *_say(match[0]), match.start())


def _say(damaged: str) -> tuple[str, str]:
    if damaged[0] == "\ufffd":
        return "a character was lost here and replaced by U+FFFD", "retype the word"
    for encoding in _ENCODINGS:
        try:
            meant = damaged.encode(encoding).decode()
        except UnicodeError:
            continue
        if meant.isprintable():
            return f"`{clip(damaged)}` is a damaged `{meant}`", f"write `{meant}`, and save the file as UTF-8"
        break
    return f"`{clip(damaged)}` is a damaged character", "retype the word, and save the file as UTF-8"


RULE = Rule(
    "KAL109",
    "damaged-text",
    __doc__,
    check,
    frozenset({"subject", "content"}),
    each_alone=True,
    prefilter=_may_find,
)
