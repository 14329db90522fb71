"""`python -m benchmarks [--quick] [--peers] [--write] [--json FILE] [NAME…]`: measure, and show what was aimed at and
what came out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks import (
    applying,
    files,
    growth,
    looking,
    page,
    peers,
    previewing,
    profile,
    recording,
    startup,
    stores,
    templates,
)
from benchmarks.figures import Figure, machine, table
from benchmarks.scale import Scale, quick

PARTS: Final[dict[str, Callable[[Scale], Iterator[Figure]]]] = {
    "startup": startup.measure,
    "files": files.measure,
    "growth": growth.measure,
    "templates": templates.measure,
    "preview": previewing.measure,
    "apply": applying.measure,
    "looking": looking.measure,
    "recording": recording.measure,
    "stores": stores.measure_apply,
    "writes": stores.measure_writes,
    "profile": profile.measure,
    "latencies": stores.measure_latencies,
    "peers": peers.measure,
}
# The rest is measured by name.
WHOLE: Final = tuple(name for name in PARTS if name not in ("latencies", "peers"))


def main() -> None:
    chosen = _arguments()
    found: dict[str, list[Figure]] = {}
    sections: dict[str, str] = {}
    failed = False
    with tempfile.TemporaryDirectory(prefix="kalentops-bench-") as name:
        scale = Scale(Path(name))
        for part in chosen.names or (*WHOLE, *(("peers",) if chosen.peers else ())):
            load, begun = os.getloadavg()[0], time.perf_counter()
            found[part] = []
            try:
                for measured in PARTS[part](quick(scale) if chosen.quick else scale):
                    figure = replace(measured, aim=None) if chosen.quick else measured
                    found[part].append(figure)
                    print(f"{figure.what}: {figure.verdict}", file=sys.stderr, flush=True)
            except Exception as error:  # noqa: BLE001 - the other parts are still measured
                traceback.print_exc()
                found[part].append(Figure(part, f"{type(error).__name__}", None, None))
                failed = True
            took = f"{time.perf_counter() - begun:.0f} s, load {load:.1f} at its start"
            lines = (f"{datetime.now(UTC):%Y-%m-%d}, {took}.", "", *table(found[part]))
            sections[part] = "\n".join(lines)
            print(f"### {part}\n\n{sections[part]}\n", flush=True)
    print(machine())
    if chosen.json:
        _write_json(chosen.json, found)
    if chosen.write:
        text = page.PAGE.read_text(encoding="utf-8")
        page.PAGE.write_text(page.with_figures(text, machine(), sections, PARTS), encoding="utf-8")
    sys.exit(failed)


def _write_json(path: Path, found: dict[str, list[Figure]]) -> None:
    figures = [{"part": part, **each.as_json()} for part, whole in found.items() for each in whole]
    data = {
        "machine": machine(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "figures": figures,
    }
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What kalentops costs.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(PARTS)}; without any, {', '.join(WHOLE)}"
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of each size, in a minute")
    parser.add_argument("--peers", action="store_true", help="measure the peers as well")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument("--write", action="store_true", help=f"write the figures to {page.PAGE.name} as well")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.names if name not in PARTS]
    if unknown:
        parser.error(f"there is no {unknown[0]}; there are {', '.join(PARTS)}")
    if chosen.quick and chosen.write:
        parser.error("--write is for full sizes, without --quick")
    return chosen


if __name__ == "__main__":
    main()
