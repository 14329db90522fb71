"""An invitation holds a link.

Invitations with links look like spam and are accepted less often; the vendor advises against them.

Wrong:
    content: Hi {{firstname}}, see https://careers.example.com/backend

Right:
    content: Hi {{firstname}}, I'd like to tell you about a role in {{sourcingLocation}}.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kalentops.finding import Problem
from kalentops.model import Blueprint
from kalentops.rules.base import Rule
from kalentops.text import clip

_LINK = re.compile(
    r"https?://\S+|www\.\S+|\b[a-z0-9-]+\.(?:com|org|net|io|ai|fr|eu|co|dev|app)\b\S*", re.IGNORECASE
)


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in enumerate(blueprint.steps):
        link = _LINK.search(step.content) if step.linkedInType == "LINKEDIN_INVITATION_WITH_MESSAGE" else None
        if link:
            yield Problem(
                ("steps", index, "content"),
                f"a link in an invitation: `{clip(link[0])}`",
                "move it into a later message",
                link[0],
                step.content.count(link[0], 0, link.start()),
            )


RULE = Rule("KAL305", "link-in-invitation", __doc__, check, reads=frozenset({"linkedInType", "content"}))
