"""Why something is as it is, and what a person can do about it. Pure data."""

from __future__ import annotations

from typing import NamedTuple, Self


class Remedy(NamedTuple):
    """What somebody can do: in a word or two (`take it`), what to type or write for it, and what to know about that."""

    label: str
    code: str
    note: str = ""

    def __str__(self) -> str:
        return f"{self.label}: `{self.code}`" + (f" ({self.note})" if self.note else "")


class Explanation(str):
    """A reason in one string, for programs. For people it has parts: `said`, a short sentence, and the ways on from it.

    It is a string so that what has no ways needs none of this; put into another string, it is whole.
    """

    __slots__ = ("said", "ways")
    said: str
    ways: tuple[Remedy, ...]

    def __new__(cls, said: str, *ways: Remedy) -> Self:
        made = super().__new__(cls, "; ".join([said, *map(str, ways)]))
        made.said, made.ways = said, ways
        return made


def together(*reasons: str) -> str:
    """One reason of several: first what they say, then all their ways. Empty ones say nothing."""
    parts = [parted(each) for each in reasons if each]
    said, ways = "; ".join(said for said, _ in parts), [way for _, of in parts for way in of]
    return Explanation(said, *ways) if ways else said


def parted(reason: str) -> tuple[str, tuple[Remedy, ...]]:
    """What is said, and the ways on, if there are any."""
    return (reason.said, reason.ways) if isinstance(reason, Explanation) else (reason, ())
