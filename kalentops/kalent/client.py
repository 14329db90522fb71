"""The endpoints that kalentops reads, and none of the others. What writes stands in `writing`, which nothing that only
looks imports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NoReturn, TypeAlias, TypeVar

from kalentops.blueprint.remote import Remote, RemoteSourcing
from kalentops.errors import Forbidden, RefusedByApi, Unauthorized, Unreachable, UntrustedList
from kalentops.http.retry import TryAgain, retrying
from kalentops.http.throttle import Throttle
from kalentops.http.transport import Query, Transport
from kalentops.http.verdict import Answer, Refused, Trouble, classify, describe, envelope
from kalentops.kalent.address import DEFAULT_URL
from kalentops.kalent.pagination import PAGE_SIZE, GetPage, read_blueprints, read_sourcings
from kalentops.support.text import clip, is_safe_id

_NOT_FOUND: Final = 404
_TOO_MANY: Final = 429
_LIST_ATTEMPTS: Final = 3
_T = TypeVar("_T")

Ownership: TypeAlias = Literal["mine", "all"]


class ReadApi:
    """It can only GET. Reads may be repeated, and are."""

    def __init__(self, transport: Transport, throttle: Throttle, url: str = DEFAULT_URL) -> None:
        """`url` is where the transport goes, for messages."""
        self._transport = transport
        self._throttle = throttle
        self._url = url

    def list_blueprints(self, sourcing_id: str) -> tuple[Remote, ...]:
        """Every blueprint of a sourcing.

        Raises Unauthorized (401, 402, 403), RefusedByApi (404 and the like), Unreachable, UntrustedList,
        Interrupted.
        """
        path = f"/v1/sourcings/{safe(sourcing_id)}/sequence-blueprints"
        return self._whole(path, {}, lambda get_page: read_blueprints(get_page, sourcing_id))

    def list_sourcings(self, *, ownership: Ownership, closed: bool) -> tuple[RemoteSourcing, ...]:
        """Every sourcing that is in progress, or every one that is closed, in the order of the API: those of the
        key's owner, or all that the key sees.

        Raises what `list_blueprints` raises.
        """
        query = {"ownership": ownership, "status": "closed" if closed else "in-progress"}
        return self._whole("/v1/sourcings", query, read_sourcings)

    def _whole(self, path: str, query: Query, read: Callable[[GetPage], tuple[_T, ...]]) -> tuple[_T, ...]:
        """A list of which all pages were read; one that can't be trusted is read again from its start."""

        def page(number: int) -> Any:
            return self._get(path, {**query, "page": number, "pageSize": PAGE_SIZE})

        def attempt(_: int) -> tuple[_T, ...]:
            try:
                return read(page)
            except UntrustedList as error:
                raise TryAgain(error) from error

        try:
            return retrying(attempt, attempts=_LIST_ATTEMPTS)
        except TryAgain as error:
            raise _as_error(error.value) from None

    def _get(self, path: str, query: Query) -> Any:
        def attempt(number: int) -> Any:
            self._throttle.enter(number, reads=True)
            answer = self._transport.send("GET", path, query=query)
            body = answer.body
            if answer.status == 200 and isinstance(body, Mapping) and body.get("success") is True:  # noqa: PLR2004
                return body.get("data")
            return self._again_or_raise(answer, number)

        try:
            return retrying(attempt)
        except TryAgain as error:
            answer = _as_answer(error.value)
            hint = self._not_there if answer.status == _NOT_FOUND else None
            raise Unreachable(f"the API could not be read: {describe(answer)}", hint=hint) from None

    def _again_or_raise(self, answer: Answer, number: int) -> NoReturn:
        refusal = envelope(answer)
        if answer.status in {401, 402, 403}:
            kind = Forbidden if answer.status == 403 else Unauthorized  # noqa: PLR2004
            raise kind(_said(answer, refusal), hint=_HINTS[answer.status])
        if answer.status == _TOO_MANY:
            self._throttle.limited(answer.retry_after, number)
        elif isinstance(classify(answer), Refused):
            hint = self._not_there if answer.status == _NOT_FOUND else None
            raise RefusedByApi(_said(answer, refusal), hint=hint)
        self._throttle.go_on_reading()
        raise TryAgain(answer)

    @property
    def _not_there(self) -> str:
        """For a 404: the address may be wrong, or the id in it."""
        default = "the default" if self._url == DEFAULT_URL else f"the default is {DEFAULT_URL}"
        return (
            f"asked was {self._url} ({default}); check KALENT_API_URL, and the sourcingId, where there is one"
        )


def safe(identifier: str) -> str:
    """Raises RefusedByApi for an id that must not become part of a path."""
    if not is_safe_id(identifier):
        raise RefusedByApi(f"`{clip(identifier)}` is not an id of the API")
    return identifier


def _as_error(value: object) -> Exception:
    return value if isinstance(value, Exception) else Unreachable("the API could not be read")


def _as_answer(value: object) -> Answer:
    return value if isinstance(value, Answer) else Answer(trouble=Trouble.LOST, reason="no answer")


def _said(answer: Answer, refusal: Refused | None) -> str:
    return f"the API refused: {refusal.message} (HTTP {answer.status})" if refusal else describe(answer)


_HINTS: Final = {
    401: "check KALENT_API_KEY: it is missing, mistyped or revoked, or its user has left the workspace",
    402: "the workspace's plan or credits do not cover this; change them on Kalent's billing page, then run it again",
    403: "the key may not do this; use one of the workspace that owns the sourcing",
}
