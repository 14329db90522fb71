"""A network that records what is sent."""

from __future__ import annotations

from typing import Any

from kalentops.http.verdict import Answer

EMPTY = {
    "sequenceBlueprints": [],
    "pagination": {"page": 0, "pageSize": 50, "total": 0, "hasNextPage": False},
}
LISTED = Answer(200, {"success": True, "data": EMPTY})
CREATED = Answer(201, {"success": True, "data": {"blueprintId": "b1"}})


class Recording:
    """A network that records what is sent and answers from a list, the last answer for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.sent: list[tuple[str, str]] = []
        self.queries: list[dict[str, Any]] = []
        self._answers = list(answers)

    def send(self, method: str, path: str, *, query: Any = None, body: Any = None) -> Answer:
        self.sent.append((method, path))
        self.queries.append(dict(query or {}))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
