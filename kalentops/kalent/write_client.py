"""The two endpoints that kalentops writes to: POST and PATCH of a blueprint. Starting a sequence, deleting, or anything
that spends credits is not there to be called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kalentops.errors import Interrupted
from kalentops.http.retry import TryAgain
from kalentops.http.verdict import Limited, NotSent, Unknown, Verdict, classify
from kalentops.kalent.client import ReadApi, safe


class WriteApi(ReadApi):
    """It reads and writes. A write is sent once: it is repeated only where the API has not seen it, or has said that it
    did nothing because of its limits.
    """

    def create(self, sourcing_id: str, body: Mapping[str, Any]) -> Verdict:
        """The outcome of one POST of a blueprint: `body` has `name`, `steps` and perhaps `config`.

        It never waits because of the API's limits, but says so at once: what was looked at before may be out of
        date after a wait. `ready` is where to wait.
        """
        path = f"/v1/sourcings/{safe(sourcing_id)}/sequence-blueprints"
        if self._throttle.closed():
            return Limited()
        return self._write("POST", path, body, waits=False)

    def ready(self) -> None:
        """Return when the API's limits allow a request. Raises Interrupted."""
        self._throttle.enter()

    def update(self, blueprint_id: str, body: Mapping[str, Any]) -> Verdict:
        """The outcome of one PATCH; fields that `body` does not hold stay as they are."""
        return self._write("PATCH", f"/v1/sequence-blueprints/{safe(blueprint_id)}", body, waits=True)

    def _write(self, method: str, path: str, body: Mapping[str, Any], *, waits: bool) -> Verdict:
        def attempt(number: int) -> Verdict:
            try:
                self._throttle.enter(number)
            except Interrupted:
                return NotSent("interrupted before it was sent")
            self._throttle.writing()
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
