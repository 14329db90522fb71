"""A text probably contains a placeholder.

A word in braces, `TODO`, `XXX` or `___` is usually left over from a draft. So are quotation marks around a whole text:
YAML knows only straight quotes, and keeps others as part of the text. What can only be a placeholder is an error,
KAL108.

Wrong:
    content: Hi {{firstname}}, we pay TODO, and {benefit}.

Right:
    content: Hi {{firstname}}, we pay 60,000 euros, and the train.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import DataPath, Problem, Severity
from kalentops.lint.placeholders import (
    Placeholder,
    asks_for,
    may_hold_placeholders,
    placeholders,
    variable_for,
    wrapped,
)
from kalentops.lint.rule import Rule
from kalentops.lint.summary import Summary
from kalentops.lint.texts import first
from kalentops.support.text import clip
from kalentops.support.text_diff import did_you_mean


def _may_find(of: Summary) -> bool:
    return may_hold_placeholders(of.prose) or any(map(wrapped, of.texts))


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in enumerate(blueprint.steps):
        for field, text in step.texts():
            place = ("steps", index, field)
            if wrapped(text):
                said = f"the whole text is in quotation marks: {text.strip()[0]}…{text.strip()[-1]}"
                yield Problem(
                    place, said, "remove them; the quotes of YAML are straight and not part of the text"
                )
            probable = (each for each in placeholders(text) if not each.certain)
            yield from first(probable, partial(_tell, place))


def _tell(place: DataPath, found: Placeholder) -> Problem:
    meant = asks_for(found.inner) or variable_for(found.inner)
    hint = did_you_mean(found.inner, meant, f"`{{{{{meant}}}}}`") if meant else "fill it in, or remove it"
    return Problem(place, f"`{clip(found.token)}` looks like a placeholder", hint, found.at)


RULE = Rule(
    "KAL310",
    "probable-placeholder",
    __doc__,
    check,
    frozenset({"subject", "content"}),
    each_alone=True,
    severity=Severity.WARNING,
    prefilter=_may_find,
)
