"""A blueprint is too large once its markers are filled in.

A text that stands in a template many times is small there, and large in what is sent. One blueprint has at most
1,048,576 characters, and those of one file four times as many.

Wrong:
    content: "{{param.terms}}{{param.terms}}…"     # 20,000 times, and terms has 100 characters

Right:
    content: "{{param.terms}}"
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule, UseContext


def check(of: UseContext) -> Iterator[Problem]:
    if of.size > of.limit:
        said = f"this blueprint has more than {of.limit:,} characters once its markers are filled in"
        hint = "use fewer or shorter texts, or write fewer blueprints into one file"
        yield Problem(("use",), said, hint)


RULE = Rule("KAL418", "oversized-blueprint", __doc__, check_use=check)
