"""An SMS takes more than one segment.

A segment holds 160 characters of the GSM-7 alphabet (some of them, such as the euro sign, count twice), but only
70 as soon as one character lies outside of it: an emoji, a typographic quote, ê or ç. Each segment is paid, and
some phones show them as separate messages. The text is counted as it is written, with its variables.

Wrong:
    content: Hi {{firstname}} 👋 …and 80 characters more

Right:
    content: Hi {{firstname}}, …
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem, Severity
from kalentops.lint.rule import Rule
from kalentops.lint.summary import is_sms, steps_where
from kalentops.lint.texts import measure
from kalentops.support.text import character_name, visible


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in steps_where(is_sms, blueprint):
        size = measure(step.content)
        if size.segments > 1:
            why = f"; {character_name(size.outside)} reduces a segment to 70" if size.outside else ""
            yield Problem(
                ("steps", index, "content"),
                f"the SMS takes {size.segments} segments: it has {size.units} characters, {size.room} fit in one{why}",
                "shorten it" + (f", or write it without `{visible(size.outside)}`" if size.outside else ""),
                step.content.index(size.outside) if size.outside else None,
            )


RULE = Rule(
    "KAL306",
    "long-sms",
    __doc__,
    check,
    reads=frozenset({"type", "content"}),
    severity=Severity.WARNING,
    step_prefilter=is_sms,
)
