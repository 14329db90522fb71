"""One file, from its bytes to its findings and its blueprints: loader, model and rules in a row."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from kalentops.blueprint.body import Body
from kalentops.blueprint.model import Blueprint
from kalentops.lint.engine import Severities, check_model, with_severities
from kalentops.lint.finding import DataPath, Finding
from kalentops.lint.rule import Hides, Named, Relocation, Serving, rules
from kalentops.project.document import Document, read_document
from kalentops.project.files import Source, read


@dataclass(frozen=True, slots=True)
class Desired:
    """A blueprint as the files declare it. With `protect`, an update needs --overwrite.

    `canonical` is None where the state's own copy has the same digest; without `documents`, neither it nor a digest
    exists. `placeholders` are the paths in it, from the blueprint on, with a neutral value because
    the author's could not be read.
    """

    named: Named
    digest: str
    canonical: Body | None
    protect: bool = False
    placeholders: frozenset[DataPath] = frozenset()

    @property
    def address(self) -> str:
        return f"{self.named.sourcing_id}/{self.named.key}"


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What is asked of a file. `known` holds the digest that the state has for each address; None asks for neither
    documents nor digests.
    """

    root: Path
    severities: Severities = field(default_factory=dict)
    known: Mapping[str, str] | None = None


class FileResult(NamedTuple):
    """What one file holds, and what is wrong with it. `whole`: there is no key in it that could not be read."""

    findings: list[Finding]
    desired: list[Desired]
    relocations: list[Relocation]
    whole: bool = False
    serving: Serving | None = None


def check_file(job: CheckOptions, source: Source) -> FileResult:
    """One file: what it holds, and what is wrong with it."""
    text = read(source, job.root)
    if isinstance(text, Finding):
        return FileResult([text], [], [])
    return check_text(job, source.name, text)


def check_text(job: CheckOptions, name: str, text: str) -> FileResult:
    """The findings and blueprints of a text, and what it says of other keys; a pure function."""
    document = read_document(name, text)
    # A finding behind an anchor occurs once for each alias, and is reported once.
    findings = list(dict.fromkeys(check_document(document, job.severities)))
    whole = document.has_all_keys and not any(rules()[each.code].hides is Hides.FILE for each in findings)
    desired = [_desired(job, document, each, blueprint) for each, blueprint in _named(document)]
    return FileResult(findings, desired, list(_relocations(document)), whole, _serving(document))


def check_document(document: Document, severities: Severities) -> Iterator[Finding]:
    """What reading the file has found, and what the rules find in its model."""
    yield from with_severities(document.findings, severities)
    if document.model is not None:
        for problem, severity in check_model(document.model, document.placeholders, severities):
            yield document.place(problem, severity)


def _named(document: Document) -> Iterator[tuple[Named, Blueprint]]:
    if document.sourcing_id is None or document.model is None:
        return
    find = document.places.find
    for key, blueprint in document.model.blueprints.items():
        path = ("blueprints", key)
        name_path = (*path, "name")
        name = "" if name_path in document.placeholders else blueprint.name
        at = find(path, on_key=True), find(name_path)
        yield Named(document.sourcing_id, key, name, document.file, *at), blueprint


def _serving(document: Document) -> Serving | None:
    if document.sourcing_id is None:
        return None
    return Serving(document.sourcing_id, document.file, document.places.find(("sourcingId",)))


def _relocations(document: Document) -> Iterator[Relocation]:
    model, sourcing_id, find = document.model, document.sourcing_id, document.places.find
    if sourcing_id is None or model is None:
        return
    for number, move in enumerate(model.moved):
        at = find(("moved", number, "from"))
        yield Relocation(sourcing_id, move.source, move.to, document.file, at)
    for number, key in enumerate(model.removed):
        yield Relocation(sourcing_id, key, None, document.file, find(("removed", number)))


def _desired(job: CheckOptions, document: Document, each: Named, blueprint: Blueprint) -> Desired:
    protect = blueprint.protect is True
    if job.known is None:
        return Desired(each, "", None, protect)
    canonical = Body.of_blueprint(blueprint)
    digest = canonical.digest
    known = job.known.get(f"{each.sourcing_id}/{each.key}")
    placeholders = document.placeholders_below("blueprints", each.key)
    return Desired(each, digest, None if known == digest else canonical, protect, placeholders)


_CHUNKS_EACH = 8
_MAX_PROCESSES = 4
_SAFE_PATH = "PYTHONSAFEPATH"


def check_in_processes(job: CheckOptions, sources: Sequence[Source]) -> Iterator[FileResult]:
    """The result of each file, in the order of the files.

    Where the system gives no processes (some containers have no shared memory), this process does all the work.
    """
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    rules()  # imported once, for all processes that are forked
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


_jobs: list[CheckOptions] = []


def _begin(job: CheckOptions) -> None:
    """Start of a worker: the job comes once, not with each chunk; ^C is the parent's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    _jobs.append(job)


def _check_chunk(sources: Sequence[Source]) -> list[FileResult]:
    return [check_file(_jobs[-1], source) for source in sources]
