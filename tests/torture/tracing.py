"""Points in the life of a process, found and hit with strace; and the small world that the process runs in.

`strace -e inject=CALL:…:when=N` counts the calls of each thread by itself, so the Nth call of the thread that comes
first hides the Nth of the others. Where that happens, the calls are told apart by the file that they are about (-P).
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from kalentops.emulator.server import BackgroundEmulator
from tests.faults.proxy import Exchange, FaultProxy, Request
from tests.harness import KEY, STATE, Project, Ran, Truth, blueprint

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
BEHAVIOURS: Final = ("nothing", "done", "late")
SOURCING: Final = "sourcing_a"
NAMES: Final = ("Old", "New", "There")
LATE: Final = 0.15
SETTLE: Final = 0.3
_MEMORY: Final = Path("/dev/shm")
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

    def options(self, folder: Path, what: str) -> tuple[str, ...]:
        """What tells strace to do something here: `signal=SIGKILL`, `error=EIO`."""
        on = () if self.on is None else ("-P", str(folder / FILES[self.on]))
        return (*on, "-e", f"trace={self.call}", "-e", f"inject={self.call}:{what}:when={self.nth}")


@dataclass(frozen=True)
class Call:
    """A line of a trace. `files` are names of FILES. `changes`: it may have an effect on somebody."""

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
        changes = match["call"] != "openat" or "O_CREAT" in rest
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


class CleanProject(Project):
    """A project whose processes do what they do for users, whoever measures the tests."""

    def variables(self) -> dict[str, str]:
        kept = {
            k: v for k, v in super().variables().items() if not k.startswith(("COVERAGE", "COV_", "PYTEST"))
        }
        return {**kept, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "NO_COLOR": "1"}


class World:
    """A server, a proxy before it, and a project: one blueprint to update, one to make, one to adopt.

    A context manager. `behaviour` is what the server does with the first create and the first update.
    """

    def __init__(self, behaviour: str = "done", settle: float = SETTLE) -> None:
        self.processes = 0
        self._behaviour = behaviour
        self._settle = settle
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            base = _MEMORY if _MEMORY.is_dir() else None
            folder = Path(tempfile.mkdtemp(prefix="kalentops-torture-", dir=base)).resolve()
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            self.trace = Path(str(folder) + ".trace")
            stack.callback(self.trace.unlink, missing_ok=True)
            self.emulator = stack.enter_context(BackgroundEmulator(sourcings=[(SOURCING, SOURCING)]))
            self.proxy = stack.enter_context(FaultProxy(self.emulator.url))
            self.project = CleanProject(folder, self.proxy.url, settle=self._settle, timeout=2.0)
            self.truth = Truth(self.project, self.emulator, (SOURCING,))
            self._prepare()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _prepare(self) -> None:
        self.project.write(SOURCING, {"old": blueprint("Old")})
        ran = self.project.apply()
        if ran.code:
            raise AssertionError(f"the ground could not be laid: {ran.out}{ran.err}")
        body = blueprint("There")
        self.there = self.emulator.store.create(SOURCING, body["name"], body["steps"]).blueprint_id
        self.old = self.project.ids[f"{SOURCING}/old"]
        wanted = {"old": blueprint("Old", steps=3), "new": blueprint("New"), "there": body}
        self.project.write(SOURCING, wanted)
        self.wanted = {each["name"]: each["steps"] for each in wanted.values()}
        self.truth.check(foreign=frozenset({self.there}))
        self.truth.watch(self.proxy)
        creates, updates = self.proxy.count("create"), self.proxy.count("update")
        behave = {"nothing": _nothing, "late": _late}.get(self._behaviour)
        first = {("create", creates + 1), ("update", updates + 1)}

        def script(request: Request) -> Callable[[Exchange], None] | None:
            return behave if (request.kind, request.nth) in first else None

        self.proxy.script = script

    def strace(self, *options: str) -> Ran:
        """`apply` under strace."""
        self.processes += 1
        wrapper = ("strace", "-f", "-qq", "-y", "-o", str(self.trace), *options)
        return self.project.process("apply", "--yes", "--parallelism", "1", wrapper=wrapper)

    def watched(self) -> list[Call]:
        """The calls of an undisturbed `apply`."""
        ran = self.strace("-e", f"trace={','.join(CALLS)}")
        if ran.code:
            raise AssertionError(f"the undisturbed run ended with {ran.code}: {ran.out}{ran.err}")
        return calls_of(self.trace.read_text(errors="replace"), self.project.folder)

    def calm(self) -> None:
        """From here on the server behaves."""
        self.proxy.script = lambda _: None

    def quiet(self) -> None:
        """Whatever was still under way has come through."""
        calm_since, end = time.monotonic(), time.monotonic() + 10
        while time.monotonic() < end and time.monotonic() - calm_since < 0.05:
            if any(each.is_alive() and _of_proxy(each) for each in threading.enumerate()):
                calm_since = time.monotonic()
            time.sleep(0.005)
        self.proxy.settle()

    def wipe(self) -> None:
        """A hosted runner has died: its disk is gone."""
        self.quiet()
        for name in ("journal", "lock", "state"):
            (self.project.folder / FILES[name]).unlink(missing_ok=True)
        self.truth._serial = 0

    @property
    def writes(self) -> int:
        return self.proxy.count("create") + self.proxy.count("update")

    def check(self, ran: Ran | None = None, *, foreign: frozenset[str] = frozenset()) -> list[str]:
        """What of the promises does not hold: the first lines of `Truth.check`."""
        try:
            self.truth.check(ran, foreign=foreign)
        except (AssertionError, ValueError, KeyError) as error:
            said = [f"{type(error).__name__}: {error}"]
            if isinstance(error, AssertionError):
                said = [line for line in str(error).splitlines() if re.match(r"I\d: ", line)] or said
            self.truth.problems.clear()
            return said
        return [f"the proxy: {each}" for each in self.proxy.problems]

    def converge(self, *, wiped: bool = False) -> tuple[list[str], str | None]:
        """An undisturbed run and one more: the problems, and why it was not resolved, or None."""
        self.calm()
        ran = self.project.apply()
        why = None if ran.code == 0 else f"code {ran.code}: " + _reason(ran)
        forgotten = frozenset({self.old} if wiped and why and self.old in ran.out else ())
        problems = self.check(ran, foreign=forgotten)
        if why and not any(f"{SOURCING}/{key}" in ran.out for key in ("old", "new", "there")):
            problems.append(f"I6: stopped without naming an address: {ran.out}{ran.err}")
        self.quiet()
        before = self.writes
        again = self.project.apply()
        problems += self.check(again, foreign=forgotten)
        if self.writes != before:
            problems.append(f"I6: the run after it wrote again: {again.out}{again.err}")
        if why is None:
            problems += self._as_wanted(again)
        return problems, why

    def _as_wanted(self, again: Ran) -> list[str]:
        there: dict[str, list[Any]] = {}
        for each in self.emulator.store.blueprints(SOURCING):
            there.setdefault(each.name, []).append(each.steps)
        problems = [
            f"I6: {name} is not as wanted on the server: {len(there.get(name, []))} of it"
            for name, steps in self.wanted.items()
            if there.get(name) != [steps]
        ]
        if again.code or self.project.run("plan", "--detailed-exitcode").code:
            problems.append(f"I6: the plan after it is not empty: {again.out}{again.err}")
        if self.project.journal_path.exists() or list(self.project.folder.glob(".*.tmp")):
            problems.append(f"I6: left behind: {sorted(os.listdir(self.project.folder))}")  # noqa: PTH208
        return problems


def _of_proxy(thread: threading.Thread) -> bool:
    return isinstance(thread, threading.Timer) or "_serve" in thread.name


def _reason(ran: Ran) -> str:
    """The kind of trouble that a run names, without ids."""
    text = re.sub(r"bp_\w+", "ID", ran.out or ran.err).replace(KEY, "KEY")
    return re.sub(r"\s+", " ", text)[:200]


def _nothing(exchange: Exchange) -> None:
    exchange.reset()


def _late(exchange: Exchange) -> None:
    exchange.forward_later(LATE)
    exchange.reset()
