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


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in enumerate(blueprint.steps):
        may_be_empty = step.linkedInType == "LINKEDIN_INVITATION" or step.contentSource == "suggestedByKalent"
        if not may_be_empty and not step.content.strip():
            yield Problem(
                ("steps", index, "content"), f"the message of step {index + 1} is empty", "write its text"
            )


RULE = Rule(
    "KAL105", "empty-message", __doc__, check, reads=frozenset({"content", "linkedInType", "contentSource"})
)
