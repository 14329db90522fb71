"""When the steps of a blueprint happen.

[inferred] A delay is counted from the step before; that is how the vendor's default cadence reads and nothing
says otherwise. A step that waits for an invitation happens on an unknown day, so counting starts again there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:  # the model needs pydantic
    from kalentops.blueprint.model import Blueprint, Delay

SECONDS: Final[Mapping[Any, int]] = {"day": 86_400, "minute": 60, "second": 1}


def seconds_of(delay: Delay) -> int:
    return delay.value * SECONDS[delay.unit]


class Moment(NamedTuple):
    """`seconds` after the start of the sequence, or, with `settled`, after its invitation has settled."""

    seconds: int
    settled: bool = False


def moments(blueprint: Blueprint) -> list[Moment]:
    """One moment a step, in the order of the steps."""
    return _walk(
        (step.temporalityType == "AFTER_INVITATION_SETTLED", seconds_of(step.delay) if step.delay else 0)
        for step in blueprint.steps
    )


def moments_of_body(body: Mapping[str, Any]) -> list[Moment]:
    """The same for the data of a body."""
    return _walk(
        (step.get("temporalityType") == "AFTER_INVITATION_SETTLED", _seconds(step.get("delay")))
        for step in body.get("steps") or ()
    )


def _seconds(delay: Any) -> int:
    """A delay in seconds; 0 where Kalent shows one that no file could say."""
    value, unit = (delay.get("value"), delay.get("unit")) if isinstance(delay, Mapping) else (None, None)
    return value * SECONDS[unit] if isinstance(value, int) and unit in SECONDS else 0


def _walk(steps: Iterable[tuple[bool, int]]) -> list[Moment]:
    found: list[Moment] = []
    now = Moment(0)
    for after_settled, seconds in steps:
        now = Moment(0, settled=True) if after_settled else Moment(now.seconds + seconds, now.settled)
        found.append(now)
    return found
