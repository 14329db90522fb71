"""Pages from two sources: text written by hand in `website/texts/`, and parts made from the code.

A line `@@NAME@@` of the text stands for the part of that name. What a generator can't know is written in the text, and
nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

TEXTS: Final = Path(__file__).parent / "texts"
_PART: Final = re.compile(r"^@@([A-Z_]+)@@$", re.MULTILINE)


def fill(name: str, parts: Mapping[str, str]) -> str:
    """The text of that name with its parts. Raises ValueError for a part that is missing, or that the text lacks."""
    text = (TEXTS / name).read_text(encoding="utf-8")
    asked = _PART.findall(text)
    if sorted(asked) != sorted(parts):
        raise ValueError(f"{name} asks for {sorted(asked)}, and gets {sorted(parts)}")
    return _PART.sub(lambda part: parts[part[1]].strip("\n"), text)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown. A `|` in a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
