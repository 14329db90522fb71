"""The small world that a process under strace runs in: a server, a proxy before it, and a project with things to do."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final, Self

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.faults.proxy import Exchange, FaultProxy, Request
from tests.harness import KEY, Project, Ran, Truth
from tests.torture.tracing import CALLS, FILES, QUICK, Call, Point, calls_of

BEHAVIOURS: Final = ("nothing", "done", "late")
SOURCING: Final = "sourcing_a"
LATE: Final = 0.15
SETTLE: Final = 0.3
_LASTING: Final = 0.5
_MEMORY: Final = Path("/dev/shm")


class CleanProject(Project):
    """A project whose processes do what they do for users, also while the tests are measured."""

    def variables(self) -> dict[str, str]:
        kept = {
            k: v for k, v in super().variables().items() if not k.startswith(("COVERAGE", "COV_", "PYTEST"))
        }
        return {**kept, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "NO_COLOR": "1"}


class World:
    """A server, a proxy before it, and a project: one blueprint to update, one to make, one to adopt.

    A context manager. `behaviour` is what the server does with the first of each write.
    """

    def __init__(self, behaviour: str = "done", settle: float = SETTLE) -> None:
        self.processes = 0
        self.forgotten: frozenset[str] = frozenset()  # ids that a lost state had, and no one looks for
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
        self.committed = self.project.state_path.read_bytes()
        self.old = self.project.ids[f"{SOURCING}/old"]
        wanted = {"old": blueprint("Old", steps=3), "new": blueprint("New"), "there": body}
        self.project.write(SOURCING, wanted)
        self.wanted = {each["name"]: each["steps"] for each in wanted.values()}
        self.truth.check(unmanaged=frozenset({self.there}))
        self.truth.watch(self.proxy)
        kinds = ("create", "take", "fill", "update")
        first = {(kind, self.proxy.count(kind) + 1) for kind in kinds}
        behave = {"nothing": _nothing, "late": _late}.get(self._behaviour)

        def script(request: Request) -> Callable[[Exchange], None] | None:
            return behave if (request.kind, request.nth) in first else None

        self.proxy.script = script

    def strace(self, *options: str) -> Ran:
        """`apply` under strace."""
        self.processes += 1
        wrapper = ("strace", "-f", "-qq", "-y", "-o", str(self.trace), *options)
        return self.project.process("apply", "--yes", "--parallelism", "1", wrapper=wrapper)

    def frozen(self, point: Point, seconds: float) -> tuple[Ran, bool]:
        """`apply` that stands still at a point for some seconds; and whether it did."""
        self.processes += 1
        options = point.options(self.project.folder, "signal=SIGSTOP")
        wrapper = ("strace", "-f", "-qq", "-y", "-o", str(self.trace), *options)
        started = self.project.start("apply", "--yes", "--parallelism", "1", wrapper=wrapper)
        stops = 0
        while (pid := _stopped(started)) is not None:
            # strace counts for each thread: where another one gets there, too, it only goes on.
            time.sleep(0 if stops else seconds)
            stops += 1
            os.kill(pid, signal.SIGCONT)
        out, err = started.communicate(timeout=120)
        return Ran(started.returncode, out, err), stops > 0

    def watched(self, *more: str) -> list[Call]:
        """The calls of an undisturbed `apply`: CALLS, and more by name."""
        ran = self.strace(QUICK, "-e", f"trace={','.join((*CALLS, *more))}")
        if ran.code:
            raise AssertionError(f"the undisturbed run ended with {ran.code}: {ran.out}{ran.err}")
        return calls_of(self.trace.read_text(errors="replace"), self.project.folder)

    def calm(self) -> None:
        """From here on the server behaves."""
        self.proxy.script = lambda _: None

    def quiet(self) -> None:
        quiet(self.proxy)

    def wipe(self, state: bytes | None = None) -> None:
        """A hosted runner has died and its disk is gone: nothing is left, or the state that git had."""
        self.quiet()
        for name in ("journal", "lock", "state"):
            (self.project.folder / FILES[name]).unlink(missing_ok=True)
        if state is not None:
            self.project.state_path.write_bytes(state)
        self.truth._serial = 0

    @property
    def writes(self) -> int:
        return sum(map(self.proxy.count, ("create", "take", "fill", "update")))

    def check(self, ran: Ran | None = None, *, unmanaged: frozenset[str] = frozenset()) -> list[str]:
        """What of the promises does not hold: the first lines of `Truth.check`."""
        try:
            self.truth.check(ran, unmanaged=unmanaged)
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
        forgotten = self.forgotten | frozenset({self.old} if wiped and why and self.old in ran.out else ())
        problems = self.check(ran, unmanaged=forgotten)
        if why and not any(f"{SOURCING}/{key}" in ran.out for key in ("old", "new", "there")):
            problems.append(f"I6: stopped without naming an address: {ran.out}{ran.err}")
        if forgotten != self.forgotten and self._there().get("Old") == [self.wanted["Old"]]:
            problems.append(f"I6: what is as wanted was not adopted: {ran.out}{ran.err}")
        self.quiet()
        before = self.writes
        again = self.project.apply()
        problems += self.check(again, unmanaged=forgotten)
        if self.writes != before:
            problems.append(f"I6: the run after it wrote again: {again.out}{again.err}")
        if why is None:
            problems += self._as_wanted(again)
        return problems, why

    def _there(self) -> dict[str, list[Any]]:
        """The steps of what is on the server, by name."""
        found: dict[str, list[Any]] = {}
        for each in self.emulator.store.blueprints(SOURCING):
            found.setdefault(each.name, []).append(each.steps)
        return found

    def _as_wanted(self, again: Ran) -> list[str]:
        there = self._there()
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


def _stopped(started: subprocess.Popen[str]) -> int | None:
    """Wait until the process under strace stands still, and give its id; None where it ends before. strace stops it for
    a moment at each call, too: what counts is a stop that lasts.
    """
    pid, since = 0, time.monotonic()
    while started.poll() is None:
        time.sleep(0.02)
        now = next((each for each in _children(started.pid) if _state(each) in "Tt"), 0)
        since = since if now and now == pid else time.monotonic()
        pid = now
        if pid and time.monotonic() - since > _LASTING:
            return pid
    return None


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _state(pid: int) -> str:
    """The state of a process: `T` or `t` where it stands still."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return "-"


def quiet(proxy: FaultProxy, seconds: float = 10.0) -> None:
    """Wait until whatever the server was still about to do has come through."""
    calm_since, end = time.monotonic(), time.monotonic() + seconds
    while time.monotonic() < end and time.monotonic() - calm_since < 0.05:
        if any(each.is_alive() and _of_proxy(each) for each in threading.enumerate()):
            calm_since = time.monotonic()
        time.sleep(0.005)
    proxy.settle()


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
