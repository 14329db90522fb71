"""From a folder to its page: configuration, files, findings, and the sequences of an earlier commit. Reads only."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from kalentops.blueprint.model import VARIABLES
from kalentops.errors import KalentopsError
from kalentops.lint.finding import Finding, Severity
from kalentops.lint.rule import Declared, ends
from kalentops.preview import view
from kalentops.preview.phrases import Phrase, joined, plain, say
from kalentops.preview.rendering import SAMPLES, Sample
from kalentops.preview.sequences import Findings, PageContext, show_removed, show_sequence
from kalentops.preview.steps import Candidates
from kalentops.preview.view import Page
from kalentops.project.check import CheckOptions, check_text
from kalentops.project.config import FILE, Config, load_config
from kalentops.project.files import find
from kalentops.project.load import Repository, load, read_earlier
from kalentops.support.text import clip, visible

_NAME: Final = 160
_LABEL: Final = 48


def make_page(
    repository: Repository, samples: Sequence[Sample], title: str, before: Before | None = None
) -> view.Page:
    """The page of a repository that was loaded with documents (`known={}`). Without samples, invented ones."""
    people = tuple(_person(sample, number) for number, sample in enumerate(samples or SAMPLES, 1))
    findings = Findings(repository.findings, repository.declared)
    candidates = Candidates(samples or SAMPLES, [person.name for person in people])
    context = PageContext(findings, candidates, compares=before is not None)
    old = _under_its_key(before.declared, repository) if before is not None else {}
    gone, hidden = _gone(repository.declared, old, findings)
    shown = [(each, show_sequence(each, context, old.get(each.address))) for each in repository.declared]
    shown += [(each, show_removed(each, context)) for each in gone]
    shown.sort(key=lambda each: (each[0].address.sourcing_id, each[0].origin.place))
    groups = tuple(
        view.Group(clip(sourcing_id, _NAME), tuple(sequence for _, sequence in group))
        for sourcing_id, group in groupby(shown, key=lambda each: each[0].address.sourcing_id)
    )
    remarks = [*(before.remarks if before is not None else ()), *hidden]
    return view.Page(
        title=clip(title, _NAME),
        summary=_summary(groups, repository.findings, "sequences_for", "positions"),
        people=people,
        groups=groups,
        files=tuple(findings.files()),
        against="" if before is None else f"{clip(before.rev)} ({before.commit[:10]})",
        remarks=tuple(remarks),
    )


def _person(sample: Sample, number: int) -> view.Person:
    known = " ".join(filter(None, (sample.get("firstname"), sample.get("lastname"))))
    name = plain(clip(known, _LABEL)) if known else say("candidate", number=number)
    title = sample.get("candidateJobTitle", "")
    label = (
        plain(clip(f"{known}, {title}", _LABEL))
        if known and title
        else joined(filter(None, (name, plain(clip(title, _LABEL)))), ", ")
    )
    values = {each: visible(sample[each], keep="\n") for each in VARIABLES if sample.get(each)}
    return view.Person(name, label, values)


def _under_its_key(old: Mapping[str, Declared], repository: Repository) -> dict[str, Declared]:
    """The earlier sequences by their current address: `moved` says which key was renamed."""
    here = {each.address for each in repository.declared}
    targets: dict[str, dict[str, str | None]] = {}
    for said in repository.relocations:
        targets.setdefault(said.sourcing_id, {})[said.source] = said.target
    now_called = {sourcing_id: ends(keys) for sourcing_id, keys in targets.items()}
    found = dict(old)
    for address, each in old.items():
        end = now_called.get(each.address.sourcing_id, {}).get(each.address.key)
        now = f"{each.address.sourcing_id}/{end}"
        if end is not None and address not in here and now in here and now not in found:
            found[now] = found.pop(address)
    return found


def _gone(
    declared: Iterable[Declared], old: Mapping[str, Declared], findings: Findings
) -> tuple[list[Declared], list[Phrase]]:
    """The blueprints that were removed, and notes about those that may have been: a file with an error may still
    declare them.
    """
    here = {each.address for each in declared}
    gone = [each for address, each in old.items() if address not in here]
    unsure = Counter(each.origin.file for each in gone if findings.has_error(each.origin.file))
    said = [
        say("incomparable", sequences=say("sequences", n=number), file=visible(file))
        for file, number in sorted(unsure.items())
    ]
    return [each for each in gone if each.origin.file not in unsure], said


def _summary(groups: Sequence[view.Group], findings: Sequence[Finding], key: str, places: str) -> Phrase:
    """Such as `3 sequences for 2 positions, 1 new, 1 error`; `key` and `places` choose the words."""
    sequences = [each for group in groups for each in group.sequences]
    here = [[each for each in group.sequences if each.status != "removed"] for group in groups]
    sequences_here = say("sequences", n=sum(map(len, here)))
    said = say(key, sequences=sequences_here, places=say(places, n=sum(map(bool, here))))
    errors = sum(each.severity is Severity.ERROR for each in findings)
    counts = {f"count_{status}": sum(each.status == status for each in sequences) for status in _STATUSES}
    counts |= {"errors": errors, "warnings": len(findings) - errors}
    return joined([said, *(say(key, n=number) for key, number in counts.items() if number)], ", ")


_STATUSES: Final = ("new", "changed", "removed")


@dataclass(frozen=True, slots=True)
class Before:
    """The sequences of an earlier commit: `rev` as it was given, its commit, and what the files declared, by address.

    `remarks` say what of it could not be read.
    """

    rev: str
    commit: str
    declared: Mapping[str, Declared]
    remarks: tuple[Phrase, ...] = ()


def load_before(root: Path, places: Sequence[Path], rev: str) -> Before:
    """The blueprints at `places` as `rev` had them. Raises UsageError."""
    earlier = read_earlier(root, places, rev)
    declared: dict[str, Declared] = {}
    partial = earlier.unread
    for name, data in earlier.contents.items():
        found, whole = _read(root, name, data)
        partial += not whole
        for each in found:
            declared.setdefault(each.address, each)
    said = say("partly_read", n=partial, rev=visible(rev))
    return Before(rev, earlier.commit, declared, (said,) if partial else ())


def _read(root: Path, name: str, data: bytes) -> tuple[list[Declared], bool]:
    """The blueprints without placeholders, and whether these are all."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return [], False
    result = check_text(CheckOptions(root, known={}), name, text)
    found = [each for each in result.declared if not each.placeholders]
    whole = not any(each.severity is Severity.ERROR for each in result.findings)
    return found, whole and len(found) == len(result.declared)


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """The folder, paths in it (none: all of its blueprints), and the commit to compare with, or None."""

    directory: Path
    paths: tuple[Path, ...] = ()
    against: str | None = None

    def places(self, config: Config) -> Sequence[Path]:
        return [self.directory / path for path in self.paths] or [config.blueprints]


@dataclass(frozen=True, slots=True)
class Built:
    """A page and the files that it shows."""

    page: Page
    repository: Repository

    @property
    def summary(self) -> str:
        """The page's summary, in the words of the command line."""
        return _summary(self.page.groups, self.repository.findings, "sequences_in", "sourcings").en


def build(request: PreviewRequest) -> Built:
    """Raises InvalidConfig, UsageError. Findings are on the page."""
    config = load_config(request.directory)
    places = request.places(config)
    repository = load(config.root, places, severities=config.severities, known={})
    before = None if request.against is None else load_before(config.root, places, request.against)
    return Built(make_page(repository, config.samples, config.root.name or "Preview", before), repository)


def version(request: PreviewRequest) -> str:
    """A digest of the files' names, sizes and times: it differs as soon as one of them changes."""
    try:
        config = load_config(request.directory)
        paths = [config.root / FILE, *(Path(each.path) for each in find(config.root, request.places(config)))]
        seen = [repr((str(path), *_stamp(path))) for path in paths]
    except KalentopsError as error:
        seen = [repr(str(error))]
    return hashlib.sha256("\n".join(seen).encode(errors="surrogatepass")).hexdigest()[:16]


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_mtime_ns, status.st_size
