"""One file, from its bytes to its findings and its blueprints: loader, model and rules in a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from kalentops.blueprint.body import Canonical, of_blueprint
from kalentops.blueprint.model import Blueprint
from kalentops.lint.engine import Named, Relocation, Serving, Severities, check, named, relocations, serving
from kalentops.lint.finding import Finding, Problem
from kalentops.project.document import Document, read_document
from kalentops.project.document import Path as DataPath
from kalentops.project.files import Source, read
from kalentops.support.confusables_report import instead_of_ascii
from kalentops.support.text import clip, is_safe_id
from kalentops.support.typos import is_placeholder


@dataclass(frozen=True, slots=True)
class Desired:
    """A blueprint as the files want it. With `protect`, an update of it needs somebody's word.

    `canonical` is None where the state's own copy has the same digest; where nobody asked for documents, there is
    neither it nor a digest. `placeholders` are the paths in it, from the blueprint on, with a neutral value because
    the author's could not be read.
    """

    named: Named
    digest: str
    canonical: Canonical | None
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
    # What stands behind an anchor can be found as often as it is named, and is told once.
    findings = list(dict.fromkeys([*check(document, job.severities), *_check_id(document)]))
    whole = document.has_all_keys and not any(each.code in _HIDING for each in findings)
    desired = [_desired(job, document, each, blueprint) for each, blueprint in named(document)]
    return FileResult(findings, desired, list(relocations(document)), whole, serving(document))


# A part of the text that could not be read may hold keys; under an id that is none they belong to another sourcing.
_HIDING: Final = frozenset({*(f"KAL00{number}" for number in range(1, 9)), "KAL019"})


def _desired(job: CheckOptions, document: Document, each: Named, blueprint: Blueprint) -> Desired:
    protect = blueprint.protect is True
    if job.known is None:
        return Desired(each, "", None, protect)
    canonical = of_blueprint(blueprint)
    digest = canonical.digest
    known = job.known.get(f"{each.sourcing_id}/{each.key}")
    placeholders = frozenset(
        path[2:] for path in document.placeholders if path[:2] == ("blueprints", each.key)
    )
    return Desired(each, digest, None if known == digest else canonical, protect, placeholders)


def _check_id(document: Document) -> Iterator[Finding]:
    model = document.model
    if model is None or ("sourcingId",) in document.placeholders:
        return
    if is_placeholder(model.sourcingId):
        said = f"`{clip(model.sourcingId)}` stands for an id that is still to be filled in"
        hint = "put the id of a sourcing there: `kalentops sourcings` lists them; or remove the file"
        yield document.place(Problem(("sourcingId",), said, hint, code="KAL025"))
    elif not is_safe_id(model.sourcingId):
        yield document.place(
            Problem(
                ("sourcingId",),
                "`sourcingId` is not an id that Kalent gives out",
                "it has letters, digits, _, - and . only, at most 128; `kalentops sourcings` lists them"
                + instead_of_ascii(model.sourcingId),
                code="KAL019",
            )
        )
