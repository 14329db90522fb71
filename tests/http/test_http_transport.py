"""What each thing that a server can do becomes: the right answer, never an exception."""

from __future__ import annotations

import json
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing as closed
from typing import Any

import pytest

from kalentops.errors import InvalidConfig
from kalentops.http.secret import ApiKey
from kalentops.http.transport import Dialect, HttpTransport, Network
from kalentops.http.verdict import Accepted, Answer, Limited, NotSent, Refused, Trouble, Unknown, classify
from tests import answers, wire
from tests.wire import Behaviour, Wire, answering, closing, resetting, stalling

KEY = "k3y+never/shown=to~anybody"
BODY = {"name": "Zoë 🎉", "steps": []}


def network(url: str, **options: Any) -> HttpTransport:
    return HttpTransport(Network(url, **{"timeout": 0.4, **options}), ApiKey(KEY))


def post(url: str, **options: Any) -> Answer:
    with closed(network(url, **options)) as transport:
        return transport.send("POST", "/v1/x", body=BODY)


ANSWERS: dict[str, tuple[Behaviour, type, str]] = {
    "201": (answering(answers.success({"blueprintId": "b1"}, 201)), Accepted, ""),
    "200 without data": (answering(answers.as_json(200, {"success": True})), Accepted, ""),
    "chunked": (answering(answers.chunked(200, b'{"succ', b'ess":true}')), Accepted, ""),
    "no length": (closing(after=answers.http(200, b'{"success":true}', length=None)), Accepted, ""),
    "204": (answering(answers.http(204, length=None)), Unknown, "HTTP 204: an empty body"),
    "refused": (answering(answers.failure(400, "validation_error", "bad")), Refused, ""),
    "bare string": (answering(answers.bare(401)), Refused, ""),
    "429": (answering(answers.failure(429, retry_after="7")), Limited, ""),
    "429 html": (answering(answers.html(429)), Unknown, "HTTP 429: HTML instead of JSON: Bad gateway"),
    "500": (answering(answers.failure(500, message="oops")), Unknown, "HTTP 500: oops [trk_1]"),
    "502 html": (answering(answers.html(502)), Unknown, "HTTP 502: HTML instead of JSON: Bad gateway"),
    "503 empty": (answering(answers.http(503)), Unknown, "HTTP 503: an empty body"),
    "200 html": (answering(answers.html(200)), Unknown, "HTTP 200: HTML instead of JSON: Bad gateway"),
    "200 text": (answering(answers.http(200, b"OK")), Unknown, "HTTP 200: an answer that is not JSON"),
    "deep": (answering(answers.deep(100_000)), Unknown, "HTTP 200: an answer that is not JSON"),
    "a huge number": (
        answering(answers.http(200, b"1" * 9999)),
        Unknown,
        "HTTP 200: an answer that is not JSON",
    ),
    "not UTF-8": (
        answering(answers.http(200, b'{"success":"\xff\xfe"}')),
        Unknown,
        "HTTP 200 without a usable body",
    ),
    "reset on accept": (resetting(read=False), Unknown, "the connection was lost"),
    "reset": (resetting(), Unknown, "the connection was lost while waiting for the answer"),
    "reset in the body": (
        resetting(after=answers.http(200, b'{"su', length=99)),
        Unknown,
        "the connection was lost",
    ),
    "close": (closing(), Unknown, "the connection was closed before the answer was complete"),
    "close in the head": (closing(after=b"HTTP/1.1 200 O"), Unknown, "the connection was closed"),
    "cut body": (
        closing(after=answers.http(200, b'{"success":true}', length=99)),
        Unknown,
        "the connection was closed",
    ),
    "cut chunk": (
        closing(after=answers.chunked(200, b'{"success":true}', end=b"")),
        Unknown,
        "the connection was",
    ),
    "stall": (stalling(), Unknown, "no answer before the timeout"),
    "stall in the body": (
        stalling(after=answers.http(200, b"{", length=9)),
        Unknown,
        "no answer before the timeout",
    ),
    "garbage": (closing(after=b"\x16\x03\x01 what is this\r\n\r\n"), Unknown, "the connection was closed"),
    "two lengths": (
        closing(after=b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}"),
        Unknown,
        "the connection was closed",
    ),
    "endless head": (
        closing(after=b"HTTP/1.1 200 OK\r\nx: " + b"a" * 300_000),
        Unknown,
        "the connection was",
    ),
    "brotli": (
        answering(answers.http(200, b"??", content_encoding="br")),
        Unknown,
        "an answer in the unsupported encoding br",
    ),
    "bad gzip": (
        answering(answers.http(200, b"??", content_encoding="gzip")),
        Unknown,
        "can't be decompressed",
    ),
    "a wrong length": (closing(after=answers.http(200, b'{"success":true}', length=5)), Unknown, "not JSON"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_a_server_does_to_a_post(name: str) -> None:
    behaviour, verdict, reason = ANSWERS[name]
    with Wire(behaviour) as server:
        answer = post(server.url)
        assert server.connections == 1  # nothing is sent twice
    assert isinstance(classify(answer), verdict), answer
    if verdict is Unknown:
        assert reason in getattr(classify(answer), "reason", "")
    assert answer.trouble is not Trouble.NOT_SENT


def test_retry_after_is_kept() -> None:
    with Wire(answering(answers.failure(429, retry_after="7"))) as server:
        assert post(server.url).retry_after == 7.0


def test_a_gzip_body_is_read_without_having_been_requested() -> None:
    import gzip

    packed = gzip.compress(b'{"success": true, "data": {"blueprintId": "b1"}}')
    with Wire(answering(answers.http(200, packed, content_encoding="gzip"))) as server:
        assert classify(post(server.url)) == Accepted({"blueprintId": "b1"})
    with Wire(answering(answers.http(200, packed[:-12], content_encoding="gzip"))) as server:
        assert post(server.url).reason == "an incomplete answer"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_what_never_left_is_not_sent() -> None:
    port = free_port()
    refused = post(f"http://127.0.0.1:{port}/api")
    assert classify(refused) == NotSent(refused.reason)
    assert refused.reason.startswith(f"no connection to 127.0.0.1:{port}: "), "a mistyped address is seen"
    unknown_name = post("https://api.kalentops.invalid/api")
    assert unknown_name.trouble is Trouble.NOT_SENT
    assert unknown_name.reason.startswith("no connection to api.kalentops.invalid")
    with Wire(answering(answers.success({}))) as server:
        no_tls = post(server.url.replace("http:", "https:"))
        assert no_tls.trouble is Trouble.NOT_SENT
        assert server.requests == []


def test_the_request() -> None:
    with Wire(answering(answers.success({}))) as server, closed(network(server.url)) as transport:
        transport.send("POST", "/v1/x", body=BODY)
        transport.send("GET", "/v1/y", query={"page": 2, "pageSize": 50})
    first, second = server.requests
    assert (first.method, first.path, first.json) == ("POST", "/api/v1/x", BODY)
    assert "Zoë 🎉".encode() in first.body  # as it is, not escaped
    assert first.headers["content-type"] == "application/json"
    assert (second.method, second.path, second.body) == ("GET", "/api/v1/y?page=2&pageSize=50", b"")
    for each in server.requests:
        assert each.headers["x-api-key"] == KEY
        assert each.headers["accept-encoding"] == "identity"
        assert each.headers["user-agent"].startswith("kalentops/")
        assert "cookie" not in each.headers
    assert server.connections == 1  # the connection was kept


def test_another_dialect_puts_the_key_into_its_own_header_and_into_no_other() -> None:
    fixed = {"accept": "application/vnd.other+json", "user-agent": "something else", "x-version": "1"}
    dialect = Dialect("authorization", "Bearer ", fixed, lambda headers: float(headers.get("x-wait", 0)))
    with Wire(answering(answers.failure(401, message=f"no {KEY}", x_wait="7"))) as server:
        transport = HttpTransport(Network(server.url, 0.4), ApiKey(KEY), dialect=dialect)
        with closed(transport):
            answer = transport.send("GET", "/v1/x")
        headers = server.requests[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert [name for name, value in headers.items() if KEY in value] == ["authorization"]
    assert (headers["accept"], headers["x-version"]) == ("application/vnd.other+json", "1")
    assert headers["user-agent"].startswith("kalentops/")
    assert headers["accept-encoding"] == "identity"
    assert answer.retry_after == 7
    assert KEY not in repr(answer)


@pytest.mark.parametrize(
    ("link", "more"),
    [
        ('<https://a.example/?page=2>; rel="next", <https://a.example/?page=9>; rel="last"', True),
        ('<https://a.example/?page=1>; rel="prev", <https://a.example/?page=3>; REL=next', True),
        ('<https://a.example/?page=1>; rel="prev", <https://a.example/?page=1>; rel="first"', False),
        ('<https://a.example/?rel="next">; rel="prev"', False),
        ('<https://a.example/>; rel="nextish"', False),
        ("", False),
    ],
)
def test_a_next_page_is_noticed_and_its_address_is_not_used(link: str, more: bool) -> None:  # noqa: FBT001
    with (
        Wire(answering(answers.as_json(200, [], link=link))) as server,
        closed(network(server.url)) as transport,
    ):
        assert transport.send("GET", "/v1/x").more is more
        assert len(server.requests) == 1


def test_no_redirect_is_followed() -> None:
    with Wire(answering(answers.success({}))) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            with Wire(answering(answers.http(status, location=f"{elsewhere.url}?{KEY}"))) as server:
                answer = post(server.url)
                assert len(server.requests) == 1
            assert isinstance(classify(answer), Unknown)
            assert answer.reason.endswith("***, which is not followed")
        assert elsewhere.connections == 0


def test_no_proxy_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with Wire(answering(answers.success({}))) as trap, Wire(answering(answers.success({}))) as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, trap.url)
            monkeypatch.setenv(name.lower(), trap.url)
        assert isinstance(classify(post(server.url)), Accepted)
        assert (trap.connections, len(server.requests)) == (0, 1)
        with pytest.raises(InvalidConfig, match="unencrypted through the proxy"):
            post(server.url, proxy=trap.url.removesuffix("/api"))
        assert (trap.connections, len(server.requests)) == (0, 1)


@pytest.mark.parametrize(
    "behaviour",
    [answering(answers.success({}), once=True), resetting(after=answers.success({}))],
    ids=["closed", "reset"],
)
def test_a_kept_connection_that_went_away_is_made_again_or_counts_as_lost(behaviour: Behaviour) -> None:
    with Wire(behaviour) as server, closed(network(server.url)) as transport:
        verdicts = [classify(transport.send("POST", "/v1/x", body=BODY)) for _ in range(4)]
    assert isinstance(verdicts[0], Accepted)
    assert all(isinstance(each, Accepted | Unknown) for each in verdicts)
    accepted = sum(isinstance(each, Accepted) for each in verdicts)
    assert accepted <= len(server.requests) <= len(verdicts)  # never sent a second time by itself


def test_a_connection_that_closes_at_the_second_request() -> None:
    def behave(connection: wire.Connection) -> None:
        connection.read()
        connection.send(answers.success({}))
        connection.read()

    with Wire(behave) as server, closed(network(server.url)) as transport:
        assert isinstance(classify(transport.send("POST", "/v1/x", body=BODY)), Accepted)
        assert isinstance(classify(transport.send("POST", "/v1/x", body=BODY)), Unknown)
        assert len(server.requests) == 2


def test_each_thread_has_a_connection_of_its_own() -> None:
    with Wire(answering(answers.success({}))) as server, closed(network(server.url)) as transport:
        both_in = threading.Barrier(3)
        got: list[Answer] = []

        def work() -> None:
            both_in.wait(120)
            got.extend(transport.send("GET", "/v1/x") for _ in range(5))

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert [answer.status for answer in got] == [200] * 15
        assert server.connections == 3


def said_by(answer: bytes) -> Iterator[str]:
    """Everything that may be shown of an answer."""
    lines: list[str] = []
    with Wire(answering(answer)) as server:
        transport = HttpTransport(Network(server.url, timeout=1), ApiKey(KEY), debug=lines.append)
        with closed(transport):
            got = transport.send("POST", "/v1/x", body=BODY)
    yield from (repr(got), repr(classify(got)), *lines)


@pytest.mark.parametrize("form", answers.echoes(KEY))
@pytest.mark.parametrize("where", ["message", "bare", "html", "location", "raw"])
def test_an_echoed_key_is_shown_nowhere(form: str, where: str) -> None:
    echo = answers.echoes(KEY)[form]
    answer = {
        "message": answers.failure(401, "invalid_api_key", f"the key '{echo}' is no key"),
        "bare": answers.bare(400, f"x{echo}y"),
        "html": answers.html(403, f"key {echo}"),
        "location": answers.http(302, location=f"https://evil.example/?key={echo}"),
        "raw": answers.http(400, b'{"success":false,"error":"key ' + echo.replace('"', "").encode() + b'"}'),
    }[where]
    for said in said_by(answer):
        assert echo[4:-4] not in said
        assert KEY not in said


def test_a_key_that_is_a_word_does_not_change_what_a_list_says() -> None:
    """A name in which the key of a test set-up stands must stay what it is, or it would be made again."""
    name = "local heroes"
    with Wire(answering(answers.success({"name": name}))) as server:
        transport = HttpTransport(Network(server.url), ApiKey("local"))
        with closed(transport):
            assert transport.send("GET", "/v1/x").body["data"]["name"] == name
    with Wire(answering(answers.success({"name": KEY}))) as server, closed(network(server.url)) as transport:
        assert transport.send("GET", "/v1/x").body["data"]["name"] == "***"


def test_what_debugging_shows() -> None:
    listed = answers.success({"sequenceBlueprints": [{"name": "Secret"}], "pagination": {}})
    assert list(said_by(listed))[2:] == ["POST /v1/x  -> 200 ['pagination', 'sequenceBlueprints']"]
    refused = list(said_by(answers.failure(400, "validation_error", "no\x1b[31m")))[2]
    assert refused.startswith('POST /v1/x  -> 400 {"code": "validation_error", "message": "no\\u001b[31m"')


def test_a_broken_stderr_costs_no_answer() -> None:
    def broken(_: str) -> None:
        raise BrokenPipeError

    with Wire(answering(answers.success({"blueprintId": "b1"}, 201))) as server:
        transport = HttpTransport(Network(server.url), ApiKey(KEY), debug=broken)
        with closed(transport):
            assert classify(transport.send("POST", "/v1/x", body=BODY)) == Accepted({"blueprintId": "b1"})


def test_no_cookie_is_kept() -> None:
    cookie = "session=1; Path=/; Domain=127.0.0.1"
    with (
        Wire(answering(answers.as_json(200, {"success": True}, set_cookie=cookie))) as server,
        closed(network(server.url)) as transport,
    ):
        for _ in range(2):
            transport.send("GET", "/v1/x")
        assert [each.headers.get("cookie") for each in server.requests] == [None, None]


def test_a_proxy_that_is_not_there_is_reported_without_its_password() -> None:
    answer = post("https://api.kalentops.invalid/api", proxy=f"http://user:secret@127.0.0.1:{free_port()}")
    assert classify(answer) == NotSent(answer.reason)
    assert answer.reason.startswith("no connection through the proxy to api.kalentops.invalid: ")
    assert "secret" not in answer.reason


def test_a_proxy_gets_its_own_user_and_password_and_no_key() -> None:
    with Wire(answering(answers.http(407))) as server:
        proxy = server.url.removesuffix("/api").replace("://", "://us%40er:p%3Aw@")
        answer = post("https://api.kalentops.invalid/api", proxy=proxy)
        (request,) = server.requests
    assert classify(answer) == NotSent(answer.reason)
    assert (request.method, request.path) == ("CONNECT", "api.kalentops.invalid:443")
    assert request.headers["proxy-authorization"] == f"Basic {b64encode(b'us@er:p:w').decode()}"
    assert "x-api-key" not in request.headers


@pytest.mark.parametrize("proxy", ["ftp://user:secret@x", "http://x:port", "nonsense"])
def test_a_proxy_that_is_none(proxy: str) -> None:
    with pytest.raises(InvalidConfig, match="the URL of the proxy is not valid") as caught:
        network("https://127.0.0.1:1", proxy=proxy)
    assert "secret" not in str(caught.value)


def test_an_answer_is_json_and_nothing_more() -> None:
    with Wire(answering(answers.as_json(200, json.loads("[1]")))) as server:
        assert isinstance(classify(post(server.url)), Unknown)
