"""How CPU time and memory grow with the files, and with the blueprints of a sourcing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import log
from operator import attrgetter
from pathlib import Path
from typing import Final

from benchmarks import generate
from benchmarks.figures import Figure, seconds
from benchmarks.files import PLAN, PLAN_ALL_NEW, VALIDATE, first_run, next_run
from benchmarks.measure import Cost
from benchmarks.scale import Scale

_AIM: Final = 1.1
_ONCE_FROM: Final = 1_000
_SOURCINGS: Final = 10
_BLUEPRINTS_A_FILE: Final = 100
# In this order: the second `plan` has the cache of the first.
_RUNS: Final[tuple[tuple[str, Callable[..., Cost], tuple[str, ...]], ...]] = (
    ("`validate`", first_run, VALIDATE),
    ("`plan`, nothing to do", first_run, PLAN),
    ("`plan` again", next_run, PLAN),
    ("`plan`, all to create", first_run, PLAN_ALL_NEW),
)


def measure(scale: Scale) -> Iterator[Figure]:
    """The value is the exponent between the two largest sizes, where start-up counts least: 1 is linear."""
    yield from _grow(scale, scale.growth, "files", _plain)
    yield from _grow(scale, scale.growth_blueprints, "blueprints a sourcing", sourcings_of)


def _plain(folder: Path, files: int) -> None:
    """One blueprint a file: a state may have 256 MiB."""
    generate.repository(folder, files, blueprints=files)


def sourcings_of(folder: Path, blueprints: int) -> None:
    """Ten sourcings with this number of blueprints each; a file, which has a limit, holds up to a hundred."""
    files = -(-blueprints // _BLUEPRINTS_A_FILE)
    generate.repository(
        folder, _SOURCINGS * files, blueprints=_SOURCINGS * blueprints, files_a_sourcing=files
    )


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The slope between the two largest sizes, both on a logarithmic scale."""
    return log(costs[-1] / costs[-2]) / log(sizes[-1] / sizes[-2])


def _grow(
    scale: Scale, sizes: Sequence[int], unit: str, make: Callable[[Path, int], None]
) -> Iterator[Figure]:
    folder = scale.folder / "growing"
    found: dict[str, list[Cost]] = {name: [] for name, _, _ in _RUNS}
    for size in sizes:
        make(folder, size)
        generate.state(folder)
        for name, start, command in _RUNS:
            turns = 1 if size >= _ONCE_FROM else scale.growth_rounds
            costs = [start(folder, command, memory=True) for _ in range(turns)]
            found[name].append(min(costs, key=attrgetter("cpu")))
        shutil.rmtree(folder)
    for name, costs in found.items():
        cpu = [cost.cpu for cost in costs]
        said = _said(sizes, map(seconds, cpu))
        yield Figure(f"{name}, CPU by {unit}", said, exponent(sizes, cpu), _AIM, "exponent")
    for name, costs in found.items():
        mib = [cost.mib for cost in costs if cost.mib]
        said = _said(sizes, (f"{each:.0f} MiB" for each in mib))
        slope = exponent(sizes, mib) if len(mib) == len(costs) else None
        yield Figure(f"{name}, memory by {unit}", said, slope, _AIM, "exponent")


def _said(sizes: Sequence[int], costs: Iterable[str]) -> str:
    return ", ".join(f"{size:,}: {cost}" for size, cost in zip(sizes, costs, strict=False))
