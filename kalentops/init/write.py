"""Write files into a folder: new ones whole, none over another, none through a link that leads out of it.

Missing lines of `.gitignore` and `.gitattributes` are added between two markers; every other line stays.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

from kalentops.errors import KalentopsError, StoreFailure, UsageError
from kalentops.git.worktree import has_git, open_read_only, open_repository, repository_root
from kalentops.init.contents import CONFIG, PLAIN, SCHEMA, Origin, ProjectFile, Setup, workflows
from kalentops.project.config import Config, load_configs, state_location
from kalentops.project.settings import STATE
from kalentops.state.store.location import Location
from kalentops.support import atomic_write
from kalentops.support.text import clip

BEGIN: Final = b"# >>> kalentops"
END: Final = b"# <<< kalentops"
_LARGEST: Final = 1 << 20

What: TypeAlias = Literal["created", "added to", "exists", "kept", "failed"]


@dataclass(frozen=True, slots=True)
class Placed:
    """The outcome for one file. `why` explains what was kept or failed."""

    wanted: ProjectFile
    what: What
    why: str = ""


def place(root: Path, wanted: ProjectFile, *, dry_run: bool = False) -> Placed:
    """Write one file, or say why not. A disk error is reported, not raised: the other files are still written."""
    path = root / wanted.name
    try:
        if os.path.lexists(path):
            return _beside(path, wanted, dry_run=dry_run)
        if not _stays_inside(root, path.parent):
            return Placed(wanted, "failed", "a link on the way there leads out of the folder")
        data = _new(wanted)
        if not dry_run:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                atomic_write.create(path, data)
            except FileExistsError:
                return Placed(wanted, "kept", "it was created in the meantime")
            atomic_write.sync_folder(path.parent)
        return Placed(wanted, "created")
    except OSError as error:
        return Placed(wanted, "failed", error.strerror or str(error))


def _new(wanted: ProjectFile) -> bytes:
    data = wanted.text.encode()
    return b"\n".join((BEGIN, *data.splitlines(), END, b"")) if wanted.lines else data


def _stays_inside(root: Path, folder: Path) -> bool:
    """Whether a folder, which need not exist, is in the root after all links are followed."""
    return folder.resolve().is_relative_to(root.resolve())


def put_schema(root: Path, text: str) -> bool:
    """Write the schema into a project, in place of an older one; False if it is up to date. Raises StoreFailure."""
    path = root / SCHEMA
    data = text.encode()
    try:
        if not _stays_inside(root, path.parent):
            raise StoreFailure(
                f"{SCHEMA} can't be written: a link on the way there leads out of the project",
                hint=f"remove the link {Path(SCHEMA).parent}",
            )
        if path.is_file() and not path.is_symlink() and path.read_bytes().replace(b"\r\n", b"\n") == data:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write.replace(path, data)
    except OSError as error:
        raise StoreFailure(
            f"{SCHEMA} can't be written: {error.strerror or error}", hint="fix this and run it again"
        ) from None
    return True


def _beside(path: Path, wanted: ProjectFile, *, dry_run: bool) -> Placed:
    if path.is_symlink() or not path.is_file():
        return Placed(wanted, "kept", "it is a link" if path.is_symlink() else "it is not a file")
    if not _stays_inside(path.parents[wanted.name.count("/")], path.parent):
        return Placed(wanted, "kept", "a link on the way there leads out of the folder")
    with path.open("rb") as stream:
        before = stream.read(_LARGEST + 1)
    if len(before) > _LARGEST or (wanted.lines and not _is_text(before)):
        why = "it is larger than 1 MiB" if len(before) > _LARGEST else "it is not UTF-8"
        return Placed(wanted, "kept", why)
    if not wanted.lines:
        same = before.replace(b"\r\n", b"\n") == wanted.text.encode()
        return Placed(wanted, "exists") if same else Placed(wanted, "kept", "it differs")
    after = with_lines(before, wanted.text.encode().splitlines())
    if after == before:
        return Placed(wanted, "exists")
    if not dry_run:
        atomic_write.replace(path, after)
    return Placed(wanted, "added to")


def _is_text(data: bytes) -> bool:
    """Whether lines in ASCII can stand beside it: PowerShell's `>` has written many a list in UTF-16."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in data


def with_lines(text: bytes, wanted: list[bytes]) -> bytes:
    """The file with its missing lines, at the end of the marked block or in a new one."""
    newline = b"\r\n" if b"\r\n" in text else b"\n"
    lines = text.splitlines()
    there = {line.strip() for line in lines}
    missing = [line for line in wanted if line.strip() not in there]
    if not any(not line.startswith(b"#") for line in missing):
        return text
    if BEGIN in lines and END in lines[lines.index(BEGIN) :]:
        at = lines.index(END, lines.index(BEGIN))
        lines[at:at] = missing
    else:
        lines += [*([b""] if lines and lines[-1].strip() else []), BEGIN, *missing, END]
    return newline.join(lines) + newline


# 127: kalentops is not installed; above: it was killed. A driver that can't be started, or finished, leaves one side
# without a word; git's own merge of lines leaves both, with markers.
DRIVER: Final = "kalentops state merge %O %A %B || { test $? -gt 125 && git merge-file %A %O %B; }"
_SETTING: Final = "merge.kalentops-state.driver"
Driver: TypeAlias = Literal["set", "exists", "other", "no git"]


def setups_for(
    folder: Path, *, state: str | None, branch: str | None, origin: Origin | None
) -> tuple[Path, tuple[Setup, ...]]:
    """The root of the repository around a folder, or the folder itself; and what its files depend on, for each
    environment. `state` is the location to write into new settings.

    Raises UsageError, InvalidConfig.
    """
    _check_git(folder, repository_root(folder))
    top = repository_root(folder) or folder
    below = "" if top == folder else folder.relative_to(top).as_posix()
    exists = (folder / CONFIG).exists()
    wanted = None if state is None else _location(folder, state)
    configs = (
        load_configs(folder)
        if exists
        else (Config(folder, folder / "blueprints", Location.of_file(folder / STATE)),)
    )
    if wanted is not None and exists:
        _check_state(configs, wanted)
    main = branch or main_branch(top)
    setups = tuple(_setup(each, wanted or each.state, main) for each in configs)
    for name in (below, *(name for each in setups for name in (each.blueprints, each.state, each.branch))):
        if not PLAIN.fullmatch(name):
            raise UsageError(
                f"init can't write workflows for this name: {clip(name)}",
                hint="rename it: letters, digits, `.`, `_`, `-` and `/` need no quotes anywhere",
            )
    _check_refs(top, folder, {each.ref for each in setups if each.ref})
    return top, tuple(replace(each, below=below, origin=origin) for each in setups)


def _location(folder: Path, text: str) -> Location:
    """Raises UsageError, InvalidConfig for a location that settings can't hold."""
    location = Location.parse(text, folder)
    if location.kind in {"file", "git"}:
        return state_location(folder, text)
    raise UsageError(
        f"init does not write {location.where} into {CONFIG}, which a pull request can change",
        hint="leave out --state, and set KALENTOPS_STATE where the commands run",
    )


def _setup(config: Config, state: Location, main: str) -> Setup:
    return Setup(
        branch=config.branch or main,
        blueprints=config.blueprints.relative_to(config.root).as_posix(),
        state=state.name(config.root) if state.path else "",
        ref=state.text.removeprefix("git:") if state.kind == "git" else "",
        environment=config.environment or "",
        readers=config.readers,
        confirm=config.confirm,
        scheduled=main,
    )


def _check_state(configs: Sequence[Config], wanted: Location) -> None:
    """Raises UsageError if the settings, which stay as they are, name another place."""
    if configs[0].environments:
        raise UsageError(
            f"{CONFIG} has environments, each with its own state",
            hint="leave out --state, and write `state:` into the environment that it belongs to",
        )
    there, other = (each.name(configs[0].root) for each in (configs[0].state, wanted))
    if there != other:
        raise UsageError(
            f"{CONFIG} keeps the state at {clip(there, 120)}, and init does not edit it",
            hint=f"`kalentops state migrate {clip(other, 120)}` moves the state; set `state` in {CONFIG} as it says, "
            "then run init again",
        )


def _check_refs(top: Path, folder: Path, refs: Collection[str]) -> None:
    """Raises UsageError for a ref that another project of the repository has: their states would become one."""
    if not refs:
        return
    for other in _other_projects(top, folder):
        try:
            configs = load_configs(other)
        except KalentopsError:  # its own commands say what is wrong
            continue
        for name in (each.state.text.removeprefix("git:") for each in configs):
            if name in refs:
                there = (other / CONFIG).relative_to(top).as_posix()
                raise UsageError(
                    f"{clip(there, 120)} keeps its state in {name}, too",
                    hint="each project needs a ref of its own: git:refs/kalentops/NAME",
                )


def _other_projects(top: Path, folder: Path) -> Iterator[Path]:
    try:
        repository = open_read_only(top)
    except UsageError:
        return
    listed = repository.ask("ls-files", "-z", "--cached", "--others", "--exclude-standard") or ""
    for path in (top / name for name in listed.split("\0")):
        if path.name == CONFIG and path.parent != folder and path.is_file():
            yield path.parent


def _check_git(folder: Path, top: Path | None) -> None:
    """Raises UsageError if git refuses the repository, or if the folder is a part of `.git` or a bare repository."""
    bare = top is None and all((folder / name).exists() for name in ("HEAD", "config", "objects", "refs"))
    if bare or ".git" in folder.parts:
        raise UsageError(
            f"{clip(str(folder), 200)} is git's own: nothing is checked out there",
            hint="run init in a clone with a work tree",
        )
    if top is not None and has_git():
        open_repository(top)


def main_branch(top: Path) -> str:
    """The remote's main branch; else `main` or `master`, if it exists; else the branch of the first commit."""
    try:
        repository = open_read_only(top)
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


def has_blueprints(folder: Path, setups: Sequence[Setup]) -> bool:
    """Whether there is a file that could be a blueprint: then no example is needed."""
    places = {folder / each.blueprints for each in setups}
    return any(True for place in places for ending in ("yaml", "yml") for _ in place.rglob(f"*.{ending}"))


def kept_folders(folder: Path, setups: Sequence[Setup], *, example: bool) -> list[ProjectFile]:
    """A file for each missing folder of blueprints or of a state: git keeps no empty folder, and commands refuse a
    missing one.
    """
    names = dict.fromkeys(each.blueprints for each in setups)
    if example:
        del names[setups[0].blueprints]
    names |= dict.fromkeys(posixpath.dirname(each.state) for each in setups if not each.ref)
    return [ProjectFile(f"{name}/.gitkeep", "") for name in names if name and not (folder / name).exists()]


def outdated_workflows(top: Path, setups: Sequence[Setup]) -> list[str]:
    """Those from before the project had environments: each of their runs would fail."""
    if not setups[0].environment:
        return []
    return [each.name for each in workflows(replace(setups[0], environment="")) if (top / each.name).exists()]


def set_driver(top: Path, *, dry_run: bool = False) -> Driver:
    """Set git's merge driver for states in this clone; an existing setting stays."""
    try:
        repository = open_repository(top)
    except UsageError:
        return "no git"
    there = repository.ask("config", "--get", _SETTING)
    if there is not None:
        return "exists" if there.strip() == DRIVER else "other"
    if not dry_run:
        repository.git("config", "--local", "merge.kalentops-state.name", "states of kalentops, by address")
        if repository.git("config", "--local", _SETTING, DRIVER).code:
            return "no git"
    return "set"
