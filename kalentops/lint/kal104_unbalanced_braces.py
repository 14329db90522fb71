"""Double braces are opened and not closed, or closed and not opened.

The candidate would read the braces.

Wrong:
    content: Hi {{firstname}, nice to meet you

Right:
    content: Hi {{firstname}}, nice to meet you
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule
from kalentops.lint.summary import Summary
from kalentops.lint.texts import VARIABLE, occurrences


def _may_find(of: Summary) -> bool:
    return of.prose.has("{}")


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for brace, other in (("{{", "}}"), ("}}", "{{")):
        for place, text in occurrences(blueprint, brace):
            # What stands in pairs is looked at by the rules about variables.
            rest = VARIABLE.sub(lambda match: " " * len(match[0]), text)
            at = rest.find(brace)
            if at >= 0:
                yield Problem(
                    place,
                    f"`{brace}` without `{other}`",
                    "write variables as `{{firstname}}`",
                    at,
                )


RULE = Rule(
    "KAL104",
    "unbalanced-braces",
    __doc__,
    check,
    reads=frozenset({"content", "subject"}),
    prefilter=_may_find,
)
