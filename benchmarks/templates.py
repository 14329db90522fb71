"""What templates cost: positions of 20 templates against as many plain files with the same blueprints."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks import generate
from benchmarks.figures import Figure, of_memory, of_pair
from benchmarks.files import AIM_MIB, COMMANDS
from benchmarks.measure import KALENTOPS, environment, in_turns, peak_mib, run
from benchmarks.scale import Scale

_AIM: Final = 1.0
_AIM_LINES: Final = 60


def measure(scale: Scale) -> Iterator[Figure]:
    shared, plain = scale.folder / "shared", scale.folder / "plain"
    generate.shared(shared, scale.large)
    generate.rendered(shared, plain)
    for folder in (shared, plain):
        generate.state(folder)
    what = f"{scale.large:,} positions of {generate.TEMPLATES} templates"
    for name, command in COMMANDS:
        one, other = ((*KALENTOPS, *command, "-C", str(folder)) for folder in (shared, plain))
        pair = in_turns(partial(run, one), partial(run, other), scale.long_rounds)
        yield of_pair(f"{name}, {what}", pair, _AIM, against="plain files")
        yield of_memory(f"{name}, {what}, memory", peak_mib(one), AIM_MIB)
    generate.change_template(shared)
    done = subprocess.run(
        (*KALENTOPS, "plan", "-C", str(shared)), env=environment(), capture_output=True, text=True, check=True
    )
    summary, lines = done.stdout.splitlines()[-1], done.stdout.count("\n")
    yield Figure(f"one changed template, {what}", f"text plan: {summary}", lines, _AIM_LINES, "lines")
