"""What the files of an earlier commit said. What a file says depends on its content and on the templates and snippets
that it uses: where these are the same now, it is neither read from git nor checked again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, TypeAlias

from kalentops.git import history as git
from kalentops.lint.finding import Finding, known_before
from kalentops.project.check import check_text
from kalentops.project.config import Config
from kalentops.project.document import read_document
from kalentops.project.files import SUFFIXES, Source, read_bytes, text_of
from kalentops.project.library import Library
from kalentops.project.load import Repository, of_results, texts_of
from kalentops.project.result import CheckOptions, FileResult, may_be_shared, needs_others
from kalentops.yamlfile import MAX_BYTES

_Shared: TypeAlias = tuple[str, str]
"""`template` or `snippet`, and its name."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What there was: `rev` as it was asked for, and the commit that it names. `blobs` are the files that can be read:
    `names` are those at the places, the others may share templates and snippets with them. `unread` is the number of
    files at the places that can't be read; `paths` are those of all files there.
    """

    root: Path
    rev: str
    commit: str
    names: Sequence[str]
    blobs: Mapping[str, git.Blob]
    unread: int
    paths: frozenset[str]

    def texts(self, names: Iterable[str]) -> dict[str, str]:
        """Those of these files that are UTF-8. Raises UsageError for what a partial clone lacks."""
        names = list(names)
        contents = git.contents(self.root, (self.blobs[name].oid for name in names))
        found = {}
        for name in names:
            try:
                found[name] = contents[self.blobs[name].oid].decode()
            except UnicodeDecodeError:
                continue
        return found


def read_earlier(root: Path, places: Sequence[Path], rev: str, library: Path | None = None) -> Earlier:
    """The files at `places` as `rev` had them, and those in the `library`. Raises UsageError."""
    commit = git.commit_of(root, rev)
    inside, shared = _inside(root, places), _inside(root, [] if library is None else [library])
    every = git.files(root, commit, list(dict.fromkeys([*inside, *shared])))
    at_places = [blob for blob in every if any(_is_below(blob.path, place) for place in inside)]
    own = [blob for blob in at_places if _counts(blob.path, inside)]
    readable = {blob.path: blob for blob in own if _is_readable(blob)}
    others = {blob.path: blob for blob in every if _is_readable(blob) and _counts(blob.path, shared)}
    return Earlier(
        root,
        rev,
        commit,
        list(readable),
        {**others, **readable},
        len(own) - len(readable),
        frozenset(blob.path for blob in at_places),
    )


def _is_readable(blob: git.Blob) -> bool:
    return not blob.link and blob.size <= MAX_BYTES


def _inside(root: Path, places: Iterable[Path]) -> list[str]:
    """The places that lie in `root`, relative to it."""
    found: list[str] = []
    for place in places:
        with suppress(ValueError):  # another drive of Windows
            found.append(Path(os.path.relpath(place, root)).as_posix())
    return [each for each in found if each != ".." and not each.startswith("../")]


def _is_below(path: str, place: str) -> bool:
    return place in {".", path} or path.startswith(f"{place}/")


def _counts(path: str, places: Iterable[str]) -> bool:
    """Whether the loader would find a file: what is named itself, and below a folder what looks like YAML and has no
    name on its way that begins with a dot.
    """
    for place in places:
        below = path if place == "." else path.removeprefix(f"{place}/")
        if path == place:
            return True
        if (place == "." or below != path) and path.endswith(SUFFIXES):
            return not any(part.startswith(".") for part in below.split("/"))
    return False


class Comparison(NamedTuple):
    """Files of an earlier commit: `same` say the same now, `texts` are those of the others; `unread` are not UTF-8.
    `shared` are the texts of all files that held templates or snippets then.
    """

    same: frozenset[str]
    texts: Mapping[str, str]
    unread: int
    shared: Mapping[str, str]


def compare(earlier: Earlier, now: Repository, names: Iterable[str]) -> Comparison:
    """These files of an earlier commit, and what the files of the same names say now. Raises UsageError."""
    users = _users(now)
    library = (now.bodies and now.bodies.options.library) or Library()
    plain = users.keys() - library.digests.keys()
    same, shared = set[str](), dict[str, str]()
    for name, blob in earlier.blobs.items():
        source = Source(str(earlier.root / name), name)
        data = read_bytes(source, earlier.root)
        if isinstance(data, bytes) and git.is_content(blob, data):
            same.add(name)
            text = None if name in plain else text_of(source, data)
            if isinstance(text, str) and may_be_shared(text):
                shared[name] = text
    others = [name for name in earlier.blobs if name not in same]
    texts = earlier.texts(others)
    shared |= {name: text for name, text in texts.items() if may_be_shared(text)}
    held = {each.file: each for each in library.documents if each.file in same}
    before = Library.of(held.get(name) or read_document(name, shared[name]) for name in sorted(shared))
    if before.digests != library.digests:
        known = {*_sources(before)} & {*_sources(library)}
        same = {name for name in same if name in users and users[name] <= {each for each, *_ in known}}
    own = dict.fromkeys(names)
    same &= own.keys() & now.results.keys()
    texts |= earlier.texts(name for name in own if name not in same and name not in others)
    found = {name: texts[name] for name in own if name not in same and name in texts}
    return Comparison(frozenset(same), found, len(own) - len(same) - len(found), shared)


def _users(now: Repository) -> dict[str, set[_Shared]]:
    """The files with blueprints, and the templates and snippets that these use."""
    found: dict[str, set[_Shared]] = {}
    for each in now.declared:
        used = found.setdefault(each.origin.file, set())
        if each.template:
            used |= {("template", each.template), *(("snippet", name) for name in each.snippets)}
    return found


def _sources(of: Library) -> Iterator[tuple[_Shared, str, str]]:
    """Each template and snippet, its file, and the digest of that."""
    for name, template in of.templates.items():
        yield ("template", name), template.document.file, of.digests[template.document.file]
    for name, (document, _) in of.snippets.items():
        yield ("snippet", name), document.file, of.digests[document.file]


def known_findings(config: Config, places: Sequence[Path], rev: str, now: Repository) -> frozenset[Finding]:
    """The findings of these places that `rev` had, too. Raises UsageError."""
    root, library = config.root, config.blueprints
    shares = bool(now.users) or any(each.uses is not None for each in now.results.values())
    earlier = read_earlier(root, places, rev, library if shares else None)
    found = compare(earlier, now, earlier.blobs)
    if not shares and any(map(needs_others, found.texts.values())):
        earlier = read_earlier(root, places, rev, library)
        found = compare(earlier, now, earlier.blobs)
    before, texts = _check(earlier, found, now, CheckOptions.of(config))
    before = before.narrowed({*earlier.names, *now.names})
    there = {**texts_of(root, (each for each in before.findings if each.file not in texts)), **texts}
    known = known_before(now.findings, texts_of(root, now.findings), before.findings, there)
    # A file that is not read has no text, and was there or not.
    others = (each for each in now.findings if each.file not in now.names)
    return known | {each for each in others if each.file in earlier.paths}


def _check(
    earlier: Earlier, found: Comparison, now: Repository, options: CheckOptions
) -> tuple[Repository, Mapping[str, str]]:
    """What the files said then, and the texts of those that are checked for it."""
    same = found.same
    # A finding in a template stands in the result of one of its users, for all of them.
    if any(finding.users for each in now.results.values() for finding in each.findings):
        same = frozenset(name for name in same if not now.results[name].uses)
    texts = {**found.texts, **earlier.texts(found.same - same)}
    options = replace(options, shared=found.shared)
    results: dict[str, FileResult] = {}
    for name in earlier.blobs:
        if name in same:
            kept = now.results[name]
            results[name] = kept._replace(findings=[each for each in kept.findings if not each.users])
        elif name in texts:
            results[name] = check_text(options, name, texts[name])
    return of_results(options, results), texts
