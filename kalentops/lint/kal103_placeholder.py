"""A placeholder in square brackets has not been filled in.

The API refuses unresolved placeholders such as [company] or [one-pager link]. So that none slips through, any
text in square brackets is refused, Markdown links included: messages are plain text.

Wrong:
    content: I liked your work on [specific project or stack].

Right:
    content: I liked your work as {{candidateJobTitle}}.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule
from kalentops.lint.texts import occurrences
from kalentops.support.text import clip

_BRACKETS = re.compile(r"\[([^\[\]]{1,200})\]")


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for place, text in occurrences(blueprint, "["):
        for match in _BRACKETS.finditer(text):
            if match[1].strip():
                yield Problem(
                    place,
                    f"`{clip(match[0])}` is a placeholder",
                    "fill it in or remove it; if you mean brackets, use round ones",
                    match.start(),
                )


RULE = Rule("KAL103", "placeholder", __doc__, check, reads=frozenset({"content", "subject"}))
