"""What to type where an optional part is not installed. No index has kalentops: it is installed from a clone."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from kalentops.errors import UsageError


def needs_emulator(what: str, error: ModuleNotFoundError) -> UsageError:
    """For `what`, which could not import a module of the extra `emulator`."""
    place = _clone()
    where = str(place) if place else "./kalentops"
    clone = "" if place else " beside your clone of kalentops"
    return UsageError(
        f"{what} needs {error.name}", hint=f"`pip install '{where}[emulator]'`{clone}, or `make demo` in it"
    )


def _clone() -> Path | None:
    """The folder that this kalentops was installed from, as pip has recorded it (PEP 610), if it is still there."""
    try:
        recorded = metadata.distribution("kalentops").read_text("direct_url.json")
        parts = urlsplit(str(json.loads(recorded or "{}")["url"]))
    except (metadata.PackageNotFoundError, ValueError, KeyError, TypeError):
        return None
    folder = Path(url2pathname(unquote(parts.path)))
    return folder if parts.scheme == "file" and (folder / "pyproject.toml").is_file() else None
