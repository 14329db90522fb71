"""An e-mail has no subject.

The API requires `subject` in a step of type EMAIL.

Wrong:
    type: EMAIL
    content: …

Right:
    type: EMAIL
    subject: "{{sourcingJobTitle}} in {{sourcingLocation}}"
    content: …
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule
from kalentops.lint.summary import StepKind, steps_where


def _lacks_subject(step: StepKind) -> bool:
    return step.type == "EMAIL" and not step.subject


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in steps_where(_lacks_subject, blueprint):
        if step.subject is None:
            said, hint, field = "has no subject", "add `subject: …`", "type"
        else:
            said, hint, field = "has an empty subject", "write its text after `subject:`", "subject"
        yield Problem(("steps", index, field), f"the e-mail of step {index + 1} {said}", hint)


RULE = Rule(
    "KAL106",
    "missing-subject",
    __doc__,
    check,
    reads=frozenset({"type", "subject"}),
    step_prefilter=_lacks_subject,
)
