"""What a step of the action gives to those after it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

RESULTS: Final = {
    0: "ok",
    2: "changes",
    3: "invalid",
    4: "refused",
    5: "unreachable",
    6: "stopped",
    7: "stale",
    8: "state",
    9: "partial",
    10: "unknown",
    130: "interrupted",
}
"""The exit codes of the README in one word each; any other is an `error`."""


@dataclass(slots=True)
class StepResult:
    """What a step gives to those after it."""

    code: int = 0
    changed: bool = False
    numbers: dict[str, int] = field(default_factory=dict)
    paths: dict[str, Path] = field(default_factory=dict)

    @property
    def outputs(self) -> Mapping[str, str]:
        return {
            "result": RESULTS.get(self.code, "error"),
            "exit-code": str(self.code),
            "changed": str(self.changed).lower(),
            **{name: str(number) for name, number in self.numbers.items()},
            **{name: str(path) for name, path in self.paths.items()},
        }


def write_outputs(outputs: Mapping[str, str]) -> None:
    """With a delimiter that no value can know."""
    place = os.environ.get("GITHUB_OUTPUT")
    if not place:
        return
    with Path(place).open("a", encoding="utf-8", newline="\n") as stream:
        for name, value in outputs.items():
            mark = secrets.token_hex(16)
            stream.write(f"{name}<<{mark}\n{value}\n{mark}\n")
