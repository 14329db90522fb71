"""Query strings of the two lists (docs/kalent-api.md, "Endpoints that kalentops uses")."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from kalentops.emulator.errors import Issue, refusal

MAX_PAGE_SIZE = 50
# ASCII digits only, and few enough that page times size fits SQLite's integers.
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Paging:
    """`page` counts from zero."""

    page: int
    size: int

    @property
    def offset(self) -> int:
        return self.page * self.size

    def as_json(self, total: int) -> dict[str, int | bool]:
        return {
            "page": self.page,
            "pageSize": self.size,
            "total": total,
            "hasNextPage": self.offset + self.size < total,
        }


def parse(raw: bytes, *, size: int, choices: Mapping[str, tuple[str, ...]]) -> tuple[Paging, dict[str, str]]:
    """Paging (`size` unless `pageSize` is given), and a value for each of `choices` (default: the first).

    Raises `ApiFailure` (400) for unknown or repeated parameters and for values out of range.
    """
    pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True)
    given = dict(pairs)
    issues = [] if len(given) == len(pairs) else [Issue("query", "a parameter is given more than once")]
    issues += [Issue(key, "unknown parameter") for key in given if key not in {"page", "pageSize", *choices}]
    issues += [
        Issue(key, f"must be one of {', '.join(allowed)}")
        for key, allowed in choices.items()
        if given.get(key, allowed[0]) not in allowed
    ]
    page, page_size = _number(given.get("page", "0")), _number(given.get("pageSize", str(size)))
    if page is None:
        issues.append(Issue("page", "must be an integer, zero or more"))
    if page_size is None or not 1 <= page_size <= MAX_PAGE_SIZE:
        issues.append(Issue("pageSize", f"must be an integer from 1 to {MAX_PAGE_SIZE}"))
    if issues or page is None or page_size is None:
        raise refusal(issues)
    return Paging(page, page_size), {key: given.get(key, allowed[0]) for key, allowed in choices.items()}


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None
