"""Where a checkout stands: its branch, the main one, and what is on the remote. Nothing is fetched: what counts is
what the last fetch has brought.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kalentops.errors import UsageError
from kalentops.git.worktree import Worktree, looking


@dataclass(frozen=True, slots=True)
class Standing:
    """`branch` is checked out; `main` is the remote's main branch, None where nobody has said so. Of `upstream`,
    `behind` commits that touch the folder are not here.
    """

    branch: str
    main: str | None
    upstream: str
    behind: int


def standing(folder: Path) -> Standing | None:
    """None where no branch is checked out, and without git."""
    try:
        tree = looking(folder)
    except (OSError, UsageError):
        return None
    branch = tree.ask("symbolic-ref", "--quiet", "--short", "HEAD")
    if branch is None:
        return None
    main = _main(tree)
    followed = tree.ask("rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}")
    upstream = followed or f"origin/{branch}"
    count = tree.ask("rev-list", "--count", f"HEAD..refs/remotes/{upstream}", "--", ".")
    return Standing(branch, main.removeprefix("origin/") if main else None, upstream, int(count or 0))


def before_branch(folder: Path, names: Sequence[str], *, merge: bool) -> tuple[bytes | None, ...] | None:
    """What files in the folder held before the branch that is checked out began, None for one that was not there.

    With `merge`, HEAD is the merge of a pull request: then, what it is merged into. None where the branch has changed
    none of them, where there is no such branch, and without git.
    """
    try:
        tree = looking(folder)
    except (OSError, UsageError):
        return None
    base = _base(tree, merge=merge)
    if base is None:
        return None
    was, is_now = ([_blob(tree, commit, name) for name in names] for commit in (base, "HEAD"))
    if was == is_now:
        return None
    return tuple(None if oid is None else tree.git("cat-file", "blob", oid).data for oid in was)


def _main(tree: Worktree) -> str | None:
    """The remote's main branch, as in `origin/main`."""
    said = tree.ask("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    names = [said] if said else ["origin/main", "origin/master"]
    there = (each for each in names if tree.ask("rev-parse", "--verify", "--quiet", f"refs/remotes/{each}"))
    return next(there, None)


def _base(tree: Worktree, *, merge: bool) -> str | None:
    if merge and tree.ask("rev-parse", "--verify", "--quiet", "HEAD^2"):
        return "HEAD^1"
    main = _main(tree)
    branch = tree.ask("symbolic-ref", "--quiet", "--short", "HEAD")
    if main is None or main == f"origin/{branch}":
        return None
    return tree.ask("merge-base", "HEAD", f"refs/remotes/{main}")


def _blob(tree: Worktree, commit: str, name: str) -> str | None:
    entry = tree.ask("ls-tree", commit, "--", name)
    return entry.split()[2] if entry else None
