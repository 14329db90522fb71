"""Where new files go: the folder of blueprints, or the file that somebody has named. Looks at the disk, and changes
nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from kalentops.adopt.naming import FileNames
from kalentops.errors import StoreFailure, UsageError
from kalentops.project.files import SUFFIXES
from kalentops.support.text import clip

_CONFIGURATION: Final = "kalentops.yaml"


class Place:
    """A folder and the names that are free in it. `first` is what the first file is to be called, where somebody
    has said so. Reading the folder may raise StoreFailure.
    """

    def __init__(self, root: Path, folder: Path, first: str | None = None) -> None:
        self.root = root
        self._folder = folder
        self._first = first
        self._names = FileNames([*_listed(folder), *([first] if first else [])])

    def take(self, stem: str) -> Path:
        """A path that is free. It is taken with that."""
        first, self._first = self._first, None
        return self._folder / (first or self._names.take(stem))

    def name(self, path: Path) -> str:
        """What findings call a file: relative to the project, with forward slashes."""
        return Path(os.path.relpath(path, self.root)).as_posix()


def folder_place(root: Path, folder: Path) -> Place:
    """The folder of blueprints, which need not exist yet. Raises UsageError, StoreFailure."""
    if os.path.lexists(folder) and not folder.is_dir():
        raise UsageError(
            f"{folder} is no folder, and import writes a file for each sourcing",
            hint="set `blueprints:` in kalentops.yaml to a folder",
        )
    return Place(root, folder)


def file_place(root: Path, blueprints: Path, file: Path) -> Place:
    """The place of a new file that somebody has named.

    Raises UsageError where it exists, lies elsewhere than in the folder of blueprints (through links, too), or would
    not be read as a file of blueprints; StoreFailure.
    """
    shown = clip(str(file), 200)
    if file.suffix not in SUFFIXES:
        raise UsageError(f"{shown} would not be read: blueprint files end in .yaml or .yml")
    try:
        top, folder = blueprints.resolve(), file.parent.resolve()
        there = _is_there(file)
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(f"{shown} is no path: {error}") from None
    if not folder.is_relative_to(top):
        raise UsageError(
            f"{shown} lies outside of {blueprints}, where the blueprints are",
            hint=f"pass a file in it, such as --file {_example(root, blueprints, file)}",
        )
    if there:
        raise UsageError(
            f"{shown} exists, and import overwrites nothing",
            hint="pass another --file, or none: then the file gets a name of its own; several files may serve one "
            "sourcing",
        )
    within = folder.relative_to(top)
    if any(part.startswith(".") for part in (*within.parts, file.name)):
        raise UsageError(f"{shown} would not be read: names that begin with a dot are passed over")
    if folder == root.resolve() and file.name.casefold() == _CONFIGURATION:
        raise UsageError(f"{shown} would be read as the configuration", hint="pass another --file")
    return Place(root, blueprints / within, file.name)


def _is_there(file: Path) -> bool:
    """Raises ValueError, OSError for what can't be the name of a file."""
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _example(root: Path, blueprints: Path, file: Path) -> str:
    return Path(os.path.relpath(blueprints / file.name, root)).as_posix()


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names are what is asked for
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreFailure(f"{folder} can't be read: {error.strerror or error}") from error
