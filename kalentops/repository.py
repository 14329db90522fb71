"""All files of a repository, checked: the first stage of every command.

Files are independent of each other, so that from a hundred and some on two processes share the work. They
give back findings and digests, and a document only where the state does not hold the same one already.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kalentops.canonical import Canonical, of_blueprint
from kalentops.collector import paused
from kalentops.finding import Finding, Problem, Severity
from kalentops.loader.document import Document, read_document
from kalentops.loader.files import Source, find, read
from kalentops.model import Blueprint
from kalentops.rules.engine import DEFAULTS, Named, Severities, check, check_together, named
from kalentops.text import is_safe_id

PARALLEL_FROM = 150


@dataclass(frozen=True, slots=True)
class Desired:
    """A blueprint as the files want it. `canonical` is None where the state's own copy has the same digest; where
    nobody asked for documents, there is neither it nor a digest.
    """

    named: Named
    digest: str
    canonical: Canonical | None

    @property
    def address(self) -> str:
        return f"{self.named.sourcing_id}/{self.named.key}"


@dataclass(slots=True)
class Repository:
    """What the files of a repository say, and what is wrong with them, both in a stable order."""

    files: int = 0
    findings: list[Finding] = field(default_factory=list)
    desired: list[Desired] = field(default_factory=list)

    @property
    def valid(self) -> bool:
        return not any(finding.severity is Severity.ERROR for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked of a file. `known` holds the digest that the state has for each address; None asks for neither
    documents nor digests.
    """

    root: Path
    severities: Severities = field(default_factory=dict)
    known: Mapping[str, str] | None = None


def load(
    root: Path, places: Sequence[Path], *, severities: Severities = DEFAULTS, known: Mapping[str, str] | None
) -> Repository:
    """Every blueprint at `places`, checked.

    `root` is the project's folder, absolute. Raises UsageError where a place does not exist; everything else
    that is wrong with a file is a finding.
    """
    sources = find(root, places)
    job = Job(root, severities, known)
    repository = Repository(files=len(sources))
    with paused():
        for findings, desired in _run(job, sources):
            repository.findings += findings
            repository.desired += desired
    repository.findings += check_together(each.named for each in repository.desired)
    repository.findings.sort()
    repository.desired.sort(key=lambda each: each.address)
    return repository


FileResult = tuple[list[Finding], list[Desired]]


def check_file(job: Job, source: Source) -> FileResult:
    """One file: its findings and its blueprints."""
    text = read(source, job.root)
    if isinstance(text, Finding):
        return [text], []
    return check_text(job, source.name, text)


def check_text(job: Job, name: str, text: str) -> FileResult:
    """The findings and blueprints of a text; a pure function."""
    document = read_document(name, text)
    # What stands behind an anchor can be found as often as it is named, and is told once.
    findings = list(dict.fromkeys([*check(document, job.severities), *_check_id(document)]))
    return findings, [_desired(job, each, blueprint) for each, blueprint in named(document)]


def _desired(job: Job, each: Named, blueprint: Blueprint) -> Desired:
    if job.known is None:
        return Desired(each, "", None)
    canonical = of_blueprint(blueprint)
    digest = canonical.digest
    known = job.known.get(f"{each.sourcing_id}/{each.key}")
    return Desired(each, digest, None if known == digest else canonical)


def _check_id(document: Document) -> Iterator[Finding]:
    model = document.model
    if model and ("sourcingId",) not in document.tainted and not is_safe_id(model.sourcingId):
        yield document.place(
            Problem(
                ("sourcingId",),
                "`sourcingId` is not an id that Kalent gives out",
                "use letters, digits, _, - and . only, at most 128",
                code="KAL019",
            )
        )


def _run(job: Job, sources: Sequence[Source]) -> Iterator[FileResult]:
    if len(sources) < PARALLEL_FROM or (os.cpu_count() or 1) < 2:  # noqa: PLR2004 - one core, one process
        return (check_file(job, source) for source in sources)
    from kalentops.workers import run

    return run(job, sources)
