"""How long small commands take, against the import of click, which they can't do without."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks import generate
from benchmarks.figures import Figure, of_pair
from benchmarks.measure import KALENTOPS, PYTHON, in_turns, run
from benchmarks.scale import Scale

_FILES: Final = 5
_AIM: Final = 4.0
_AGAINST: Final = "`import click`"


def measure(scale: Scale) -> Iterator[Figure]:
    """All started as `python -m kalentops`; the console script does the same import and is as fast."""
    click = partial(run, (PYTHON, "-c", "import click"))
    for option in ("--help", "--version"):
        pair = in_turns(partial(run, (*KALENTOPS, option)), click, scale.start_rounds)
        yield of_pair(f"`kalentops {option}`", pair, 1.3, against=_AGAINST)
    folder = scale.folder / f"files-{_FILES}"
    if not folder.exists():
        generate.repository(folder, _FILES)
        generate.state(folder)
    for command in ("validate", "plan"):
        for what, cache in (("with a cache", scale.folder / "cache-start"), ("without a cache", None)):
            small = partial(run, (*KALENTOPS, command, "-C", str(folder)), cache=cache)
            pair = in_turns(small, click, scale.start_rounds)
            yield of_pair(f"`{command}`, {_FILES} files, {what}", pair, _AIM, against=_AGAINST)
