"""From a folder to its page: configuration, files, findings, and the sequences of an earlier commit. Reads only."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from kalentops.blueprint.variables import VARIABLES
from kalentops.cache import Cache
from kalentops.errors import KalentopsError
from kalentops.lint.finding import Finding, Severity
from kalentops.lint.rule import Declared, ends
from kalentops.plan.groups import Revision, group_revisions
from kalentops.preview import view
from kalentops.preview.merge import labels, merge, sections
from kalentops.preview.phrases import Phrase, joined, listed, plain, say
from kalentops.preview.rendering import SAMPLES, Sample
from kalentops.preview.sequences import Findings, PageContext, show_removed, show_sequence, status_of
from kalentops.preview.steps import Candidates
from kalentops.preview.view import Page
from kalentops.project.check import check_text
from kalentops.project.commit import compare, read_earlier
from kalentops.project.config import Config, load_configs, select
from kalentops.project.environments import by_folder, combined, load_views
from kalentops.project.files import find
from kalentops.project.load import Repository, load_project
from kalentops.project.result import CheckOptions, FileResult
from kalentops.project.settings import FILE
from kalentops.support.text import clip, visible

_NAME: Final = 160
_LABEL: Final = 48


def make_page(
    repository: Repository,
    samples: Sequence[Sample],
    title: str,
    before: Before | None = None,
    *,
    whole: bool = True,
) -> view.Page:
    """The page of a repository that was loaded with bodies. Without samples, invented ones. Only a `whole` page shows
    unchanged blueprints.
    """
    people = tuple(_person(sample, number) for number, sample in enumerate(samples or SAMPLES, 1))
    candidates = Candidates(samples or SAMPLES, [person.name for person in people])
    old = _under_its_key(before.declared, repository) if before is not None else {}
    here = sorted(repository.declared, key=lambda each: (each.address.sourcing_id, each.origin.place))
    same = [each for each in here if status_of(each, old.get(each.address)) == "same"]
    left_out = [] if whole else same
    findings = Findings(repository, left_out)
    context = PageContext(findings, candidates, _samples(repository), compares=before is not None)
    gone, hidden = _gone(repository.declared, old, findings)
    skipped = {id(each) for each in left_out}
    here = [each for each in here if id(each) not in skipped]
    shown = {id(each): show_sequence(each, context, old.get(each.address)) for each in here}
    shown |= {id(each): show_removed(each, context) for each in gone}
    found = _alike([*here, *gone], same, old, {key: each.status for key, each in shown.items()})
    ordered = sorted(found, key=lambda each: (each[0][0].address.sourcing_id, each[0][0].origin.place))
    sequences = [replace(merge([shown[id(each)] for each in alike]), remarks=said) for alike, said in ordered]
    groups = tuple(_group(each) for each in sections(sequences))
    remarks = [*(before.remarks if before is not None else ()), *hidden]
    summary = partial(_summary, groups, left_out, repository.findings)
    return view.Page(
        title=clip(title, _NAME),
        summary=summary("sequences_for", "positions"),
        summary_in_sourcings=summary("sequences_in", "sourcings"),
        people=people,
        groups=groups,
        files=tuple(findings.files()),
        against="" if before is None else before.label,
        remarks=tuple(remarks),
        unchanged=_unchanged(left_out, findings, before.label) if left_out and before is not None else None,
    )


def _unchanged(left_out: Sequence[Declared], findings: Findings, against: str) -> view.Unchanged:
    places: dict[str, list[Declared]] = {}
    for each in left_out:
        places.setdefault(each.address.sourcing_id, []).append(each)
    titled = sorted(
        ((_title(each[0]), len(each)) for each in places.values()),
        key=lambda each: (each[0].casefold(), each[0]),
    )
    warnings = findings.warnings_left_out
    said = [
        say("only_changes", against=against),
        say("left_out", n=len(left_out), places=say("positions", n=len(places))),
        *([say("left_out_warnings", warnings=say("warnings", n=warnings))] if warnings else []),
        say("how_to_see_all"),
    ]
    return view.Unchanged(
        joined(said, " "),
        len(left_out),
        tuple((title, say("sequences", n=number)) for title, number in titled),
        tuple(findings.files_left_out()),
    )


def _samples(repository: Repository) -> Mapping[str, Sample]:
    """The values of variables that positions have, by sourcing; a sourcing may have several files."""
    found: dict[str, dict[str, str]] = {}
    for each in repository.positions:
        own = {name: visible(each.sample[name], keep="\n") for name in VARIABLES if each.sample.get(name)}
        found.setdefault(each.sourcing_id, {}).update(own)
    return found


def _alike(
    declared: Sequence[Declared],
    same: Sequence[Declared],
    old: Mapping[str, Declared],
    statuses: Mapping[int, view.Status],
) -> Iterator[tuple[list[Declared], tuple[Phrase, ...]]]:
    """Blueprints that are shown once, and what is to be said about others. Changed ones change alike; others have equal
    bodies, or the same template with other values of parameters. `same` are the unchanged ones, shown or not.
    """
    by_status: dict[view.Status, dict[str, Declared]] = {}
    for each in declared:
        of = by_status.setdefault(statuses[id(each)], {})
        if each.address in of or each.placeholders:
            yield [each], ()
        else:
            of[each.address] = each
    copies = {each.address: each for each in reversed(same) if not each.placeholders}
    titles = {each.address: _title(each) for each in (*declared, *same)}
    for status, of in by_status.items():
        revisions = [
            _revision(each, old.get(each.address) if status == "changed" else None) for each in of.values()
        ]
        if status == "changed":  # copies that did not change are of interest to those that did
            revisions += [_revision(each, each) for each in copies.values()]
        for group in group_revisions(revisions):
            found = (("not_alike", group.unchanged), ("own_text", group.own_text))
            said = [_others(key, [titles[each] for each in others]) for key, others in found if others]
            members = sorted(group.addresses, key=lambda each: (titles[each].casefold(), each))
            yield [of[each] for each in members], tuple(said)


def _title(of: Declared) -> str:
    """The title of its position."""
    return clip(of.title or of.address.sourcing_id, _NAME)


def _others(key: str, titles: Iterable[str]) -> Phrase:
    names = sorted(set(titles), key=str.casefold)
    return say(key, n=len(names), titles=listed(names))


def _revision(of: Declared, was: Declared | None) -> Revision:
    if of.body is None:
        raise AssertionError("the page needs documents: load the repository with bodies")
    before = None if was is None else was.body
    return Revision(
        of.address,
        before,
        of.body,
        file=of.origin.file,
        template=of.template,
        language=of.language,
        origins=of.origins,
        overrides=of.overrides,
        alike=of.alike,
    )


def _group(sequences: Sequence[view.Sequence]) -> view.Group:
    members = sequences[0].members
    positions = len({each.sourcing for each in members})
    return view.Group(
        say("positions", n=positions) if positions > 1 else plain(members[0].title),
        labels(sequences[0]),
        tuple(each.sample for each in members),
        tuple(sequences),
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


def _summary(
    groups: Sequence[view.Group],
    left_out: Sequence[Declared],
    findings: Sequence[Finding],
    key: str,
    places: str,
) -> Phrase:
    """Such as `3 sequences for 2 positions, 1 new, 1 error`; `key` and `places` choose the words."""
    sequences = [each for group in groups for each in group.sequences]
    here = [member.sourcing for each in sequences if each.status != "removed" for member in each.members]
    here += [each.address.sourcing_id for each in left_out]
    number = say("sequences", n=len(here))
    said = say(key, sequences=number, places=say(places, n=len({*here})))
    errors = sum(each.severity is Severity.ERROR for each in findings)
    counts = {
        f"count_{status}": sum(len(each.members) for each in sequences if each.status == status)
        for status in _STATUSES
    }
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

    @property
    def label(self) -> str:
        return f"{clip(self.rev)} ({self.commit[:10]})"


def load_before(folders: Iterable[tuple[Config, Sequence[Path], Repository]], rev: str) -> Before:
    """The blueprints at the places in each folder as `rev` had them; a file that says the same now has those of now.
    Raises UsageError.
    """
    declared: dict[str, Declared] = {}
    partial, commit = 0, ""
    for config, places, now in folders:
        earlier = read_earlier(config.root, places, rev, config.blueprints)
        commit, found = earlier.commit, compare(earlier, now, earlier.names)
        partial += earlier.unread + found.unread
        options = replace(CheckOptions.of(config, bodies=True), shared=found.shared)
        ids = {each.sourcing_id: each.environment for each in now.positions}
        by_file: dict[str, list[Declared]] = {}
        for each in now.declared:
            by_file.setdefault(each.origin.file, []).append(each)
        several = len(options.readers) > 1
        texts = {
            **found.texts,
            **earlier.texts(name for name in found.same if several and name not in by_file),
        }
        for name in earlier.names:
            held = by_file.get(name, []) if name in found.same else []
            if name in texts:
                result = _check_before(options, name, texts[name], ids)
                held = [each for each in result.declared if not each.placeholders]
                whole = not any(each.severity is Severity.ERROR for each in result.findings)
                partial += not (whole and len(held) == len(result.declared))
            for each in held:
                declared.setdefault(each.address, each)
    said = say("partly_read", n=partial, rev=visible(rev))
    return Before(rev, commit, declared, (said,) if partial else ())


def _check_before(options: CheckOptions, name: str, text: str, ids: Mapping[str, str]) -> FileResult:
    """One file of an earlier version. Before several environments read its folder, it had one id: it counts for the
    environment that has this id now.
    """
    result = check_text(options, name, text)
    if result.declared or len(options.readers) < 2:  # noqa: PLR2004 - several
        return result
    alone = check_text(replace(options, environment=None, readers=()), name, text)
    known = [
        each._replace(environment=ids[each.address.sourcing_id])
        for each in alone.declared
        if each.address.sourcing_id in ids
    ]
    return alone._replace(declared=known) if known else result


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """The folder, paths in it (none: all of its blueprints), the commit to compare with, and the environment. A `whole`
    page shows unchanged blueprints too. `open_cache` gives the cache of a project, None for none.
    """

    directory: Path
    paths: tuple[Path, ...] = ()
    against: str | None = None
    environment: str | None = None
    whole: bool = True
    open_cache: Callable[[Config], Cache | None] = lambda _: None

    def configs(self) -> tuple[Config, ...]:
        """The settings of the environment, or of all. Raises InvalidConfig, UsageError."""
        found = load_configs(self.directory)
        return found if self.environment is None else (select(found, self.environment),)

    def places(self) -> Sequence[Path]:
        return [self.directory / path for path in self.paths]


@dataclass(frozen=True, slots=True)
class Built:
    """A page and the files that it shows."""

    page: Page
    repository: Repository

    @property
    def summary(self) -> str:
        """The page's summary, in the words of the command line."""
        return self.page.summary_in_sourcings.en


def build(request: PreviewRequest) -> Built:
    """Raises InvalidConfig, UsageError. Findings are on the page."""
    configs = request.configs()
    whole = request.whole or request.against is None
    read_files = _load_with_bodies if whole else partial(_load, cache=request.open_cache(configs[0]))
    found = load_views(configs, request.places(), read_files)
    before = None if request.against is None else load_before(found, request.against)
    repository = combined([each for _, _, each in found])
    if before is not None and not whole:
        _add_bodies(repository, [each for _, _, each in found], before)
    title = configs[0].root.name or "Preview"
    if len(configs) > 1:
        repository.declared = [*map(_with_environment, repository.declared)]
        if before is not None:
            old = {address: _with_environment(each) for address, each in before.declared.items()}
            before = replace(before, declared=old)
    elif configs[0].environment is not None:
        title = f"{title} ({configs[0].environment})"
    return Built(make_page(repository, configs[0].samples, title, before, whole=whole), repository)


def _add_bodies(repository: Repository, folders: Iterable[Repository], before: Before) -> None:
    """Let the blueprints that have changed have bodies; those of the others are read if they are asked for."""
    old = _under_its_key(before.declared, repository)
    declared: list[Declared] = []
    for each in folders:
        changed = (one for one in each.declared if status_of(one, old.get(one.address)) != "same")
        if each.bodies is None:
            raise AssertionError("there are no bodies: load the repository with known={}")
        declared += each.bodies.with_bodies(each.declared, {one.origin.file for one in changed})
    repository.declared = sorted(declared, key=lambda each: each.address)


def _load(config: Config, places: Sequence[Path], cache: Cache | None) -> Repository:
    return load_project(config, places, known={}, cache=cache)


def _load_with_bodies(config: Config, places: Sequence[Path]) -> Repository:
    return load_project(config, places, bodies=True, origins=True)


def _with_environment(declared: Declared) -> Declared:
    """A blueprint whose position is called by its environment, too."""
    if not declared.environment:
        return declared
    named = f"{declared.title or declared.address.sourcing_id} ({declared.environment})"
    return declared._replace(title=named)


def version(request: PreviewRequest) -> str:
    """A digest of the files' names, sizes and times: it differs as soon as one of them changes."""
    try:
        configs = request.configs()
        root, there = configs[0].root, [each.blueprints for each in configs if each.blueprints.exists()]
        places = request.places() or [place for _, places in by_folder(configs) for place in places]
        paths = [root / FILE, *(Path(each.path) for each in find(root, dict.fromkeys([*places, *there])))]
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
