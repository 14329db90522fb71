"""The operations of a program on one folder, seen and interfered with, inside of this process.

Everything that changes the disk passes here before it takes effect: it can be recorded (to replay what a power cut
would have left), made to fail, or made the last thing that the program ever does.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self


class Killed(BaseException):
    """The program is dead: nothing that it does from here on has an effect."""


@dataclass(frozen=True)
class Op:
    """One operation: create, write, sync, rename, unlink, syncfolder. `path` and `target` are names in the folder."""

    kind: str
    path: str
    data: bytes = b""
    target: str = ""


Hook = Callable[[Op], int | None]
"""Called before an operation. May raise; for a write it may return how many bytes of it still get through before
the program dies."""


class Disk:
    """A context manager: while it is open, the hook sees every operation on files of the folder, bar the lock."""

    _names = ("open", "write", "fsync", "fdatasync", "replace", "unlink", "close")

    def __init__(self, folder: Path, hook: Hook) -> None:
        self._folder = str(folder.resolve()) + os.sep
        self._hook = hook
        self._descriptors: dict[int, str] = {}
        self._real: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._real = {name: getattr(os, name) for name in self._names}
        for name in self._names:
            setattr(os, name, getattr(self, f"_{name}"))
        return self

    def __exit__(self, *_: object) -> None:
        for name, real in self._real.items():
            setattr(os, name, real)

    def _name(self, path: Any) -> str | None:
        text = os.fspath(path)
        if not isinstance(text, str) or text.endswith(".lock"):
            return None
        if text + os.sep == self._folder:
            return ""
        return text[len(self._folder) :] if text.startswith(self._folder) else None

    def _open(self, path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        name = self._name(path) if isinstance(path, str | os.PathLike) else None
        if name and flags & os.O_CREAT and not Path(path).exists():
            self._hook(Op("create", name))
        descriptor: int = self._real["open"](path, flags, *args, **kwargs)
        if name is not None:
            self._descriptors[descriptor] = name
        return descriptor

    def _close(self, descriptor: int) -> None:
        self._descriptors.pop(descriptor, None)
        self._real["close"](descriptor)

    def _write(self, descriptor: int, data: Any) -> int:
        name = self._descriptors.get(descriptor)
        if name is None:
            return int(self._real["write"](descriptor, data))
        part = self._hook(Op("write", name, bytes(data)))
        if part is None:
            return int(self._real["write"](descriptor, data))
        self._real["write"](descriptor, bytes(data)[:part])
        raise Killed

    def _sync(self, descriptor: int, real: str) -> None:
        name = self._descriptors.get(descriptor)
        if name is not None:
            self._hook(Op("sync" if name else "syncfolder", name))
        self._real[real](descriptor)

    def _fsync(self, descriptor: int) -> None:
        self._sync(descriptor, "fsync")

    def _fdatasync(self, descriptor: int) -> None:
        self._sync(descriptor, "fdatasync")

    def _replace(self, source: Any, target: Any, **kwargs: Any) -> None:
        name, other = self._name(source), self._name(target)
        if name and other:
            self._hook(Op("rename", name, target=other))
        self._real["replace"](source, target, **kwargs)

    def _unlink(self, path: Any, **kwargs: Any) -> None:
        name = self._name(path)
        if name and Path(path).exists():
            self._hook(Op("unlink", name))
        self._real["unlink"](path, **kwargs)
