"""Which files there are, and their text. The only part of the loader that touches the disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kalentops.errors import UsageError
from kalentops.finding import Finding

MAX_BYTES = 1 << 20
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Source:
    """A file to load: where it is, and the name under which findings speak of it."""

    path: str
    name: str


def find(root: Path, places: Iterable[Path]) -> list[Source]:
    """The YAML files at and below `places`, in a stable order, each once.

    `root` is the folder of the project; names are relative to it. Names that begin with a dot are passed
    over. Raises UsageError where a place does not exist.
    """
    found: dict[str, Source] = {}
    for place in places:
        if not os.path.lexists(place):
            raise UsageError(
                f"there is no {_name(root, str(place))}",
                hint="run it in the folder of your repository, or pass -C DIR or the right path",
            )
        for path in [str(place)] if not place.is_dir() else _below(str(place)):
            found.setdefault(path, Source(path, _name(root, path)))
    return sorted(found.values(), key=lambda source: source.name)


def _below(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda e: e.name):
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _below(entry.path)
            elif entry.name.endswith(SUFFIXES) or (entry.is_symlink() and entry.is_dir()):
                yield entry.path


def _name(root: Path, path: str) -> str:
    absolute = os.path.abspath(path)  # noqa: PTH100 - a symbolic link has to keep its own name
    inside = os.path.commonpath([absolute, root]) == str(root)
    return Path(os.path.relpath(absolute, root) if inside else absolute).as_posix()


def read(source: Source, root: Path) -> str | Finding:
    """The text of a file, or the finding that says why it has none."""
    try:
        return _read(source, root)
    except OSError as error:
        return _unreadable(
            source, f"it can't be read: {error.strerror or error}", "mend its permissions or the path"
        )
    except UnicodeDecodeError as error:
        return _unreadable(source, f"not UTF-8, at byte {error.start + 1}", "save it as UTF-8")


def _read(source: Source, root: Path) -> str | Finding:
    path = Path(source.path)
    if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
        return _unreadable(
            source, "a symbolic link that leaves the project", "copy the file into the project"
        )
    # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return _unreadable(source, "not a regular file", "put a file in its place")
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        return Finding(
            source.name, 1, 1, "KAL002", "larger than 1 MiB", "split it; several files may serve one sourcing"
        )
    return data.decode("utf-8-sig")


def _unreadable(source: Source, message: str, hint: str) -> Finding:
    return Finding(source.name, 1, 1, "KAL001", message, hint)
