"""A step that is not of type LINKEDIN has a `linkedInType`.

Wrong:
    type: EMAIL
    linkedInType: LINKEDIN_MESSAGE

Right:
    type: EMAIL
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in enumerate(blueprint.steps):
        if step.type != "LINKEDIN" and step.linkedInType is not None:
            yield Problem(
                ("steps", index, "linkedInType"),
                f"`linkedInType` is not allowed in a step of type {step.type}",
                "remove it, or write `type: LINKEDIN`",
                on_key=True,
            )


RULE = Rule("KAL022", "linkedin-type-elsewhere", __doc__, check, reads=frozenset({"type", "linkedInType"}))
