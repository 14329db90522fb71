"""What the files of a repository said in an earlier run, from the cache: one entry for each set of places.

A result follows from the content of its file, from the shared files that it uses, and from the names of all templates
and snippets. It counts if all of these are the same, for the same program, settings and environment. Bodies are not
kept: what is shown or sent is read from the files.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeAlias

import kalentops
from kalentops.cache import Cache
from kalentops.lint.finding import Finding
from kalentops.project.check import CheckOptions, FileResult
from kalentops.project.record import Json, result, to_line
from kalentops.project.resolve import Library

Checked: TypeAlias = tuple[FileResult, str | None]
"""A result, and its line of JSON, if it was made."""
_KIND: Final = "files"
_BETWEEN: Final = ",\n"
_DAMAGE: Final = (TypeError, ValueError, KeyError, IndexError, AttributeError, RecursionError)


@dataclass(slots=True)
class EarlierResults:
    """The `records` of the files, and their `lines`, by name. They were checked with a library of these names, whose
    files had the digests in `shared`.
    """

    cache: Cache
    key: str
    records: Mapping[str, Json] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)
    names: str = ""
    shared: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, cache: Cache, options: CheckOptions, places: Iterable[Path]) -> EarlierResults:
        """Those for the same places and options; none where there are none, or what is kept is damaged."""
        key = _key(options, places)
        data = cache.get(_KIND, key)
        if data is not None:
            with suppress(*_DAMAGE):
                text = data.decode()
                (names, shared), *records = json.loads(text)
                found = {str(each[0]): each for each in records}
                lines = dict(zip(found, text[1:-1].split(_BETWEEN)[1:], strict=True))
                return cls(cache, key, found, lines, str(names), dict(shared))
        return cls(cache, key)

    def of(self, name: str, data: bytes | Finding) -> Checked | None:
        """The result of a file with this content, if it is kept. Where it has `uses`, `fits` decides."""
        record = self.records.get(name)
        if record is not None and isinstance(data, bytes):
            with suppress(*_DAMAGE):
                if record[1] == sha256(data).hexdigest():
                    return result(record), self.lines[name]
        return None

    def fits(self, of: FileResult, library: Library) -> bool:
        """Whether a result with `uses` follows from this library."""
        same = all(self.shared.get(file, "") == library.digests.get(file) for file in of.uses or ())
        return same and self.names == library.names_digest

    def keep(self, found: Iterable[tuple[str, Checked]], library: Library) -> None:
        """Keep the results of this run, with the names of their files, if there is anything new."""
        lines = {
            name: line or to_line(name, each)
            for name, (each, line) in found
            if each.content and not each.pending
        }
        if lines != self.lines or (self.names, self.shared) != (library.names_digest, library.digests):
            head = json.dumps([library.names_digest, library.digests])
            self.cache.put(_KIND, self.key, f"[{_BETWEEN.join([head, *lines.values()])}]".encode())


def _key(options: CheckOptions, places: Iterable[Path]) -> str:
    said = [
        _program(),
        str(options.root),
        [str(each) for each in places],
        sorted((code, each and each.value) for code, each in options.severities.items()),
        options.environment,
        options.readers,
    ]
    return sha256(json.dumps(said).encode()).hexdigest()


@cache
def _program() -> list[Any]:
    """What makes a result: this package and its parsers as they are, an edited one too."""
    found: list[Any] = [kalentops.__version__, sys.version]
    for folder, _, names in os.walk(Path(kalentops.__file__).parent):
        found += sorted(_stamp(f"{folder}/{name}") for name in names if name.endswith(".py"))
    specs = (find_spec(name) for name in ("yaml", "pydantic", "pydantic_core"))
    return found + [_stamp(each.origin) for each in specs if each and each.origin]


def _stamp(path: str) -> tuple[str, int, int]:
    status = os.stat(path)  # noqa: PTH116 - called for every module
    return path, status.st_size, status.st_mtime_ns
