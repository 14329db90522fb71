"""The files of a project as an earlier commit had them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kalentops.git import history as git
from kalentops.project.files import MAX_BYTES, SUFFIXES


@dataclass(frozen=True, slots=True)
class Earlier:
    """What there was: `rev` as it was asked for, the commit that it names, and what the files held, by their names.
    `unread` is the number of those that can't be read; `paths` are those of all files at the places.
    """

    rev: str
    commit: str
    contents: Mapping[str, bytes]
    unread: int
    paths: frozenset[str]

    def texts(self) -> dict[str, str]:
        """The files that are UTF-8."""
        found = {}
        for name, data in self.contents.items():
            try:
                found[name] = data.decode()
            except UnicodeDecodeError:
                continue
        return found


def read_earlier(root: Path, places: Sequence[Path], rev: str) -> Earlier:
    """The files at `places` as `rev` had them. Raises UsageError."""
    commit = git.commit_of(root, rev)
    inside = _inside(root, places)
    every = git.files(root, commit, inside)
    blobs = [blob for blob in every if _counts(blob.path, inside)]
    readable = [blob for blob in blobs if not blob.link and blob.size <= MAX_BYTES]
    contents = git.contents(root, (blob.oid for blob in readable))
    held = {blob.path: contents[blob.oid] for blob in readable}
    return Earlier(rev, commit, held, len(blobs) - len(readable), frozenset(blob.path for blob in every))


def _inside(root: Path, places: Iterable[Path]) -> list[str]:
    """The places that lie in `root`, relative to it."""
    found = (Path(os.path.relpath(place, root)).as_posix() for place in places)
    return [each for each in found if each != ".." and not each.startswith("../")]


def _counts(path: str, places: Iterable[str]) -> bool:
    """Whether the loader would find a file: what is named itself, and below a folder what looks like YAML and has no
    name on its way that begins with a dot.
    """
    for place in places:
        below = path if place == "." else path.removeprefix(f"{place}/")
        if path == place:
            return True
        if (place == "." or below != path) and path.endswith(SUFFIXES):
            return not any(part.startswith(".") for part in below.split("/"))
    return False
