"""Two processes for many files. What they give back is small: findings and digests, documents only where asked."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from kalentops.loader.files import Source
from kalentops.repository import FileResult, Job, check_file

_CHUNKS_EACH = 8
_MAX_PROCESSES = 4


def run(job: Job, sources: Sequence[Source]) -> Iterator[FileResult]:
    """The result of each file, in the order of the files."""
    processes = min(os.cpu_count() or 1, _MAX_PROCESSES)
    size = -(-len(sources) // (processes * _CHUNKS_EACH))
    chunks = [sources[at : at + size] for at in range(0, len(sources), size)]
    # A forked child has everything imported already. No thread is running yet; elsewhere `spawn` is the safe way.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    with ProcessPoolExecutor(processes, context) as pool:
        for results in pool.map(_check_chunk, [job] * len(chunks), chunks):
            yield from results


def _check_chunk(job: Job, sources: Sequence[Source]) -> list[FileResult]:
    return [check_file(job, source) for source in sources]
