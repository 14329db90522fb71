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
from kalentops.lint.summary import StepKind, steps_where

LIMIT = 200


def _is_inmail(step: StepKind) -> bool:
    return step.linkedin_type == "LINKEDIN_INMAIL" and step.subject is not None


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in steps_where(_is_inmail, blueprint):
        length = len(step.subject or "")
        if length > LIMIT:
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
    step_prefilter=_is_inmail,
)
