"""The shape of each version of each format: its schema without words. `python -m tests.formats.shapes` writes those of
new versions; that of an existing version never changes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from kalentops.output.schemas import FORMATS, format_schema

SHAPES: Final = Path(__file__).parent / "shapes"


def shape(name: str) -> Any:
    return _without_words(format_schema(name))


def shape_file(name: str) -> Path:
    return SHAPES / f"{name}-{FORMATS[name].version}.json"


def _without_words(of: Any) -> Any:
    if isinstance(of, list):
        return [_without_words(each) for each in of]
    if not isinstance(of, dict):
        return of
    # A field may be called `title` as well: its value is a schema.
    words = {key for key in ("title", "description") if isinstance(of.get(key), str)}
    return {key: _without_words(value) for key, value in of.items() if key not in words}


if __name__ == "__main__":
    SHAPES.mkdir(exist_ok=True)
    for each in FORMATS:
        if not shape_file(each).exists():
            text = json.dumps(shape(each), indent=1, sort_keys=True)
            shape_file(each).write_text(text + "\n", encoding="utf-8")
