"""A blueprint has more than one invitation.

A candidate can be invited once; the API takes at most one step of LINKEDIN_INVITATION or
LINKEDIN_INVITATION_WITH_MESSAGE.

Wrong:
    - {id: invite, linkedInType: LINKEDIN_INVITATION, …}
    - {id: again, linkedInType: LINKEDIN_INVITATION_WITH_MESSAGE, …}

Right:
    - {id: invite, linkedInType: LINKEDIN_INVITATION_WITH_MESSAGE, …}
    - {id: chat, linkedInType: LINKEDIN_MESSAGE, …}
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import INVITATIONS, Blueprint
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule
from kalentops.lint.summary import StepKind, Summary, steps_where


def _is_invitation(step: StepKind) -> bool:
    return step.linkedin_type in INVITATIONS


def _may_find(of: Summary) -> bool:
    return sum(map(_is_invitation, of.kinds)) > 1


def check(blueprint: Blueprint) -> Iterator[Problem]:
    invitations = [index for index, _ in steps_where(_is_invitation, blueprint)]
    for index in invitations[1:]:
        yield Problem(
            ("steps", index, "linkedInType"),
            f"step {index + 1} is a second invitation; step {invitations[0] + 1} is the first",
            "use LINKEDIN_MESSAGE or LINKEDIN_INMAIL here, or remove one of the two",
        )


RULE = Rule(
    "KAL203",
    "second-invitation",
    __doc__,
    check,
    reads=frozenset({"linkedInType"}),
    prefilter=_may_find,
)
