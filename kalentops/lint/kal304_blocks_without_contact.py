"""A follow-up blocks the sequence if its contact is missing.

Not every candidate has a known e-mail address or phone number. Without `policy.skipStepIfNoContact: true` the
sequence stops at this step, and the messages after it are never sent.

Wrong:
    type: WHATSAPP
    content: …

Right:
    type: WHATSAPP
    policy: {skipStepIfNoContact: true}
    content: …
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem, Severity
from kalentops.lint.rule import Rule
from kalentops.lint.summary import StepKind, steps_where


def _may_block(step: StepKind) -> bool:
    return step.type != "LINKEDIN" and not step.skips_without_contact


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in steps_where(_may_block, blueprint):
        if index:
            yield Problem(
                ("steps", index, "type"),
                f"if the candidate has no known contact for {step.type}, the sequence stops here",
                "add `policy: {skipStepIfNoContact: true}`",
            )


RULE = Rule(
    "KAL304",
    "blocks-without-contact",
    __doc__,
    check,
    reads=frozenset({"type", "policy"}),
    severity=Severity.WARNING,
    step_prefilter=_may_block,
)
