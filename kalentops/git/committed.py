"""What git says of one file: is it committed as it is, and is it in the last commit? Only reads, and says no where
there is no git, or no repository.
"""

from __future__ import annotations

from pathlib import Path

from kalentops.git.worktree import looking


def is_uncommitted(file: Path) -> bool:
    """Whether a commit would take the file: it is new or changed, and nothing ignores it."""
    return bool(_said(file, "status", "--porcelain", "--untracked-files=all", "--", file.name))


def is_in_head(file: Path) -> bool:
    """Whether the last commit of the branch has the file."""
    return bool(_said(file, "ls-tree", "--name-only", "HEAD", "--", file.name))


def _said(file: Path, *args: str) -> str | None:
    return looking(file.parent).ask(*args) if file.parent.is_dir() else None
