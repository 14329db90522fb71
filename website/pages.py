"""The pages that are made from the code. `python -m website write` writes them; a test compares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from kalentops.output.schemas import FORMATS
from website import commands, exit_codes, fields, figures, formats, index, rules, settings

DOCS: Final = Path(__file__).parents[1] / "docs"
# Below `docs/`: what makes the page's whole text.
PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "explanation/figures.md": figures.page,
    "index.md": index.page,
    "reference/commands.md": commands.page,
    "reference/exit-codes.md": exit_codes.page,
    "reference/fields.md": fields.page,
    "reference/json.md": formats.page,
    **{f"reference/schemas/{name}.schema.json": partial(formats.schema_file, name) for name in FORMATS},
    "reference/rules.md": rules.page,
    "reference/settings.md": settings.page,
}


def write_pages() -> None:
    """Write each page that is not what the code says today."""
    for name, make in PAGES.items():
        path = DOCS / name
        text = make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
