"""A LINKEDIN step does not say which kind of message it is.

Wrong:
    type: LINKEDIN

Right:
    type: LINKEDIN
    linkedInType: LINKEDIN_MESSAGE
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint, allowed
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule
from kalentops.lint.summary import StepKind, steps_where


def _lacks_type(step: StepKind) -> bool:
    return step.type == "LINKEDIN" and step.linkedin_type is None


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, _ in steps_where(_lacks_type, blueprint):
        yield Problem(
            ("steps", index, "type"),
            "`linkedInType` is missing in a step of type LINKEDIN",
            "add `linkedInType:` with one of " + ", ".join(allowed("linkedInType")),
        )


RULE = Rule(
    "KAL021",
    "missing-linkedin-type",
    __doc__,
    check,
    reads=frozenset({"type", "linkedInType"}),
    step_prefilter=_lacks_type,
)
