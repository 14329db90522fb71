"""A step that is not of type LINKEDIN has a `linkedInType`.

Wrong:
    type: EMAIL
    linkedInType: LINKEDIN_MESSAGE

Right:
    type: EMAIL
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule
from kalentops.lint.summary import StepKind, steps_where


def _has_surplus_type(step: StepKind) -> bool:
    return step.type != "LINKEDIN" and step.linkedin_type is not None


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in steps_where(_has_surplus_type, blueprint):
        yield Problem(
            ("steps", index, "linkedInType"),
            f"`linkedInType` is not allowed in a step of type {step.type}",
            "remove it, or write `type: LINKEDIN`",
            on_key=True,
        )


RULE = Rule(
    "KAL022",
    "linkedin-type-elsewhere",
    __doc__,
    check,
    reads=frozenset({"type", "linkedInType"}),
    step_prefilter=_has_surplus_type,
)
