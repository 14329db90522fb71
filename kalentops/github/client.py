"""What kalentops uses of GitHub's API: list, create and edit comments of a pull request, and ask whose a token is.

Sources: "REST API endpoints for issue comments", "Rate limits for the REST API", "Using pagination in the REST API",
"Queries" in the GraphQL reference (`viewer`), "GraphQL API for GitHub Enterprise Server" (its address).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, NoReturn, TypeVar

from kalentops.errors import Forbidden, RefusedByApi, Unauthorized, Unreachable
from kalentops.github.context import PullRequest
from kalentops.http.retry import MAX_WAIT, Throttle, TryAgain, retry_after
from kalentops.http.transport import Dialect, Transport
from kalentops.http.verdict import Answer
from kalentops.support.text import clip

# Thirty of the longest comments there can be, each character escaped, are less than what the transport takes.
PAGE_SIZE: Final = 30
MAX_PAGES: Final = 200
_T = TypeVar("_T")
_MAY_HAVE_STARTED: Final = frozenset({408, 425})
_LIMITED: Final = frozenset({403, 429})
_UNTOLD_WAIT: Final = 60.0  # "wait for at least one minute before retrying"
_LIMIT_WORDS: Final = re.compile(r"rate limit|abuse detection", re.IGNORECASE)
_TOO_MANY: Final = "rate limited"
_LOCKED: Final = "unlock the conversation; a workflow may ignore exit code 4 here"
_HINTS: Final = {
    401: "check GITHUB_TOKEN: it has expired, or belongs to another server than GITHUB_API_URL",
    403: "the job needs `permissions: {pull-requests: write}`; a pull request from a fork gets a token that can only "
    "read, whatever the job asks for: a workflow may ignore exit code 4 there",
    404: "check GITHUB_REPOSITORY, the number of the pull request, and that the token may read the repository",
    422: "GitHub does not accept this text; a comment has at most 65,536 characters",
}


def limit_wait(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float | None:
    """The seconds that an answer asks to wait: `retry-after`, or until `x-ratelimit-reset` where nothing remains."""
    told = retry_after(headers.get("retry-after"))
    if told is not None or headers.get("x-ratelimit-remaining", "").strip() != "0":
        return told
    reset = headers.get("x-ratelimit-reset", "").strip()
    return max(0.0, int(reset) - now()) if re.fullmatch(r"[0-9]{1,12}", reset) else None


GITHUB: Final = Dialect(
    "authorization",
    "Bearer ",
    {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"},
    limit_wait,
)


def split_url(url: str) -> tuple[str, str]:
    """The part of the API's URL that REST and GraphQL share, and what REST adds: `/v3` on an Enterprise Server."""
    root = url.removesuffix("/v3")
    return root, url[len(root) :]


class Comment(NamedTuple):
    """`url` is its page; `by_app` says that its author is no person. The author is empty where the account is gone."""

    comment_id: int
    author: str
    body: str
    url: str
    by_app: bool = False


class CommentsApi:
    """The comments of one pull request. `rest` is what REST adds to the transport's URL.

    Each method raises TryAgain where the same request may work later, which `retried` turns into another try.
    """

    def __init__(
        self, transport: Transport, throttle: Throttle, pull_request: PullRequest, rest: str = ""
    ) -> None:
        self._transport = transport
        self._throttle = throttle
        self._repository = f"{rest}/repos/{pull_request.repository}"
        self._comments = f"{self._repository}/issues/{pull_request.number}/comments"

    def retried(self, act: Callable[[], _T]) -> _T:
        """`act()`, several times if need be.

        Raises Unauthorized, Forbidden, RefusedByApi, Unreachable, Interrupted.
        """

        def attempt(number: int) -> _T:
            self._throttle.enter(number, reads=True)
            return act()

        try:
            return self._throttle.retry(attempt)
        except TryAgain as error:
            raise _unreachable(str(error.value)) from None

    def list_comments(self) -> list[Comment]:
        found: list[Comment] = []
        for page in range(1, MAX_PAGES + 1):
            answer = self._send("GET", self._comments, query={"per_page": PAGE_SIZE, "page": page})
            rows = answer.body
            if not isinstance(rows, list):
                raise TryAgain("the comments could not be read: the answer is not a list")
            found += map(as_comment, rows)
            if not answer.more and len(rows) < PAGE_SIZE:
                return found
        raise _unreachable(f"the list of comments does not end after {MAX_PAGES} pages")

    def whoami(self) -> str:
        """The login that the token writes as; empty where GitHub does not say.

        GraphQL's viewer works with each kind of token; `GET /user` refuses those of Apps, the workflow's among them.
        """

        def attempt(_: int) -> Answer:
            return self._send("POST", "/graphql", {"query": "query { viewer { login } }"})

        try:
            answer = self._throttle.retry(attempt, attempts=_WHOAMI_ATTEMPTS)
        except (Unauthorized, Forbidden, RefusedByApi, TryAgain):
            return ""  # a proxy may let REST alone pass
        data = answer.body.get("data") if isinstance(answer.body, Mapping) else None
        viewer = data.get("viewer") if isinstance(data, Mapping) else None
        return _text(viewer.get("login")) if isinstance(viewer, Mapping) else ""

    def create(self, body: str) -> Comment:
        return as_comment(self._write("POST", self._comments, body))

    def edit(self, comment_id: int, body: str) -> None:
        self._write("PATCH", f"{self._repository}/issues/comments/{comment_id}", body)

    def _write(self, method: str, path: str, body: str) -> Any:
        self._throttle.enter(reads=True)  # an interrupt ends it before the first write
        self._throttle.note_write()
        return self._send(method, path, {"body": body}).body

    def _send(
        self, method: str, path: str, body: Any = None, *, query: Mapping[str, int] | None = None
    ) -> Answer:
        """A success. Only GitHub's own words count as a refusal: what stands in front of it may answer as well."""
        self._throttle.enter(reads=True)
        answer = self._transport.send(method, path, query=query, body=body)
        if answer.trouble is None and 200 <= answer.status < 300 and answer.body is not None:  # noqa: PLR2004
            return answer
        self._throttle.check_cancelled()
        said = _said(answer.body)
        told = answer.retry_after is not None or _LIMIT_WORDS.search(said)
        if said and (answer.status == 429 or (answer.status in _LIMITED and told)):  # noqa: PLR2004
            self._limited(answer.retry_after)
            raise TryAgain(f"{_FAILED[method]}: {_TOO_MANY}")
        if 300 <= answer.status < 400:  # noqa: PLR2004 - a repository that was renamed
            _refuse(answer.status, answer.reason or "a redirect, which is not followed")
        if said and 400 <= answer.status < 500 and answer.status not in _MAY_HAVE_STARTED:  # noqa: PLR2004
            _refuse(answer.status, said)
        detail = said or answer.reason or "without a usable body"
        raise TryAgain(f"{_FAILED[method]}: {f'HTTP {answer.status}: ' if answer.status else ''}{detail}")

    def _limited(self, wait: float | None) -> None:
        """Make what comes next wait. Raises Unreachable where that would take too long."""
        wait = _UNTOLD_WAIT if wait is None else wait
        if wait > MAX_WAIT:
            raise Unreachable(
                f"GitHub's rate limit is used up for {wait / 60:.0f} more minutes",
                hint="run the job again after that",
            )
        self._throttle.limited(wait, 1)


_WHOAMI_ATTEMPTS: Final = 2
_FAILED: Final = {
    "GET": "the comments could not be read",
    "POST": "the comment could not be posted",
    "PATCH": "the comment could not be edited",
}


def _unreachable(said: str) -> Unreachable:
    return Unreachable(said, hint="check GITHUB_API_URL and the network, then run the job again")


def as_comment(row: Any) -> Comment:
    """Raises TryAgain for what has no id."""
    comment_id = row.get("id") if isinstance(row, Mapping) else None
    if not isinstance(row, Mapping) or type(comment_id) is not int or comment_id <= 0:
        raise TryAgain("a comment has no id")
    user = row.get("user")
    user = user if isinstance(user, Mapping) else {}
    is_app = user.get("type") == "Bot"
    return Comment(
        comment_id, _text(user.get("login")), _text(row.get("body")), _text(row.get("html_url")), is_app
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _said(body: Any) -> str:
    """GitHub's words for a failure, with what it says of single fields; source: "Troubleshooting the REST API"."""
    message = _text(body.get("message")) if isinstance(body, Mapping) else ""
    if not message:
        return ""
    errors = body.get("errors")
    details = [
        _text(each.get("message")) or _text(each.get("code")) if isinstance(each, Mapping) else _text(each)
        for each in (errors if isinstance(errors, list) else [])[:5]
    ]
    return clip("; ".join(filter(None, [message, *details])), 300)


def _refuse(status: int, message: str) -> NoReturn:
    """Raises Unauthorized, Forbidden, RefusedByApi."""
    said = f"GitHub refused: {message} (HTTP {status})"
    kind = {401: Unauthorized, 403: Forbidden}.get(status, RefusedByApi)
    raise kind(said, hint=_LOCKED if "locked" in message else _HINTS.get(status, _HINTS[404]))
