"""What runs over a shared store promise, checked against the truth of the server and of the store: when a write or a
request takes effect, and after each run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from kalentops.blueprint.body import Body
from kalentops.blueprint.remote import Mark, mark_of
from kalentops.lint.rule import ends
from kalentops.state.codec import load_state
from kalentops.state.model import Intent, State, moment
from tests.fakeclock import moment as time_of
from tests.torture.hosts import Files, Run
from tests.torture.world import Server

QUIET: Final = 600.0
"""Seconds after which another run may go on with other texts."""
_FILES: Final = Files()


def removed(files: Files) -> set[str]:
    """The addresses that the files remove, perhaps after a move."""
    targets: dict[str, dict[str, str | None]] = {}
    for each in files.relocations:
        targets.setdefault(each.sourcing_id, {})[each.source] = each.target
    return {f"{at}/{key}" for at, keys in targets.items() for key, end in ends(keys).items() if end is None}


@dataclass
class Promises:
    """`texts` has, by the id of each blueprint to which a text was sent, the address that was known last. `released`:
    ids that a person or a file has taken out of the state. `overtaken`: ids to which a run has sent its text after
    others continued, because it stood still between its last look and its request.
    """

    server: Server
    say: Callable[[str], None]
    whole: bool
    state: State = field(default_factory=State)
    texts: dict[str, str] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)
    overtaken: set[str] = field(default_factory=set)
    runs: dict[str, Run] = field(default_factory=dict)
    _looked: dict[tuple[str, str], float] = field(default_factory=dict)  # by run and sourcing
    _displaced: dict[tuple[str, str], tuple[float, bool]] = field(
        default_factory=dict
    )  # by run and id; by a person?
    _marks: set[Mark] = field(default_factory=set)

    def stored(self, before: bytes | None, after: bytes, by: Run | None) -> None:
        """A write to the store takes effect."""
        was, self.state = load_state(before) if before else State(), load_state(after)
        if self.state.serial <= was.serial:
            self.say(f"I4: serial {was.serial} to {self.state.serial}")
        self._ids_kept(was, by)
        for address, entry in self.state.entries.items():
            if entry.blueprint_id in self.texts:
                self.texts[entry.blueprint_id] = address
        for intent in was.intents.values():
            self._work_kept(intent, by)

    def _ids_kept(self, was: State, by: Run | None) -> None:
        ids, gone = self.state.ids(), removed((by and by.files) or _FILES)
        for address, entry in was.entries.items():
            if entry.blueprint_id in ids:
                continue
            if address in gone:
                self.released.add(entry.blueprint_id)
            elif entry.blueprint_id in self.texts and entry.blueprint_id not in self.released:
                self.say(f"I2: {entry.blueprint_id} of {address} was taken out of the store")

    def _work_kept(self, intent: Intent, by: Run | None) -> None:
        """What a live run is about to send is its own, unless the same is sent, a person says so, or it is quiet."""
        owner = self.runs.get(intent.run or "")
        if owner is None or owner.ended or owner is by or intent.only_reserves:
            return
        if any((each.run, each.sent) == (intent.run, intent.sent) for each in self.state.intents.values()):
            return
        now = self.server.clock.monotonic()
        age = (time_of(now) - moment(intent.at)).total_seconds()
        bodies = by.files.bodies.values() if by is not None and by.files is not None else ()
        person = by is None or by.files is None or intent.run in by.take_over
        if any(Body.of(each).digest == intent.digest for each in bodies):
            return
        self._displaced[owner.name, intent.blueprint_id or ""] = now, person
        if not person and age < QUIET - 1:
            self.say(
                f"I10: the open work of a live run on {intent.address} was overwritten after {age:.0f} s"
            )

    def sent(self, run: Run, method: str, path: str, body: Any) -> None:
        """A request is sent."""
        if method == "GET":
            self._looked[run.name, path.split("/")[3]] = self.server.clock.monotonic()
            return
        mark = mark_of(Body.recorded(body, ""))
        if method == "POST":
            self._created(run, body, mark)
        elif method == "PATCH" and (mark is None or set(body) != {"name"}):
            self._filled(run, path.rsplit("/", 1)[-1])

    def _created(self, run: Run, body: Any, mark: Mark | None) -> None:
        if mark is not None:
            if mark in self._marks:
                self.say(f"I3: the nonce of {body['name']} is not new")
            self._marks.add(mark)
            return
        meant = [each.run for each in self.state.intents.values() if each.sent.name == body["name"]]
        if not self.whole or run.name not in meant:
            self.say(f"I3: POST of {body['name']} with its text, without a durable intent of this run")

    def _filled(self, run: Run, blueprint_id: str) -> None:
        address = self.state.ids().get(blueprint_id)
        if address is None and blueprint_id not in self.released:
            self.say(f"I3: text for {blueprint_id} without a durable claim")
        if blueprint_id in self.server.stored:
            self.texts.setdefault(blueprint_id, address or "")
            self._overtakes(run, blueprint_id, self.server.stored[blueprint_id].sourcing_id)

    def _overtakes(self, run: Run, blueprint_id: str, sourcing_id: str) -> None:
        since, person = self._displaced.get((run.name, blueprint_id), (None, False))
        if since is None:
            return
        self.overtaken.add(blueprint_id)
        if self._looked[run.name, sourcing_id] > since and not person:
            self.say(f"I11: {run.name} sent to {blueprint_id}, and could know that others went on")

    def check(self, *, by_name: bool) -> None:
        """After a run. `by_name`: each name is that of one address."""
        kept = Counter(at for each, at in self.texts.items() if each not in self.released)
        for address, count in kept.items():
            if count > 1:
                self.say(f"I1: {count} blueprints with text of {address}")
        made = [each for each in self.server.stored.values() if each.has_our_text] if by_name else []
        for (sourcing, name), count in Counter((each.sourcing_id, each.name) for each in made).items():
            if count > 1:
                self.say(f"I1: {count} of {sourcing}/{name}")
        ids = self.state.ids()
        open_ = {(each.address.sourcing_id, each.sent.name) for each in self.state.intents.values()}
        for each in made:
            if each.blueprint_id not in ids and (each.sourcing_id, each.name) not in open_:
                self.say(f"I2: {each.blueprint_id} is recorded nowhere")
