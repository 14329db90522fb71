"""Which requests are made, how often, and what comes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.errors import (
    Forbidden,
    Interrupted,
    KalentopsError,
    RefusedByApi,
    Unauthorized,
    Unreachable,
    UntrustedList,
)
from kalentops.http.retry import ATTEMPTS, Throttle
from kalentops.http.secret import ApiKey
from kalentops.http.transport import HttpTransport, Network
from kalentops.http.verdict import Accepted, Answer, Limited, NotSent, Refused, Trouble, Unknown, Verdict
from kalentops.kalent.client import Ownership, ReadApi
from kalentops.kalent.write_client import WriteApi
from tests import answers, wire
from tests.fakeclock import FakeClock
from tests.kalent.recording import CREATED, EMPTY, LISTED, Recording
from tests.wire import Wire, answering

NO_SOURCINGS = {"sourcings": [], "pagination": EMPTY["pagination"]}
HALF = {"sequenceBlueprints": [], "pagination": {"page": 0, "pageSize": 50, "total": 3, "hasNextPage": False}}
HALF_LISTED = Answer(200, {"success": True, "data": HALF})
NOT_SENT = Answer(trouble=Trouble.NOT_SENT, reason="no connection")
LOST = Answer(trouble=Trouble.LOST, reason="no answer before the timeout")


def failed(status: int, wait: float | None = None) -> Answer:
    return Answer(status, {"success": False, "error": {"code": "c", "message": "no"}}, retry_after=wait)


pytestmark = pytest.mark.usefixtures("no_backoff")  # here it counts how often something is tried


def api(*answers: Answer, clock: FakeClock | None = None) -> tuple[WriteApi, Recording, FakeClock]:
    network, clock = Recording(*answers), clock or FakeClock()
    return WriteApi(network, Throttle(clock, lambda _: None)), network, clock


SOURCINGS = ("GET", "/v1/sourcings")
LIST = ("GET", "/v1/sourcings/s1/sequence-blueprints")
CREATE = ("POST", "/v1/sourcings/s1/sequence-blueprints")
UPDATE = ("PATCH", "/v1/sequence-blueprints/b1")


# --- reading ---------------------------------------------------------------------------------------------------


def test_a_list() -> None:
    client, network, _ = api(LISTED)
    assert client.list_blueprints("s1") == ()
    assert network.sent == [LIST]


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (failed(401), Unauthorized, "the API refused: no (HTTP 401)"),
        (failed(402), Unauthorized, "the API refused: no (HTTP 402)"),
        (failed(403), Forbidden, "the API refused: no (HTTP 403)"),
        (Answer(403, None, reason="HTML instead of JSON"), Forbidden, "HTTP 403: HTML instead of JSON"),
        (failed(404), RefusedByApi, "the API refused: no (HTTP 404)"),
        (failed(400), RefusedByApi, "the API refused: no (HTTP 400)"),
    ],
)
def test_a_list_that_is_refused_is_asked_for_once(
    answer: Answer, error: type[KalentopsError], said: str
) -> None:
    client, network, _ = api(answer)
    with pytest.raises(error) as caught:
        client.list_blueprints("s1")
    assert (type(caught.value), str(caught.value)) == (error, said)
    assert network.sent == [LIST]
    if isinstance(caught.value, Unauthorized):
        assert caught.value.hint


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (failed(500), "HTTP 500: no"),
        (failed(408), "HTTP 408: no"),
        (failed(425), "HTTP 425: no"),
        (failed(429, 0), f"rate limited: gave up after {ATTEMPTS} attempts"),
        (Answer(404, None, reason="HTML instead of JSON"), "HTTP 404: HTML instead of JSON"),
        (Answer(302, None, reason="a redirect to x"), "HTTP 302: a redirect to x"),
        (Answer(200, {"success": False}), "HTTP 200 without a usable body"),
        (NOT_SENT, "no connection"),
        (LOST, "no answer before the timeout"),
    ],
)
def test_a_list_that_does_not_come_is_asked_for_a_few_times(answer: Answer, said: str) -> None:
    client, network, _ = api(answer)
    with pytest.raises(Unreachable, match=said):
        client.list_blueprints("s1")
    assert network.sent == [LIST] * ATTEMPTS
    client, network, _ = api(answer, answer, LISTED)
    assert client.list_blueprints("s1") == ()
    assert network.sent == [LIST] * 3


def test_an_incomplete_list_is_read_again_a_few_times() -> None:
    half = Answer(200, {"success": True, "data": HALF})
    client, network, _ = api(half, half, LISTED)
    assert client.list_blueprints("s1") == ()
    client, network, _ = api(half)
    with pytest.raises(UntrustedList, match="shows 0 of 3"):
        client.list_blueprints("s1")
    assert 1 < len(network.sent) <= ATTEMPTS


@pytest.mark.parametrize("ownership", ["mine", "all"])
@pytest.mark.parametrize(("closed", "status"), [(False, "in-progress"), (True, "closed")])
def test_which_sourcings_are_asked_for(ownership: Ownership, closed: bool, status: str) -> None:  # noqa: FBT001
    rows = [{"sourcingId": f"s{number}", "name": f"Sourcing {number}"} for number in range(51)]
    pages = [rows[:50], rows[50:]]
    shown = [
        {"sourcings": some, "pagination": {"page": number, "total": 51, "hasNextPage": number == 0}}
        for number, some in enumerate(pages)
    ]
    client, network, _ = api(*(Answer(200, {"success": True, "data": each}) for each in shown))
    found = client.list_sourcings(ownership=ownership, closed=closed)
    assert [each.sourcing_id for each in found] == [row["sourcingId"] for row in rows]
    assert network.sent == [SOURCINGS] * 2
    wanted = {"ownership": ownership, "status": status, "pageSize": 50}
    assert network.queries == [{**wanted, "page": 0}, {**wanted, "page": 1}]


def test_an_incomplete_list_of_sourcings_is_read_again_a_few_times() -> None:
    half = Answer(200, {"success": True, "data": HALF})
    whole = Answer(200, {"success": True, "data": NO_SOURCINGS})
    client, network, _ = api(half, failed(500), whole)
    assert client.list_sourcings(ownership="all", closed=False) == ()
    assert network.sent == [SOURCINGS] * 3
    client, network, _ = api(half)
    with pytest.raises(UntrustedList, match="the list of sourcings is not a list"):
        client.list_sourcings(ownership="all", closed=False)
    assert 1 < len(network.sent) <= ATTEMPTS


def test_a_429_while_reading_makes_all_wait() -> None:
    client, _, clock = api(failed(429, 9), LISTED)
    client.list_blueprints("s1")
    assert clock.waits == [9]


class Ending(Recording):
    """The same, and with the first answer comes the wish to end."""

    def __init__(self, clock: FakeClock, *answers: Answer) -> None:
        super().__init__(*answers)
        self._clock = clock

    def send(self, method: str, path: str, *, query: Any = None, body: Any = None) -> Answer:
        self._clock.stop()
        return super().send(method, path, query=query, body=body)


def page(number: int, *, last: bool) -> Answer:
    rows = [{"blueprintId": f"b{number}", "name": "n", "steps": []}]
    pagination = {"page": number, "pageSize": 50, "total": 2, "hasNextPage": not last}
    return Answer(200, {"success": True, "data": {"sequenceBlueprints": rows, "pagination": pagination}})


PAGES = (page(0, last=False), page(1, last=True))


def test_after_an_interrupt_no_list_is_started() -> None:
    clock = FakeClock()
    clock.stop()
    client, network, _ = api(LISTED, clock=clock)
    with pytest.raises(Interrupted):
        client.list_blueprints("s1")
    assert network.sent == []


@pytest.mark.parametrize("answers", [(failed(500),), (LOST,), (failed(429, 60),), (HALF_LISTED,), PAGES])
def test_after_an_interrupt_nothing_is_tried_again_and_no_page_more_is_read(
    answers: tuple[Answer, ...],
) -> None:
    clock = FakeClock()
    network = Ending(clock, *answers)
    with pytest.raises(Interrupted):
        ReadApi(network, Throttle(clock, lambda _: None)).list_blueprints("s1")
    assert network.sent == [LIST]


@pytest.mark.parametrize("write", ["create", "update"])
@pytest.mark.parametrize("became", [CREATED, LOST, failed(400), failed(500)])
def test_after_a_write_lists_are_read_to_their_end_in_spite_of_an_interrupt(
    write: str, became: Answer
) -> None:
    """They may show its outcome."""
    clock = FakeClock()
    network = Ending(clock, became, *PAGES, PAGES[0])  # the first one again: did it change meanwhile?
    client = WriteApi(network, Throttle(clock, lambda _: None))
    (client.create if write == "create" else client.update)("s1", {"name": "n"})
    assert len(client.list_blueprints("s1")) == 2
    assert network.sent[1:] == [LIST, LIST, LIST]


# --- writing ---------------------------------------------------------------------------------------------------

Write = Callable[[WriteApi], Verdict]
WRITES: dict[str, tuple[Write, tuple[str, str]]] = {
    "create": (lambda client: client.create("s1", {"name": "n"}), CREATE),
    "update": (lambda client: client.update("b1", {"name": "n"}), UPDATE),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    "answer",
    [
        LOST,
        failed(500),
        failed(503, 1),
        failed(408),
        failed(425),
        Answer(429, None, retry_after=1),
        Answer(200, None),
        Answer(302, None),
    ],
    ids=str,
)
def test_what_may_have_been_done_is_sent_once(write: str, answer: Answer) -> None:
    act, request = WRITES[write]
    client, network, clock = api(answer, CREATED)
    assert isinstance(act(client), Unknown)
    assert network.sent == [request]
    assert clock.waits == []


@pytest.mark.parametrize("write", WRITES)
def test_what_was_done_or_refused_is_sent_once(write: str) -> None:
    act, request = WRITES[write]
    for answer, verdict in ((CREATED, Accepted), (failed(400), Refused), (failed(401), Refused)):
        client, network, _ = api(answer)
        assert isinstance(act(client), verdict)
        assert network.sent == [request]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(("answer", "verdict"), [(NOT_SENT, NotSent), (failed(429, 1), Limited)])
def test_what_was_surely_not_done_is_sent_again(write: str, answer: Answer, verdict: type) -> None:
    act, request = WRITES[write]
    if verdict is Limited and request == CREATE:  # says so at once: the list has to be read again first
        return
    client, network, _ = api(answer, answer, CREATED)
    assert act(client) == Accepted({"blueprintId": "b1"})
    assert network.sent == [request] * 3
    client, network, clock = api(answer)
    assert isinstance(act(client), verdict)
    assert network.sent == [request] * ATTEMPTS
    assert sum(clock.waits) <= 120 * ATTEMPTS


def test_a_lost_answer_after_a_429_ends_it() -> None:
    client, network, _ = api(failed(429, 0), NOT_SENT, LOST, CREATED)
    assert isinstance(WRITES["update"][0](client), Unknown)
    assert len(network.sent) == 3


def test_a_limited_create_neither_waits_nor_is_sent_again() -> None:
    client, network, clock = api(failed(429, 50), CREATED)
    assert client.create("s1", {}) == Limited(50)
    assert client.create("s1", {}) == Limited()
    assert (network.sent, clock.waits) == ([CREATE], [])
    client.ready()
    assert sum(clock.waits) == 50
    assert client.create("s1", {}) == Accepted({"blueprintId": "b1"})


def test_an_interrupt_while_waiting_leaves_it_unsent() -> None:
    client, network, _ = api(failed(429, 50), CREATED, clock=FakeClock(stop_after=0))
    assert WRITES["update"][0](client) == NotSent("interrupted before it was sent")
    assert len(network.sent) == 1


@given(
    st.lists(
        st.sampled_from(
            [NOT_SENT, LOST, CREATED, failed(429, 0), failed(500), failed(400), Answer(200, None)]
        ),
        min_size=1,
        max_size=9,
    )
)
def test_nothing_is_sent_after_it_may_have_been_done(answers: list[Answer]) -> None:
    client, network, _ = api(*answers)
    client.create("s1", {})
    harmless = 0
    for answer in answers:
        if answer is not NOT_SENT and answer.status != 429:
            break
        harmless += 1
    assert len(network.sent) <= min(harmless + 1, ATTEMPTS) or harmless == len(answers)
    assert len(network.sent) <= ATTEMPTS


# --- over the wire ---------------------------------------------------------------------------------------------


def test_over_the_wire() -> None:
    with Wire(
        wire.resetting(),
        answering(answers.failure(500), answers.failure(429, retry_after="0"), answers.success(EMPTY)),
    ) as server:
        transport = HttpTransport(Network(server.url, 1), ApiKey("key-key-key"))
        client = WriteApi(transport, Throttle(FakeClock(), lambda _: None))
        assert client.list_blueprints("s1") == ()
        assert len(server.requests) == 4
        transport.close()
