"""When each step of a sequence happens, as far as the blueprint says it.

[inferred] A delay is counted from the step before; that is how the vendor's default cadence reads and nothing
says otherwise. What waits for an invitation happens on a day that nobody knows, so time starts anew there.
"""

from __future__ import annotations

from dataclasses import dataclass

from kalentops.model import Blueprint


@dataclass(frozen=True, slots=True)
class Moment:
    """`seconds` after the start of the sequence, or, with `settled`, after its invitation has settled."""

    seconds: int
    settled: bool = False


def moments(blueprint: Blueprint) -> list[Moment]:
    """One moment a step, in the order of the steps."""
    found: list[Moment] = []
    now = Moment(0)
    for step in blueprint.steps:
        if step.temporalityType == "AFTER_INVITATION_SETTLED":
            now = Moment(0, settled=True)
        elif step.delay is not None:
            now = Moment(now.seconds + step.delay.seconds, now.settled)
        found.append(now)
    return found
