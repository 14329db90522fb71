"""The endpoints that kalentops reads, and the address of the API. Read-only commands never import `write_client`."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NoReturn, TypeAlias, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from kalentops.blueprint.remote import Remote, RemoteSourcing
from kalentops.errors import Forbidden, InvalidConfig, RefusedByApi, Unauthorized, Unreachable, UntrustedList
from kalentops.http.retry import ATTEMPTS, Throttle, TryAgain
from kalentops.http.transport import Query, Transport
from kalentops.http.verdict import Answer, Refused, Trouble, classify, describe, envelope
from kalentops.kalent.lists import PAGE_SIZE, GetPage, read_blueprints, read_sourcings
from kalentops.support.clock import utc
from kalentops.support.text import clip, is_safe_id

DEFAULT_URL: Final = "https://app.kalent.ai/api"
_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]+")  # a name or an IPv4 address, or an IPv6 address
_NOT_FOUND: Final = 404
_TOO_MANY: Final = 429
_LIST_ATTEMPTS: Final = 3
_T = TypeVar("_T")

Ownership: TypeAlias = Literal["mine", "all"]


class ReadOnly:
    """A transport for read-only commands: it sends GET requests alone."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(self, method: str, path: str, *, query: Query | None = None, body: Any = None) -> Answer:
        """Raises AssertionError for everything but a GET without a body."""
        if method != "GET" or body is not None:
            raise AssertionError(f"{method} {path} in a command that only reads")
        return self._transport.send(method, path, query=query)


class ReadApi:
    """The GET endpoints, with retries. `url` is the transport's, for messages."""

    def __init__(self, transport: Transport, throttle: Throttle, url: str = DEFAULT_URL) -> None:
        self._transport = transport
        self._throttle = throttle
        self._url = url
        self._told: tuple[datetime, float] | None = None

    def list_blueprints(self, sourcing_id: str) -> tuple[Remote, ...]:
        """Every blueprint of a sourcing.

        Raises Unauthorized (401, 402, 403), RefusedByApi (other 4xx), Unreachable, UntrustedList, Interrupted.
        """
        path = f"/v1/sourcings/{checked_id(sourcing_id)}/sequence-blueprints"
        return self._whole(path, {}, lambda get_page: read_blueprints(get_page, sourcing_id))

    def time(self) -> str | None:
        """The time of day by the API's clock, as its last answer told it: the one clock that all machines share."""
        if self._told is None:
            return None
        date, at = self._told
        return utc(date + timedelta(seconds=self._throttle.monotonic() - at))

    def list_sourcings(self, *, ownership: Ownership, closed: bool) -> tuple[RemoteSourcing, ...]:
        """Every sourcing in progress, or every closed one, in the order of the API. Raises like `list_blueprints`."""
        query = {"ownership": ownership, "status": "closed" if closed else "in-progress"}
        return self._whole("/v1/sourcings", query, read_sourcings)

    def _whole(self, path: str, query: Query, read: Callable[[GetPage], tuple[_T, ...]]) -> tuple[_T, ...]:
        """All pages of a list; an inconsistent list is read again from its start."""

        def page(number: int) -> Any:
            return self._get(path, {**query, "page": number, "pageSize": PAGE_SIZE})

        def attempt(_: int) -> tuple[_T, ...]:
            try:
                return read(page)
            except UntrustedList as error:
                raise TryAgain(error) from error

        try:
            return self._throttle.retry(attempt, attempts=_LIST_ATTEMPTS)
        except TryAgain as error:
            raise _as_error(error.value) from None

    def _get(self, path: str, query: Query) -> Any:
        def attempt(number: int) -> Any:
            self._throttle.enter(number, reads=True)
            answer = self._transport.send("GET", path, query=query)
            if answer.date is not None:
                self._told = answer.date, self._throttle.monotonic()
            body = answer.body
            if answer.status == 200 and isinstance(body, Mapping) and body.get("success") is True:  # noqa: PLR2004
                return body.get("data")
            return self._again_or_raise(answer, number)

        try:
            return self._throttle.retry(attempt)
        except TryAgain as error:
            answer = _as_answer(error.value)
            hint = self._not_found if answer.status == _NOT_FOUND else None
            limited = (
                f"rate limited: gave up after {ATTEMPTS} attempts" if answer.status == _TOO_MANY else None
            )
            said = limited or f"the API could not be read: {describe(answer)}"
            raise Unreachable(said, hint=hint) from None

    def _again_or_raise(self, answer: Answer, number: int) -> NoReturn:
        refusal = envelope(answer)
        if answer.status in {401, 402, 403}:
            kind = Forbidden if answer.status == 403 else Unauthorized  # noqa: PLR2004
            raise kind(_said(answer, refusal), hint=_HINTS[answer.status])
        if answer.status == _TOO_MANY:
            self._throttle.limited(answer.retry_after, number)
        elif isinstance(classify(answer), Refused):
            hint = self._not_found if answer.status == _NOT_FOUND else None
            raise RefusedByApi(_said(answer, refusal), hint=hint)
        self._throttle.check_cancelled()
        raise TryAgain(answer)

    @property
    def _not_found(self) -> str:
        default = "the default" if self._url == DEFAULT_URL else f"the default is {DEFAULT_URL}"
        return f"the request went to {self._url} ({default}); check KALENT_API_URL and the sourcingId"


def checked_id(identifier: str) -> str:
    """Raises RefusedByApi for an id that is not safe in a path."""
    if not is_safe_id(identifier):
        raise RefusedByApi(f"`{clip(identifier)}` is not a valid id")
    return identifier


def _as_error(value: object) -> Exception:
    return value if isinstance(value, Exception) else Unreachable("the API could not be read")


def _as_answer(value: object) -> Answer:
    return value if isinstance(value, Answer) else Answer(trouble=Trouble.LOST, reason="no answer")


def _said(answer: Answer, refusal: Refused | None) -> str:
    return f"the API refused: {refusal.message} (HTTP {answer.status})" if refusal else describe(answer)


_HINTS: Final = {
    401: "check KALENT_API_KEY: it is missing, mistyped or revoked, or its user has left the workspace",
    402: "the workspace's plan or credits do not cover this; change them on Kalent's billing page, then run it again",
    403: "this key has no permission; use a key of the workspace that owns the sourcing",
}


def check_url(url: str, variable: str = "KALENT_API_URL", example: str = DEFAULT_URL) -> str:
    """The base URL in its normal form: lower case up to the path, no slash at its end, no default port.

    Raises InvalidConfig, without credentials in it, for plain http beyond a loopback address, credentials, a query or a
    fragment. `variable` names the setting in messages.
    """
    hint = f"set {variable} to a URL like {example}; http:// is allowed for loopback addresses only"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # its own words may hold a password
        raise InvalidConfig(
            f"{variable} is not a valid URL: its host or port is malformed", hint=hint
        ) from None
    if "@" in parts.netloc:
        raise InvalidConfig(f"{variable} contains a user name or a password", hint=hint)
    if parts.scheme not in _PORTS or not host or port == 0:
        raise InvalidConfig(f"{variable} is not a URL of the API: {_shown(url)}", hint=hint)
    if not re.fullmatch(r"[!-~]+", url) or set(url) & set("?#\\") or not _HOST.fullmatch(host):
        raise InvalidConfig(f"{variable} is not a base URL: {_shown(url)}", hint=hint)
    if any(_is_dots(each) for each in parts.path.split("/")):
        raise InvalidConfig(f"{variable} is not a base URL: {_shown(url)} leaves its own path", hint=hint)
    if parts.scheme == "http" and not _is_loopback(host):
        raise InvalidConfig(f"the API key would be sent unencrypted to {clip(host)}", hint=hint)
    return _normal(parts)


def _is_dots(segment: str) -> bool:
    """Whether a server may read it as `..` or as several segments, however often it is encoded."""
    plain = unquote(segment)
    while plain != segment:
        segment, plain = plain, unquote(plain)
    return segment.partition(";")[0] in {".", ".."} or bool(set(segment) & set("/\\"))


def _shown(url: str) -> str:
    return clip(re.sub(r".*@", "***@", url))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _normal(parts: SplitResult) -> str:
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port and parts.port != _PORTS[parts.scheme] else ""
    return f"{parts.scheme}://{name}{port}{parts.path.rstrip('/')}"


def tenant(url: str) -> str:
    """A fingerprint of the API that a state belongs to, from its valid base URL."""
    return "url:" + hashlib.sha256(_normal(urlsplit(url)).encode()).hexdigest()[:16]
