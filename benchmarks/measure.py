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
_FEW: Final = 3
_ROOT: Final = Path(__file__).parents[1]
PYTHON: Final = sys.executable
KALENTOPS: Final = (PYTHON, "-m", "kalentops")


@dataclass(frozen=True, slots=True)
class Cost:
    """`wall` seconds from start to end, `cpu` seconds of a process with its children, and the most memory that they
    had together, in MiB; None where it was not measured.
    """

    wall: float
    cpu: float
    mib: float | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two things that were measured in turns, each by its medians. The ratios, of wall and of CPU time, are the medians
    of the rounds' own: a machine that is slow for a while is slow for both.
    """

    one: Cost
    other: Cost
    ratio: float
    cpu_ratio: float


def environment(cache: Path | None = None) -> dict[str, str]:
    """That of this process without what changes what is measured. The cache is in the given folder; without one, none
    is used.

    Compiled modules may be kept (as pip leaves them), and no one's key, state or cache is near.
    """
    dropped = ("PYTHONDONTWRITEBYTECODE", "PYTHONPROFILEIMPORTTIME", "COVERAGE_PROCESS_START", "NO_COLOR")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    kept = {name: value for name, value in kept.items() if not name.startswith("KALENT")}
    return kept | ({"KALENTOPS_CACHE_DIR": str(cache)} if cache else {"KALENTOPS_NO_CACHE": "1"})


def run(
    command: Sequence[str], *, cache: Path | None = None, memory: bool = False, codes: Sequence[int] = (0,)
) -> Cost:
    """What a whole process costs, in the project's folder. Raises RuntimeError if its exit code is not one of `codes`.

    Memory is the sum of the proportional set sizes (PSS): a page that two processes share counts once. It is polled
    every 10 ms, which costs the run a little time, and only where there is a /proc.
    """
    begun = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=_ROOT,
        env=environment(cache),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    peak = _peak_mib(process.pid) if memory and Path("/proc/self/smaps_rollup").exists() else None
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in codes:
        raise RuntimeError(f"exit code {process.returncode}: {' '.join(command)[:300]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, peak)


def in_turns(one: Callable[[], Cost], other: Callable[[], Cost], rounds: int) -> Pair:
    """Both, one after the other. A first time does not count, unless few rounds have to do."""
    if rounds > _FEW:
        one()
        other()
    pairs = [(one(), other()) for _ in range(rounds)]
    return Pair(
        _median([each for each, _ in pairs]),
        _median([each for _, each in pairs]),
        median(each.wall / against.wall for each, against in pairs),
        median(each.cpu / against.cpu for each, against in pairs),
    )


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(median(cost.wall for cost in costs), median(cost.cpu for cost in costs))


def _peak_mib(pid: int) -> float:
    """Until the process ends; it is not yet waited for."""
    peak = 0
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        peak = max(peak, sum(map(_pss_kib, _tree(pid))))
        time.sleep(_POLL)
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
