"""What differs from one API to another in a request and its answer; everything else is the transport's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from kalentops.http.secret import ApiKey
from kalentops.http.throttle import retry_after


@dataclass(frozen=True, slots=True)
class Dialect:
    """`header` carries the secret, with `scheme` in front of it; `fixed` headers go with every request.

    `wait` reads from the headers of an answer how many seconds to wait, None where they don't say; their names may
    be given in lower case.
    """

    header: str
    scheme: str
    fixed: Mapping[str, str]
    wait: Callable[[Mapping[str, str]], float | None]

    def credentials(self, key: ApiKey) -> dict[str, str]:
        """The one header that holds the key, for one request."""
        return {self.header: f"{self.scheme}{key.reveal()}"}


KALENT: Final = Dialect(
    "x-api-key",
    "",
    {"accept": "application/json"},
    lambda headers: retry_after(headers.get("retry-after")),
)
