"""Edits of a text as pure data, and the one function that carries them out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class Refusal(Exception):
    """Why a blueprint can't be changed in its file, and what to do about it; in `hint`, ADDRESS stands for its own."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Edit:
    """`text` instead of what stands from `start` to before `end`. Where it is what stood somewhere else, with its
    comments, `origin` says where.
    """

    start: int
    end: int
    text: str
    origin: tuple[int, int] | None = None


def splice(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits; those of one place are carried out in the order in which they are given.

    Raises ValueError where edits overlap.
    """
    parts: list[str] = []
    last = 0
    for edit in sorted(edits, key=lambda each: each.start):
        if edit.start < last or edit.end < edit.start:
            raise ValueError(f"edits overlap at {edit.start}")
        parts += [text[last : edit.start], edit.text]
        last = edit.end
    return "".join([*parts, text[last:]])


def comments_left(comments: Iterable[tuple[int, str]], edits: Iterable[Edit]) -> list[str]:
    """What the edits leave of the comments, given with their places in the text before."""
    left: list[str] = []
    cuts = [edit for edit in edits if edit.start < edit.end or edit.origin]
    for at, comment in comments:
        left += [comment] * (not any(cut.start <= at < cut.end for cut in cuts))
        left += [comment for cut in cuts if cut.origin and cut.origin[0] <= at < cut.origin[1]]
    return sorted(left)
