"""The state in git, as far as a person has to keep it there: what to say of it, and what to type."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from kalentops.git.committed import is_in_head, is_uncommitted


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


def _git_in(folder: Path) -> str:
    """How to call git for a folder from where the user is."""
    try:
        there = os.path.relpath(folder)
    except ValueError:  # another drive of Windows
        there = str(folder)
    return "git" if there == os.curdir else f"git -C {shlex.quote(there)}"
