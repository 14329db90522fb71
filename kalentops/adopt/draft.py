"""Import plan → the texts of new files, each read again before it counts: what a file would say otherwise than
Kalent is never written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Final

from kalentops.adopt.naming import stem_of
from kalentops.adopt.paths import Place
from kalentops.adopt.plan import ImportAction, ImportPlan, Item
from kalentops.blueprint.body import Canonical, of_body
from kalentops.errors import Unwritable
from kalentops.lint.engine import Named, Severities
from kalentops.lint.finding import Finding
from kalentops.project.check import CheckOptions, Desired, check_text
from kalentops.project.files import MAX_BYTES
from kalentops.support.collector import paused
from kalentops.yamlfile.nodes import Map
from kalentops.yamlfile.parse import parse
from kalentops.yamlfile.printer import file_text

_LIMIT: Final = "it is larger than a file of blueprints may be: 1 MiB, or 20,000 values"
_OTHERWISE: Final = "written as YAML it would not read the same"


@dataclass(frozen=True, slots=True)
class Draft:
    """A new file. `name` is what findings call it, `blueprints` what the loader finds in it."""

    path: Path
    name: str
    text: str
    findings: tuple[Finding, ...]
    blueprints: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Drafts:
    """The plan with what can't be written refused, and each file that is to be written."""

    plan: ImportPlan
    files: tuple[Draft, ...] = ()


def draft(plan: ImportPlan, names: Mapping[str, str], place: Place, severities: Severities) -> Drafts:
    """Files for what the plan writes, by sourcing. `names` are those of the sourcings, where they are known."""
    with paused():
        return _draft_all(plan, names, _Desk(place, CheckOptions(place.root, severities, {})))


def _draft_all(plan: ImportPlan, names: Mapping[str, str], desk: _Desk) -> Drafts:
    files: list[Draft] = []
    items: list[Item] = []
    for sourcing_id, group in groupby(plan.items, key=lambda item: item.sourcing_id):
        together = list(group)
        new = [item for item in together if item.fate is ImportAction.WRITE]
        stem = stem_of(names.get(sourcing_id, ""), sourcing_id)
        outcome: dict[str | None, Item] = {}
        for made, kept in desk.files(stem, new) if new else ():
            if made is not None:
                files.append(made)
            outcome |= {item.blueprint_id: item for item in kept}
        items += [outcome.get(item.blueprint_id, item) for item in together]
    return Drafts(replace(plan, items=tuple(items)), tuple(files))


@dataclass(frozen=True, slots=True)
class _Desk:
    place: Place
    job: CheckOptions

    def files(self, stem: str, items: Sequence[Item]) -> Iterator[tuple[Draft | None, list[Item]]]:
        """The files of one sourcing: one, unless they would be too large together. Refused items come without."""
        paths = iter(lambda: self.place.take(stem), None)
        path = next(paths)
        whole = self._draft(items, path)
        if isinstance(whole, Draft):
            yield whole, _put(items, whole)
            return
        faults = {item.key: found for item in items if isinstance(found := self._draft([item], path), str)}
        yield None, [item.refused(faults[item.key]) for item in items if item.key in faults]
        for number, part in enumerate(self._parts([i for i in items if i.key not in faults], path)):
            made = self._draft(part, next(paths) if number else path)
            if isinstance(made, Draft):
                yield made, _put(part, made)

    def _parts(self, items: Sequence[Item], path: Path) -> Iterator[Sequence[Item]]:
        """Each of the items is faithful alone: what is not so together is too large."""
        if len(items) <= 1 or isinstance(self._draft(items, path), Draft):
            yield from [items] if items else []
            return
        half = len(items) // 2
        yield from self._parts(items[:half], path)
        yield from self._parts(items[half:], path)

    def _draft(self, items: Sequence[Item], path: Path) -> Draft | str:
        """These in one file, or why they can't be."""
        try:
            text = _text(items)
            size = len(text.encode())
        except Unwritable as error:
            return f"{error}; {error.hint}"
        except (ValueError, RecursionError):
            return _OTHERWISE
        if size > MAX_BYTES:
            return _LIMIT
        name = self.place.name(path)
        read = check_text(self.job, name, text)
        if not _is_faithful(items[0].sourcing_id, _bodies(items), text, read.desired):
            return _LIMIT if any(each.code == "KAL002" for each in read.findings) else _OTHERWISE
        return Draft(path, name, text, tuple(read.findings), tuple(each.named for each in read.desired))


def _put(items: Sequence[Item], into: Draft) -> list[Item]:
    return [replace(item, file=into.name) for item in items]


def _bodies(items: Sequence[Item]) -> dict[str, Canonical]:
    return {item.key: item.sent for item in items if item.key is not None and item.sent is not None}


def _text(items: Sequence[Item]) -> str:
    return file_text(items[0].sourcing_id, {key: each.body for key, each in _bodies(items).items()})


def _is_faithful(
    sourcing_id: str, bodies: Mapping[str, Canonical], text: str, found: Sequence[Desired]
) -> bool:
    """Whether a text says exactly these blueprints."""
    read = {each.named.key: each.digest for each in found if each.named.sourcing_id == sourcing_id}
    if read == {key: body.digest for key, body in bodies.items()}:
        return True
    # What the model has no place for (an unknown type of step) is told by findings, and compared as plain data.
    data = parse(text).data
    blueprints = data.get("blueprints") if isinstance(data, Map) else None
    if not isinstance(data, Map) or not isinstance(blueprints, Map) or data.get("sourcingId") != sourcing_id:
        return False
    try:
        return {key: of_body(body) for key, body in blueprints.items()} == dict(bodies)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return False
