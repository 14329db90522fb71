"""The page as HTML. The only user of jinja2.

Anyone may have written the texts: everything is escaped by the template engine, nothing is ever marked as safe but
this package's own style, script and tags, and a policy in the page lets nothing run or load but the style and the
script, by their hashes.

`serve` shows it on this machine's own address and makes it again when a file changes. Only a browser on this machine
can reach it, and a page of another site can't read it: the server answers to its own names only (DNS rebinding).
"""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from http.server import BaseHTTPRequestHandler
from importlib.resources import files
from typing import Any, Final

from kalentops import __version__
from kalentops.errors import Interrupted, KalentopsError
from kalentops.preview.phrases import LANGUAGES, Language, Phrase, say
from kalentops.preview.view import Choice, Mark, Message, Page, Part, Run, Step
from kalentops.support.clock import SystemClock, on_stop_signal
from kalentops.support.text_diff import sentence_ends

GENERATOR: Final = "kalentops"
"""What the page says it was made by; a file that does not say so is not overwritten."""


def render(page: Page, *, language: Language | None = None, live: str = "") -> bytes:
    """The page, whole, as UTF-8. Without `language` the browser's, where a script may run, else English. With `live`,
    the name of this version of it, it asks the server that it came from for the name of the newest one, and loads
    itself again where that is another.
    """
    left_out = 0 if page.unchanged is None else page.unchanged.number
    return _render("page.html.j2", language, page=page, people=page.people, left_out=left_out, live=live)


def render_trouble(message: str, hint: str, *, live: str, language: Language | None = None) -> bytes:
    """What `preview --serve` shows where there is no page to show; it goes away by itself."""
    return _render("trouble.html.j2", language, message=message, hint=hint, people=(), left_out=0, live=live)


def _render(template: str, language: Language | None, *, live: str, **data: Any) -> bytes:
    style, script = _own("style.css"), _own("script.js")
    policy = [
        "default-src 'none'",
        f"style-src '{_hash(style)}'",
        f"script-src '{_hash(script)}'",
        *(["connect-src 'self'"] if live else []),
        "base-uri 'none'",
        "form-action 'none'",
    ]
    data |= {"live": live, "style": _safe(style), "script": _safe(script), "policy": "; ".join(policy)}
    words = _Words(language or "en")
    data |= {
        "variants": words.variants,
        "chosen_by": _chosen_by,
        "chosen": language,
        "say": say,
        "words": words,
        "w": words.element,
        "attribute": words.attribute,
    }
    text: str = _environment().get_template(template).render(data, generator=f"{GENERATOR} {__version__}")
    # Half of a surrogate pair is no character, and shown as a code already; should one come this far all the same:
    return text.encode(errors="backslashreplace")


class _Words:
    """The phrases of one page: written in the language that it begins in, and numbered for the switch to another."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._numbers: dict[Phrase, int] = {}
        self._elements: dict[Phrase, Any] = {}
        self._pieces: dict[tuple[str, str, str, int], int] = {}

    def number(self, phrase: Phrase | str) -> int:
        """The place of a phrase in the dictionaries; a text is a key of the table."""
        return self._numbers.setdefault(_phrase(phrase), len(self._numbers))

    def numbers(self, phrases: Iterable[Phrase]) -> list[int]:
        return [self.number(each) for each in phrases]

    def text(self, phrase: Phrase | str) -> str:
        return _phrase(phrase).text(self.language)

    def element(self, phrase: Phrase | str, **gaps: Any) -> Any:
        """A phrase as HTML; a text is a key of the table."""
        said = _phrase(phrase, **gaps)
        found = self._elements.get(said)
        if found is None:
            found = _escaped(said.en)
            if said.en != said.fr:
                found = _safe(f'<span data-w="{self.number(said)}">{_escaped(self.text(said))}</span>')
            self._elements[said] = found
        return found

    def attribute(self, name: str, phrase: Phrase | str) -> Any:
        """An attribute with a phrase, after a space; for the element's own text, `w`, its number alone, if any."""
        said = _phrase(phrase)
        value = "" if name == "w" else f' {name}="{_escaped(self.text(said))}"'
        number = (
            f' data-w{"" if name == "w" else f"-{name}"}="{self.number(said)}"' if said.en != said.fr else ""
        )
        return _safe(value + number)

    def variants(self, of: Step) -> list[list[Any]]:
        """For each variant of a step the numbers of its phrases (name, day, time of day, earlier day, day and time; -1
        for none), its texts (subject, body, and the earlier ones) as numbers of pieces, and its counters.
        """
        return [
            [
                *(self._known(each) for each in (of.name, of.day.title, of.day.detail, of.was, of.day.text)),
                [self._written(runs) for text in (of.message, of.before) for runs in _texts(text)],
                [
                    [self.numbers(each.values), list(map(int, each.over)), self._known(each.warning)]
                    for each in of.counters
                ],
            ]
            for of in of.variants
        ]

    def _known(self, phrase: Phrase) -> int:
        return self.number(phrase) if phrase else -1

    def _written(self, runs: Iterable[Run]) -> list[int]:
        return [
            self._pieces.setdefault(piece, len(self._pieces))
            for run in runs
            for part in run.parts
            for piece in self._sentences(run.mark, part)
        ]

    def _sentences(self, mark: Mark, part: Part) -> Iterator[tuple[str, str, str, int]]:
        """What positions have in common is in the page once: a text is cut into sentences."""
        if part.kind != "text":
            note = say("no_variable") if part.kind == "unknown" else part.note
            yield mark, part.kind, part.text, self._known(note)
            return
        text, start = part.text if mark == "same" else part.text.replace("\n", "↵\n"), 0
        for end in [*sentence_ends(text)[:-1], len(text)]:
            if end > start:
                yield mark, "text", text[start:end], -1
            start = end

    def pieces(self) -> list[tuple[str, str, str, int]]:
        """All pieces of texts so far, in the order of their numbers: mark, kind, text, note."""
        return list(self._pieces)

    def dictionaries(self) -> dict[str, list[str]]:
        """All phrases so far, by language, in the order of their numbers."""
        return {language: [phrase.text(language) for phrase in self._numbers] for language in LANGUAGES}


def _chosen_by(choice: Choice) -> Any:
    """The attributes of what some of several positions have. It starts with what the first one has."""
    if not choice:
        return ""
    pairs = json.dumps(choice, separators=(",", ":"))
    return _safe(f' data-choice="{pairs}"{" hidden" if choice[0][0] else ""}')


def _texts(message: Message | None) -> tuple[tuple[Run, ...], ...]:
    return () if message is None else (message.subject, message.body)


def _phrase(of: Phrase | str, **gaps: Any) -> Phrase:
    return say(of, **gaps) if isinstance(of, str) else of


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("kalentops.preview"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return environment


@lru_cache
def _own(name: str) -> str:
    """A file of this package, with line feeds alone: a browser hashes it so."""
    return (files("kalentops.preview") / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _safe(own: str) -> Any:
    from markupsafe import Markup

    return Markup(own)  # noqa: S704 - a file of this package, or a tag around what is escaped


def _escaped(text: str) -> Any:
    from markupsafe import escape

    return escape(text)


_HOST: Final = "127.0.0.1"
_LOOK_SECONDS: Final = 0.3
# Looking at very many files takes long: so many times as long nothing is done then.
_REST: Final = 4
_BEAT_SECONDS: Final = 15.0
_IDLE_SECONDS: Final = 30.0
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Site:
    """The newest page and the name of its version, for several threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._version = ""
        self._page = b""

    def put(self, version: str, page: bytes) -> None:
        with self._changed:
            self._version, self._page = version, page
            self._changed.notify_all()

    @property
    def page(self) -> bytes:
        with self._changed:
            return self._page

    def next(self, seen: str, seconds: float) -> str:
        """The name of the newest version, as soon as it is another than `seen`, or after `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != seen, seconds)
            return self._version


def serve(
    look: Callable[[], str], make: Callable[[str], bytes], *, port: int, on_ready: Callable[[str], None]
) -> None:
    """Show what `make` gives until SIGINT or SIGTERM, then return. `look` names the state that the page is made from;
    when it changes, `make` runs again. `on_ready` gets the address.

    Raises KalentopsError where the port is taken, and whatever `look` and `make` raise.
    """
    site, seen, clock = Site(), look(), SystemClock()
    site.put(seen, make(seen))
    with _listening(site, port) as address, on_stop_signal(clock.stop):
        on_ready(address)
        took = 0.0
        while True:
            try:
                clock.wait(max(_LOOK_SECONDS, _REST * took))
            except Interrupted:
                return
            began = time.monotonic()
            now = look()
            took = time.monotonic() - began
            if now != seen:
                site.put(now, make(now))
                seen = now


@contextmanager
def _listening(site: Site, port: int) -> Iterator[str]:
    try:
        server = _Server(site, port)
    except OSError as error:
        said = f"port {port} is taken" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
        raise KalentopsError(
            f"the page can't be served: {said}", hint="pass another --port; 0 takes a free one"
        ) from None
    thread = threading.Thread(target=server.serve_forever, name="preview", daemon=True)
    thread.start()
    try:
        yield f"http://{_HOST}:{server.port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(socketserver.ThreadingTCPServer):
    # A socket that was just closed may be bound again; on Windows this would let two programs share it.
    allow_reuse_address = sys.platform != "win32"
    daemon_threads = True
    block_on_close = False

    def __init__(self, site: Site, port: int) -> None:
        super().__init__((_HOST, port), _Handler)
        self.site = site
        self.port: int = self.server_address[1]
        self.names = {f"{name}:{self.port}" for name in (_HOST, "localhost")}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle of an answer is nothing to tell."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _IDLE_SECONDS
    server_version = "kalentops"
    sys_version = ""

    def do_GET(self) -> None:
        if self.headers.get("Host", "") not in self.server.names:
            self._answer(403, "text/plain; charset=utf-8", b"This server answers to its own address only.\n")
        elif self.path.partition("?")[0] == "/":
            self._answer(200, "text/html; charset=utf-8", self.server.site.page)
        elif self.path == "/changes":
            self._tell_changes()
        else:
            self._answer(404, "text/plain; charset=utf-8", b"There is nothing here.\n")

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self._begin(status, kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _tell_changes(self) -> None:
        """Server-sent events: the name of each version; comments tell whether the browser still listens."""
        self._begin(200, "text/event-stream")
        self.end_headers()
        seen = ""
        while True:
            now = self.server.site.next(seen, _BEAT_SECONDS)
            self.wfile.write(b":\n\n" if now == seen else f"data: {now}\n\n".encode())
            seen = now

    def _begin(self, status: int, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in _HEADERS.items():
            self.send_header(name, value)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's signature
        """Requests are not logged."""
