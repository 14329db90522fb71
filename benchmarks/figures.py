"""What a measurement says, and the table of all of them."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import Cost, Pair

_COLUMNS: Final = ("what", "figure", "value", "aim", "")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `value` is what is compared with `aim` (at most), in `unit`; without one it is a ratio. Without an
    aim it is only shown. Without a value, `said` is the reason.
    """

    what: str
    said: str
    value: float | None
    aim: float | None
    unit: str = ""

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not measured"
        if self.aim is None:
            return ""
        return "met" if self.value <= self.aim else "missed"

    def as_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "figure": self.said,
            "value": self.value,
            "unit": self.unit or "ratio",
            "aim": self.aim,
            "verdict": self.verdict,
        }


def of_pair(what: str, pair: Pair, aim: float | None, *, against: str, by_cpu: bool = False) -> Figure:
    """A ratio of times, wall or CPU, with both times of both sides beside it."""
    said = f"{_times(pair.one)}, {against} {_times(pair.other)}"
    return Figure(what, said, pair.cpu_ratio if by_cpu else pair.ratio, aim)


def of_memory(what: str, mib: float | None, aim: float) -> Figure:
    return Figure(what, "peak of the process tree, PSS", mib, aim, "MiB")


def _times(cost: Cost) -> str:
    return f"{seconds(cost.wall)} (cpu {seconds(cost.cpu)})"


def seconds(value: float) -> str:
    return (
        f"{value * 1000:.2g} ms"
        if value < 0.01
        else f"{value * 1000:.0f} ms"
        if value < 1
        else f"{value:.2f} s"
    )


def table(found: Iterable[Figure]) -> Iterator[str]:
    """The figures as a table in Markdown, aligned."""
    rows = [_COLUMNS, *(_row(each) for each in found)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_COLUMNS))]
    for number, row in enumerate(rows):
        yield "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        if number == 0:
            yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"


def _row(each: Figure) -> tuple[str, ...]:
    unit = f" {each.unit}" if each.unit else ""
    value = "" if each.value is None else f"{each.value:.3g}{unit}"
    aim = "" if each.aim is None else f"{each.aim:g}{unit}"
    return each.what, each.said, value, aim, each.verdict


def machine() -> str:
    """What it was measured on."""
    return (
        f"{_processor()}, {os.cpu_count()} cores, {_memory_gib()}"
        f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}, Python {platform.python_version()}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory_gib() -> str:
    try:
        return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB, "
    except (ValueError, OSError):
        return ""
