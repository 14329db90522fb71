"""Whether a list, read page by page, is whole. Half a list must never look like a whole one: a blueprint that is
not seen would be made again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from kalentops.canonical import Canonical, content_digest, observable, unlisted
from kalentops.errors import UntrustedList
from kalentops.remote import Remote
from kalentops.text import is_safe_id

PAGE_SIZE: Final = 50  # the most that the API gives
MAX_PAGES: Final = 400
_TIMESTAMP: Final = re.compile(r"[0-9T:.+Z-]{10,40}")


def read_all(get_page: Callable[[int], Any], sourcing_id: str) -> tuple[Remote, ...]:
    """Every blueprint of a sourcing; `get_page` gives the `data` of a page, counted from 0.

    Raises UntrustedList where the pages do not add up to one whole list: a total that changes, rows that repeat
    or are missing, another page than was asked for, an end that does not come.
    """
    found: dict[str, Remote] = {}
    total: int | None = None
    for number in range(MAX_PAGES):
        rows, pagination = _page(get_page(number), number)
        if total is None:
            total = pagination["total"]
        elif pagination["total"] != total:
            raise UntrustedList(
                f"the list of {sourcing_id} changed from {total} to {pagination['total']} meanwhile"
            )
        for row in rows:
            remote = _remote(row, sourcing_id)
            if remote.blueprint_id in found:
                raise UntrustedList(f"the list of {sourcing_id} shows {remote.blueprint_id} twice")
            found[remote.blueprint_id] = remote
        if not pagination["hasNextPage"]:
            break
        if not rows or len(found) > total:
            raise UntrustedList(f"the list of {sourcing_id} has more pages than its total of {total} allows")
    else:
        raise UntrustedList(f"the list of {sourcing_id} does not end after {MAX_PAGES} pages")
    if len(found) != total:
        raise UntrustedList(f"the list of {sourcing_id} shows {len(found)} of {total}")
    return tuple(found.values())


def _page(data: Any, number: int) -> tuple[list[Any], dict[str, Any]]:
    rows = data.get("sequenceBlueprints") if isinstance(data, Mapping) else None
    pagination = data.get("pagination") if isinstance(data, Mapping) else None
    if not isinstance(rows, list) or not isinstance(pagination, dict):
        raise UntrustedList("what should be a list of blueprints is none")
    total, page = pagination.get("total"), pagination.get("page")
    if type(total) is not int or total < 0 or type(pagination.get("hasNextPage")) is not bool:
        raise UntrustedList("a list of blueprints does not say how long it is")
    if type(page) is not int or page != number or len(rows) > PAGE_SIZE:
        raise UntrustedList(f"page {number} of a list was asked for, something else came")
    return rows, pagination


def _remote(row: Any, sourcing_id: str) -> Remote:
    blueprint_id = row.get("blueprintId") if isinstance(row, Mapping) else None
    name = row.get("name") if isinstance(row, Mapping) else None
    if not isinstance(blueprint_id, str) or not is_safe_id(blueprint_id) or not isinstance(name, str):
        raise UntrustedList(f"the list of {sourcing_id} holds a row without an id or a name")
    if row.get("sourcingId", sourcing_id) != sourcing_id:
        raise UntrustedList(
            f"the list of {sourcing_id} holds a blueprint of another sourcing: {blueprint_id}"
        )
    updated = row.get("updatedAt")
    shown, content = _forms(row)
    return Remote(
        blueprint_id,
        name,
        shown.digest if shown else None,
        content,
        updated if isinstance(updated, str) and _TIMESTAMP.fullmatch(updated) else None,
        shown,
        unlisted(row) if shown else (),
    )


def _forms(row: Mapping[str, Any]) -> tuple[Canonical | None, str | None]:
    """None where the row does not show its steps, or not in a form that can be compared."""
    steps = row.get("steps")
    if not isinstance(steps, list) or row.get("stepCount", len(steps)) != len(steps):
        return None, None
    try:
        return observable(row), content_digest(row)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return None, None
