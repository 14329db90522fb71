"""What `validate` and the offline `plan` cost, against libyaml alone."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

from benchmarks import generate
from benchmarks.figures import Figure, of_memory, of_pair
from benchmarks.measure import KALENTOPS, PYTHON, Cost, environment, in_turns, run
from benchmarks.scale import Scale

AIM_MIB: Final = 120.0
VALIDATE: Final = ("validate",)
PLAN: Final = ("plan",)
PLAN_ALL_NEW: Final = ("plan", "--state", "none.json")
# What is run for the first time, with an empty cache, and the aim at the large size.
COLD: Final = (
    ("`validate`", VALIDATE, 1.6),
    ("`plan`, nothing to do", PLAN, 2.0),
    ("`plan`, all to create", PLAN_ALL_NEW, 2.5),
)
_AIM_WARM: Final = 0.2


def measure(scale: Scale) -> Iterator[Figure]:
    """The aims are for the large size: at the small one, start-up is most of the time."""
    yield from _times(scale, scale.small, scale.rounds, aims=False)
    yield from _times(scale, scale.large, scale.long_rounds, aims=True)
    yield from _memory(scale, scale.large)


def repository(scale: Scale, files: int) -> Path:
    """Its folder, with a state that matches. It is generated once."""
    folder = scale.folder / f"files-{files}"
    if not folder.exists():
        generate.repository(folder, files)
        generate.state(folder)
    return folder


def first_run(folder: Path, command: tuple[str, ...], *, memory: bool = False) -> Cost:
    """With an empty cache, which the run fills."""
    shutil.rmtree(_cache(folder), ignore_errors=True)
    return next_run(folder, command, memory=memory)


def next_run(folder: Path, command: tuple[str, ...], *, memory: bool = False) -> Cost:
    """With the cache that earlier runs have filled."""
    return run((*KALENTOPS, *command, "-C", str(folder)), cache=_cache(folder), memory=memory)


def _cache(folder: Path) -> Path:
    return folder.with_name(f"cache-{folder.name}")


def _times(scale: Scale, files: int, rounds: int, *, aims: bool) -> Iterator[Figure]:
    folder = repository(scale, files)
    bare = partial(_bare, folder)
    for name, command, aim in COLD:
        pair = in_turns(partial(first_run, folder, command), bare, rounds)
        yield of_pair(f"{name}, {files:,} files", pair, aim if aims else None, against="bare events")
    first_run(folder, PLAN)
    one_changed = "`plan` again, one file changed"
    for name, again in (
        ("`plan` again", partial(next_run, folder, PLAN)),
        (one_changed, _after_a_change(folder)),
    ):
        pair = in_turns(again, bare, rounds)
        yield of_pair(f"{name}, {files:,} files", pair, _AIM_WARM if aims else None, against="bare events")


def _memory(scale: Scale, files: int) -> Iterator[Figure]:
    folder = repository(scale, files)
    for name, command, _ in COLD:
        cost = first_run(folder, command, memory=True)
        yield of_memory(f"{name}, {files:,} files, memory", cost.mib, AIM_MIB)
    first_run(folder, PLAN)
    again = next_run(folder, PLAN, memory=True)
    yield of_memory(f"`plan` again, {files:,} files, memory", again.mib, AIM_MIB)


def _after_a_change(folder: Path) -> Callable[[], Cost]:
    """A `plan` with another name of one blueprint each time."""
    path = min((folder / "blueprints").rglob("*.yaml"))
    text = path.read_text(encoding="utf-8")
    numbers = count(1)

    def again() -> Cost:
        path.write_text(text.replace("cadence 1", f"cadence 1, edit {next(numbers)}"), encoding="utf-8")
        try:
            return next_run(folder, PLAN)
        finally:
            path.write_text(text, encoding="utf-8")

    return again


def _bare(folder: Path) -> Cost:
    command = (PYTHON, "-m", "benchmarks.bare", str(folder / "blueprints"))
    done = subprocess.run(
        command, env=environment(), cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True
    )
    wall, cpu = done.stdout.split()
    return Cost(float(wall), float(cpu))
