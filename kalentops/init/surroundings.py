"""What is there already: the git repository around a folder, its main branch, its blueprints, its merge driver."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, TypeAlias

from kalentops.errors import UsageError
from kalentops.git.worktree import has_git, looking, opened, top_of
from kalentops.init.contents import CONFIG, PLAIN, Setup
from kalentops.init.origin import Origin
from kalentops.project.config import Config, load_config
from kalentops.support.text import clip

# 127: kalentops is not installed; above: it was killed. A driver that can't be started, or finished, leaves one side
# without a word; git's own merge of lines leaves both, with markers.
DRIVER: Final = "kalentops state merge %O %A %B || { test $? -gt 125 && git merge-file %A %O %B; }"
_SETTING: Final = "merge.kalentops-state.driver"
Driver: TypeAlias = Literal["set", "there already", "other", "no git"]


def setup_for(folder: Path, *, branch: str | None, origin: Origin | None) -> tuple[Path, Setup]:
    """The root of the repository around a folder, or the folder itself; and what its files depend on.

    Raises UsageError, InvalidConfig.
    """
    _check_git(folder, top_of(folder))
    top = top_of(folder) or folder
    below = "" if top == folder else folder.relative_to(top).as_posix()
    names = {"below": below}
    if (folder / CONFIG).exists():
        config = load_config(folder)
        names |= {
            "blueprints": _relative(config, config.blueprints),
            "state": _relative(config, config.state),
        }
    for name in names.values():
        if not PLAIN.fullmatch(name):
            raise UsageError(
                f"init can't write workflows for a folder of this name: {clip(name)}",
                hint="rename it: letters, digits, `.`, `_`, `-` and `/` need no quotes anywhere",
            )
    return top, Setup(**names, branch=branch or main_branch(top), origin=origin)


def _check_git(folder: Path, top: Path | None) -> None:
    """Raises UsageError where git refuses the repository, or where the folder is a part of git's own."""
    bare = top is None and all((folder / name).exists() for name in ("HEAD", "config", "objects", "refs"))
    if bare or ".git" in folder.parts:
        raise UsageError(
            f"{clip(str(folder), 200)} is git's own: nothing is checked out there",
            hint="run init in a clone with a work tree",
        )
    if top is not None and has_git():
        opened(top)


def _relative(config: Config, path: Path) -> str:
    return Path(path).relative_to(config.root).as_posix()


def main_branch(top: Path) -> str:
    """The branch that the remote takes for its main one; else `main` or `master`, whichever is there; else, in a
    repository without a commit, the one that the first will be on.
    """
    try:
        repository = looking(top)
    except UsageError:
        return "main"
    remote = repository.ask("symbolic-ref", "--short", "refs/remotes/origin/HEAD")
    if remote and PLAIN.fullmatch(remote):
        return remote.removeprefix("origin/")
    for name in ("main", "master"):
        if repository.ask("rev-parse", "--verify", "--quiet", f"refs/heads/{name}") is not None:
            return name
    first = repository.ask("symbolic-ref", "--short", "HEAD")
    return first if first and PLAIN.fullmatch(first) else "main"


def has_blueprints(folder: Path, setup: Setup) -> bool:
    """Whether there is a file that could be a blueprint: then nobody needs an example."""
    place = folder / setup.blueprints
    return any(True for ending in ("yaml", "yml") for _ in place.rglob(f"*.{ending}"))


def set_driver(top: Path, *, dry_run: bool = False) -> Driver:
    """Tell git, in this clone, how states are merged; a setting that is there stays."""
    try:
        repository = opened(top)
    except UsageError:
        return "no git"
    there = repository.ask("config", "--get", _SETTING)
    if there is not None:
        return "there already" if there.strip() == DRIVER else "other"
    if not dry_run:
        repository.git("config", "--local", "merge.kalentops-state.name", "states of kalentops, by address")
        if repository.git("config", "--local", _SETTING, DRIVER).code:
            return "no git"
    return "set"
