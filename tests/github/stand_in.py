"""A stand-in for the part of GitHub's REST API that deals with comments of issues, on loopback.

Written from GitHub's documentation and not from the client: "REST API endpoints for issue comments" (paths, fields,
ascending ids, 30 a page and at most 100), "Using pagination in the REST API" (the `link` header, absent where all
fits on one page), "Rate limits for the REST API" (403 or 429, `retry-after`, `x-ratelimit-*`), "Troubleshooting the
REST API" (`message`, `errors`, 401 "Bad credentials", 422 "Validation Failed", a user agent is required). The words
of the refusals for long bodies, locked conversations and tokens that may only read are those that people have quoted
from it. GraphQL's `viewer` tells whose a token is.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

from tests import answers
from tests.wire import Connection, Received, Wire

TOKEN = "ghs_t0ken+never/shown=to~anybody"
BOT = "github-actions[bot]"
REPOSITORY = "octo-org/recruiting"
NUMBER = 7
_LONGEST = 65_536
_COMMENTS = f"/repos/{REPOSITORY}/issues/{NUMBER}/comments"
_ONE = re.compile(rf"/repos/{REPOSITORY}/issues/comments/(\d+)")


@dataclass
class Fault:
    """What happens to the next request of a method instead of, or after, what should.

    `done` says whether it has its effect; `answer` is what comes back, None for a connection that breaks.
    """

    method: str
    answer: bytes | None = None
    done: bool = False


@dataclass
class StandIn:
    """`comments` by id. `as_user` is the owner of the token, `tells` that GitHub names it."""

    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    as_user: str = BOT
    tells: bool = True
    token: str = TOKEN
    may: Literal["write", "read", "nothing"] = "write"
    locked: bool = False
    before: Callable[[Received], None] = lambda request: None
    _next: int = 1000
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __enter__(self) -> Self:
        self._wire = Wire(self._serve)
        self._wire.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._wire.__exit__(*error)

    @property
    def url(self) -> str:
        return self._wire.url

    @property
    def requests(self) -> list[Received]:
        return self._wire.requests

    @property
    def sent(self) -> list[str]:
        """The methods of all requests about comments, in order."""
        return [request.method for request in self.requests if not _asks_who(request)]

    @property
    def writes(self) -> list[str]:
        return [method for method in self.sent if method != "GET"]

    def bodies(self, author: str = BOT) -> list[str]:
        return [each["body"] for each in self.comments.values() if each["user"]["login"] == author]

    def add(self, body: str, author: str = BOT) -> int:
        """A comment that a person has written; its id."""
        with self._lock:
            self._next += 1
            self.comments[self._next] = {
                "id": self._next,
                "node_id": f"IC_{self._next}",
                "url": f"https://api.example/repos/{REPOSITORY}/issues/comments/{self._next}",
                "html_url": f"https://github.example/{REPOSITORY}/pull/{NUMBER}#issuecomment-{self._next}",
                "body": body,
                "user": {"login": author, "id": 1, "type": "Bot" if author.endswith("[bot]") else "User"},
                "created_at": "2026-01-02T03:04:05Z",
                "updated_at": "2026-01-02T03:04:05Z",
                "author_association": "NONE",
                "performed_via_github_app": None,
            }
            return self._next

    def _serve(self, connection: Connection) -> None:
        while (request := connection.read()) is not None:
            self.before(request)
            with self._lock:
                answer = self._faulty(request)
            if answer is None:
                connection.wait(0.02)
                connection.reset()
                return
            connection.send(answer)

    def _faulty(self, request: Received) -> bytes | None:
        if _asks_who(request):
            return self._stranger(request) or self._who()
        fault = next((each for each in self.faults if each.method == request.method), None)
        if fault is None:
            return self._answer(request)
        self.faults.remove(fault)
        if fault.done:
            self._answer(request)
        return fault.answer

    def _answer(self, request: Received) -> bytes:
        stranger = self._stranger(request)
        if stranger is not None:
            return stranger
        parts = urlsplit(request.path)
        path = parts.path.removeprefix("/api")
        one = _ONE.fullmatch(path)
        match request.method, self.may != "nothing" and path == _COMMENTS, one:
            case "GET", True, _:
                return self._list(parse_qs(parts.query))
            case "POST", True, _:
                return self._create(request)
            case "PATCH", _, re.Match() as found:
                return self._edit(int(found[1]), request)
        return refusal(404, "Not Found")

    def _stranger(self, request: Received) -> bytes | None:
        if not request.headers.get("user-agent"):
            return refusal(403, "Request forbidden by administrative rules.")
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return refusal(401, "Bad credentials")
        if self.may == "read" and request.method != "GET" and not _asks_who(request):
            return refusal(403, "Resource not accessible by integration")
        return None

    def _who(self) -> bytes:
        if not self.tells:
            return refusal(403, "Resource not accessible by integration")
        return answers.as_json(200, {"data": {"viewer": {"login": self.as_user}}})

    def _list(self, query: dict[str, list[str]]) -> bytes:
        size = min(int(query.get("per_page", ["30"])[0]), 100)
        page = int(query.get("page", ["1"])[0])
        rows = [self.comments[each] for each in sorted(self.comments)]
        last = max(1, -(-len(rows) // size))
        links = {"prev": page - 1, "next": page + 1 if page < last else 0, "last": last if page < last else 0}
        base = f"https://api.example/repositories/1/issues/{NUMBER}/comments?per_page={size}"
        link = ", ".join(f'<{base}&page={number}>; rel="{name}"' for name, number in links.items() if number)
        more = {"link": link} if link else {}
        return answers.as_json(200, rows[(page - 1) * size : page * size], **more)

    def _create(self, request: Received) -> bytes:
        if self.locked:
            return refusal(403, "Unable to create comment because issue is locked.")
        wrong = _wrong(request)
        if wrong:
            return wrong
        made = self.comments[self.add(request.json["body"], self.as_user)]
        return answers.as_json(201, made, location=made["url"])

    def _edit(self, comment_id: int, request: Received) -> bytes:
        if comment_id not in self.comments:
            return refusal(404, "Not Found")
        wrong = _wrong(request)
        if wrong:
            return wrong
        self.comments[comment_id]["body"] = request.json["body"]
        return answers.as_json(200, self.comments[comment_id])


def _asks_who(request: Received) -> bool:
    return urlsplit(request.path).path.endswith("/graphql")


def _wrong(request: Received) -> bytes | None:
    body = request.json.get("body")
    if not isinstance(body, str) or not body.strip():
        errors = [{"resource": "IssueComment", "code": "missing_field", "field": "body"}]
        return refusal(422, "Validation Failed", errors=errors)
    if len(body) > _LONGEST:
        said = f"Body is too long (maximum is {_LONGEST} characters)"
        errors = [{"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": said}]
        return refusal(422, "Validation Failed", errors=errors)
    return None


def refusal(status: int, message: str, *, errors: Any = None, **headers: Any) -> bytes:
    """A failure in GitHub's envelope; names of headers with `_` for `-`."""
    raw = {"message": message, "documentation_url": "https://docs.github.example/rest", "status": str(status)}
    body = json.dumps(raw | ({"errors": errors} if errors else {})).encode()
    return answers.http(status, body, content_type="application/json; charset=utf-8", **headers)
