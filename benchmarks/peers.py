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
_AIMS: Final = {"check-jsonschema": 0.05, "octodns-sync": 0.1}
_AIM_MEMORY: Final = 1.0


def measure(scale: Scale) -> Iterator[Figure]:
    """`validate` with an empty cache, `plan` with a filled one. The others have no cache; they run once."""
    folder = repository(scale, scale.small)
    files = sorted(map(str, (folder / "blueprints").rglob("*.yaml")))
    zones, schema = scale.folder / "octodns", scale.folder / "schema.json"
    generate.zones(folder, zones)
    with schema.open("wb") as stream:
        subprocess.run((*KALENTOPS, "schema"), stdout=stream, env=environment(), check=True)
    what = f"`validate`, {len(files):,} files"
    validate = partial(first_run, folder, VALIDATE)
    yield from _beside("check-jsonschema", ("--schemafile", str(schema), *files), what, validate)
    yield from _beside("yamllint", ("-d", "relaxed", *files), what, validate)
    first_run(folder, PLAN)
    plan = partial(next_run, folder, PLAN)
    options = ("--config-file", str(zones / generate.ZONES))
    yield from _beside("octodns-sync", options, f"`plan` again, {len(files):,} files", plan)


def _beside(peer: str, options: Sequence[str], what: str, run_ours: Callable[..., Cost]) -> Iterator[Figure]:
    try:
        theirs = run((str(PROGRAMS / peer), *options), memory=True)
    except (OSError, RuntimeError) as error:
        reason = "`make bench PEERS=1` installs it" if isinstance(error, FileNotFoundError) else str(error)
        yield Figure(f"{what}, against {peer}", reason, None, None)
        return
    ours = sorted((run_ours() for _ in range(_TURNS)), key=attrgetter("wall"))[_TURNS // 2]
    pair = Pair(ours, theirs, ours.wall / theirs.wall, ours.cpu / theirs.cpu)
    yield of_pair(what, pair, _AIMS.get(peer), against=peer)
    mib = run_ours(memory=True).mib
    if mib and theirs.mib:
        said = f"{mib:.0f} MiB, {peer} {theirs.mib:.0f} MiB"
        yield Figure(f"{what}, memory", said, mib / theirs.mib, _AIM_MEMORY)
