"""The entries of a collection as they shall be: pure data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Added:
    """A new entry, without the indentation of its first line and without a line end behind its last."""

    text: str


Part: TypeAlias = int | Added
Order: TypeAlias = Sequence[Part]
"""The entries as they shall be: the number that one has now, or a new one."""


def groups_of(order: Order, kept: frozenset[int]) -> list[tuple[int | None, list[int], int | None]]:
    """Where something is put: the kept entry before it, the positions in the order, the kept entry behind it."""
    groups: list[tuple[int | None, list[int], int | None]] = []
    last: int | None = None
    group: list[int] = []
    for position, each in enumerate(order):
        if isinstance(each, int) and each in kept:
            groups.append((last, group, each))
            last, group = each, []
        else:
            group.append(position)
    groups.append((last, group, None))
    return [each for each in groups if each[1]]


def runs_of(numbers: list[int]) -> list[tuple[int, int]]:
    """The first and last of each run of numbers that follow each other."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] + 1 == number:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    return runs
