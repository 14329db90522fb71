"""The subject of an InMail is longer than 200 characters.

Kalent's guidance names 200 as the limit.

Wrong:
    subject: a paragraph

Right:
    subject: "{{sourcingJobTitle}} in {{sourcingLocation}}"
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem, Severity
from kalentops.lint.rule import Rule
from kalentops.lint.summary import Summary

LIMIT = 200


def _may_find(of: Summary) -> bool:
    return max(map(len, of.lines)) > LIMIT


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in enumerate(blueprint.steps):
        length = len(step.subject or "")
        if step.linkedInType == "LINKEDIN_INMAIL" and length > LIMIT:
            yield Problem(
                ("steps", index, "subject"),
                f"the InMail's subject has {length} characters, LinkedIn allows {LIMIT}",
                f"shorten it by {length - LIMIT}",
            )


RULE = Rule(
    "KAL303",
    "long-inmail-subject",
    __doc__,
    check,
    reads=frozenset({"linkedInType", "subject"}),
    severity=Severity.WARNING,
    prefilter=_may_find,
)
