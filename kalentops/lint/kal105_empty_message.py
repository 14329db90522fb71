"""A message has no text.

A candidate would get an empty message. Two kinds of step may be empty: a plain LINKEDIN_INVITATION, whose text
the API drops, and a step that Kalent drafts (`contentSource: suggestedByKalent`).

Wrong:
    type: SMS
    content: ""

Right:
    type: SMS
    content: Hi {{firstname}}, is there a good time to talk this week?
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule
from kalentops.lint.summary import StepKind, steps_where


def _is_empty(step: StepKind) -> bool:
    return (
        step.linkedin_type != "LINKEDIN_INVITATION"
        and step.content_source != "suggestedByKalent"
        and not step.content
    )


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, _ in steps_where(_is_empty, blueprint):
        yield Problem(
            ("steps", index, "content"), f"the message of step {index + 1} is empty", "write its text"
        )


RULE = Rule(
    "KAL105",
    "empty-message",
    __doc__,
    check,
    reads=frozenset({"content", "linkedInType", "contentSource"}),
    step_prefilter=_is_empty,
)
