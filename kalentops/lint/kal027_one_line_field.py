r"""A one-line field contains a line break, a control character, or white space at an end.

A subject with a line break can't be sent: what follows may be lost, or become another header of the e-mail.
Names and ids are shown and compared as one line. Tabs and the separators U+0085, U+2028 and U+2029 count as well.

Wrong:
    subject: |
      A question
    name: "C:\temp"

Right:
    subject: A question
    name: 'C:\temp'
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import DataPath, Problem
from kalentops.lint.rule import Rule
from kalentops.lint.summary import Summary
from kalentops.lint.texts import CONTROL
from kalentops.support.text import character_name


def _may_find(of: Summary) -> bool:
    """A text that can be printed holds no control character, and no white space but the space."""
    lines = f"^{'^'.join(of.lines)}^"
    return not lines.isprintable() or " ^" in lines or "^ " in lines


def check(blueprint: Blueprint) -> Iterator[Problem]:
    yield from _look(("name",), blueprint.name)
    for index, step in enumerate(blueprint.steps):
        for field, text in (("id", step.id), ("name", step.name), ("subject", step.subject or "")):
            yield from _look(("steps", index, field), text)


def _look(place: DataPath, text: str) -> Iterator[Problem]:
    field = place[-1]
    match = CONTROL.search(text)
    if match:
        char = match[0]
        end = match.end() == len(text) and char == "\n"
        what = "ends with a line break" if end else f"contains {_NAMES.get(char) or character_name(char)}"
        hint = "write it on one line, without `|` and `>`" if end else _ESCAPE
        yield Problem(place, f"`{field}` {what}", hint, match.start())
    elif text != text.strip() and (text.strip() or field != "subject"):  # of no text at all, KAL106 speaks
        said = f"`{field}` begins or ends with white space"
        yield Problem(place, said, "remove the white space at the ends", None)


_ESCAPE = "write it on one line; if you mean a backslash, use single quotes"
_NAMES = {"\n": "a line break", "\r": "a line break (U+000D)", "\t": "a tab"}

RULE = Rule(
    "KAL027",
    "one-line-field",
    __doc__,
    check,
    reads=frozenset({"id", "name", "subject"}),
    each_alone=True,
    prefilter=_may_find,
)
