"""How long `kalentops --help` takes, against the import of click, which it can't do without."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.figures import Figure, of_pair
from benchmarks.measure import KALENTOPS, PYTHON, in_turns, run
from benchmarks.scale import Scale


def measure(scale: Scale) -> Iterator[Figure]:
    """Both started as `python -m kalentops`; the console script does the same import and is as fast."""
    click = partial(run, (PYTHON, "-c", "import click"))
    for option in ("--help", "--version"):
        pair = in_turns(partial(run, (*KALENTOPS, option)), click, scale.start_rounds)
        yield of_pair(f"`kalentops {option}`", pair, 1.3, against="`import click`")
