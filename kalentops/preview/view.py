"""What the page shows: plain data, in words, ready to be laid out. Made by `page`, read by the templates alone.

Strings here are safe to look at (nothing in them is invisible), and not yet safe for HTML: escaping is the
template's job.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from kalentops.preview.phrases import NOTHING, Phrase, joined

Mark: TypeAlias = Literal["same", "old", "new"]
Status: TypeAlias = Literal["", "same", "new", "changed", "removed"]
Style: TypeAlias = Literal["invitation", "linkedin", "inmail", "email", "whatsapp", "sms", "unknown"]
Choice: TypeAlias = tuple[tuple[int, int], ...]
"""Pairs of the number of a member and the number of what it has."""
Channel: TypeAlias = Literal["linkedin", "email", "whatsapp", "sms", "unknown"]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text. `text` is what is written; for a variable its name, for an unseen character (or a run of
    them) what stands in for it, for a user the id. `note` says more where there is more to say; `cut` has that alone.
    """

    kind: Literal["text", "variable", "unknown", "unseen", "cut", "user"]
    text: str
    note: Phrase = NOTHING


@dataclass(frozen=True, slots=True)
class Run:
    """Parts that are the same in both versions of a text, or only in the old or the new one."""

    mark: Mark
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """A sample candidate: the name, a label for the switch, and the values of those variables that have one."""

    name: Phrase
    label: Phrase
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Note:
    """A finding. `where` is its place in the files. `only` names the positions that have it, where not all have."""

    severity: Literal["error", "warning"]
    code: str
    message: str
    hint: str
    where: str
    only: Phrase = NOTHING


@dataclass(frozen=True, slots=True)
class Counter:
    """A figure of a message: one value, and whether it is too much, for each sample, and one for the text with its
    variables at the end. `warning` is about the worst of them, or empty.
    """

    label: Phrase
    values: tuple[Phrase, ...]
    over: tuple[bool, ...]
    warning: Phrase = NOTHING


@dataclass(frozen=True, slots=True)
class Message:
    """What arrives. `note` says why there is no text, or something about it."""

    style: Style
    sender: tuple[Run, ...]
    to: tuple[Run, ...]
    subject: tuple[Run, ...]
    body: tuple[Run, ...]
    note: Phrase = NOTHING


@dataclass(frozen=True, slots=True)
class Day:
    """When a step goes out: `Day 3`; `detail` is the time within the day."""

    title: Phrase
    detail: Phrase = NOTHING

    @property
    def text(self) -> Phrase:
        return joined(filter(None, (self.title, self.detail)), ", ")


@dataclass(frozen=True, slots=True)
class Wait:
    """The time before a step. `size` is how long it looks: 0 (none) to 6 (two weeks or more), 7 if unknown."""

    text: Phrase
    size: int


@dataclass(frozen=True, slots=True)
class Fact:
    """Something unusual about a step in words, such as who else sends it."""

    label: Phrase
    text: Phrase


@dataclass(frozen=True, slots=True)
class Change:
    """One change. An empty text stands for nothing. `apart` says what a reader of both can't see, in English."""

    label: Phrase
    before: Phrase
    after: Phrase
    apart: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One message of a sequence. `key` is its id. `before` is set if its text changed, `was` if its day changed.

    Where the sequence stands for several blueprints, they have one of the `variants` each: the same step with another
    name, day, texts and counters. `choice` has pairs of a member and its variant, for those that have the step.
    """

    anchor: str
    name: Phrase
    kind: Phrase
    channel: Channel
    day: Day
    wait: Wait
    message: Message
    facts: tuple[Fact, ...]
    counters: tuple[Counter, ...]
    notes: tuple[Note, ...]
    status: Status = ""
    was: Phrase = NOTHING
    before: Message | None = None
    changes: tuple[Change, ...] = ()
    key: str = ""
    variants: tuple[Step, ...] = ()
    choice: Choice = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A blueprint that a sequence stands for, with its position. `anchor` is the fragment of its URL."""

    anchor: str
    sourcing: str
    title: str
    place: str
    name: Phrase
    summary: Phrase
    sample: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sequence:
    """A blueprint, or several that are alike: `members`; the rest is the first one's, `anchor` the fragment of its URL.
    `language` is that of the texts, or empty. `remarks` name positions that one would expect among the members.
    `changes` are those outside of steps, once for the members that have the same ones.
    """

    anchor: str
    address: str
    name: Phrase
    summary: Phrase
    status: Status
    steps: tuple[Step, ...]
    channels: tuple[Channel, ...]
    notes: tuple[Note, ...]
    changes: tuple[tuple[tuple[Change, ...], Choice], ...]
    settles: bool
    errors: int
    warnings: int
    language: str = ""
    members: tuple[Member, ...] = ()
    remarks: tuple[Phrase, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """The sequences of one position, or of several. `labels` name the members of its sequences, `samples` are the
    values of variables that their positions have.
    """

    title: Phrase
    labels: tuple[str, ...]
    samples: tuple[Mapping[str, str], ...]
    sequences: tuple[Sequence, ...]


@dataclass(frozen=True, slots=True)
class FileNotes:
    """Findings that belong to a file and to no sequence that can be shown."""

    file: str
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The unchanged sequences that are left out: `note` says so, `positions` are their positions with how many of them
    each has, `files` the errors in them.
    """

    note: Phrase
    number: int
    positions: tuple[tuple[str, Phrase], ...]
    files: tuple[FileNotes, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """`against` names the commit of the comparison, or is empty. `unchanged` is None where nothing is left out."""

    title: str
    summary: Phrase
    summary_in_sourcings: Phrase
    people: tuple[Person, ...]
    groups: tuple[Group, ...]
    files: tuple[FileNotes, ...]
    against: str = ""
    remarks: tuple[Phrase, ...] = ()
    unchanged: Unchanged | None = None

    @property
    def sequences(self) -> tuple[Sequence, ...]:
        return tuple(each for group in self.groups for each in group.sequences)
