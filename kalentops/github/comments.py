"""Which comments are ours, and what has to happen to them. Pure.

A comment is ours if the marker of the target is its first line and the author is the one that we write as. Both are
needed: anyone can copy a marker, and an author may write about other things. If our account is unknown, an App's
comment counts as ours: a stranger can copy a marker, but can't write as an App of the repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from kalentops.github.body import CommentTarget, compose, fold, is_about, is_outdated, point_to, same

# GitHub's own letters for a login, an underscore for managed users, and what an App has behind its name.
_LOGIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\[bot\])?")


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as the API lists it. `url` is its page, for people; `by_app` says that its author is no person."""

    comment_id: int
    author: str
    body: str
    url: str
    by_app: bool = False


@dataclass(frozen=True, slots=True)
class CommentRequest:
    """What the pull request should show: `report` as Markdown, or None for "what is there is outdated".

    `begin` permits a first comment. `author` is the login that we write as, None where it is not known.
    """

    target: CommentTarget
    report: str | None
    author: str | None = None
    begin: bool = True


@dataclass(frozen=True, slots=True)
class Create:
    body: str


@dataclass(frozen=True, slots=True)
class Edit:
    comment_id: int
    body: str


Step: TypeAlias = Create | Edit


def is_login(text: str) -> bool:
    return _LOGIN.fullmatch(text) is not None


def same_login(one: str, other: str) -> bool:
    """Whether two logins name one account. GitHub ignores the case of its letters, which are ASCII; Unicode has others
    that become the same in lower case.
    """
    return one.lower() == other.lower() and one.isascii() and other.isascii()


def by(comment: Comment, author: str | None) -> bool:
    """Whether the author wrote it; None is any App."""
    return comment.by_app if author is None else same_login(comment.author, author)


def ours(comments: Iterable[Comment], wanted: CommentRequest) -> list[Comment]:
    """Ours for the target, the oldest first: the one that is kept, because people may have linked to it."""
    found = [c for c in comments if by(c, wanted.author) and is_about(c.body, wanted.target)]
    return sorted(found, key=lambda comment: comment.comment_id)


def strangers(comments: Iterable[Comment], wanted: CommentRequest) -> list[Comment]:
    """Comments of others that begin with our marker; they are never touched."""
    return [c for c in comments if not by(c, wanted.author) and is_about(c.body, wanted.target)]


def decide(comments: Iterable[Comment], wanted: CommentRequest) -> tuple[Step, ...]:
    """What has to be sent so that one comment of ours shows what is wanted; nothing where it does already."""
    mine = ours(comments, wanted)
    if not mine:
        if wanted.report is None or not wanted.begin:
            return ()
        return (Create(compose(wanted.target, wanted.report)),)
    kept, *others = mine
    body = _body(kept, wanted)
    steps = [] if same(kept.body, body) else [Edit(kept.comment_id, body)]
    return (*steps, *(Edit(each.comment_id, point_to(kept.comment_id)) for each in others))


def _body(kept: Comment, wanted: CommentRequest) -> str:
    if wanted.report is not None:
        return compose(wanted.target, wanted.report)
    return kept.body if is_outdated(kept.body, wanted.target) else fold(wanted.target, kept.body)
