"""What kalentops uses of GitHub's API: list, create and edit comments of a pull request, and ask whose a token is.

Sources: "REST API endpoints for issue comments", "Rate limits for the REST API", "Using pagination in the REST API",
"Queries" in the GraphQL reference (`viewer`), "GraphQL API for GitHub Enterprise Server" (its address).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn, TypeVar

from kalentops.errors import Forbidden, RefusedByApi, Unauthorized, Unreachable, UntrustedList
from kalentops.github.comments import Comment, is_login
from kalentops.github.context import PullRequest
from kalentops.http.retry import MAX_WAIT, Throttle, TryAgain, retry_after, retrying
from kalentops.http.transport import Dialect, Transport
from kalentops.http.verdict import Accepted, Answer, Limited, NotSent, Refused, Trouble, Unknown, Verdict
from kalentops.support.text import clip

# Thirty of the longest comments there can be, each character escaped, are less than what the transport takes.
PAGE_SIZE: Final = 30
MAX_PAGES: Final = 200
_LIST_ATTEMPTS: Final = 3
_WHOAMI_ATTEMPTS: Final = 2
_T = TypeVar("_T")
_MAY_HAVE_BEGUN: Final = frozenset({408, 425})
_LIMITED: Final = frozenset({403, 429})
_UNTOLD_WAIT: Final = 60.0  # "wait for at least one minute before retrying"
_LIMIT_WORDS: Final = re.compile(r"rate limit|abuse detection", re.IGNORECASE)


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


class CommentsApi:
    """The comments of one pull request. `rest` is what REST adds to the transport's URL."""

    def __init__(
        self, transport: Transport, throttle: Throttle, pull_request: PullRequest, rest: str = ""
    ) -> None:
        self._transport = transport
        self._throttle = throttle
        self._rest = rest
        self._repository = f"{rest}/repos/{pull_request.repository}"
        self._comments = f"{self._repository}/issues/{pull_request.number}/comments"

    def list_comments(self) -> tuple[Comment, ...]:
        """Every comment.

        Raises Unauthorized, Forbidden, RefusedByApi (404 and the like), Unreachable, UntrustedList, Interrupted.
        """

        def whole(_: int) -> tuple[Comment, ...]:
            try:
                return self._read_all()
            except UntrustedList as error:
                raise TryAgain(error) from error

        try:
            return retrying(whole, attempts=_LIST_ATTEMPTS)
        except TryAgain as error:
            raise _untrusted(str(error.value)) from None

    def _read_all(self) -> tuple[Comment, ...]:
        found: dict[int, Comment] = {}
        for page in range(1, MAX_PAGES + 1):
            answer = self._get({"per_page": PAGE_SIZE, "page": page})
            rows = answer.body
            if not isinstance(rows, list) or len(rows) > PAGE_SIZE or (answer.more and not rows):
                raise _untrusted("what should be a list of comments is none")
            for row in rows:
                comment = as_comment(row)
                if comment.comment_id in found:
                    raise _untrusted(f"the list of comments shows {comment.comment_id} twice")
                found[comment.comment_id] = comment
            if not answer.more and len(rows) < PAGE_SIZE:
                return tuple(found.values())
        raise _untrusted(f"the list of comments does not end after {MAX_PAGES} pages")

    def whoami(self) -> str | None:
        """The login that the token writes as; None where GitHub does not say.

        GraphQL's viewer works with each kind of token; `GET /user` refuses those of Apps, the workflow's among them.
        Raises Interrupted.
        """
        said = self._ask("POST", "/graphql", {"query": "query { viewer { login } }"})
        data = said.get("data")
        viewer = data.get("viewer") if isinstance(data, Mapping) else None
        return _login(viewer) or _login(self._ask("GET", f"{self._rest}/user"))

    def _ask(self, method: str, path: str, body: Any = None) -> Mapping[str, Any]:
        """The object that is answered; empty for a refusal, which is no failure here."""

        def attempt(number: int) -> Mapping[str, Any]:
            self._throttle.enter(number, reads=True)
            answer = self._transport.send(method, path, body=body)
            if answer.trouble is not None or answer.status >= 500:  # noqa: PLR2004
                raise TryAgain(answer)
            found = answer.body if answer.status == 200 else None  # noqa: PLR2004
            return found if isinstance(found, Mapping) else {}

        try:
            return retrying(attempt, attempts=_WHOAMI_ATTEMPTS)
        except TryAgain:
            return {}

    def create(self, body: str) -> Verdict:
        """The outcome of one POST. It is repeated only if GitHub has not received it."""

        def attempt(number: int) -> Verdict:
            self._throttle.enter(number)
            self._throttle.writing()
            verdict = _classify(self._transport.send("POST", self._comments, body={"body": body}), 201)
            if isinstance(verdict, NotSent):
                raise TryAgain(verdict)
            return verdict

        try:
            return retrying(attempt)
        except TryAgain as error:
            return error.value if isinstance(error.value, NotSent) else Unknown("no answer")

    def limited(self, verdict: Limited, attempt: int) -> None:
        """Make what comes next wait. Raises Unreachable where that would take too long."""
        wait = _UNTOLD_WAIT if verdict.wait is None else verdict.wait
        if wait > MAX_WAIT:
            raise Unreachable(
                f"GitHub's limit of requests is used up for {wait / 60:.0f} more minutes",
                hint="run the job again after that",
            )
        self._throttle.limited(wait, attempt)

    def edit(self, comment_id: int, body: str) -> bool:
        """Put another body into a comment; False where it is not there any more. A repetition changes nothing.

        Raises Unauthorized, Forbidden, RefusedByApi, Unreachable, Interrupted.
        """
        path = f"{self._repository}/issues/comments/{comment_id}"

        def attempt(number: int) -> bool:
            self._throttle.enter(number)
            self._throttle.writing()
            verdict = _classify(self._transport.send("PATCH", path, body={"body": body}), 200)
            if isinstance(verdict, Accepted):
                return True
            if isinstance(verdict, Refused):
                if verdict.status in {404, 410}:
                    return False
                refuse(verdict)
            if isinstance(verdict, Limited):
                self.limited(verdict, number)
            raise TryAgain(verdict)

        return self._retried(attempt, "the comment could not be edited")

    def _get(self, query: Mapping[str, int]) -> Answer:
        def attempt(number: int) -> Answer:
            self._throttle.enter(number, reads=True)
            answer = self._transport.send("GET", self._comments, query=query)
            if answer.trouble is None and answer.status == 200 and answer.body is not None:  # noqa: PLR2004
                return answer
            verdict = _classify(answer, 200)
            if isinstance(verdict, Refused):
                refuse(verdict)
            if isinstance(verdict, Limited):
                self.limited(verdict, number)
            self._throttle.go_on_reading()
            raise TryAgain(verdict)

        return self._retried(attempt, "the comments could not be read")

    def _retried(self, attempt: Callable[[int], _T], what: str) -> _T:
        try:
            return retrying(attempt)
        except TryAgain as error:
            raise unreachable(f"{what}: {_reason(error.value)}") from None


def _untrusted(said: str) -> UntrustedList:
    return UntrustedList(said, hint="nothing is posted on the strength of half a list; run the job again")


def unreachable(said: str) -> Unreachable:
    return Unreachable(said, hint="check GITHUB_API_URL and the network, then run the job again")


def as_comment(row: Any) -> Comment:
    """Raises UntrustedList for what has no id. The author is empty where the account is gone."""
    comment_id = row.get("id") if isinstance(row, Mapping) else None
    if not isinstance(row, Mapping) or type(comment_id) is not int or comment_id <= 0:
        raise _untrusted("the list of comments holds a row without an id")
    user = row.get("user")
    user = user if isinstance(user, Mapping) else {}
    is_app = user.get("type") == "Bot"
    return Comment(
        comment_id, _text(user.get("login")), _text(row.get("body")), _text(row.get("html_url")), is_app
    )


def _login(user: Any) -> str | None:
    login = _text(user.get("login")) if isinstance(user, Mapping) else ""
    return login if is_login(login) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _classify(answer: Answer, done: int) -> Verdict:
    """What an answer means; `done` is the status of a success. Only GitHub's own words count as a refusal."""
    if answer.trouble is not None:
        kind = NotSent if answer.trouble is Trouble.NOT_SENT else Unknown
        return kind(answer.reason)
    body = answer.body if isinstance(answer.body, Mapping) else {}
    if answer.status == done and type(body.get("id")) is int:
        return Accepted(body)
    message = _said(body)
    if 300 <= answer.status < 400:  # noqa: PLR2004 - a repository that was renamed
        return Refused(answer.status, "", answer.reason or "a redirect, which is not followed")
    if not message or answer.status in _MAY_HAVE_BEGUN or not 400 <= answer.status < 500:  # noqa: PLR2004
        detail = message or answer.reason or "without a usable body"
        return Unknown(f"HTTP {answer.status}: {detail}")
    told = answer.retry_after is not None or _LIMIT_WORDS.search(message)
    if answer.status == 429 or (answer.status in _LIMITED and told):  # noqa: PLR2004
        return Limited(answer.retry_after)
    return Refused(answer.status, "", message)


def _said(body: Mapping[str, Any]) -> str:
    """GitHub's words for a failure, with what it says of single fields; source: "Troubleshooting the REST API"."""
    message = body.get("message")
    if not isinstance(message, str) or not message:
        return ""
    errors = body.get("errors")
    details = [
        _text(each.get("message")) or _text(each.get("code")) if isinstance(each, Mapping) else _text(each)
        for each in (errors if isinstance(errors, list) else [])[:5]
    ]
    return clip("; ".join(filter(None, [message, *details])), 300)


def _reason(verdict: object) -> str:
    if isinstance(verdict, Limited):
        return "GitHub limits the rate: gave up after several attempts"
    return str(getattr(verdict, "reason", "")) or "no answer"


def refuse(verdict: Refused | NotSent) -> NoReturn:
    """Raises what a write that did not happen is for a person: Unauthorized, Forbidden, RefusedByApi, Unreachable."""
    if isinstance(verdict, NotSent):
        raise unreachable(f"nothing could be sent: {verdict.reason}")
    said = f"GitHub refused: {verdict.message} (HTTP {verdict.status})"
    hint = _LOCKED if "locked" in verdict.message else _HINTS.get(verdict.status, _HINTS[404])
    if verdict.status == 401:  # noqa: PLR2004
        raise Unauthorized(said, hint=hint)
    if verdict.status == 403:  # noqa: PLR2004
        raise Forbidden(said, hint=hint)
    raise RefusedByApi(said, hint=hint)


_LOCKED: Final = "the conversation is locked: unlock it; exit code 4 is what a workflow may tolerate here"
_HINTS: Final = {
    401: "check GITHUB_TOKEN: it has expired, or belongs to another server than GITHUB_API_URL",
    403: "the job needs `permissions: {pull-requests: write}`; a pull request from a fork gets a token that can only "
    "read, whatever the job asks for: exit code 4 is what a workflow may tolerate there",
    404: "check GITHUB_REPOSITORY, the number of the pull request, and that the token may read the repository",
    422: "GitHub does not take this text; the report itself is where it was written to",
}
