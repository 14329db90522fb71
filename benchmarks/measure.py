"""How costs are measured: whole processes, in turns, medians. Needs a POSIX system; memory needs Linux."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

_POLL: Final = 0.01
_ROOT: Final = Path(__file__).parents[1]
PYTHON: Final = sys.executable
KALENTOPS: Final = (PYTHON, "-m", "kalentops")


@dataclass(frozen=True, slots=True)
class Cost:
    """`wall` seconds from start to end, and `cpu` seconds of a process with its children."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Two things that were measured in turns, each by its medians. `ratio` is the median of the rounds' own: a
    machine that is slow for a while is slow for both.
    """

    one: Cost
    other: Cost
    ratio: float


def environment() -> dict[str, str]:
    """That of this process without what changes what is measured.

    Compiled modules may be kept (as pip leaves them), and no one's key or state is near.
    """
    dropped = ("PYTHONDONTWRITEBYTECODE", "PYTHONPROFILEIMPORTTIME", "COVERAGE_PROCESS_START", "NO_COLOR")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {name: value for name, value in kept.items() if not name.startswith("KALENT")}


def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a command in the project's folder; what it says goes nowhere."""
    return subprocess.Popen(
        command, cwd=_ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def run(command: Sequence[str]) -> Cost:
    """What a whole process costs. Raises RuntimeError where it fails."""
    begun = time.perf_counter()
    process = start(command)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    _expect_success(process.returncode, command)
    return Cost(wall, usage.ru_utime + usage.ru_stime)


def in_turns(one: Callable[[], Cost], other: Callable[[], Cost], rounds: int) -> Pair:
    """Both, one after the other, so many times, after a first time that does not count."""
    one()
    other()
    pairs = [(one(), other()) for _ in range(rounds)]
    return Pair(
        _median([each for each, _ in pairs]),
        _median([each for _, each in pairs]),
        median(each.wall / against.wall for each, against in pairs),
    )


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(median(cost.wall for cost in costs), median(cost.cpu for cost in costs))


def peak_mib(command: Sequence[str]) -> float | None:
    """The most memory that the processes of a command had together, in MiB; None where there is no /proc.

    It is the sum of the proportional set sizes (PSS): a page that two processes share counts once. Polled every
    10 ms, in a run that is not timed.
    """
    if not Path("/proc/self/smaps_rollup").exists():
        return None
    process = start(command)
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(map(_pss_kib, _tree(process.pid))))
        time.sleep(_POLL)
    _expect_success(process.returncode, command)
    return peak / 1024


def _tree(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return
    for child in children:
        yield from _tree(int(child))


def _pss_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:  # it has just ended
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _expect_success(code: int, command: Sequence[str]) -> None:
    if code:
        shown = " ".join(command)
        raise RuntimeError(f"exit code {code}: {shown[:300]}")
