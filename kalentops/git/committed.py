"""What git says of one file: is it committed as it is, and is it in the last commit? Only reads, runs no filter of the
repository, and says no where there is no git, or no repository.
"""

from __future__ import annotations

from pathlib import Path

from kalentops.errors import UsageError
from kalentops.git.worktree import Worktree, looking
from kalentops.state.store.journal import MAX_BYTES
from kalentops.support import atomic_write


def is_uncommitted(file: Path) -> bool:
    """Whether there is something to commit: the file is new or differs from the last commit, and nothing ignores it.

    No for a file that git keeps in another form, such as git-lfs: only its filter could tell.
    """
    try:
        tree, data = looking(file.parent), atomic_write.read(file, MAX_BYTES)
        committed = _entry(tree, file)
        if committed is None:
            return not is_ignored(tree, file.name)
        known = any(blob_of(tree, each) in committed for each in (data, unix(data)))
        return not known and filter_of(tree, file.name) is None
    except (OSError, UsageError):
        return False


def is_in_head(file: Path) -> bool:
    """Whether the last commit of the branch has the file."""
    try:
        return _entry(looking(file.parent), file) is not None
    except (OSError, UsageError):
        return False


def is_ignored(tree: Worktree, name: str) -> bool:
    """Whether `git add` would leave a file out that it does not know yet."""
    # The one command that takes no literal names; what begins with `./` is no pattern.
    literally = {"GIT_LITERAL_PATHSPECS": "0"}
    return tree.git("check-ignore", "--quiet", "--", f"./{name}", environment=literally).code == 0


def filter_of(tree: Worktree, name: str) -> str | None:
    """The filter that a file goes through here, such as `lfs`: named in `.gitattributes`, and known to git. Asking does
    not run it.
    """
    said = tree.ask("check-attr", "-z", "filter", "--", name)
    found = said.split("\0")[2] if said and said.count("\0") > 1 else "unspecified"
    known = tree.ask("config", "--name-only", "--get-regexp", r"^filter\.") or ""
    return found if any(each.startswith(f"filter.{found}.") for each in known.splitlines()) else None


def blob_of(tree: Worktree, data: bytes, *, write: bool = False) -> str:
    """The id that git gives to these bytes as they are. Raises UsageError."""
    options = ("--no-filters", *(("-w",) if write else ()))
    return tree.git("hash-object", *options, "--stdin", data=data).told("git can't write")


def unix(data: bytes) -> bytes:
    """A state as it is committed, wherever it was checked out."""
    return data.replace(b"\r\n", b"\n")


def _entry(tree: Worktree, file: Path) -> str | None:
    return tree.ask("ls-tree", "HEAD", "--", file.name) or None
