"""Blueprints that are made from templates, written as plain ones: as a text of their own, or in their files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from kalentops.adopt.position import FileChange, PositionFile
from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.files import SourcingFile, Use
from kalentops.blueprint.model import Blueprint
from kalentops.errors import CannotEdit, InvalidFiles, UsageError
from kalentops.lint.finding import DataPath
from kalentops.project.document import Document, read_document
from kalentops.project.library import Library
from kalentops.project.resolve import Resolved, Source, resolve
from kalentops.support.text import clip, nearest
from kalentops.yamlfile.build import document_text
from kalentops.yamlfile.edit_file import put_plain, with_comments


def selected(patterns: Collection[str], addresses: Iterable[Address]) -> list[Address]:
    """The addresses that fit a pattern: with a `/` an address, without one the id of a sourcing; `*`, `?` and `[…]` as
    in a shell; in the order of the patterns. All of them without a pattern. Raises UsageError for a pattern that fits
    none.
    """
    known = sorted(set(addresses))
    found: dict[Address, None] = {}
    for pattern in patterns:
        fitting = [
            each for each in known if fnmatchcase(each if "/" in pattern else each.sourcing_id, pattern)
        ]
        if not fitting:
            meant = nearest(pattern, [*known, *dict.fromkeys(each.sourcing_id for each in known)])
            hint = (
                f"did you mean {meant}?"
                if meant
                else "an address is SOURCING_ID/KEY; `kalentops plan` lists them"
            )
            raise UsageError(f"no blueprint has the address {clip(pattern)}", hint=hint)
        found |= dict.fromkeys(fitting)
    return list(found) if patterns else known


def plain_blueprints(document: Document, library: Library) -> Iterator[tuple[str, Blueprint]]:
    """The blueprints of a position's file by key, resolved; without those of which nothing is known."""
    if isinstance(document.model, SourcingFile):
        for key, each in document.model.blueprints.items():
            found = resolve(document, key, library).blueprint if isinstance(each, Use) else each
            if found is not None:
                yield key, found


def rendered(document: Document, library: Library, keys: Collection[str], *, origins: bool) -> str:
    """The plain text of a position's file that has these blueprints of it. With all of them, it plans the same as the
    file itself. With `origins`, each value's file and line stands behind it. Raises InvalidFiles.
    """
    model = document.model
    if not isinstance(model, SourcingFile):
        raise TypeError(f"{document.file} has no blueprints")
    data: dict[str, Any] = model.model_dump(
        exclude={"blueprints"}, exclude_none=True, exclude_defaults=True, by_alias=True
    )
    if len(keys) < len(model.blueprints):
        data["moved"] = [each for each in data.pop("moved", ()) if each["to"] in keys]
        data.pop("removed", None)
        data = {name: value for name, value in data.items() if value}
    data["blueprints"] = {
        key: _data(each, each if isinstance(each, Blueprint) else _known(resolve(document, key, library)))
        for key, each in model.blueprints.items()
        if key in keys
    }
    text = document_text(data)
    return with_comments(text, _Origins(document, library).comment) if origins else text


def _known(resolved: Resolved) -> Blueprint:
    """The blueprint without a placeholder. Raises InvalidFiles."""
    if resolved.blueprint is None or resolved.placeholders:
        raise InvalidFiles(
            f"{resolved.key} in {resolved.document.file} can't be made from its template {resolved.context.use.use}",
            hint="`kalentops validate` lists what is wrong",
        )
    return resolved.blueprint


def _data(declared: Blueprint | Use, blueprint: Blueprint) -> dict[str, Any]:
    language = declared.language
    data = blueprint.model_dump(exclude_none=True)
    return {**data, "steps": list(data["steps"]), **({"language": language} if language else {})}


class _Origins:
    """Where the values of a rendered file come from."""

    def __init__(self, document: Document, library: Library) -> None:
        self._document = document
        self._library = library
        self._resolved: dict[str, Resolved | None] = {}

    def comment(self, path: DataPath) -> str:
        match path:
            case ("blueprints", str(key), *inner):
                return self._of_blueprint(key, tuple(inner))
        return self._place(Source(self._document, path))

    def _of_blueprint(self, key: str, path: DataPath) -> str:
        resolved = self._of(key)
        if resolved is None:
            return self._place(Source(self._document, ("blueprints", key, *path)))
        if path == ("language",):
            return self._place(Source(self._document, ("blueprints", key, "language")))
        source = resolved.source(path)
        parts = {at: each for at, each in resolved.sources.items() if at[:-1] == path and path}
        said = [self._place(source)]
        said += [
            f"{{{{{piece.marker}}}}} {self._place(Source(piece.document, piece.path))}"
            for piece in source.pieces
            if piece.marker
        ]
        said += [f"{at[-1]} {place}" for at, each in parts.items() if (place := self._place(each)) != said[0]]
        return ", ".join(dict.fromkeys(said))

    def _of(self, key: str) -> Resolved | None:
        if key not in self._resolved:
            model = self._document.model
            used = isinstance(model, SourcingFile) and isinstance(model.blueprints[key], Use)
            self._resolved[key] = resolve(self._document, key, self._library) if used else None
        return self._resolved[key]

    @staticmethod
    def _place(source: Source) -> str:
        return f"{source.document.file}:{source.document.places.find(source.path)[0]}"


def detached(file: PositionFile, keys: Iterable[str], library: Library) -> FileChange:
    """The position's file in which these blueprints are plain ones, with the digests that they have. Raises
    InvalidFiles, CannotEdit.
    """
    text, name = file.text, file.document.file
    for key in keys:
        document = read_document(name, text)
        resolved = resolve(document, key, library)
        wanted = _known(resolved)
        body = _data(resolved.context.use, wanted)
        at = _comment_paths(resolved.context.use, [step.id for step in wanted.steps])
        text = put_plain(name, text, key, body, at)
        _check(name, text, key, wanted)
    return file.change(text)


def _comment_paths(use: Use, steps: list[str]) -> Callable[[DataPath], DataPath]:
    """From a path in the use to one in the plain blueprint; empty where that has no such value."""

    def at(path: DataPath) -> DataPath:
        match path:
            case ("change", str(step), *inner) if step in steps:
                return ("steps", steps.index(step), *inner)
            case ("add", int(number), *inner) if use.add[number].id in steps:
                return ("steps", steps.index(use.add[number].id), *inner)
            case ("name" | "config" | "protect" | "language", *_):
                return path
        return ()

    return at


def _check(name: str, text: str, key: str, wanted: Blueprint) -> None:
    """Raises CannotEdit if the blueprint does not say the same as before."""
    model = read_document(name, text).model
    made = model.blueprints.get(key) if isinstance(model, SourcingFile) else None
    same = isinstance(made, Blueprint) and Body.of_blueprint(made) == Body.of_blueprint(wanted)
    if not same or not isinstance(made, Blueprint) or made.protect != wanted.protect:
        raise CannotEdit(f"{key} in {name} would not say the same as a plain blueprint")
