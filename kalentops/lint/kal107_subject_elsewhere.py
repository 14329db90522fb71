"""A step has a subject that the API does not accept.

Only EMAIL and LINKEDIN_INMAIL have a subject.

Wrong:
    type: SMS
    subject: Hello

Right:
    type: SMS
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule
from kalentops.lint.summary import StepKind, steps_where


def _has_surplus_subject(step: StepKind) -> bool:
    return step.subject is not None and step.type != "EMAIL" and step.linkedin_type != "LINKEDIN_INMAIL"


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in steps_where(_has_surplus_subject, blueprint):
        yield Problem(
            ("steps", index, "subject"),
            f"a subject is not allowed in {step.linkedInType or step.type}",
            "remove it, or move it into the text",
            on_key=True,
        )


RULE = Rule(
    "KAL107",
    "subject-elsewhere",
    __doc__,
    check,
    reads=frozenset({"type", "subject", "linkedInType"}),
    step_prefilter=_has_surplus_subject,
)
