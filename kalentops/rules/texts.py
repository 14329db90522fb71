"""Looking for something in the texts of a blueprint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kalentops.model import Blueprint

VARIABLE: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)

Place = tuple[str | int, ...]


def occurrences(blueprint: Blueprint, part: str) -> Iterator[tuple[Place, str]]:
    """The texts that hold `part`, each with its place."""
    for index, step in enumerate(blueprint.steps):
        for field, text in step.texts():
            if part in text:
                yield ("steps", index, field), text


def variables(text: str) -> Iterator[tuple[str, str, int]]:
    """Everything in double braces: (as it stands there, what is inside, which occurrence of it this is)."""
    for match in VARIABLE.finditer(text):
        yield match[0], match[1], text.count(match[0], 0, match.start())
