"""Which requests are made of GitHub, and what its answers, honest or not, become."""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.errors import Interrupted, KalentopsError, RefusedByApi, Unreachable, UntrustedList
from kalentops.github.client import MAX_PAGES, PAGE_SIZE, CommentsApi, limit_wait, split_url
from kalentops.github.comments import Comment
from kalentops.github.context import PullRequest
from kalentops.http.retry import Throttle
from kalentops.http.verdict import Accepted, Answer, Limited, NotSent, Refused, Trouble, Unknown
from kalentops.support.text import visible
from tests import answers
from tests.fakeclock import FakeClock
from tests.github.clients import client
from tests.github.stand_in import NUMBER, REPOSITORY, TOKEN, StandIn, refusal
from tests.sizes import examples
from tests.wire import Behaviour, Wire, answering, closing, repeating, stalling

COMMENTS = f"/repos/{REPOSITORY}/issues/{NUMBER}/comments"


class Recording:
    """A network that records what is sent and answers with what a function says."""

    def __init__(self, answer: Callable[[str, dict[str, int]], Answer]) -> None:
        self.sent: list[tuple[str, str]] = []
        self._answer = answer

    def send(self, method: str, path: str, *, query: Any = None, body: Any = None) -> Answer:
        self.sent.append((method, path))
        return self._answer(method, dict(query or {}))


def api(answer: Callable[[str, dict[str, int]], Answer]) -> tuple[CommentsApi, Recording]:
    network = Recording(answer)
    throttle = Throttle(FakeClock(), lambda _: None)
    return CommentsApi(network, throttle, PullRequest(REPOSITORY, NUMBER)), network


class Ending(Recording):
    """The same, and with the first answer comes the wish to end."""

    def __init__(self, clock: FakeClock, answer: Callable[[str, dict[str, int]], Answer]) -> None:
        super().__init__(answer)
        self._clock = clock

    def send(self, method: str, path: str, *, query: Any = None, body: Any = None) -> Answer:
        self._clock.stop()
        return super().send(method, path, query=query, body=body)


def ending(answer: Callable[[str, dict[str, int]], Answer]) -> tuple[CommentsApi, Recording]:
    clock = FakeClock()
    network = Ending(clock, answer)
    return CommentsApi(network, Throttle(clock, lambda _: None), PullRequest(REPOSITORY, NUMBER)), network


def row(number: int, **fields: Any) -> dict[str, Any]:
    url = f"https://github.example/{number}"
    return {"id": number, "body": f"body {number}", "user": {"login": "octocat"}, "html_url": url, **fields}


# --- a wish to end ---------------------------------------------------------------------------------------------


def test_before_anything_is_posted_it_ends_the_reading() -> None:
    comments, network = ending(lambda *_: Answer(200, [row(n + 1) for n in range(PAGE_SIZE)]))
    with pytest.raises(Interrupted):
        comments.list_comments()
    assert len(network.sent) == 1


@pytest.mark.parametrize("act", ["create", "edit"])
def test_after_something_was_sent_the_comments_are_still_read(act: str) -> None:
    """They say what became of it."""
    comments, network = ending(
        lambda method, query: (
            Answer(
                200, [row(n + 1) for n in range(PAGE_SIZE)] if query["page"] == 1 else [row(PAGE_SIZE + 1)]
            )
            if method == "GET"
            else Answer(422, {"message": "no"})
        )
    )
    with contextlib.suppress(RefusedByApi):
        comments.create("text") if act == "create" else comments.edit(1, "text")
    assert len(comments.list_comments()) == PAGE_SIZE + 1
    assert len(network.sent) == 3


# --- what can be reached ---------------------------------------------------------------------------------------


@settings(max_examples=examples(50), deadline=None)
@given(st.text(max_size=20), st.integers(), st.sampled_from([200, 201, 301, 401, 403, 404, 422, 429, 500]))
def test_only_comments_of_the_pull_request_can_be_reached(body: str, number: int, status: int) -> None:
    public = {
        name for name, _ in inspect.getmembers(CommentsApi, inspect.isfunction) if not name.startswith("_")
    }
    assert public == {"list_comments", "whoami", "create", "edit", "limited"}
    comments, network = api(lambda *_: Answer(status, {"message": "m", "id": 1}))
    acts: list[Callable[[], object]] = [
        comments.list_comments,
        comments.whoami,
        lambda: comments.create(body),
        lambda: comments.edit(number, body),
    ]
    for act in acts:
        try:
            act()
        except KalentopsError as error:
            assert visible(str(error)) == str(error)  # noqa: PT017 - it need not be raised
    for method, path in network.sent:
        one = re.fullmatch(rf"/repos/{REPOSITORY}/issues/comments/-?\d+", path)
        asks = (method, path) in {("POST", "/graphql"), ("GET", "/user")}
        assert asks or (method in {"GET", "POST"} and path == COMMENTS) or (method == "PATCH" and one)


def test_the_requests(github: StandIn) -> None:
    with client(github.url, FakeClock()) as comments:
        comments.create("Zoë 🎉")
        comments.edit(1001, "x")
        comments.list_comments()
    post, patch, get = github.requests
    assert (post.method, post.path, post.json) == ("POST", f"/api{COMMENTS}", {"body": "Zoë 🎉"})
    assert (patch.method, patch.path) == ("PATCH", f"/api/repos/{REPOSITORY}/issues/comments/1001")
    assert (get.method, get.path) == ("GET", f"/api{COMMENTS}?per_page=30&page=1")
    for each in github.requests:
        assert each.headers["authorization"] == f"Bearer {TOKEN}"
        assert each.headers["accept"] == "application/vnd.github+json"
        assert each.headers["x-github-api-version"] == "2022-11-28"
        assert "x-api-key" not in each.headers
        assert [name for name, value in each.headers.items() if TOKEN in value] == ["authorization"]


SAID: list[tuple[Answer, str | None]] = [
    (Answer(200, {"data": {"viewer": {"login": "our-app[bot]"}}}), "our-app[bot]"),
    (Answer(200, {"login": "octo_cat"}), "octo_cat"),
    (Answer(200, {"data": None, "errors": [{"message": "no"}]}), None),
    (Answer(200, []), None),
    (Answer(200, {"login": "octo cat"}), None),
    (Answer(200, {"login": "\x1b[31m"}), None),
    (Answer(200, {"login": "octo\u017fat"}), None),
    (Answer(403, {"login": "octocat"}), None),
    (Answer(500, {"login": "octocat"}), None),
    (Answer(trouble=Trouble.LOST, reason="no"), None),
]


@pytest.mark.parametrize(("answer", "login"), SAID)
def test_whose_the_token_is(answer: Answer, login: str | None) -> None:
    comments, network = api(lambda *_: answer)
    assert comments.whoami() == login
    assert len(network.sent) <= 4


def test_an_enterprise_server_has_graphql_beside_the_versions_of_rest() -> None:
    network = Recording(lambda *_: Answer(404, {}))
    root, rest = split_url("https://github.example/api/v3")
    comments = CommentsApi(
        network, Throttle(FakeClock(), lambda _: None), PullRequest(REPOSITORY, NUMBER), rest
    )
    comments.whoami()
    comments.create("x")
    assert root == "https://github.example/api"
    assert network.sent == [("POST", "/graphql"), ("GET", "/v3/user"), ("POST", f"/v3{COMMENTS}")]
    assert split_url("https://api.github.com") == ("https://api.github.com", "")


# --- lists -----------------------------------------------------------------------------------------------------


def serving(rows: list[Any], *, links: bool = True) -> Callable[[str, dict[str, int]], Answer]:
    def answer(_: str, query: dict[str, int]) -> Answer:
        begin = (query["page"] - 1) * query["per_page"]
        end = begin + query["per_page"]
        return Answer(200, rows[begin:end], more=links and end < len(rows))

    return answer


@settings(max_examples=examples(30), deadline=None)
@given(st.integers(0, 4 * PAGE_SIZE), st.booleans())
def test_every_page_is_read_with_links_and_without(count: int, links: bool) -> None:  # noqa: FBT001
    comments, network = api(serving([row(each) for each in range(1, count + 1)], links=links))
    assert [each.comment_id for each in comments.list_comments()] == list(range(1, count + 1))
    assert len(network.sent) == count // PAGE_SIZE + 1


def test_a_short_page_with_a_next_one_is_not_the_last() -> None:
    """Comments of accounts that are hidden may be missing on a page."""
    pages = {1: [row(1)], 2: [row(2)]}
    comments, _ = api(lambda _, query: Answer(200, pages[query["page"]], more=query["page"] == 1))
    assert [each.comment_id for each in comments.list_comments()] == [1, 2]


def test_what_a_row_becomes() -> None:
    rows = [row(1), row(2, body=None), row(3, user=None, html_url=5), row(4, user={"login": 4})]
    comments, _ = api(lambda *_: Answer(200, rows))
    assert comments.list_comments() == (
        Comment(1, "octocat", "body 1", "https://github.example/1"),
        Comment(2, "octocat", "", "https://github.example/2"),
        Comment(3, "", "body 3", ""),
        Comment(4, "", "body 4", "https://github.example/4"),
    )


WHOLE_PAGE = [row(each) for each in range(1, PAGE_SIZE + 1)]
NO_LISTS: dict[str, tuple[Callable[[str, dict[str, int]], Answer], str]] = {
    "an object": (lambda *_: Answer(200, {"id": 1}), "what should be a list of comments is none"),
    "a text": (lambda *_: Answer(200, "[]"), "what should be a list of comments is none"),
    "too many": (lambda *_: Answer(200, [*WHOLE_PAGE, row(99)]), "what should be a list of comments is none"),
    "an empty page with more": (lambda *_: Answer(200, [], more=True), "what should be a list"),
    "a row without id": (lambda *_: Answer(200, [row(0)]), "a row without an id"),
    "a row that is none": (lambda *_: Answer(200, [None]), "a row without an id"),
    "a true id": (lambda *_: Answer(200, [row(1) | {"id": True}]), "a row without an id"),
    "a path for an id": (lambda *_: Answer(200, [row(1) | {"id": "1/../2"}]), "a row without an id"),
    "the same twice": (lambda *_: Answer(200, [row(1), row(1)]), "shows 1 twice"),
    "the same page for ever": (lambda *_: Answer(200, WHOLE_PAGE), "shows 1 twice"),
    "no end": (
        lambda _, query: Answer(200, [row(query["page"])], more=True),
        f"does not end after {MAX_PAGES} pages",
    ),
}


@pytest.mark.parametrize("name", NO_LISTS)
def test_what_is_no_list_is_read_again_and_then_given_up(name: str) -> None:
    answer, said = NO_LISTS[name]
    comments, network = api(answer)
    with pytest.raises(UntrustedList, match=said) as caught:
        comments.list_comments()
    assert caught.value.hint == "nothing is posted on the strength of half a list; run the job again"
    assert caught.value.exit_code == 5
    assert len(network.sent) % 3 == 0


# --- what an answer means --------------------------------------------------------------------------------------

VERDICTS: dict[str, tuple[Answer, Any]] = {
    "done": (Answer(201, {"id": 5}), Accepted({"id": 5})),
    "200": (Answer(200, {"id": 5}), Unknown("HTTP 200: without a usable body")),
    "no body": (Answer(201, None, reason="an empty body"), Unknown("HTTP 201: an empty body")),
    "not sent": (Answer(trouble=Trouble.NOT_SENT, reason="no"), NotSent("no")),
    "lost": (Answer(trouble=Trouble.LOST, reason="no"), Unknown("no")),
    "403": (Answer(403, {"message": "no"}), Refused(403, "", "no")),
    "403 html": (Answer(403, None, reason="a page"), Unknown("HTTP 403: a page")),
    "403 limited": (Answer(403, {"message": "no"}, retry_after=3.0), Limited(3.0)),
    "403 abuse": (
        Answer(403, {"message": "You have triggered an abuse detection mechanism."}),
        Limited(None),
    ),
    "429": (Answer(429, {"message": "no"}), Limited(None)),
    "429 html": (Answer(429, None, reason="a page"), Unknown("HTTP 429: a page")),
    "404 with a wait": (Answer(404, {"message": "no"}, retry_after=3.0), Refused(404, "", "no")),
    "408": (Answer(408, {"message": "no"}), Unknown("HTTP 408: no")),
    "425": (Answer(425, {"message": "no"}), Unknown("HTTP 425: no")),
    "500": (Answer(500, {"message": "no"}), Unknown("HTTP 500: no")),
    "302": (Answer(302, None), Refused(302, "", "a redirect, which is not followed")),
    "hostile words": (Answer(400, {"message": "\x1b[31m::error::\u202e" + "x" * 999}), Any),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_what_an_answer_to_a_post_means(name: str) -> None:
    answer, verdict = VERDICTS[name]
    comments, network = api(lambda *_: answer)
    said = comments.create("x")
    if verdict is Any:
        assert isinstance(said, Refused)
        assert said.message.startswith("\\u{1b}[31m::error::\\u{202e}xxx")
        assert len(said.message) < 350
    else:
        assert said == verdict
    assert len(network.sent) == (6 if isinstance(said, NotSent) else 1)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "30"}, 30),
        ({"retry-after": "nonsense", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1090"}, 90),
        ({"retry-after": "5", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1090"}, 5),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "10"}, 0),
        ({"x-ratelimit-remaining": "1", "x-ratelimit-reset": "1090"}, None),
        ({"x-ratelimit-remaining": "0"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "inf"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "-5"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "٣"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 400}, None),
    ],
)
def test_how_long_the_headers_ask_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert limit_wait(headers, lambda: 1000.0) == seconds


# --- over the wire ---------------------------------------------------------------------------------------------

HOSTILE: dict[str, Behaviour] = {
    "garbage": closing(after=b"\x16\x03\x01 what is this\r\n\r\n"),
    "cut": closing(after=answers.http(200, b"[]", length=99)),
    "stall": stalling(after=answers.http(200, b"[", length=9)),
    "deep": answering(answers.http(200, b"[" * 100_000 + b"]" * 100_000)),
    "bomb": answering(answers.bomb(64)),
    "endless": repeating(answers.http(200, b"[", length=None), b" " * 65_536, times=1024),
    "html": answering(answers.html(200)),
    "redirects": answering(answers.http(200, b"")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers_end_in_an_error_that_says_so(name: str) -> None:
    with Wire(HOSTILE[name]) as server, client(server.url, FakeClock()) as comments:
        with pytest.raises(Unreachable, match="the comments could not be read: "):
            comments.list_comments()
        assert server.connections <= 6


@pytest.mark.parametrize("form", answers.echoes(TOKEN))
def test_an_echoed_token_is_shown_nowhere(form: str) -> None:
    echo = answers.echoes(TOKEN)[form]
    said: list[str] = []
    for answer in (refusal(403, f"the token '{echo}' may not"), answers.html(403, echo)):
        with (
            Wire(answering(answer)) as server,
            client(server.url, FakeClock(), debug=said.append) as comments,
        ):
            said.append(repr(comments.create(f"{TOKEN}")))
            with pytest.raises(KalentopsError) as caught:
                comments.list_comments()
            said.append(f"{caught.value} {caught.value.hint}")
    for each in said:
        assert echo[4:-4] not in each
        assert TOKEN not in each
