"""Whole lists, read page by page, and the lists of many sourcings in parallel.

Half a list must never look like a whole one: a blueprint that is not seen would be created again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from kalentops.blueprint.body import Body, unknown_fields
from kalentops.blueprint.remote import Remote, RemoteLists, RemoteSourcing
from kalentops.errors import Forbidden, Interrupted, RefusedByApi, UntrustedList
from kalentops.support.background import result_of
from kalentops.support.clock import Clock
from kalentops.support.text import clip, is_safe_id, some

PAGE_SIZE: Final = 50  # the most that the API gives
MAX_PAGES: Final = 400
_ROWS: Final = "sequenceBlueprints"
GetPage: TypeAlias = Callable[[int], Any]
"""Gives the `data` of a page; pages count from 0."""

_TIMESTAMP: Final = re.compile(r"[0-9T:.+Z-]{10,40}")
_T = TypeVar("_T")


def read_blueprints(get_page: GetPage, sourcing_id: str) -> tuple[Remote, ...]:
    """Every blueprint of a sourcing. Raises UntrustedList.

    Of several pages, all but the last are read once more: where one blueprint is deleted and another one made between
    two pages, a third slips to a page that was read already, while the total stays and nothing shows twice.
    """
    whose = f"the list of {sourcing_id}"
    pages: list[list[str]] = []

    def page(number: int) -> Any:
        data = get_page(number)
        rows, _ = _page(data, number, _ROWS, whose)
        pages.append([_id_and_name(row, "blueprintId", whose)[0] for row in rows])
        return data

    found = _read_all(page, _ROWS, whose, lambda row: _blueprint(row, sourcing_id, whose))
    for number, seen in enumerate(pages[:-1]):
        page(number)
        if pages[-1] != seen:
            raise UntrustedList(f"{whose} changed while it was read")
    return found


def read_sourcings(get_page: GetPage) -> tuple[RemoteSourcing, ...]:
    """Every sourcing, in the order of the API. Raises UntrustedList."""
    whose = "the list of sourcings"

    def sourcing(row: Any) -> tuple[str, RemoteSourcing]:
        sourcing_id, name = _id_and_name(row, "sourcingId", whose)
        return sourcing_id, RemoteSourcing(sourcing_id, name)

    return _read_all(get_page, "sourcings", whose, sourcing)


def _read_all(
    get_page: GetPage, field: str, whose: str, parse: Callable[[Any], tuple[str, _T]]
) -> tuple[_T, ...]:
    """The rows of all pages, which stand under `field`; `parse` gives a row's id and its value.

    Raises UntrustedList where the pages are not one complete list: the total changes, rows repeat or are missing, a
    page is not the requested one, there is no last page.
    """
    found: dict[str, _T] = {}
    total: int | None = None
    for number in range(MAX_PAGES):
        rows, pagination = _page(get_page(number), number, field, whose)
        if total is None:
            total = pagination["total"]
        elif pagination["total"] != total:
            raise UntrustedList(f"{whose} changed from {total} to {pagination['total']} while it was read")
        for row in rows:
            identifier, item = parse(row)
            if identifier in found:
                raise UntrustedList(f"{whose} shows {identifier} twice")
            found[identifier] = item
        if not pagination["hasNextPage"]:
            break
        if not rows or len(found) > total:
            raise UntrustedList(f"{whose} has more pages than its total of {total} needs")
    else:
        raise UntrustedList(f"{whose} does not end after {MAX_PAGES} pages")
    _check_number(len(found), total, whose)
    return tuple(found.values())


def _check_number(shown: int, total: int | None, whose: str) -> None:
    if shown != total:
        raise UntrustedList(f"{whose} shows {shown} of {total}")


def _page(data: Any, number: int, field: str, whose: str) -> tuple[list[Any], dict[str, Any]]:
    rows = data.get(field) if isinstance(data, Mapping) else None
    pagination = data.get("pagination") if isinstance(data, Mapping) else None
    if not isinstance(rows, list) or not isinstance(pagination, dict):
        raise UntrustedList(f"{whose} is not a list")
    total, page = pagination.get("total"), pagination.get("page")
    if type(total) is not int or total < 0 or type(pagination.get("hasNextPage")) is not bool:
        raise UntrustedList(f"{whose} does not give its length")
    if type(page) is not int or page != number or len(rows) > PAGE_SIZE:
        raise UntrustedList(f"{whose} has another page in place of page {number}")
    return rows, pagination


def _id_and_name(row: Any, field: str, whose: str) -> tuple[str, str]:
    identifier = row.get(field) if isinstance(row, Mapping) else None
    name = row.get("name") if isinstance(row, Mapping) else None
    if not isinstance(identifier, str) or not is_safe_id(identifier) or not isinstance(name, str):
        raise UntrustedList(f"{whose} contains a row without an id or a name")
    return identifier, name


def _blueprint(row: Any, sourcing_id: str, whose: str) -> tuple[str, Remote]:
    blueprint_id, name = _id_and_name(row, "blueprintId", whose)
    if row.get("sourcingId", sourcing_id) != sourcing_id:
        raise UntrustedList(f"{whose} contains a blueprint of another sourcing: {blueprint_id}")
    updated = row.get("updatedAt")
    shown = _shown(row)
    return blueprint_id, Remote(
        blueprint_id,
        name,
        updated if isinstance(updated, str) and _TIMESTAMP.fullmatch(updated) else None,
        shown,
        unknown_fields(row) if shown else (),
    )


def _shown(row: Mapping[str, Any]) -> Body | None:
    """None where the row does not show its steps in a comparable form."""
    steps = row.get("steps")
    if not isinstance(steps, list) or row.get("stepCount", len(steps)) != len(steps):
        return None
    try:
        return Body.listed(row)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return None


class Lister(Protocol):
    def list_blueprints(self, sourcing_id: str) -> tuple[Remote, ...]: ...


def read_lists(
    api: Lister,
    sourcing_ids: Iterable[str],
    clock: Clock,
    *,
    parallelism: int,
    on_listed: Callable[[str, int], None],
) -> RemoteLists:
    """The lists of the sourcings. Refusals of single lists (404, 403) are in `refused` and `denied`.

    `on_listed` gets each sourcing and its number of blueprints, from several threads. Raises Unauthorized, Unreachable,
    UntrustedList, Interrupted.
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
                result_of(future)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return RemoteLists(lists, refused, frozenset(denied))


def check_permitted(observed: RemoteLists) -> None:
    """Raises Forbidden where the key may read none of the sourcings."""
    if observed.denied and not observed.lists and observed.denied == observed.refused.keys():
        raise Forbidden(f"nothing could be read: {refusals(observed)}")


def refusals(observed: RemoteLists) -> str:
    """Which sourcings have no list, and why."""
    return some([f"{clip(each)}: {why}" for each, why in sorted(observed.refused.items())], _TOLD, "; ")


_TOLD: Final = 3
