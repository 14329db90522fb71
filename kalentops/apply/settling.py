"""Finding out what became of a create whose answer was lost.

Nothing identifies a create but what it made, so lists are read until the settle window has passed. What counts is
a blueprint that was not there before, is not ours, and is what was sent. Something that only resembles it may be
it all the same, in a form that the server has changed: then nobody but a person can say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from kalentops.apply.base import View
from kalentops.apply.events import Looking
from kalentops.canonical import content_digest, observable
from kalentops.errors import Unreachable
from kalentops.lookalikes import same_name
from kalentops.remote import Remote
from kalentops.state import Intent

_FIRST_PAUSE: Final = 0.2
_GROWTH: Final = 1.7
_LONGEST_PAUSE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Found:
    """It was done, as this one."""

    remote: Remote


@dataclass(frozen=True, slots=True)
class Doubt:
    """Several may be it, or the lists could not be read: nothing may be sent for this address."""

    reason: str


@dataclass(frozen=True, slots=True)
class Absent:
    """A whole list, read after the window had passed, holds nothing like it."""


Settled: TypeAlias = Found | Doubt | Absent


def settle(view: View, intent: Intent, reason: str) -> Settled:
    """What became of the intent. Raises Unauthorized, RefusedByApi, Interrupted."""
    clock, window = view.run.clock, view.run.options.settle
    view.run.observe(Looking(intent.address, window, reason))
    deadline = clock.monotonic() + window
    pause = _FIRST_PAUSE
    while True:
        last = clock.monotonic() >= deadline
        try:
            view.read()
        except Unreachable as error:
            unreadable: str | None = str(error)
        else:
            unreadable = None
            answer = _judge(view.foreign(), intent)
            if isinstance(answer, Found) or (last and answer is not None):
                return answer
        if last:
            return Doubt(f"it could not be looked up: {unreadable}") if unreadable else Absent()
        # The last list has to be read after the window has passed, not shortly before.
        clock.wait(min(pause, _LONGEST_PAUSE, max(deadline - clock.monotonic(), 0.001)))
        pause *= _GROWTH


def _judge(foreign: Iterable[Remote], intent: Intent) -> Found | Doubt | None:
    wanted, name = observable(intent.sent).digest, str(intent.sent["name"])
    new = [remote for remote in foreign if remote.blueprint_id not in intent.known_ids]
    exact = [remote for remote in new if remote.digest == wanted]
    content = content_digest(intent.sent)
    alike = [r for r in new if same_name(r.name) == same_name(name) or (content and r.content == content)]
    if len(exact) == 1 and len(alike) == 1:
        return Found(exact[0])
    if not alike:
        return None
    ids = ", ".join(remote.blueprint_id for remote in alike)
    if len(alike) > 1:
        return Doubt(
            f"several may be it: {ids}; look at them in Kalent's web app and delete what is not wanted"
        )
    return Doubt(
        f"{ids} is new, looks like it, and is not quite what was sent; look at it in Kalent's web app: delete it "
        f"there, or make the file say what it says and run `kalentops state rm {intent.address}`: then it is adopted"
    )
