"""What a comparison with an earlier commit costs where one word of many files has changed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import generate
from benchmarks.figures import Figure, of_pair
from benchmarks.measure import KALENTOPS, Cost, in_turns, run
from benchmarks.scale import Scale

_AIM: Final = 1.5
_AIM_MB: Final = 2.0
_GIT: Final = ("git", "-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")


def measure(scale: Scale) -> Iterator[Figure]:
    """The ratios are those of processor time, without a cache."""
    files = 2 * scale.small
    folder = _repository(scale, files)
    page = folder / "kalentops-preview.html"
    validate = _kalentops(folder, "validate")
    for command in ("preview", "validate"):
        pair = in_turns(_kalentops(folder, command, "--against", "main"), validate, scale.long_rounds)
        what = f"`{command} --against`, {files:,} files, CPU"
        yield of_pair(what, pair, _AIM, against="`validate`", by_cpu=True)
    size = page.stat().st_size / 1e6
    yield Figure(f"`preview --against`, {files:,} files", "the page", size, _AIM_MB, "MB")


def _repository(scale: Scale, files: int) -> Path:
    folder = scale.folder / f"changed-{files}"
    if not folder.exists():
        generate.repository(folder, files)
        for command in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "as it was")):
            subprocess.run((*_GIT, *command), cwd=folder, check=True)
        file = min((folder / "blueprints").rglob("*.yaml"))
        file.write_text(
            file.read_text(encoding="utf-8").replace(" name: ", " name: One ", 1), encoding="utf-8"
        )
    return folder


def _kalentops(folder: Path, *command: str) -> Callable[[], Cost]:
    return partial(run, (*KALENTOPS, *command, "-C", str(folder)))
