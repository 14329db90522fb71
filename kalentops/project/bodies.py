"""The bodies of blueprints that are not held: each is made again, from its file, when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Final

from kalentops.blueprint.body import Body
from kalentops.errors import FilesChanged
from kalentops.lint.finding import Origin, Origins
from kalentops.lint.rule import Declared
from kalentops.project.files import Source, read
from kalentops.project.processes import check_files
from kalentops.project.result import CheckOptions

if TYPE_CHECKING:
    from kalentops.blueprint.model import Blueprint
    from kalentops.project.document import Document

_HELD: Final = 64
"""Documents, and blueprints: as many as may be asked for at the same time."""


class DeferredBodies:
    """The files of a repository, for the blueprints whose bodies were left out. Called by any thread."""

    def __init__(self, options: CheckOptions, sources: Iterable[Source]) -> None:
        self.options = options
        self.sources = {each.name: each for each in sources}
        self._document = lru_cache(maxsize=_HELD)(self._read)
        self._blueprint = lru_cache(maxsize=_HELD)(self._find)

    def attach(self, of: Declared) -> Declared:
        """The same with body and origins, which are read when they are asked for. They raise FilesChanged."""
        body = Body.deferred(of.name, of.digest, partial(self._body, of))
        return of._replace(body=body, origins=_Deferred(partial(self._origins, of)) if of.template else {})

    def with_bodies(self, declared: Sequence[Declared], names: Collection[str]) -> list[Declared]:
        """The same; those in these files have bodies and all origins, and may have errors. Raises FilesChanged."""
        sources = [self.sources[name] for name in sorted(names)]
        results = check_files(replace(self.options, bodies=True, origins=True), sources)
        found = {(each.address, each.origin): each for result, _ in results for each in result.declared}
        whole = [found.get((each.address, each.origin), each) for each in declared]
        for each, other in zip(declared, whole, strict=True):
            if each.digest != other.digest or (other is each and each.origin.file in names):
                raise files_changed(each.origin.file)
        return whole

    def _body(self, of: Declared) -> Body:
        blueprint, _ = self._blueprint(of.origin.file, of.address.key)
        body = None if blueprint is None else Body.of_blueprint(blueprint)
        if body is None or body.digest != of.digest:
            raise files_changed(of.origin.file)
        return body

    def _origins(self, of: Declared) -> Origins:
        blueprint, origins = self._blueprint(of.origin.file, of.address.key)
        if blueprint is None:
            raise files_changed(of.origin.file)
        return origins()

    def _find(self, file: str, key: str) -> tuple[Blueprint | None, Callable[[], Origins]]:
        # Parser and models: a plan without changes asks for no content.
        from kalentops.blueprint.files import SourcingFile
        from kalentops.blueprint.model import Blueprint
        from kalentops.project.resolve import resolve

        document = self._document(file)
        model = document.model
        found = model.blueprints.get(key) if isinstance(model, SourcingFile) else None
        if found is None or isinstance(found, Blueprint):
            return found, dict
        if self.options.library is None:
            raise AssertionError(f"{key} in {file} has no library")
        resolved = resolve(document, key, self.options.library)
        return resolved.blueprint, cache(resolved.origins)

    def _read(self, name: str) -> Document:
        from kalentops.project.document import read_document

        text = read(self.sources[name], self.options.root)
        if not isinstance(text, str):
            raise files_changed(name)
        return read_document(name, text)


def files_changed(file: str) -> FilesChanged:
    return FilesChanged(f"{file} was changed during the run")


class _Deferred(Mapping[tuple[str | None, str], tuple[tuple[int, Origin], ...]]):
    """Origins that are found when they are asked for."""

    def __init__(self, find: Callable[[], Origins]) -> None:
        self._find = find

    def __getitem__(self, key: tuple[str | None, str]) -> tuple[tuple[int, Origin], ...]:
        return self._find()[key]

    def __iter__(self) -> Iterator[tuple[str | None, str]]:
        return iter(self._find())

    def __len__(self) -> int:
        return len(self._find())
