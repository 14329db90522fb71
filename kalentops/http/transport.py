"""One request, one answer, within limits of time and size.

It neither retries nor follows redirects, which would carry the API key along. Each thread has a connection of its own,
because one pool under many threads stalls; they share one TLS context. An `httpx.Client` would add to each request what
is not needed here (cookies, redirects, authentication), for as much CPU as the request itself: its transport is called
without one.
"""

from __future__ import annotations

import json
import math
import re
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol, TypeAlias
from urllib.parse import urlencode, urlsplit

import httpx

from kalentops import __version__
from kalentops.errors import InvalidConfig
from kalentops.http.retry import retry_after, server_date
from kalentops.http.secret import ApiKey
from kalentops.http.verdict import Answer, Trouble
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


@dataclass(frozen=True, slots=True)
class Dialect:
    """`header` carries the key, after `scheme`; `fixed` headers go with every request. `wait` gives the seconds to wait
    that the headers of an answer ask for, if they do; header names are looked up in lower case.
    """

    header: str
    scheme: str
    fixed: Mapping[str, str]
    wait: Callable[[Mapping[str, str]], float | None]

    def credentials(self, key: ApiKey) -> dict[str, str]:
        return {self.header: f"{self.scheme}{key.reveal()}"}


KALENT: Final = Dialect(
    "x-api-key",
    "",
    {"accept": "application/json"},
    lambda headers: retry_after(headers.get("retry-after")),
)


Query: TypeAlias = Mapping[str, int | str]
_url = lru_cache(maxsize=4096)(httpx.URL)  # each list is read twice at least, and parsing takes long


class Transport(Protocol):
    def send(self, method: str, path: str, *, query: Query | None = None, body: Any = None) -> Answer:
        """The answer to one request. Never raises for a fault of network or server."""
        ...


@dataclass(frozen=True, slots=True)
class Network:
    """How to reach an API. `timeout`: the read timeout in seconds; a whole answer may take twice as long.
    `unread_proxy`: a variable that names a proxy, which kalentops does not read.
    """

    url: str
    timeout: float = 60.0
    ca_file: str | None = None
    proxy: str | None = None
    unread_proxy: str | None = None


class HttpTransport:
    def __init__(
        self,
        network: Network,
        key: ApiKey,
        *,
        dialect: Dialect = KALENT,
        debug: Callable[[str], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """`cancelled` says whether to give up reads in progress. Raises InvalidConfig for the CA file or the proxy."""
        self._network = network
        self._key = key
        self._dialect = dialect
        self._debug = debug
        self._local = threading.local()
        self._clients: list[httpx.HTTPTransport] = []
        self._watchdog = Watchdog(cancelled)
        if network.proxy and network.url.startswith("http://"):
            raise InvalidConfig(
                "the API key would be sent unencrypted through the proxy",
                hint="remove --proxy and KALENTOPS_PROXY: a loopback address needs no proxy",
            )
        self._tls = _tls(network)
        timeout = network.timeout
        self._timeouts = httpx.Timeout(timeout, connect=min(_CONNECT, timeout)).as_dict()
        headers = {
            "host": urlsplit(network.url).netloc,
            **dialect.fixed,
            **dialect.credentials(key),
            "user-agent": f"kalentops/{__version__}",
            "accept-encoding": "identity",
        }
        self._headers = httpx.Headers(headers)
        try:
            self._client()
        except (ValueError, ImportError, httpx.InvalidURL):
            raise InvalidConfig(
                "the URL of the proxy is not valid", hint="pass a URL like --proxy http://proxy.example:3128"
            ) from None

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self._watchdog.close()

    def _client(self) -> tuple[httpx.HTTPTransport, Connection]:
        """The client of this thread, and its connection for the watchdog."""
        own: tuple[httpx.HTTPTransport, Connection] | None = getattr(self._local, "own", None)
        if own is None:
            client = httpx.HTTPTransport(
                verify=self._tls,
                proxy=self._network.proxy,
                trust_env=False,
                limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=_IDLE),
            )
            own = self._local.own = (client, Connection())
            self._clients.append(client)
        return own

    def _request(self, method: str, path: str, query: Query | None, body: Any) -> httpx.Request:
        content, headers = b"", self._headers
        if body is not None:
            content = json.dumps(body, ensure_ascii=False).encode(errors="surrogatepass")
            length = b"%d" % len(content)
            headers = httpx.Headers(
                [*headers.raw, (b"content-type", b"application/json"), (b"content-length", length)]
            )
        return httpx.Request(
            method,
            _url(f"{self._network.url}{path}{f'?{urlencode(query)}' if query else ''}"),
            headers=headers,
            stream=httpx.ByteStream(content),  # with `content`, the headers would be made twice
            extensions={"timeout": self._timeouts},
        )

    def send(self, method: str, path: str, *, query: Query | None = None, body: Any = None) -> Answer:
        client, connection = self._client()
        limit = 2 * self._network.timeout
        try:
            request = self._request(method, path, query, body)
            request.extensions["trace"] = connection.trace
            with (
                self._watchdog.watch(connection, limit, reads=method == "GET"),
                closing(client.handle_request(request)) as response,
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
            # It may look complete: an answer of no stated length ends where the connection does.
            why = (
                "cancelled because the run was interrupted"
                if connection.cancelled
                else f"no complete answer within {limit:g} s"
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
        whole = f"{word} {self._target()}{': ' + said if said else ''}"
        network = self._network
        return "; ".join([whole, *remedies(whole, proxy=network.proxy, unread=network.unread_proxy)])

    def _target(self) -> str:
        """The host, so that a mistyped one is seen. Never the proxy's URL, which may hold a password."""
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
            body, reason = None, self._not_json(response, text)
        more = _NEXT.search(response.headers.get("link", "")) is not None
        date = server_date(response.headers.get("date"))
        return Answer(
            status=response.status_code, body=body, reason=reason, retry_after=wait, more=more, date=date
        )

    def _scrubbed(self, body: Any, text: str) -> Any:
        """A body without the key. A successful answer holds ids and names that must not change: a key that may occur
        in it by chance stays.
        """
        if isinstance(body, dict) and body.get("success") is True and not self._key.is_surely_in(text):
            return body
        return _each_text(body, self._key.scrub)

    def _not_json(self, response: httpx.Response, text: str) -> str:
        if response.is_redirect:
            target = self._key.scrub(response.headers.get("location", "an unknown address"))
            return f"a redirect to {clip(target, 100)}, which is not followed"
        if not text.strip():
            return "an empty body"
        title = re.search(r"<title>([^<]{1,80})</title>", text[:4096], re.IGNORECASE)
        if title or text.lstrip()[:1] == "<":
            return f"HTML instead of JSON{': ' + clip(self._key.scrub(title[1].strip())) if title else ''}"
        return "an answer that is not JSON"


def _tls(network: Network) -> Any:
    """The context that all clients share: creating one takes longer than a request."""
    if network.url.startswith("http://"):
        return False
    if network.ca_file is None:
        return httpx.create_ssl_context(trust_env=False)
    import ssl

    try:
        return ssl.create_default_context(cafile=network.ca_file)
    except (OSError, ValueError) as error:
        said = "it contains no certificate" if isinstance(error, ssl.SSLError) else error.args[-1]
        raise InvalidConfig(
            f"the CA file {visible(network.ca_file)} can't be used: {said}",
            hint="pass a file of certificates in PEM format with --ca-file or KALENTOPS_CA_FILE",
        ) from None


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    """The same JSON with `change` applied to each string, keys included. Raises RecursionError."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_each_text(each, change) for each in value]
    if isinstance(value, dict):
        return {change(key): _each_text(each, change) for key, each in value.items()}
    return value


def _read(response: httpx.Response) -> bytes | str:
    """The decoded body, or why there is none."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"gzip", "deflate"}:  # not requested, but a proxy may do it
        unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)
    elif encoding in {"identity", ""}:
        unpack = None
    else:
        return f"an answer in the unsupported encoding {clip(encoding, 20)}"
    found = bytearray()
    for chunk in response.iter_raw():
        try:
            found += chunk if unpack is None else unpack.decompress(chunk, MAX_ANSWER + 1 - len(found))
        except zlib.error:
            return "an answer that can't be decompressed"
        if len(found) > MAX_ANSWER:
            return f"an answer larger than {MAX_ANSWER >> 20} MiB"
    if unpack is not None and not unpack.eof:
        return "an incomplete answer"
    return bytes(found)


_WORDS: Final[dict[type[Exception], str]] = {
    httpx.ConnectError: "no connection",
    httpx.ConnectTimeout: "timed out while connecting",
    httpx.ProxyError: "no connection",
    httpx.ReadTimeout: "no answer before the timeout",
    httpx.WriteTimeout: "sending the request timed out",
    httpx.ReadError: "the connection was lost while waiting for the answer",
    httpx.WriteError: "the connection was lost while sending",
    httpx.RemoteProtocolError: "the connection was closed before the answer was complete",
}


def _brief(answer: Answer) -> str:
    """An answer for --debug-http: the outline alone, because bodies hold candidates' messages."""
    if answer.trouble is not None:
        return f"{answer.trouble.value}: {answer.reason}"
    body = answer.body
    if isinstance(body, dict) and "error" in body:
        return f"{answer.status} {clip(json.dumps(body['error'], default=str), 300)}"
    data = body.get("data") if isinstance(body, dict) else None
    keys = sorted(data) if isinstance(data, dict) else type(body).__name__
    return f"{answer.status} {keys} {answer.reason}".rstrip()


_CA: Final = (
    "pass --ca-file FILE (KALENTOPS_CA_FILE) with the certificate authority of that server or of your network"
)
_ANOTHER_NAME: Final = "the certificate is for another name: check the host in --api-url"
_REFUSED: Final = "nothing listens at that address: check host and port"
_UNKNOWN_NAME: Final = "the name can't be resolved: check the host, the network and the VPN"
# Words of Python, OpenSSL and resolvers, in lower case; the first that is found counts.
_CAUSES: Final = (
    ("hostname mismatch", _ANOTHER_NAME),
    ("ip address mismatch", _ANOTHER_NAME),
    (
        "certificate has expired",
        "check the clock of this machine; if it is right, the server needs a new certificate",
    ),
    ("certificate is not yet valid", "check the clock of this machine"),
    ("certificate_verify_failed", _CA),
    ("wrong_version_number", "this port does not use TLS: check the port, and https or http in the URL"),
    ("record_layer_failure", "this port does not use TLS: check the port, and https or http in the URL"),
    ("proxy authentication required", "pass --proxy http://USER:PASSWORD@HOST:PORT"),
    ("refused", _REFUSED),  # 111 of Linux, 61 of macOS, 10061 of Windows
    ("name or service not known", _UNKNOWN_NAME),
    ("no address associated", _UNKNOWN_NAME),
    ("name resolution", _UNKNOWN_NAME),
    ("nodename nor servname", _UNKNOWN_NAME),
    ("getaddrinfo failed", _UNKNOWN_NAME),
    ("unreachable", "check the network and the VPN"),
    ("no route to host", "check the network and the VPN"),
    ("timed out", "check the network, the VPN and the firewall"),
)
_PROXIES: Final = ("HTTPS_PROXY", "ALL_PROXY")


def unread_proxy(environment: Mapping[str, str], url: str) -> str | None:
    """A set variable that names a proxy. kalentops does not read it: a proxy without the user's consent would learn the
    key's host. None for a loopback address.
    """
    if not url.startswith("https://"):
        return None
    return next((name for each in _PROXIES for name in (each, each.lower()) if environment.get(name)), None)


def remedies(said: str, *, proxy: str | None, unread: str | None) -> Iterator[str]:
    """What to do about a connection that failed with this message."""
    lower = said.lower()
    found = next((what for words, what in _CAUSES if words in lower), None)
    if found in {_REFUSED, _UNKNOWN_NAME} and proxy:
        found = f"check the address of the proxy ({urlsplit(proxy).hostname})"
    if found:
        yield found
    if unread and not proxy and found not in {_CA, _ANOTHER_NAME}:
        yield f"{unread} is set, but kalentops does not read it: pass --proxy URL (KALENTOPS_PROXY) to use that proxy"


_AGAIN: Final = 0.2  # a connection that is still being made can't be cut yet
_BEAT: Final = (
    0.2  # between two looks at `cancelled`: a signal handler may not take a lock to wake the thread
)


@dataclass(eq=False, slots=True)
class Connection:
    """The connection of one thread. `was_cut`: its last request was cut; `cancelled`: because of an interrupt; `reads`:
    the request only reads.
    """

    socket: socket.socket | None = None
    was_cut: bool = False
    cancelled: bool = False
    reads: bool = False

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Learn the socket from httpcore's `trace` extension. TLS replaces the first one."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self.socket = info["return_value"].get_extra_info("socket")

    def cut(self) -> None:
        self.was_cut = True
        if self.socket is not None:
            # An SSLSocket's own `shutdown` would remove the TLS layer under the thread that reads.
            with suppress(OSError):
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)


class Watchdog:
    """Limits the whole time of each request. One thread serves all; it starts with the first request.

    A timeout of httpx limits one read, and a server that sends a byte now and then, as in headers or endless
    `100 Continue`, never reaches it. So the watchdog shuts down the connection, and its reader finds it closed.
    """

    def __init__(self, cancelled: Callable[[], bool]) -> None:
        self._cancelled = cancelled
        self._wake = threading.Condition()
        self._until: dict[Connection, float] = {}
        self._next = math.inf
        self._thread: threading.Thread | None = None
        self._closed = False

    @contextmanager
    def watch(self, connection: Connection, seconds: float, *, reads: bool) -> Iterator[None]:
        """Cut the connection if its request takes longer, or if it only reads and is cancelled."""
        until = time.monotonic() + seconds
        with self._wake:
            connection.was_cut = connection.cancelled = False
            connection.reads = reads
            self._until[connection] = until
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
                self._thread.start()
            if until < self._next:
                self._wake.notify()
        try:
            yield
        finally:
            with self._wake:
                self._until.pop(connection, None)

    def close(self) -> None:
        with self._wake:
            self._closed = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        with self._wake:
            while not self._closed:
                now = time.monotonic()
                cancelled = self._cancelled()
                for connection, until in self._until.items():
                    connection.cancelled = connection.cancelled or (cancelled and connection.reads)
                    if until <= now or connection.cancelled:
                        connection.cut()
                        self._until[connection] = now + _AGAIN
                self._next = min(self._until.values(), default=math.inf)
                self._wake.wait(min(self._next - now, _BEAT) if self._until else None)
