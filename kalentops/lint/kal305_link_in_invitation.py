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

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem, Severity
from kalentops.lint.rule import Rule
from kalentops.lint.summary import invites_with_message, steps_where
from kalentops.support.text import clip

# Technologies that look like an address are none. A name has at most 63 characters, and begins where none runs.
# Compiled when it is needed first, as few texts need it.
_LINK = (
    r"(?i)https?://\S+|www\.\S+|(?<![a-z0-9-])(?!(?:asp|vb|ado|ml)\.net\b|socket\.io\b)"
    r"(?:[a-z0-9-]{1,63}\.){1,4}(?:com|org|net|io|ai|fr|eu|co|dev|app)\b\S*"
)
# With `://`, what every link holds and few other texts do; it is found much faster.
_HINT = re.compile(r"\.\S")


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in steps_where(invites_with_message, blueprint):
        text = step.content
        link = re.search(_LINK, text) if "://" in text or _HINT.search(text) else None
        if link:
            yield Problem(
                ("steps", index, "content"),
                f"a link in an invitation: `{clip(link[0])}`",
                "move it into a later message",
                link.start(),
            )


RULE = Rule(
    "KAL305",
    "link-in-invitation",
    __doc__,
    check,
    reads=frozenset({"linkedInType", "content"}),
    severity=Severity.WARNING,
    step_prefilter=invites_with_message,
)
