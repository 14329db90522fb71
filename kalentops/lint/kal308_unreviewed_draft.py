"""A draft of Kalent's AI goes out without a person's approval.

`contentSource: suggestedByKalent` has a text drafted for each candidate. With `autoValidateAIDraft: true` no person
reads it before the candidate does.

Wrong:
    contentSource: suggestedByKalent
    policy: {autoValidateAIDraft: true}

Right:
    contentSource: suggestedByKalent
    policy: {autoValidateAIDraft: false}
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem, Severity
from kalentops.lint.rule import Rule
from kalentops.lint.summary import StepKind, steps_where


def _is_unreviewed(step: StepKind) -> bool:
    return step.content_source == "suggestedByKalent" and step.approves_drafts


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, _ in steps_where(_is_unreviewed, blueprint):
        yield Problem(
            ("steps", index, "policy", "autoValidateAIDraft"),
            "the candidate would get a text that no person has read",
            "write `autoValidateAIDraft: false`",
        )


RULE = Rule(
    "KAL308",
    "unreviewed-draft",
    __doc__,
    check,
    reads=frozenset({"contentSource", "policy"}),
    severity=Severity.WARNING,
    step_prefilter=_is_unreviewed,
)
