"""Two to eight machines that share nothing but the store: each has its own folder, home and clock, which is off by up
to an hour. Their runs are killed, stopped for seconds, and thrown away with their disks, at random moments.

Some rounds have the same files on all machines, others a pull request each. A blueprint of these rounds is created and
another one updated with a text of each pull request, so the machines contend for both. In the end one machine has what
was merged: it applies until nothing is left, without unlocking anything, and an undisturbed run writes nothing more.
"""

from __future__ import annotations

import atexit
import json
import os
import random
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from kalentops.emulator.server import BackgroundEmulator
from kalentops.state.store import open_store
from kalentops.state.store.location import Location
from tests import servers
from tests.builders import blueprint
from tests.faults.proxy import FaultProxy
from tests.harness import STATE, Ran, Truth
from tests.repositories import Remote
from tests.torture.ground import CleanProject, quiet

STORES: Final = ("git", "postgresql", "s3")
SIZES: Final = (2, 4, 8)
SOURCINGS: Final = ("sourcing_a", "sourcing_b")
LATENCY: Final = 0.05
_RUNS: Final = (1, 2, 3)  # of each machine
_DEADLINE: Final = 240.0  # seconds until each run has ended by itself
_LAST_RUNS: Final = 6
# Services for objects refuse a clock that is off by more than fifteen minutes.
_CLOCKS: Final = {"s3": 14 * 60}
_HOUR: Final = 3600
_CC: Final = shutil.which("cc") if sys.platform == "linux" else None
# done, part done, another run at work or the store, refused, unknown; and what SIGKILL leaves
_CODES: Final = frozenset({0, 8, 9, 10, -9})
_WRITES: Final = ("create", "take", "fill", "update")
_MEMORY: Final = Path("/dev/shm")
tempfile.gettempdir()  # Python keeps it: not that of a machine, for which a run takes place in this process
_DISTURBANCES: Final = ("nothing", "nothing", "kill", "freeze", "freeze", "throw away")


@cache
def _clock() -> Path:
    """A library that lets a process see a clock that is off by CLOCK_OFF seconds. Only the time of day: libfaketime
    stops programs that wait.
    """
    library = Path(tempfile.mkdtemp(prefix="kalentops-clock-")) / "clock.so"
    atexit.register(shutil.rmtree, library.parent, ignore_errors=True)
    source = Path(__file__).with_name("clock.c")
    subprocess.run([str(_CC), "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


class Team(CleanProject):
    """What the machines have in common: a store, and an API. `state` is what the store holds."""

    def __init__(self, kind: str, folder: Path, url: str) -> None:
        super().__init__(folder, url, settle=0.6, timeout=5.0)
        self.kind = kind
        self.remote: Remote | None = None
        name = secrets.token_hex(6)
        if kind == "git":
            self.remote = Remote.make(folder)
            self.location = "git:refs/kalentops/state"
        elif kind == "postgresql":
            from tests import postgresql  # starts the server

            self.location = postgresql.url(name)
        else:
            os.environ.update(servers.s3())
            self.location = f"s3://{servers.PLACE}/{name}/state.json"
        self._variables = dict(os.environ)

    def machine(self, name: str, clock: int = 0) -> CleanProject:
        """A new machine, whose clock is off by some seconds."""
        machine = CleanProject(self.folder / name, self.url, self.settle, self.timeout)
        if self.remote is None:
            machine.folder.mkdir()
        else:
            self.remote.clone(name)
        for each in ("home", "tmp"):
            (machine.folder / each).mkdir()
        machine.environment = {
            "HOME": str(machine.folder / "home"),
            "TMPDIR": str(machine.folder / "tmp"),
            "XDG_CACHE_HOME": str(machine.folder / "home"),
            "KALENTOPS_STATE": self.location,
        }
        if clock and _CC:
            machine.environment |= {"LD_PRELOAD": str(_clock()), "CLOCK_OFF": str(clock)}
        return machine

    @property
    def stored(self) -> bytes:
        if self.remote is None:
            there = open_store(Location.parse(self.location, self.folder)).backend.read()
            return b"{}" if there is None else there.data
        command = ["git", f"--git-dir={self.remote.bare}", "cat-file", "blob", f"{self.location[4:]}:{STATE}"]
        done = subprocess.run(command, env=self._variables, capture_output=True, check=False)
        return b"{}" if done.returncode else done.stdout

    @property
    def state(self) -> dict[str, Any]:
        return dict(json.loads(self.stored))


def pull_request(number: int | None) -> dict[str, dict[str, Any]]:
    """The blueprints of each sourcing in a pull request; without a number, before any of them."""
    of_a: dict[str, Any] = {"old": blueprint("Old", steps=1 if number is None else 2 + number % 2)}
    of_b: dict[str, Any] = {"still": blueprint("Still")}
    if number is not None:
        of_a[f"new{number}"] = blueprint(f"New A{number}")
        of_b[f"new{number}"] = blueprint(f"New B{number}", steps=3)
        of_b["common"] = blueprint("Common", steps=1 + number % 3)
    return dict(zip(SOURCINGS, (of_a, of_b), strict=True))


def merged(numbers: range) -> dict[str, dict[str, Any]]:
    """What the main branch has when all of them are merged; where they differ, the first counts."""
    found: dict[str, dict[str, Any]] = {each: {} for each in SOURCINGS}
    for number in reversed(numbers):
        for sourcing, blueprints in pull_request(number).items():
            found[sourcing] |= blueprints
    return found


def write(machine: CleanProject, files: Mapping[str, dict[str, Any]]) -> None:
    for sourcing, blueprints in files.items():
        machine.write(sourcing, blueprints)


@contextmanager
def ground(kind: str) -> Iterator[tuple[Team, FaultProxy, Truth]]:
    """A team that has worked with a state file, and has moved to the store with one command."""
    base = _MEMORY if _MEMORY.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="kalentops-torture-", dir=base)).resolve()
    try:
        with (
            BackgroundEmulator(sourcings=[(each, each) for each in SOURCINGS], latency=LATENCY) as emulator,
            FaultProxy(emulator.url) as proxy,
        ):
            team = Team(kind, folder, proxy.url)
            first = team.machine("first")
            write(first, pull_request(None))
            for command in (
                ("apply", "--yes", "--state", STATE),
                ("state", "migrate", STATE, team.location),
            ):
                ran = first.run(*command)
                if ran.code:
                    raise AssertionError(f"the ground could not be laid: {ran.out}{ran.err}")
            truth = Truth(team, emulator, SOURCINGS)
            truth.check()
            truth.watch(proxy)
            yield team, proxy, truth
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Round:
    """What a round came to."""

    kind: str
    size: int
    seed: int
    same: bool
    runs: int = 0
    ended: Counter[int] = field(default_factory=Counter)
    disturbed: Counter[str] = field(default_factory=Counter)
    taken_over: int = 0
    leftovers: int = 0
    last_runs: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        files = "the same files" if self.same else "a pull request each"
        return f"{self.kind}, {self.size} machines, {files}, seed {self.seed}"


def play(kind: str, size: int, seed: int) -> Round:
    """One round, as the seed says: what is random is when, so the same seed does not give the same round."""
    dice = random.Random(seed)
    result = Round(kind, size, seed, same=dice.random() < 0.4)
    numbers = range(1 if result.same else size)
    with ground(kind) as (team, proxy, truth):
        places = [_Place(team, proxy, number, numbers, dice, result) for number in range(size)]
        end = time.monotonic() + _DEADLINE
        while [each for each in places if each.goes_on()]:
            if time.monotonic() > end:
                result.problems.append("a run did not end by itself")
                break
            time.sleep(0.005)
        for place in places:
            place.clear()
        quiet(proxy)
        result.problems += _broken(truth)
        result.problems += _converge(team, proxy, truth, numbers, result)
        result.problems += proxy.problems
    return result


class _Place:
    """Where one machine after the other stands, and runs `apply` a few times."""

    def __init__(
        self, team: Team, proxy: FaultProxy, number: int, numbers: range, dice: random.Random, result: Round
    ) -> None:
        self._team, self._proxy, self._result = team, proxy, result
        self._number = number
        self._files = pull_request(number % len(numbers))
        self._dice = dice
        self._left = dice.choice(_RUNS)
        self._machines = 0
        self._process: subprocess.Popen[str] | None = None
        self._machine = self._new_machine()
        self._what = "nothing"
        self._due: Callable[[], bool] = lambda: False
        self._until = 0.0

    def _new_machine(self) -> CleanProject:
        most = _CLOCKS.get(self._team.kind, _HOUR)
        machine = self._team.machine(
            f"m{self._number}-{self._machines}", self._dice.choice((0, self._dice.randint(-most, most)))
        )
        write(machine, self._files)
        self._machines += 1
        return machine

    def goes_on(self) -> bool:
        """Start a run, disturb it if its time has come, or take its end. False once all has been done."""
        if self._process is None:
            if not self._left:
                return False
            self._begin()
        elif self._process.poll() is not None:
            self._end(self._process)
        elif self._until:
            self._continue(self._process)
        elif self._due():
            self._disturb(self._process)
        return True

    def _begin(self) -> None:
        self._left -= 1
        self._result.runs += 1
        self._what = self._dice.choice(_DISTURBANCES)
        self._due = self._moment()
        self._process = self._machine.start(
            *("apply", "--yes", "--parallelism", self._dice.choice(("1", "4"))), start_new_session=True
        )

    def _moment(self) -> Callable[[], bool]:
        """Most of a run's time is before its first request, and its text goes out in a moment: so not by time alone."""
        by = self._dice.choice(("time", "requests", "texts", "texts"))
        if by == "time":
            at = time.monotonic() + self._dice.random() * 4
            return lambda: time.monotonic() >= at
        if by == "requests":
            requests = len(self._proxy.requests) + self._dice.randint(1, 16)
            return lambda: len(self._proxy.requests) >= requests
        texts = self._texts() + self._dice.randint(1, 4)
        return lambda: self._texts() >= texts

    def _texts(self) -> int:
        return self._proxy.count("fill") + self._proxy.count("update")

    def _disturb(self, process: subprocess.Popen[str]) -> None:
        what, self._what = self._what, "nothing"
        if what == "nothing":
            return
        time.sleep(self._dice.random() * 0.1)
        self._result.disturbed[what] += 1
        if what == "kill":  # what it has started goes on
            process.kill()
        elif what == "freeze":
            os.killpg(process.pid, signal.SIGSTOP)
            self._until = time.monotonic() + self._dice.random() * 4
        else:
            os.killpg(process.pid, signal.SIGKILL)
            shutil.rmtree(self._machine.folder, ignore_errors=True)
            self._machine = self._new_machine()

    def _continue(self, process: subprocess.Popen[str]) -> None:
        if time.monotonic() >= self._until:
            self._until = 0.0
            os.killpg(process.pid, self._dice.choice((signal.SIGCONT, signal.SIGCONT, signal.SIGKILL)))

    def _end(self, process: subprocess.Popen[str]) -> None:
        out, err = process.communicate()
        self._process, self._until = None, 0.0
        self._result.ended[process.returncode] += 1
        self._result.problems += _wrong(Ran(process.returncode, out, err))

    def clear(self) -> None:
        """Whatever is left of its processes ends."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._end(self._process)


def _wrong(ran: Ran) -> list[str]:
    problems = []
    if ran.code not in _CODES:
        problems.append(f"a run ended with {ran.code}: {ran.out}{ran.err}")
    if "Traceback" in ran.err or "a bug in kalentops" in ran.err:
        problems.append(f"a traceback, or a bug: {ran.err}")
    return problems


def _broken(truth: Truth, ran: Ran | None = None) -> list[str]:
    try:
        truth.check(ran)
    except (AssertionError, ValueError, KeyError) as error:
        truth.problems.clear()
        return [f"{type(error).__name__}: {error}"]
    return []


def _converge(team: Team, proxy: FaultProxy, truth: Truth, numbers: range, result: Round) -> list[str]:
    """One machine applies what was merged until nothing is left, and the run after it writes nothing."""
    last = team.machine("last")
    files = merged(numbers)
    write(last, files)
    problems: list[str] = []
    take_over: list[str] = []
    for _ in range(_LAST_RUNS):
        ran = last.apply(*take_over)
        result.last_runs += 1
        problems += [*_wrong(ran), *_broken(truth, ran)]
        if not ran.code:
            break
        runs = sorted(set(re.findall(r"--take-over (\w+)", ran.out + ran.err)))
        result.taken_over += len(runs)
        take_over = [part for run in runs for part in ("--take-over", run)]
    else:
        problems.append(f"I6: the undisturbed runs ended with {ran.code}: {ran.out}{ran.err}")
    before = sum(map(proxy.count, _WRITES)), team.stored
    again = last.apply()
    problems += _broken(truth, again)
    if again.code or (sum(map(proxy.count, _WRITES)), team.stored) != before:
        problems.append(f"I6: the run after it was not empty: {again.code} {again.out}{again.err}")
    return problems + _not_as_merged(team, truth, files, result)


def _not_as_merged(team: Team, truth: Truth, files: Mapping[str, dict[str, Any]], result: Round) -> list[str]:
    wanted = {
        f"{sourcing}/{key}": (each["name"], each["steps"])
        for sourcing, blueprints in files.items()
        for key, each in blueprints.items()
    }
    there = {
        each.blueprint_id: (each.name, each.steps)
        for sourcing in SOURCINGS
        for each in truth.emulator.store.blueprints(sourcing)
    }
    found = {address: there.get(ident) for address, ident in team.ids.items()}
    stubs = truth.leftovers()
    result.leftovers = len(stubs)
    problems = [f"I6: {team.ids} leads to {found}"] if found != wanted else []
    more = there.keys() - set(team.ids.values()) - set(stubs)
    return problems + ([f"I2: recorded nowhere: {sorted(more)}"] if more else [])


def run(rounds: int, seed: int = 0) -> dict[str, Any]:
    """So many rounds, each with the next store, and the next size for all of them. Needs the signals of POSIX."""
    began = time.monotonic()
    played = []
    for number in range(rounds):
        kind, size = STORES[number % len(STORES)], SIZES[number // len(STORES) % len(SIZES)]
        played.append(play(kind, size, seed * 1000 + number))
    ended: Counter[int] = sum((each.ended for each in played), Counter())
    disturbed: Counter[str] = sum((each.disturbed for each in played), Counter())
    failures = [f"{each}: {problem}" for each in played for problem in each.problems]
    return {
        "rounds": rounds,
        "stores": dict(Counter(each.kind for each in played)),
        "machines": sum(each.size for each in played),
        "clocks": "up to an hour off" if _CC else "right: there is no C compiler",
        "runs": sum(each.runs for each in played),
        "killed": disturbed["kill"],
        "stopped": disturbed["freeze"],
        "thrown_away": disturbed["throw away"],
        "ended_with": {str(code): times for code, times in ended.most_common()},
        "last_runs": sum(each.last_runs for each in played),
        "taken_over": sum(each.taken_over for each in played),
        "leftovers": sum(each.leftovers for each in played),
        "duplicates": sum("I1:" in each for each in failures),
        "lost": sum("I2:" in each for each in failures),
        "wrong_patches": sum("I5:" in each for each in failures),
        "failures": failures,
        "seconds": round(time.monotonic() - began, 1),
    }
