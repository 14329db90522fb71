"""What a text report consists of: lines of pieces, each with a style. Pure data; the console knows colours."""

from __future__ import annotations

from typing import Literal, TypeAlias

Style: TypeAlias = Literal["", "bold", "dim", "good", "bad", "warn", "old", "new"]
Piece: TypeAlias = tuple[str, Style]
Line: TypeAlias = tuple[Piece, ...]


def line(*pieces: str | Piece) -> Line:
    return tuple((piece, "") if isinstance(piece, str) else piece for piece in pieces)


def plain(of: Line) -> str:
    return "".join(text for text, _ in of)


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 file`, `2 files`, `1,000 files`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
