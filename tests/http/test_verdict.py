"""What an answer to a write means: the table on which "never twice" rests."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.http.verdict import (
    Accepted,
    Answer,
    Limited,
    NotSent,
    Refused,
    Trouble,
    Unknown,
    Verdict,
    classify,
    describe,
    envelope,
)

CODED = {"success": False, "error": {"code": "some_error", "message": "no", "debugTrackingCode": "trk_1"}}
BARE = {"success": False, "error": "Missing API key"}
BODIES: dict[str, Any] = {
    "done": {"success": True, "data": {"blueprintId": "b1"}},
    "done, data of another kind": {"success": True, "data": [1]},
    "coded": CODED,
    "bare": BARE,
    "coded, without a message": {"success": False, "error": {"code": "some_error"}},
    "no code": {"success": False, "error": {"message": "no"}},
    "code of another kind": {"success": False, "error": {"code": 5}},
    "no error": {"success": False},
    "error is null": {"success": False, "error": None},
    "success is 0": {"success": 0, "error": "no"},
    "success is 1": {"success": 1, "data": {}},
    "success is text": {"success": "true", "data": {}},
    "no success": {"error": "no"},
    "a list": [CODED],
    "text": "no",
    "nothing": None,
}
ENVELOPES = {"coded", "bare", "coded, without a message"}
STATUSES = [
    *(100, 101, 199, 200, 201, 204, 206, 299, 300, 302, 304, 307, 308),
    *(400, 401, 402, 403, 404, 408, 409, 410, 413, 422, 425, 429, 431, 451, 499),
    *(500, 502, 503, 504, 520, 524, 599, 600, 999),
]


def expected(status: int, body: str) -> type[Verdict]:
    if 200 <= status < 300 and body.startswith("done"):
        return Accepted
    if body in ENVELOPES and status == 429:
        return Limited
    if body in ENVELOPES and 400 <= status < 500 and status not in {408, 425}:
        return Refused
    return Unknown


@pytest.mark.parametrize("body", BODIES)
def test_every_status_with_every_body(body: str) -> None:
    for status in STATUSES:
        verdict = classify(Answer(status=status, body=BODIES[body]))
        assert type(verdict) is expected(status, body), status


@pytest.mark.parametrize("trouble", Trouble)
def test_trouble_weighs_more_than_what_came_with_it(trouble: Trouble) -> None:
    for status in STATUSES:
        for body in BODIES.values():
            verdict = classify(Answer(status=status, body=body, trouble=trouble, reason="why"))
            assert verdict == (NotSent("why") if trouble is Trouble.NOT_SENT else Unknown("why"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
LIKELY = st.fixed_dictionaries(
    {"success": st.booleans() | JSON, "error": JSON | st.fixed_dictionaries({"code": JSON, "message": JSON})}
)


@given(
    status=st.integers(0, 999),
    body=JSON | LIKELY | st.sampled_from(list(BODIES.values())),
    trouble=st.none() | st.sampled_from(Trouble),
    wait=st.none() | st.floats(0, 1e9),
)
def test_only_these_answers_say_that_nothing_was_done(
    status: int, body: Any, trouble: Trouble | None, wait: float | None
) -> None:
    answer = Answer(status=status, body=body, trouble=trouble, reason="why", retry_after=wait)
    verdict = classify(answer)
    if isinstance(verdict, NotSent):
        assert trouble is Trouble.NOT_SENT
    elif isinstance(verdict, Refused | Limited):
        assert trouble is None
        assert 400 <= status < 500
        assert status not in {408, 425}
        assert isinstance(verdict, Limited) == (status == 429)
        assert body["success"] is False
        assert isinstance(body["error"], str) or isinstance(body["error"]["code"], str)
    elif isinstance(verdict, Accepted):
        assert trouble is None
        assert 200 <= status < 300
        assert body["success"] is True
    assert isinstance(describe(answer), str)


def test_what_is_fatal() -> None:
    for status in STATUSES:
        verdict = classify(Answer(status=status, body=CODED))
        if isinstance(verdict, Refused):
            assert verdict.fatal == (status in {401, 402})


def test_the_words_of_a_refusal() -> None:
    assert envelope(Answer(400, CODED)) == Refused(400, "some_error", "no [trk_1]")
    assert envelope(Answer(401, BARE)) == Refused(401, "", "Missing API key", fatal=True)
    error = {
        "code": "plan_upgrade_required",
        "message": "upgrade",
        "details": {"billingUrl": "https://app.example/x"},
    }
    assert envelope(Answer(402, {"success": False, "error": error})) == Refused(
        402, "plan_upgrade_required", "upgrade (see https://app.example/x)", fatal=True
    )
    error["details"] = {"capability": "create_sourcings", "billingUrl": "https://app.example/billing?x=1"}
    shown = envelope(Answer(402, {"success": False, "error": error}))
    assert shown
    assert shown.message == "upgrade; the plan lacks create_sourcings (see https://app.example/billing?x=1)"
    wordless = envelope(Answer(400, {"success": False, "error": {"code": "c", "message": ""}}))
    assert wordless == Refused(400, "c", "c")


def test_odd_words_of_a_refusal() -> None:
    nested: Any = []
    for _ in range(50_000):
        nested = [nested]
    assert envelope(Answer(400, {"success": False, "error": {"code": "c", "message": nested}})) == Refused(
        400, "c", "c"
    )
    while nested:  # taken apart by hand: freeing it at once would recurse
        nested = nested.pop()
    long = envelope(Answer(400, {"success": False, "error": "x" * 10**6}))
    assert long is not None
    assert long.message == "x" * 499 + "…"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(trouble=Trouble.LOST, reason="no answer before the timeout"), "no answer before the timeout"),
        (Answer(500, CODED), "HTTP 500: no [trk_1]"),
        (Answer(502, None, reason="an empty body"), "HTTP 502: an empty body"),
        (Answer(200, {}), "HTTP 200 without a usable body"),
    ],
)
def test_describe(answer: Answer, said: str) -> None:
    assert describe(answer) == said


def test_what_was_accepted() -> None:
    assert classify(Answer(201, BODIES["done"])) == Accepted({"blueprintId": "b1"})
    assert classify(Answer(201, {"success": True})) == Accepted({})
    assert classify(Answer(429, CODED, retry_after=3)) == Limited(3)
