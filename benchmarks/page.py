"""The figures in `benchmarks/README.md`: a section for each part, between two comments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).with_name("README.md")
_BEGIN: Final = "<!-- figures: `python -m benchmarks --write` -->\n"
_END: Final = "<!-- end of the figures -->\n"


def with_figures(page: str, machine: str, found: Mapping[str, str], order: Iterable[str]) -> str:
    """The page with the sections of the parts that were measured. Those of other parts stay if they are of the same
    machine.
    """
    before, _, rest = page.partition(_BEGIN)
    earlier, _, after = rest.partition(_END)
    head, *sections = re.split(r"^### (?=\w+\n)", earlier, flags=re.MULTILINE)
    kept = {}
    if head.strip() == machine:
        kept = {name: text.strip() for name, _, text in (each.partition("\n") for each in sections)}
    texts = {**kept, **found}
    shown = "\n\n".join(f"### {name}\n\n{texts[name].strip()}" for name in order if name in texts)
    return f"{before}{_BEGIN}\n{machine}\n\n{shown}\n\n{_END}{after}"
