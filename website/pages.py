"""The pages that are made from the code. `python -m website write` writes them; a test compares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from website import commands, exit_codes, fields, figures, rules, settings

DOCS: Final = Path(__file__).parents[1] / "docs"
# Below `docs/`: what makes the page's whole text.
PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "explanation/figures.md": figures.page,
    "reference/commands.md": commands.page,
    "reference/exit-codes.md": exit_codes.page,
    "reference/fields.md": fields.page,
    "reference/rules.md": rules.page,
    "reference/settings.md": settings.page,
}


def write_pages() -> None:
    """Write each page that is not what the code says today."""
    for name, make in PAGES.items():
        path = DOCS / name
        text = make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
