"""A variable has spaces inside its braces.

Whether the API accepts them is not documented, so they are refused here: a candidate must never read braces.

Wrong:
    content: Hi {{ firstname }}

Right:
    content: Hi {{firstname}}
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.blueprint.variables import VARIABLES
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule
from kalentops.lint.summary import Summary
from kalentops.lint.texts import occurrences, variables
from kalentops.support.text import clip


def _may_find(of: Summary) -> bool:
    return of.prose.has("{}")


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for place, text in occurrences(blueprint, "{{"):
        for token, name, at in variables(text):
            if name != name.strip() and name.strip() in VARIABLES:
                yield Problem(
                    place,
                    f"`{clip(token)}` has spaces inside its braces",
                    f"write `{{{{{name.strip()}}}}}`",
                    at,
                )


RULE = Rule(
    "KAL102",
    "spaces-in-variable",
    __doc__,
    check,
    reads=frozenset({"content", "subject"}),
    prefilter=_may_find,
)
