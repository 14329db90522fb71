"""The summary of a job on GitHub Actions: what `validate`, `plan` and `apply` have to say, on the page of the run.

GitHub gives each step a file for it (docs.github.com, "Adding a job summary"). A summary is a convenience: one that
can't be written is a note, and changes nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from kalentops.output.notices import tell
from kalentops.output.truncate import SUMMARY, utf8_bytes

Make: TypeAlias = Callable[[int], str]
"""What gives a text of at most so many bytes."""
_APART: Final = "\n\n"


def append(make: Make, environment: Mapping[str, str] = os.environ) -> None:
    """Append what `make` gives for so many bytes, where there is a summary to append to."""
    name = environment.get("GITHUB_STEP_SUMMARY")
    if environment.get("GITHUB_ACTIONS") != "true" or not name:
        return
    path = Path(name)
    try:
        taken = path.stat().st_size if path.exists() else 0
        text = make(SUMMARY - taken - 2 * len(_APART))
        if not text:
            tell(["the summary of the job is full: GitHub takes 1 MiB of a step"])
            return
        with path.open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
            stream.write((_APART if taken else "") + text + "\n")
    except OSError as error:
        tell([f"the summary of the job can't be written: {error.strerror or error}"])


def headed(heading: str, make: Make) -> Make:
    """The same below a heading, or nothing where there is no room for more than that."""

    def with_heading(limit: int) -> str:
        text = make(limit - utf8_bytes(heading) - len(_APART))
        return f"{heading}{_APART}{text}" if text else ""

    return with_heading
