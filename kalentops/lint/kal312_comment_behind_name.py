"""A comment follows a name without quotes.

It may be a comment, or the rest of the name: `C # developers` looks the same as a name and a comment.

Wrong:
    name: Sequence for C # developers

Right:
    name: "Sequence for C # developers"
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.lint.finding import Problem, Severity
from kalentops.lint.rule import Rule
from kalentops.lint.texts import Sign, Written, comment_of
from kalentops.support.text import clip


def check(written: Written) -> Iterator[Problem]:
    comment = comment_of(written) if written.field == "name" and not written.style else None
    if comment and comment.deliberate:
        said = f"`{clip(comment.text, 40)}` is a comment, not a part of the name"
        yield Problem(written.path, said, comment.advice, index=comment.index)


RULE = Rule(
    "KAL312",
    "comment-behind-name",
    __doc__,
    check_written=check,
    signs=Sign.COMMENT,
    severity=Severity.WARNING,
)
