"""A DELAYED step has no delay.

A delay is counted from the step before, in the first step from the start of the sequence: 3 days, then 6 days, are
day 3 and day 9.

Wrong:
    temporalityType: DELAYED

Right:
    temporalityType: DELAYED
    delay: {value: 3, unit: day}
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule
from kalentops.lint.summary import StepKind, steps_where


def _lacks_delay(step: StepKind) -> bool:
    return step.temporality == "DELAYED" and not step.has_delay


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, _ in steps_where(_lacks_delay, blueprint):
        yield Problem(
            ("steps", index, "temporalityType"),
            "`delay` is missing in a DELAYED step",
            "add `delay: {value: 3, unit: day}`",
        )


RULE = Rule(
    "KAL201",
    "missing-delay",
    __doc__,
    check,
    reads=frozenset({"temporalityType", "delay"}),
    step_prefilter=_lacks_delay,
)
