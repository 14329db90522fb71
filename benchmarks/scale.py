"""How large, and how often: the whole measurement, and a quick one that shows no more than that it works."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Scale:
    """`folder` takes what is generated."""

    folder: Path
    small: int = 1_000
    large: int = 10_000
    creates: int = 1_000
    sourcings: int = 1_000
    entries: int = 20_000
    records: int = 300
    rounds: int = 7
    long_rounds: int = 3
    store_rounds: int = 1
    start_rounds: int = 21


def quick(whole: Scale) -> Scale:
    """Ten times smaller: the ratios say little, because the start-up is most of what is measured."""
    return replace(
        whole,
        small=whole.small // 10,
        large=whole.large // 10,
        creates=whole.creates // 10,
        sourcings=whole.sourcings // 10,
        entries=whole.entries // 10,
        records=whole.records // 10,
        rounds=2,
        long_rounds=1,
        start_rounds=5,
    )
