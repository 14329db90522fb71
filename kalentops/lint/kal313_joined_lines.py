"""Lines of a message are joined.

Below a `>`, in quotes and in a text without quotes, YAML makes a blank of a line break, and a line break of an empty
line. That is fine where a long line is only wrapped. This warning comes where a line looks like one of its own, an item
of a list, or a short line such as a greeting, and where an empty line between paragraphs is lost.

Wrong:
    content: >-
      Hi {{firstname}},
      I saw your talk.

Right:
    content: |-
      Hi {{firstname}},
      I saw your talk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kalentops.lint.finding import Problem, Severity
from kalentops.lint.rule import Rule
from kalentops.lint.texts import Sign, Written

_LINE: Final = re.compile(r"([ \t]*)([^\r\n]*)(?:\r\n?|\n|\Z)")
_ITEM: Final = re.compile(r"(?:[-*+\u2022\u2013\u2014\u25aa\u2713\u2714\u2192]|\d{1,2}[.)])\s")
# A line that is wrapped holds about as much as the longest one: as much as this, at least.
_WIDTH: Final = 50
_FILLED: Final = 0.8
_HOW: Final = {
    ">": "`>`",
    "'": "a text in quotes",
    '"': "a text in quotes",
    "": "a text without quotes",
}


def check(written: Written) -> Iterator[Problem]:
    joined = _first_joined(written) if written.field == "content" and written.value else None
    if joined is not None:
        index, what = joined
        said = f"the {what} before this line is lost: {_HOW[written.style]} joins lines"
        yield Problem(written.path, said, "write the text below a `|-`, which keeps its lines", index=index)


def _first_joined(written: Written) -> tuple[int, str] | None:
    """The index of the first line that comes closer to the one above than it stands in the file, and what is lost
    between them: `line break` where it looks like a line of its own (an item of a list, or the line above had room
    for its first word), `empty line` where one stands between them, of which a line break remains.
    """
    if written.style == "|":
        return None
    lines = list(_lines(written))
    width = _FILLED * max([_WIDTH, *(len(words) for _, _, words in lines)])
    least = min((indent for indent, _, words in lines if words), default=0)
    above, empty = "", 0
    for indent, index, words in lines:
        if not words:
            empty += 1
            continue
        kept = written.style == ">" and indent > least  # a line that is indented more keeps its line breaks
        if above and not kept and not (written.style == '"' and _breaks(above)):
            if empty == 1:
                return index, "empty line"
            if not empty and (_ITEM.match(words) or len(above) + 1 + len(words.split(None, 1)[0]) <= width):
                return index, "line break"
        above, empty = ("" if kept else words), 0
    return None


def _breaks(line: str) -> bool:
    r"""Whether a line in double quotes says itself how it goes on: by `\n`, or by a backslash at its end."""
    return line.endswith(("\\n", "\\"))


def _lines(written: Written) -> Iterator[tuple[int, int, str]]:
    """Indentation, index and words of each line of a scalar, as they stand in the file."""
    text, start, end = written.source, written.start, written.end
    if written.style == ">":
        header = _LINE.match(text, start, end)
        start = header.end() if header else end
    elif written.style:
        start, end = start + 1, end - 1
    while start < end:
        match = _LINE.match(text, start, end)
        if match is None or match.end() == start:
            return
        yield len(match[1]), match.start(2), match[2].rstrip()
        start = match.end()


RULE = Rule(
    "KAL313", "joined-lines", __doc__, check_written=check, signs=Sign.LINES, severity=Severity.WARNING
)
