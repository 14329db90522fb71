"""The state onto its branch: a commit of the state alone, pushed, and merged by address with what others pushed.

Nothing of the work tree beside it is committed, no hook runs, and no commit of somebody else is pushed along. A push
that comes too late is made again on top of what came first (`stateonto.py`); two ids for one address stop it.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from kalentops.errors import StateError, Unreachable, UsageError
from kalentops.git.stateonto import Commits, follow, in_the_way, on_top
from kalentops.git.worktree import Said, Worktree
from kalentops.text import clip

_TRIES: Final = 6
# Somebody else's push was in the way at that very moment.
_BUSY: Final = re.compile(
    r"cannot lock ref|failed to update ref|failed to lock|reference already exists", re.IGNORECASE
)
# Who is told so without a word about the branch: the token can only read, or is none.
_DENIED: Final = re.compile(
    r"returned error: 40[13]|permission to .* denied|permission denied|authentication failed|could not read username"
    r"|write access",
    re.IGNORECASE,
)
_BOT: Final = ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com")
_ACCESS: Final = (
    "let this job push to the branch: `contents: write` for its token, and an exception from the rule that protects "
    "the branch; nothing is created in Kalent before that holds"
)


@dataclass(frozen=True, slots=True)
class Branch:
    """Where the state belongs: a branch of a remote, and the repository that it was checked out into."""

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
    tree = Worktree(folder)
    top = tree.git("rev-parse", "--show-toplevel")
    if top.code:
        raise UsageError(
            f"git knows no repository here: {top.last_words}", hint="commit and push by other means"
        )
    tree = Worktree(Path(top.out.rstrip("\n")))
    found = name or tree.ask("symbolic-ref", "--quiet", "--short", "HEAD")
    if not found:
        raise UsageError("no branch is checked out", hint="pass --branch NAME")
    if found.startswith("-") or tree.git("check-ref-format", f"refs/heads/{found}").code:
        raise UsageError(f"{clip(found)} is no name of a branch", hint="pass --branch NAME")
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

    The files need not exist; the first is the state. The work tree follows where no edit of somebody is in the way.
    Raises UsageError, StateError, Unreachable.
    """
    ready, names = _prepared(branch, files)
    tree = ready.tree
    _head(tree)  # a first commit is not begun here
    _check_kept(tree, names[0])
    changed = tree.git("status", "--porcelain", "--untracked-files=all", "--ignored", "--", *names)
    if changed.told("git can't compare"):
        _commit(tree, names, message)
    head, commits = _head(tree), Commits(message, _identity(tree))
    pushed = _push(ready, lambda tip: on_top(tree, head, tip, names, commits))
    return replace(pushed, left=follow(tree, head, pushed.commit))


def probe(branch: Branch, files: Sequence[Path], message: str) -> Pushed:
    """Push an empty commit: whether a branch takes a push is known after one, and not before.

    What others have pushed meanwhile is checked out then. Raises what `push_state` raises; then nothing is changed
    here.
    """
    ready, names = _prepared(branch, files)
    tree = ready.tree
    head, commits = _head(tree), Commits(message, _identity(tree))

    def empty(tip: str) -> str:
        above = on_top(tree, head, tip, names, commits)
        _check_free(in_the_way(tree, head, above), ready)
        return commits.of(tree, f"{above}^{{tree}}", above)

    pushed = _push(ready, empty)
    _check_free(follow(tree, head, pushed.commit), ready)
    return pushed


def _head(tree: Worktree) -> str:
    """What is checked out: what is committed by somebody from now on is neither pushed nor moved. Raises UsageError."""
    head = tree.ask("rev-parse", "--verify", "HEAD")
    if head is None:
        raise UsageError("there is no commit yet", hint="commit your files and push them first")
    return head


def _check_free(reason: str | None, branch: Branch) -> None:
    if reason is not None:
        raise UsageError(
            f"what others have pushed to {branch.shown} can't be checked out: {reason}",
            hint="commit or stash what is in its way; if it is the state, `kalentops state push` does",
        )


def _prepared(branch: Branch, files: Sequence[Path]) -> tuple[Branch, list[str]]:
    """The branch without hooks, for these commands alone, and the names of the files below its top."""
    top = branch.tree.folder.resolve()
    for path in files:
        if not path.is_relative_to(top):
            raise UsageError(
                f"{path} is not in the repository {top}", hint="keep the state beside the blueprints"
            )
    names = [path.relative_to(top).as_posix() for path in files]
    return replace(branch, tree=Worktree(top, (f"core.hooksPath={os.devnull}",))), names


def _check_kept(tree: Worktree, name: str) -> None:
    """Raises StateError for a state that was committed and is gone: nobody has said that its ids may go as well."""
    if not (tree.folder / name).exists() and _committed(tree, name):
        raise StateError(
            f"{name} is gone here, and the branch would lose the ids that it holds",
            hint=f"`git checkout HEAD -- {name}` brings it back; who means it commits that, and pushes it",
        )


def _committed(tree: Worktree, name: str) -> bool:
    return bool(tree.ask("ls-tree", "HEAD", "--", name))


def _commit(tree: Worktree, names: Sequence[str], message: str) -> None:
    """Commit these files and nothing else; the first is there. Raises UsageError."""
    there = [name for name in names if (tree.folder / name).exists() or tree.ask("ls-files", "--", name)]
    # What was taken out of the index and off the disk is nothing that could be added, and has to be committed.
    changed = [name for name in names if name in there or _committed(tree, name)]
    added = tree.git("add", "--all", "--", *there)
    if added.code:
        hint = f"take it out of .gitignore: `git check-ignore -v {names[0]}` says where it stands"
        ignored = "ignored by one of your" in added.err
        said = "it is ignored" if ignored else added.last_words
        raise UsageError(f"git takes no {names[0]}: {said}", hint=hint if ignored else None)
    if not tree.git("diff", "--cached", "--quiet", "--", *changed).code:
        return
    done = tree.git(
        "commit", "--quiet", "--only", "--message", message, "--", *changed, environment=_identity(tree)
    )
    done.told("git can't commit")


def _identity(tree: Worktree) -> Mapping[str, str]:
    """Who commits: whom git knows; on GitHub Actions, where it knows nobody, the bot. Raises UsageError."""
    if not tree.git("var", "GIT_COMMITTER_IDENT").code and tree.ask("config", "user.email"):
        return {}
    if os.environ.get("GIT_COMMITTER_EMAIL") and os.environ.get("GIT_AUTHOR_EMAIL"):
        return {}
    if os.environ.get("GITHUB_ACTIONS") != "true":
        raise UsageError(
            "git does not know who commits", hint="git config user.name NAME; git config user.email ADDRESS"
        )
    roles = ("AUTHOR", "COMMITTER")
    return {
        f"GIT_{role}_{what}": value
        for role in roles
        for what, value in zip(("NAME", "EMAIL"), _BOT, strict=True)
    }


def _fetch(branch: Branch) -> str:
    """The commit that the branch is at. Raises UsageError where there is no such branch, Unreachable."""
    # A name of its own: FETCH_HEAD is overwritten by every other fetch, such as those of an editor.
    name = f"refs/kalentops/{secrets.token_hex(8)}"
    done = Said(1, "", "")
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
                hint=f"is the name right? `git push {branch.remote} HEAD:{branch.name}` begins it",
            )
        if wait:
            time.sleep(wait)
    raise Unreachable(
        f"{branch.remote} can't be read: {done.last_words}", hint="check the remote, and the right to read it"
    )


def _push(branch: Branch, make: Callable[[str], str]) -> Pushed:
    """Push what is made on top of the branch, and again where another push comes between.

    Raises StateError, Unreachable, and what `make` raises.
    """
    said = Said(1, "", "")
    options = ("--porcelain", "--no-follow-tags", "--recurse-submodules=no")
    for attempt in range(_TRIES):
        tip = _fetch(branch)
        commit = make(tip)
        if commit == tip:
            return Pushed(commit, new=False)
        said = branch.tree.git("push", *options, branch.remote, f"{commit}:{branch.ref}")
        if not said.code:
            return Pushed(commit, new=True)
        status = next((line for line in said.out.splitlines() if line.startswith("!")), "")
        refused = _DENIED.search(said.err) if not status else "[remote rejected]" in status
        if refused and not _BUSY.search(status + said.err):
            raise StateError(f"{branch.shown} takes no push: {_refusal(said, status)}", hint=_ACCESS)
        if not status:
            time.sleep(2**attempt / 2)
    raise Unreachable(
        f"{branch.shown} took none of {_TRIES} pushes: {said.last_words}",
        hint="nothing is lost here; run the command again",
    )


def _refusal(said: Said, status: str) -> str:
    """GitHub names the rule in lines of its own, such as `remote: error: GH006: Protected branch update failed`."""
    remote = [
        line.removeprefix("remote:").strip() for line in said.err.splitlines() if line.startswith("remote:")
    ]
    return clip(" ".join(filter(None, remote)) or status.rpartition("\t")[2] or said.last_words, 500)
