"""Push the state to its branch: a commit of the state alone, merged by address with what others pushed.

Nothing else of the work tree is committed, no hook runs, and no other commit is pushed along. A push
that comes too late is made again on top of what came first (`rebase_state`); two ids for one address stop it.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from kalentops.errors import StateDamaged, StateError, Unreachable, UsageError
from kalentops.git.history import blob_of, filter_of, is_ignored, with_line_feeds
from kalentops.git.remote import identity, push_status, refusal
from kalentops.git.worktree import GitResult, Worktree, open_repository
from kalentops.state.codec import dump_state, load_state
from kalentops.state.merge import merge_states
from kalentops.state.model import State
from kalentops.state.store.journal import bytes_of
from kalentops.support.text import clip

_TRIES: Final = 6
# Another push was in the way at the same moment.
_BUSY: Final = re.compile(
    r"cannot lock ref|failed to update ref|failed to lock|reference already exists", re.IGNORECASE
)
# Refusals that are not about the branch: the token is missing or can only read.
_DENIED: Final = re.compile(
    r"returned error: 40[13]|permission to .* denied|permission denied|authentication failed|could not read username"
    r"|write access",
    re.IGNORECASE,
)
_ACCESS: Final = (
    "let this job push to the branch: `contents: write` for its token, and an exception from the rule that protects "
    "the branch; docs/how-to/protected-branches.md lists the steps"
)


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of a remote, and the repository that it is checked out in."""

    tree: Worktree
    remote: str
    name: str

    @property
    def shown(self) -> str:
        return f"{self.remote}/{self.name}"

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.name}"


def branch_of(folder: Path, remote: str, name: str | None) -> Branch:
    """The branch `name` of a remote, by default the one that is checked out. Raises UsageError."""
    tree = open_repository(folder)
    tree = replace(tree, folder=tree.top)
    found = name or tree.ask("symbolic-ref", "--quiet", "--short", "HEAD")
    if not found:
        raise UsageError("no branch is checked out", hint="pass --branch NAME")
    if found.startswith("-") or tree.git("check-ref-format", f"refs/heads/{found}").code:
        raise UsageError(f"{clip(found)} is not a name of a branch", hint="pass --branch NAME")
    if remote.startswith("-") or tree.ask("remote", "get-url", remote) is None:
        raise UsageError(
            f"there is no remote {clip(remote)}", hint="pass --remote NAME; `git remote` lists them"
        )
    return Branch(tree, remote, found)


@dataclass(frozen=True, slots=True)
class Pushed:
    """The commit that the branch is at now; `new` says that it is ours; `left`, why the work tree could not follow."""

    commit: str
    new: bool
    left: str | None = None


def push_state(branch: Branch, files: Sequence[Path], message: str) -> Pushed:
    """Commit what has changed in the files and push it, merged with what others have pushed.

    The files need not exist; the first is the state. The work tree follows if no edit is in the way.
    Raises UsageError, StateError, Unreachable.
    """
    tree, names = branch.tree, _names(branch, files)
    before = _head(tree)  # never creates the first commit
    _check_kept(tree, before, names[0])
    commits = Commits(message, identity(tree))
    head = _commit(tree, before, names, commits)
    pushed = _push(branch, lambda tip: rebase_state(tree, head, tip, names, commits))
    return replace(pushed, left=fast_forward(tree, head, pushed.commit))


def probe(branch: Branch, files: Sequence[Path], message: str) -> Pushed:
    """Push an empty commit: only a push shows whether the branch accepts one.

    Checks out what others have pushed. Raises what `push_state` raises, and then changes nothing.
    """
    tree, names = branch.tree, _names(branch, files)
    head, commits = _head(tree), Commits(message, identity(tree))

    def empty(tip: str) -> str:
        above = rebase_state(tree, head, tip, names, commits)
        _check_free(checkout_conflict(tree, head, above), branch)
        return commits.of(tree, f"{above}^{{tree}}", above)

    pushed = _push(branch, empty)
    _check_free(fast_forward(tree, head, pushed.commit), branch)
    return pushed


def _head(tree: Worktree) -> str:
    """The commit that is checked out. Later commits are neither pushed nor moved. Raises UsageError."""
    head = tree.ask("rev-parse", "--verify", "HEAD")
    if head is None:
        raise UsageError("there is no commit yet", hint="commit your files and push them first")
    return head


def _check_free(reason: str | None, branch: Branch) -> None:
    if reason is not None:
        raise UsageError(
            f"what others have pushed to {branch.shown} can't be checked out: {reason}",
            hint="commit or stash the changes that block it; if it is the state, `kalentops state push` commits it",
        )


def _names(branch: Branch, files: Sequence[Path]) -> list[str]:
    """The names of the files below the top of the branch's repository; the first is the state's. Raises UsageError."""
    top = branch.tree.top
    for path in files:
        if not path.is_relative_to(top):
            raise UsageError(
                f"{path} is not in the repository {top}", hint="keep the state beside the blueprints"
            )
    names = [path.relative_to(top).as_posix() for path in files]
    kind = filter_of(branch.tree, names[0])
    if kind is not None:
        raise UsageError(
            f"{names[0]} uses git's filter {clip(kind)}, so its ids can't be merged",
            hint=f"remove the filter: `{names[0]} -filter` as the last line of .gitattributes, then commit it again",
        )
    return names


def _check_kept(tree: Worktree, head: str, name: str) -> None:
    """Raises StateError if the committed state is missing on disk: its ids must not be lost by accident."""
    if not (tree.top / name).exists() and blob_in(tree, head, name):
        raise StateError(
            f"{name} is missing here, and the branch would lose its ids",
            hint=f"`git checkout HEAD -- {name}` restores it; if it should go, commit and push the removal",
        )


def _commit(tree: Worktree, head: str, names: Sequence[str], commits: Commits) -> str:
    """A commit of these files alone, as they are on disk, checked out; `head` if it has them.

    Made of objects, because `git commit` would run filters. Raises UsageError, StateError.
    """
    news: dict[str, str | None] = {}
    for name in names:
        path = tree.top / name
        data = bytes_of(path, follow=name == names[0]) if os.path.lexists(path) else None
        if data is not None and name == names[0]:
            data = with_line_feeds(data)
        oid = None if data is None else blob_of(tree, data, write=True)
        if oid != blob_in(tree, head, name):
            news[name] = oid
    if not news:
        return head
    if tree.ask("rev-parse", "--verify", "--quiet", "MERGE_HEAD") is not None:
        raise UsageError(
            "a merge is in progress", hint="finish it with `git commit`, or stop it with `git merge --abort`"
        )
    for name, oid in news.items():
        if oid is not None and is_ignored(tree, name):
            hint = f"take it out of .gitignore: `git check-ignore -v {name}` shows the line"
            raise UsageError(f"git ignores {name}", hint=hint)
    commit = commits.of(tree, tree_with(tree, head, news), head)
    # The index before the branch: if a kill comes between, the files are staged, and the next run commits them.
    update_index(tree, news)
    tree.git("update-ref", "-m", "kalentops state push", "HEAD", commit, head).check("git can't commit")
    return commit


def _fetch(branch: Branch) -> str:
    """The commit of the branch on the remote. Raises UsageError if there is no such branch, Unreachable."""
    # A name of its own: FETCH_HEAD is overwritten by every other fetch, such as those of an editor.
    name = f"refs/kalentops/{secrets.token_hex(8)}"
    done = GitResult(1, "", "")
    for wait in (1, 2, 4, 0):
        options = ("--quiet", "--no-tags", "--no-recurse-submodules")
        done = branch.tree.git("fetch", *options, branch.remote, f"+{branch.ref}:{name}")
        tip = None if done.code else branch.tree.ask("rev-parse", "--verify", name)
        branch.tree.git("update-ref", "-d", name)
        if tip is not None:
            return tip
        if "couldn't find remote ref" in done.err:
            raise UsageError(
                f"{branch.remote} has no branch {clip(branch.name)}",
                hint=f"check the name; `git push {branch.remote} HEAD:{branch.name}` creates the branch",
            )
        if wait:
            time.sleep(wait)
    raise Unreachable(
        f"{branch.remote} can't be read: {done.cause}", hint="check the remote, and the right to read it"
    )


def _push(branch: Branch, make: Callable[[str], str]) -> Pushed:
    """Push the commit that `make` puts on top of the branch; again if another push came first.

    Raises StateError, Unreachable, and what `make` raises.
    """
    said = GitResult(1, "", "")
    options = ("--porcelain", "--no-follow-tags", "--recurse-submodules=no")
    for attempt in range(_TRIES):
        tip = _fetch(branch)
        commit = make(tip)
        if commit == tip:
            return Pushed(commit, new=False)
        said = branch.tree.git("push", *options, branch.remote, f"{commit}:{branch.ref}")
        if not said.code:
            return Pushed(commit, new=True)
        status = push_status(said)
        refused = _DENIED.search(said.err) if not status else "[remote rejected]" in status
        if refused and not _BUSY.search(status + said.err):
            raise StateError(f"{branch.shown} refuses the push: {refusal(said)}", hint=_ACCESS)
        if not status:
            time.sleep(2**attempt / 2)
    raise Unreachable(
        f"{branch.shown} refused {_TRIES} pushes in a row: {said.cause}",
        hint="nothing is lost here; run the command again",
    )


_FILE: Final = "100644"
# A sparse checkout would take the state off the disk where it lies outside; what is not checked out stays so.
_UPDATE: Final = ("read-tree", "-m", "-u", "--no-sparse-checkout")
_BOTH: Final = (
    "another run has recorded other ids there; look at both with `kalentops state list`, and at Kalent, "
    "before anything is applied again"
)


@dataclass(frozen=True, slots=True)
class Commits:
    """The message, and the variables with author and committer."""

    message: str
    identity: Mapping[str, str]

    def of(self, tree: Worktree, content: str, parent: str) -> str:
        """The id of a new commit, signed if the user's commits are. Raises UsageError."""
        signed = tree.ask("config", "--type=bool", "commit.gpgSign") == "true"
        made = tree.git(
            *("commit-tree", content, "-p", parent, "-m", self.message, *(("-S",) if signed else ())),
            environment=self.identity,
        )
        return made.check("git can't commit")


def rebase_state(tree: Worktree, head: str, tip: str, names: Sequence[str], commits: Commits) -> str:
    """A commit on top of `tip` with the named files merged; the first is the state. `head` if it contains `tip`, `tip`
    if nothing is missing there.

    Raises StateError for a conflict, UsageError for commits of other files: the user has to push them.
    """
    base = tree.ask("merge-base", head, tip)
    if base is None:
        shallow = tree.ask("rev-parse", "--is-shallow-repository") == "true"
        raise StateError(
            "the branch and the checkout have no common history",
            hint="this clone is shallow: `git fetch --unshallow`, or the branch was rewritten: check it out again"
            if shallow
            else "check the branch out again; was it rewritten?",
        )
    _check_own(tree, base, head, names)
    if base == tip:
        return head
    merged = {name: _merged(tree, name, (base, head, tip), state=name == names[0]) for name in names}
    # By contents: a changed file mode alone is no change.
    news = {name: oid for name, oid in merged.items() if oid != blob_in(tree, tip, name)}
    return commits.of(tree, tree_with(tree, tip, news), tip) if news else tip


def _check_own(tree: Worktree, base: str, head: str, names: Sequence[str]) -> None:
    changed = tree.git("diff-tree", "-r", "--name-only", "--no-renames", "-z", base, head)
    others = [name for name in changed.check("git can't compare").split("\0") if name and name not in names]
    if others:
        raise UsageError(
            f"there are commits that are not on the branch: {clip(others[0])} differs",
            hint="push them first, as in `git push`",
        )


def _merged(tree: Worktree, name: str, commits: tuple[str, str, str], *, state: bool) -> str | None:
    """The id of the merged blob, None for a deleted file. Raises StateError."""
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
        raise StateError(f"the state can't be rebased on the branch: {clip(said, 500)}", hint=_BOTH)
    return blob_of(tree, dump_state(merged.state), write=True)


def blob_in(tree: Worktree, commit: str, name: str) -> str | None:
    """The id of a file in a commit, None if there is none. Raises StateError for a link or a folder."""
    entry = tree.git("ls-tree", "-z", commit, "--", name).check("git can't list the files").rstrip("\0")
    if not entry:
        return None
    mode, kind, oid = entry.partition("\t")[0].split()
    if kind != "blob" or mode not in {_FILE, "100755"}:
        raise StateError(
            f"{name} is not a file on the branch", hint="a link or a folder has taken its place there"
        )
    return oid


def _state(tree: Worktree, oid: str, where: str) -> State:
    try:
        return load_state(_data(tree, oid))
    except StateError as error:
        error.add_note(
            f"this is the state {where}; your ids that are not on the branch yet are committed here"
        )
        raise


def _ancestor(tree: Worktree, oid: str | None) -> State:
    """The common ancestor; an empty state if both sides created the file, or if it is unknown."""
    try:
        return State() if oid is None else load_state(_data(tree, oid))
    except StateDamaged:
        return State()


def _data(tree: Worktree, oid: str) -> bytes:
    said = tree.git("cat-file", "blob", oid)
    said.check("git can't read the state")
    return said.data


def tree_with(tree: Worktree, tip: str, files: Mapping[str, str | None]) -> str:
    """The id of the tree of `tip` with these files replaced. Raises UsageError."""
    with tempfile.TemporaryDirectory(prefix="kalentops-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        tree.git("read-tree", tip, environment=index).check("git can't read the branch")
        update_index(tree, files, index)
        return tree.git("write-tree", environment=index).check("git can't write")


def update_index(
    tree: Worktree, files: Mapping[str, str | None], index: Mapping[str, str] | None = None
) -> None:
    """Put files into an index, by default that of the work tree; None removes one. Raises UsageError."""
    for name, oid in files.items():
        change = ("--force-remove", "--", name) if oid is None else ("--cacheinfo", f"{_FILE},{oid},{name}")
        tree.git("update-index", "--add", *change, environment=index).check(f"git can't add {name}")


def checkout_conflict(tree: Worktree, head: str, commit: str) -> str | None:
    """Why the work tree can't go from `head` to a commit: edits, or another commit; None if it can."""
    if tree.ask("rev-parse", "HEAD") != head:
        return "another commit is checked out meanwhile"
    tree.git("update-index", "-q", "--refresh")
    said = tree.git(*_UPDATE, "--dry-run", head, commit)
    return said.cause if said.code else None


def fast_forward(tree: Worktree, head: str, commit: str) -> str | None:
    """Move HEAD, index and work tree from `head` to a commit, beside other edits; the reason if that is impossible."""
    if head == commit:
        return None
    reason = checkout_conflict(tree, head, commit)
    if reason is None:
        for step in ((*_UPDATE, head, commit), ("update-ref", "HEAD", commit, head)):
            said = tree.git(*step)
            if said.code:
                return said.cause
    return reason
