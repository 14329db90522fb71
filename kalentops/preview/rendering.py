"""A text as a candidate would read it: what stands where, before and after the variables are filled in. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from kalentops.blueprint.model import VARIABLES
from kalentops.lint.texts import variables
from kalentops.support.confusables import hidden
from kalentops.support.text import character_name, unseen
from kalentops.support.word_diff import Piece, compare

Sample: TypeAlias = Mapping[str, str]
Mark: TypeAlias = Literal["same", "old", "new"]

MAX_SHOWN: Final = 20_000
"""Characters of one text on the page. Nobody sends a message of this length; a page has to open all the same."""

SAMPLES: Final[tuple[Sample, ...]] = (
    {
        "firstname": "Ada",
        "lastname": "Example",
        "candidateJobTitle": "Data engineer",
        "candidateCompanyName": "Example Company",
        "candidateLocation": "Lyon",
        "sourcingJobTitle": "Platform engineer",
        "sourcingLocation": "Paris",
        "recruiterFirstname": "Robin",
        "recruiterLastname": "Sample",
    },
    {
        "firstname": "Maximiliane-Theodora",
        "lastname": "Beispiel",
        "candidateJobTitle": "Senior Principal Software Engineer, Distributed Systems",
        "candidateCompanyName": "Beispielwerke für angewandte Musterkunde",
        "candidateLocation": "Frankfurt am Main",
        "sourcingJobTitle": "Senior Backend Engineer, Platform and Reliability",
        "sourcingLocation": "Aix-en-Provence",
        "recruiterFirstname": "Anne-Catherine",
        "recruiterLastname": "Échantillon",
    },
    {
        "firstname": "Zoé",
        "lastname": "Modèle",
        "sourcingJobTitle": "Designer",
        "sourcingLocation": "Lille",
        "recruiterFirstname": "Robin",
        "recruiterLastname": "Sample",
    },
)
"""Who reads the messages where the configuration names nobody: somebody, somebody for whom everything is long, and
somebody of whom little is known. All invented.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text. `text` is what is written; for a variable its name, for an unseen character (or a run of
    them) what stands in for it. `note` says more where there is more to say.
    """

    kind: Literal["text", "variable", "unknown", "unseen", "cut"]
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """Parts that are the same in both versions of a text, or only in the old or the new one."""

    mark: Mark
    parts: tuple[Part, ...]


def fill(text: str, sample: Sample) -> str:
    """The text with the variables filled in, once: what a value holds is not looked at. What is missing is empty."""
    filled, at = [], 0
    for token, name, start in variables(text):
        if _exists(token, name):
            filled += [text[at:start], sample.get(name, "")]
            at = start + len(token)
    return "".join([*filled, text[at:]])


def missing(text: str, sample: Sample) -> tuple[str, ...]:
    """The variables of the text that the sample says nothing for, each once."""
    names = [name for token, name, _ in variables(text) if _exists(token, name) and not sample.get(name)]
    return tuple(dict.fromkeys(names))


def parts(text: str) -> tuple[Part, ...]:
    """What to show of a text, in reading order."""
    shown = text[:MAX_SHOWN]
    found: list[Part] = []
    at = 0
    for token, name, start in variables(shown):
        found += _plain(shown[at:start])
        if _exists(token, name):
            found.append(Part("variable", name))
        else:
            found += [Part("unknown", part.text) if part.kind == "text" else part for part in _plain(token)]
        at = start + len(token)
    found += _plain(shown[at:])
    if len(text) > MAX_SHOWN:
        found.append(Part("cut", f"{len(text) - MAX_SHOWN:,} more characters are not shown here"))
    return tuple(found)


def runs(text: str) -> tuple[Run, ...]:
    """A text that is compared with nothing."""
    return (Run("same", parts(text)),) if text else ()


def both(before: str, after: str) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    """Two versions of a text, with what is only in one of them marked, word by word. What looks like something else
    is shown by its number.
    """
    pieces = compare(before[:MAX_SHOWN], after[:MAX_SHOWN])
    marks, _ = hidden(pieces)
    marked = list(zip(pieces, marks, strict=True))
    return _side(marked, "old", before), _side(marked, "new", after)


def _side(pieces: Sequence[tuple[Piece, frozenset[int]]], mine: Mark, whole: str) -> tuple[Run, ...]:
    found = [
        Run(mark, _revealed(text, marks)) for (mark, text), marks in pieces if mark in {"same", mine} and text
    ]
    return (*found, Run("same", parts(whole)[-1:])) if len(whole) > MAX_SHOWN else tuple(found)


def _revealed(text: str, marks: frozenset[int]) -> tuple[Part, ...]:
    found: list[Part] = []
    at = 0
    for index in sorted(marks):
        if text[index].isascii() and text[index] not in " \t\r":
            continue
        name = f"looks like something else: {character_name(text[index])}"
        found += [*parts(text[at:index]), Part("unseen", f"U+{ord(text[index]):04X}", name)]
        at = index + 1
    return (*found, *parts(text[at:]))


def _exists(token: str, name: str) -> bool:
    return name in VARIABLES and len(token) == len(name) + 4


def _plain(text: str) -> Iterator[Part]:
    """Text and, where characters can't be seen, a stand-in for each run of them."""
    at = 0
    for start, end in _unseen_runs(text):
        if start > at:
            yield Part("text", text[at:start])
        yield _stand_in(text[start:end])
        at = end
    if at < len(text):
        yield Part("text", text[at:])


def _unseen_runs(text: str) -> Iterator[tuple[int, int]]:
    start = end = -1
    for index, _ in unseen(text):
        if index != end:
            if start >= 0:
                yield start, end
            start = index
        end = index + 1
    if start >= 0:
        yield start, end


_NAMED: Final = 5


def _stand_in(run: str) -> Part:
    chars = list(dict.fromkeys(run))
    shown = f"U+{ord(run[0]):04X}"
    if len(run) > 1:
        shown += f" \u00d7{len(run)}" if len(chars) == 1 else f" +{len(run) - 1}"
    names = ", ".join(character_name(char) for char in chars[:_NAMED])
    more = f" and {len(chars) - _NAMED} others" if len(chars) > _NAMED else ""
    return Part("unseen", shown, f"can't be seen: {names}{more}")
