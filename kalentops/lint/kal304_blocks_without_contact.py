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


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in enumerate(blueprint.steps):
        skips = step.policy is not None and step.policy.skipStepIfNoContact
        if index and step.type != "LINKEDIN" and not skips:
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
)
