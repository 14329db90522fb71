"""How large, and how often: the whole measurement, and the quick one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Scale:
    """`folder` takes what is generated. `rounds` are of small sizes, `long_rounds` of large ones. `growth` are numbers
    of files, `growth_blueprints` numbers of blueprints a sourcing, `growth_rounds` are of all but the largest.
    """

    folder: Path
    small: int = 1_000
    large: int = 10_000
    positions: int = 4_000
    creates: int = 1_000
    store_creates: int = 500
    sourcings: int = 1_000
    records: int = 300
    growth: tuple[int, ...] = (10, 100, 1_000, 10_000, 50_000)
    growth_blueprints: tuple[int, ...] = (1, 10, 100, 500)
    growth_rounds: int = 3
    rounds: int = 5
    long_rounds: int = 3
    start_rounds: int = 11


def quick(whole: Scale) -> Scale:
    """In at most a minute: ten times smaller, so start-up is most of what is measured, and the ratios say little."""
    return replace(
        whole,
        small=100,
        large=1_000,
        positions=400,
        creates=100,
        store_creates=50,
        sourcings=100,
        records=30,
        growth=(10, 100, 1_000),
        growth_blueprints=(1, 10, 100),
        growth_rounds=1,
        rounds=2,
        long_rounds=1,
        start_rounds=3,
    )
