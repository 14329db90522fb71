"""Two steps reach the candidate at the same moment on the same channel.

Two e-mails at once look like a mistake. A delay is counted from the step before; an ASAP step comes together
with the step before it.

Wrong:
    - {id: one, type: EMAIL, temporalityType: ASAP, …}
    - {id: two, type: EMAIL, temporalityType: ASAP, …}

Right:
    - {id: one, type: EMAIL, temporalityType: ASAP, …}
    - {id: two, type: EMAIL, temporalityType: DELAYED, delay: {value: 3, unit: day}, …}
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.blueprint.timeline import Moment, moments
from kalentops.lint.finding import Problem, Severity
from kalentops.lint.rule import Rule
from kalentops.lint.summary import StepKind, Summary


def _comes_at_once(step: StepKind) -> bool:
    return step.temporality == "AFTER_INVITATION_SETTLED" or not step.has_delay


def _may_find(of: Summary) -> bool:
    """Where no step but the first is so, each moment is later than the one before."""
    return any(map(_comes_at_once, of.kinds[1:]))


def check(blueprint: Blueprint) -> Iterator[Problem]:
    seen: dict[tuple[str, Moment], int] = {}
    for index, (step, moment) in enumerate(zip(blueprint.steps, moments(blueprint), strict=True)):
        first = seen.setdefault((step.type, moment), index)
        if first != index:
            yield Problem(
                ("steps", index, "temporalityType"),
                f"steps {first + 1} and {index + 1} are sent at the same moment, both by {step.type}",
                "give the later one `temporalityType: DELAYED` and a `delay`",
            )


RULE = Rule(
    "KAL307",
    "same-moment",
    __doc__,
    check,
    reads=frozenset({"type", "temporalityType", "delay"}),
    order=True,
    severity=Severity.WARNING,
    prefilter=_may_find,
)
