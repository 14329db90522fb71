"""The figures of a message, for each sample candidate: characters, segments, reading time. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kalentops.blueprint.model import VARIABLES, Step
from kalentops.lint.kal301_long_invitation import LIMIT as INVITATION
from kalentops.lint.kal303_long_inmail_subject import LIMIT as INMAIL_SUBJECT
from kalentops.lint.sms import measure
from kalentops.preview.rendering import Sample, fill, missing
from kalentops.preview.view import Counter
from kalentops.support.text import count

# What studies of silent reading find on average: 230 to 240 words of prose in a minute.
_WORDS_A_MINUTE: Final = 230
# A text with its variables: each stands for itself.
_RAW: Final[Sample] = {name: f"{{{{{name}}}}}" for name in VARIABLES}


@dataclass(frozen=True, slots=True)
class _Figure:
    """`size` decides which sample is the worst; `least` where a variable without a value may make it more."""

    text: str
    size: int
    over: bool = False


def counters(step: Step, samples: Sequence[Sample], labels: Sequence[str]) -> Iterator[Counter]:
    """The counters of a step; none for an invitation that takes no message. `labels` name the samples."""
    if step.linkedInType == "LINKEDIN_INVITATION":
        return
    invitation = step.linkedInType == "LINKEDIN_INVITATION_WITH_MESSAGE"
    if step.linkedInType == "LINKEDIN_INMAIL" and step.subject is not None:
        yield _counter("Subject", step.subject, samples, labels, _limited(INMAIL_SUBJECT))
    if step.type == "SMS":
        yield _counter("Length", step.content, samples, labels, _segments)
    else:
        figure = _limited(INVITATION) if invitation else _characters
        yield _counter("Length", step.content, samples, labels, figure)
    yield _counter("Reading time", step.content, samples, labels, _reading_time)


def _counter(
    label: str,
    text: str,
    samples: Sequence[Sample],
    labels: Sequence[str],
    figure: Callable[[str], _Figure],
) -> Counter:
    figures = [figure(fill(text, sample)) for sample in (*samples, _RAW)]
    least = [
        "at least " if missing(text, sample) and label != "Reading time" else ""
        for sample in (*samples, _RAW)
    ]
    values = tuple(f"{more}{each.text}" for more, each in zip(least, figures, strict=True))
    over = tuple(each.over for each in figures)
    return Counter(label, values, over, _warning(figures[:-1], labels))


def _warning(figures: Sequence[_Figure], labels: Sequence[str]) -> str:
    over = [each for each in figures if each.over]
    if not over:
        return ""
    worst = max(range(len(figures)), key=lambda number: figures[number].size)
    whom = "every candidate" if len(over) == len(figures) else f"{len(over)} of {len(figures)} candidates"
    return f"Too long for {whom}; the worst is {labels[worst]}: {figures[worst].text}"


def _limited(limit: int) -> Callable[[str], _Figure]:
    def figure(text: str) -> _Figure:
        length = len(text.strip())
        return _Figure(f"{length:,} of {limit} characters", length, length > limit)

    return figure


def _characters(text: str) -> _Figure:
    length = len(text.strip())
    return _Figure(count(length, "character"), length)


def _segments(text: str) -> _Figure:
    size = measure(text)
    if size.segments == 1:
        said = f"1 segment, {size.units} of {size.room} characters"
    else:
        said = f"{size.segments:,} segments, {size.units:,} characters ({size.room} fit in one)"
    return _Figure(said, size.units, size.segments > 1)


def _reading_time(text: str) -> _Figure:
    seconds = round(len(text.split()) * 60 / _WORDS_A_MINUTE)
    if seconds < 60:  # noqa: PLR2004
        return _Figure(f"{max(5, -(-seconds // 5) * 5)} seconds", seconds)
    return _Figure(f"about {count(round(seconds / 60), 'minute')}", seconds)
