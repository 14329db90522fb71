"""`python -m tests.torture`: every attack, bounded in time; the figures go to JSON, and from there into the docs.

`--json FILE` keeps the figures, `--quick` runs a tenth of it, `--page` writes the table of
docs/explanation/reliability.md from the figures. Exit code 1 where a promise was broken or a mutant lived.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from tests.torture import powerloss, shared
from tests.torture.page import broken, write_page
from tests.torture.simulate import Protocol, run_seed

_ROOT = Path(__file__).parents[2]
_SHARED_SEEDS = 12_000
_C = TypeVar("_C")
_SEEDS = 16_000  # in three of four, half of all writes are late


def _seeds(bounds: tuple[int, int, Protocol]) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    failures: list[str] = []
    first, end, protocol = bounds
    for seed in range(first, end):
        verdict = run_seed(seed, protocol)
        counts["seeds"] += 1
        counts["late_seeds"] += verdict.late
        counts["runs"] += verdict.disturbed + 2
        for name in ("kills", "freezes", "overtaken", "copies", "creates", "leftovers"):
            counts[name] += getattr(verdict, name)
        for problem in verdict.problems:
            counts[problem[:2]] += 1
            failures.append(f"seed {seed}, {protocol}: {problem}")
        if not verdict.meddled:
            kind = "lost" if verdict.state_lost else "kept"
            counts[f"{kind}"] += 1
            counts[f"{kind}_resolved"] += verdict.resolved
    return {"counts": dict(counts), "failures": failures[:20]}


def _shared_seeds(bounds: tuple[int, int]) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    failures: list[str] = []
    for seed in range(*bounds):
        verdict = shared.run_seed(seed)
        counts["seeds"] += 1
        counts[f"hosts_{verdict.hosts}"] += 1
        for name in shared.COUNTED:
            counts[name] += getattr(verdict, name)
        if not verdict.by_person:
            counts["alone"] += 1
            counts["alone_resolved"] += verdict.resolved
        for problem in verdict.problems:
            counts[problem.partition(":")[0]] += 1
            failures.append(f"seed {seed}: {problem}")
    return {"counts": dict(counts), "failures": failures[:20]}


def simulation(seeds: int, protocol: Protocol = "reserve") -> dict[str, Any]:
    """All seeds, on all processors."""
    return _spread(_seeds, [(at, end, protocol) for at, end in _chunks(seeds)])


def _chunks(seeds: int, size: int = 250) -> list[tuple[int, int]]:
    return [(at, min(at + size, seeds)) for at in range(0, seeds, size)]


def _spread(play: Callable[[_C], dict[str, Any]], chunks: Iterable[_C]) -> dict[str, Any]:
    total: Counter[str] = Counter()
    failures: list[str] = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(play, chunks):
            total.update(found["counts"])
            failures += found["failures"]
    return {**total, "failures": failures[:20]}


def _before(share: float) -> dict[str, Any]:
    """The same seeds with everything sent at once, and again where the window has passed: a comparison, no promise."""
    return {**simulation(int(_SEEDS * share), "resent"), "failures": []}


def _kills(share: float) -> dict[str, Any]:
    from tests.torture import kills

    return kills.run(limit=int(540 * share), seed=1, workers=os.cpu_count() or 1)


def _frozen(share: float) -> dict[str, Any]:
    from tests.torture import kills

    return kills.run_frozen(limit=int(200 * share), seed=1)


def _errnos(share: float) -> dict[str, Any]:
    from tests.torture import errnos

    return errnos.run(limit=int(300 * share), seed=1, workers=os.cpu_count() or 1)


def _together(share: float) -> dict[str, Any]:
    from tests.torture import together

    return together.run(rounds=max(1, int(16 * share)), seed=1)


def _machines(share: float) -> dict[str, Any]:
    from tests.torture import machines

    return machines.run(rounds=max(9, int(36 * share)), seed=1)


def _mutants(_: float) -> dict[str, Any]:
    from tests.torture import mutants

    return mutants.run(os.cpu_count() or 1, seeds=1500)


PARTS: dict[str, Callable[[float], dict[str, Any]]] = {
    "power": lambda _: powerloss.run(),
    "journal": lambda _: powerloss.damage_journal(),
    "simulation": lambda share: simulation(int(_SEEDS * share)),
    "whole": lambda share: simulation(int(_SEEDS * share / 4), "whole"),
    "shared": lambda share: _spread(_shared_seeds, _chunks(int(_SHARED_SEEDS * share))),
    "before": _before,
    "together": _together,
    "machines": _machines,
    "errnos": _errnos,
    "kills": _kills,
    "frozen": _frozen,
    "mutants": _mutants,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which attacks; all by default")
    parser.add_argument("--json", type=Path, default=_ROOT / "docs" / "explanation" / "reliability.json")
    parser.add_argument("--quick", action="store_true", help="a tenth of it")
    parser.add_argument("--page", action="store_true", help="write docs/explanation/reliability.md anew")
    options = parser.parse_args()
    kept = json.loads(options.json.read_text()) if options.json.exists() else {}
    figures: dict[str, Any] = {
        **kept,
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
    }
    for name in options.parts or PARTS:
        began = time.monotonic()
        sys.stdout.write(f"{name} … ")
        sys.stdout.flush()
        figures[name] = PARTS[name](0.1 if options.quick else 1.0)
        figures[name]["seconds"] = round(time.monotonic() - began)
        sys.stdout.write(f"{figures[name]['seconds']} s\n")
        options.json.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")
    if options.page:
        write_page(_ROOT / "docs" / "explanation" / "reliability.md", figures)
    problems = broken(figures)
    sys.stdout.write("".join(f"BROKEN: {problem}\n" for problem in problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
