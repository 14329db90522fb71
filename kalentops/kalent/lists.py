"""Many lists at once, for commands that only look."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from kalentops.blueprint.remote import Remote, RemoteLists
from kalentops.errors import Forbidden, Interrupted, RefusedByApi
from kalentops.support.clock import Clock
from kalentops.support.text import clip, some


class Lister(Protocol):
    """What reading lists needs of the API."""

    def list_blueprints(self, sourcing_id: str) -> tuple[Remote, ...]: ...


def read_lists(
    api: Lister,
    sourcing_ids: Iterable[str],
    clock: Clock,
    *,
    parallelism: int,
    on_listed: Callable[[str, int], None],
) -> RemoteLists:
    """The lists of the sourcings. What the API refuses for one of them (404, 403) is told in `refused`, and `denied`.

    `on_listed` gets each sourcing and how many blueprints it has, from several threads. Raises Unauthorized,
    Unreachable, UntrustedList, Interrupted: where one list can't be read, nothing is said of the others.
    """
    lists: dict[str, tuple[Remote, ...]] = {}
    refused: dict[str, str] = {}
    denied: set[str] = set()

    def read(sourcing_id: str) -> None:
        if clock.stopping:
            raise Interrupted("interrupted while reading; nothing was changed")
        try:
            lists[sourcing_id] = api.list_blueprints(sourcing_id)
        except (RefusedByApi, Forbidden) as error:
            refused[sourcing_id] = f"{error}; {error.hint}" if error.hint else str(error)
            denied.update([sourcing_id] if isinstance(error, Forbidden) else [])
        else:
            on_listed(sourcing_id, len(lists[sourcing_id]))

    with ThreadPoolExecutor(max_workers=max(1, parallelism), thread_name_prefix="read") as pool:
        futures = [pool.submit(read, each) for each in sorted(set(sourcing_ids))]
        try:
            for future in futures:
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return RemoteLists(lists, refused, frozenset(denied))


def check_permitted(observed: RemoteLists) -> None:
    """Raises Forbidden where the key may see none of what was asked for: then there is nothing to go on with."""
    if observed.denied and not observed.lists and observed.denied == observed.refused.keys():
        raise Forbidden(f"nothing could be read: {refusals(observed)}")


def refusals(observed: RemoteLists) -> str:
    """Which sourcings have no list, and why."""
    return some([f"{clip(each)}: {why}" for each, why in sorted(observed.refused.items())], _TOLD, "; ")


_TOLD: Final = 3
