"""One request, one answer, within bounds. The only user of httpx.

Nothing is sent twice here and no redirect is followed: the header with the key would go along. Each thread has
a client of its own, because one client under many threads stalls; they share one TLS context.
"""

from __future__ import annotations

import json
import re
import threading
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final, Protocol, TypeAlias
from urllib.parse import urlsplit

import httpx

from kalentops import __version__
from kalentops.errors import InvalidConfig
from kalentops.http.dialect import KALENT, Dialect
from kalentops.http.remedies import remedies
from kalentops.http.secret import ApiKey
from kalentops.http.verdict import Answer, Trouble
from kalentops.http.watchdog import Connection, Watchdog
from kalentops.support.text import clip, visible

MAX_ANSWER: Final = 16 << 20
_CONNECT: Final = 10.0
_IDLE: Final = 4.0
_NEXT: Final = re.compile(
    r""";\s*rel\s*=\s*"?next"?\s*(?:[;,]|$)""", re.IGNORECASE
)  # RFC 8288; the address is not used
# Raised before the first byte of the request: connecting, TLS, or the way through a proxy.
_NOT_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


Query: TypeAlias = Mapping[str, int | str]


class Transport(Protocol):
    """What the client needs of a network."""

    def send(self, method: str, path: str, *, query: Query | None = None, body: Any = None) -> Answer:
        """The answer to one request. Never raises for what a network or a server can do."""
        ...


@dataclass(frozen=True, slots=True)
class Network:
    """How to get to the API: `timeout` is the longest silence within an answer and half of the longest answer,
    in seconds; `ca_file` and `proxy` come from options or the environment only. `unread_proxy` is the variable that
    names a proxy and is not read.
    """

    url: str
    timeout: float = 60.0
    ca_file: str | None = None
    proxy: str | None = None
    unread_proxy: str | None = None


class HttpTransport:
    """The real network."""

    def __init__(
        self,
        network: Network,
        key: ApiKey,
        *,
        dialect: Dialect = KALENT,
        debug: Callable[[str], None] | None = None,
        giving_up: Callable[[], bool] = lambda: False,
    ) -> None:
        """As soon as `giving_up` says so, what is read is let go of. Raises InvalidConfig where the CA file or the
        proxy can't be used.
        """
        self._network = network
        self._key = key
        self._dialect = dialect
        self._debug = debug
        self._local = threading.local()
        self._clients: list[httpx.Client] = []
        self._watchdog = Watchdog(giving_up)
        if network.proxy and network.url.startswith("http://"):
            raise InvalidConfig(
                "the key would travel in the clear through the proxy",
                hint="leave out --proxy and KALENTOPS_PROXY: a loopback address needs none",
            )
        self._tls = _tls(network)
        try:
            self._client()
        except (ValueError, ImportError, httpx.InvalidURL):
            raise InvalidConfig(
                "the proxy can't be used", hint="--proxy is like http://proxy.example:3128"
            ) from None

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self._watchdog.close()

    def _client(self) -> tuple[httpx.Client, Connection]:
        """The client of this thread, and what the watchdog has to know of it."""
        own: tuple[httpx.Client, Connection] | None = getattr(self._local, "own", None)
        if own is None:
            client = httpx.Client(
                verify=self._tls,
                proxy=self._network.proxy,
                trust_env=False,
                follow_redirects=False,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # none is kept, none is sent
                timeout=httpx.Timeout(self._network.timeout, connect=min(_CONNECT, self._network.timeout)),
                limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=_IDLE),
                headers={
                    **self._dialect.fixed,
                    "user-agent": f"kalentops/{__version__}",
                    "accept-encoding": "identity",
                },
            )
            own = self._local.own = (client, Connection())
            self._clients.append(client)
        return own

    def send(self, method: str, path: str, *, query: Query | None = None, body: Any = None) -> Answer:
        content = (
            None if body is None else json.dumps(body, ensure_ascii=False).encode(errors="surrogatepass")
        )
        headers = self._dialect.credentials(self._key)
        if content is not None:
            headers["content-type"] = "application/json"
        url = f"{self._network.url}{path}"
        client, connection = self._client()
        extensions = {"trace": connection.trace}
        limit = 2 * self._network.timeout
        try:
            with (
                self._watchdog.over(connection, limit, reads=method == "GET"),
                client.stream(
                    method, url, params=query, content=content, headers=headers, extensions=extensions
                ) as response,
            ):
                answer = self._answer(response)
        except _NOT_SENT as error:
            answer = Answer(trouble=Trouble.NOT_SENT, reason=self._reason(error))
        except (
            httpx.HTTPError,
            httpx.InvalidURL,
            httpx.StreamError,
            OSError,
            RuntimeError,
            ValueError,
        ) as error:
            answer = Answer(trouble=Trouble.LOST, reason=self._reason(error))
        if connection.was_cut and answer.trouble is not Trouble.NOT_SENT:
            # What was read may look whole: an answer of no stated length ends where the connection does.
            why = (
                "given up, because the run is to end"
                if connection.given_up
                else f"no whole answer within {limit:g} s"
            )
            answer = Answer(trouble=Trouble.LOST, reason=why)
        if self._debug is not None:
            with suppress(OSError, ValueError):  # a stderr that is gone must not cost the answer
                self._debug(f"{method} {path} {dict(query or {}) or ''} -> {_brief(answer)}")
        return answer

    def _reason(self, error: Exception) -> str:
        said = clip(self._key.scrub(str(error)), 200)
        word = _WORDS.get(type(error), type(error).__name__)
        if not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
            return f"{word}{': ' + said if said else ''}"
        whole = f"{word} {self._whereto()}{': ' + said if said else ''}"
        network = self._network
        return "; ".join([whole, *remedies(whole, proxy=network.proxy, unread=network.unread_proxy)])

    def _whereto(self) -> str:
        """Whom it tried to reach, so that a mistyped address is seen. Not the proxy's URL: it may hold a password."""
        where = "through the proxy to" if self._network.proxy else "to"
        return f"{where} {clip(self._key.scrub(urlsplit(self._network.url).netloc), 100)}"

    def _answer(self, response: httpx.Response) -> Answer:
        wait = self._dialect.wait(response.headers)
        data = _read(response)
        if isinstance(data, str):
            return Answer(status=response.status_code, trouble=Trouble.LOST, reason=data, retry_after=wait)
        text = data.decode(errors="replace")
        try:
            body, reason = self._scrubbed(json.loads(text), text), ""
        except (ValueError, RecursionError):
            body, reason = None, self._what_instead(response, text)
        more = _NEXT.search(response.headers.get("link", "")) is not None
        return Answer(status=response.status_code, body=body, reason=reason, retry_after=wait, more=more)

    def _scrubbed(self, body: Any, text: str) -> Any:
        """A parsed body without the key.

        What was a success holds ids and names that have to stay what they are, so only a key that nobody could
        have hit upon by chance is taken out of it.
        """
        if isinstance(body, dict) and body.get("success") is True and not self._key.surely_in(text):
            return body
        return _each_text(body, self._key.scrub)

    def _what_instead(self, response: httpx.Response, text: str) -> str:
        if response.is_redirect:
            target = self._key.scrub(response.headers.get("location", "somewhere"))
            return f"a redirect to {clip(target, 100)}, which is not followed"
        if not text.strip():
            return "an empty body"
        title = re.search(r"<title>([^<]{1,80})</title>", text[:4096], re.IGNORECASE)
        if title or text.lstrip()[:1] == "<":
            return f"a page instead of JSON{': ' + clip(self._key.scrub(title[1].strip())) if title else ''}"
        return "a body that is not JSON"


def _tls(network: Network) -> Any:
    """The context that all clients share; making one takes longer than a request."""
    if network.url.startswith("http://"):
        return False
    if network.ca_file is None:
        return httpx.create_ssl_context(trust_env=False)
    import ssl

    try:
        return ssl.create_default_context(cafile=network.ca_file)
    except (OSError, ValueError) as error:
        said = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.args[-1]
        raise InvalidConfig(
            f"the CA file {visible(network.ca_file)} can't be used: {said}",
            hint="--ca-file and KALENTOPS_CA_FILE take a file of certificates in PEM form",
        ) from None


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    """The same JSON with each of its texts changed, keys included. Raises RecursionError."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_each_text(each, change) for each in value]
    if isinstance(value, dict):
        return {change(key): _each_text(each, change) for key, each in value.items()}
    return value


def _read(response: httpx.Response) -> bytes | str:
    """The body, unpacked, or why it is not read to its end."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"gzip", "deflate"}:  # not asked for, but something in between may do it
        unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)
    elif encoding in {"identity", ""}:
        unpack = None
    else:
        return f"an answer packed as {clip(encoding, 20)}, which was not asked for"
    found = bytearray()
    for chunk in response.iter_raw():
        try:
            found += chunk if unpack is None else unpack.decompress(chunk, MAX_ANSWER + 1 - len(found))
        except zlib.error:
            return "an answer that can't be unpacked"
        if len(found) > MAX_ANSWER:
            return f"an answer larger than {MAX_ANSWER >> 20} MiB"
    if unpack is not None and not unpack.eof:
        return "an answer that is cut short"
    return bytes(found)


_WORDS: Final[dict[type[Exception], str]] = {
    httpx.ConnectError: "no connection",
    httpx.ConnectTimeout: "no connection in time",
    httpx.ProxyError: "no way",
    httpx.ReadTimeout: "no answer in time",
    httpx.WriteTimeout: "the request could not be sent in time",
    httpx.ReadError: "the connection broke while waiting for the answer",
    httpx.WriteError: "the connection broke while sending",
    httpx.RemoteProtocolError: "the connection was closed without a whole answer",
}


def _brief(answer: Answer) -> str:
    """An answer for --debug-http: never more than its outline, because bodies hold candidates' messages."""
    if answer.trouble is not None:
        return f"{answer.trouble.value}: {answer.reason}"
    body = answer.body
    if isinstance(body, dict) and "error" in body:
        return f"{answer.status} {clip(json.dumps(body['error'], default=str), 300)}"
    data = body.get("data") if isinstance(body, dict) else None
    keys = sorted(data) if isinstance(data, dict) else type(body).__name__
    return f"{answer.status} {keys} {answer.reason}".rstrip()
