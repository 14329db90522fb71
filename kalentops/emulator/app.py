"""The API over HTTP as an ASGI application; envelopes and codes are those of docs/reference/kalent-api.md."""

import asyncio
import hmac
import logging
import re
import secrets
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple, overload
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from kalentops.emulator import ApiFailure, Issue, not_found, refusal
from kalentops.emulator.checks import create_issues, parse, update_issues
from kalentops.emulator.store import Paging, Store

MAX_BODY = 4 * 1024 * 1024
BLUEPRINTS = "/api/v1/sourcings/{sourcingId}/sequence-blueprints"
BLUEPRINT = "/api/v1/sequence-blueprints/{blueprintId}"
START = "/api/v1/sequence-blueprints/{blueprintId}/start"
SOURCINGS = "/api/v1/sourcings"
UNKNOWN = "/{path:path}"

MAX_PAGE_SIZE = 50
# ASCII digits only, and few enough that page times size fits SQLite's integers.
_NUMBER = re.compile(r"[0-9]{1,9}")

_log = logging.getLogger(__name__)


KEPT = 100_000


class Entry(NamedTuple):
    """One answered request; `path` as sent, decoded, without the query."""

    method: str
    path: str
    status: int


class RequestLog(Sequence[Entry]):
    """The last 100,000 requests, oldest first; safe to read while the server writes."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._requests: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def add(self, entry: Entry, route: str) -> None:
        with self._lock:
            self._entries.append(entry)
            self._requests[entry.method, route] += 1

    @property
    def requests(self) -> Counter[tuple[str, str]]:
        """All requests so far by (method, route), such as `("GET", "/api/v1/sourcings")`; a copy."""
        with self._lock:
            return Counter(self._requests)

    def _snapshot(self) -> list[Entry]:
        with self._lock:
            return list(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._snapshot())

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        return self._snapshot()[index]


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read; header names are in lower case."""

    store: Store
    params: Mapping[str, str]
    query: bytes
    headers: Mapping[bytes, bytes]
    raw: bytes

    def parsed(self) -> dict[str, Any]:
        if len(self.raw) > MAX_BODY:
            raise refusal([Issue("", f"the body is larger than {MAX_BODY} bytes")])
        return parse(self.raw, self.headers.get(b"content-type", b"").decode("latin-1"))


Handler = Callable[[Call], JSONResponse]


def create_app(store: Store, *, latency: float = 0.0, api_key: str | None = None) -> Starlette:
    """The API on `store`; `app.state.log` is its `RequestLog`.

    `latency` (seconds) passes after a request took effect and before it is answered. Without `api_key` any
    key that is not empty will do.
    """
    site = _Site(store, RequestLog(), latency, None if api_key is None else api_key.encode())
    app = Starlette(
        routes=[Route(path, _Endpoint(site, path, handlers)) for path, handlers in _ROUTES.items()]
    )
    app.state.log = site.log
    app.state.store = store
    return app


@dataclass(frozen=True, slots=True)
class _Site:
    store: Store
    log: RequestLog
    latency: float
    key: bytes | None


class _Endpoint:
    """What each route does around its handlers, without the cost of middleware."""

    def __init__(self, site: _Site, route: str, handlers: Mapping[str, Handler]) -> None:
        self._site = site
        self._route = route
        self._handlers = handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = await _read(receive)
        if raw is None:
            return
        response = self._answer(scope, raw)
        self._site.log.add(Entry(scope["method"], scope["path"], response.status_code), self._route)
        if self._site.latency:
            await asyncio.sleep(self._site.latency)
        await response(scope, receive, send)

    def _answer(self, scope: Scope, raw: bytes) -> JSONResponse:
        try:
            headers = dict(scope["headers"])
            self._check_key(headers.get(b"x-api-key", b""))
            handler = self._handler(scope)
            return handler(Call(self._site.store, scope["path_params"], scope["query_string"], headers, raw))
        except ApiFailure as failure:
            return _failed(failure)
        except Exception:  # noqa: BLE001 - whatever it is, the client is owed an envelope
            _log.exception("%s %s", scope["method"], self._route)
            return _failed(ApiFailure(500, "internal_error", "internal error"))

    def _check_key(self, given: bytes) -> None:
        if not given:
            raise ApiFailure(401, "missing_api_key", "Missing API key")
        expected = self._site.key
        if expected is not None and not hmac.compare_digest(given, expected):
            raise ApiFailure(401, "invalid_api_key", "Invalid API key")

    def _handler(self, scope: Scope) -> Handler:
        if not self._handlers:
            raise not_found(f"route {scope['path']}")
        handler = self._handlers.get(scope["method"])
        if handler is None:
            allowed = ", ".join(self._handlers)
            raise ApiFailure(
                405, "method_not_allowed", f"{scope['method']} is not allowed here, only {allowed}"
            )
        return handler


async def _read(receive: Receive) -> bytes | None:
    """The body, cut one byte past the bound; None when the client left before its end."""
    kept = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        # The rest is read too: a client that is still sending would see a reset instead of the answer.
        kept += message.get("body", b"")[: MAX_BODY + 1 - len(kept)]
        if not message.get("more_body", False):
            return bytes(kept)


def _done(data: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> JSONResponse:
    return JSONResponse({"success": True, "data": data}, status)


def _failed(failure: ApiFailure) -> JSONResponse:
    error: dict[str, Any] = {
        "code": failure.code,
        "message": failure.message,
        "debugTrackingCode": secrets.token_hex(8),
    }
    if failure.details is not None:
        error["details"] = failure.details
    return JSONResponse({"success": False, "error": error}, failure.status)


def _create_blueprint(call: Call) -> JSONResponse:
    given = call.parsed()
    if issues := create_issues(given):
        raise refusal(issues)
    made = call.store.create(
        call.params["sourcingId"], given["name"], given.get("steps", []), given.get("config")
    )
    data = {"blueprintId": made.blueprint_id, "name": made.name, "sourcingId": made.sourcing_id}
    return _done(data, HTTPStatus.CREATED)


def _update_blueprint(call: Call) -> JSONResponse:
    given = call.parsed()
    if issues := update_issues(given):
        raise refusal(issues)
    blueprint_id = call.params["blueprintId"]
    call.store.update(blueprint_id, **given)
    # "What `data` holds is not documented": as little as possible, so that no client leans on it.
    return _done({"blueprintId": blueprint_id})


def _list_blueprints(call: Call) -> JSONResponse:
    paging, _ = _paging(call.query, size=20, choices={})
    items, total = call.store.blueprint_page(call.params["sourcingId"], paging)
    return _done(
        {"sequenceBlueprints": [item.listed() for item in items], "pagination": paging.as_json(total)}
    )


def _list_sourcings(call: Call) -> JSONResponse:
    choices = {"ownership": ("mine", "all"), "status": ("in-progress", "closed")}
    paging, chosen = _paging(call.query, size=8, choices=choices)
    items, total = call.store.sourcing_page(
        paging, status=chosen["status"], only_mine=chosen["ownership"] == "mine"
    )
    sourcings = [{"sourcingId": item.sourcing_id, "name": item.name} for item in items]
    return _done({"sourcings": sourcings, "pagination": paging.as_json(total)})


def _refuse_start(_: Call) -> JSONResponse:
    raise ApiFailure(403, "forbidden", "this stand-in never starts a sequence")


def _paging(
    raw: bytes, *, size: int, choices: Mapping[str, tuple[str, ...]]
) -> tuple[Paging, dict[str, str]]:
    """Paging (`size` unless `pageSize` is given), and a value for each of `choices` (default: the first).

    Raises `ApiFailure` (400) for unknown or repeated parameters and for values out of range.
    """
    pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True)
    given = dict(pairs)
    issues = [] if len(given) == len(pairs) else [Issue("query", "a parameter is given more than once")]
    issues += [Issue(key, "unknown parameter") for key in given if key not in {"page", "pageSize", *choices}]
    issues += [
        Issue(key, f"must be one of {', '.join(allowed)}")
        for key, allowed in choices.items()
        if given.get(key, allowed[0]) not in allowed
    ]
    page, page_size = _number(given.get("page", "0")), _number(given.get("pageSize", str(size)))
    if page is None:
        issues.append(Issue("page", "must be an integer, zero or more"))
    if page_size is None or not 1 <= page_size <= MAX_PAGE_SIZE:
        issues.append(Issue("pageSize", f"must be an integer from 1 to {MAX_PAGE_SIZE}"))
    if issues or page is None or page_size is None:
        raise refusal(issues)
    return Paging(page, page_size), {key: given.get(key, allowed[0]) for key, allowed in choices.items()}


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None


_ROUTES: dict[str, dict[str, Handler]] = {
    BLUEPRINTS: {"GET": _list_blueprints, "POST": _create_blueprint},
    BLUEPRINT: {"PATCH": _update_blueprint},
    SOURCINGS: {"GET": _list_sourcings},
    START: {"POST": _refuse_start},
    UNKNOWN: {},
}
