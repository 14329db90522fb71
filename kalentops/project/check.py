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

from kalentops.blueprint.body import Address, Body
from kalentops.lint.engine import Severities, check_model, check_written, with_severities
from kalentops.lint.finding import Finding, Origin
from kalentops.lint.rule import Declared, Hides, Relocation, rules
from kalentops.project.document import Document, read_document
from kalentops.project.files import Source, read


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
    declared: list[Declared]
    relocations: list[Relocation]
    whole: bool = False
    served: tuple[str, Origin] | None = None


def check_file(options: CheckOptions, source: Source) -> FileResult:
    """One file: what it holds, and what is wrong with it."""
    text = read(source, options.root)
    if isinstance(text, Finding):
        return FileResult([text], [], [])
    return check_text(options, source.name, text)


def check_text(options: CheckOptions, name: str, text: str) -> FileResult:
    """The findings and blueprints of a text, and what it says of other keys; a pure function."""
    document = read_document(name, text)
    # A finding behind an anchor occurs once for each alias, and is reported once.
    findings = list(dict.fromkeys(check_document(document, options.severities)))
    whole = document.has_all_keys and not any(rules()[each.code].hides is Hides.FILE for each in findings)
    declared = list(_declared(options, document))
    return FileResult(findings, declared, list(_relocations(document)), whole, _served(document))


def check_document(document: Document, severities: Severities) -> Iterator[Finding]:
    """What reading the file has found, and what the rules find in its model."""
    yield from with_severities(document.findings, severities)
    for problem, severity in check_written(document.texts(), severities):
        yield document.place(problem, severity)
        if problem.path[-1] == "subject":  # as long as its text is unclear, so is whether there is one
            document.placeholders |= {problem.path}
    if document.model is not None:
        for problem, severity in check_model(document.model, document.placeholders, severities):
            yield document.place(problem, severity)


def _declared(options: CheckOptions, document: Document) -> Iterator[Declared]:
    if document.sourcing_id is None or document.model is None:
        return
    find = document.places.find
    for key, blueprint in document.model.blueprints.items():
        path = ("blueprints", key)
        name_path = (*path, "name")
        address = Address(document.sourcing_id, key)
        body = None if options.known is None else Body.of_blueprint(blueprint)
        digest = "" if body is None else body.digest
        yield Declared(
            address,
            "" if name_path in document.placeholders else blueprint.name,
            Origin(document.file, *find(path, on_key=True)),
            find(name_path),
            digest,
            None if options.known is not None and options.known.get(address) == digest else body,
            blueprint.protect is True,
            document.placeholders_below(*path) if body else frozenset(),
        )


def _served(document: Document) -> tuple[str, Origin] | None:
    if document.sourcing_id is None:
        return None
    return document.sourcing_id, Origin(document.file, *document.places.find(("sourcingId",)))


def _relocations(document: Document) -> Iterator[Relocation]:
    model, sourcing_id, find = document.model, document.sourcing_id, document.places.find
    if sourcing_id is None or model is None:
        return
    for number, move in enumerate(model.moved):
        at = find(("moved", number, "from"))
        yield Relocation(sourcing_id, move.source, move.to, document.file, at)
    for number, key in enumerate(model.removed):
        yield Relocation(sourcing_id, key, None, document.file, find(("removed", number)))


_CHUNKS_EACH = 8
_MAX_PROCESSES = 4
_SAFE_PATH = "PYTHONSAFEPATH"


def check_in_processes(options: CheckOptions, sources: Sequence[Source]) -> Iterator[FileResult]:
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
            ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(options,)) as pool,
        ):
            for results in pool.map(_check_chunk, chunks):
                done += len(results)
                yield from results
    except (OSError, ImportError, NotImplementedError, BrokenProcessPool):
        yield from (check_file(options, source) for source in sources[done:])


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


def _check_chunk(sources: Sequence[Source]) -> list[FileResult]:
    return [check_file(_options[-1], source) for source in sources]
