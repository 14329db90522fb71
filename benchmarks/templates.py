"""What templates cost: positions of 20 templates against as many plain files with the same blueprints."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks import generate
from benchmarks.figures import Figure, of_memory, of_pair
from benchmarks.files import AIM_MIB, COLD, first_run
from benchmarks.measure import KALENTOPS, environment, in_turns
from benchmarks.scale import Scale

_AIM: Final = 1.0
_AIM_LINES: Final = 60


def measure(scale: Scale) -> Iterator[Figure]:
    shared, plain = scale.folder / "shared", scale.folder / "plain"
    generate.shared(shared, scale.positions)
    generate.rendered(shared, plain)
    for folder in (shared, plain):
        generate.state(folder)
    what = f"{scale.positions:,} positions of {generate.TEMPLATES} templates"
    for name, command, _ in COLD:
        pair = in_turns(
            partial(first_run, shared, command), partial(first_run, plain, command), scale.long_rounds
        )
        yield of_pair(f"{name}, {what}", pair, _AIM, against="plain files")
    for name, command, _ in COLD:
        mib = first_run(shared, command, memory=True).mib
        yield of_memory(f"{name}, {what}, memory", mib, AIM_MIB)
    generate.change_template(shared)
    done = subprocess.run(
        (*KALENTOPS, "plan", "-C", str(shared)), env=environment(), capture_output=True, text=True, check=True
    )
    summary, lines = done.stdout.splitlines()[-1], done.stdout.count("\n")
    yield Figure(f"one changed template, {what}", f"text plan: {summary}", lines, _AIM_LINES, "lines")
