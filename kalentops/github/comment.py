"""The comment on a pull request: list, find ours, then PATCH or POST.

A comment is ours if its first line is the marker of the target and its author is our account. Both are needed: anyone
can copy a marker, and an author may write about other things. If GitHub does not tell which account is ours, an App's
comment counts as ours, because a stranger can't write as an App of the repository.

A POST whose answer was lost may be repeated, and two runs may create one comment each. A second comment does no harm:
from then on both are edited.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol
from urllib.parse import quote

from kalentops.errors import UsageError, WrongAuthor
from kalentops.github.client import Comment
from kalentops.support.text import clip, visible

_LONGEST_NAME: Final = 200
# GitHub's own letters for a login, an underscore for managed users, and what an App has behind its name.
_LOGIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\[bot\])?")


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
        """Without anything that could end the marker; `-` too, because two of them end a comment for some parsers."""
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


class CommentRequest(NamedTuple):
    """What the pull request should show: `report` as Markdown, or None for "the last report is outdated".

    `begin` permits a first comment. `author` is the login that we write as, None to ask GitHub.
    """

    target: CommentTarget
    report: str | None
    author: str | None = None
    begin: bool = True


class Published(NamedTuple):
    """What was done: `url` is the page of the comment, empty where there is none; `notes` are for people."""

    what: Literal["created", "edited", "unchanged", "none"]
    url: str = ""
    notes: tuple[str, ...] = ()


class Comments(Protocol):
    """What `publish` needs of GitHub."""

    def list_comments(self) -> list[Comment]: ...

    def whoami(self) -> str: ...

    def create(self, body: str) -> Comment: ...

    def edit(self, comment_id: int, body: str) -> None: ...


def publish(api: Comments, wanted: CommentRequest) -> Published:
    """Raises what the API's methods raise, and WrongAuthor where the next run would not find what this one posted."""
    about = [each for each in api.list_comments() if is_about(each.body, wanted.target)]
    author = wanted.author or api.whoami()
    ours = [each for each in about if _is_by(each, author)]
    notes = tuple(_notes(each for each in about if each not in ours))
    if not ours:
        if wanted.report is None or not wanted.begin:
            return Published("none", notes=notes)
        owner = api.whoami() if wanted.author else ""
        if owner and not _same_login(owner, author):  # known before the post: else each run would post again
            raise WrongAuthor(
                f"the token belongs to {clip(owner)}, and --author is {clip(author)}",
                hint=f"pass --author '{clip(owner)}', or leave it out",
            )
        made = api.create(compose(wanted.target, wanted.report))
        if not _is_by(made, author):
            raise WrongAuthor(
                f"the comment was posted as {clip(made.author)}, and looked for as {clip(author) or 'an App'}",
                hint=f"pass --author '{clip(made.author)}', so that the next run finds it",
            )
        return Published("created", made.url, notes)
    edits = [(each.comment_id, body) for each in ours if not same(each.body, body := _body(each, wanted))]
    for comment_id, body in edits:
        api.edit(comment_id, body)
    return Published("edited" if edits else "unchanged", ours[0].url, notes)


def _notes(others: Iterable[Comment]) -> Iterator[str]:
    for each in others:
        yield f"a comment of {clip(each.author)} begins with our marker and was left alone: {clip(each.url, 200)}"


def is_login(text: str) -> bool:
    return _LOGIN.fullmatch(text) is not None


def _is_by(comment: Comment, author: str) -> bool:
    """Whether the author, or without one any App, wrote it."""
    if not author:
        return comment.by_app
    return _same_login(comment.author, author)


def _same_login(one: str, other: str) -> bool:
    """GitHub ignores the case of a login's letters, which are ASCII; Unicode has others that become the same in lower
    case.
    """
    return one.lower() == other.lower() and one.isascii() and other.isascii()


def _body(of: Comment, wanted: CommentRequest) -> str:
    if wanted.report is not None:
        return compose(wanted.target, wanted.report)
    outdated = first_line(of.body) == wanted.target.outdated_marker
    return of.body if outdated else fold(wanted.target, of.body)


def compose(target: CommentTarget, report: str) -> str:
    """The comment that shows a report."""
    return f"{target.marker}\n{target.title}{_normal(report)}"


def fold(target: CommentTarget, body: str) -> str:
    """A comment of ours as one that says that it no longer applies."""
    _, _, report = _normal(body).partition("\n")
    subject = "" if target.name == "." else f" of {_code(target.name)}"
    return (
        f"{target.outdated_marker}\n**Outdated:** the plan{subject} below no longer applies. The next plan replaces "
        f"it.\n\n<details><summary>Outdated plan</summary>\n\n{report}\n\n</details>"
    )


def is_about(body: str, target: CommentTarget) -> bool:
    """Whether the first line of a body is the target's marker: a marker further down is part of some text."""
    return first_line(body) in {target.marker, target.outdated_marker}


def first_line(body: str) -> str:
    return _normal(body).partition("\n")[0]


def same(one: str, other: str) -> bool:
    """Whether two bodies show the same: a form on a page sends other line ends than the API."""
    return _normal(one) == _normal(other)


def _normal(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip()
