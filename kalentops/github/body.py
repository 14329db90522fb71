"""What a comment of ours looks like: a hidden marker in its first line, perhaps a title, the report.

Sources: a comment has at most 65,536 characters (the API's own words with a 422); fences and blocks of HTML are
those of CommonMark 0.31, sections 4.5 and 4.6.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from kalentops.errors import UsageError
from kalentops.support.text import visible

LIMIT: Final = 65_536
_LONGEST_NAME: Final = 200
# A fence that is indented may be one of a list, and ends with the list.
_BEGIN: Final = re.compile(r"(`{3,}(?=[^`]*$)|~{3,})")
_END: Final = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*$")
_DETAILS: Final = re.compile(r"<(/?)details\b", re.IGNORECASE)
_HTML: Final = re.compile(
    r" {0,3}</?(?:details|summary)(?:\s|/?>|$)", re.IGNORECASE
)  # up to the next blank line
_POINTER: Final = "<!-- kalentops:superseded -->"


@dataclass(frozen=True, slots=True)
class CommentTarget:
    """What a comment is about: a project in a repository. Raises UsageError for a name that can't be one."""

    name: str

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > _LONGEST_NAME:
            raise UsageError(
                f"a target needs a name of 1 to {_LONGEST_NAME} characters", hint="pass --target-name"
            )

    @property
    def marker(self) -> str:
        return f"<!-- kalentops:plan target={self._safe} -->"

    @property
    def outdated_marker(self) -> str:
        return f"<!-- kalentops:plan target={self._safe} outdated -->"

    @property
    def _safe(self) -> str:
        """Without anything that could end the marker; `-` too, because two of them end a comment for some."""
        normal = unicodedata.normalize("NFC", self.name)
        return quote(normal, safe="/", errors="surrogatepass").replace("-", "%2D")

    @property
    def title(self) -> str:
        """A line for people, empty for the project that is all of the repository."""
        return "" if self.name == "." else f"**{_code(self.name)}**\n\n"


def _code(text: str) -> str:
    """A code span: nothing in it is Markdown, HTML or a mention."""
    text = visible(text)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    ticks = "`" * (longest + 1)
    return f"{ticks}{pad}{text}{pad}{ticks}"


def compose(target: CommentTarget, report: str) -> str:
    """The comment that shows a report, cut where it would be too long."""
    head = f"{target.marker}\n{target.title}"
    return head + cut(_normal(report), LIMIT - _length(head))


def fold(target: CommentTarget, body: str) -> str:
    """A comment of ours as one that says that it no longer applies."""
    _, _, report = _normal(body).partition("\n")
    subject = "" if target.name == "." else f" of {_code(target.name)}"
    head = (
        f"{target.outdated_marker}\n**Outdated:** the plan{subject} below no longer applies. The next one takes its "
        "place.\n\n<details><summary>What stood here</summary>\n\n"
    )
    tail = "\n\n</details>"
    return head + cut(report, LIMIT - _length(head + tail)) + tail


def point_to(comment_id: int) -> str:
    """The text that replaces a second comment of ours for the same target."""
    kept = f"[the one that is kept](#issuecomment-{comment_id})"
    return f"{_POINTER}\nThis was a second comment about the same plan: {kept}."


def is_about(body: str, target: CommentTarget) -> bool:
    """Whether the first line of a body is the target's marker: a marker further down is part of some text."""
    return first_line(body) in {target.marker, target.outdated_marker}


def is_outdated(body: str, target: CommentTarget) -> bool:
    return first_line(body) == target.outdated_marker


def first_line(body: str) -> str:
    return _normal(body).partition("\n")[0]


def same(one: str, other: str) -> bool:
    """Whether two bodies show the same: a form on a page sends other line ends than the API."""
    return _normal(one) == _normal(other)


def _normal(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line if line.strip(" \t") else "" for line in lines).rstrip()


def _length(text: str) -> int:
    """In UTF-16, which is never less than what GitHub may count."""
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def cut(text: str, limit: int) -> str:
    """`text`, or as many of its whole paragraphs as fit, with a line that says how much is missing.

    It ends between two blocks, or between two lines of a fence: anywhere else, what was code could become text.
    """
    if _length(text) <= limit:
        return text
    lines = text.split("\n")
    size, kept, end = 0, 0, ""
    for number, (length, closing) in enumerate(_ends(lines), 1):
        size += length + 1
        if size > limit:
            break
        if closing is not None:
            left = len(lines) - number
            said = f"{closing}\n\n_{left:,} more lines did not fit; the job that wrote this comment has all of them._"
            if size + _length(said) <= limit:
                kept, end = number, said
    whole = "\n".join(lines[:kept]).rstrip("\n")
    return (
        whole + end
        if whole
        else f"_The report has {len(lines):,} lines, and no part of it fits into a comment._"
    )


def _ends(lines: list[str]) -> Iterator[tuple[int, str | None]]:
    """For each line its length, and what closes all that is open after it; None where nothing may end."""
    fence, html, depth = "", False, 0
    for line in lines:
        blank = not line.strip(" \t")
        begins = None if html else _BEGIN.match(line)
        ends = False
        if fence:
            found = _END.match(line)
            ends = found is not None and found[1].startswith(fence)
            fence = "" if ends else fence
        elif begins is not None:
            fence = begins[1]
        else:
            ends = blank
            html = not blank and (html or _HTML.match(line) is not None)
            depth = max(0, depth + sum(-1 if end else 1 for end in _DETAILS.findall(line)))
        closing = (f"\n{fence}" if fence else "") + "\n\n</details>" * depth
        yield _length(line), closing if fence or ends else None
