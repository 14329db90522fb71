"""Blueprints in files → templates in new files, and short uses in the old ones; proved before anything is written.

The proof reads the new texts as every command does: each blueprint has to resolve to the body that it has now.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count, islice, takewhile
from pathlib import Path
from typing import Any, Final

from kalentops.adopt import stretches
from kalentops.adopt.extract import Copy, Data, Extracted, aligned, difference, extract, kind
from kalentops.adopt.naming import key_of
from kalentops.adopt.position import FileChange
from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.diff import steps_by_id
from kalentops.blueprint.files import SourcingFile
from kalentops.blueprint.model import Blueprint
from kalentops.errors import CannotExtract
from kalentops.lint.finding import Severity
from kalentops.project.config import Config
from kalentops.project.document import read_document
from kalentops.project.load import Repository, of_texts
from kalentops.project.result import CheckOptions
from kalentops.support.text import clip, some
from kalentops.yamlfile.build import document_text
from kalentops.yamlfile.edit_file import replace_blueprints


@dataclass(frozen=True, slots=True)
class PlainBlueprint:
    """A plain blueprint in a file. `kept` are the fields that are no part of its body."""

    copy: Copy
    file: str
    kept: Data


@dataclass(frozen=True, slots=True)
class Group:
    """Blueprints that share one template, its name, and the path of its new file."""

    name: str
    path: Path
    members: Sequence[PlainBlueprint]


@dataclass(frozen=True, slots=True)
class ExtractPlan:
    """The templates, and the files as they will be. `lost` are the comments that can't be kept, with file and line."""

    templates: tuple[Extracted, ...]
    changes: tuple[FileChange, ...]
    lost: tuple[tuple[str, int, str], ...] = ()

    @property
    def renamed(self) -> Mapping[Address, Mapping[str, str]]:
        """The blueprints that an update follows for: their steps get other ids."""
        return {at: ids for each in self.templates for at, ids in each.renamed.items()}

    @property
    def lines(self) -> tuple[int, int]:
        """The lines of all changed files, before and after."""
        texts = [(each.before or "", each.after or "") for each in self.changes]
        return sum(one.count("\n") for one, _ in texts), sum(other.count("\n") for _, other in texts)


def read_texts(config: Config, files: Mapping[str, str]) -> Repository:
    """What all files say, with the body of each blueprint."""
    texts = {name: files[name].lstrip("\ufeff") for name in sorted(files)}
    return of_texts(CheckOptions.of(config, bodies=True), texts)


def plain_blueprints(
    files: Mapping[str, str], repository: Repository, chosen: Collection[Address]
) -> list[PlainBlueprint]:
    """The plain ones among the chosen blueprints, in the order of `chosen`. `files` are all texts, by name."""
    plain = {(each.origin.file, each.address.key): each for each in repository.declared if not each.template}
    names = {each.origin.file for each in repository.declared if each.address in chosen}
    found: dict[Address, PlainBlueprint] = {}
    for name in sorted(names):
        model = read_document(name, files[name]).model
        if not isinstance(model, SourcingFile):
            continue
        for key, blueprint in model.blueprints.items():
            declared = plain.get((name, key))
            if declared is None or declared.body is None or not isinstance(blueprint, Blueprint):
                continue
            at, body = declared.address, declared.body
            if at in chosen:
                kept = {"language": blueprint.language, "protect": blueprint.protect}
                copy = Copy(at, body.data, blueprint.language or model.language or "", model.title or "")
                found[at] = PlainBlueprint(
                    copy, name, {each: value for each, value in kept.items() if value is not None}
                )
    return [found[at] for at in chosen if at in found]


# Which of them are near-equal

_COMPARED: Final = 50
"""Groups that a blueprint is compared with: those with a step of the same id; of each other language, those with the
same key.
"""


@dataclass(slots=True)
class _Group:
    first: Copy
    words: Counter[str]
    members: list[Copy] = field(default_factory=list)


def near_equal(copies: Iterable[Copy], *, align: bool) -> Iterator[list[Copy]]:
    """The blueprints in groups: those that have the same steps, but for some, and share 60 % of their words. Those in
    different languages are in one group where they have the same steps and the same key. What is like no other is in
    no group.
    """
    groups: dict[tuple[str, str], list[_Group]] = {}
    for each in copies:
        own = _words(each)
        for step in each.body["steps"] or [{"id": ""}]:
            near = groups.get((each.language, _sign(step, align=align)), [])
            group = next((one for one in near[:_COMPARED] if _is_near(one, each, own, align=align)), None)
            if group is not None:
                group.members.append(each)
                break
        else:
            group = _Group(each, own, [each])
            for sign in {_sign(step, align=align) for step in each.body["steps"]}:
                groups.setdefault((each.language, sign), []).append(group)
    found = list({id(each): each for several in groups.values() for each in several}.values())
    yield from _across_languages(found, align=align)


def _words(of: Copy) -> Counter[str]:
    found: Counter[str] = Counter()
    for step in of.body["steps"]:
        found.update(stretches.words(step["content"]))
    return found


def _sign(step: Mapping[str, Any], *, align: bool) -> str:
    """What a step of another blueprint has to have in common with this one, to be the same."""
    return kind(step) if align else str(step["id"])


def _is_near(group: _Group, other: Copy, words: Counter[str], *, align: bool) -> bool:
    if stretches.share(group.words, words) < stretches.SHARED:
        return False
    return _are_alike(group.first, other, align=align)


def _are_alike(one: Copy, other: Copy, *, align: bool) -> bool:
    """Whether two have the same steps, but for some."""
    if align:
        other = aligned(one, other)
    mine, theirs = (steps_by_id(each.body) for each in (one, other))
    both = [each for each in mine if each in theirs and kind(mine[each]) == kind(theirs[each])]
    return len(both) >= stretches.SHARED * max(len(mine), len(theirs)) and difference(one, other) is None


def _across_languages(groups: Sequence[_Group], *, align: bool) -> Iterator[list[Copy]]:
    """The groups, largest first; one of each language together."""
    ordered = sorted(groups, key=lambda each: -len(each.members))
    left = dict(enumerate(ordered))
    by_key: dict[str, dict[str, dict[int, _Group]]] = {}
    for number, each in left.items():
        if each.first.language:
            languages = by_key.setdefault(_key_of(each.members), {})
            languages.setdefault(each.first.language, {})[number] = each
    for number, first in enumerate(ordered):
        if number not in left:
            continue
        together = {number}
        languages = by_key.get(_key_of(first.members), {}) if first.first.language else {}
        for language, others in languages.items():
            near = islice(others.items(), _COMPARED) if language != first.first.language else ()
            alike = (at for at, each in near if _are_alike(first.first, each.first, align=align))
            together |= {*islice(alike, 1)}
        for at in together:
            gone = left.pop(at)
            languages.get(gone.first.language, {}).pop(at, None)
        copies = [copy for at in sorted(together) for copy in ordered[at].members]
        if len(copies) > 1 and _can_share(copies, align=align):
            yield copies


def _can_share(copies: Sequence[Copy], *, align: bool) -> bool:
    try:
        extract("one", copies, align=align)
    except CannotExtract:
        return False
    return True


def _key_of(copies: Iterable[Copy]) -> str:
    """The key that most of them have."""
    return Counter(each.address.key for each in copies).most_common(1)[0][0]


def _common_words(copies: Iterable[Copy]) -> str:
    """The words that all keys begin with, if no two are the same: `cadence` of `cadence-lyon` and `cadence-oslo`."""
    keys = [each.address.key for each in copies]
    shared = takewhile(lambda words: len({*words}) == 1, zip(*(key.split("-") for key in keys), strict=False))
    return "-".join(words[0] for words in shared) if len({*keys}) == len(keys) > 1 else ""


def template_names(groups: Iterable[Sequence[Copy]], taken: Collection[str]) -> list[str]:
    """A name for each template, none of which is in `taken`: the key that most of its blueprints have, or what their
    keys begin with, or one that is made from their name.
    """
    used = {*taken}
    found = []
    for each in groups:
        common = _common_words(each)
        key = key_of(common) if common else _key_of(each)
        base = key if common or key not in used else key_of(each[0].body["name"])
        numbered = (f"{base}-{number}" for number in count(2))
        name = next(name for name in chain([base], numbered) if name not in used)
        used.add(name)
        found.append(name)
    return found


# Files


def plan_extract(
    config: Config,
    files: Mapping[str, str],
    repository: Repository,
    groups: Sequence[Group],
    *,
    align: bool,
) -> ExtractPlan:
    """The templates of these groups, and the changed files. `files` are all texts, by name.

    Raises CannotExtract, also where the new files would not say the same; CannotEdit, Unwritable.
    """
    templates = [extract(group.name, [each.copy for each in group.members], align=align) for group in groups]
    changes: list[FileChange] = []
    uses: dict[str, dict[str, Data]] = {}
    for made, group in zip(templates, groups, strict=True):
        name = Path(os.path.relpath(group.path, config.root)).as_posix()
        changes.append(FileChange(group.path, name, None, document_text(made.template)))
        for each in group.members:
            at = each.copy.address
            uses.setdefault(each.file, {})[at.key] = {**made.uses[at], **each.kept}
    lost: list[tuple[str, int, str]] = []
    for name, blueprints in sorted(uses.items()):
        replaced = replace_blueprints(name, files[name], blueprints)
        changes.append(FileChange(config.root / name, name, files[name], replaced.text))
        lost += [(name, *each) for each in replaced.lost]
    _prove(config, files, repository, templates, changes)
    return ExtractPlan(tuple(templates), tuple(changes), tuple(lost))


def _prove(
    config: Config,
    files: Mapping[str, str],
    before: Repository,
    templates: Sequence[Extracted],
    changes: Sequence[FileChange],
) -> None:
    """Raises CannotExtract where the new files would say something else than the old ones."""
    texts = {**files, **{each.name: each.after for each in changes if each.after is not None}}
    after = read_texts(config, texts)
    wanted = {each.address: each.body for each in before.declared}
    for each in templates:
        wanted |= {at: Body.of(each.bodies[at]) for at in each.renamed}
    found = {each.address: each.body for each in after.declared}
    differing = [at for at in wanted.keys() | found.keys() if _text(wanted.get(at)) != _text(found.get(at))]
    errors = [each for each in after.findings if each.severity is Severity.ERROR]
    kept = [
        [(each.address, each.protect, each.title) for each in repository.declared]
        for repository in (before, after)
    ]
    if differing:
        raise _bug(f"{some(sorted(map(clip, differing)), 3)} would not be the same as before")
    if errors:
        raise _bug(f"{errors[0].file}:{errors[0].line}: {errors[0].code}: {errors[0].message}")
    if kept[0] != kept[1] or before.relocations != after.relocations:
        raise _bug("the files would say something else of a blueprint")


def _text(of: Body | None) -> str | None:
    return None if of is None else of.text


def _bug(what: str) -> CannotExtract:
    return CannotExtract(
        f"the result is not right, and nothing was written: {what}",
        hint="this is a bug in kalentops: please report it with these files; leave the blueprint out to go on",
    )
