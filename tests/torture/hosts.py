"""Hosts that share a server and a store, and nothing else: their clocks, their turns, and the store between them.

Each process of a host has a thread, and one of them holds the token at a time. It hands it on at every step: before a
request or a call of the store, after its effect and after its answer. Who comes next is up to the seed.
"""

from __future__ import annotations

import heapq
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kalentops.errors import Interrupted, SharedStoreFailure
from kalentops.lint.rule import Relocation
from kalentops.state.codec import Dump
from kalentops.state.content import InMemory
from kalentops.state.store.backend import Stored, UnclearWrite, VersionMismatch
from tests.fakeclock import FakeClock, moment
from tests.torture.disk import Killed

LATEST_WRITE: Final = 120.0
"""Seconds until a write to the store whose answer was lost takes effect, at most."""
_TICK: Final = 1e-6  # of a clock that counts in floating point
_MOST_STEPS: Final = 4000


class World:
    """The time, and whose turn it is."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.clock = FakeClock()
        self.catch_up: Callable[[], None] = lambda: None
        self._waiting: list[Process] = []
        self._done = threading.Event()
        self.errors: list[BaseException] = []

    def run(self, processes: list[Process]) -> None:
        """All of them, until the last has ended. Raises what a process could not handle."""
        self._waiting = list(processes)
        self._done.clear()
        for each in processes:
            each.start()
        self.give_on()
        self._done.wait()
        for each in processes:
            each.join()
        if self.errors:
            raise self.errors[0]

    def next(self) -> Process:
        """Who comes next; the time passes until then."""
        now = self.clock.monotonic()
        ready = [each for each in self._waiting if each.wakes <= now]
        if not ready:
            first = min(each.wakes for each in self._waiting)
            self.clock.advance(first - now)
            ready = [each for each in self._waiting if each.wakes <= first]
        self.catch_up()
        return self.random.choice(ready)

    def give_on(self) -> None:
        if self._waiting:
            self.next().token.release()
        else:
            self._done.set()

    def ended(self, process: Process) -> None:
        self._waiting.remove(process)
        self.give_on()


class Process:
    """What a host does, step by step; whichever of its threads is at work has the token."""

    def __init__(self, world: World, program: Callable[[Process], None], starts_in: float) -> None:
        self.world = world
        self.token = threading.Semaphore(0)
        self.wakes = world.clock.monotonic() + starts_in
        self._program = program
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def pause(self, seconds: float) -> None:
        """Others go on for at least so long, if they are there."""
        self.wakes = self.world.clock.monotonic() + seconds
        following = self.world.next()
        if following is not self:
            following.token.release()
            self.token.acquire()

    def _run(self) -> None:
        self.token.acquire()
        try:
            self._program(self)
        except BaseException as error:  # noqa: BLE001 - for the thread that waits
            self.world.errors.append(error)
        finally:
            self.world.ended(self)


@dataclass(frozen=True)
class Files:
    """What a clone of the repository says: bodies by address, and what was moved or removed."""

    bodies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    relocations: tuple[Relocation, ...] = ()


@dataclass
class Run:
    """One run of a host, and what the dice have in store for it. It is the clock of the run, too: `off` is how wrong
    its time of day is, and `unseen` for how long its machine stood still without a clock that went on.
    """

    process: Process
    off: float = 0.0
    kill_in: int | None = None
    freeze_in: int | None = None
    stop_in: int | None = None
    trouble: float = 0.0
    unseen: float = 0.0
    steps: int = 0
    dead: bool = False
    endless: bool = False
    ended: bool = False
    stopping: bool = False
    frozen: int = 0
    writes: int = 0
    repeats: int = 0
    name: str = ""
    take_over: frozenset[str] = frozenset()
    files: Files | None = None

    def now(self) -> str:
        return moment(self.process.world.clock.monotonic() + self.off).strftime("%Y-%m-%dT%H:%M:%SZ")

    def monotonic(self) -> float:
        return self.process.world.clock.monotonic() - self.unseen

    def wait(self, seconds: float) -> None:
        if self.stopping:
            raise Interrupted("interrupted while waiting")
        if self.dead:
            raise Killed
        self.process.pause(max(seconds, _TICK))

    def step(self) -> None:
        """A point at which others go on, and at which the run may die, stand still, or be asked to stop."""
        dice = self.process.world.random
        self.steps += 1
        self.endless = self.endless or self.steps > _MOST_STEPS
        self.kill_in = None if self.kill_in is None else self.kill_in - 1
        self.freeze_in = None if self.freeze_in is None else self.freeze_in - 1
        self.stop_in = None if self.stop_in is None else self.stop_in - 1
        if self.dead or self.endless or self.kill_in == 0:
            self.dead = True
            raise Killed
        if self.freeze_in == 0:
            seconds = dice.choice([5.0, 60.0, 700.0, 7200.0]) * dice.uniform(0.5, 1.5)
            self.frozen += 1
            self.unseen += seconds if dice.random() < 0.3 else 0.0
            self.process.pause(seconds)
        elif dice.random() < 0.5:
            self.process.pause(dice.random())
        self.stopping = self.stopping or self.stop_in == 0


@dataclass
class SharedStore:
    """The bytes, their version, and all that ever were. `watch` sees each change when it takes effect."""

    clock: FakeClock
    past: list[Stored] = field(default_factory=list)
    watch: Callable[[bytes | None, bytes, Run | None], None] = lambda *_: None
    _later: list[tuple[float, int, Callable[[], Any]]] = field(default_factory=list)
    _count: int = 0

    def put(self, data: bytes, expected: str | None, by: Run | None) -> str | None:
        """The new version; None where the stored one is another."""
        now = self.past[-1] if self.past else None
        if (now and now.version) != expected:
            return None
        self.past.append(Stored(InMemory(data), f"v{len(self.past)}"))
        self.watch(now.data if now else None, data, by)
        return self.past[-1].version

    def later(self, seconds: float, effect: Callable[[], Any]) -> None:
        self._count += 1
        heapq.heappush(self._later, (self.clock.monotonic() + seconds, self._count, effect))

    def catch_up(self) -> None:
        while self._later and self._later[0][0] <= self.clock.monotonic():
            heapq.heappop(self._later)[2]()


@dataclass
class Connection:
    """A backend: the store as one run reaches it."""

    store: SharedStore
    run: Run
    trace: Callable[[str], None] = lambda _: None

    where = "shared"

    def prepare(self) -> None:
        """Nothing to do."""

    def _fault(self, kinds: tuple[str, ...]) -> str:
        dice = self.run.process.world.random
        return dice.choice(kinds) if dice.random() < self.run.trouble else ""

    def read(self) -> Stored | None:
        dice, past = self.run.process.world.random, self.store.past
        self.run.step()
        fault = self._fault(("no connection", "stale", "late"))
        self.trace(f"read {fault}")
        if fault == "no connection":
            raise SharedStoreFailure("no connection")
        stored = past[-1] if past else None
        if fault == "stale" and len(past) > 1:
            stored = past[-dice.randint(2, min(4, len(past)))]
        if fault == "late":
            self.run.process.pause(dice.uniform(1, 30))
        self.run.step()
        return stored

    def replace(self, data: bytes | Dump, expected: str | None) -> str:
        run = self.run
        run.step()
        run.writes += 1
        fault = self._fault(_WRITE_FAULTS)
        try:
            version = self._replaced(fault, bytes(data), expected)
        except (VersionMismatch, SharedStoreFailure) as error:
            run.repeats += 1
            self.trace(f"write {fault}: {type(error).__name__}")
            run.step()
            raise
        self.trace(f"write {fault}")
        run.step()
        return version

    def _replaced(self, fault: str, data: bytes, expected: str | None) -> str:
        run, dice = self.run, self.run.process.world.random
        if fault == "refused":
            raise SharedStoreFailure("it is full")
        if fault == "busy":
            raise VersionMismatch
        if fault == "lost":
            raise UnclearWrite("no answer")
        if fault == "effect later":
            self.store.later(dice.uniform(1, LATEST_WRITE), lambda: self.store.put(data, expected, run))
            raise UnclearWrite("no answer")
        version = self.store.put(data, expected, run)
        if fault == "answer later":
            run.process.pause(dice.uniform(1, 30))
        if version is not None and fault == "answer lost":
            run.step()
            raise UnclearWrite("no answer")
        if version is None or fault == "twice":
            raise VersionMismatch
        return version


_WRITE_FAULTS: Final = (
    "refused",
    "busy",
    "lost",
    "effect later",
    "answer later",
    "answer lost",
    "answer lost",
    "twice",
)
