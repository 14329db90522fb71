"""Many files, checked by several processes."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from kalentops.lint.rule import rules
from kalentops.project.files import Source
from kalentops.project.result import CheckOptions, FileResult
from kalentops.project.result_json import from_lines, to_line, to_result

PARALLEL_FROM: Final = 150
_CHUNKS_EACH: Final = 32
_SMALLEST_CHUNK: Final = 16
_MAX_PROCESSES: Final = 4
_SAFE_PATH: Final = "PYTHONSAFEPATH"


def check_files(options: CheckOptions, sources: Sequence[Source]) -> Iterator[tuple[FileResult, str | None]]:
    """The result of each file, in the order of the files, and its line of JSON, if it was made."""
    if not sources:
        return
    if len(sources) < PARALLEL_FROM or _cores() < 2:  # noqa: PLR2004 - one core, one process
        yield from ((each, None) for each in _check_here(options, sources))
    else:
        yield from _check_in_processes(options, sources)


def _check_here(options: CheckOptions, sources: Sequence[Source]) -> list[FileResult]:
    # Parser, models and rules, which take longest to load: the cache may know all results.
    from kalentops.project.check import check_file, with_shared_once

    return with_shared_once([check_file(options, source) for source in sources])


def _cores() -> int:
    """Those that this process may use: a container or `taskset` may give it fewer than there are."""
    if sys.platform == "linux":
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return cores


def _check_in_processes(
    options: CheckOptions, sources: Sequence[Source]
) -> Iterator[tuple[FileResult, str | None]]:
    """Where the system gives no processes (some containers have no shared memory), this process does all the work."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    # Once, for all processes that are forked: what the first file loads and builds, and what any of them may need.
    rules()
    _ = options.library
    yield from ((each, None) for each in _check_here(options, sources[:1]))
    sources = sources[1:]
    processes = min(_cores(), _MAX_PROCESSES)
    # A few files more for the process that ends last are time in which the others wait.
    size = max(-(-len(sources) // (processes * _CHUNKS_EACH)), _SMALLEST_CHUNK)
    chunks = [sources[at : at + size] for at in range(0, len(sources), size)]
    done = 0
    try:
        # A forked child has everything imported already. No thread is running yet; elsewhere `spawn` is the safe way.
        context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        with (
            _own_modules_only(),
            ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(options,)) as pool,
        ):
            for whole, lines in pool.map(_check_chunk, chunks):
                done += len(whole) or len(lines)
                if lines:
                    yield from zip(map(to_result, from_lines(lines)), lines, strict=True)
                else:
                    yield from ((each, None) for each in whole)
    except (OSError, ImportError, NotImplementedError, BrokenProcessPool):
        yield from ((each, None) for each in _check_here(options, sources[done:]))


@contextmanager
def _own_modules_only() -> Iterator[None]:
    """A spawned child begins with `python -c`, which puts the current folder first on its module path: a checkout of
    other authors.
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


_options: list[CheckOptions] = []


def _begin(options: CheckOptions) -> None:
    """Start of a worker: the options come once, not with each chunk; ^C is the parent's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    _options.append(options)


def _check_chunk(sources: Sequence[Source]) -> tuple[list[FileResult], list[str]]:
    """The results with their bodies, or else as lines of JSON, which take less time to send."""
    options = _options[-1]
    found = _check_here(options, sources)
    if options.bodies:
        return found, []
    return [], [to_line(source.name, each) for source, each in zip(sources, found, strict=True)]
