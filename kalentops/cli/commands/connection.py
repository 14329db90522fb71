"""The API of a command: its address, the key, and one session with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, NamedTuple, TypeVar

from kalentops.apply.result import Began, Listed, Waiting
from kalentops.blueprint.remote import RemoteLists, RemoteSourcing
from kalentops.cli.commands.options import NetworkOptions
from kalentops.errors import Interrupted, StateError
from kalentops.http.retry import Throttle
from kalentops.http.secret import ApiKey, permission_warnings, read_key
from kalentops.http.transport import KALENT, Dialect, HttpTransport, Network, unread_proxy
from kalentops.kalent.client import DEFAULT_URL, Ownership, ReadApi, ReadOnly, check_url, tenant
from kalentops.kalent.lists import read_lists
from kalentops.output.terminal import notice
from kalentops.output.text_results import Progress
from kalentops.project.config import Config
from kalentops.state.model import State
from kalentops.support.clock import SystemClock, on_stop_signal

_T = TypeVar("_T")


class ApiConfig(NamedTuple):
    """The address and the key."""

    network: Network
    key: ApiKey
    debug: bool
    dialect: Dialect = KALENT
    environment: str | None = None

    @classmethod
    def of(cls, connection: NetworkOptions, variables: Mapping[str, str], config: Config) -> ApiConfig:
        """Raises NoKey, InvalidConfig."""
        key = read_key(variables, config.environment, config.environments)
        url = check_url(connection.api_url or DEFAULT_URL)
        unread = unread_proxy(variables, url)
        network = Network(url, connection.timeout, connection.ca_file, connection.proxy, unread)
        notice(permission_warnings(variables, config.environment))
        return cls(network, key, connection.debug_http, environment=config.environment)

    @property
    def tenant(self) -> str:
        """A fingerprint of the address, as the state records it."""
        return tenant(self.network.url)

    def check_state(self, state: State) -> None:
        """Raises StateError if the state belongs to another API: its ids mean nothing here."""
        if state.tenant is not None and state.tenant != self.tenant:
            raise StateError(
                f"the state belongs to another API than {self.network.url}",
                hint="set KALENT_API_URL to that API, or pass --state with another file; a state from a trial with the "
                "emulator can be moved away",
            )


class ApiSession(NamedTuple):
    """What a client needs to read and write."""

    transport: HttpTransport
    throttle: Throttle
    clock: SystemClock
    progress: Progress


class ReadSession(NamedTuple):
    """For a command that only reads: nothing in it could write."""

    api: ReadApi
    clock: SystemClock
    progress: Progress

    def sourcings(self, *, ownership: Ownership, closed: bool) -> tuple[RemoteSourcing, ...]:
        """One list of sourcings. Raises what `list_sourcings` raises."""
        return self._read(lambda: self.api.list_sourcings(ownership=ownership, closed=closed))

    def observe(self, sourcing_ids: Iterable[str], parallelism: int) -> RemoteLists:
        """The lists of the sourcings. Raises what `read_lists` raises."""
        ids = set(sourcing_ids)
        self.progress(Began(len(ids), 0))

        def listed(sourcing_id: str, blueprints: int) -> None:
            self.progress(Listed(sourcing_id, blueprints))

        return self._read(
            lambda: read_lists(self.api, ids, self.clock, parallelism=parallelism, on_listed=listed)
        )

    def _read(self, read: Callable[[], _T]) -> _T:
        """Raises Interrupted, also if the signal came during the last answer: the caller may write next."""
        with suppress(Interrupted):
            found = read()
            if not self.clock.stopping:
                return found
        raise Interrupted("interrupted while reading; nothing was changed")


@contextmanager
def read_session(target: ApiConfig, *, quiet: bool, farewell: str) -> Iterator[ReadSession]:
    """A session that can only GET; signals as with `api_session`."""
    with api_session(target, quiet=quiet, farewell=farewell) as session:
        api = ReadApi(ReadOnly(session.transport), session.throttle, target.network.url)
        yield ReadSession(api, session.clock, session.progress)


def read_remote(sourcings: Iterable[str], target: ApiConfig, parallelism: int, *, quiet: bool) -> RemoteLists:
    """The lists of the sourcings. Raises what `ReadSession.observe` raises."""
    with read_session(target, quiet=quiet, farewell="stopped; nothing was changed") as session:
        return session.observe(sourcings, parallelism)


@contextmanager
def api_session(
    target: ApiConfig, *, quiet: bool, farewell: str, verbose: bool = False, results: IO[str] | None = None
) -> Iterator[ApiSession]:
    """A session with the API. The first SIGINT or SIGTERM ends the work after what is under way, and at once if nothing
    was sent that could write. The second one ends the process, with `farewell` on stderr.
    """
    clock = SystemClock()
    progress = Progress(
        sys.stderr, quiet=quiet, verbose=verbose, results=results, environment=target.environment
    )
    debug = (lambda said: notice([said])) if target.debug else None
    throttle = Throttle(clock, lambda seconds: progress(Waiting(seconds)))
    transport = HttpTransport(
        target.network,
        target.key,
        dialect=target.dialect,
        debug=debug,
        cancelled=lambda: throttle.cancelled,
    )
    try:
        with on_stop_signal(lambda: _asked_to_stop(clock, farewell)):
            yield ApiSession(transport, throttle, clock, progress)
    finally:
        progress.close()
        transport.close()


def _asked_to_stop(clock: SystemClock, farewell: str) -> None:
    if clock.stopping:
        _say(farewell)
        os._exit(130)
    clock.stop()
    _say("finishing the open requests; interrupt again to stop at once")


def _say(what: str) -> None:
    with suppress(OSError):  # stderr has no reader any more
        os.write(2, f"\n{what}\n".encode())
