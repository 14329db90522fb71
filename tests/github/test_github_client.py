"""Which requests are made of GitHub, and what its answers, honest or not, become."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.errors import Forbidden, Interrupted, KalentopsError, RefusedByApi, Unauthorized, Unreachable
from kalentops.github.client import GITHUB, MAX_PAGES, PAGE_SIZE, Comment, CommentsApi, limit_wait, split_url
from kalentops.github.context import PullRequest
from kalentops.http.retry import Throttle, TryAgain
from kalentops.http.secret import ApiKey
from kalentops.http.transport import HttpTransport, Network
from kalentops.http.verdict import Answer, Trouble
from kalentops.support.text import visible
from tests import answers
from tests.fakeclock import FakeClock
from tests.github.stand_in import NUMBER, REPOSITORY, TOKEN, refusal
from tests.sizes import examples
from tests.wire import Wire, answering

COMMENTS = f"/repos/{REPOSITORY}/issues/{NUMBER}/comments"


class Recording:
    """A network that records what is sent and answers with what a function says."""

    def __init__(self, answer: Callable[[str, dict[str, int]], Answer]) -> None:
        self.sent: list[tuple[str, str]] = []
        self._answer = answer

    def send(self, method: str, path: str, *, query: Any = None, body: Any = None) -> Answer:
        self.sent.append((method, path))
        return self._answer(method, dict(query or {}))


def api(answer: Callable[[str, dict[str, int]], Answer], *, rest: str = "") -> tuple[CommentsApi, Recording]:
    network = Recording(answer)
    throttle = Throttle(FakeClock(), lambda _: None)
    return CommentsApi(network, throttle, PullRequest(REPOSITORY, NUMBER), rest), network


def row(number: int, **fields: Any) -> dict[str, Any]:
    url = f"https://github.example/{number}"
    return {"id": number, "body": f"body {number}", "user": {"login": "octocat"}, "html_url": url, **fields}


# --- requests --------------------------------------------------------------------------------------------------


@settings(max_examples=examples(50), deadline=None)
@given(st.text(max_size=20), st.integers(), st.sampled_from([200, 201, 301, 401, 403, 404, 422, 429, 500]))
def test_only_comments_of_the_pull_request_can_be_reached(body: str, number: int, status: int) -> None:
    public = {
        name for name, _ in inspect.getmembers(CommentsApi, inspect.isfunction) if not name.startswith("_")
    }
    assert public == {"retried", "list_comments", "whoami", "create", "edit"}
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
        except (KalentopsError, TryAgain) as error:
            assert visible(str(error)) == str(error)  # noqa: PT017 - it need not be raised
    for method, path in network.sent:
        one = re.fullmatch(rf"/repos/{REPOSITORY}/issues/comments/-?\d+", path)
        asks = (method, path) == ("POST", "/graphql")
        assert asks or (method in {"GET", "POST"} and path == COMMENTS) or (method == "PATCH" and one)


def test_what_goes_over_the_wire() -> None:
    with Wire(answering(answers.as_json(200, row(7)))) as server:
        transport = HttpTransport(Network(server.url, 5), ApiKey(TOKEN), dialect=GITHUB)
        comments = CommentsApi(
            transport, Throttle(FakeClock(), lambda _: None), PullRequest(REPOSITORY, NUMBER)
        )
        comments.create("Zoë 🎉")
        transport.close()
    (post,) = server.requests
    assert (post.method, post.path, post.json) == ("POST", f"/api{COMMENTS}", {"body": "Zoë 🎉"})
    assert post.headers["accept"] == "application/vnd.github+json"
    assert post.headers["x-github-api-version"] == "2022-11-28"
    assert [name for name, value in post.headers.items() if TOKEN in value] == ["authorization"]


def test_an_enterprise_server_has_graphql_beside_the_versions_of_rest() -> None:
    root, rest = split_url("https://github.example/api/v3")
    comments, network = api(lambda *_: Answer(201, row(1)), rest=rest)
    comments.whoami()
    comments.create("x")
    assert root == "https://github.example/api"
    assert network.sent == [("POST", "/graphql"), ("POST", f"/v3{COMMENTS}")]
    assert split_url("https://api.github.com") == ("https://api.github.com", "")


@pytest.mark.parametrize(
    ("answer", "login", "requests"),
    [
        (Answer(200, {"data": {"viewer": {"login": "our-app[bot]"}}}), "our-app[bot]", 1),
        (Answer(200, {"data": None, "errors": [{"message": "no"}]}), "", 1),
        (Answer(200, []), "", 1),
        (Answer(403, {"message": "no"}), "", 1),
        (Answer(trouble=Trouble.LOST), "", 2),
        (Answer(502, None), "", 2),
    ],
)
def test_whose_the_token_is(answer: Answer, login: str, requests: int) -> None:
    comments, network = api(lambda *_: answer)
    assert comments.whoami() == login
    assert len(network.sent) == requests


# --- lists -----------------------------------------------------------------------------------------------------


@settings(max_examples=examples(30), deadline=None)
@given(st.integers(0, 4 * PAGE_SIZE), st.booleans())
def test_every_page_is_read_with_links_and_without(count: int, links: bool) -> None:  # noqa: FBT001
    rows = [row(each) for each in range(1, count + 1)]

    def answer(_: str, query: dict[str, int]) -> Answer:
        end = query["page"] * query["per_page"]
        return Answer(200, rows[end - query["per_page"] : end], more=links and end < len(rows))

    comments, network = api(answer)
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
    assert comments.list_comments() == [
        Comment(1, "octocat", "body 1", "https://github.example/1"),
        Comment(2, "octocat", "", "https://github.example/2"),
        Comment(3, "", "body 3", ""),
        Comment(4, "", "body 4", "https://github.example/4"),
    ]


@pytest.mark.parametrize(
    "body", [{"id": 1}, "[]", [row(0)], [None], [row(1) | {"id": True}], [row(1) | {"id": "1/../2"}]]
)
def test_what_is_no_list_is_read_again_and_then_given_up(body: Any) -> None:
    comments, network = api(lambda *_: Answer(200, body))
    with pytest.raises(Unreachable):
        comments.retried(comments.list_comments)
    assert len(network.sent) == 6


def test_a_list_without_end_is_given_up() -> None:
    comments, network = api(lambda _, query: Answer(200, [row(query["page"])], more=True))
    with pytest.raises(Unreachable, match=f"does not end after {MAX_PAGES} pages"):
        comments.retried(comments.list_comments)
    assert len(network.sent) == MAX_PAGES


# --- what an answer means --------------------------------------------------------------------------------------

REFUSALS: dict[str, tuple[Answer, type[Exception], str]] = {
    "200 without id": (Answer(200, {"message": "no"}), TryAgain, "a comment has no id"),
    "no body": (Answer(201, None, reason="an empty body"), TryAgain, "HTTP 201: an empty body"),
    "not sent": (Answer(trouble=Trouble.NOT_SENT, reason="no"), TryAgain, "could not be posted: no"),
    "lost": (Answer(trouble=Trouble.LOST, reason="no"), TryAgain, "could not be posted: no"),
    "401": (Answer(401, {"message": "no"}), Unauthorized, "GitHub refused: no (HTTP 401)"),
    "403": (Answer(403, {"message": "no"}), Forbidden, "GitHub refused: no (HTTP 403)"),
    "403 html": (Answer(403, None, reason="a page"), TryAgain, "HTTP 403: a page"),
    "403 limited": (Answer(403, {"message": "no"}, retry_after=3.0), TryAgain, "rate limited"),
    "403 abuse": (
        Answer(403, {"message": "You have triggered an abuse detection."}),
        TryAgain,
        "rate limited",
    ),
    "429": (Answer(429, {"message": "no"}), TryAgain, "rate limited"),
    "429 html": (Answer(429, None, reason="a page"), TryAgain, "HTTP 429: a page"),
    "404 with a wait": (Answer(404, {"message": "no"}, retry_after=3.0), RefusedByApi, "(HTTP 404)"),
    "408": (Answer(408, {"message": "no"}), TryAgain, "HTTP 408: no"),
    "500": (Answer(500, {"message": "no"}), TryAgain, "HTTP 500: no"),
    "302": (Answer(302, None), RefusedByApi, "a redirect, which is not followed (HTTP 302)"),
    "422": (
        Answer(422, {"message": "no", "errors": [{"message": "long"}, "and more", 7, {"code": "x"}]}),
        RefusedByApi,
        "no; long; and more; x (HTTP 422)",
    ),
    "hostile": (
        Answer(400, {"message": "\x1b[31m::error::\u202e"}),
        RefusedByApi,
        "\\u{1b}[31m::error::\\u{202e}",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_an_answer_to_a_post_means(name: str) -> None:
    answer, error, said = REFUSALS[name]
    comments, network = api(lambda *_: answer)
    with pytest.raises(error) as caught:
        comments.create("x")
    assert said in str(getattr(caught.value, "value", caught.value))
    assert len(network.sent) == 1


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


def test_a_wish_to_end_ends_the_reading() -> None:
    clock = FakeClock()

    def answer(*_: object) -> Answer:
        clock.stop()
        return Answer(200, [row(n + 1) for n in range(PAGE_SIZE)])

    network = Recording(answer)
    comments = CommentsApi(network, Throttle(clock, lambda _: None), PullRequest(REPOSITORY, NUMBER))
    with pytest.raises(Interrupted):
        comments.list_comments()
    assert len(network.sent) == 1


@pytest.mark.parametrize("form", answers.echoes(TOKEN))
def test_an_echoed_token_is_shown_nowhere(form: str) -> None:
    echo = answers.echoes(TOKEN)[form]
    said: list[str] = []
    for answer in (refusal(403, f"the token '{echo}' may not"), answers.html(403, echo)):
        with Wire(answering(answer)) as server:
            transport = HttpTransport(
                Network(server.url, 5), ApiKey(TOKEN), dialect=GITHUB, debug=said.append
            )
            comments = CommentsApi(
                transport, Throttle(FakeClock(), lambda _: None), PullRequest(REPOSITORY, NUMBER)
            )
            with pytest.raises(KalentopsError) as caught:
                comments.retried(comments.list_comments)
            said.append(f"{caught.value} {caught.value.hint}")
            transport.close()
    for each in said:
        assert echo[4:-4] not in each
        assert TOKEN not in each
