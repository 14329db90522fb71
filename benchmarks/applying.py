"""How long `apply` takes for many creates, against the time that its requests need at least."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import generate
from benchmarks.figures import Figure, seconds
from benchmarks.measure import KALENTOPS, environment
from benchmarks.scale import Scale
from benchmarks.standin import running

_LATENCY: Final = 0.05
_AIMS: Final = ((8, 1.2), (32, 1.4))


@dataclass(frozen=True, slots=True)
class _Run:
    wall: float
    cpu: float
    requests: int

    def ideal(self, parallelism: int) -> float:
        return self.requests * _LATENCY / parallelism


def measure(scale: Scale) -> Iterator[Figure]:
    """The whole command, from its start to its end, so with the loading, the plan and the fold into the state.

    The ideal is requests x latency / parallelism, with the requests as the stand-in has counted them: those of
    the listing before and of the reading back afterwards are in it.
    """
    source = scale.folder / f"applying-{scale.creates}"
    if not source.exists():
        generate.repository(source, scale.creates * 2 // 3, blueprints=scale.creates)
    runs: dict[int, list[_Run]] = {parallelism: [] for parallelism, _ in _AIMS}
    for turn in range(scale.long_rounds):
        for parallelism, found in runs.items():
            if turn == 0 or parallelism > min(runs):  # the longest runs vary least: once
                found.append(_apply(source, scale, parallelism))
    for parallelism, aim in _AIMS:
        found = sorted(runs[parallelism], key=lambda each: each.wall / each.ideal(parallelism))
        middle = found[len(found) // 2]
        ideal = middle.ideal(parallelism)
        said = f"{seconds(middle.wall)} (cpu {seconds(middle.cpu)}) for {middle.requests:,} requests"
        said = f"{said}, ideal {seconds(ideal)}"
        what = f"`apply`, {scale.creates:,} creates, {parallelism} at once"
        yield Figure(what, said, middle.wall / ideal, aim)


def _apply(source: Path, scale: Scale, parallelism: int) -> _Run:
    folder = scale.folder / "applied"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    command = (*KALENTOPS, "apply", "--yes", "--quiet", "--format", "json", "-C", str(folder))
    options = ("--parallelism", str(parallelism), "--max-creates", str(scale.creates))
    with running(_LATENCY, own_core=True) as emulator:
        keyed = {**environment(), "KALENT_API_URL": emulator.url, "KALENT_API_KEY": "benchmark"}
        cpu, begun = _cpu(), time.perf_counter()
        done = subprocess.run((*command, *options), env=keyed, capture_output=True, text=True, check=False)
        wall, cpu = time.perf_counter() - begun, _cpu() - cpu
        requests = emulator.requests()
    if done.returncode or json.loads(done.stdout)["summary"]["done"] != scale.creates:
        raise RuntimeError(f"apply ended with {done.returncode}: {done.stderr[:500]}")
    return _Run(wall, cpu, requests)


def _cpu() -> float:
    """Seconds of the processes that have ended: those of the stand-in count later."""
    times = os.times()
    return times.children_user + times.children_system
