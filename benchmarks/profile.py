"""What one core spends its time on, step by step and function by function."""

from __future__ import annotations

import gc
import os
import pstats
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import yaml

from benchmarks.figures import Figure, seconds
from benchmarks.files import COLD, repository
from benchmarks.measure import PYTHON, environment
from benchmarks.scale import Scale
from kalentops.lint.rule import rules
from kalentops.project.check import check_text
from kalentops.project.document import read_document
from kalentops.project.result import CheckOptions
from kalentops.yamlfile.parse import parse

_TURNS: Final = 3
_MOST: Final = 10
# What is not written in Python counts for its caller, which `python -m cProfile` does not offer.
_UNDER_PROFILE: Final = """
import cProfile, runpy, sys
profile = cProfile.Profile(builtins=False)
report = sys.argv.pop(1)
try:
    profile.runcall(runpy.run_module, "kalentops", run_name="__main__", alter_sys=True)
finally:
    profile.dump_stats(report)
"""


def measure(scale: Scale) -> Iterator[Figure]:
    folder = repository(scale, scale.small)
    yield from _steps(folder, scale.small)
    for name, command, _ in COLD:
        yield from _functions(f"{name}, {scale.small:,} files", folder, command)


def _steps(folder: Path, files: int) -> Iterator[Figure]:
    """Each step contains those before it: CPU time in this process, the least of three turns, without the collector."""
    root = folder.resolve()
    texts = {
        str(path.relative_to(root)): path.read_text(encoding="utf-8")
        for path in sorted((root / "blueprints").rglob("*.yaml"))
    }
    options = CheckOptions(root)
    rules()
    steps: tuple[tuple[str, Callable[[str, str], object]], ...] = (
        ("bare events", lambda _, text: list(yaml.parse(text, Loader=yaml.CSafeLoader))),
        ("to trees with places", lambda _, text: parse(text)),
        ("to models", read_document),
        ("to results: rules, digests", lambda name, text: check_text(options, name, text)),
    )
    for what, step in steps:
        least = min(_cpu(step, texts) for _ in range(_TURNS))
        yield Figure(f"{what}, {files:,} files", "CPU, one process", least, None, "s")


def _cpu(step: Callable[[str, str], object], texts: dict[str, str]) -> float:
    gc.collect()
    gc.disable()
    try:
        begun = time.process_time()
        for name, text in texts.items():
            step(name, text)
        return time.process_time() - begun
    finally:
        gc.enable()


def _functions(what: str, folder: Path, command: tuple[str, ...]) -> Iterator[Figure]:
    """The functions with the most time of their own, under cProfile, which makes small functions look larger."""
    report = folder.with_name("profile")
    with _one_core():
        subprocess.run(
            (PYTHON, "-c", _UNDER_PROFILE, str(report), *command, "-C", str(folder)),
            env=environment(),
            cwd=Path(__file__).parents[1],
            stdout=subprocess.DEVNULL,
            check=True,
        )
    # Not `get_stats_profile`, in which functions of one name are one.
    found: dict[tuple[str, int, str], tuple[int, int, float, float, object]]
    found = vars(pstats.Stats(str(report)))["stats"]
    whole = sum(own for _, _, own, _, _ in found.values())
    for (file, line, name), (_, calls, own, _, _) in sorted(found.items(), key=lambda each: -each[1][2])[
        :_MOST
    ]:
        path = Path(file)
        place = f"{path.parent.name}/{path.name}:{line} "
        said = f"{seconds(own)} of {seconds(whole)}, {calls:,} calls"
        yield Figure(f"{what}: {place}`{name}`", said, 100 * own / whole, None, "%")


@contextmanager
def _one_core() -> Iterator[None]:
    """On one core, kalentops works in one process."""
    cores = os.sched_getaffinity(0) if sys.platform == "linux" else set()
    if cores:
        os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        if cores:
            os.sched_setaffinity(0, cores)
