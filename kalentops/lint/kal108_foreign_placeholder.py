"""A text contains a placeholder of another tool.

Only `{{…}}` with the name of a variable is filled in. Of `{firstname}`, `*|FNAME|*`, `%FIRSTNAME%`, `<<First Name>>`,
`${name}`, `{Hi|Hello}` and their like candidates read every character. What is only probably a placeholder is KAL310.

Wrong:
    content: Hi {First Name}

Right:
    content: Hi {{firstname}}
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import DataPath, Problem
from kalentops.lint.placeholders import Placeholder, asks_for, may_hold_placeholders, placeholders
from kalentops.lint.rule import Rule
from kalentops.lint.summary import Summary
from kalentops.lint.texts import first
from kalentops.support.text import clip


def _may_find(of: Summary) -> bool:
    return may_hold_placeholders(of.prose)


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in enumerate(blueprint.steps):
        for field, text in step.texts():
            certain = (each for each in placeholders(text) if each.certain)
            yield from first(certain, partial(_tell, ("steps", index, field)))


def _tell(place: DataPath, found: Placeholder) -> Problem:
    meant = asks_for(found.inner)
    hint = f"write `{{{{{meant}}}}}`" if meant else "write the text itself, or a variable as `{{…}}`"
    return Problem(place, f"`{clip(found.token)}` is not a variable of Kalent", hint, found.at)


RULE = Rule(
    "KAL108",
    "foreign-placeholder",
    __doc__,
    check,
    frozenset({"subject", "content"}),
    each_alone=True,
    prefilter=_may_find,
)
