"""The message of an invitation is longer than 300 characters.

LinkedIn cuts or refuses longer ones (Kalent's own guidance names 300). The text is counted as it is written, because
the values of variables are not known.

Wrong:
    an invitation that tells the whole story

Right:
    one or two sentences; the story follows in a LINKEDIN_MESSAGE
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem, Severity
from kalentops.lint.rule import Rule
from kalentops.lint.summary import invites_with_message, steps_where

LIMIT = 300


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in steps_where(invites_with_message, blueprint):
        length = len(step.content.strip())
        if length > LIMIT:
            yield Problem(
                ("steps", index, "content"),
                f"the invitation has {length} characters, LinkedIn allows {LIMIT}",
                f"shorten it by {length - LIMIT}, or move a part into a LINKEDIN_MESSAGE step",
            )


RULE = Rule(
    "KAL301",
    "long-invitation",
    __doc__,
    check,
    reads=frozenset({"linkedInType", "content"}),
    severity=Severity.WARNING,
    step_prefilter=invites_with_message,
)
