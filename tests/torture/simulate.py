"""One seed: a repository, several runs in bad weather, edits in between, deaths and freezes at any step; then two calm
runs, and everything that was still under way.

In three of four worlds half of all writes take effect 1 to 600 seconds late, whatever is answered. After every run the
promises are checked against the truth of the server and of the disk.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from kalentops.apply.context import Options
from kalentops.apply.result import ApplyResult, Outcome
from kalentops.apply.run import apply_plan
from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.remote import Mark, mark_of
from kalentops.errors import KalentopsError
from kalentops.http.retry import ATTEMPTS, Throttle
from kalentops.kalent.write_client import WriteApi
from kalentops.lint.finding import Origin
from kalentops.lint.rule import Declared
from kalentops.output.explanations import text
from kalentops.plan.build import make_plan
from kalentops.state.model import State
from kalentops.state.store.file import FileStore
from tests.builders import step
from tests.fakeclock import FakeClock, without_backoff
from tests.torture.disk import Disk, Killed, Op
from tests.torture.world import OTHER_STEP, Network, Server, Stored, Weather

SETTLE: Final = 30.0
_MEMORY: Final = Path("/dev/shm")
_LATEST: Final = 600.0
Protocol: TypeAlias = Literal["reserve", "whole", "resent"]
"""`whole` is `create: whole`; `resent` is that with everything sent again where the window has passed, as it was before
there were stubs: for comparison, because it breaks the promise.
"""


@dataclass
class Verdict:
    """What a seed came to. `late`: half of its writes were. `resolved`: the first calm run ended without a person.
    `meddled`: colleagues did things that only a person can decide about. `overtaken`: texts over which an older one
    came true later. `copies`: addresses with more than one blueprint that has text; `leftovers`: unclaimed stubs.
    """

    seed: int
    problems: list[str]
    resolved: bool
    state_lost: bool
    meddled: bool
    disturbed: int
    kills: int
    freezes: int
    overtaken: int
    late: bool
    copies: int
    creates: int
    leftovers: int
    trace: list[str] = field(default_factory=list)


def run_seed(seed: int, protocol: Protocol = "reserve") -> Verdict:
    """Play one seed. The same seed gives the same trace."""
    base = _MEMORY if _MEMORY.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="kalentops-sim-", dir=base))
    try:
        # A list gets as many attempts as a write: in such weather, most runs would end at their first list.
        with without_backoff(least=ATTEMPTS):
            return _Play(seed, folder, protocol).play()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Play:
    def __init__(self, seed: int, folder: Path, protocol: Protocol) -> None:
        self.seed = seed
        self.protocol = protocol
        self.random = random.Random(seed)
        self.clock = FakeClock()
        self.server = Server(self.clock)
        self.network = Network(self.server, self.random)
        self.network.watch = self._watch
        self.network.copy_of = self._copy_of
        self.late = seed % 4 != 0
        self.store = FileStore(folder / "state.json")
        self.bodies: dict[str, dict[str, Any]] = {}
        self.problems: list[str] = []
        self.kills = 0
        self.serial = 0
        self.began = 0.0
        self.meddled = False
        self.overtaken = 0
        self.meddling = self.network.meddling = 0.15 if self.random.random() < 0.2 else 0.0
        self.wiped: set[str] = set()
        self.lost = False
        self.marks: set[Mark] = set()
        self.committed: bytes | None = None

    def play(self) -> Verdict:
        self._write_files()
        self._colleagues()
        self.server.lag = self.random.choice([0.0, 0.0, 1.0, 10.0, 25.0])
        disturbed = self.random.randint(1, 4)
        for _ in range(disturbed):
            trouble = self.random.choice([0.0, 0.1, 0.3, 0.6])
            self.network.weather = Weather(trouble, SETTLE - 2 - self.server.lag, 0.5 if self.late else 0.0)
            self.network.kill_in = self.random.randint(0, 60) if self.random.random() < 0.6 else None
            self.network.freeze_in = self.random.randint(0, 60) if self.random.random() < 0.4 else None
            self._runs()
            self._between()
        resolved = self._calm()
        return Verdict(
            self.seed,
            self.problems,
            resolved,
            self.lost,
            self._meddled(),
            disturbed,
            self.kills,
            self.network.freezes,
            self.overtaken,
            self.late,
            sum(count > 1 for count in self._made().values()),
            len(self.bodies),
            len(self._leftovers()),
            self.network.trace,
        )

    def _write_files(self) -> None:
        for sourcing in ("s1", "s2")[: self.random.randint(1, 2)]:
            for number in range(self.random.randint(1, 3)):
                self.bodies[f"{sourcing}/k{number}"] = self._body(f"Blueprint {number}")

    def _body(self, name: str) -> dict[str, Any]:
        body: dict[str, Any] = {"name": name, "steps": [step(n) for n in range(1, self.random.randint(1, 3))]}
        if body["steps"]:
            body["steps"][0]["content"] = f"Hi {{{{firstname}}}}, {self.random.randint(0, 10**6)}"
            if self.random.random() < 0.2:
                body["steps"][0]["config"] = {"userId": "user_1"}
        if self.random.random() < 0.2:
            body["config"] = {"n": self.random.randint(0, 9)}
        return json.loads(Body.of(body).text)  # type: ignore[no-any-return]

    def _colleagues(self) -> None:
        """Another person has made things before: an exact copy to adopt, or the same name with other content."""
        for address, body in self.bodies.items():
            chance = self.random.random()
            sourcing = address.partition("/")[0]
            if chance < 0.15:
                self.server.create(sourcing, body, "colleague", exact=True)
            elif chance < 0.15 + self.meddling:
                self.server.create(
                    sourcing, {**body, "steps": [*body["steps"], dict(OTHER_STEP)]}, "colleague"
                )
                self.meddled = True
        self.clock.advance(60)

    def _between(self) -> None:
        """Time passes, files are edited, a colleague edits what is ours, the state is lost."""
        self.clock.advance(self.random.choice([0.0, 1.0, 30.0, 600.0]))
        self.server.catch_up()
        if self.random.random() < 0.1 and self.store.path.exists():
            # A hosted runner died: its disk is gone, or git has an older state, and the same files are applied again.
            # What is under way may come later, but lists show what was done: docs/explanation/reliability.md,
            # "What remains".
            self.clock.advance(self.server.lag)
            self.server.catch_up()
            for path in (self.store.path, self.store.journal_path):
                path.unlink(missing_ok=True)
            if self.committed is not None and self.random.random() < 0.5:
                self.store.path.write_bytes(self.committed)
            self.serial = 0
            self.wiped = {each.blueprint_id for each in self.server.stored.values()} | self.wiped
            self.lost = True
        elif self.random.random() < 0.2 and self.store.path.exists() and not self.store.journal_path.exists():
            self.committed = self.store.path.read_bytes()
        elif self.random.random() < 0.3:
            address = self.random.choice(list(self.bodies))
            if self._stands_beside(address):
                self.meddled = True
            self.bodies[address] = self._body(self.bodies[address]["name"])
        for each in self.server.stored.values():
            if each.origin == "tool" and self.random.random() < self.meddling:
                self.server.update(each.blueprint_id, {"steps": [dict(OTHER_STEP)]}, "colleague")
                self.clock.advance(60)
                self.meddled = True

    def _stands_beside(self, address: str) -> bool:
        """Whether a colleague's copy that was not adopted yet will not be what the file says."""
        sourcing = address.partition("/")[0]
        ours = self.store.read().state.ids()
        return any(
            each.origin == "colleague"
            and each.sourcing_id == sourcing
            and each.name == self.bodies[address]["name"]
            for each in self.server.stored.values()
            if each.blueprint_id not in ours
        )

    def _meddled(self) -> bool:
        return self.meddled or self.network.meddled

    def _runs(self) -> None:
        """A run; with `resent`, as many as had been made in one: three attempts."""
        for _ in range(3 if self.protocol == "resent" else 1):
            result = self._run()
            if result is None or all(each.outcome is not Outcome.UNKNOWN for each in result.results):
                return

    def _run(self) -> ApplyResult | None:
        self.network.dead = False
        self.began = self.clock.monotonic()
        try:
            with Disk(self.store.path.parent, self._on_disk), self.store.session() as session:
                desired = [self._declared(address, body) for address, body in self.bodies.items()]
                plan = make_plan(desired, session.state)
                api = WriteApi(self.network, Throttle(self.clock, lambda _: None))
                again = frozenset(self.bodies) if self.protocol == "resent" else frozenset()
                options = Options("url:sim", SETTLE, 1, frozenset(), self.protocol != "reserve", again)
                result = apply_plan(plan, api, session, self.clock, options, lambda _: None)
            self.network.trace += [
                f"{e.address} {e.action} {e.outcome} {text(e.error)}" for e in result.results
            ]
        except Killed:
            self.kills += 1
            self.network.trace.append("killed")
            result = None
        except KalentopsError as error:
            self.network.trace.append(f"stopped: {error}")
            result = None
        self._check()
        if result is not None and result.exit_code == 0 and not self._meddled():
            self._check_in_place(result)
        return result

    def _check_in_place(self, of: ApplyResult) -> None:
        """A run that ends with 0 has everything in place."""
        named = {each.parameters.get("address") for each in of.notes}
        named |= {each.address for each in of.results if each.note}
        entries = self.store.read().state.entries
        for address, body in self.bodies.items():
            entry = entries.get(address)
            if entry is None or not self.server.shows(entry.blueprint_id, body):
                authors = self.server.stored[entry.blueprint_id].authors if entry else []
                if address not in named and authors[-1:] != ["late"]:
                    self.problems.append(f"I6: ended with 0, and {address} is not in place")

    def _on_disk(self, op: Op) -> int | None:
        self.network.trace.append(f"{op.kind} {op.path.rsplit('.', 1)[-1]} {len(op.data)}")
        if op.kind == "write" and self.network.kill_in == 0:
            self.network.dead = True
            self.network.kill_in = None
            return self.random.randint(0, len(op.data))
        self.network.step()
        return None

    def _declared(self, address: str, data: dict[str, Any]) -> Declared:
        body = Body.of(data)
        origin = Origin("f.yaml", 1, 1)
        return Declared(Address.parse(address), body.name, origin, (1, 1), body.digest, body)

    def _watch(self, method: str, path: str, body: Any) -> None:
        if method == "GET":
            return
        state = self.store.read().state
        if method == "POST":
            self._watch_create(path.split("/")[3], body, state)
            return
        blueprint_id = path.rsplit("/", 1)[-1]
        mark = mark_of(Body.recorded(body, ""))
        if mark is not None and set(body) == {"name"}:
            if not mark.taken or blueprint_id in state.ids():
                self.problems.append(f"I5: {blueprint_id} was called {body['name']}")
            return
        if blueprint_id not in state.ids():
            self.problems.append(f"I3: text for {blueprint_id} without a durable claim")
        if blueprint_id not in self.server.stored:
            return
        found = self.server.stored[blueprint_id]
        seen = [
            a
            for v, a in zip(found.versions, found.authors, strict=True)
            if v[0] <= self.began - self.server.lag
        ]
        if len(seen) > 1 and seen[-1] == "colleague" and len(found.versions) == len(seen):
            self.problems.append(f"I5: PATCH of {path} over a colleague's edit")

    def _watch_create(self, sourcing: str, body: Any, state: State) -> None:
        mark = mark_of(Body.recorded(body, ""))
        if mark is None and self.protocol == "reserve":
            self.problems.append(f"I3: POST of {body['name']} with its text")
        meant = {i.sent.name for a, i in state.intents.items() if a.startswith(f"{sourcing}/")}
        if mark is None and body["name"] not in meant:
            self.problems.append(f"I3: POST of {body['name']} without a durable intent")
        if mark is not None and mark in self.marks:
            self.problems.append(f"I3: the nonce of {body['name']} is not new")
        self.marks |= {mark} if mark else set()

    def _copy_of(self, sourcing: str, body: Any) -> dict[str, Any]:
        """What the files want where a request reserves an id."""
        mark = mark_of(Body.recorded(body, ""))
        return self.bodies[f"{sourcing}/{mark.key}"] if mark else dict(body)

    def _made(self) -> Counter[tuple[str, str]]:
        """What kalentops has made, with text, by sourcing and name."""
        made = [each for each in self.server.stored.values() if each.has_our_text]
        return Counter((each.sourcing_id, each.name) for each in made)

    @property
    def promised(self) -> bool:
        """Whether nothing may be made twice, and no text be recorded nowhere: without stubs, that needs the state, and
        that no one makes the same at the same moment.
        """
        if self.protocol == "whole":
            return not self.lost and not self._meddled()
        return self.protocol == "reserve"

    def _leftovers(self) -> list[Stored]:
        ours = self.store.read().state.ids()
        return [e for e in self.server.stored.values() if e.mark is not None and e.blueprint_id not in ours]

    def _check(self) -> None:
        state = self.store.read().state
        if state.serial < self.serial:
            self.problems.append(f"I4: serial {self.serial} to {state.serial}")
        self.serial = state.serial
        for (sourcing, name), count in self._made().items():
            if count > 1 and self.promised:
                self.problems.append(f"I1: {count} of {sourcing}/{name}")
        made = [each for each in self.server.stored.values() if each.has_our_text]
        open_names = {(a.partition("/")[0], i.sent.name) for a, i in state.intents.items()}
        taken = [self.server.stored[i] for i in state.ids() if self.server.stored[i].origin == "colleague"]
        self.problems += [f"I5: {e.blueprint_id} was taken, and is not ours" for e in taken if not e.exact]
        for each in made:
            recorded = each.blueprint_id in state.ids() or (each.sourcing_id, each.name) in open_names
            if not recorded and each.blueprint_id not in self.wiped and self.promised:
                self.problems.append(f"I2: {each.blueprint_id} is recorded nowhere")

    def _calm(self) -> bool:
        """Two undisturbed runs: the first resolves everything or names what it can't, the second writes nothing."""
        self.network.weather = Weather()
        self.network.kill_in = None
        first = self._run()
        resolved = first is not None and all(each.outcome is Outcome.DONE for each in first.results)
        self.clock.advance(60)
        before = self.network.writes
        second = self._run()
        said = (
            "".join(text(each.error) for each in (*first.results, *second.results))
            if first and second
            else ""
        )
        known = self.store.read().state.ids()
        for blueprint_id in () if self._meddled() or self.protocol != "reserve" else self.wiped:
            # What a lost state has forgotten is found again, or named to a person.
            if (
                self.server.stored[blueprint_id].origin == "tool"
                and self.server.stored[blueprint_id].mark is None
                and blueprint_id not in known
                and blueprint_id not in said
            ):
                self.problems.append(f"I2: {blueprint_id} was not found again after the state was lost")
        if first is None or second is None:
            self.problems.append("I6: a calm run stopped")
        elif resolved and (
            self.network.writes != before or any(e.outcome is not Outcome.DONE for e in second.results)
        ):
            self.problems.append("I6: the run after the one that resolved everything wrote again")
        # Whatever was still under way comes true: nothing is made twice by it, and what it overwrites is counted.
        self.clock.advance(_LATEST)
        self.server.catch_up()
        self._check()
        entries = self.store.read().state.entries
        for address, body in self.bodies.items() if resolved and not self._meddled() else ():
            entry = entries[address]
            if not self.server.shows(entry.blueprint_id, body):
                if self.server.stored[entry.blueprint_id].authors[-1] != "late":
                    self.problems.append(f"I6: {entry.blueprint_id} is not what {address} says")
                self.overtaken += 1
        return resolved
