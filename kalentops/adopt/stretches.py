"""Near-equal texts → one text, and the stretches of it that differ; what a title says, in texts. Pure.

A text is cut at words; `{{…}}` is a word. What all texts have in common at their beginning and end is fixed, so two
texts differ in one stretch, from the first difference to the last.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from kalentops.support.text_diff import common_prefix

SHARED: Final = 0.6
"""The part of their words that near-equal texts share."""
_CANDIDATES: Final = 12
"""Texts that are tried as the base, where several are equally frequent."""

_RUN: Final = re.compile(r"(?:\{\{[^{}]*\}\}|\S)+|\s+")
_BEFORE: Final = "\"'(\\[\u00ab\u201c\u2018\u00bf\u00a1"
_BEHIND: Final = "\"').,;:!?\\]\u2026\u00bb\u201d\u2019"
_PARTS: Final = re.compile(rf"([{_BEFORE}]*)(.*?)([{_BEHIND}]*)", re.DOTALL)
_MARKED: Final = re.compile(r"\{\{\s*(?:param|snippet)\b", re.IGNORECASE)


@lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[str, ...]:
    """Words, the punctuation around them, and the blanks in between; joined, they are the text."""
    found: list[str] = []
    for run in _RUN.findall(text):
        parts = _PARTS.fullmatch(run)
        found += [run] if parts is None or run.isspace() else filter(None, parts.groups())
    return tuple(found)


def _is_word(token: str) -> bool:
    return any(char.isalnum() for char in token)


@lru_cache(maxsize=4096)
def words(text: str) -> Counter[str]:
    """The words of a text with their numbers."""
    return Counter(token for token in tokens(text) if _is_word(token))


def share(one: Counter[str], other: Counter[str]) -> float:
    """The part of the words that two texts share; 1 where neither has any."""
    most = max(one.total(), other.total())
    return (one & other).total() / most if most else 1.0


@dataclass(frozen=True, slots=True)
class Stretched:
    """`parts` are the fixed parts of the base, one more than there are stretches; `base` is what it has in these.
    `values` are what other texts have in them, by text; a text that is neither there nor the base does not fit.
    """

    parts: tuple[str, ...]
    base: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]

    @property
    def text(self) -> str:
        """The base."""
        return self.filled(self.base)

    def filled(self, values: Sequence[str]) -> str:
        """The text that has these values in its stretches."""
        found = [self.parts[0]]
        for value, part in zip(values, self.parts[1:], strict=True):
            found += [value, part]
        return "".join(found)

    @property
    def plain(self) -> Stretched:
        """The base alone, without stretches."""
        return Stretched((self.text,), (), {self.text: ()})


def stretched(texts: Sequence[str], *, single: bool = False) -> Stretched:
    """The most frequent of the texts as the base; of equally frequent ones, that which most others fit. `single`: in
    one stretch, or in none.
    """
    counts = Counter(texts)
    most = max(counts.values())
    frequent = [text for text, number in counts.items() if number == most][:_CANDIDATES]
    found = [_against(base, list(counts), single=single) for base in frequent]
    return max(found, key=lambda each: sum(counts[text] for text in each.values))


@dataclass(slots=True)
class _Interval:
    """The tokens of the base from `start` to `end`; `texts` are those that differ from it there alone."""

    start: int
    end: int
    texts: list[str]


def _against(base: str, texts: Sequence[str], *, single: bool) -> Stretched:
    """Of the texts that don't fit, those that differ in most of the base are left out first: without them, stretches
    get shorter.
    """
    own = {text: _difference(base, text) for text in texts if text != base}
    left = [text for text, place in own.items() if _fits(base, text, *place)]
    while True:
        intervals = _intervals(base, {text: own[text] for text in left}, single=single)
        out = {
            text: own[text][1] - own[text][0]
            for each in intervals
            for text in each.texts
            if not _is_usable(base, each, text) or not _fits(base, text, each.start, each.end)
        }
        if not out:
            return _made(base, intervals)
        widest = max(out.values())
        left = [text for text in left if out.get(text) != widest]


def _difference(base: str, text: str) -> tuple[int, int]:
    """The tokens of the base between the common beginning and the common end."""
    old, new = tokens(base), tokens(text)
    start = common_prefix(old, new)
    end = common_prefix(old[start:][::-1], new[start:][::-1])
    return start, len(old) - end


def _fits(base: str, text: str, start: int, end: int) -> bool:
    """Whether two texts that differ in one stretch are near-equal. Where most of what they share is within it, they
    differ in several.
    """
    old = tokens(base)
    fixed = sum(map(_is_word, old[:start])) + sum(map(_is_word, old[end:]))
    one, other = words(base), words(text)
    shared = (one & other).total()
    return share(one, other) >= SHARED and fixed >= SHARED * shared and fixed > 0


def _intervals(base: str, own: Mapping[str, tuple[int, int]], *, single: bool) -> list[_Interval]:
    """Those of all texts, from left to right; with at least one word between two."""
    found = [_Interval(*place, [text]) for text, place in own.items()]
    number = -1
    while len(found) != number:  # a stretch that was widened may meet the next one
        number = len(found)
        found = _united(base, found, single=single)
        for each in found:
            _widen(base, each)
    return found


def _united(base: str, intervals: Iterable[_Interval], *, single: bool) -> list[_Interval]:
    old = tokens(base)
    found: list[_Interval] = []
    for each in sorted(intervals, key=lambda each: (each.start, each.end)):
        last = found[-1] if found else None
        if last and (single or not any(map(_is_word, old[last.end : each.start]))):
            last.end = max(last.end, each.end)
            last.texts += each.texts
        else:
            found.append(each)
    return found


def _widen(base: str, of: _Interval) -> None:
    """Let a stretch begin and end with ink in each text, and have a word."""
    old = tokens(base)
    while not all(map(_may_be_value, parts := [*_slices(base, of)])):
        at_end = of.end == len(old)
        if not at_end and any(part and part[-1].isspace() for part in parts):
            of.end += 1
        elif of.start and (at_end or _blank(parts) or not old[of.start - 1].isspace()):
            of.start -= 1
        elif not at_end:
            of.end += 1
        else:
            break


def _slices(base: str, of: _Interval) -> Iterator[Sequence[str]]:
    """What each text has in the stretch, in tokens."""
    old = tokens(base)
    yield old[of.start : of.end]
    for text in of.texts:
        new = tokens(text)
        yield new[of.start : len(new) - (len(old) - of.end)]


def _blank(parts: Iterable[Sequence[str]]) -> bool:
    return any(part and part[0].isspace() for part in parts)


def _is_usable(base: str, of: _Interval, text: str) -> bool:
    """Whether a parameter may have what the text and the base hold in the stretch."""
    parts = _slices(base, _Interval(of.start, of.end, [text]))
    return all(_may_be_value(part) and not _MARKED.search("".join(part)) for part in parts)


def _may_be_value(part: Sequence[str]) -> bool:
    """Whether it begins and ends with ink, and has a word."""
    return bool(part) and not part[0].isspace() and not part[-1].isspace() and any(map(_is_word, part))


def _made(base: str, intervals: Sequence[_Interval]) -> Stretched:
    old = tokens(base)
    parts, held, at = [], [], 0
    for each in intervals:
        parts.append("".join(old[at : each.start]))
        held.append("".join(old[each.start : each.end]))
        at = each.end
    parts.append("".join(old[at:]))
    values = {base: tuple(held)}
    for number, each in enumerate(intervals):
        own = list(_slices(base, each))[1:]
        for text, part in zip(each.texts, own, strict=True):
            values[text] = (*held[:number], "".join(part), *held[number + 1 :])
    return Stretched(tuple(parts), tuple(held), values)


# What a title says

TITLE_FACTS: Final = {
    "job-title": "The job",
    "role": "The job within a sentence",
    "place": "Where the job is",
}
"""Names of parameters, and what they are about."""
_BRACES: Final = re.compile(r"[{}]")
_SEPARATOR: Final = re.compile(r"\s+[-/|@\u2013\u2014\u00b7]\s+|\s*[,;|]\s+")


def title_facts(title: str, texts: Iterable[str]) -> dict[str, str]:
    """What texts repeat of a title such as `Engineer, Paris`, by name of the parameter; the role is the job in other
    letters.
    """
    job, *others = [part.strip() for part in _SEPARATOR.split(title)]
    role = (match for text in texts for match in _repeated(job, re.IGNORECASE).findall(text) if match != job)
    found = {"job-title": job, "role": next(role, "") if job else "", "place": others[-1] if others else ""}
    return {name: value for name, value in found.items() if value and not _BRACES.search(value)}


def with_markers(text: str, facts: Mapping[str, str]) -> str:
    """The text with markers in the place of the values."""
    for name in sorted(facts, key=lambda name: -len(facts[name])):
        text = _repeated(facts[name]).sub(f"{{{{param.{name}}}}}", text)
    return text


@lru_cache(maxsize=4096)
def _repeated(value: str, flags: int = 0) -> re.Pattern[str]:
    """Whole words, outside of `{{…}}`."""
    return re.compile(rf"(?<!\w){re.escape(value)}(?!\w)(?![^{{}}]*\}}\}})", flags)
