"""The emulator as a server on this machine: blocking (`serve`), or in a thread (`BackgroundEmulator`)."""

import ipaddress
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from types import FrameType, TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette

from kalentops.emulator.app import RequestLog, create_app
from kalentops.emulator.store import Step, Store

_START_SECONDS = 10.0
_GRACE_SECONDS = 3
# The default, 5 seconds, would close idle connections under a client that is about to use them.
_KEEP_ALIVE_SECONDS = 75
_BACKLOG = 2048


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    db: str | None = None,
    latency: float = 0.0,
    api_key: str | None = None,
    sourcings: Sequence[tuple[str, str]] = (),
    auto_sourcings: bool = False,
    example: bool = False,
    on_ready: Callable[[str], None],
) -> None:
    """Serve until SIGINT or SIGTERM, then return.

    `on_ready` gets the base URL, such as `http://127.0.0.1:43121/api`, once connections are accepted.
    `sourcings` are pairs of id and name; `example` fills a store that is empty; `db` is a file's path, or None for
    memory; `latency` is in seconds.
    Raises ValueError for a host other than loopback, OSError for a port in use, `StoreError` for a bad file.
    """
    with ExitStack() as stack:
        listener = stack.enter_context(_listen(host, port))
        store = stack.enter_context(
            closing(_open(db, sourcings, auto_sourcings=auto_sourcings, example=example))
        )
        app = create_app(store, latency=latency, api_key=api_key)
        _Server(app, lambda: on_ready(_url(listener))).run([listener])


class BackgroundEmulator:
    """The emulator in a thread of this process, from `with` to its end.

    Arguments and errors are those of `serve`; errors come from entering. `url` is the base URL with `/api`.
    """

    url: str
    store: Store
    log: RequestLog

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        db: str | None = None,
        latency: float = 0.0,
        api_key: str | None = None,
        sourcings: Sequence[tuple[str, str]] = (),
        auto_sourcings: bool = False,
        example: bool = False,
    ) -> None:
        self._host = host
        self._port = port
        self._db = db
        self._latency = latency
        self._api_key = api_key
        self._sourcings = sourcings
        self._auto_sourcings = auto_sourcings
        self._example = example
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            listener = stack.enter_context(_listen(self._host, self._port))
            self.store = _open(
                self._db, self._sourcings, auto_sourcings=self._auto_sourcings, example=self._example
            )
            stack.enter_context(closing(self.store))
            app = create_app(self.store, latency=self._latency, api_key=self._api_key)
            self.url, self.log = _url(listener), app.state.log
            ready = threading.Event()
            server = _Server(app, ready.set)
            # A daemon, so that a test that dies within `with` does not keep its process alive.
            thread = threading.Thread(target=server.run, args=([listener],), name="emulator", daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.stop)
            if not ready.wait(_START_SECONDS):
                raise TimeoutError(f"the emulator did not start within {_START_SECONDS:.0f} s")
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


class _Server(uvicorn.Server):
    def __init__(self, app: Starlette, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                log_level="critical",
                access_log=False,
                lifespan="off",
                ws="none",
                backlog=_BACKLOG,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        # uvicorn's own would raise the signal again after the shutdown, and the caller would never return.
        self.stop()

    def stop(self) -> None:
        self.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    address = "127.0.0.1" if host == "localhost" else host
    try:
        loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError(f"{host} is not a loopback address: the emulator only serves this machine")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, port), family=family, backlog=_BACKLOG)
    # asyncio sets TCP_NODELAY only on sockets that name their protocol; without it each answer takes 40 ms.
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=listener.detach())


def _url(listener: socket.socket) -> str:
    address, port = listener.getsockname()[:2]
    return f"http://[{address}]:{port}/api" if ":" in address else f"http://{address}:{port}/api"


def _open(
    db: str | None, sourcings: Sequence[tuple[str, str]], *, auto_sourcings: bool, example: bool
) -> Store:
    store = Store(":memory:" if db is None else db, auto_sourcings=auto_sourcings)
    if example:
        fill(store)
    for sourcing_id, name in sourcings:
        store.add_sourcing(sourcing_id, name)
    return store


# `--example`: named sourcings, one of them closed, and blueprints that were made in the web app.
_SOURCINGS = (
    ("sourcing_backend_lyon", "Senior Backend Engineer, Lyon", "in-progress", True),
    ("sourcing_sales_berlin", "Account Executive, Berlin", "in-progress", True),
    ("sourcing_design_remote", "Product Designer, remote", "in-progress", True),
    ("sourcing_data_madrid", "Data Engineer, Madrid", "in-progress", False),  # a colleague's
    ("sourcing_support_lisbon", "Support Lead, Lisbon", "closed", True),
)


def _email(ident: str, name: str, subject: str, content: str, day: int = 0) -> Step:
    when: Step = (
        {"temporalityType": "DELAYED", "delay": {"value": day, "unit": "day"}}
        if day
        else {"temporalityType": "ASAP"}
    )
    return {
        "id": ident,
        "name": name,
        "type": "EMAIL",
        "subject": subject,
        "content": content,
        "policy": {"skipStepIfNoContact": True},
        **when,
    }


_INVITATION: Step = {
    "id": "7c0f5e1a",
    "name": "Invitation",
    "type": "LINKEDIN",
    "linkedInType": "LINKEDIN_INVITATION_WITH_MESSAGE",
    "temporalityType": "ASAP",
    "content": "Hi {{firstname}}, your work at {{candidateCompanyName}} caught my eye. May I tell you about a role in "
    "{{sourcingLocation}}? {{recruiterFirstname}}",
}
_BLUEPRINTS: tuple[tuple[str, str, list[Step]], ...] = (
    (
        "sourcing_backend_lyon",
        "Former colleagues",
        [
            _INVITATION,
            _email(
                "b41d9c22",
                "Reminder",
                "{{sourcingJobTitle}} in {{sourcingLocation}}",
                "Hi {{firstname}},\n\nI wrote to you on LinkedIn. Is a change on your mind this year?\n\n"
                "{{recruiterFirstname}}",
                day=4,
            ),
        ],
    ),
    (
        "sourcing_backend_lyon",
        "Meetup in May",
        [
            _email(
                "03aa71f8",
                "After the meetup",
                "Good to meet you in {{candidateLocation}}",
                "Hi {{firstname}},\n\nThank you for your questions after the talk. The role that I spoke of is still "
                "open; shall I send you the details?\n\n{{recruiterFirstname}}",
            )
        ],
    ),
    (
        "sourcing_sales_berlin",
        "Referrals",
        [
            _email(
                "e9957d40",
                "First e-mail",
                "A colleague of yours gave me your name",
                "Good morning {{firstname}},\n\nsomebody who worked with you thinks that you would like this role. "
                "May I call you on Thursday?\n\n{{recruiterFirstname}} {{recruiterLastname}}",
            )
        ],
    ),
    ("sourcing_support_lisbon", "Filled in March", [_INVITATION]),
)


def fill(store: Store) -> None:
    """Make the example in a store that has no sourcing yet; leave any other as it is."""
    if not store.is_empty():
        return
    for sourcing_id, name, status, mine in _SOURCINGS:
        store.add_sourcing(sourcing_id, name, status=status, mine=mine)
    for sourcing_id, name, steps in _BLUEPRINTS:
        store.create(sourcing_id, name, steps)
