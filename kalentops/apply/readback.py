"""After the work on a sourcing: is there what was meant, and is there anything that was not?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from kalentops.api.listing import Remote
from kalentops.apply.base import View
from kalentops.apply.result import Outcome, Result
from kalentops.errors import KalentopsError, StoreFailure
from kalentops.state import Seen

_PAUSE: Final = 0.3


def read_back(
    view: View, done: Sequence[Result], before: frozenset[str], wanted: Mapping[str, str]
) -> Iterator[Result]:
    """The results, with what the sourcing's list shows now: recorded where it is there, noted where it is not.

    `before` are the ids that were there at the start of the run, `wanted` the digest that each address should
    show.
    """
    try:
        _read_until_there(view, {result.blueprint_id for result in done if result.blueprint_id})
    except KalentopsError as error:
        for result in done:
            yield replace(result, note=f"not looked at afterwards: {error}")
        return
    for result in done:
        yield _look_at(view, result, before, wanted.get(result.address))


def _read_until_there(view: View, ids: set[str]) -> None:
    """A list may be behind: it is read again until it shows what was made, or the settle window has passed."""
    clock = view.run.clock
    deadline = clock.monotonic() + view.run.options.settle
    pause = _PAUSE
    while True:
        view.read()
        if ids <= set(view.ids()) or clock.monotonic() >= deadline:
            return
        clock.wait(min(pause, max(deadline - clock.monotonic(), 0.001)))
        pause *= 1.7


def _look_at(view: View, result: Result, before: frozenset[str], wanted: str | None) -> Result:
    remote = view.get(result.blueprint_id) if result.blueprint_id else None
    if remote is None:
        return replace(result, note="Kalent's list does not show it yet") if result.blueprint_id else result
    note = None
    if wanted is not None and remote.digest != wanted:
        note = "Kalent shows it otherwise than it was sent: look at it in the web app"
    if remote.digest is not None:
        try:
            view.run.record(Seen(result.address, remote.digest, remote.updated_at))
        except StoreFailure as error:
            note = f"what Kalent shows of it could not be recorded: {error}"
    copies = [each for each in view.foreign() if _is_copy(each, remote) and each.blueprint_id not in before]
    if copies:
        ids = ", ".join(each.blueprint_id for each in copies)
        said = (
            f"a second copy has appeared beside {remote.blueprint_id}: {ids}; delete it in Kalent's web app"
        )
        return replace(result, outcome=Outcome.CONFLICT, error=said)
    return replace(result, note=note)


def _is_copy(each: Remote, ours: Remote) -> bool:
    return each.digest is not None and each.digest == ours.digest
