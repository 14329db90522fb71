r"""A message contains HTML, or escapes such as `\n`.

Messages are plain text: on LinkedIn, on WhatsApp and in an SMS, `<b>`, `&nbsp;` and their like are shown as they are,
also in the subject of an e-mail. So is `\n`, meant as a line break, in every message.

Wrong:
    content: Hi {{firstname}},<br>how are you?\nAnna

Right:
    content: |-
      Hi {{firstname}},
      how are you?
      Anna
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Final

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem, Severity
from kalentops.lint.placeholders import TAGS
from kalentops.lint.rule import Rule
from kalentops.lint.summary import Summary
from kalentops.support.text import clip

# Compiled when it is needed first, as few texts need it.
_HTML: Final = (
    rf"(?i)</?(?:{'|'.join(sorted(TAGS))})(?:\s[^<>]{{0,300}})?/?>|<!--"
    r"|&(?:[a-z]{2,8}\d{0,2}|#\d{1,6}|#x[0-9a-f]{1,5});"
)
_ESCAPE: Final = re.compile(r"""\\[nr"']""")


def _may_find(of: Summary) -> bool:
    return of.prose.has("<&\\")


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in enumerate(blueprint.steps):
        for field, text in step.texts():
            place = ("steps", index, field)
            if (field == "subject" or step.type != "EMAIL") and ("<" in text or "&" in text):
                yield from _html(place, text)
            for match in _ESCAPE.finditer(text) if "\\" in text else ():
                if not _is_path(text, match.start()):
                    line_break = match[0][1] in "nr"
                    hint = (
                        "for a line break, write the text below a `|-`"
                        if line_break
                        else f"write `{match[0][1]}`"
                    )
                    yield Problem(place, f"`{match[0]}` is shown as it is", hint, match.start())


def _html(place: tuple[str | int, ...], text: str) -> Iterator[Problem]:
    for match in re.finditer(_HTML, text):
        meant = unescape(match[0])
        if match[0][0] == "&" and (meant == match[0] or meant in "{}"):
            continue  # no entity; or a brace, which is another tool's placeholder
        hint = (
            f"write `{clip(meant)}`"
            if meant != match[0] and meant.isprintable()
            else "remove it: messages are plain text"
        )
        yield Problem(place, f"`{clip(match[0])}` is shown as it is", hint, match.start())


def _is_path(text: str, at: int) -> bool:
    r"""Whether a backslash stands in a path of Windows: `C:\new`."""
    word = re.split(r"[ \t\n]", text[max(0, at - _LONGEST_PATH) : at + 1])[-1]
    return ":\\" in word or word.startswith("\\\\")


_LONGEST_PATH: Final = 260

RULE = Rule(
    "KAL314",
    "markup",
    __doc__,
    check,
    frozenset({"type", "subject", "content"}),
    severity=Severity.WARNING,
    prefilter=_may_find,
)
