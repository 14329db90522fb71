"""What the files of a repository said in an earlier run, from the cache: one entry for each set of places.

A result follows from the content of its file, from the shared files that it uses, and from the names of all templates
and snippets. It counts if all of these are the same, for the same program, settings and environment. Bodies are not
kept: what is shown or sent is read from the files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeAlias

from kalentops.cache import Cache, program
from kalentops.project.library import Library
from kalentops.project.result import CheckOptions, FileResult
from kalentops.project.result_json import Json, to_line, to_result

Checked: TypeAlias = tuple[FileResult, str | None]
"""A result, and its line of JSON, if it was made."""
_KIND: Final = "files"
_BETWEEN: Final = ",\n"
_DAMAGE: Final = (TypeError, ValueError, KeyError, IndexError, AttributeError, RecursionError)


class CachedResults:
    """The results of the files by name. They were checked with a library of these `names`, whose files had the digests
    in `shared`.
    """

    def __init__(self, cache: Cache, key: str, text: str = "") -> None:
        self._cache = cache
        self._key = key
        self._text = text
        self._names = ""
        self._shared: dict[str, str] = {}

    @classmethod
    def read(cls, cache: Cache, options: CheckOptions, places: Iterable[Path]) -> CachedResults:
        """Those for the same places and options; none where there are none, or what is kept is damaged."""
        key = _key(options, places)
        data = cache.get(_KIND, key)
        with suppress(UnicodeDecodeError):
            return cls(cache, key, (data or b"").decode())
        return cls(cache, key)

    @property
    def known(self) -> bool:
        """Whether there are any."""
        return bool(self._text)

    @cached_property
    def _lines(self) -> dict[str, str]:
        return dict(zip(self._records, self._text[1:-1].split(_BETWEEN)[1:], strict=False))

    @cached_property
    def _records(self) -> dict[str, Json]:
        with suppress(*_DAMAGE):
            (names, shared), *records = json.loads(self._text)
            self._names, self._shared = str(names), dict(shared)
            return {str(each[0]): each for each in records}
        return {}

    def of(self, name: str, content: str) -> Checked | None:
        """The result of a file with this digest of its content, if it is kept. Where it has `uses`, `fits` decides."""
        record = self._records.get(name)
        with suppress(*_DAMAGE):
            if record is not None and content and record[1] == content:
                return to_result(record), self._lines[name]
        return None

    def fingerprint(self, contents: Iterable[tuple[str, str]]) -> str:
        """A digest of the settings and of all files, with their names and the digests of their contents."""
        return sha256(json.dumps([self._key, *contents]).encode()).hexdigest()

    def fits(self, of: FileResult, library: Library) -> bool:
        """Whether a result with `uses` follows from this library."""
        same = all(self._shared.get(file, "") == library.digests.get(file) for file in of.uses or ())
        return same and self._names == library.names_digest

    def keep(self, found: Iterable[tuple[str, Checked]], library: Library) -> None:
        """Keep the results of this run, with the names of their files, if there is anything new."""
        lines = {
            name: line or to_line(name, each)
            for name, (each, line) in found
            if each.content and not each.pending
        }
        if lines != self._lines or (self._names, self._shared) != (library.names_digest, library.digests):
            head = json.dumps([library.names_digest, library.digests])
            self._cache.put(_KIND, self._key, f"[{_BETWEEN.join([head, *lines.values()])}]".encode())


def _key(options: CheckOptions, places: Iterable[Path]) -> str:
    said = [
        program(),
        str(options.root),
        [str(each) for each in places],
        sorted((code, each and each.value) for code, each in options.severities.items()),
        options.environment,
        options.readers,
    ]
    return sha256(json.dumps(said).encode()).hexdigest()
