"""`python -m benchmarks [--quick] [--json FILE] [NAME…]`: measure, and show what was aimed at and what came out."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks import applying, files, looking, previewing, recording, startup, stores, templates
from benchmarks.figures import Figure, machine, table
from benchmarks.scale import Scale, quick

MEASUREMENTS: Final[dict[str, Callable[[Scale], Iterator[Figure]]]] = {
    "startup": startup.measure,
    "files": files.measure,
    "schema": files.measure_schema,
    "templates": templates.measure,
    "preview": previewing.measure,
    "apply": applying.measure,
    "looking": looking.measure,
    "recording": recording.measure,
    "stores": stores.measure_apply,
    "writes": stores.measure_writes,
}


def main() -> None:
    chosen = _arguments()
    found: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="kalentops-bench-") as name:
        folder = Path(name)
        scale = quick(Scale(folder)) if chosen.quick else Scale(folder)
        for each in chosen.names or MEASUREMENTS:
            for figure in MEASUREMENTS[each](scale):
                found.append(figure)
                print(f"{figure.what}: {figure.verdict}", file=sys.stderr, flush=True)
    print(machine())
    print("\n".join(table(found)))
    if chosen.json:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        data = {"machine": machine(), "at": at, "figures": [each.as_json() for each in found]}
        chosen.json.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What kalentops costs.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(MEASUREMENTS)}; all without any"
    )
    parser.add_argument("--quick", action="store_true", help="ten times smaller, to see that it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.names if name not in MEASUREMENTS]
    if unknown:
        parser.error(f"there is no {unknown[0]}; there are {', '.join(MEASUREMENTS)}")
    return chosen


if __name__ == "__main__":
    main()
