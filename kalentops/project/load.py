"""All files of a repository, checked: the first stage of every command.

Parser, models and rules are loaded for a file that has to be checked: the cache may know all results (`cached.py`). A
body is read again when it is asked for (`bodies.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from kalentops.blueprint.body import Address
from kalentops.cache import Cache
from kalentops.lint.finding import MOST_USERS, Finding, Origin, Severity, errors_first, merged
from kalentops.lint.project import DEFAULTS, Severities, check_project, with_severities
from kalentops.lint.rule import Declarations, Declared, Position, Relocation, Sender, rules
from kalentops.project.bodies import DeferredBodies
from kalentops.project.cached import CachedResults, Checked
from kalentops.project.config import Config
from kalentops.project.files import Source, content_digest, find, read
from kalentops.project.library import Library, Template
from kalentops.project.processes import check_files
from kalentops.project.result import CheckOptions, FileResult, may_be_shared, needs_others
from kalentops.support.collector import gc_paused

MOST = 500
"""Findings of one file that are told; the others are counted."""


SharedName: TypeAlias = tuple[str, str, str]
"""The file of a template or a snippet, `template` or `snippet`, and its name."""


@dataclass(slots=True)
class Repository:
    """What the files of a repository say, and what is wrong with them, all in a stable order."""

    names: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    declared: list[Declared] = field(default_factory=list)
    relocations: list[Relocation] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    others: list[Position] = field(default_factory=list)
    """The positions in environments that are not asked for, in the same folder."""
    shared: tuple[tuple[str, str, Origin], ...] = ()
    """The templates and snippets: kind, name and place."""
    users: dict[SharedName, list[Declared]] = field(default_factory=dict)
    """The blueprints that use a template or a snippet; those of a template that can't be read, too."""
    nameless: frozenset[str] = frozenset()
    """The files that may hold templates or snippets whose names can't be read."""
    earlier: frozenset[Finding] | None = None
    """The findings of an earlier version of the files; None without --against."""
    bodies: DeferredBodies | None = field(default=None, compare=False)
    """Those that are read when they are asked for."""
    results: Mapping[str, FileResult] = field(default_factory=dict, compare=False)
    """What each file said by itself, by name."""
    fingerprint: str = ""
    """That of the files' contents, names and settings; empty where it does not tell what they say."""

    @property
    def files(self) -> int:
        return len(self.names)

    @property
    def blueprints(self) -> int:
        """The blueprints in the files; one that several environments have counts once."""
        return len(_once(self.declared))

    @property
    def all_positions(self) -> list[Position]:
        return [*self.positions, *self.others]

    @property
    def valid(self) -> bool:
        return not self._errors()

    def using(self, names: Collection[str]) -> list[Declared]:
        """The blueprints that use a template or a snippet of these files, by address."""
        found = (each for (file, _, _), users in self.users.items() if file in names for each in users)
        return sorted({each.address: each for each in found}.values(), key=lambda each: each.address)

    def blocked(self) -> list[str]:
        """The addresses of the blueprints that get an error from a template or from snippets."""
        return sorted({user for each in self._errors() for user in self._blocked_by(each)})

    def stopping(self, covers: Callable[[Address], bool]) -> list[Finding]:
        """The errors that stop a run for a selection: those in a template or in snippets stop their users alone."""
        count = Counter(each.file for each in self.findings)

        def stops(error: Finding) -> bool:
            # Where findings were left out, some of their users are not known.
            users = self._blocked_by(error) if count[error.file] < MOST else ()
            return not users or any(map(covers, users))

        return list(filter(stops, self._errors()))

    def _errors(self) -> list[Finding]:
        return [each for each in self.findings if each.severity is Severity.ERROR]

    def _blocked_by(self, error: Finding) -> Collection[Address]:
        if error.users > MOST_USERS:
            return {user.address for user in self._users_of(error)}
        named = {address for address, _ in error.used_by}
        return {user.address for users in self.users.values() for user in users if user.address in named}

    def _users_of(self, finding: Finding) -> Iterator[Declared]:
        """The users of the snippet that a finding stands in, or of all that its file holds."""
        snippet = finding.path[1] if finding.path[:1] == ("snippets",) and finding.path[1:] else ""
        for (file, _, name), users in self.users.items():
            if file == finding.file and snippet in {"", name}:
                yield from users

    def narrowed(self, names: Collection[str]) -> Repository:
        """What these files say and what is wrong with it: with the blueprints that use a template or a snippet of
        theirs, in whichever file, and with the templates and snippets that their blueprints use.
        """
        own = (each for each in self.declared if each.origin.file in names)
        asked = {(each.origin.file, each.address.key): each for each in (*own, *self.using(names))}
        places = {
            (each.origin.file, *at) for each in asked.values() for at in (each.name_at, each.origin.place[1:])
        }
        used = {
            shared
            for shared, users in self.users.items()
            if shared[0] in names or any((each.origin.file, each.address.key) in asked for each in users)
        }
        shown = {file for file, _, _ in used} | self._possible(asked.values())
        files = shown | {file for file, _ in asked} | set(names)

        def counts(of: Finding) -> bool:
            match of.path:
                case ("blueprints", str(key), *_):
                    found = (of.file, key) in asked
                case ("snippets", str(name), *_):
                    found = (of.file, "snippet", name) in used
                case _:
                    found = (of.file, of.line, of.column) in places or of.file in shown
            return found or of.file in names

        return replace(
            self,
            names=[each for each in self.names if each in files],
            findings=[each for each in self.findings if counts(each)],
            declared=sorted(asked.values(), key=lambda each: each.address),
            relocations=[each for each in self.relocations if each.file in names],
            positions=[each for each in self.positions if each.origin.file in files],
        )

    def _possible(self, asked: Collection[Declared]) -> frozenset[str]:
        """The files that may hold a template or a snippet that one of these uses and no file is known to hold."""
        known = {(kind, name) for _, kind, name in self.users}
        used = {("template", each.template) for each in asked if each.template}
        used |= {("snippet", name) for each in asked for name in each.snippets}
        return self.nameless if used - known else frozenset()

    def weigh(self, *, errors_only: bool, strict: bool) -> None:
        """Take warnings for errors, or leave them out."""
        if strict:
            self.findings = [_as_error(each) for each in self.findings]
            self.earlier = None if self.earlier is None else frozenset(map(_as_error, self.earlier))
        if errors_only:
            self.findings = [each for each in self.findings if each.severity is Severity.ERROR]


def _as_error(of: Finding) -> Finding:
    return replace(of, severity=Severity.ERROR)


@dataclass(frozen=True, slots=True)
class Survey:
    """The files at some places before they are checked, what is not read there, and what an earlier run found. With
    such results, `digests` are those of the files' contents; empty for one that can't be read.
    """

    options: CheckOptions
    sources: Sequence[Source]
    passed_over: Sequence[Finding]
    cached: CachedResults | None = None
    digests: Sequence[str] = ()

    @property
    def fingerprint(self) -> str:
        """What all files say follows from it; empty where that is not known."""
        return self.fingerprint_of(self.digests)

    def fingerprint_of(self, digests: Sequence[str]) -> str:
        """The same for files whose contents had these digests when they were checked."""
        if self.cached is None or self.passed_over or not all(digests) or len(digests) != len(self.sources):
            return ""
        names = (each.name for each in self.sources)
        return self.cached.fingerprint(zip(names, digests, strict=True))


def survey(options: CheckOptions, places: Sequence[Path], cache: Cache | None = None) -> Survey:
    """Raises UsageError where a place does not exist."""
    passed_over: list[Finding] = []
    sources = find(options.root, places, passed_over)
    cached = None if cache is None else CachedResults.read(cache, options, places)
    known = cached is not None and cached.known
    digests = [content_digest(each, options.root) for each in sources] if known else ()
    return Survey(options, sources, passed_over, cached, digests)


def survey_project(config: Config, cache: Cache | None = None) -> Survey:
    """The files of the selected environment. Raises UsageError where the folder does not exist."""
    return survey(CheckOptions.of(config), [config.blueprints], cache)


def load(
    root: Path,
    places: Sequence[Path],
    *,
    severities: Severities = DEFAULTS,
    known: Mapping[str, str] | None = None,
    library: Path | None = None,
    bodies: bool = False,
    origins: bool = False,
    environment: str | None = None,
    readers: tuple[str, ...] = (),
    cache: Cache | None = None,
) -> Repository:
    """Every blueprint at `places`, checked.

    `root` is the project's folder, absolute. `library` is the folder whose templates and snippets the blueprints may
    use, beside those at `places`. The rest is as in `CheckOptions` and `load_surveyed`; digests are there if anything
    needs them. Raises UsageError where a place does not exist; everything else that is wrong with a file is a finding.
    """
    digests = bodies or known is not None or cache is not None
    options = CheckOptions(
        root, severities, bodies, origins, environment=environment, readers=readers, digests=digests
    )
    found = survey(options, places, None if bodies else cache)
    return load_surveyed(found, library if library not in places else None, known)


def load_surveyed(
    of: Survey, library: Path | None = None, known: Mapping[str, str] | None = None
) -> Repository:
    """The files, checked. `known` has digests by address: blueprints with another digest have bodies and origins that
    are read when they are asked for.
    """
    with gc_paused():
        options, results, digests = _checked(of, library)
        others = with_severities(of.passed_over, options.severities)
        repository = _gathered(options, [each.name for each in of.sources], results, others)
    repository.fingerprint = of.fingerprint_of(digests) if library is None else ""
    repository.results = dict(zip(repository.names, results, strict=True))
    repository.bodies = bodies = DeferredBodies(options, of.sources)
    if known is not None:
        repository.declared = [
            each if known.get(each.address) == each.digest else bodies.attach(each)
            for each in repository.declared
        ]
    return repository


def _checked(of: Survey, library: Path | None) -> tuple[CheckOptions, list[FileResult], list[str]]:
    """The result of each file, the options with the library that they were checked with, and the digests of their
    contents.
    """
    options, sources, cached = of.options, of.sources, of.cached
    checked = _checked_alone(of)
    first = [found for found, _ in checked]
    shared = {
        at.name: found.shared for at, found in zip(sources, first, strict=True) if found.shared is not None
    }
    if library is not None and library.exists() and any(_shares(each) for each in first):
        shared = {**shared_below(options.root, library, frozenset(each.name for each in sources)), **shared}
    unread = frozenset(at.name for at, found in zip(sources, first, strict=True) if found.unread)
    options = replace(options, shared=shared, unread=unread)
    made = options.library or Library()
    again = [
        number
        for number, each in enumerate(first)
        if each.shared is not None
        or (_shares(each) and not (each.uses is not None and cached and cached.fits(each, made)))
    ]
    kept = list(checked)
    for number, found in zip(again, check_files(options, [sources[at] for at in again]), strict=True):
        checked[number] = found
        if first[number].shared is None:  # else its text is kept: what it says depends on all others
            kept[number] = found
    if cached is not None:
        cached.keep(zip((each.name for each in sources), kept, strict=True), made)
    return options, [found for found, _ in checked], [found.content for found, _ in kept]


def _shares(of: FileResult) -> bool:
    """Whether it needs the library."""
    return of.pending or of.uses is not None


def _checked_alone(of: Survey) -> list[Checked]:
    """What each file says without the others; those that have changed since they were cached are checked."""
    found: list[Checked | None] = [None] * len(of.sources)
    if of.cached is not None and of.digests:
        found = [of.cached.of(each.name, digest) for each, digest in zip(of.sources, of.digests, strict=True)]
    changed = [source for source, each in zip(of.sources, found, strict=True) if each is None]
    new = iter(check_files(of.options, changed))
    return [each or next(new) for each in found]


def load_project(
    config: Config,
    places: Sequence[Path] | None = None,
    *,
    known: Mapping[str, str] | None = None,
    bodies: bool = False,
    origins: bool = False,
    cache: Cache | None = None,
) -> Repository:
    """Every blueprint of the selected environment, or what is at `places`, checked with the project's templates.

    Raises UsageError where a place or the folder does not exist.
    """
    return load(
        config.root,
        [config.blueprints] if places is None else places,
        severities=config.severities,
        known=known,
        library=config.blueprints,
        bodies=bodies,
        origins=origins,
        environment=config.environment,
        readers=config.readers,
        cache=cache,
    )


def load_with_users(config: Config, places: Sequence[Path], cache: Cache | None = None) -> Repository:
    """The blueprints at `places`, checked, without bodies. Where a file there shares a template or snippets with others
    in the project, all of them are looked at: see `Repository.narrowed`. Places outside of the folder of blueprints
    that have all their templates and snippets are a project of their own. Raises UsageError.
    """
    root, folder = config.root, config.blueprints
    above = {folder.resolve(), *folder.resolve().parents}
    if not any(each.resolve() in above or folder.resolve() in each.resolve().parents for each in places):
        alone = load(root, places, severities=config.severities, cache=cache)
        if not any(rules()[each.code].needs_files for each in alone.findings):
            return alone
    if list(places) != [folder] and folder.exists():
        passed_over: list[Finding] = []
        sources = find(root, places, passed_over)
        texts = (read(source, root) for source in sources)
        if any(isinstance(text, str) and needs_others(text) for text in texts):
            names = {each.name for each in sources} | {each.file for each in passed_over}
            return load_project(config, [folder, *places], cache=cache).narrowed(names)
    return load_project(config, places, cache=cache)


def shared_below(root: Path, folder: Path, known: Collection[str]) -> dict[str, str]:
    """The texts of the files below a folder that may hold templates or snippets."""
    others = [source for source in find(root, [folder]) if source.name not in known]
    texts = ((source.name, read(source, root)) for source in others)
    return {name: text for name, text in texts if isinstance(text, str) and may_be_shared(text)}


def library_below(root: Path, *folders: Path) -> Library:
    """The templates and snippets below the folders that exist."""
    found = (shared_below(root, each, ()) for each in folders if each.exists())
    from kalentops.project.document import read_document

    texts = {name: text for each in found for name, text in each.items()}
    return Library.of(read_document(name, text) for name, text in texts.items())


def of_texts(options: CheckOptions, texts: Mapping[str, str]) -> Repository:
    """The same for texts of another version, by the names of their files."""
    from kalentops.project.check import check_text

    options = with_library(options, texts)
    return of_results(options, {name: check_text(options, name, text) for name, text in texts.items()})


def of_results(options: CheckOptions, results: Mapping[str, FileResult]) -> Repository:
    """The same for results, by the names of their files."""
    return _gathered(options, list(results), list(results.values()), ())


def with_library(options: CheckOptions, texts: Mapping[str, str]) -> CheckOptions:
    """The options for files among which some may hold templates or snippets."""
    return replace(options, shared={name: text for name, text in texts.items() if may_be_shared(text)})


def _gathered(
    options: CheckOptions, names: list[str], results: Sequence[FileResult], others: Iterable[Finding]
) -> Repository:
    repository = Repository(names)
    findings: list[Finding] = []
    alone: list[Finding] = []
    positions: list[Position] = []
    senders: list[Sender] = []
    for result in results:
        findings += result.findings
        repository.declared += result.declared
        repository.relocations += result.relocations
        for position in result.positions:
            asked = options.asks_for(position.environment)
            (repository.positions if asked else repository.others).append(position)
            positions.append(position)
        senders += result.senders
    complete = all(each.whole for each in results)
    library = options.library
    if library is not None:
        repository.shared = tuple(library.places())
        repository.nameless = library.nameless
        if library.templates or library.snippets:
            repository.users = _users(library, _once(repository.declared))
        in_use = {each.template for each in repository.declared}
        unused = [each for name, each in library.templates.items() if name not in in_use]
        alone += _alone(options, [each for each in unused if each.document.file in names])
    findings += others
    declarations = Declarations(
        repository.declared,
        repository.relocations,
        complete,
        repository.shared,
        positions,
        senders,
    )
    findings += dict.fromkeys(check_project(declarations))  # the same in several environments is one
    used = merged([*(each for each in findings if each.users), *alone])
    known = set(used)  # a rule may look at a text in its file, and in its users
    own = _with_users((each for each in findings if not each.users and each not in known), repository)
    repository.findings = sorted(_bounded([*own, *used]))
    repository.declared.sort(key=lambda each: each.address)
    return repository


def _alone(options: CheckOptions, templates: Iterable[Template]) -> Iterator[Finding]:
    for each in templates:
        from kalentops.project.check import check_alone

        yield from check_alone(options, each)


def _once(declared: Iterable[Declared]) -> Collection[Declared]:
    """Each blueprint of the files once, however many environments have it."""
    found: dict[tuple[Origin, str], Declared] = {}
    for each in declared:
        found.setdefault((each.origin, each.address.key), each)
    return found.values()


def _users(library: Library, declared: Iterable[Declared]) -> dict[SharedName, list[Declared]]:
    shared: dict[tuple[str, str], SharedName] = {
        ("template", name): (each.document.file, "template", name) for name, each in library.templates.items()
    }
    for name, (document, _) in library.snippets.items():
        shared["snippet", name] = (document.file, "snippet", name)
    found: dict[SharedName, list[Declared]] = {each: [] for each in shared.values()}
    for each in declared:
        for used in (("template", each.template), *(("snippet", name) for name in each.snippets)):
            if used in shared:
                found[shared[used]].append(each)
    return found


def _with_users(findings: Iterable[Finding], repository: Repository) -> Iterator[Finding]:
    """The findings; what is wrong with a template or a snippet itself concerns all its users."""
    shared: dict[tuple[str, str], list[SharedName]] = {}
    for each in repository.users:
        shared.setdefault((each[0], ""), []).append(each)
        shared[each[0], each[2]] = [each]
    known: dict[tuple[str, str], list[Declared]] = {}
    for finding in findings:
        snippet = str(finding.path[1]) if finding.path[:1] == ("snippets",) and len(finding.path) > 1 else ""
        at = (finding.file, snippet)
        if at not in shared:
            yield finding
            continue
        if at not in known:
            users = {user.address: user for each in shared[at] for user in repository.users[each]}
            known[at] = sorted(users.values(), key=lambda user: user.address)
        first = tuple((str(user.address), user.origin) for user in known[at][:MOST_USERS])
        yield replace(finding, users=len(known[at]), used_by=first)


def _bounded(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings of each file, errors first where there are too many; the last one counts the others."""
    by_file: dict[str, list[Finding]] = {}
    for each in findings:
        by_file.setdefault(each.file, []).append(each)
    for found in by_file.values():
        left = len(found) - MOST
        if left > 0:
            *kept, last = errors_first(found)[:MOST]
            yield from (
                *kept,
                replace(last, message=f"{last.message}; and {left:,} more findings in this file"),
            )
        else:
            yield from found


def texts_of(root: Path, findings: Iterable[Finding]) -> dict[str, str]:
    """The texts of the files with findings, by their names, as far as they can be read."""
    names = dict.fromkeys(each.file for each in findings)
    texts = {name: read(Source(str(root / name), name), root) for name in names}
    return {name: text for name, text in texts.items() if isinstance(text, str)}
