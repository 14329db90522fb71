"""Which findings an earlier version of the files had already."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

from kalentops.lint.finding import Finding

Texts: TypeAlias = Mapping[str, str]
_Key: TypeAlias = Callable[[Finding, Texts], Hashable]
_FIGURES: Final = re.compile(r"\d[\d,]*")


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
    return _FIGURES.sub("#", of.message)


def _line(of: Finding, texts: Texts) -> str:
    lines = _lines(texts.get(of.file, ""))
    return lines[of.line - 1].strip() if len(lines) >= of.line else ""


@lru_cache(maxsize=8)  # the findings of a file stand together
def _lines(text: str) -> list[str]:
    return text.split("\n")
