"""The sequences as an earlier commit had them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kalentops.lint.finding import Severity
from kalentops.project.check import CheckOptions, Desired, check_text
from kalentops.project.load import read_earlier
from kalentops.support.text import count


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
    earlier = read_earlier(root, places, rev)
    desired: dict[str, Desired] = {}
    partial = earlier.unread
    for name, data in earlier.contents.items():
        found, whole = _read(root, name, data)
        partial += not whole
        for each in found:
            desired.setdefault(each.address, each)
    said = f"{count(partial, 'file')} could not be read completely in {rev}: what they held there may seem new here"
    return Before(rev, earlier.commit, desired, (said,) if partial else ())


def _read(root: Path, name: str, data: bytes) -> tuple[list[Desired], bool]:
    """The blueprints in which nothing stands in for what could not be read, and whether these are all."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return [], False
    result = check_text(CheckOptions(root, known={}), name, text)
    found = [each for each in result.desired if not each.placeholders]
    whole = not any(each.severity is Severity.ERROR for each in result.findings)
    return found, whole and len(found) == len(result.desired)
