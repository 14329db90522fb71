"""Everything that a network, an edge or a server can do to a request, by name.

`before` the effect means that the emulator never sees the request, `after` that it does. `late` makes it happen
after the answer.
"""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Callable
from email.utils import formatdate
from urllib.parse import quote

from tests.faults.proxy import Behaviour, Exchange, Response

LATE = 0.25  # seconds; shorter than the settle window of the tests
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
_JSON = {"content-type": "application/json"}


def envelope(status: int, code: str = "some_error", message: str = "no", **headers: str) -> Response:
    error = {"code": code, "message": message, "debugTrackingCode": "trk"}
    return Response(status, json.dumps({"success": False, "error": error}).encode(), {**_JSON, **headers})


def _upgrade() -> Response:
    details = {
        "code": "subscription_or_plan_upgrade_required",
        "action": "subscribe_or_upgrade",
        "capability": "create_sourcings",
        "billingUrl": "https://app.kalent.ai/settings/billing",
    }
    error = {
        "code": "plan_upgrade_required",
        "message": "upgrade",
        "debugTrackingCode": "trk",
        "details": details,
    }
    return Response(402, json.dumps({"success": False, "error": error}).encode(), _JSON)


def answering(response: Response, effect: str) -> Behaviour:
    """The given answer, with the effect `none`, `done` or `late`."""

    def behave(exchange: Exchange) -> None:
        if effect == "done":
            exchange.forward()
        elif effect == "late":
            exchange.forward_later(LATE)
        exchange.send(response)

    return behave


def _reset_before(exchange: Exchange) -> None:
    exchange.reset()


def _reset_after(exchange: Exchange) -> None:
    exchange.forward()
    exchange.reset()


def _close_after(exchange: Exchange) -> None:
    exchange.forward()
    exchange.close()


def _close_before(exchange: Exchange) -> None:
    exchange.close()


def _reset_late(exchange: Exchange) -> None:
    exchange.forward_later(LATE)
    exchange.reset()


def _stall_before(exchange: Exchange) -> None:
    exchange.stall(0.9)
    exchange.close()


def _stall_after(exchange: Exchange) -> None:
    exchange.forward()
    exchange.stall(0.9)
    exchange.close()


def _drip_headers(exchange: Exchange) -> None:
    data = exchange.forward().encode()
    for at in range(min(len(data), 60)):
        exchange.raw(data[at : at + 1])
        exchange.stall(0.05)
    exchange.close()


def _drip_body(exchange: Exchange) -> None:
    data = exchange.forward().encode()
    head = data.index(b"\r\n\r\n") + 4
    exchange.raw(data[:head])
    for at in range(head, min(len(data), head + 60)):
        exchange.raw(data[at : at + 1])
        exchange.stall(0.05)
    exchange.close()


def _cut_body(exchange: Exchange) -> None:
    exchange.raw(exchange.forward().encode()[:-7])
    exchange.close()


def _length_too_long(exchange: Exchange) -> None:
    response = exchange.forward()
    response.headers.pop("content-length", None)
    exchange.raw(response.encode().replace(b"content-length: ", b"content-length: 9"))
    exchange.close()


def _length_too_short(exchange: Exchange) -> None:
    body = exchange.forward().body
    exchange.raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n" + body)
    exchange.close()


def _close_on_reuse(exchange: Exchange) -> None:
    exchange.send(exchange.forward())
    exchange.close()  # without `connection: close`: the client believes that it can go on


def _bomb(exchange: Exchange) -> None:
    exchange.forward()
    packed = gzip.compress(b"0" * (200 << 20), compresslevel=1)
    exchange.send(Response(200, packed, {**_JSON, "content-encoding": "gzip"}))


def _deep(exchange: Exchange) -> None:
    exchange.forward()
    exchange.send(Response(200, b"[" * 100_000 + b"]" * 100_000))


def _huge(exchange: Exchange) -> None:
    exchange.forward()
    chunk = b" " * (1 << 20)
    exchange.raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 104857600\r\n\r\n")
    for _ in range(100):
        exchange.raw(chunk)
    exchange.close()


def _without_id(exchange: Exchange) -> None:
    data = exchange.forward().data
    data.get("data", {}).pop("blueprintId", None)
    exchange.send(Response(200, json.dumps(data).encode()))


def _echo_key(exchange: Exchange) -> None:
    key = exchange.request.headers["x-api-key"]
    packed = base64.b64encode(key.encode()).decode()
    exchange.send(envelope(400, "validation_error", f"bad request with {key} {packed} {quote(key, safe='')}"))


def _echo_key_in_page(exchange: Exchange) -> None:
    key = exchange.request.headers["x-api-key"]
    exchange.forward()
    exchange.send(
        Response(500, f"<title>{key}</title>".encode(), {"content-type": "text/html", "location": key})
    )


def _invented_id(exchange: Exchange) -> None:
    """An id that no list will ever show."""
    exchange.forward()
    old = {"blueprintId": "bp_that_is_nowhere", "name": "x", "sourcingId": "sourcing_a"}
    exchange.send(Response(200, json.dumps({"success": True, "data": old}).encode()))


def _old_id(exchange: Exchange) -> None:
    """An id that was given out before, for another blueprint; where there is none, an invented one."""
    exchange.forward()
    there = exchange.proxy.emulator_ids(exchange.request)
    old = {"blueprintId": there[0], "name": "x", "sourcingId": "sourcing_a"}
    exchange.send(Response(200, json.dumps({"success": True, "data": old}).encode()))


WIRE: dict[str, Behaviour] = {
    "reset before": _reset_before,
    "reset after": _reset_after,
    "reset, late effect": _reset_late,
    "close before": _close_before,
    "close after": _close_after,
    "stall before": _stall_before,
    "stall after": _stall_after,
    "drip headers": _drip_headers,
    "drip body": _drip_body,
    "cut body": _cut_body,
    "length too long": _length_too_long,
    "length too short": _length_too_short,
    "closed on reuse": _close_on_reuse,
    "gzip bomb": _bomb,
    "deep JSON": _deep,
    "100 MB": _huge,
    "without id": _without_id,
    "key echoed": _echo_key,
    "key echoed in a page": _echo_key_in_page,
}

_ANSWERS: dict[str, Callable[[], Response]] = {
    "200 empty": lambda: Response(200, b"", {}),
    "200 HTML": lambda: Response(200, _HTML, {"content-type": "text/html"}),
    "200 failure": lambda: Response(200, envelope(200).body),
    "500": lambda: envelope(500, "internal_error"),
    "502 HTML": lambda: Response(502, _HTML, {"content-type": "text/html"}),
    "503 with Retry-After": lambda: envelope(503, "temporal_unavailable", **{"retry-after": "1"}),
    "504 empty": lambda: Response(504, b"", {}),
    "408": lambda: envelope(408, "timeout"),
    "425": lambda: Response(425, b"", {}),
    "429 without envelope": lambda: Response(429, _HTML, {"content-type": "text/html"}),
    "302 here": lambda: Response(302, b"", {"location": "/api/v1/elsewhere"}),
}
_REDIRECTS = {
    f"{status} to {where}": (status, location)
    for status in (301, 302, 307, 308)
    for where, location in (
        ("the same host", "/api/v1/elsewhere"),
        ("another host", "http://127.0.0.1:9/trap"),
    )
}
AMBIGUOUS: dict[str, Behaviour] = {
    f"{name}, {effect}": answering(make(), effect)
    for name, make in _ANSWERS.items()
    for effect in ("none", "done", "late")
} | {
    name: answering(Response(status, b"", {"location": location}), "done" if status == 302 else "none")
    for name, (status, location) in _REDIRECTS.items()
}

REFUSALS: dict[str, Behaviour] = {
    "400": answering(envelope(400, "validation_error"), "none"),
    "401": answering(envelope(401, "invalid_api_key"), "none"),
    "402": answering(envelope(402, "plan_upgrade_required"), "none"),
    "403": answering(envelope(403, "forbidden"), "none"),
    "404": answering(envelope(404, "not_found"), "none"),
    "409": answering(envelope(409, "conflict"), "none"),
    "422": answering(envelope(422, "unprocessable"), "none"),
    "401 bare string": answering(Response(401, b'{"success": false, "error": "Invalid API key"}'), "none"),
    "402 with details": answering(_upgrade(), "none"),
    "bare string": answering(Response(400, b'{"success": false, "error": "Missing API key"}'), "none"),
}

LIMITS: dict[str, Behaviour] = {
    f"429 {name}": answering(envelope(429, "rate_limit_exceeded", **headers), "none")
    for name, headers in {
        "seconds": {"retry-after": "0.1"},
        "date": {"retry-after": formatdate(time.time() + 1, usegmt=True)},
        "past date": {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"},
        "negative": {"retry-after": "-5"},
        "inf": {"retry-after": "inf"},
        "nan": {"retry-after": "nan"},
        "absent": {},
    }.items()
} | {
    f"429 bare string {of}": answering(
        Response(429, json.dumps({"success": False, "error": said}).encode()), "none"
    )
    for of, said in {
        "per IP": "Too many requests, please try again later",
        "per key": "Rate limit exceeded: 60 requests per minute",
    }.items()
}

EVERYTHING: dict[str, Behaviour] = {**WIRE, **AMBIGUOUS, **REFUSALS, **LIMITS}
FOR_CREATES: dict[str, Behaviour] = {**EVERYTHING, "an old id": _old_id, "an invented id": _invented_id}
