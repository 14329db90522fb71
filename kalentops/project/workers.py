"""Two processes for many files. What they give back is small: findings and digests, documents only where asked."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from kalentops.project.check import CheckOptions, FileResult, check_file
from kalentops.project.files import Source

_CHUNKS_EACH = 8
_MAX_PROCESSES = 4
_SAFE_PATH = "PYTHONSAFEPATH"


def run(job: CheckOptions, sources: Sequence[Source]) -> Iterator[FileResult]:
    """The result of each file, in the order of the files.

    Where the system gives no processes (some containers have no shared memory), one does all the work.
    """
    processes = min(os.cpu_count() or 1, _MAX_PROCESSES)
    size = -(-len(sources) // (processes * _CHUNKS_EACH))
    chunks = [sources[at : at + size] for at in range(0, len(sources), size)]
    done = 0
    try:
        # A forked child has everything imported already. No thread is running yet; elsewhere `spawn` is the safe way.
        context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        with (
            _own_modules_only(),
            ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(job,)) as pool,
        ):
            for results in pool.map(_check_chunk, chunks):
                done += len(results)
                yield from results
    except (OSError, ImportError, NotImplementedError, BrokenProcessPool):
        yield from (check_file(job, source) for source in sources[done:])


@contextmanager
def _own_modules_only() -> Iterator[None]:
    """A spawned child begins with `python -c`, which takes the current folder for the first place of its modules: a
    checkout that somebody else has written.
    """
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SAFE_PATH]
        else:
            os.environ[_SAFE_PATH] = before


_jobs: list[CheckOptions] = []


def _begin(job: CheckOptions) -> None:
    """Start of a worker: the job comes once, not with each chunk; ^C is the parent's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    _jobs.append(job)


def _check_chunk(sources: Sequence[Source]) -> list[FileResult]:
    return [check_file(_jobs[-1], source) for source in sources]
