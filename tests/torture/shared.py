"""One seed of a shared store: two, four or eight hosts apply at the same time, each with the files that it has; then
calm runs, and everything that was still under way.

The hosts share a server and a store. Everything that takes effect in one of them is checked when it does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from kalentops.apply.context import Options
from kalentops.apply.result import ApplyResult, Outcome
from kalentops.apply.run import apply_plan
from kalentops.blueprint.body import Body
from kalentops.errors import KalentopsError
from kalentops.http.retry import ATTEMPTS, Throttle
from kalentops.http.verdict import Answer
from kalentops.kalent.write_client import WriteApi
from kalentops.lint.rule import Relocation
from kalentops.output.explanations import text
from kalentops.plan.build import make_plan
from kalentops.plan.explanation import Code
from kalentops.plan.moves import forget
from kalentops.state.store.session import Store
from tests.builders import step, want
from tests.fakeclock import moment as time_of
from tests.fakeclock import without_backoff
from tests.torture.disk import Killed
from tests.torture.hosts import LATEST_WRITE, Connection, Files, Process, Run, SharedStore, World
from tests.torture.promises import QUIET, Promises, removed
from tests.torture.world import Network, Server, Weather

COUNTED: Final = (
    "runs",
    "kills",
    "freezes",
    "writes",
    "repeats",
    "overtaken",
    "taken",
    "creates",
    "leftovers",
)
SETTLE: Final = 30.0
_RUN: Final = re.compile(r"\b[0-9a-f]{16}\b")
_LATEST: Final = 600.0


@dataclass
class Verdict:
    """What a seed came to. `resolved`: a calm run ended with 0. `by_person`: people took something out of the state, or
    declared it twice. `repeats`: writes to the store that were refused or lost; `overtaken`: texts over which an older
    one came later; `taken`: results that another run was first for.
    """

    seed: int
    hosts: int
    problems: list[str]
    resolved: bool = False
    by_person: bool = False
    runs: int = 0
    kills: int = 0
    freezes: int = 0
    writes: int = 0
    repeats: int = 0
    overtaken: int = 0
    taken: int = 0
    creates: int = 0
    leftovers: int = 0
    late: bool = False
    whole: bool = False
    unresolved: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)


def run_seed(seed: int) -> Verdict:
    """Play one seed. The same seed gives the same trace."""
    with without_backoff(least=ATTEMPTS):
        return _Play(seed).play()


class _Wire(Network):
    """The network as one run reaches it."""

    def __init__(self, server: Server, run: Run) -> None:
        super().__init__(server, run.process.world.random)
        self._run = run

    def step(self) -> None:
        self._run.step()

    def send(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: Any = None
    ) -> Answer:
        answer = super().send(method, path, query=query, body=body)
        return replace(answer, date=time_of(self.server.clock.monotonic())) if answer.status else answer


class _Lines(list[str]):
    """Lines of a trace, with the number of the run."""

    def __init__(self, trace: list[str], number: int) -> None:
        super().__init__()
        self._trace = trace
        self._number = number

    def append(self, line: str) -> None:
        self._trace.append(f"{self._number}: {line}")


class _Play:
    def __init__(self, seed: int) -> None:
        self.world = World(seed)
        self.random = self.world.random
        self.clock = self.world.clock
        self.server = Server(self.clock)
        self.store = SharedStore(self.clock)
        self.world.catch_up = self._catch_up
        self.verdict = Verdict(seed, self.random.choice([2, 2, 4, 4, 8]), [])
        self.late = self.verdict.late = seed % 2 == 1
        self.whole = self.verdict.whole = seed % 10 == 3
        self.revisions: list[Files] = []
        self.conflicts: set[str] = set()  # which are said once; after that, `plan --refresh` shows them
        self.promises = Promises(self.server, self._say, whole=self.whole)
        self.store.watch = self.promises.stored

    def play(self) -> Verdict:
        self.world.run([Process(self.world, self._begin, 0.0)])
        self._write_files()
        self._colleague()
        self.server.lag = self.random.choice([0.0, 0.0, 1.0, 10.0, 25.0])
        self.world.run(
            [Process(self.world, self._host, self.random.random() * 20) for _ in range(self.verdict.hosts)]
        )
        self._calm()
        self._end()
        return self.verdict

    def _begin(self, process: Process) -> None:
        Store(Connection(self.store, Run(process))).create()

    def _say(self, problem: str) -> None:
        self.verdict.problems.append(problem)
        self.verdict.trace.append(f"PROBLEM {problem}")

    def _catch_up(self) -> None:
        self.server.catch_up()
        self.store.catch_up()

    def _write_files(self) -> None:
        bodies: dict[str, Mapping[str, Any]] = {}
        for sourcing in ("s1", "s2")[: self.random.randint(1, 2)]:
            for number in range(self.random.randint(1, 3)):
                bodies[f"{sourcing}/k{number}"] = self._body(f"Blueprint {number}")
        self.verdict.creates = len(bodies)
        self.revisions = [Files(bodies)]
        for _ in range(self.random.randint(0, 3)):
            self.revisions.append(self._edited(self.revisions[-1]))

    def _body(self, name: str) -> Mapping[str, Any]:
        steps = [step(n) for n in range(1, self.random.randint(2, 3))]
        steps[0]["content"] = f"Hi {{{{firstname}}}}, {self.random.randint(0, 10**6)}"
        if self.random.random() < 0.1:
            steps[0]["config"] = {"userId": "user_1"}
        return Body.of({"name": name, "steps": steps}).data

    def _edited(self, files: Files) -> Files:
        bodies, relocations = dict(files.bodies), files.relocations
        address = self.random.choice(sorted(bodies))
        sourcing, _, key = address.partition("/")
        chance = self.random.random()
        if chance < 0.1 and not self.whole:
            bodies[f"{sourcing}/m{len(relocations)}"] = bodies.pop(address)
            target = f"m{len(relocations)}"
            relocations = (*relocations, Relocation(sourcing, key, target, "f.yaml", (1, 1)))
        elif chance < 0.2 and len(bodies) > 1 and not self.whole:
            del bodies[address]
            relocations = (*relocations, Relocation(sourcing, key, None, "f.yaml", (1, 1)))
        else:
            bodies[address] = self._body(bodies[address]["name"])
        return Files(bodies, relocations)

    def _checkout(self) -> Files:
        """What a host has: a revision, perhaps with an edit that is nowhere else, or only some of the files."""
        files = self.random.choice(self.revisions)
        if self.random.random() < 0.3:
            address = self.random.choice(sorted(files.bodies))
            files = replace(
                files, bodies={**files.bodies, address: self._body(files.bodies[address]["name"])}
            )
        if self.random.random() < 0.1 and not self.whole:
            # The same blueprint under another key.
            address = self.random.choice(sorted(files.bodies))
            bodies = dict(files.bodies)
            body = bodies.pop(address)
            files = replace(files, bodies={**bodies, f"{address}x": body})
            self.verdict.by_person = True
        return files

    def _colleague(self) -> None:
        """Another person has made some of it before, exactly so."""
        for address, body in self.revisions[0].bodies.items():
            if self.random.random() < 0.15:
                self.server.create(address.partition("/")[0], body, "colleague", exact=True)
        self.clock.advance(60)

    def _host(self, process: Process) -> None:
        dice = self.random
        off = dice.uniform(-3600, 3600)
        for _ in range(dice.randint(1, 3)):
            run = Run(process, off)
            run.trouble = dice.choice([0.0, 0.1, 0.3])
            run.kill_in = dice.randint(1, 80) if dice.random() < 0.4 else None
            run.freeze_in = dice.randint(1, 60) if dice.random() < 0.4 else None
            run.stop_in = dice.randint(1, 60) if dice.random() < 0.05 else None
            weather = Weather(
                dice.choice([0.0, 0.1, 0.3]), SETTLE - 2 - self.server.lag, 0.5 if self.late else 0.0
            )
            if dice.random() < 0.05:
                self._person(run)
            else:
                if dice.random() < 0.1:
                    run.take_over = frozenset(
                        each.run for each in self.promises.state.intents.values() if each.run is not None
                    )
                self._apply(run, self._checkout(), weather)
            process.pause(dice.choice([0.0, 1.0, 30.0, 700.0]))

    def _apply(self, run: Run, files: Files, weather: Weather) -> ApplyResult | None:
        network = _Wire(self.server, run)
        self.verdict.runs += 1
        lines = _Lines(self.verdict.trace, self.verdict.runs)
        network.weather, network.trace = weather, lines
        network.watch = lambda method, path, body: self.promises.sent(run, method, path, body)
        run.files, began = files, self.clock.monotonic()
        result: ApplyResult | None = None
        try:
            store = Store(
                Connection(self.store, run, lines.append),
                pause=lambda _: run.wait(self.random.random()),
            )
            with store.session() as session:
                run.name = session._run
                self.promises.runs[run.name] = run
                desired = [want(address, body) for address, body in files.bodies.items()]
                plan = make_plan(desired, session.state, relocations=files.relocations)
                known = plan.relocated.state
                api = WriteApi(network, Throttle(run, lambda _: None))
                options = Options("url:sim", SETTLE, 1, whole=self.whole, take_over=run.take_over)
                result = apply_plan(plan, api, session, run, options, lambda _: None, known=known)
            self._ended(result, lines)
        except Killed:
            self.verdict.kills += 1
            lines.append("killed")
            if run.endless:
                self._say(f"I8: a run did not end: {run.steps} steps")
            result = None
        except KalentopsError as error:
            lines.append(f"stopped: {type(error).__name__}")
            result = None
        finally:
            run.ended = True
            self.verdict.freezes += run.frozen
            self.verdict.writes += run.writes
            self.verdict.repeats += run.repeats
        renewed = int((self.clock.monotonic() - began) / (QUIET / 2))
        if run.writes > 2 + 2 * run.repeats + renewed:
            self._say(f"I9: {run.writes} writes to the store, {run.repeats} of them refused or lost")
        self.promises.check(by_name=not (self.verdict.by_person or self.revisions[-1].relocations))
        return result

    def _ended(self, result: ApplyResult, lines: _Lines) -> None:
        for each in result.results:
            said = _RUN.sub("R", text(each.error)) if each.error else ""
            lines.append(f"{each.address} {each.action} {each.outcome} {each.cause} {said}"[:200])
        self.conflicts |= {each.address for each in result.results if each.outcome is Outcome.CONFLICT}
        self.verdict.taken += sum(each.cause == "other_run" for each in result.results)

    def _person(self, run: Run) -> None:
        """`state rm`, at any moment."""
        try:
            store = Store(Connection(self.store, run), pause=lambda _: run.wait(self.random.random()))
            with store.session() as session:
                if session.state.entries:
                    address = self.random.choice(sorted(session.state.entries))
                    self.promises.released.add(session.state.entries[address].blueprint_id)
                    self.verdict.by_person = True
                    self.verdict.trace.append(f"rm {address}")
                    session.replace(forget(session.state, {address}))
        except (Killed, KalentopsError) as error:
            self.verdict.trace.append(f"rm: {type(error).__name__}")

    def _calm(self) -> None:
        files = self.revisions[-1]
        result: ApplyResult | None = None
        for _ in range(4):
            result = self._alone(files)
            if result is not None and not self._goes_on(result, files):
                break
            self.clock.advance(QUIET + 100)
            self._catch_up()
        if result is None:
            self._say("I6: a calm run stopped")
            return
        self.verdict.resolved = result.exit_code == 0
        if any(each.error is not None and each.error.code is Code.SEVERAL_STUBS for each in result.results):
            self._say("I6: a person has to choose a stub")
        self.verdict.unresolved = [
            f"{each.address} {each.outcome}: {text(each.error)[:120]}"
            for each in result.results
            if each.outcome is not Outcome.DONE
        ]
        if not self.verdict.resolved:
            return
        stored, sent = len(self.store.past), len(self.verdict.trace)
        self.clock.advance(LATEST_WRITE)
        self._catch_up()
        if len(self.store.past) != stored:
            return  # by a run that is dead
        again = self._alone(files)
        wrote = [each for each in self.verdict.trace[sent:] if "POST" in each or "PATCH" in each]
        if again is None or again.exit_code or wrote or len(self.store.past) != stored:
            self._say(f"I6: the run after the one that resolved everything wrote again: {wrote}")

    def _goes_on(self, of: ApplyResult, files: Files) -> bool:
        """Whether the next run has something to do: what waits for a settled outcome, or for a dead run."""
        state = self.promises.state
        unseen = any(each.remote_digest is None for each in state.entries.values())
        return bool(of.exit_code or unseen or state.intents or removed(files) & state.entries.keys())

    def _alone(self, files: Files) -> ApplyResult | None:
        found: list[ApplyResult | None] = []
        self.world.run(
            [
                Process(
                    self.world, lambda process: found.append(self._apply(Run(process), files, Weather())), 0.0
                )
            ]
        )
        return found[0]

    def _end(self) -> None:
        """Whatever was still under way comes true."""
        self.clock.advance(_LATEST)
        self._catch_up()
        self.promises.check(by_name=not (self.verdict.by_person or self.revisions[-1].relocations))
        ids = self.promises.state.ids()
        self.verdict.leftovers = sum(
            each.mark is not None and each.blueprint_id not in ids for each in self.server.stored.values()
        )
        for address, body in self.revisions[-1].bodies.items() if self.verdict.resolved else ():
            entry = self.promises.state.entries.get(address)
            if entry is None or not self.server.shows(entry.blueprint_id, body):
                authors = self.server.stored[entry.blueprint_id].authors if entry else []
                known = self.promises.overtaken | self.promises.released
                said = address in self.conflicts or (entry and entry.blueprint_id in known)
                if authors[-1:] != ["late"] and not said:
                    self._say(f"I6: {address} is not in place")
                self.verdict.overtaken += 1
