"""How long `plan --refresh` and `import --all` take for many sourcings, against the time that their requests need."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks import generate
from benchmarks.figures import Figure, seconds
from benchmarks.measure import KALENTOPS, environment
from benchmarks.scale import Scale
from benchmarks.standin import StandIn, running

_LATENCY: Final = 0.05
_AT_ONCE: Final = 8
_AIMS: Final = {"plan --refresh": 1.5, "import --all": 1.5}


def measure(scale: Scale) -> Iterator[Figure]:
    """The whole commands. The ideal is requests x latency / parallelism, with the requests as the stand-in has counted
    them: a list for each sourcing; for `import` the pages of the sourcings as well, which can only be read in turn.
    """
    folder = scale.folder / "looked-at"
    if not folder.exists():
        generate.repository(folder, scale.sourcings, blueprints=scale.sourcings * 3 // 2)
    with running(_LATENCY) as emulator:
        (folder / "kalentops.state.json").unlink(missing_ok=True)
        _run(emulator, ("apply", "--yes", "--quiet", "--parallelism", "32", *_permitted(scale)), folder)
        empty = scale.folder / "imported"
        empty.mkdir()
        found = {
            "plan --refresh": _run(emulator, ("plan", "--refresh", "--detailed-exitcode"), folder),
            "import --all": _run(emulator, ("import", "--all"), empty),
        }
    for command, (wall, requests) in found.items():
        ideal = requests * _LATENCY / _AT_ONCE
        said = f"{seconds(wall)} for {requests:,} requests, ideal {seconds(ideal)}"
        what = f"`{command}`, {scale.sourcings:,} sourcings, {_AT_ONCE} at once"
        yield Figure(what, said, wall / ideal, _AIMS[command])


def _permitted(scale: Scale) -> tuple[str, str]:
    return "--max-creates", str(scale.sourcings * 2)


def _run(emulator: StandIn, command: Sequence[str], folder: Path) -> tuple[float, int]:
    """The seconds that a command took, and the requests that it made."""
    keyed = {**environment(), "KALENT_API_URL": emulator.url, "KALENT_API_KEY": "benchmark"}
    before, begun = emulator.requests(), time.perf_counter()
    done = subprocess.run(
        (*KALENTOPS, *command, "-C", str(folder)), env=keyed, capture_output=True, text=True, check=False
    )
    wall = time.perf_counter() - begun
    if done.returncode:
        raise RuntimeError(f"{command} ended with {done.returncode}: {done.stderr[-500:]}")
    return wall, emulator.requests() - before
