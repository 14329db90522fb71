"""Which files there are, and their text. The only part of the loader that touches the disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from kalentops.errors import UsageError
from kalentops.finding import Finding

MAX_BYTES = 1 << 20
SUFFIXES = (".yaml", ".yml")
# O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
_FLAGS = os.O_RDONLY
for _flag in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
    _FLAGS |= getattr(os, _flag, 0)


@dataclass(frozen=True, slots=True)
class Source:
    """A file to load: where it is, and the name under which findings speak of it.

    `outside`: it seems to lie in the project, but a folder on the way to it is a link that leaves it.
    """

    path: str
    name: str
    outside: bool = False


def find(root: Path, places: Iterable[Path]) -> list[Source]:
    """The YAML files at and below `places`, in a stable order, each once.

    `root` is the folder of the project; names are relative to it. Names that begin with a dot are passed
    over. Raises UsageError where a place does not exist.
    """
    found: dict[str, Source] = {}
    for place in places:
        if not os.path.lexists(place):
            name = _name(root, str(place))
            raise UsageError(
                f"there is no {name}" + ("" if os.path.isabs(name) else f" in {root}"),  # noqa: PTH117 - a text
                hint="run it in the folder of your repository, or pass -C DIR or the right path"
                + _begin(root),
            )
        outside = _leaves(str(place), root)
        for path in _below(str(place)) if _is_folder(place) and not outside else [str(place)]:
            found.setdefault(path, Source(path, _name(root, path), outside))
    return sorted(found.values(), key=lambda source: source.name)


def _begin(root: Path) -> str:
    """Who has no settings here has perhaps not begun; for others it is a path that is wrong."""
    return "" if (root / "kalentops.yaml").exists() else "; `kalentops init` sets up a new one"


def _below(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            sorted_entries = sorted(entries, key=lambda e: e.name)
    except OSError:
        yield folder  # `read` fails on it in the same way, and says so
        return
    for entry in sorted_entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path)
        elif entry.name.lower().endswith(SUFFIXES) or (entry.is_symlink() and _is_folder(Path(entry.path))):
            yield entry.path


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError:  # no such file, a link to itself, …
        return False


def _leaves(path: str, root: Path) -> bool:
    """Whether a path in the project leads out of it, by a link in whichever part of it."""
    absolute = os.path.abspath(path)  # noqa: PTH100 - links are what this is about
    return _inside(absolute, str(root)) and _links_outside(absolute, root)


def _links_outside(path: str, root: Path) -> bool:
    return not _inside(os.path.realpath(path), os.path.realpath(root))


def _inside(path: str, folder: str) -> bool:
    try:
        return os.path.commonpath([path, folder]) == folder
    except ValueError:  # another drive
        return False


def _name(root: Path, path: str) -> str:
    absolute = os.path.abspath(path)  # noqa: PTH100 - a symbolic link has to keep its own name
    folder, last = os.path.split(absolute)
    name = "." if absolute == str(root) else _before(str(root), folder) + last
    # A name that is not UTF-8 can't be printed.
    return name if name.isascii() else name.encode(errors="surrogateescape").decode(errors="replace")


@lru_cache(maxsize=64)  # many files have one folder
def _before(root: str, folder: str) -> str:
    """What stands before the names of a folder's files."""
    name = Path(os.path.relpath(folder, root) if _inside(folder, root) else folder).as_posix()
    return "" if name == "." else name.rstrip("/") + "/"


def read(source: Source, root: Path) -> str | Finding:
    """The text of a file, or the finding that says why it has none."""
    text = read_whole(source, root)
    return text.lstrip("\ufeff") if isinstance(text, str) else text


def read_whole(source: Source, root: Path) -> str | Finding:
    """The same, with the byte order mark where there is one."""
    try:
        return _read(source, root)
    except OSError as error:
        return _unreadable(
            source, f"it can't be read: {error.strerror or error}", "mend its permissions or the path"
        )
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return _unreadable(source, f"not UTF-8, at byte {error.start + 1}", "save it as UTF-8", line)


def _read(source: Source, root: Path) -> str | Finding:
    path = source.path
    if source.outside or (os.path.islink(path) and _links_outside(path, root)):  # noqa: PTH114 - for speed
        return _unreadable(
            source, "a symbolic link that leaves the project", "copy the file into the project"
        )
    if path.lower().endswith(SUFFIXES) and not path.endswith(SUFFIXES):
        said = "the end of its name is in capitals, so that hooks and editors pass over it"
        return _unreadable(source, said, f"rename it: {Path(source.name).stem}{Path(path).suffix.lower()}")
    descriptor = os.open(path, _FLAGS)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            return _unreadable(source, "a folder, or a link to one", "put the files themselves there")
        if not stat.S_ISREG(status.st_mode):
            return _unreadable(source, "not a regular file", "put a file in its place")
        with open(descriptor, "rb", closefd=False) as stream:
            # `read` takes as much memory as it is asked for: the size and a byte, more if it grows meanwhile.
            data = stream.read(min(status.st_size, MAX_BYTES) + 1)
            if len(data) > status.st_size:
                data += stream.read(MAX_BYTES + 1 - len(data))
    finally:
        os.close(descriptor)
    if len(data) > MAX_BYTES:
        return Finding(
            source.name, 1, 1, "KAL002", "larger than 1 MiB", "split it; several files may serve one sourcing"
        )
    return data.decode()


def _unreadable(source: Source, message: str, hint: str, line: int = 1) -> Finding:
    return Finding(source.name, line, 1, "KAL001", message, hint)
