"""The two endpoints that kalentops writes to: POST and PATCH of a blueprint. There is no code that starts a sequence,
deletes anything or spends credits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kalentops.errors import Interrupted
from kalentops.http.retry import TryAgain
from kalentops.http.verdict import Limited, NotSent, Unknown, Verdict, classify
from kalentops.kalent.client import ReadApi, checked_id


class WriteApi(ReadApi):
    """Reads and writes. A write is repeated only where the API has not seen it, or refused it by its rate limit."""

    def create(self, sourcing_id: str, body: Mapping[str, Any]) -> Verdict:
        """The outcome of one POST of a blueprint: `body` has `name`, `steps` and perhaps `config`.

        Returns Limited instead of waiting for the rate limit: the list that the caller has read would be out of date
        after a wait. Wait with `ready` before reading it.
        """
        path = f"/v1/sourcings/{checked_id(sourcing_id)}/sequence-blueprints"
        if self._throttle.closed():
            return Limited()
        return self._write("POST", path, body, waits=False)

    def ready(self) -> None:
        """Return when the rate limit allows a request. Raises Interrupted."""
        self._throttle.enter()

    def update(self, blueprint_id: str, body: Mapping[str, Any]) -> Verdict:
        """The outcome of one PATCH. Fields that are not in `body` stay as they are."""
        return self._write("PATCH", f"/v1/sequence-blueprints/{checked_id(blueprint_id)}", body, waits=True)

    def _write(self, method: str, path: str, body: Mapping[str, Any], *, waits: bool) -> Verdict:
        def attempt(number: int) -> Verdict:
            try:
                self._throttle.enter(number)
            except Interrupted:
                return NotSent("interrupted before it was sent")
            self._throttle.note_write()
            verdict = classify(self._transport.send(method, path, body=dict(body)))
            if isinstance(verdict, Limited):
                self._throttle.limited(verdict.wait, number)
            if isinstance(verdict, NotSent) or (isinstance(verdict, Limited) and waits):
                raise TryAgain(verdict)
            return verdict

        try:
            return self._throttle.retry(attempt)
        except TryAgain as error:
            return error.value if isinstance(error.value, Limited | NotSent) else Unknown("no answer")
