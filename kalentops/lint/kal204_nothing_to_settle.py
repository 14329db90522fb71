"""A step waits for an invitation that does not exist.

AFTER_INVITATION_SETTLED waits until an earlier invitation is accepted or times out. Without one before it, the
step can never run, and neither can those after it.

Wrong:
    - {id: hello, type: EMAIL, temporalityType: AFTER_INVITATION_SETTLED, …}

Right:
    - {id: invite, type: LINKEDIN, linkedInType: LINKEDIN_INVITATION, temporalityType: ASAP, …}
    - {id: hello, type: EMAIL, temporalityType: AFTER_INVITATION_SETTLED, …}
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule
from kalentops.lint.summary import StepKind


def _waits(step: StepKind) -> bool:
    return step.temporality == "AFTER_INVITATION_SETTLED"


def check(blueprint: Blueprint) -> Iterator[Problem]:
    invited = False
    for index, step in enumerate(blueprint.steps):
        if step.temporalityType == "AFTER_INVITATION_SETTLED" and not invited:
            yield Problem(
                ("steps", index, "temporalityType"),
                f"step {index + 1} waits for an invitation, but no step before it is one",
                "add a LINKEDIN_INVITATION step before it, or write ASAP or DELAYED",
            )
        invited = invited or step.is_invitation


RULE = Rule(
    "KAL204",
    "nothing-to-settle",
    __doc__,
    check,
    reads=frozenset({"temporalityType", "linkedInType"}),
    order=True,
    step_prefilter=_waits,
)
