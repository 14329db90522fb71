"""Which files there are, and their text. The only part of the loader that touches the disk."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from kalentops.errors import UsageError
from kalentops.lint.finding import Finding, Severity
from kalentops.support.text import clip, normal, some
from kalentops.yamlfile import MAX_BYTES

SUFFIXES = (".yaml", ".yml")
# O_NONBLOCK: opening a pipe without a writer would wait forever.
_FLAGS = os.O_RDONLY
for _flag in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
    _FLAGS |= getattr(os, _flag, 0)
_NO_LINK: Final[int] = getattr(os, "O_NOFOLLOW", 0)


class Source(NamedTuple):
    """A file to load: where it is, and the name under which findings speak of it.

    `outside`: it seems to lie in the project, but a folder on the way to it is a link that leaves it.
    """

    path: str
    name: str
    outside: bool = False


def find(root: Path, places: Iterable[Path], passed_over: list[Finding] | None = None) -> list[Source]:
    """The YAML files at and below `places`, in a stable order, each once.

    `root` is the folder of the project; names are relative to it. Names that begin with a dot are passed
    over, and so are the settings of the project. What looks like a file of blueprints and is not read is added to
    `passed_over`. Raises UsageError where a place does not exist.
    """
    unread: list[str] = []
    found: dict[str, Source] = {}
    for place in places:
        if not os.path.lexists(place):
            name = _name(root, str(place))
            raise UsageError(
                f"there is no {name}" + ("" if os.path.isabs(name) else f" in {root}"),  # noqa: PTH117 - a text
                hint="run it in the folder of your repository, or pass -C DIR or the right path"
                + (_meant(root, name) or _begin(root)),
            )
        start, outside = str(place), _leaves(str(place), root)
        whole_start = os.path.abspath(start)  # noqa: PTH100 - links keep their names
        for path in _below(start, unread) if _is_folder(place) and not outside else [start]:
            whole = whole_start + path[len(start) :]
            found.setdefault(whole, Source(path, _name_of(root, whole), outside))
    found.pop(str(root / _SETTINGS), None)
    others = {whole: each for whole, each in found.items() if _holds_settings(each, root)}
    for whole in others:
        del found[whole]
    if passed_over is not None:
        passed_over += map(_settings_of_another, others.values())
        passed_over += [_unread(_name(root, path)) for path in dict.fromkeys(unread)]
    return sorted(found.values(), key=lambda source: source.name)


def _unread(name: str) -> Finding:
    right = meant_as(name) or f"{name.rpartition('.')[0]}.yaml"
    said = f"this file is not read: its name does not end with {' or '.join(SUFFIXES)}"
    hint = f"rename it to {clip(right)}, or move it to another folder"
    return Finding(name, 1, 1, "KAL315", said, hint, Severity.WARNING)


def _holds_settings(source: Source, root: Path) -> bool:
    """Whether a file is the settings of a project below this one, and no blueprint file that has their name."""
    if not source.path.endswith(_SETTINGS) or Path(source.path).name != _SETTINGS:  # the first is fast
        return False
    text = read_whole(source, root)
    return isinstance(text, str) and not _SERVES.search(text)


def _settings_of_another(source: Source) -> Finding:
    folder = source.name.removesuffix(_SETTINGS).rstrip("/")
    said = f"this file is not read: {_SETTINGS} holds the settings of a project"
    hint = (
        f"check it with `kalentops -C {clip(folder)} validate`; rename the file if it is to hold blueprints"
    )
    return Finding(source.name, 1, 1, "KAL315", said, hint, Severity.WARNING)


def _meant(root: Path, name: str) -> str:
    """The hint for a path that begins one level below the folder of the project; empty if there is none."""
    found = sorted(each for each in root.glob("[!.]*/") if os.path.lexists(each / name))
    return f"; did you mean {clip(_name(root, str(found[0] / name)))}?" if found else ""


def _begin(root: Path) -> str:
    """The hint: without settings, the folder is above projects or not set up; otherwise the path is wrong."""
    if (root / _SETTINGS).exists():
        return ""
    below = projects_below(root)
    if below:
        return f"; there are projects below: -C {some(below, _NAMED, ', -C ')}"
    return "; `kalentops init` sets up a new one"


def check_begun(root: Path, blueprints: Path) -> None:
    """Raises UsageError in a folder that is no project and has projects below: one of them is meant."""
    if not (root / _SETTINGS).exists() and not os.path.lexists(blueprints) and projects_below(root):
        raise UsageError(f"{root} is no project", hint=_begin(root).removeprefix("; "))


_SETTINGS: Final = "kalentops.yaml"
_SERVES: Final = re.compile(r"^[\"']?sourcingId", re.MULTILINE)
_NAMED: Final = 5
_DEPTH: Final = 4
_FOLDERS: Final = 2_000


def projects_below(root: Path) -> list[str]:
    """The folders below one that have settings, as paths relative to it: four levels, and 2,000 folders at most."""
    found: list[str] = []
    level = [root]
    seen = 0
    for _ in range(_DEPTH):
        level = [below for folder in level for below in _folders(folder)][: _FOLDERS - seen]
        seen += len(level)
        found += [each.relative_to(root).as_posix() for each in level if (each / _SETTINGS).is_file()]
    return sorted(found)


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(each.name for each in entries if each.is_dir(follow_symlinks=False))
    except OSError:
        return []
    return [folder / name for name in names if not name.startswith(".") and name != "node_modules"]


def _below(folder: str, unread: list[str]) -> Iterator[str]:
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
            yield from _below(entry.path, unread)
        elif entry.name.lower().endswith(SUFFIXES) or (entry.is_symlink() and _is_folder(Path(entry.path))):
            yield entry.path
        elif entry.is_file(follow_symlinks=False) and meant_as(entry.path):
            unread.append(entry.path)


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
        return os.path.normcase(os.path.commonpath([path, folder])) == os.path.normcase(folder)
    except ValueError:  # another drive
        return False


def _name(root: Path, path: str) -> str:
    return _name_of(root, os.path.abspath(path))  # noqa: PTH100 - a symbolic link has to keep its own name


def _name_of(root: Path, absolute: str) -> str:
    folder, _, last = absolute.rpartition(os.sep)
    name = "." if absolute == str(root) else _before(str(root), folder or os.sep) + last
    if name.isascii():
        return name
    if sys.platform == "darwin":  # git calls it so there, whichever form the disk has
        name = normal("NFC", name)
    # A name that is not UTF-8 can't be printed, and two of them have to differ.
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


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
    data = read_bytes(source, root)
    return text_of(source, data) if isinstance(data, bytes) else data


def read_bytes(source: Source, root: Path) -> bytes | Finding:
    """The content of a file, or the finding that says why it can't be read."""
    try:
        return _read(source, root)
    except OSError as error:
        return _unreadable(
            source, f"it can't be read: {error.strerror or error}", "fix its permissions or the path"
        )


def content_digest(source: Source, root: Path) -> str:
    """The digest of the content of a file; empty for one that can't be read."""
    data = read_bytes(source, root)
    return sha256(data).hexdigest() if isinstance(data, bytes) else ""


def text_of(source: Source, data: bytes) -> str | Finding:
    """The text that the content of a file is, or the finding that it is none."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _unreadable(
            source, f"the file is not UTF-8, see byte {error.start + 1}", "save it as UTF-8", line
        )


def _read(source: Source, root: Path) -> bytes | Finding:
    descriptor = _open(source, root)
    if isinstance(descriptor, Finding):
        return descriptor
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            if stat.S_ISDIR(status.st_mode):
                hint = "put the files themselves here"
                return _unreadable(source, "this is a folder, or a link to one", hint)
            return _unreadable(source, "this is not a regular file", "put a file in its place")
        # `read` takes as much memory as it is asked for: the size and a byte, more if it grows meanwhile.
        data = os.read(descriptor, min(status.st_size, MAX_BYTES) + 1)
        while len(data) != status.st_size and (more := os.read(descriptor, MAX_BYTES + 1 - len(data))):
            data += more
    finally:
        os.close(descriptor)
    if len(data) > MAX_BYTES:
        hint = "split it: several files can serve one sourcing"
        return Finding(source.name, 1, 1, "KAL002", "the file is larger than 1 MiB", hint)
    return data


def _open(source: Source, root: Path) -> int | Finding:
    path = source.path
    if _NO_LINK and not source.outside and path.endswith(SUFFIXES):
        try:
            return os.open(path, _FLAGS | _NO_LINK)
        except OSError:  # a link, or what can't be opened at all: see below
            pass
    if source.outside or (os.path.islink(path) and _links_outside(path, root)):  # noqa: PTH114 - a text
        return _unreadable(
            source, "this is a symbolic link that leads out of the project", "copy the file into the project"
        )
    if path.lower().endswith(SUFFIXES) and not path.endswith(SUFFIXES):
        said = "its name ends in capitals, so hooks and editors ignore it"
        return _unreadable(source, said, f"rename it: {Path(source.name).stem}{Path(path).suffix.lower()}")
    return os.open(path, _FLAGS)


def _unreadable(source: Source, message: str, hint: str, line: int = 1) -> Finding:
    return Finding(source.name, line, 1, "KAL001", message, hint)


# What editors, systems and backups put behind a name, and slips of the pen in its end. One sign at a time: a group that
# repeats what repeats takes years with a name that a stranger has made long.
_BEHIND: Final = r"(?:\.(?:txt|bak|backup|old|orig|save|tmp|rtf|docx?|html?|copy)|[~_ ])+"
_MISSPELT: Final = r"\.(?:yam|ymal|yalm|yaml?s|ymls|yam1|ym1|yml?ml)"
_BLUEPRINTS: Final = re.compile(rf"(.+)(?:(\.ya?ml){_BEHIND}|{_MISSPELT}(?:{_BEHIND})?)", re.IGNORECASE)
_COPY: Final = r"(?:[ _-]*(?:\(\d+\)|copy|kopie|copie)(?:[ _-]*\(?\d+\)?)?)?"
_LIKE_SETTINGS: Final = re.compile(
    rf"\.?kalent-?ops(?P<other>{_COPY})(?:\.ya?ml|\.json|\.toml|{_MISSPELT})(?P<behind>{_BEHIND})?",
    re.IGNORECASE,
)
_LARGEST: Final = 1 << 20


def meant_as(path: str) -> str | None:
    """The name that a file of blueprints ought to have, where the one that it has keeps it from being read."""
    name = os.path.basename(path)  # noqa: PTH119 - called for every file
    match = _BLUEPRINTS.fullmatch(name)
    if match:
        return match[1] + (match[2] or ".yaml").lower()
    if name.lower().endswith(".json") and _holds_blueprints(path):
        return name[: -len(".json")] + ".yaml"
    return None


def _holds_blueprints(path: str) -> bool:
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - a text
            data = json.loads(stream.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(data, dict) and {"sourcingId", "blueprints"} <= data.keys()


def other_settings(names: list[str], right: str) -> str | None:
    """The first of a folder's files that may be taken for the settings. Beside the right one, a copy of it may not."""
    beside = right in names
    for name in sorted(names):
        match = _LIKE_SETTINGS.fullmatch(name)
        if match and name != right and not (beside and (match["other"] or match["behind"])):
            return name
    return None
