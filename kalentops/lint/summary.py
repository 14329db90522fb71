"""A blueprint at a glance: what clears most blueprints of most rules in a few microseconds.

A rule with a prefilter is run only where that holds, so a prefilter may hold too often, and never too seldom.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from kalentops.blueprint.variables import VARIABLES

if TYPE_CHECKING:  # the models need pydantic
    from kalentops.blueprint.model import Blueprint, Step


class StepKind(NamedTuple):
    """A step without its words. Each field has few values, so a project has few kinds.

    `subject` and `content` say whether there are words in it; they are None for no subject and for an empty content.
    """

    type: str
    linkedin_type: str | None
    temporality: str
    content_source: str | None
    has_delay: bool
    skips_without_contact: bool
    approves_drafts: bool
    subject: bool | None
    content: bool | None


def kind_of(step: Step) -> StepKind:
    policy, subject, content = step.policy, step.subject, step.content
    return _kind(
        step.type,
        step.linkedInType,
        step.temporalityType,
        step.contentSource,
        step.delay is not None,
        policy is not None and policy.skipStepIfNoContact is True,
        policy is not None and policy.autoValidateAIDraft is True,
        None if subject is None else bool(subject) and not subject.isspace(),
        not content.isspace() if content else None,
    )


@cache
def _kind(*values: str | bool | None) -> StepKind:
    return StepKind._make(values)


def steps_where(holds: Callable[[StepKind], bool], blueprint: Blueprint) -> Iterator[tuple[int, Step]]:
    """The steps of such kinds, with their indexes."""
    return ((index, step) for index, step in enumerate(blueprint.steps) if holds(kind_of(step)))


def invites_with_message(step: StepKind) -> bool:
    return step.linkedin_type == "LINKEDIN_INVITATION_WITH_MESSAGE"


def is_sms(step: StepKind) -> bool:
    return step.type == "SMS"


_VARIABLE: Final = re.compile(r"\{\{(?:" + "|".join(VARIABLES) + r")\}\}")
_USUAL: Final = b"abcdefghijklmnopqrstuvwxyz0123456789 \n\t.,;:!'\"()/+@=~^`|>]-"


@dataclass(slots=True, eq=False)
class Prose:
    """A text in which a line feed stands for each variable that exists.

    `lower` is the same in UTF-8, with small letters for the capital ones of ASCII. `odd` is what is left without small
    letters, digits, white space and the marks of ASCII that mean nothing to any rule. So a brace that belongs to no
    variable is in `odd`, and so is each character beyond ASCII; capitals that stand side by side in the text do so
    there.
    """

    text: str
    lower: bytes
    odd: str
    characters: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Prose:
        text = _VARIABLE.sub("\n", text) if "{{" in text else text
        data = text.encode("utf-8", "surrogatepass")  # bytes are looked through much faster
        odd = data.translate(None, _USUAL).decode("utf-8", "surrogatepass")
        return cls(text, data.lower(), odd, frozenset(odd))

    def has(self, characters: str | frozenset[str]) -> bool:
        """Whether one of these characters, which are odd ones, is in the text."""
        return not self.characters.isdisjoint(characters)


class Summary(NamedTuple):
    """`lines` are the fields of one line: the name of the blueprint, then ids, names and subjects. `texts` are what a
    candidate may read: subjects and contents. `prose` holds all of these, with a line feed between any two: what is in
    none of its lines is in no field.
    """

    blueprint: Blueprint
    kinds: list[StepKind]
    ids: list[str]
    lines: list[str]
    texts: list[str]
    prose: Prose

    @classmethod
    def of(cls, blueprint: Blueprint) -> Summary:
        steps = blueprint.steps
        ids = [step.id for step in steps]
        contents = [step.content for step in steps]
        subjects = [step.subject for step in steps if step.subject is not None]
        lines = [blueprint.name, *ids, *[step.name for step in steps], *subjects]
        prose = Prose.of("\n".join(lines + contents))
        return cls(blueprint, [kind_of(step) for step in steps], ids, lines, subjects + contents, prose)
