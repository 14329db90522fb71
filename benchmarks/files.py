"""What `validate` and the offline `plan` cost, against libyaml alone and against check-jsonschema."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import generate
from benchmarks.figures import Figure, of_memory, of_pair
from benchmarks.measure import KALENTOPS, PYTHON, Cost, environment, in_turns, peak_mib, run
from benchmarks.scale import Scale

_AIM: Final = 1.2
_AIM_SCHEMA: Final = 0.06
AIM_MIB: Final = 150.0
# What is run, and with which options. The states: one in which everything is applied, and none.
COMMANDS: Final = (
    ("`validate`", ("validate",)),
    ("`plan`, nothing to do", ("plan",)),
    ("`plan`, all to create", ("plan", "--state", "none.json")),
)


def measure(scale: Scale) -> Iterator[Figure]:
    for files, rounds in ((scale.small, scale.rounds), (scale.large, scale.long_rounds)):
        folder = _repository(scale, files)
        for name, command in COMMANDS:
            pair = in_turns(_kalentops(folder, *command), partial(_bare, folder), rounds)
            yield of_pair(f"{name}, {files:,} files", pair, _AIM, against="bare events")
        for name, command in COMMANDS:
            mib = peak_mib((*KALENTOPS, *command, "-C", str(folder)))
            yield of_memory(f"{name}, {files:,} files", mib, AIM_MIB)


def measure_schema(scale: Scale) -> Iterator[Figure]:
    """`validate` against a validator that knows the same schema, and no rules."""
    folder = _repository(scale, scale.small)
    schema = folder / "schema.json"
    with schema.open("wb") as stream:
        subprocess.run((*KALENTOPS, "schema"), stdout=stream, env=environment(), check=True)
    files = sorted(str(path) for path in (folder / "blueprints").rglob("*.yaml"))
    program = str(Path(PYTHON).with_name("check-jsonschema"))
    other = partial(run, (program, "--schemafile", str(schema), *files))
    pair = in_turns(_kalentops(folder, "validate"), other, scale.long_rounds)
    yield of_pair(f"`validate`, {scale.small:,} files", pair, _AIM_SCHEMA, against="check-jsonschema")


def _repository(scale: Scale, files: int) -> Path:
    folder = scale.folder / f"files-{files}"
    if not folder.exists():
        generate.repository(folder, files)
        generate.state(folder)
    return folder


def _kalentops(folder: Path, *command: str) -> Callable[[], Cost]:
    return partial(run, (*KALENTOPS, *command, "-C", str(folder)))


def _bare(folder: Path) -> Cost:
    command = (PYTHON, "-m", "benchmarks.bare", str(folder / "blueprints"))
    done = subprocess.run(
        command, env=environment(), cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True
    )
    wall, cpu = done.stdout.split()
    return Cost(float(wall), float(cpu))
