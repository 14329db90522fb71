"""A text as a candidate reads it: what stands where, with and without its variables, and how long it is. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from kalentops.blueprint.model import Step
from kalentops.blueprint.variables import VARIABLES
from kalentops.lint.kal301_long_invitation import LIMIT as INVITATION
from kalentops.lint.kal303_long_inmail_subject import LIMIT as INMAIL_SUBJECT
from kalentops.lint.texts import measure, variables
from kalentops.preview.phrases import NOTHING, Phrase, say, span
from kalentops.preview.view import Counter, Mark, Part, Run
from kalentops.support.text import character_name, unseen
from kalentops.support.text_diff import Piece, compare, hidden_marks

Sample: TypeAlias = Mapping[str, str]

MAX_SHOWN: Final = 20_000
"""Characters of one text on the page. No real message is this long; the page has to open all the same."""

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
"""The candidates without `samples:`: an ordinary one, one with long values, and one with few known values. All
invented.
"""


def fill(text: str, sample: Sample) -> str:
    """The text with its variables filled in, once: variables in a value stay. A missing value is empty."""
    filled, at = [], 0
    for name, start, end in _known(text):
        filled += [text[at:start], sample.get(name, "")]
        at = end
    return "".join([*filled, text[at:]])


def missing(text: str, sample: Sample) -> tuple[str, ...]:
    """The variables of the text without a value in the sample, each once."""
    return tuple(dict.fromkeys(name for name, _, _ in _known(text) if not sample.get(name)))


@lru_cache(maxsize=8)  # a text is filled in for each sample
def _known(text: str) -> tuple[tuple[str, int, int], ...]:
    """The variables that exist, with their first index and the one behind."""
    found = variables(text)
    return tuple((name, at, at + len(token)) for token, name, at in found if _exists(token, name))


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
        found.append(Part("cut", "", say("cut", n=len(text) - MAX_SHOWN)))
    return tuple(found)


def runs(text: str) -> tuple[Run, ...]:
    """A text without a comparison."""
    return (Run("same", parts(text)),) if text else ()


def both(before: str, after: str) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    """Two versions of a text, with what is only in one of them marked, word by word. What looks like something else
    is shown by its number.
    """
    pieces = compare(before[:MAX_SHOWN], after[:MAX_SHOWN])
    marks, _ = hidden_marks(pieces)
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
        name = say("looks_alike", name=character_name(text[index]))
        found += [*parts(text[at:index]), Part("unseen", f"U+{ord(text[index]):04X}", name)]
        at = index + 1
    return (*found, *parts(text[at:]))


def _exists(token: str, name: str) -> bool:
    return name in VARIABLES and len(token) == len(name) + 4


def _plain(text: str) -> Iterator[Part]:
    """Text, with a visible replacement for each run of invisible characters."""
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
    others = len(chars) - _NAMED
    note = say("unseen_more", names=names, others=others) if others > 0 else say("unseen", names=names)
    return Part("unseen", shown, note)


# What studies of silent reading find on average: 230 to 240 words of prose in a minute.
_WORDS_A_MINUTE: Final = 230
# A text with its variables: each stands for itself.
_RAW: Final[Sample] = {name: f"{{{{{name}}}}}" for name in VARIABLES}


@dataclass(frozen=True, slots=True)
class _Figure:
    """`size` decides which sample is the worst; `exact` where a variable without a value does not make it more."""

    text: Phrase
    size: int
    over: bool = False
    exact: bool = False


def counters(step: Step, samples: Sequence[Sample], labels: Sequence[Phrase]) -> Iterator[Counter]:
    """The counters of a step; none for an invitation that takes no message. `labels` name the samples."""
    if step.linkedInType == "LINKEDIN_INVITATION":
        return
    invitation = step.linkedInType == "LINKEDIN_INVITATION_WITH_MESSAGE"
    if step.linkedInType == "LINKEDIN_INMAIL" and step.subject is not None:
        yield _counter("subject", step.subject, samples, labels, _limited(INMAIL_SUBJECT))
    figure = _segments if step.type == "SMS" else _limited(INVITATION) if invitation else _characters
    yield _counter("length", step.content, samples, labels, figure)
    yield _counter("reading_time", step.content, samples, labels, _reading_time)


def _counter(
    label: str,
    text: str,
    samples: Sequence[Sample],
    labels: Sequence[Phrase],
    figure: Callable[[str], _Figure],
) -> Counter:
    figures = [figure(fill(text, sample)) for sample in (*samples, _RAW)]
    values = tuple(
        say("at_least", figure=each.text) if not each.exact and missing(text, sample) else each.text
        for sample, each in zip((*samples, _RAW), figures, strict=True)
    )
    over = tuple(each.over for each in figures)
    return Counter(say(label), values, over, _warning(figures[:-1], labels))


def _warning(figures: Sequence[_Figure], labels: Sequence[Phrase]) -> Phrase:
    over = [each for each in figures if each.over]
    if not over:
        return NOTHING
    worst = max(range(len(figures)), key=lambda number: figures[number].size)
    key = "too_long_for_all" if len(over) == len(figures) else "too_long"
    return say(key, n=len(over), all=len(figures), label=labels[worst], figure=figures[worst].text)


def _limited(limit: int) -> Callable[[str], _Figure]:
    def figure(text: str) -> _Figure:
        length = len(text.strip())
        return _Figure(say("characters_of", n=length, limit=limit), length, length > limit)

    return figure


def _characters(text: str) -> _Figure:
    length = len(text.strip())
    return _Figure(say("characters", n=length), length)


def _segments(text: str) -> _Figure:
    size = measure(text)
    key = "one_segment" if size.segments == 1 else "segments"
    said = say(key, n=size.units, room=size.room, segments=size.segments)
    return _Figure(said, size.units, size.segments > 1)


def _reading_time(text: str) -> _Figure:
    seconds = round(len(text.split()) * 60 / _WORDS_A_MINUTE)
    if seconds < 60:  # noqa: PLR2004
        return _Figure(say("second", n=max(5, -(-seconds // 5) * 5)), seconds, exact=True)
    return _Figure(say("about", span=span(round(seconds / 60) * 60)), seconds, exact=True)
