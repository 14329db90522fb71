"""What git knows of earlier versions of files. It only reads, in a repository that somebody else may have written: no
name is taken for an option.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kalentops.errors import UsageError
from kalentops.git.worktree import looking
from kalentops.support.text import clip

_OID: Final = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of a commit. `path` is relative to the folder that was asked about, with forward slashes; `size` is in
    bytes; `link` says that it is a symbolic link.
    """

    path: str
    oid: str
    size: int
    link: bool = False


def commit_of(folder: Path, rev: str) -> str:
    """The full id of the commit that `rev` names: a branch, a tag, `HEAD~3`, an id.

    Raises UsageError where there is no git, no repository, or no such commit.
    """
    if rev.startswith("-") or not rev.strip() or "\0" in rev:
        raise UsageError(f"{clip(rev) or 'an empty name'} names no commit", hint=_WHAT)
    done = looking(folder).git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}")
    found = done.out.strip()
    if done.code == 1 or not set(found) <= _OID:
        raise UsageError(f"git knows no commit {clip(rev)}", hint=_WHAT)
    return done.told("git refused")


def is_merge(folder: Path) -> bool:
    """Whether a merge is checked out, such as the one that GitHub makes of a pull request; no without git."""
    try:
        return looking(folder).ask("rev-parse", "--verify", "--quiet", "HEAD^2") is not None
    except (OSError, UsageError):
        return False


_WHAT: Final = "name a branch, a tag or a commit; in a shallow clone, `git fetch` it first"


def files(folder: Path, commit: str, places: Sequence[str]) -> list[Blob]:
    """The files of a commit in `folder`, at and below `places`, which are relative to it; `.` is all of it.

    Raises UsageError.
    """
    asked = [] if "." in places else list(places)
    if not asked and "." not in places:
        return []
    done = looking(folder).git("ls-tree", "-r", "-z", "--long", commit, "--", *asked)
    done.told(f"git can't list {commit[:12]}")
    return list(_entries(done.data))


def _entries(listing: bytes) -> Iterator[Blob]:
    """`<mode> <type> <id> <size, padded> TAB <path>`, each ended by a null byte."""
    for entry in filter(None, listing.split(b"\0")):
        head, _, path = entry.partition(b"\t")
        mode, kind, oid, size = head.decode("ascii").split()
        if kind == "blob":  # neither a submodule nor a folder
            yield Blob(os.fsdecode(path), oid, int(size), link=mode == "120000")


def contents(folder: Path, oids: Iterable[str]) -> dict[str, bytes]:
    """What the blobs of these ids hold. Raises UsageError, too where one is not there, as in a partial clone."""
    wanted = list(dict.fromkeys(oids))
    if not wanted:
        return {}
    done = looking(folder).git("cat-file", "--batch", data="".join(f"{oid}\n" for oid in wanted).encode())
    done.told("git can't read the files")
    found: dict[str, bytes] = {}
    rest = memoryview(done.data)
    for oid in wanted:
        end = bytes(rest[:256]).find(b"\n")
        head = bytes(rest[: max(end, 0)]).split()
        if len(head) != 3:  # noqa: PLR2004 - `<id> blob <size>`, or `<id> missing`
            raise UsageError(
                f"git has no contents for {oid[:12]}", hint="fetch the whole history, then again"
            )
        size = int(head[2])
        found[oid] = bytes(rest[end + 1 : end + 1 + size])
        rest = rest[end + 2 + size :]
    return found
