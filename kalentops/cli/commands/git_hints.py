"""The state in git, as far as a person has to keep it there: what to say of it, and what to type."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from kalentops.errors import StateError
from kalentops.git.branches import before_branch, standing
from kalentops.git.committed import is_in_head, is_uncommitted
from kalentops.plan.moves import HEAD, StateEdit, edits_between
from kalentops.state.codec import load_state
from kalentops.state.model import State
from kalentops.support.text import clip, count


def to_commit(state_file: Path) -> Iterator[str]:
    """What is left to do after a run; nothing where git has the state as it is, ignores it, or is not used."""
    file = state_file.resolve()
    if is_uncommitted(file):
        git = _git_in(file.parent)
        yield f'commit the state: `{git} add {shlex.quote(file.name)} && {git} commit -m "Record the ids"`'


def no_state(state_file: Path, *, looked: bool) -> Iterator[str]:
    """What it means that nothing is recorded although something is wanted: it was lost, or it is the first time.
    `looked`: the plan has seen what Kalent has already.
    """
    file = state_file.resolve()
    if not file.exists() and is_in_head(file):
        git = _git_in(file.parent)
        yield (
            f"{file.name} is missing here, and git has it: `{git} checkout HEAD -- {shlex.quote(file.name)}` brings it "
            "back"
        )
    elif not looked:
        yield (
            "nothing is recorded yet. If Kalent has one of these already, `apply` takes it over and makes no second "
            "one; `kalentops plan --refresh` shows which"
        )


def to_know_before(root: Path, state_file: Path, state: State) -> Iterator[str]:
    """What makes an `apply` from this checkout risky; nothing in CI, which checks out what it means to."""
    if os.environ.get("CI") or os.environ.get("GITHUB_ACTIONS"):
        return
    at = standing(root)
    if at is None:
        return
    if at.main is not None and at.branch != at.main:
        yield (
            f"the branch {clip(at.branch, 80)} is checked out, not {clip(at.main, 80)}: the ids that Kalent gives out "
            f"are known on {clip(at.main, 80)} only when this branch is merged. Apply from there"
        )
    if at.behind:
        yield (
            f"{clip(at.upstream, 80)} has {count(at.behind, 'commit')} for this folder that are not here: "
            f"`{_git_in(root)} pull` first, or older texts replace newer ones"
        )
    edits = state_edits(state_file, state)
    if edits:
        yield f"{HEAD[0].lower()}{HEAD[1:]} ({count(len(edits), 'record')}): `kalentops plan` shows them"


def state_edits(state_file: Path, state: State) -> tuple[StateEdit, ...]:
    """What the branch, or the pull request, has changed in the state, as far as git and files can tell."""
    file = state_file.resolve()
    merge = os.environ.get("GITHUB_EVENT_NAME", "").startswith("pull_request")
    found = before_branch(file.parent, [file.name, f"{file.name}.journal"], merge=merge)
    if found is None:
        return ()
    try:
        before = State() if found[0] is None else load_state(found[0])
    except StateError:
        return ()
    return tuple(edits_between(before, state))


def _git_in(folder: Path) -> str:
    """How to call git for a folder from where the user is."""
    try:
        there = os.path.relpath(folder)
    except ValueError:  # another drive of Windows
        there = str(folder)
    return "git" if there == os.curdir else f"git -C {shlex.quote(there)}"
