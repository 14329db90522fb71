"""The words of the page in each language, from the one table `phrases.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final, Literal, TypeAlias

Language: TypeAlias = Literal["en", "fr"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "fr")
# English counts zero as many, French as one. A narrow no-break space parts French thousands.
_SINGULAR: Final[Mapping[Language, range]] = {"en": range(1, 2), "fr": range(2)}
_THOUSANDS: Final[Mapping[Language, str]] = {"en": ",", "fr": "\u202f"}
_LISTED: Final = 5
_UNITS: Final = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


@dataclass(frozen=True, slots=True)
class Phrase:
    """The same in each language."""

    en: str
    fr: str

    def __bool__(self) -> bool:
        return bool(self.en)

    def text(self, language: Language) -> str:
        return self.en if language == "en" else self.fr


NOTHING: Final = Phrase("", "")


def plain(text: str) -> Phrase:
    """What has no language of the page: a name, the text of a file."""
    return Phrase(text, text)


@lru_cache(maxsize=4096)
def say(key: str, **gaps: Phrase | str | int) -> Phrase:
    """The words below `key`, with their gaps filled. The number `n` chooses between the forms for one and for several.

    Raises KeyError for a key that is not in the table.
    """
    return Phrase(*(_fill(table()[key][language], language, gaps) for language in LANGUAGES))


def _fill(forms: str | list[str], language: Language, gaps: Mapping[str, Phrase | str | int]) -> str:
    if isinstance(forms, list):
        forms = forms[0 if gaps["n"] in _SINGULAR[language] else 1]
    return forms.format_map({name: _shown(value, language) for name, value in gaps.items()})


def _shown(value: Phrase | str | int, language: Language) -> str:
    if isinstance(value, Phrase):
        return value.text(language)
    return f"{value:,}".replace(",", _THOUSANDS[language]) if isinstance(value, int) else value


def joined(phrases: Iterable[Phrase], separator: str) -> Phrase:
    each = tuple(phrases)
    return Phrase(*(separator.join(phrase.text(language) for phrase in each) for language in LANGUAGES))


def listed(titles: Sequence[str]) -> Phrase:
    """The first titles, and the number of the others: `Data engineer, Lyon · Designer, Paris and 3 more`."""
    first = " · ".join(titles[:_LISTED])
    others = len(titles) - _LISTED
    return say("and_more", titles=first, n=others) if others > 0 else plain(first)


def span(seconds: int) -> Phrase:
    """The two largest units of a time: `3 days`, `1 day 2 hours`; empty for none."""
    found = []
    for unit, size in _UNITS:
        number, seconds = divmod(seconds, size)
        if number:
            found.append(say(unit, n=number))
    return joined(found[:2], " ")


@lru_cache(maxsize=1)
def table() -> Mapping[str, Mapping[Language, str | list[str]]]:
    """For each key its words by language: one text, or the forms for one and for several."""
    found: Mapping[str, Mapping[Language, str | list[str]]] = tomllib.loads(
        (files("kalentops.preview") / "phrases.toml").read_text(encoding="utf-8")
    )
    return found
