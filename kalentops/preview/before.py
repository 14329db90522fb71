"""The sequences as an earlier commit had them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kalentops.checking import Desired, Job, check_text
from kalentops.finding import Severity
from kalentops.git import history as git
from kalentops.loader.files import MAX_BYTES, SUFFIXES
from kalentops.text import count


@dataclass(frozen=True, slots=True)
class Before:
    """What there was: `rev` as it was asked for, the commit that it names, and by address what the files wanted.

    `remarks` say what of it could not be read.
    """

    rev: str
    commit: str
    desired: Mapping[str, Desired]
    remarks: tuple[str, ...] = ()


def load_before(root: Path, places: Sequence[Path], rev: str) -> Before:
    """The blueprints at `places` as `rev` had them. Raises UsageError."""
    commit = git.commit_of(root, rev)
    inside = _inside(root, places)
    blobs = [blob for blob in git.files(root, commit, inside) if _counts(blob.path, inside)]
    readable = [blob for blob in blobs if not blob.link and blob.size <= MAX_BYTES]
    contents = git.contents(root, (blob.oid for blob in readable))
    desired: dict[str, Desired] = {}
    partial = len(blobs) - len(readable)
    for blob in readable:
        found, whole = _read(root, blob.path, contents[blob.oid])
        partial += not whole
        for each in found:
            desired.setdefault(each.address, each)
    said = f"{count(partial, 'file')} could not be read completely in {rev}: what they held there may seem new here"
    return Before(rev, commit, desired, (said,) if partial else ())


def _read(root: Path, name: str, data: bytes) -> tuple[list[Desired], bool]:
    """The blueprints in which nothing stands in for what could not be read, and whether these are all."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return [], False
    result = check_text(Job(root, known={}), name, text)
    found = [each for each in result.desired if not each.stand_ins]
    whole = not any(each.severity is Severity.ERROR for each in result.findings)
    return found, whole and len(found) == len(result.desired)


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
