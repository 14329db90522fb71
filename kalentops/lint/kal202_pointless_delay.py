"""A step that is not DELAYED has a delay.

With another `temporalityType` a delay has no effect: its author expects a wait that will not happen.

Wrong:
    temporalityType: ASAP
    delay: {value: 3, unit: day}

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


def _has_surplus_delay(step: StepKind) -> bool:
    return step.temporality != "DELAYED" and step.has_delay


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in steps_where(_has_surplus_delay, blueprint):
        yield Problem(
            ("steps", index, "delay"),
            f"`delay` has no effect with temporalityType {step.temporalityType}",
            "write `temporalityType: DELAYED`, or remove the delay",
            on_key=True,
        )


RULE = Rule(
    "KAL202",
    "pointless-delay",
    __doc__,
    check,
    reads=frozenset({"temporalityType", "delay"}),
    step_prefilter=_has_surplus_delay,
)
