"""A placeholder of another tool stands in a text.

Only `{{…}}` with the name of a variable is filled in. Of `{firstname}`, `*|FNAME|*`, `%FIRSTNAME%`, `<<First Name>>`,
`${name}`, `{Hi|Hello}` and their like the candidate reads every sign. What only may be one of these is KAL310.

Wrong:
    content: Hi {First Name}

Right:
    content: Hi {{firstname}}
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.finding import Problem
from kalentops.model import Blueprint
from kalentops.rules.base import Rule
from kalentops.rules.foreign import asks_for, placeholders
from kalentops.text import clip


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in enumerate(blueprint.steps):
        for field, text in step.texts():
            for each in placeholders(text):
                if each.certain:
                    meant = asks_for(each.inner)
                    hint = (
                        f"write `{{{{{meant}}}}}`"
                        if meant
                        else "write out what is meant, or `{{…}}` with a variable"
                    )
                    yield Problem(
                        ("steps", index, field), f"`{clip(each.token)}` is not filled in", hint, each.at
                    )


RULE = Rule(
    "KAL108", "foreign-placeholder", __doc__, check, frozenset({"subject", "content"}), each_alone=True
)
