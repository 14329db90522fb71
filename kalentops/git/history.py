"""What git knows of earlier versions of files. It only reads; what writes is `worktree.py`.

Git may be started from a hook, whose variables speak of another repository or index, and in a repository that
somebody else has written: so its environment is cleaned, nothing is fetched, and no name is taken for an option.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kalentops.errors import UsageError
from kalentops.git.worktree import without_key
from kalentops.text import clip

_SECONDS: Final = 60
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
    done = _git(folder, ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}"])
    found = done.stdout.decode(errors="replace").strip()
    if done.returncode or not found or not set(found) <= _OID:
        if done.returncode == 1:
            raise UsageError(f"git knows no commit {clip(rev)}", hint=_WHAT)
        raise UsageError(f"git refused: {_last_words(done)}", hint="run it inside of a git repository")
    return found


_WHAT: Final = "name a branch, a tag or a commit; in a shallow clone, `git fetch` it first"


def files(folder: Path, commit: str, places: Sequence[str]) -> list[Blob]:
    """The files of a commit in `folder`, at and below `places`, which are relative to it; `.` is all of it.

    Raises UsageError.
    """
    asked = [] if "." in places else list(places)
    if not asked and "." not in places:
        return []
    done = _git(folder, ["ls-tree", "-r", "-z", "--long", commit, "--", *asked])
    if done.returncode:
        raise UsageError(f"git can't list {commit[:12]}: {_last_words(done)}")
    return list(_entries(done.stdout))


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
    done = _git(folder, ["cat-file", "--batch"], "".join(f"{oid}\n" for oid in wanted).encode())
    if done.returncode:
        raise UsageError(f"git can't read the files: {_last_words(done)}")
    found: dict[str, bytes] = {}
    rest = memoryview(done.stdout)
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


def _git(folder: Path, args: list[str], data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - fixed subcommands; names stand behind `--end-of-options` or `--`
            ["git", "--no-pager", "-c", "core.fsmonitor=false", *args],  # noqa: S607 - the user's own git
            cwd=folder,
            env=_environment(),
            input=data,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise UsageError("there is no git here", hint="install git, or leave --against out") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"git gave no answer within {_SECONDS} s", hint="try it again") from None


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in without_key().items() if not name.startswith("GIT_")}
    return kept | {
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def _last_words(done: subprocess.CompletedProcess[bytes]) -> str:
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return clip(said[-1].removeprefix("fatal: "), 200) if said else f"exit code {done.returncode}"
