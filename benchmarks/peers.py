"""kalentops beside octoDNS, check-jsonschema and yamllint, on the same content. `make bench PEERS=1` installs them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Final

from benchmarks import generate
from benchmarks.figures import Figure, of_pair
from benchmarks.files import PLAN, VALIDATE, first_run, next_run, repository
from benchmarks.measure import KALENTOPS, PYTHON, Cost, Pair, environment, run
from benchmarks.scale import Scale

PROGRAMS: Final = Path(PYTHON).parents[1] / "peers" / "bin"
"""In the environment of their own, which the Makefile makes below this one."""
_TURNS: Final = 3
_AIM_MEMORY: Final = 1.0


def measure(scale: Scale) -> Iterator[Figure]:
    """`validate` with an empty cache, `plan` with a filled one. The others have no cache; they run once."""
    schema = scale.folder / "schema.json"
    with schema.open("wb") as stream:
        subprocess.run((*KALENTOPS, "schema"), stdout=stream, env=environment(), check=True)
    for count, aim in ((scale.large, 0.05), (scale.small, None)):
        folder = repository(scale, count)
        files = sorted(map(str, (folder / "blueprints").rglob("*.yaml")))
        what = f"`validate`, {count:,} files"
        validate = partial(first_run, folder, VALIDATE)
        yield from _beside("check-jsonschema", ("--schemafile", str(schema), *files), what, validate, aim)
    yield from _beside("yamllint", ("-d", "relaxed", *files), what, validate)
    zones = scale.folder / "octodns"
    generate.zones(folder, zones)
    first_run(folder, PLAN)
    plan = partial(next_run, folder, PLAN)
    options = ("--config-file", str(zones / generate.ZONES))
    yield from _beside("octodns-sync", options, f"`plan` again, {scale.small:,} files", plan, 0.1)


def _beside(
    peer: str, options: Sequence[str], what: str, run_ours: Callable[..., Cost], aim: float | None = None
) -> Iterator[Figure]:
    try:
        theirs = run((str(PROGRAMS / peer), *options), memory=True)
    except (OSError, RuntimeError) as error:
        reason = "`make bench PEERS=1` installs it" if isinstance(error, FileNotFoundError) else str(error)
        yield Figure(f"{what}, against {peer}", reason, None, None)
        return
    ours = sorted((run_ours() for _ in range(_TURNS)), key=attrgetter("wall"))[_TURNS // 2]
    pair = Pair(ours, theirs, ours.wall / theirs.wall, ours.cpu / theirs.cpu)
    yield of_pair(what, pair, aim, against=peer)
    mib = run_ours(memory=True).mib
    if mib and theirs.mib:
        said = f"{mib:.0f} MiB, {peer} {theirs.mib:.0f} MiB"
        yield Figure(f"{what}, memory", said, mib / theirs.mib, _AIM_MEMORY)
