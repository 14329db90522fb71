"""What an answer to a write means. Pure: it decides whether a second copy of a blueprint can arise.

The question is whether the request may have had an effect. If not, a write may be repeated. If it may, only the API's
own refusal counts, and everything else is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final, TypeAlias

# A proxy may answer with these after the API has started to work.
_MAY_HAVE_STARTED: Final = frozenset({408, 425})
_TOO_MANY: Final = 429
_FATAL: Final = frozenset({401, 402})
_LONGEST_WORDS: Final = 500


class Trouble(Enum):
    NOT_SENT = "not sent"  # DNS, connect or TLS failed: the API has seen nothing
    LOST = "lost"  # sent, perhaps in part; no complete answer


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, or why there is none. `body` is parsed JSON, or None; `more`: its headers name a next page; `date`:
    the server's own time.
    """

    status: int = 0
    body: Any = None
    trouble: Trouble | None = None
    reason: str = ""
    retry_after: float | None = None
    more: bool = False
    date: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The API confirmed the write."""

    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """The API refused, and did nothing. `fatal`: it will refuse every request."""

    status: int
    code: str
    message: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Limited:
    """Rate limited: the API did nothing. `wait`: the seconds that it asks for, if it does."""

    wait: float | None = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """The API has seen nothing."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The write may have happened, or may still happen."""

    reason: str


Verdict: TypeAlias = Accepted | Refused | Limited | NotSent | Unknown


def classify(answer: Answer) -> Verdict:
    """What an answer to POST or PATCH means."""
    if answer.trouble is Trouble.NOT_SENT:
        return NotSent(answer.reason)
    if answer.trouble is Trouble.LOST:
        return Unknown(answer.reason)
    body = answer.body if isinstance(answer.body, Mapping) else {}
    if 200 <= answer.status < 300 and body.get("success") is True:  # noqa: PLR2004
        data = body.get("data")
        return Accepted(data if isinstance(data, Mapping) else {})
    refusal = envelope(answer)
    if refusal is None or answer.status in _MAY_HAVE_STARTED or not 400 <= answer.status < 500:  # noqa: PLR2004
        return Unknown(describe(answer))
    return Limited(answer.retry_after) if answer.status == _TOO_MANY else refusal


def envelope(answer: Answer) -> Refused | None:
    """The API's own error, in its present or its older form; None for anything else.

    Source: docs/reference/kalent-api.md, "Basics".
    """
    body = answer.body
    if not isinstance(body, Mapping) or body.get("success") is not False:
        return None
    error = body.get("error")
    fatal = answer.status in _FATAL
    if isinstance(error, str):
        return Refused(answer.status, "", _short(error), fatal)
    if not isinstance(error, Mapping) or not isinstance(error.get("code"), str):
        return None
    said = error.get("message")
    message = _short(said if isinstance(said, str) and said else error["code"])
    details = error.get("details")
    message += _helpful(details) if isinstance(details, Mapping) else ""
    if isinstance(error.get("debugTrackingCode"), str):
        message += f" [{_short(error['debugTrackingCode'])}]"
    return Refused(answer.status, _short(error["code"]), message, fatal)


_CAPABILITY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,60}")
# No user, no port, no unusual characters: people may follow it.
_URL: Final = re.compile(r"https://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/[\w./?=&%~+-]*)?", re.ASCII | re.IGNORECASE)


def _helpful(details: Mapping[str, Any]) -> str:
    """What the plan lacks, and where to change the plan."""
    capability, url = details.get("capability"), details.get("billingUrl")
    said = ""
    if isinstance(capability, str) and _CAPABILITY.fullmatch(capability):
        said += f"; the plan lacks {capability}"
    if isinstance(url, str) and len(url) <= _LONGEST_WORDS and _URL.fullmatch(url):
        said += f" (see {url})"
    return said


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_WORDS else text[: _LONGEST_WORDS - 1] + "…"


def describe(answer: Answer) -> str:
    """An answer that proves nothing, in a few words."""
    if answer.trouble is not None:
        return answer.reason
    refusal = envelope(answer)
    if refusal is not None:
        return f"HTTP {answer.status}: {refusal.message}"
    return f"HTTP {answer.status}{': ' + answer.reason if answer.reason else ' without a usable body'}"
