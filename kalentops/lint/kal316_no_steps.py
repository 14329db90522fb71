"""A blueprint has no steps.

Kalent accepts it but can't start it: a sequence needs at least one message. Keep an unfinished blueprint in a branch.

Wrong:
    name: First contact
    steps: []

Right:
    name: First contact
    steps:
      - id: hello
        name: Hello
        type: WHATSAPP
        temporalityType: ASAP
        content: Hi {{firstname}}
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem, Severity
from kalentops.lint.rule import Rule
from kalentops.lint.summary import Summary


def _may_find(of: Summary) -> bool:
    return not of.kinds


def check(blueprint: Blueprint) -> Iterator[Problem]:
    if not blueprint.steps:
        said = "the blueprint has no steps, so it can't be started"
        yield Problem(("steps",), said, "write at least one step, `- id: …`, below `steps:`")


RULE = Rule(
    "KAL316",
    "no-steps",
    __doc__,
    check,
    reads=frozenset({"steps"}),
    severity=Severity.WARNING,
    prefilter=_may_find,
)
