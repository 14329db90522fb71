"""Results of earlier runs: bytes by kind and key, in the user's cache folder.

What can write there can change a verdict. So the folder is never inside the repository, whose files a pull request
changes, and never another user's; CI starts without one. An entry counts only if its checksum over kind, key and
content is right. No fault of the disk is an error: what can't be read is missing, what can't be written is not kept.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import kalentops
from kalentops.support import atomic_write

DIRECTORY: Final = "KALENTOPS_CACHE_DIR"
LIMIT: Final = 256 << 20
"""The bytes of all entries, about: the least recently used go first."""
_MOST: Final = 64 << 20
"""The bytes of one entry."""
_PRUNE_EACH: Final = LIMIT >> 4
"""The bytes that one process writes before it looks at the size of the cache again."""
_BLOCK: Final = 4096
"""The bytes that the smallest file takes on a disk."""
_ABANDONED: Final = 3600
"""The age in seconds of a temporary file whose run was killed."""
_FORMAT: Final = b"kalentops cache 1\n"
_HEAD: Final = len(_FORMAT) + sha256().digest_size
_SUFFIX: Final = ".cached"
# An entry, or the temporary file that becomes one. Other files in the folder are not ours.
_NAME: Final = re.compile(rf"[a-z]+-[0-9a-f]+{re.escape(_SUFFIX)}")
_TEMPORARY: Final = re.compile(rf"\.{_NAME.pattern}\.[0-9a-f]+\.tmp")


@dataclass(frozen=True, slots=True)
class Usage:
    """Number of entries, their bytes, and when the least recently used one was used."""

    entries: int
    size: int
    oldest: datetime | None


class Cache:
    """The cache for the project in the folder `root`, looked for when it is first used. Not enabled, it has nothing and
    keeps nothing.
    """

    def __init__(self, root: Path | None, *, enabled: bool = True) -> None:
        self._root = root
        self._enabled = enabled
        self._written: int | None = None
        """The bytes since the last look at the size; None before the first write."""

    @cached_property
    def _found(self) -> tuple[Path | None, str]:
        """The folder, or None and why none is used. It may not exist yet."""
        if not self._enabled:
            return None, "KALENTOPS_NO_CACHE or --no-cache turns it off"
        if not os.environ.get(DIRECTORY) and in_ci():
            return None, f"CI starts without one, unless {DIRECTORY} names it"
        folder = cache_folder()
        if folder is None:
            return None, "there is no home folder"
        refusal = _refusal(folder, self._root)
        return (None if refusal else folder), refusal

    @property
    def refusal(self) -> str:
        """Why no cache is used; empty if one is."""
        return self._found[1]

    def get(self, kind: str, key: str) -> bytes | None:
        """What was put, or None. `kind` is a word, `key` a hexadecimal digest."""
        folder = self._found[0]
        if folder is None:
            return None
        path = folder / _name(kind, key)
        with suppress(OSError):
            head, data = _read(path)
            if head == _head(kind, key, data):
                _set_used(path)
                return data
            _drop(path)
        return None

    def put(self, kind: str, key: str, data: bytes) -> None:
        """Keep it for later runs, if possible."""
        folder = self._found[0]
        if folder is None or len(data) > _MOST:
            return
        path = folder / _name(kind, key)
        with suppress(OSError):
            if self._written is None:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if _refusal(folder, None):  # another process made it, perhaps that of another user
                    return
            atomic_write.replace(path, _head(kind, key, data) + data, mode=0o600, durable=False)
            _set_used(path)
            written = (self._written or 0) + _on_disk(len(data))
            if self._written is None or written >= _PRUNE_EACH:
                prune(folder)
                written = 0
            self._written = written


def in_ci() -> bool:
    """Whether this is a job of a CI system."""
    return bool(os.environ.get("CI") or os.environ.get("GITHUB_ACTIONS"))


def cache_folder() -> Path | None:
    """The folder that the variable names, or the user's, without links. None if there is no home folder."""
    named = os.environ.get(DIRECTORY)
    folder = Path(named) if named else _of_user()
    return folder and Path(os.path.realpath(folder))


def _of_user() -> Path | None:
    from platformdirs import user_cache_path  # not loaded where the variable names the folder

    try:
        folder = user_cache_path("kalentops", appauthor=False)
    except RuntimeError:
        return None
    return folder if folder.is_absolute() else None  # older releases return `~` without a home


def usage(folder: Path) -> Usage:
    return _sum(_files(folder))


def clear(folder: Path) -> Usage:
    """Remove all entries; what was removed. Raises OSError for the first one that can't be."""
    found = _files(folder)
    for each in found:
        each.path.unlink(missing_ok=True)
    return _sum(found)


def _sum(files: Iterable[_File]) -> Usage:
    entries = [each for each in files if not each.temporary]
    used = (min(max(each.used, 0), time.time()) for each in entries)  # whatever a broken clock wrote
    oldest = min(used, default=None)
    at = None if oldest is None else datetime.fromtimestamp(oldest, UTC)
    return Usage(len(entries), sum(each.size for each in entries), at)


def prune(folder: Path) -> None:
    """Remove the least recently used entries beyond the limit, and the temporary files of killed runs."""
    now = time.time()
    left = 0
    for each in sorted(_files(folder), key=lambda found: found.used, reverse=True):
        left += _on_disk(each.size)
        if abs(now - each.used) > _ABANDONED if each.temporary else left > LIMIT:
            _drop(each.path)


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    size: int
    used: float
    temporary: bool


def _files(folder: Path) -> list[_File]:
    """The files of the cache, without those that can't be read, or that another process has just removed."""
    found: list[_File] = []
    with suppress(OSError):
        for each in os.scandir(folder):
            temporary = _TEMPORARY.fullmatch(each.name) is not None
            if temporary or _NAME.fullmatch(each.name):
                with suppress(OSError):
                    status = each.stat(follow_symlinks=False)
                    if not stat.S_ISDIR(status.st_mode):
                        found.append(_File(folder / each.name, status.st_size, status.st_mtime, temporary))
    return found


def _name(kind: str, key: str) -> str:
    """Raises ValueError for what is no word, or no digest: it could lead out of the folder."""
    name = f"{kind}-{key}{_SUFFIX}"
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name} can't be the name of an entry")
    return name


def _read(path: Path) -> tuple[bytes, bytes]:
    """Head and content of an entry; empty where it is no file that this module writes. Raises OSError."""
    try:
        with atomic_write.opened(path, follow=False) as (descriptor, status):
            if not _is_private(status) or not _HEAD <= status.st_size <= _HEAD + _MOST:
                return b"", b""
            return os.read(descriptor, _HEAD), os.read(descriptor, status.st_size - _HEAD)
    except atomic_write.NoPlainFile:
        return b"", b""


def _head(kind: str, key: str, data: bytes) -> bytes:
    checksum = sha256(f"{kind}-{key}\n".encode())
    checksum.update(data)
    return _FORMAT + checksum.digest()


def _refusal(folder: Path, root: Path | None) -> str:
    """Why a folder can't be used as the cache of a project; empty if it can."""
    try:
        if root is not None and _is_inside(folder, _repository(root.resolve())):
            return "it is inside the repository, whose files a pull request can change; choose a folder outside of it"
        status = folder.stat()
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"it can't be read: {error.strerror}"
    faults = {"it is not a folder": not stat.S_ISDIR(status.st_mode)}
    if sys.platform != "win32":
        faults["it belongs to another user"] = status.st_uid != os.geteuid()
        faults["other users can write to it; `chmod go-w` on the folder changes this"] = bool(
            status.st_mode & 0o022
        )
    return next((each for each, found in faults.items() if found), "")


def _repository(root: Path) -> Path:
    """The folder of the git repository that a folder is in, or the folder itself."""
    return next((each for each in (root, *root.parents) if (each / ".git").exists()), root)


def _is_inside(folder: Path, root: Path) -> bool:
    """Also where upper and lower case, or a mount, give one folder two names."""
    status = root.stat()
    for each in (folder, *folder.parents):
        with suppress(OSError):
            if os.path.samestat(each.stat(), status):
                return True
    return False


def _is_private(status: os.stat_result) -> bool:
    """Whether only the user can read and write the file; git never writes one like that."""
    return sys.platform == "win32" or (status.st_uid == os.geteuid() and not status.st_mode & 0o077)


def _on_disk(size: int) -> int:
    return max(size, _BLOCK)


def _set_used(path: Path) -> None:
    now = time.time_ns()  # the system's own time stamps can be a hundredth of a second late
    with suppress(OSError):
        os.utime(path, ns=(now, now))


def _drop(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


@cache
def program() -> list[Any]:
    """What makes a result: this package and its parsers as they are, an edited one too."""
    found: list[Any] = [kalentops.__version__, sys.version]
    for folder, _, names in os.walk(Path(kalentops.__file__).parent):
        found += sorted(_stamp(f"{folder}/{name}") for name in names if name.endswith(".py"))
    specs = (find_spec(name) for name in ("yaml", "pydantic", "pydantic_core"))
    return found + [_stamp(each.origin) for each in specs if each and each.origin]


def _stamp(path: str) -> tuple[str, int, int]:
    status = os.stat(path)  # noqa: PTH116 - called for every module
    return path, status.st_size, status.st_mtime_ns
