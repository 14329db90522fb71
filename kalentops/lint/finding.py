"""What is wrong with a file, where, and how to mend it: data that every report renders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs: an error stops `plan` and `apply`, a warning never does."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One problem. The order of the fields is the order in which findings are shown.

    `file` is relative to the folder of the project, with forward slashes; `line` and `column` count from 1.
    `path` leads from the root of the file to the value that is meant, such as `("blueprints", "one", "steps", 2,
    "content")`; it is empty for what is wrong with the file as a whole. Two findings that differ in it alone are one:
    what stands behind an anchor has as many paths as it has aliases.
    """

    file: str
    line: int
    column: int
    code: str
    message: str
    hint: str
    severity: Severity = Severity.ERROR
    path: tuple[str | int, ...] = field(default=(), compare=False)


def errors_first(found: Iterable[Finding]) -> list[Finding]:
    """Errors, then warnings, each by file and place."""
    return sorted(found, key=lambda each: (each.severity is not Severity.ERROR, each))


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding that knows its place in the data, not yet in the text.

    `path` leads from the root of a file (or, from a rule, from its blueprint) to the value, such as
    `("steps", 2, "content")`. `at` is the index of the character in that text that is meant. `on_key` points at
    the key instead of its value.
    """

    path: tuple[str | int, ...]
    message: str
    hint: str
    at: int | None = None
    on_key: bool = False
    code: str = ""
