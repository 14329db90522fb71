"""A pull request shows what is wanted: look, send what is missing, look again.

Each run has to find what the one before has posted, so it asks whose the token is before it posts. There is no
idempotency key. So a comment is posted only after the whole list was read and does not hold it. A POST with an
unknown outcome is looked for, over a growing time, before it is repeated. If two runs posted one each, both keep the
same one.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, Protocol

from kalentops.errors import Interrupted, Unreachable, WrongAuthor
from kalentops.github.body import same
from kalentops.github.client import PAGE_SIZE, as_comment, refuse, unreachable
from kalentops.github.comments import (
    Comment,
    CommentRequest,
    Create,
    Edit,
    by,
    decide,
    ours,
    same_login,
    strangers,
)
from kalentops.http.verdict import Accepted, Limited, Unknown, Verdict
from kalentops.support.clock import Clock
from kalentops.support.text import clip

# Seconds between looks for a POST whose answer was lost.
_LOOKS: Final = (1.0, 2.0, 4.0, 8.0)
_POSTS: Final = 3
_ROUNDS: Final = 5


class Comments(Protocol):
    """What publishing needs of the API."""

    def list_comments(self) -> tuple[Comment, ...]: ...

    def whoami(self) -> str | None: ...

    def create(self, body: str) -> Verdict: ...

    def edit(self, comment_id: int, body: str) -> bool: ...

    def limited(self, verdict: Limited, attempt: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Published:
    """What was done: `url` is the page of the comment, empty where there is none; `notes` are for people."""

    what: Literal["created", "edited", "unchanged", "none"]
    url: str = ""
    notes: tuple[str, ...] = ()


def publish(api: Comments, clock: Clock, wanted: CommentRequest) -> Published:
    """Raises what the API's methods raise, and WrongAuthor if GitHub sees us as another account."""
    comments = api.list_comments()
    wanted = _signed(api, wanted, comments)
    what: Literal["created", "edited", "unchanged"] = "unchanged"
    for _ in range(_ROUNDS):
        steps = decide(comments, wanted)
        if not steps:
            break
        _check_wanted(clock)
        if isinstance(steps[0], Create):
            comments, posted = _begin(api, clock, wanted, steps[0].body, comments)
            what = "created" if posted else what
            continue
        gone = [step for step in steps if isinstance(step, Edit) and not api.edit(step.comment_id, step.body)]
        what = what if what == "created" else "edited"
        if not gone:
            break
        comments = (
            api.list_comments()
        )  # a comment was deleted in the meantime: the new list shows what is left to do
    else:
        raise unreachable("the comments change faster than they can be read")
    notes = [
        f"a comment of {clip(each.author)} begins with our marker and was left alone: {clip(each.url, 200)}"
        for each in strangers(comments, wanted)
    ]
    mine = ours(comments, wanted)
    return Published(what, mine[0].url, tuple(notes)) if mine else Published("none", notes=tuple(notes))


def _signed(api: Comments, wanted: CommentRequest, comments: tuple[Comment, ...]) -> CommentRequest:
    """With the author that the next run will look for, too. Raises WrongAuthor where that can't be known."""
    begins = any(isinstance(step, Create) for step in decide(comments, wanted))
    if wanted.author is not None and not begins:
        return wanted
    me, asked_for = api.whoami(), wanted.author
    if me is not None:
        if asked_for is not None and not same_login(me, asked_for):
            raise WrongAuthor(
                f"GITHUB_TOKEN belongs to {me}, and the author that was asked for is {clip(asked_for)}",
                hint=f"pass --author '{me}', or leave it out",
            )
        return replace(wanted, author=me)
    others = {each.author for each in strangers(comments, wanted)}
    apps = {each.author for each in ours(comments, wanted)}
    if asked_for is None and len(apps) == 1:
        return replace(wanted, author=apps.pop())
    if (begins and others) or len(apps) > 1:
        raise WrongAuthor(
            f"GitHub does not tell the owner of GITHUB_TOKEN, and there is a comment for this target by "
            f"{clip(', '.join(sorted(apps or others)))}",
            hint="pass --author LOGIN with the one that the token belongs to",
        )
    return wanted


def _begin(
    api: Comments, clock: Clock, wanted: CommentRequest, body: str, comments: tuple[Comment, ...]
) -> tuple[tuple[Comment, ...], bool]:
    """The list, with a comment of ours where there was none, and whether it was this run that has posted it."""
    posted = False
    reason = "GitHub limits the rate: gave up after several attempts"
    for number in range(1, _POSTS + 1):
        if len(comments) >= PAGE_SIZE:
            # One that is deleted between two pages moves the others up, and one of them is not seen.
            comments = api.list_comments()
        if ours(comments, wanted):
            return comments, posted
        _check_wanted(clock)
        match api.create(body):
            case Accepted(data):
                return _after(api, data, wanted, comments), True
            case Limited() as limit:
                api.limited(limit, number)
                comments = api.list_comments()
            case Unknown(reason):
                comments, posted = _look(api, clock, wanted, body, comments), True
            case refusal:
                refuse(refusal)
    if ours(comments, wanted):
        return comments, posted
    raise unreachable(f"the comment was not posted as far as one can see: {reason}")


def _check_wanted(clock: Clock) -> None:
    if clock.stopping:
        raise Interrupted("interrupted before the comment was written")


def _after(
    api: Comments, data: Mapping[str, Any], wanted: CommentRequest, before: tuple[Comment, ...]
) -> tuple[Comment, ...]:
    """The list with what was just made, which another run may have made at the same time."""
    made = as_comment(data)
    if not by(made, wanted.author):
        raise _wrong_author(made, wanted)
    comments = before
    with suppress(Unreachable):  # it is posted; what else is there, the next run sees as well
        comments = api.list_comments()
    known = any(each.comment_id == made.comment_id for each in comments)
    return comments if known else (*comments, made)


def _look(
    api: Comments, clock: Clock, wanted: CommentRequest, body: str, before: tuple[Comment, ...]
) -> tuple[Comment, ...]:
    """The list, as soon as it shows what a POST of unknown outcome has made, or when it is no longer expected."""
    known = {each.comment_id for each in before}
    comments = before
    for seconds in _LOOKS:
        clock.wait(seconds)
        comments = api.list_comments()
        if ours(comments, wanted):
            break
        for each in comments:
            if each.comment_id not in known and same(each.body, body):
                raise _wrong_author(each, wanted)
    return comments


def _wrong_author(comment: Comment, wanted: CommentRequest) -> WrongAuthor:
    return WrongAuthor(
        f"the comment was posted as {clip(comment.author)}, and looked for as {clip(wanted.author or 'an App')}",
        hint=f"pass --author '{clip(comment.author)}', so that the next run finds it",
    )
