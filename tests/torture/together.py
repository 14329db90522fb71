"""Two to sixteen processes that apply one repository at once, some killed or stopped while they hold the lock.

Some wait for the lock and some don't. Its holder is found in the lock file, as a user would find it. In the end
everything that was wanted is there once, and an undisturbed run writes nothing more.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.faults.proxy import Behaviour, Exchange, FaultProxy, Request
from tests.harness import Truth
from tests.torture.ground import CleanProject, quiet

SIZES: Final = (2, 4, 8, 16)
SOURCINGS: Final = ("sourcing_a", "sourcing_b")
_EACH: Final = 3  # blueprints a sourcing
_PATIENT: Final = ("--lock-timeout", "20")
# A stopped process must not be waited for longer than the patient ones do.
_LONGEST_STOP: Final = 1.5
_DEADLINE: Final = 60.0
# done, the API not reached, locked, part failed, unknown; and what SIGKILL leaves
_CODES: Final = frozenset({0, 8, 9, 10, -9})
_MEMORY: Final = Path("/dev/shm")


@dataclass
class Round:
    """What a round came to."""

    size: int
    seed: int
    ended: Counter[int] = field(default_factory=Counter)
    killed: int = 0
    stopped: int = 0
    problems: list[str] = field(default_factory=list)


def play(size: int, seed: int) -> Round:
    """`size` processes at once, disturbed as the seed says."""
    result, dice = Round(size, seed), random.Random(seed)
    with _ground(dice) as (project, proxy, truth):
        waiting = [_PATIENT if dice.random() < 0.6 else () for _ in range(size)]
        processes = [
            project.start("apply", "--yes", "--parallelism", dice.choice(("1", "4")), *args)
            for args in waiting
        ]
        _disturb(project, processes, dice, result)
        for process in processes:
            result.problems += _end(process, result)
        quiet(proxy)
        result.problems += _broken(truth)
        result.problems += _converge(project, proxy, truth)
        result.problems += proxy.problems
    return result


@contextmanager
def _ground(dice: random.Random) -> Iterator[tuple[CleanProject, FaultProxy, Truth]]:
    """One blueprint to update and five to make, on a server that takes its time."""
    base = _MEMORY if _MEMORY.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="kalentops-torture-", dir=base)).resolve()
    try:
        with (
            BackgroundEmulator(sourcings=[(each, each) for each in SOURCINGS]) as emulator,
            FaultProxy(emulator.url) as proxy,
        ):
            project = CleanProject(folder, proxy.url, settle=0.6, timeout=5.0)
            truth = Truth(project, emulator, SOURCINGS)
            project.write(SOURCINGS[0], {"k0": blueprint("B0")})
            ran = project.apply()
            if ran.code:
                raise AssertionError(f"the ground could not be laid: {ran.out}{ran.err}")
            for sourcing in SOURCINGS:
                project.write(sourcing, {f"k{n}": blueprint(f"B{n}", steps=3) for n in range(_EACH)})
            truth.check()
            truth.watch(proxy)
            slowness = dice.choice((0.0, 0.05, 0.2))

            def script(request: Request) -> Behaviour | None:
                return _slowly(slowness) if request.kind in {"create", "update"} else None

            proxy.script = script
            yield project, proxy, truth
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _slowly(seconds: float) -> Behaviour:
    def behave(exchange: Exchange) -> None:
        exchange.stall(seconds / 2)
        response = exchange.forward()
        exchange.stall(seconds / 2)
        exchange.send(response)

    return behave


def _disturb(
    project: CleanProject, processes: list[subprocess.Popen[str]], dice: random.Random, result: Round
) -> None:
    """Kill or stop the holder of the lock, at random moments, as often as half of them."""
    by_pid = {process.pid: process for process in processes}
    end = time.monotonic() + _DEADLINE / 2
    for _ in range(max(1, len(processes) // 2)):
        holder = None
        while holder is None and time.monotonic() < end and any(each.poll() is None for each in processes):
            named = by_pid.get(_holder(project))
            holder = named if named is not None and named.poll() is None else None  # a killed one stays named
            time.sleep(0.002)
        if holder is None:
            return
        time.sleep(dice.random() * 0.4)
        if holder.poll() is not None:
            continue
        if dice.random() < 0.5:
            holder.kill()
            result.killed += 1
            continue
        holder.send_signal(signal.SIGSTOP)
        result.stopped += 1
        time.sleep(dice.random() * _LONGEST_STOP)
        # SIGKILL takes a stopped process too.
        holder.send_signal(dice.choice((signal.SIGCONT, signal.SIGKILL)))


def _holder(project: CleanProject) -> int:
    """The process that the lock names; 0 where it names none."""
    with suppress(OSError, ValueError, KeyError):
        return int(json.loads((project.folder / f"{project.state_path.name}.lock").read_bytes()[1:])["pid"])
    return 0


def _end(process: subprocess.Popen[str], result: Round) -> list[str]:
    """Wait for a process; what was wrong with how it ended."""
    try:
        out, err = process.communicate(timeout=_DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        return [f"a process did not end: {out}{err}"]
    result.ended[process.returncode] += 1
    problems = []
    if process.returncode not in _CODES:
        problems.append(f"a process ended with {process.returncode}: {out}{err}")
    if "Traceback" in err or "a bug in kalentops" in err:
        problems.append(f"a traceback, or a bug: {err}")
    if process.returncode == 8 and "locked by" not in err:
        problems.append(f"8 for another reason than the lock: {err}")
    return problems


def _broken(truth: Truth, ran: Any = None) -> list[str]:
    try:
        truth.check(ran)
    except (AssertionError, ValueError, KeyError) as error:
        truth.problems.clear()
        return [f"{type(error).__name__}: {error}"]
    return []


def _converge(project: CleanProject, proxy: FaultProxy, truth: Truth) -> list[str]:
    """An undisturbed run resolves everything, and the one after it writes nothing."""
    proxy.script = lambda _: None
    ran = project.apply()
    problems = _broken(truth, ran)
    if ran.code:
        problems.append(f"I6: the undisturbed run ended with {ran.code}: {ran.out}{ran.err}")
    before = sum(map(proxy.count, ("create", "take", "fill", "update")))
    again = project.apply()
    problems += _broken(truth, again)
    if again.code or sum(map(proxy.count, ("create", "take", "fill", "update"))) != before:
        problems.append(f"I6: the run after it was not empty: {again.out}{again.err}")
    there = {name: len(ids) for name, ids in truth.on_server().items()}
    if there != {f"{sourcing}/B{n}": 1 for sourcing in SOURCINGS for n in range(_EACH)}:
        problems.append(f"I6: on the server there is {there}")
    if project.journal_path.exists() or any(name.endswith(".tmp") for name in os.listdir(project.folder)):  # noqa: PTH208
        problems.append(f"I6: left behind: {sorted(os.listdir(project.folder))}")  # noqa: PTH208
    return problems


def run(rounds: int, seed: int = 0) -> dict[str, Any]:
    """So many rounds, each of the next size. Needs the signals of POSIX."""
    began = time.monotonic()
    played = [play(SIZES[number % len(SIZES)], seed * 1000 + number) for number in range(rounds)]
    ended: Counter[int] = sum((each.ended for each in played), Counter())
    failures = [
        f"{each.size} at once, seed {each.seed}: {problem}" for each in played for problem in each.problems
    ]
    return {
        "rounds": rounds,
        "sizes": dict(Counter(str(each.size) for each in played)),
        "processes": sum(each.size for each in played),
        "killed": sum(each.killed for each in played),
        "stopped": sum(each.stopped for each in played),
        "ended_with": {str(code): times for code, times in ended.most_common()},
        "duplicates": sum("I1:" in each for each in failures),
        "lost": sum("I2:" in each for each in failures),
        "wrong_patches": sum("I5:" in each for each in failures),
        "failures": failures,
        "seconds": round(time.monotonic() - began, 1),
    }
