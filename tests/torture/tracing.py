"""Points in the life of a process, found and hit with strace.

`strace -e inject=CALL:…:when=N` counts the calls of each thread by itself, so the Nth call of the thread that comes
first hides the Nth of the others. Where that happens, the calls are told apart by the file that they are about (-P).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.harness import STATE

FILES: Final = {
    "journal": f"{STATE}.journal",
    "lock": f"{STATE}.lock",
    "state": STATE,
    "folder": "",
}
CALLS: Final = (
    "write",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "sendto",
    "recvfrom",
    "poll",
    "ftruncate",
    "openat",
)
# Only the calls that are asked for stop the process: twice as fast. With it, strace sends no signals.
QUICK: Final = "--seccomp-bpf"
_LINE: Final = re.compile(r"(?P<pid>\d+) +(?P<call>\w+)\((?P<rest>.*)")
_PATH: Final = re.compile(r'(?:\d|AT_FDCWD)<(/[^>]*)>|"(/[^"]*)"')


@dataclass(frozen=True)
class Point:
    """The nth of a call in a thread; `on` counts those on one file alone. `about` is for the reader."""

    call: str
    on: str | None
    nth: int
    about: str = ""

    def __str__(self) -> str:
        return f"{self.call}#{self.nth}" + (f" on the {self.on}" if self.on else "")

    def options(self, folder: Path, what: str, *, onwards: bool = False) -> tuple[str, ...]:
        """What tells strace to do something here (`signal=SIGKILL`, `error=EIO`), and from here on."""
        on = () if self.on is None else ("-P", str(folder / FILES[self.on]))
        when = f"{self.nth}+" if onwards else str(self.nth)
        return (*on, "-e", f"trace={self.call}", "-e", f"inject={self.call}:{what}:when={when}")


@dataclass(frozen=True)
class Call:
    """A line of a trace. `files` are names of FILES. `changes`: it may have an effect on a person."""

    thread: str
    name: str
    files: frozenset[str]
    about: str
    changes: bool = True


def calls_of(trace: str, folder: Path) -> list[Call]:
    """What a trace says."""
    known = {str(folder / file): name for name, file in FILES.items()}
    found = []
    for line in trace.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        rest = match["rest"]
        if match["call"] == "openat":  # the folder that a path is relative to is not what it is about
            rest = rest.partition(", ")[2]
        elif match["call"] == "write":  # what is written is text of the trace too
            rest = rest.partition(",")[0]
        paths = [one or two for one, two in _PATH.findall(rest)]
        files = frozenset(known[path] for path in paths if path in known)
        temporary = any(path.startswith(str(folder)) and path.endswith(".tmp") for path in paths)
        stream = "stream" if "<pipe:" in rest else "socket" if "<socket:" in rest else "file"
        about = "temporary" if temporary else min(files, default=stream)
        changes = {"openat": "O_CREAT" in rest, "close": bool(files) or temporary}.get(match["call"], True)
        found.append(Call(match["pid"], match["call"], files, about, changes=changes))
    return found


def points_of(calls: Iterable[Call]) -> tuple[list[Point], int]:
    """A point for each call that can be hit, in the order of the trace; and how many can't be told apart."""
    counts: Counter[tuple[str | None, str, str]] = Counter()
    taken: set[tuple[str | None, str, int]] = set()
    points, hidden = [], 0
    for call in calls:
        chosen: Point | None = None
        for on in (*sorted(call.files), None):
            counts[on, call.thread, call.name] += 1
            nth = counts[on, call.thread, call.name]
            if (on, call.name, nth) not in taken:
                taken.add((on, call.name, nth))
                chosen = chosen or Point(call.name, on, nth, call.about)
        if call.changes and chosen is not None:
            points.append(chosen)
        elif call.changes:
            hidden += 1
    return points, hidden
