"""Files in the one layout: read, laid out, and put in their places."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from kalentops.project.files import Source, read_whole
from kalentops.support import atomic_write
from kalentops.yamlfile.formatting import Formatted, format_text


def format_file(source: Source, root: Path) -> Formatted:
    """What a file holds and what it should hold; nothing is written."""
    text = read_whole(source, root)
    if isinstance(text, str):
        return format_text(source.name, text)
    return Formatted(source.name, "", "", [text])


def save(source: Source, done: Formatted) -> Formatted:
    """Put a changed file in its place, whole or not at all; behind a link, the file that it leads to."""
    if not done.changed:
        return done
    path = Path(os.path.realpath(source.path))
    try:
        if path.read_bytes() != done.before.encode():
            return replace(done, after=done.before, problem="it has changed meanwhile; run it again")
        atomic_write.replace(path, done.after.encode())
    except OSError as error:
        return replace(done, after=done.before, problem=f"it can't be written: {error.strerror or error}")
    return done
