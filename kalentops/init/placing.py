"""Files into a folder: new ones whole, nothing in place of another, nothing through a link that leads away.

Where a list of names may be in use already (`.gitignore`, `.gitattributes`), the lines that are missing are added
between two marks; every other line stays as it is.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from kalentops.support import atomic_write

BEGIN: Final = b"# >>> kalentops"
END: Final = b"# <<< kalentops"
_LARGEST: Final = 1 << 20

What: TypeAlias = Literal["created", "added to", "there already", "kept", "failed"]


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A file that is to be there. `name` is relative to the folder, with forward slashes; `lines` says that a file
    that is there is to hold these lines too; `advice` is what somebody can do by hand where the file is kept.
    """

    name: str
    text: str
    lines: bool = False
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of one. `why` explains what was kept, or what failed."""

    wanted: ProjectFile
    what: What
    why: str = ""


def place(root: Path, wanted: ProjectFile, *, dry_run: bool = False) -> Placed:
    """Put one file there, or say why not. What the disk refuses is told, not raised: the others go on."""
    path = root / wanted.name
    try:
        if os.path.lexists(path):
            return _beside(path, wanted, dry_run=dry_run)
        if not _stays_inside(root, path.parent):
            return Placed(wanted, "failed", "a link on the way there leads out of the folder")
        data = _new(wanted)
        if not dry_run:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                atomic_write.create(path, data)
            except FileExistsError:
                return Placed(wanted, "kept", "somebody else has made it meanwhile")
            atomic_write.sync_folder(path.parent)
        return Placed(wanted, "created")
    except OSError as error:
        return Placed(wanted, "failed", error.strerror or str(error))


def _new(wanted: ProjectFile) -> bytes:
    data = wanted.text.encode()
    return b"\n".join((BEGIN, *data.splitlines(), END, b"")) if wanted.lines else data


def _stays_inside(root: Path, folder: Path) -> bool:
    """Whether a folder, which need not exist yet, is in the root when all links are followed."""
    return folder.resolve().is_relative_to(root.resolve())


def _beside(path: Path, wanted: ProjectFile, *, dry_run: bool) -> Placed:
    if path.is_symlink() or not path.is_file():
        return Placed(wanted, "kept", "it is a link" if path.is_symlink() else "it is no file")
    if not _stays_inside(path.parents[wanted.name.count("/")], path.parent):
        return Placed(wanted, "kept", "a link on the way there leads out of the folder")
    with path.open("rb") as stream:
        before = stream.read(_LARGEST + 1)
    if len(before) > _LARGEST or (wanted.lines and not _is_text(before)):
        why = "it is larger than 1 MiB" if len(before) > _LARGEST else "it is not UTF-8"
        return Placed(wanted, "kept", why)
    if not wanted.lines:
        same = before.replace(b"\r\n", b"\n") == wanted.text.encode()
        return Placed(wanted, "there already") if same else Placed(wanted, "kept", "it differs")
    after = with_lines(before, wanted.text.encode().splitlines())
    if after == before:
        return Placed(wanted, "there already")
    if not dry_run:
        atomic_write.replace(path, after)
    return Placed(wanted, "added to")


def _is_text(data: bytes) -> bool:
    """Whether lines in ASCII can stand beside it: PowerShell's `>` has written many a list in UTF-16."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in data


def with_lines(text: bytes, wanted: list[bytes]) -> bytes:
    """The text of a file with the lines that it lacks, at the end of the marked block or in a new one."""
    newline = b"\r\n" if b"\r\n" in text else b"\n"
    lines = text.splitlines()
    there = {line.strip() for line in lines}
    missing = [line for line in wanted if line.strip() not in there]
    if not any(not line.startswith(b"#") for line in missing):
        return text
    if BEGIN in lines and END in lines[lines.index(BEGIN) :]:
        at = lines.index(END, lines.index(BEGIN))
        lines[at:at] = missing
    else:
        lines += [*([b""] if lines and lines[-1].strip() else []), BEGIN, *missing, END]
    return newline.join(lines) + newline
