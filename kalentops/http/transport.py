"""One request, one answer, within bounds. The only user of httpx.

Nothing is sent twice here and no redirect is followed: the header with the key would go along. Each thread has
a client of its own, because one client under many threads stalls; they share one TLS context.
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
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final, Protocol, TypeAlias
from urllib.parse import urlsplit

import httpx

from kalentops import __version__
from kalentops.errors import InvalidConfig
from kalentops.http.retry import retry_after
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
    """`header` carries the secret, with `scheme` in front of it; `fixed` headers go with every request.

    `wait` reads from the headers of an answer how many seconds to wait, None where they don't say; their names may
    be given in lower case.
    """

    header: str
    scheme: str
    fixed: Mapping[str, str]
    wait: Callable[[Mapping[str, str]], float | None]

    def credentials(self, key: ApiKey) -> dict[str, str]:
        """The one header that holds the key, for one request."""
        return {self.header: f"{self.scheme}{key.reveal()}"}


KALENT: Final = Dialect(
    "x-api-key",
    "",
    {"accept": "application/json"},
    lambda headers: retry_after(headers.get("retry-after")),
)


Query: TypeAlias = Mapping[str, int | str]


class Transport(Protocol):
    """What the client needs of a network."""

    def send(self, method: str, path: str, *, query: Query | None = None, body: Any = None) -> Answer:
        """The answer to one request. Never raises for what a network or a server can do."""
        ...


@dataclass(frozen=True, slots=True)
class Network:
    """How to get to the API: `timeout` is the read timeout in seconds, and half of the longest time for one
    answer; `ca_file` and `proxy` come from options or the environment only. `unread_proxy` is the variable that
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
        """The host of the attempt, so that a mistyped address is seen. Not the proxy's URL: it may hold a password."""
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

        A successful answer holds ids and names that must not change, so only a key that can't occur by chance is
        removed from it.
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


_CA: Final = (
    "pass --ca-file FILE (KALENTOPS_CA_FILE) with the certificate authority of that server or of your network"
)
_ANOTHER_NAME: Final = "the certificate is for another name: check the host in --api-url"
_REFUSED: Final = "nothing listens there: check host and port"
_UNKNOWN_NAME: Final = "DNS does not know the name: check the host, the network and the VPN"
# The first that fits counts; compared without regard to case.
_CAUSES: Final = (
    ("hostname mismatch", _ANOTHER_NAME),
    ("ip address mismatch", _ANOTHER_NAME),
    (
        "certificate has expired",
        "check the clock of this machine; if it is right, the server needs a new certificate",
    ),
    ("certificate is not yet valid", "check the clock of this machine"),
    ("certificate_verify_failed", _CA),
    ("wrong_version_number", "this port does not speak TLS: check the port, and https or http in the URL"),
    ("record_layer_failure", "this port does not speak TLS: check the port, and https or http in the URL"),
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
    """The variable that names a proxy for other programs. It is not read here: a proxy without the user's consent
    would learn the key's host. None for a loopback address.
    """
    if not url.startswith("https://"):
        return None
    return next((name for each in _PROXIES for name in (each, each.lower()) if environment.get(name)), None)


def remedies(said: str, *, proxy: str | None, unread: str | None) -> Iterator[str]:
    """What to do about a connection that failed with these words, through this proxy."""
    lower = said.lower()
    found = next((what for words, what in _CAUSES if words in lower), None)
    if found in {_REFUSED, _UNKNOWN_NAME} and proxy:
        found = f"check the address of the proxy ({urlsplit(proxy).hostname})"
    if found:
        yield found
    if unread and not proxy and found not in {_CA, _ANOTHER_NAME}:
        yield f"{unread} is set and is not read: pass --proxy URL (KALENTOPS_PROXY) to go through it"


_AGAIN: Final = 0.2  # a connection that is only coming to be can't be cut yet
_BEAT: Final = 0.2  # so often it is asked whether to give up: the handler of a signal may not take a lock


@dataclass(eq=False, slots=True)
class Connection:
    """The connection that one thread uses. `was_cut`: its last request was cut; `given_up`: because the answer was no
    longer needed; `reads`: it only reads.
    """

    socket: socket.socket | None = None
    was_cut: bool = False
    given_up: bool = False
    reads: bool = False

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Take httpcore's `trace` extension: which socket is in use. TLS puts another one in the place of the first."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self.socket = info["return_value"].get_extra_info("socket")

    def cut(self) -> None:
        self.was_cut = True
        if self.socket is not None:
            # Not the method of an SSLSocket, which takes its TLS layer from under the thread that is reading.
            with suppress(OSError):
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)


class Watchdog:
    """Bounds the whole time of each request, in one thread for all, which starts with the first request.

    A timeout of httpx bounds one read, and a server that sends a byte now and then never runs into it, as in headers
    or endless `100 Continue`. So the watchdog shuts down the connection, and its reader finds it closed.
    """

    def __init__(self, giving_up: Callable[[], bool]) -> None:
        self._giving_up = giving_up
        self._wake = threading.Condition()
        self._until: dict[Connection, float] = {}
        self._next = math.inf
        self._thread: threading.Thread | None = None
        self._closed = False

    @contextmanager
    def over(self, connection: Connection, seconds: float, *, reads: bool) -> Iterator[None]:
        """Cut the connection if its request takes longer, or only reads and its answer is no longer needed."""
        until = time.monotonic() + seconds
        with self._wake:
            connection.was_cut = connection.given_up = False
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
                unwanted = self._giving_up()
                for connection, until in self._until.items():
                    connection.given_up = connection.given_up or (unwanted and connection.reads)
                    if until <= now or connection.given_up:
                        connection.cut()
                        self._until[connection] = now + _AGAIN
                self._next = min(self._until.values(), default=math.inf)
                self._wake.wait(min(self._next - now, _BEAT) if self._until else None)
