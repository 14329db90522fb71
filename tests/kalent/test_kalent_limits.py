"""No answer, however slow, long or packed, holds a request up or fills the memory."""

from __future__ import annotations

import threading
import time
import tracemalloc
from contextlib import closing as closed

import pytest

from kalentops.http.secret import ApiKey
from kalentops.http.transport import MAX_ANSWER, HttpTransport, Network
from kalentops.http.verdict import Answer, Trouble
from tests import answers
from tests.answers import MEGABYTE
from tests.wire import Behaviour, Connection, Wire, answering, dripping, repeating

TIMEOUT = 0.75
LIMIT = 2 * TIMEOUT
GOOD = answers.success({"blueprintId": "b1"})
HEAD = GOOD.index(b"\r\n\r\n") + 4


def get(url: str) -> tuple[Answer, float]:
    with closed(HttpTransport(Network(url, TIMEOUT), ApiKey("key-key-key"))) as transport:
        began = time.monotonic()
        return transport.send("GET", "/v1/x"), time.monotonic() - began


SLOW: dict[str, Behaviour] = {
    "the head": dripping(GOOD, every=0.05),
    "the body": dripping(GOOD, every=0.05, whole=HEAD),
    "a body of no length": dripping(answers.http(200, b" " * 999, length=None), every=0.05, whole=40),
    "endless headers": repeating(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n", times=9999, every=0.02),
    "100 Continue": repeating(b"", b"HTTP/1.1 100 Continue\r\n\r\n", times=9999, every=0.02),
    "chunks": repeating(answers.chunked(200, b"{", end=b""), b"1\r\n \r\n", times=9999, every=0.02),
}


@pytest.mark.parametrize("name", SLOW)
def test_an_answer_that_drips_ends_in_time(name: str) -> None:
    with Wire(SLOW[name]) as server:
        answer, took = get(server.url)
    assert answer == Answer(trouble=Trouble.LOST, reason=f"no complete answer within {LIMIT:g} s")
    assert took > LIMIT * 0.9


def test_an_answer_that_looks_whole_when_it_is_cut_is_lost() -> None:
    """Without a length, the end of the connection is the end of the body, and it is the watchdog that ends it."""
    whole = answers.http(200, b'{"success": true}', length=None)
    with Wire(repeating(whole, b" ", times=9999, every=0.05)) as server:
        answer, _ = get(server.url)
    assert answer.trouble is Trouble.LOST


def test_what_is_only_read_is_let_go_of_and_what_may_write_is_not() -> None:
    """A minute is what both could take."""
    giving_up, answered = threading.Event(), threading.Event()
    found: dict[str, Answer] = {}

    def behave(connection: Connection) -> None:
        request = connection.read()
        assert request is not None
        if request.method == "GET":
            giving_up.set()
            answered.wait(120)
        else:
            giving_up.wait(120)
            read.join(120)  # it has let go, and the other one is under way still
            connection.send(GOOD)

    with Wire(behave) as server:
        transport = HttpTransport(Network(server.url, 60), ApiKey("key-key-key"), cancelled=giving_up.is_set)
        with closed(transport):

            def send(method: str, body: object = None) -> None:
                found[method] = transport.send(method, "/v1/x", body=body)

            read = threading.Thread(target=send, args=("GET",))
            write = threading.Thread(target=send, args=("POST", {}))
            write.start()
            read.start()
            write.join(120)
            answered.set()
            assert found["GET"] == Answer(
                trouble=Trouble.LOST, reason="cancelled because the run was interrupted"
            )
            assert found["POST"].status == 200


def test_slow_answers_to_several_threads_and_a_quick_one_after() -> None:
    with Wire(*[SLOW["the head"]] * 4, answering(GOOD)) as server:
        answers: list[Answer] = []
        with closed(HttpTransport(Network(server.url, TIMEOUT), ApiKey("key-key-key"))) as transport:

            def work() -> None:
                answers.extend(transport.send("GET", "/v1/x") for _ in range(2))

            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(120)
    assert sorted(answer.status for answer in answers) == [0, 0, 0, 0, 200, 200, 200, 200]


def test_the_time_of_a_request_does_not_count_for_the_next() -> None:
    # Without `connection: close`, the client might use a connection again that the server is just closing.
    last = GOOD.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1)
    with Wire(dripping(last, every=LIMIT * 0.6, whole=len(last) - 1)) as server:
        transport = HttpTransport(Network(server.url, TIMEOUT * 2), ApiKey("key-key-key"))
        with closed(transport):
            for _ in range(3):
                assert transport.send("GET", "/v1/x").status == 200


def test_the_watchdog_ends_with_the_transport() -> None:
    before = threading.active_count()
    with Wire(answering(GOOD)) as server:
        with closed(HttpTransport(Network(server.url, TIMEOUT), ApiKey("key-key-key"))) as transport:
            transport.send("GET", "/v1/x")
            assert "watchdog" in {thread.name for thread in threading.enumerate()}
        assert "watchdog" not in {thread.name for thread in threading.enumerate()}
    assert threading.active_count() == before


LARGE: dict[str, Behaviour] = {
    "100 MB": repeating(
        answers.http(200, length=100 * MEGABYTE).rstrip() + b"\r\n\r\n", b" " * MEGABYTE, times=100
    ),
    "100 MB of no length": repeating(answers.http(200, length=None), b" " * MEGABYTE, times=100),
    "a bomb": answering(answers.bomb(100)),
    "a bomb in an error": answering(answers.bomb(100).replace(b" 200 ", b" 500 ", 1)),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_answer_is_not_kept_in_memory(name: str) -> None:
    with Wire(LARGE[name]) as server:
        get(server.url)  # imports and caches
        tracemalloc.start()
        try:
            answer, _ = get(server.url)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert answer.trouble is Trouble.LOST
    assert answer.reason in {"an answer larger than 16 MiB", f"no complete answer within {LIMIT:g} s"}
    assert peak < 64 * MEGABYTE


def test_an_answer_just_within_the_bound_is_read() -> None:
    empty = len(b'{"success": true, "data": ""}')
    with Wire(answering(answers.success("x" * (MAX_ANSWER - empty)))) as server:
        transport = HttpTransport(Network(server.url, 5), ApiKey("key-key-key"))
        with closed(transport):
            assert len(transport.send("GET", "/v1/x").body["data"]) == MAX_ANSWER - empty
