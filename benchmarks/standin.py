"""The emulator in a process of its own, with a count of what was asked.

Prints its URL; then, for each line on stdin, the number of requests so far. Ends with stdin.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
def running(latency: float) -> Iterator[StandIn]:
    """A stand-in that waits `latency` seconds before each answer."""
    command = (PYTHON, "-m", "benchmarks.standin", str(latency))
    with subprocess.Popen(
        command,
        env=environment(),
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("both are pipes")
        yield StandIn(process.stdout.readline().strip(), process.stdin, process.stdout)


def main() -> None:
    from kalentops.emulator.server import BackgroundEmulator

    with BackgroundEmulator(latency=float(sys.argv[1]), auto_sourcings=True) as emulator:
        print(emulator.url, flush=True)
        for _ in sys.stdin:
            print(sum(emulator.log.requests.values()), flush=True)


if __name__ == "__main__":
    main()
