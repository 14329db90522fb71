"""A variable stands in single braces.

Only double braces are filled in; the candidate would read `{firstname}`.

Wrong:
    content: Hi {firstname}

Right:
    content: Hi {{firstname}}
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kalentops.finding import Problem
from kalentops.model import VARIABLES, Blueprint
from kalentops.rules.base import Rule
from kalentops.rules.texts import occurrences
from kalentops.text import nearest

_SINGLE = re.compile(r"(?<!\{)\{([A-Za-z_]{1,40})\}(?!\})")


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for place, text in occurrences(blueprint, "{"):
        for match in _SINGLE.finditer(text):
            meant = nearest(match[1], VARIABLES)
            if meant:
                yield Problem(
                    place,
                    f"`{match[0]}` is not filled in",
                    f"write `{{{{{meant}}}}}`",
                    match.start(),
                )


RULE = Rule("KAL310", "single-braces", __doc__, check, reads=frozenset({"subject", "content"}))
