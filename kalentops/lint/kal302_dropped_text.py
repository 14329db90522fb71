"""A plain invitation has a text, which the API drops.

LINKEDIN_INVITATION is sent without a message: the API accepts the text and stores an empty one. The candidate
will not read it.

Wrong:
    linkedInType: LINKEDIN_INVITATION
    content: Hi {{firstname}}, …

Right:
    linkedInType: LINKEDIN_INVITATION_WITH_MESSAGE
    content: Hi {{firstname}}, …
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem, Severity
from kalentops.lint.rule import Rule
from kalentops.lint.summary import StepKind, steps_where


def _drops_text(step: StepKind) -> bool:
    return step.linkedin_type == "LINKEDIN_INVITATION" and step.content is not None


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, _ in steps_where(_drops_text, blueprint):
        yield Problem(
            ("steps", index, "content"),
            "no candidate will read this text: Kalent drops it from a plain invitation",
            'write LINKEDIN_INVITATION_WITH_MESSAGE, or `content: ""`',
        )


RULE = Rule(
    "KAL302",
    "dropped-text",
    __doc__,
    check,
    reads=frozenset({"linkedInType", "content"}),
    severity=Severity.WARNING,
    step_prefilter=_drops_text,
)
