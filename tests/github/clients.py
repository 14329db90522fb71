"""The real client, on a stand-in, with a clock whose waits take no time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kalentops.github.body import CommentTarget
from kalentops.github.client import GITHUB, CommentsApi
from kalentops.github.comments import CommentRequest
from kalentops.github.context import PullRequest
from kalentops.github.publish import Published, publish
from kalentops.http.retry import Throttle
from kalentops.http.secret import ApiKey
from kalentops.http.transport import HttpTransport, Network
from tests.fakeclock import FakeClock
from tests.github.stand_in import BOT, NUMBER, REPOSITORY, TOKEN

PARIS = CommentTarget("teams/paris")


@contextmanager
def client(
    url: str, clock: FakeClock, *, debug: Callable[[str], None] | None = None
) -> Iterator[CommentsApi]:
    transport = HttpTransport(Network(url, 0.5), ApiKey(TOKEN), dialect=GITHUB, debug=debug)
    try:
        yield CommentsApi(transport, Throttle(clock, lambda _: None), PullRequest(REPOSITORY, NUMBER))
    finally:
        transport.close()


def show(
    url: str,
    report: str | None,
    *,
    target: CommentTarget = PARIS,
    author: str | None = BOT,
    begin: bool = True,
    clock: FakeClock | None = None,
) -> Published:
    """One run of `kalentops comment`, below the command line."""
    clock = clock or FakeClock()
    with client(url, clock) as api:
        return publish(api, clock, CommentRequest(target, report, author, begin))
