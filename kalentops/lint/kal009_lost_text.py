r"""Part of a text in the file is not part of its value.

YAML reads ` #` and the rest of the line as a comment, `&word` before a text as an anchor, and `!` as a tag. Candidates
would get only the rest of the text. After `subject` and `content` no comment is allowed; after `id` and in `config`,
only one with a space after the `#`. In double quotes a backslash is an escape: `C:\temp` contains a tab, and `\_` a
no-break space. Between { and } a comma ends a text without quotes.

Wrong:
    subject: Our team is #1 in Lyon

Right:
    subject: "Our team is #1 in Lyon"
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kalentops.blueprint.files import Use
from kalentops.blueprint.model import Step
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule
from kalentops.lint.texts import MESSAGES, QUOTE, Sign, Written, comment_of
from kalentops.support.text import clip

_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_AFTER_COMMA: Final = re.compile(r",\s*([^\s,:{}\[\]\"'#&*!|>][^,:{}\[\]\r\n]*?)[ \t]*(?=[,}])")
_FIELDS: Final = {*Step.names(), *Use.names()}
_MEANT: Final = re.compile(r"(?<=[^\W\d_])\\_(?=[^\W\d_])|(?<=\b[A-Za-z]:)\\[^\\\"\r\n]")


def check(written: Written) -> Iterator[Problem]:
    lost = f"&{written.anchor}" if written.anchor else "!" if written.tag == "!" else ""
    if lost and not written.style:
        what = "an anchor" if written.anchor else "a tag"
        yield _lost(written, lost, f"YAML reads it as {what}", QUOTE, written.start)
    if written.style == '"' and written.field == "content":
        yield from _escapes(written)
    cut = _cut(written)
    if cut:
        yield _lost(written, cut[1], "between { and } a comma ends it", QUOTE, cut.start(1))
    comment = comment_of(written)
    if comment and (written.field in MESSAGES or not comment.deliberate):
        yield _lost(written, comment.text, "YAML reads it as a comment", comment.advice, comment.index)


def _cut(written: Written) -> re.Match[str] | None:
    """What a comma cuts off a text without quotes: `now` of `{pitch: we hire, now}`."""
    if written.style or written.field == "config" or not isinstance(written.path[-1], str):
        return None
    found = _AFTER_COMMA.match(written.source, written.end)
    return found if found and found[1] not in _FIELDS else None


def _lost(written: Written, part: str, why: str, hint: str, index: int) -> Problem:
    return Problem(written.path, f"`{clip(part, 40)}` is not part of the text: {why}", hint, index=index)


def _escapes(written: Written) -> Iterator[Problem]:
    r"""The first backslash in double quotes that is meant as one: in `C:\temp`, and in the `\_` of Markdown."""
    for match in _ESCAPED.finditer(written.source, written.start, written.end):
        if _MEANT.match(written.source, match.start()):
            why, hint = "in double quotes it is an escape", "use single quotes, or write the backslash twice"
            yield _lost(written, match[0], why, hint, match.start())
            return


RULE = Rule(
    "KAL009",
    "lost-text",
    __doc__,
    check_written=check,
    signs=Sign.COMMENT | Sign.PROPERTY | Sign.ESCAPE | Sign.COMMA,
)
