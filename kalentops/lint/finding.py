"""A problem of a file, its place and its remedy: data that every report renders."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

DataPath = tuple[str | int, ...]
"""Leads from the root of the data to a value: `("blueprints", "one", "steps", 2, "content")`."""


class Origin(NamedTuple):
    """Where a value comes from. Lines and columns count from 1."""

    file: str
    line: int
    column: int

    @property
    def place(self) -> tuple[str, int, int]:
        return self.file, self.line, self.column


Origins: TypeAlias = Mapping[tuple[str | None, str], tuple[tuple[int, Origin], ...]]
"""Where the values of a blueprint come from, by step id (None: the blueprint itself) and field, as in `FieldChange`;
the field is empty for the step as a whole. A text may be put together: each part begins at an index of the text, the
first one at 0.
"""


class Severity(StrEnum):
    """How much a finding weighs: an error stops `plan` and `apply`, a warning never does."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One problem. The order of the fields is the order in which findings are shown.

    `file` is relative to the folder of the project, with forward slashes; `line` and `column` count from 1.
    `path` leads from the root of the file to the value that is meant, such as `("blueprints", "one", "steps", 2,
    "content")`; it is empty for what is wrong with the file as a whole. Two findings that differ in it alone are one:
    what stands behind an anchor has as many paths as it has aliases.

    A finding in a template or a snippet has `users`: the number of blueprints that it concerns; `used_by` are the
    addresses of the first three, with the places of their keys.
    """

    file: str
    line: int
    column: int
    code: str
    message: str
    hint: str
    severity: Severity = Severity.ERROR
    path: DataPath = field(default=(), compare=False)
    users: int = field(default=0, compare=False)
    used_by: tuple[tuple[str, Origin], ...] = field(default=(), compare=False)


def merged(found: Iterable[Finding]) -> list[Finding]:
    """The findings of shared files, each once, with the number of its users: the same words at the same place, figures
    aside; where these differ, the largest are told.
    """
    by_place: dict[Hashable, Finding] = {}
    for each in found:
        key = (each.file, each.line, each.column, each.code, _said(each), each.severity)
        other = by_place.get(key)
        by_place[key] = each if other is None else _joined(each, other)
    return list(by_place.values())


def _joined(one: Finding, other: Finding) -> Finding:
    most = max(one, other, key=lambda each: (_figures(each.message), each.message, each.hint))
    first = tuple(sorted({*one.used_by, *other.used_by}))[:MOST_USERS]
    return replace(most, users=one.users + other.users, used_by=first)


MOST_USERS: Final = 3


def _figures(text: str) -> list[int]:
    return [int(each.replace(",", "")[:18]) for each in _FIGURES.findall(text) if each]


def errors_first(found: Iterable[Finding]) -> list[Finding]:
    """Errors, then warnings, each by file and place."""
    return sorted(found, key=lambda each: (each.severity is not Severity.ERROR, each))


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding that knows its place in the data, not yet in the text.

    `path` leads from the root of a file (or, from a rule, from its blueprint) to the value, such as
    `("steps", 2, "content")`. `at` is the index of the character in that text, `index` that in the file. `on_key`
    points at the key instead of its value. `within` says in whose data the path is where it is not the file's own:
    `template`, or `snippet NAME`.
    """

    path: DataPath
    message: str
    hint: str
    at: int | None = None
    index: int | None = None
    on_key: bool = False
    code: str = ""
    within: str = ""


Texts: TypeAlias = Mapping[str, str]
_Key: TypeAlias = Callable[[Finding, Texts], Hashable]
_FIGURES: Final = re.compile(r"`[^`]*`|(\d[\d,]*)")
"""Numbers, in the first group; not those of words that a message quotes."""


def known_before(
    now: Iterable[Finding], here: Texts, before: Iterable[Finding], there: Texts
) -> frozenset[Finding]:
    """Those of `now` that were among those of `before`, each of which stands for one. `here` and `there` are the texts
    of the files, by their names.

    A finding is the same on the same line, wherever that has moved to; else where it says the same of the same file;
    else on the same line of another file, which may have been renamed.
    """
    left, known = list(before), set[Finding]()
    fresh = list(now)
    for key in _KEYS:
        old: dict[Hashable, list[Finding]] = {}
        for each in left:
            old.setdefault(key(each, there), []).append(each)
        for each in fresh:
            same = old.get(key(each, here))
            if same:
                same.pop()
                known.add(each)
        left = [each for same in old.values() for each in same]
        fresh = [each for each in fresh if each not in known]
    return frozenset(known)


def _exactly(of: Finding, texts: Texts) -> Hashable:
    return of.file, of.code, _said(of), _line(of, texts)


def _in_its_file(of: Finding, texts: Texts) -> Hashable:  # noqa: ARG001 - one of several keys
    return of.file, of.code, _said(of)


def _elsewhere(of: Finding, texts: Texts) -> Hashable:
    return of.code, _said(of), _line(of, texts)


_KEYS: Final[tuple[_Key, ...]] = (_exactly, _in_its_file, _elsewhere)


def _said(of: Finding) -> str:
    """The message without its figures: the number of a line, or of what is left out, changes with others."""
    return _FIGURES.sub(lambda match: "#" if match[1] else match[0], of.message)


def _line(of: Finding, texts: Texts) -> str:
    lines = _lines(texts.get(of.file, ""))
    return lines[of.line - 1].strip() if len(lines) >= of.line else ""


@lru_cache(maxsize=8)  # the findings of a file stand together
def _lines(text: str) -> list[str]:
    return text.split("\n")


_OF_KEYS: Final = {"KAL010", "KAL012", "KAL016", "KAL403", "KAL409"}


def without_cut_texts(findings: Collection[Finding]) -> list[Finding]:
    """The findings, without those of a key that is the rest of a text, which is reported as such: `{pitch: a, b}`."""
    cut = {(each.file, each.line): each.column for each in findings if each.code == "KAL009"}
    return [
        each
        for each in findings
        if each.code not in _OF_KEYS or each.column < cut.get((each.file, each.line), each.column + 1)
    ]
