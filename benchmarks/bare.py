"""One core's bare events of libyaml over all files of a folder: what no loader built on them can do without.

Run as a process of its own, it prints `WALL CPU` in seconds. The interpreter's start and the reading of the files
are not counted.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import yaml


def main() -> None:
    texts = [path.read_bytes() for path in sorted(Path(sys.argv[1]).rglob("*.yaml"))]
    wall, cpu = time.perf_counter(), time.process_time()
    for text in texts:
        for _ in yaml.parse(text, Loader=yaml.CSafeLoader):
            pass
    print(time.perf_counter() - wall, time.process_time() - cpu)


if __name__ == "__main__":
    main()
