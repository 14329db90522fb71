"""The state onto its branch: a commit of the state alone, pushed, and merged by address with what others pushed.

Nothing of the work tree beside it is committed, no hook runs, and no commit of somebody else is pushed along. A push
that comes too late is made again on top of what came first: git merges the two states with `kalentops state merge`,
which refuses two ids for one address.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from kalentops.errors import StateError, Unreachable, UsageError
from kalentops.text import clip
from kalentops.worktree import Said, Worktree

_TRIES: Final = 6
_MERGE: Final = "merge.kalentops-state.driver"
# Somebody else's push was in the way at that very moment.
_BUSY: Final = re.compile(
    r"cannot lock ref|failed to update ref|failed to lock|reference already exists", re.IGNORECASE
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


def push_state(branch: Branch, files: Sequence[Path], message: str) -> str | None:
    """Commit what has changed in the files and push it; the id of the commit, None where there was nothing to push.

    The files need not exist. Raises UsageError, StateError, Unreachable.
    """
    with _prepared(branch, files) as (ready, names):
        changed = ready.tree.git("status", "--porcelain", "--untracked-files=all", "--ignored", "--", *names)
        if changed.out.strip():
            _commit(ready.tree, names, message)
        if not _ahead(ready, names):
            return None
        _push(ready)
        return ready.tree.ask("rev-parse", "HEAD")


def probe(branch: Branch, files: Sequence[Path], message: str) -> str | None:
    """Push an empty commit: whether a branch takes a push is known after one, and not before. The commit's id.

    What others have pushed meanwhile is checked out first. Raises what `push_state` raises; then no commit is left.
    """
    with _prepared(branch, files) as (ready, names):
        _ahead(ready, names)
        tree = ready.tree
        before = tree.ask("rev-parse", "HEAD")
        made = tree.git(
            "commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", message, environment=_identity(tree)
        )
        if made.code or tree.git("update-ref", "HEAD", made.out.strip()).code:
            raise UsageError(f"git can't commit: {made.last_words}")
        try:
            _push(ready)
        except BaseException:
            tree.git("update-ref", "HEAD", str(before))
            raise
        return tree.ask("rev-parse", "HEAD")


@contextmanager
def _prepared(branch: Branch, files: Sequence[Path]) -> Iterator[tuple[Branch, list[str]]]:
    """The branch with settings that hold for these commands alone, and the names of the files below its top."""
    top = branch.tree.folder.resolve()
    for path in files:
        if not path.is_relative_to(top):
            raise UsageError(
                f"{path} is not in the repository {top}", hint="keep the state beside the blueprints"
            )
    names = [path.relative_to(top).as_posix() for path in files]
    with tempfile.TemporaryDirectory(prefix="kalentops-") as folder:
        attributes = Path(folder) / "attributes"
        attributes.write_text(f'"/{names[0]}" merge=kalentops-state\n', encoding="utf-8")
        program = " ".join(shlex.quote(part) for part in (sys.executable, "-P", "-m", "kalentops"))
        settings = (
            f"core.hooksPath={os.devnull}",
            f"core.attributesFile={attributes}",
            f"{_MERGE}={program.replace('%', '%%')} state merge %O %A %B",
        )
        yield replace(branch, tree=Worktree(top, settings)), names


def _commit(tree: Worktree, names: Sequence[str], message: str) -> None:
    """Commit these files and nothing else. Raises UsageError."""
    there = [name for name in names if (tree.folder / name).exists() or tree.ask("ls-files", "--", name)]
    added = tree.git("add", "--all", "--", *there)
    if added.code:
        hint = f"take it out of .gitignore: `git check-ignore -v {names[0]}` says where it stands"
        raise UsageError(f"git takes no {names[0]}: {added.last_words}", hint=hint)
    if not tree.git("diff", "--cached", "--quiet", "--", *there).code:
        return
    done = tree.git(
        "commit", "--quiet", "--only", "--message", message, "--", *there, environment=_identity(tree)
    )
    if done.code:
        raise UsageError(f"git can't commit: {done.last_words}")


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


def _ahead(branch: Branch, names: Sequence[str]) -> bool:
    """Fetch, and stand on top of what the branch holds; whether there is something of ours to push.

    Raises UsageError for commits that are about other files: they are somebody's to push.
    """
    tip = _fetch(branch)
    if tip is None:
        return True
    tree = branch.tree
    changed = tree.git("diff", "--name-only", "-z", f"{tip}...HEAD")
    if changed.code:
        raise StateError(
            f"the history of {branch.shown} is another one: {changed.last_words}",
            hint="check the branch out again; was it rewritten?",
        )
    others = [name for name in changed.out.split("\0") if name and name not in names]
    if others:
        raise UsageError(
            f"there are commits that are not on {branch.shown}: {clip(others[0])} differs",
            hint=f"push them first, as in `git push {branch.remote} HEAD:{branch.name}`",
        )
    _onto(branch, tip)
    return tree.ask("rev-parse", "HEAD") != tip


def _fetch(branch: Branch) -> str | None:
    """The commit that the branch is at, None where there is no such branch yet. Raises Unreachable."""
    for wait in (1, 2, 4, 0):
        done = branch.tree.git("fetch", "--quiet", "--no-tags", branch.remote, branch.ref)
        if not done.code:
            return branch.tree.ask("rev-parse", "FETCH_HEAD")
        if "couldn't find remote ref" in done.err:
            return None
        if wait:
            time.sleep(wait)
    raise Unreachable(
        f"{branch.remote} can't be read: {done.last_words}", hint="check the remote, and the right to read it"
    )


def _onto(branch: Branch, tip: str) -> None:
    """Our commits on top of what others have pushed. Raises StateError where the two can't both hold."""
    tree = branch.tree
    done = tree.git("rebase", "--quiet", "--autostash", "--keep-empty", tip, environment=_identity(tree))
    if not done.code:
        return
    tree.git("rebase", "--abort")
    raise StateError(
        f"the state can't be put on top of {branch.shown}: {_reasons(done)}",
        hint="somebody else has recorded other ids there; look at both with `kalentops state list`, and at Kalent, "
        "before anything is applied again",
    )


def _reasons(done: Said) -> str:
    """What the merge driver said, and git where it said nothing."""
    lines = [line.removeprefix("error: ") for line in done.err.splitlines() if line.startswith("error: ")]
    own = [line for line in lines if not line.startswith("could not apply")]
    return clip("; ".join(own), 500) if own else done.last_words


def _push(branch: Branch) -> None:
    """Push HEAD, again on top of what comes between. Raises StateError, Unreachable."""
    said = Said(1, "", "")
    for attempt in range(_TRIES):
        said = branch.tree.git("push", "--porcelain", branch.remote, f"HEAD:{branch.ref}")
        if not said.code:
            return
        status = next((line for line in said.out.splitlines() if line.startswith("!")), "")
        if "[remote rejected]" in status and not _BUSY.search(status + said.err):
            raise StateError(f"{branch.shown} takes no push: {_refusal(said, status)}", hint=_ACCESS)
        if not status:
            time.sleep(2**attempt / 2)
        tip = _fetch(branch)
        if tip is not None:
            _onto(branch, tip)
    raise Unreachable(
        f"{branch.shown} took none of {_TRIES} pushes: {said.last_words}",
        hint="the state is committed here, not there; run `kalentops state push` again",
    )


def _refusal(said: Said, status: str) -> str:
    """GitHub names the rule in lines of its own, such as `remote: error: GH006: Protected branch update failed`."""
    remote = [
        line.removeprefix("remote:").strip() for line in said.err.splitlines() if line.startswith("remote:")
    ]
    return clip(" ".join(filter(None, remote)) or status.rpartition("\t")[2], 500)
