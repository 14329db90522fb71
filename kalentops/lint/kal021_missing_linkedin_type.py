"""A LINKEDIN step does not say which kind of message it is.

Wrong:
    type: LINKEDIN

Right:
    type: LINKEDIN
    linkedInType: LINKEDIN_MESSAGE
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint, allowed
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in enumerate(blueprint.steps):
        if step.type == "LINKEDIN" and step.linkedInType is None:
            yield Problem(
                ("steps", index, "type"),
                "`linkedInType` is missing in a step of type LINKEDIN",
                "add `linkedInType:` with one of " + ", ".join(allowed("linkedInType")),
            )


RULE = Rule("KAL021", "missing-linkedin-type", __doc__, check, reads=frozenset({"type", "linkedInType"}))
