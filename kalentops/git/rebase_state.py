"""The state of HEAD on top of what others have pushed: a commit that is made of objects alone.

Neither the index nor the work tree is touched for it, and no attribute, filter or setting of the repository has a say
in how two states become one. Only then does the work tree follow, as far as nobody's edits stand in its way.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kalentops.errors import StateDamaged, StateError, UsageError
from kalentops.git.committed import blob_of
from kalentops.git.worktree import Worktree
from kalentops.state.codec import dump_state, load_state
from kalentops.state.merge import merge_states
from kalentops.state.model import State
from kalentops.support.text import clip

_FILE: Final = "100644"
# A sparse checkout would take the state off the disk where it lies outside; what is not checked out stays so.
_UPDATE: Final = ("read-tree", "-m", "-u", "--no-sparse-checkout")
_BOTH: Final = (
    "somebody else has recorded other ids there; look at both with `kalentops state list`, and at Kalent, "
    "before anything is applied again"
)


@dataclass(frozen=True, slots=True)
class Commits:
    """How a commit is made: the message, and variables that say who makes it."""

    message: str
    identity: Mapping[str, str]

    def of(self, tree: Worktree, content: str, parent: str) -> str:
        """The id of a new commit; signed where the user's are. Raises UsageError."""
        signed = tree.ask("config", "--type=bool", "commit.gpgSign") == "true"
        made = tree.git(
            *("commit-tree", content, "-p", parent, "-m", self.message, *(("-S",) if signed else ())),
            environment=self.identity,
        )
        return made.told("git can't commit")


def rebase_state(tree: Worktree, head: str, tip: str, names: Sequence[str], commits: Commits) -> str:
    """A commit with all that `tip` has, and the files of these names as both sides have them: `head` where it holds
    `tip`, `tip` where it has all of that already. The first name is the state's.

    Raises StateError where the two can't both hold, UsageError for commits about other files: they are somebody's to
    push.
    """
    base = tree.ask("merge-base", head, tip)
    if base is None:
        shallow = tree.ask("rev-parse", "--is-shallow-repository") == "true"
        raise StateError(
            "the history of the branch is another one: it has nothing in common with what is checked out",
            hint="this clone is shallow: `git fetch --unshallow`, or the branch was rewritten: check it out again"
            if shallow
            else "check the branch out again; was it rewritten?",
        )
    _check_own(tree, base, head, names)
    if base == tip:
        return head
    merged = {name: _merged(tree, name, (base, head, tip), state=name == names[0]) for name in names}
    # By what they hold: whether a file is executable is the disk's affair, and no news.
    news = {name: oid for name, oid in merged.items() if oid != blob_in(tree, tip, name)}
    return commits.of(tree, tree_with(tree, tip, news), tip) if news else tip


def _check_own(tree: Worktree, base: str, head: str, names: Sequence[str]) -> None:
    changed = tree.git("diff-tree", "-r", "--name-only", "--no-renames", "-z", base, head)
    others = [name for name in changed.told("git can't compare").split("\0") if name and name not in names]
    if others:
        raise UsageError(
            f"there are commits that are not on the branch: {clip(others[0])} differs",
            hint="push them first, as in `git push`",
        )


def _merged(tree: Worktree, name: str, commits: tuple[str, str, str], *, state: bool) -> str | None:
    """The id of what a file is to hold, None for a file that is gone. Raises StateError."""
    base, ours, theirs = (blob_in(tree, commit, name) for commit in commits)
    if ours in {base, theirs}:
        return theirs
    if theirs == base:
        return ours
    if not state or ours is None or theirs is None:
        raise StateError(f"{name} was changed here and on the branch, and one of them is gone", hint=_BOTH)
    merged = merge_states(_ancestor(tree, base), _state(tree, ours, "here"), _state(tree, theirs, "there"))
    if merged.conflicts:
        said = "; ".join(dict.fromkeys(merged.conflicts.values()))
        raise StateError(f"the state can't be put on top of the branch: {clip(said, 500)}", hint=_BOTH)
    return blob_of(tree, dump_state(merged.state), write=True)


def blob_in(tree: Worktree, commit: str, name: str) -> str | None:
    """The id of a file of a commit, None where it is not there. Raises StateError where it is something else."""
    entry = tree.git("ls-tree", "-z", commit, "--", name).told("git can't list the files").rstrip("\0")
    if not entry:
        return None
    mode, kind, oid = entry.partition("\t")[0].split()
    if kind != "blob" or mode not in {_FILE, "100755"}:
        raise StateError(
            f"{name} is no file on the branch", hint="a link or a folder has taken its place there"
        )
    return oid


def _state(tree: Worktree, oid: str, where: str) -> State:
    try:
        return load_state(_data(tree, oid))
    except StateError as error:
        error.add_note(f"it is the one {where}; what is not on the branch yet is committed here")
        raise


def _ancestor(tree: Worktree, oid: str | None) -> State:
    """What both began with: nothing, where both have begun the file, or where nobody can say any more."""
    try:
        return State() if oid is None else load_state(_data(tree, oid))
    except StateDamaged:
        return State()


def _data(tree: Worktree, oid: str) -> bytes:
    said = tree.git("cat-file", "blob", oid)
    said.told("git can't read the state")
    return said.data


def tree_with(tree: Worktree, tip: str, files: Mapping[str, str | None]) -> str:
    """The id of the tree of `tip` with these files in place of its own. Raises UsageError."""
    with tempfile.TemporaryDirectory(prefix="kalentops-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        tree.git("read-tree", tip, environment=index).told("git can't read the branch")
        put(tree, files, index)
        return tree.git("write-tree", environment=index).told("git can't write")


def put(tree: Worktree, files: Mapping[str, str | None], index: Mapping[str, str] | None = None) -> None:
    """Files into an index, by default the one of the work tree; None takes one out. Raises UsageError."""
    for name, oid in files.items():
        change = ("--force-remove", "--", name) if oid is None else ("--cacheinfo", f"{_FILE},{oid},{name}")
        tree.git("update-index", "--add", *change, environment=index).told(f"git takes no {name}")


def in_the_way(tree: Worktree, head: str, commit: str) -> str | None:
    """Why the work tree can't go from `head` to a commit: somebody's edits, or a commit; None where it can."""
    if tree.ask("rev-parse", "HEAD") != head:
        return "another commit is checked out meanwhile"
    tree.git("update-index", "-q", "--refresh")
    said = tree.git(*_UPDATE, "--dry-run", head, commit)
    return said.cause if said.code else None


def fast_forward(tree: Worktree, head: str, commit: str) -> str | None:
    """HEAD, index and work tree from `head` to a commit, whatever else is edited or staged; why not, where that
    can't be.
    """
    if head == commit:
        return None
    reason = in_the_way(tree, head, commit)
    if reason is None:
        for step in ((*_UPDATE, head, commit), ("update-ref", "HEAD", commit, head)):
            said = tree.git(*step)
            if said.code:
                return said.cause
    return reason
