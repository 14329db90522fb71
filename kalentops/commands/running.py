"""A plan is carried out: the network, the signals and the progress around `apply_plan`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from kalentops.api.address import DEFAULT_URL, check_url, tenant
from kalentops.api.client import WriteApi
from kalentops.api.secret import ApiKey, read_key
from kalentops.api.throttle import Throttle
from kalentops.api.transport import HttpTransport, Network
from kalentops.apply.base import Options, Recorder
from kalentops.apply.events import Waiting
from kalentops.apply.result import ApplyResult
from kalentops.apply.run import apply_plan
from kalentops.clock import SystemClock
from kalentops.commands.options import Connection
from kalentops.errors import StateError
from kalentops.plan import Plan
from kalentops.reports.console import Progress
from kalentops.reports.notes import tell
from kalentops.state import State


@dataclass(frozen=True, slots=True)
class Target:
    """The API that a run writes to, and the key to it."""

    network: Network
    key: ApiKey
    debug: bool

    @classmethod
    def of(cls, connection: Connection, environment: Mapping[str, str]) -> Target:
        """Raises NoKey, InvalidConfig."""
        key = read_key(environment)
        url = check_url(connection.api_url or DEFAULT_URL)
        network = Network(url, connection.timeout, connection.ca_file, connection.proxy)
        return cls(network, key, connection.debug_http)

    def options(self, settle: float, parallelism: int, overwrite: Iterable[str]) -> Options:
        return Options(tenant(self.network.url), settle, parallelism, frozenset(overwrite))

    def check_state(self, state: State) -> None:
        """Raises StateError where the state belongs to another place: its ids mean nothing here."""
        if state.tenant is not None and state.tenant != tenant(self.network.url):
            raise StateError(
                f"the state belongs to another API than {self.network.url}",
                hint="set KALENT_API_URL to the one it was made with, or pass --state with another file; one that is "
                "left of a trial with the emulator can be moved away",
            )


def carry_out(plan: Plan, session: Recorder, target: Target, options: Options, *, quiet: bool) -> ApplyResult:
    """Do what the plan says. SIGINT and SIGTERM end it after what is under way; a second one at once."""
    clock = SystemClock()
    progress = Progress(sys.stderr, quiet=quiet)
    debug = (lambda said: tell([said])) if target.debug else None
    transport = HttpTransport(target.network, target.key, debug=debug)
    api = WriteApi(transport, Throttle(clock, lambda seconds: progress(Waiting(seconds))))
    try:
        with _signals(clock):
            return apply_plan(plan, api, session, clock, options, progress)
    finally:
        progress.close()
        transport.close()


@contextmanager
def _signals(clock: SystemClock) -> Iterator[None]:
    def handle(_number: int, _frame: FrameType | None) -> None:
        if clock.stopping:
            # The journal is durable up to here, and the next run goes on from it.
            os.write(2, b"\nstopped at once; the next apply looks up what became of what was under way\n")
            os._exit(130)
        clock.stop()
        os.write(2, b"\nending after what is under way; once more to stop at once\n")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
