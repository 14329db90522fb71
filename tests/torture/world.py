"""A world of its own for the core of kalentops: time, network and server from one seed.

Plan, apply and store are the real ones, and so is the client down to the transport. What lies below is played here:
nothing sleeps, nothing listens, and the same seed gives the same run, byte for byte.
"""

from __future__ import annotations

import heapq
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kalentops.blueprint.body import Body
from kalentops.blueprint.remote import Mark, mark_in, mark_of
from kalentops.http.verdict import Answer, Trouble
from tests.fakeclock import FakeClock, moment
from tests.torture.disk import Killed


@dataclass
class Stored:
    """A blueprint on the server. `versions` are (time of the commit, name, steps), oldest first; `authors` says who
    made each, "late" where an answer came before the effect. A colleague's may be `exact`: what the files want, and so
    fit to be adopted. A stub has a `mark`: as long as it is one, it can message no one.
    """

    blueprint_id: str
    sourcing_id: str
    origin: str
    exact: bool
    versions: list[tuple[float, str, list[dict[str, Any]]]]
    authors: list[str]
    config: Any = None

    @property
    def name(self) -> str:
        return self.versions[-1][1]

    @property
    def mark(self) -> Mark | None:
        return mark_of(Body.recorded({"name": self.name, "steps": self.versions[-1][2]}, ""))

    @property
    def has_our_text(self) -> bool:
        """Whether kalentops has ever sent it more than what reserves an id."""
        ours = zip(self.versions, self.authors, strict=True)
        return any(author != "colleague" and mark_in(name) is None for (_, name, _), author in ours)

    def at(self, time: float) -> tuple[float, str, list[dict[str, Any]]] | None:
        seen = [version for version in self.versions if version[0] <= time]
        return seen[-1] if seen else None


class Server:
    """The server as docs/reference/kalent-api.md has it, in memory. Lists are `lag` seconds behind."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.lag = 0.0
        self.stored: dict[str, Stored] = {}
        self._later: list[tuple[float, int, Callable[[], Any]]] = []
        self._ids = 0
        self._effect_at: float | None = None

    def later(self, seconds: float, effect: Callable[[], Any]) -> None:
        heapq.heappush(self._later, (self.clock.monotonic() + seconds, len(self._later), effect))

    def catch_up(self) -> None:
        """Everything whose time has come happens."""
        while self._later and self._later[0][0] <= self.clock.monotonic():
            self._effect_at, _, effect = heapq.heappop(self._later)
            effect()
        self._effect_at = None

    def _now(self) -> float:
        return self.clock.monotonic() if self._effect_at is None else self._effect_at

    def create(
        self, sourcing_id: str, body: Mapping[str, Any], origin: str = "tool", *, exact: bool = False
    ) -> str:
        self._ids += 1
        blueprint_id = f"bp_{self._ids:04}"
        version = (self._now(), body["name"], _kept(body.get("steps", [])))
        self.stored[blueprint_id] = Stored(
            blueprint_id, sourcing_id, origin, exact, [version], [origin], body.get("config")
        )
        return blueprint_id

    def update(self, blueprint_id: str, body: Mapping[str, Any], origin: str = "tool") -> None:
        found = self.stored[blueprint_id]
        _, name, steps = found.versions[-1]
        changed = _kept(body["steps"]) if "steps" in body else steps
        found.versions.append((self._now(), body.get("name", name), changed))
        found.authors.append(origin if self._effect_at is None else "late")
        found.config = body.get("config", found.config)

    def shows(self, blueprint_id: str, body: Mapping[str, Any]) -> bool:
        """Whether candidates get what the body says."""
        _, name, steps = self.stored[blueprint_id].versions[-1]
        return name == body["name"] and steps == _kept(body.get("steps", []))

    def rows(self, sourcing_id: str) -> list[dict[str, Any]]:
        seen = [(each, each.at(self.clock.monotonic() - self.lag)) for each in self.stored.values()]
        return [
            {
                "blueprintId": each.blueprint_id,
                "name": version[1],
                "sourcingId": sourcing_id,
                "updatedAt": moment(version[0]).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "steps": version[2],
                "stepCount": len(version[2]),
            }
            for each, version in seen
            if version is not None and each.sourcing_id == sourcing_id
        ]


def _kept(steps: Any) -> list[dict[str, Any]]:
    kept = [{key: value for key, value in step.items() if key != "config"} for step in steps]
    for step in kept:
        if step.get("linkedInType") == "LINKEDIN_INVITATION":
            step["content"] = ""
    return kept


OTHER_STEP = {"id": "other", "name": "Other", "type": "SMS", "content": "Hello", "temporalityType": "ASAP"}


_LATE = ("lost late", "lost late", "500 late", "page late", "408 late", "done late")
_LOST_ANSWERS = {
    "lost": Answer(trouble=Trouble.LOST, reason="broke"),
    "page": Answer(403, None, reason="HTML instead of JSON"),
    "429 page": Answer(429, None, reason="HTML instead of JSON"),
    "408": Answer(408, {"success": False, "error": {"code": "timeout", "message": "slow"}}),
    "500": Answer(500, {"success": False, "error": {"code": "internal_error", "message": "oops"}}),
}


@dataclass
class Weather:
    """How bad the network is: the probability that something happens to a request, and how late a late effect may be;
    and the probability that a write takes effect later, whatever is answered: 1 to 600 seconds.
    """

    trouble: float = 0.0
    latest: float = 20.0
    late: float = 0.0


@dataclass
class Network:
    """A transport that does to requests what the dice say. `kill_in` counts down the steps until the program dies."""

    server: Server
    random: random.Random
    weather: Weather = field(default_factory=Weather)
    kill_in: int | None = None
    freeze_in: int | None = None
    dead: bool = False
    freezes: int = 0
    writes: int = 0
    meddling: float = 0.0
    meddled: bool = False
    copy_of: Callable[[str, Any], dict[str, Any]] = lambda _, body: dict(body)
    watch: Callable[[str, str, Any], None] = lambda *_: None
    trace: list[str] = field(default_factory=list)

    def step(self) -> None:
        """A point at which the program may die, or stand still for minutes."""
        if self.dead:
            raise Killed
        if self.freeze_in is not None:
            self.freeze_in -= 1
            if self.freeze_in < 0:
                self.freeze_in = None
                self.freezes += 1
                self.server.clock.advance(self.random.uniform(60, 900))
                self.server.catch_up()
        if self.kill_in is not None:
            self.kill_in -= 1
            if self.kill_in < 0:
                self.dead = True
                raise Killed

    def send(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: Any = None
    ) -> Answer:
        self.step()
        self.server.clock.advance(0.05)
        self.server.catch_up()
        fault = self._fault(method)
        if fault != "not sent":
            self.watch(method, path, body)
        self.writes += method != "GET"
        answer = self._answer(method, path, query or {}, json.loads(json.dumps(body)), fault)
        self.trace.append(f"{self.server.clock.monotonic():.2f} {method} {path} {fault} {answer.status}")
        self.server.catch_up()
        self.step()
        return answer

    def _fault(self, method: str) -> str:
        if method != "GET" and self.random.random() < self.weather.late:
            return self.random.choice(_LATE)
        if self.random.random() >= self.weather.trouble:
            return "none"
        if method == "GET":
            return self.random.choice(["not sent", "lost", "500", "429", "cut", "twice", "total"])
        effects = ["not sent", "429", "refused", "old id" if method == "POST" else "refused"]
        kinds = ("lost", "500", "page", "429 page", "408", *(("no id",) if method == "POST" else ()))
        unknown = [f"{kind} {when}" for kind in kinds for when in ("nothing", "done", "late")]
        return self.random.choice([*effects, *unknown, *unknown])

    def _answer(self, method: str, path: str, query: Mapping[str, Any], body: Any, fault: str) -> Answer:
        if fault == "not sent":
            return Answer(trouble=Trouble.NOT_SENT, reason="no connection")
        if fault in {"429", "refused"}:
            status, code = (429, "rate_limit_exceeded") if fault == "429" else (400, "validation_error")
            error = {"code": code, "message": "no"}
            return Answer(
                status, {"success": False, "error": error}, retry_after=1.0 if fault == "429" else None
            )
        if method == "GET":
            return self._list(path, query, fault)
        return self._write(method, path, body, fault)

    def _list(self, path: str, query: Mapping[str, Any], fault: str) -> Answer:
        if fault == "lost":
            return Answer(trouble=Trouble.LOST, reason="broke")
        if fault == "500":
            return Answer(500, None)
        rows = self.server.rows(path.split("/")[3])
        size, page = query["pageSize"], query["page"]
        shown, total = rows[page * size : (page + 1) * size], len(rows)
        if fault == "cut" and shown:
            shown = shown[:-1]
        elif fault == "twice" and shown:
            shown = [*shown, shown[0]]
        elif fault == "total":
            total += 1
        pagination = {
            "page": page,
            "pageSize": size,
            "total": total,
            "hasNextPage": (page + 1) * size < len(rows),
        }
        return Answer(200, {"success": True, "data": {"sequenceBlueprints": shown, "pagination": pagination}})

    def _write(self, method: str, path: str, body: Any, fault: str) -> Answer:
        made: dict[str, str] = {}

        def effect() -> None:
            if method == "POST":
                made["blueprintId"] = self.server.create(path.split("/")[3], body)
            elif path.split("/")[3] in self.server.stored:
                self.server.update(path.split("/")[3], body)
            else:  # a create that was accepted, and is late
                made["error"] = "not_found"

        if fault.endswith("late"):
            late = (1.0, 600.0) if self.weather.late else (0.1, self.weather.latest)
            self.server.later(self.random.uniform(*late), effect)
        elif not fault.endswith("nothing"):
            effect()
        if method == "POST" and fault != "none" and self.random.random() < self.meddling:
            # A colleague makes something of the same name at this very moment: something else, or, where both show
            # at once, a copy. (A copy that shows before ours does can't be told from ours by anyone.)
            exact = fault.endswith("done") and not self.server.lag and self.random.random() < 0.5
            same = self.copy_of(path.split("/")[3], body)
            other = same if exact else {**same, "steps": [*same["steps"], {**OTHER_STEP}]}
            self.server.create(path.split("/")[3], other, "colleague", exact=exact)
            self.meddled = True
        self.step()
        kind = fault.rpartition(" ")[0]
        if kind in _LOST_ANSWERS:
            return _LOST_ANSWERS[kind]
        if "error" in made:
            return Answer(404, {"success": False, "error": {"code": made["error"], "message": "not there"}})
        if fault == "old id":
            made = {"blueprintId": next(iter(self.server.stored))}
        named = {"name": body["name"], **made} if method == "POST" else made
        return Answer(200, {"success": True, "data": {} if kind in {"no id", "done"} else named})
