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
from kalentops.lint.finding import DataPath, Problem
from kalentops.lint.rule import Rule, UseContext
from kalentops.lint.summary import Summary
from kalentops.lint.texts import occurrences
from kalentops.support.text import clip

_BRACKETS = re.compile(r"\[([^\[\]]{1,200})\]")


def _may_find(of: Summary) -> bool:
    return of.prose.has("[")


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for place, text in occurrences(blueprint, "["):
        for match in _BRACKETS.finditer(text):
            if match[1].strip():
                yield _tell(place, match[0], match.start())


def check_use(of: UseContext) -> Iterator[Problem]:
    """What `new` writes for a parameter, which may stand in names alone: brackets in other names are allowed."""
    for name, value in of.use.values.items():
        if value.strip() == f"[{name}]":
            yield _tell(("with", name), value.strip(), value.index("["))


def _tell(place: DataPath, said: str, at: int) -> Problem:
    hint = "fill it in or remove it; if you mean brackets, use round ones"
    return Problem(place, f"`{clip(said)}` is a placeholder", hint, at)


RULE = Rule(
    "KAL103",
    "placeholder",
    __doc__,
    check,
    reads=frozenset({"content", "subject"}),
    check_use=check_use,
    prefilter=_may_find,
)
