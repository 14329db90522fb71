"""A text holds characters that can't be seen, or that reorder what is seen.

They are copied from web pages and chat windows, or they hide from the reviewer what is sent. An emoji's own joiners
are fine.

Wrong:
    content: Hi<zero width space>{{firstname}}

Right:
    content: Hi {{firstname}}
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import DataPath, Problem, Severity
from kalentops.lint.rule import Rule
from kalentops.lint.summary import Summary
from kalentops.lint.texts import CONTROL
from kalentops.support.text import character_name, unseen


def _may_find(of: Summary) -> bool:
    return any(map(_may_be_unseen, of.prose.characters))


@lru_cache(maxsize=4096)
def _may_be_unseen(char: str) -> bool:
    """Whether it is unseen alone: a character that is seen alone is seen in every text."""
    return bool(unseen(char))


def check(blueprint: Blueprint) -> Iterator[Problem]:
    yield from _look(("name",), blueprint.name)
    for index, step in enumerate(blueprint.steps):
        for field, text in (("id", step.id), ("name", step.name), *step.texts()):
            yield from _look(("steps", index, field), text)


def _look(place: DataPath, text: str) -> Iterator[Problem]:
    if text.isascii() and text.isprintable():
        return
    # In a field of one line, control characters are KAL027.
    found = [each for each in unseen(text) if place[-1] == "content" or not CONTROL.match(each[1])]
    if found:
        index, char = found[0]
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        yield Problem(
            place,
            f"an invisible character: {character_name(char)}{more}",
            "delete it, or retype the words around it",
            index,
        )


RULE = Rule(
    "KAL309",
    "unseen-characters",
    __doc__,
    check,
    reads=frozenset({"id", "name", "subject", "content"}),
    each_alone=True,
    severity=Severity.WARNING,
    prefilter=_may_find,
)
