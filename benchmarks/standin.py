"""The emulator in a process of its own, with a count of what was asked.

Prints its URL; then, for each line on stdin, the number of requests so far. Ends with stdin.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO

from benchmarks.measure import PYTHON, environment


class StandIn:
    """The other end of the process."""

    def __init__(self, url: str, asked: IO[str], answers: IO[str]) -> None:
        self.url = url
        self._asked = asked
        self._answers = answers

    def requests(self) -> int:
        """How many requests it has answered."""
        self._asked.write("\n")
        self._asked.flush()
        return int(self._answers.readline())


@contextmanager
def _without_a_core() -> Iterator[str]:
    """Keep this process and those that it starts off one core: its number, or "" if there is none to spare."""
    cores = os.sched_getaffinity(0) if sys.platform == "linux" else set()
    if len(cores) < 2:
        yield ""
        return
    os.sched_setaffinity(0, cores - {max(cores)})
    try:
        yield str(max(cores))
    finally:
        os.sched_setaffinity(0, cores)


@contextmanager
def running(latency: float, *, own_core: bool = False) -> Iterator[StandIn]:
    """A stand-in that waits `latency` seconds before each answer. With `own_core`, what is started meanwhile keeps off
    its core, if the system has one to spare.
    """
    with (
        _without_a_core() if own_core else nullcontext("") as core,
        subprocess.Popen(
            (PYTHON, "-m", "benchmarks.standin", str(latency), core),
            env=environment(),
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        if process.stdin is None or process.stdout is None:
            raise AssertionError("both are pipes")
        yield StandIn(process.stdout.readline().strip(), process.stdin, process.stdout)


def main() -> None:
    from kalentops.emulator.server import BackgroundEmulator

    latency, core = sys.argv[1:]
    if core:
        os.sched_setaffinity(0, {int(core)})
    with BackgroundEmulator(latency=float(latency), auto_sourcings=True) as emulator:
        print(emulator.url, flush=True)
        for _ in sys.stdin:
            print(sum(emulator.log.requests.values()), flush=True)


if __name__ == "__main__":
    main()
