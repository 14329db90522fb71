"""A local stand-in for the Kalent API, strict where docs/reference/kalent-api.md is.

`server` runs it over HTTP, `app` is the ASGI application, `checks` refuses what the page refuses, `store` keeps the
data. Its errors stand here: they can be caught without starlette and uvicorn, which are an optional extra. Statuses
and codes are those of docs/reference/kalent-api.md, "Basics".
"""

from dataclasses import dataclass
from typing import Any

_NAMED_IN_MESSAGE = 1


class EmulatorError(Exception):
    """Base of the emulator's own errors."""


class StoreError(EmulatorError):
    """A database file that can't be used."""


class ApiFailure(EmulatorError):
    def __init__(self, status: int, code: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing wrong with a request; `path` looks like `steps[2].content`, or is empty for the whole."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message

    def as_json(self) -> dict[str, str]:
        return {"path": _encodable(self.path), "message": _encodable(self.message)}


def _encodable(text: str) -> str:
    # A key of the client's may hold a lone surrogate, which no UTF-8 answer can carry.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def refusal(issues: list[Issue]) -> ApiFailure:
    """400 `validation_error`: the first issue is the message, `details.issues` holds all of them."""
    distinct = list(dict.fromkeys(issues))
    more = len(distinct) - _NAMED_IN_MESSAGE
    message = _encodable(str(distinct[0])) + (f" (and {more} more)" if more else "")
    return ApiFailure(400, "validation_error", message, {"issues": [each.as_json() for each in distinct]})


def not_found(what: str) -> ApiFailure:
    return ApiFailure(404, "not_found", f"{what} not found")
