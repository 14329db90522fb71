"""A project on disk, the commands run on it as a user would, and what must be true after every run."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kalentops.blueprint.body import Body
from kalentops.blueprint.remote import Mark, mark_of
from kalentops.cli.main import run as run_cli
from kalentops.emulator.server import BackgroundEmulator
from tests.faults.proxy import FaultProxy, Request
from tests.schemas import check_written
from tests.strategies import to_yaml

KEY = "k3y+never/shown=to~anybody"
STATE = "kalentops.state.json"


@dataclass(frozen=True)
class Ran:
    """What a command gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def within(
    folder: Path, variables: Mapping[str, str], act: Callable[[], int], *, together: bool = False
) -> Ran:
    """What a process would do in a folder with these variables, done in this one; `together` as a terminal shows it."""
    out = io.StringIO()
    err = out if together else io.StringIO()
    before = dict(os.environ), Path.cwd()
    try:
        os.environ.clear()
        os.environ.update(variables)
        os.chdir(folder)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = act()
    finally:
        os.chdir(before[1])
        os.environ.clear()
        os.environ.update(before[0])
    return Ran(code, out.getvalue(), err.getvalue())


def _documented(args: Sequence[str]) -> Collection[int]:
    """The exit codes that the page of exit codes has for a command."""
    from website.exit_codes import codes_by_name  # loads every command

    known = codes_by_name()
    words = [each for each in args if not each.startswith("-")]
    return next((known[name] for name in (" ".join(words[:2]), *words[:1]) if name in known), range(256))


@dataclass
class Project:
    """A folder with blueprints, and a server for it to be applied to."""

    folder: Path
    url: str
    settle: float = 0.4
    timeout: float = 0.5
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def state_path(self) -> Path:
        return self.folder / STATE

    @property
    def journal_path(self) -> Path:
        return self.folder / f"{STATE}.journal"

    def write(self, sourcing: str, blueprints: dict[str, Any], *, name: str | None = None) -> Path:
        path = self.folder / "blueprints" / f"{name or sourcing}.yaml"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(to_yaml(sourcing, blueprints), encoding="utf-8")
        return path

    @property
    def state(self) -> dict[str, Any]:
        """What is stored; empty where nothing is."""
        return dict(json.loads(self.state_path.read_bytes() if self.state_path.exists() else "{}"))

    @property
    def ids(self) -> dict[str, str]:
        """The recorded ids, by address."""
        return {address: entry["blueprintId"] for address, entry in self.state.get("blueprints", {}).items()}

    def variables(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("KALENT")},
            "KALENT_API_URL": self.url,
            "KALENT_API_KEY": KEY,
            "KALENTOPS_SETTLE": str(self.settle),
            "KALENTOPS_TIMEOUT": str(self.timeout),
            **self.environment,
        }

    def run(self, *args: str) -> Ran:
        """A command in this process: the real program, without the price of starting it. JSON that it prints must be
        as its schema says.
        """
        ran = self.within(lambda: run_cli(args))
        assert ran.code in _documented(args), f"docs/reference/exit-codes.md lacks {ran.code} of {args}"
        check_written(args, ran.out)
        return ran

    def within(self, act: Callable[[], int]) -> Ran:
        """The same for what is not a command."""
        return within(self.folder, self.variables(), act)

    def apply(self, *args: str) -> Ran:
        return self.run("apply", "--yes", *args)

    def start(self, *args: str, wrapper: tuple[str, ...] = (), **options: Any) -> subprocess.Popen[str]:
        """A command as a process of its own."""
        return subprocess.Popen(
            [*wrapper, sys.executable, "-m", "kalentops", *args],
            cwd=self.folder,
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def process(self, *args: str, wrapper: tuple[str, ...] = (), timeout: float = 60) -> Ran:
        started = self.start(*args, wrapper=wrapper)
        out, err = started.communicate(timeout=timeout)
        return Ran(started.returncode, out, err)


@dataclass
class Truth:
    """What must hold after every run, whatever happened in it: the promises of the README, looked up on the server
    and on the disk. `problems` collects what the watcher of the requests saw.
    """

    project: Project
    emulator: BackgroundEmulator
    sourcings: tuple[str, ...]
    problems: list[str] = field(default_factory=list)
    _serial: int = 0
    _marks: set[Mark | None] = field(default_factory=set)

    def watch(self, proxy: FaultProxy) -> None:
        proxy.watchers.append(self._look)

    def _look(self, request: Request) -> None:
        """Called before the request has any effect: what it is about must be on the disk already."""
        if request.kind == "create":
            name = request.data["name"]
            mark = mark_of(Body.recorded(request.data, ""))
            if mark is None and f'"name":{json.dumps(name)}' not in self._journal():
                self.problems.append(f"I3: a POST of {name!r}, with text, without an earlier intent")
            if mark is not None and mark in self._marks:
                self.problems.append(f"I3: the nonce of {name!r} is not new")
            self._marks |= {mark} - {None}
        if request.kind == "take" and self._claimed(request.blueprint_id):
            self.problems.append(f"I5: {request.blueprint_id} is ours, and was called a stub")
        if request.kind in {"fill", "update"} and not self._claimed(request.blueprint_id):
            problem = "I3: text" if request.kind == "fill" else "I5: a PATCH"
            self.problems.append(f"{problem} for {request.blueprint_id}, which is not recorded as ours")
        if request.path.endswith("/start") or request.method == "DELETE":
            self.problems.append(f"{request.method} {request.path}")

    def _claimed(self, blueprint_id: str) -> bool:
        return blueprint_id in self._recorded() or f'"{blueprint_id}"' in self._journal()

    def _journal(self) -> str:
        try:
            return self.project.journal_path.read_text()
        except FileNotFoundError:
            return ""

    def _recorded(self) -> set[str]:
        try:
            return set(self.project.ids.values())
        except (FileNotFoundError, ValueError):
            return set()

    def on_server(self) -> dict[str, list[str]]:
        """The ids on the server, by sourcing and name, without the leftovers."""
        found: dict[str, list[str]] = {}
        for sourcing in self.sourcings:
            for each in self.emulator.store.blueprints(sourcing):
                if mark_of(Body.recorded({"name": each.name, "steps": each.steps}, "")):
                    continue
                found.setdefault(f"{sourcing}/{each.name}", []).append(each.blueprint_id)
        return found

    def leftovers(self) -> list[str]:
        """The ids of the stubs on the server that are recorded nowhere."""
        everything = [
            each for sourcing in self.sourcings for each in self.emulator.store.blueprints(sourcing)
        ]
        stubs = [
            each.blueprint_id
            for each in everything
            if mark_of(Body.recorded({"name": each.name, "steps": each.steps}, ""))
        ]
        return [each for each in stubs if not self._claimed(each)]

    def check(self, ran: Ran | None = None, *, unmanaged: frozenset[str] = frozenset()) -> None:
        """I1 to I5 and I7. `unmanaged` are ids that another person made. What has text counts: a stub sends no message,
        and is recognised by its name.
        """
        problems = list(self.problems)
        ours = {name: [i for i in ids if i not in unmanaged] for name, ids in self.on_server().items()}
        problems += [f"I1: {name} exists as {ids}" for name, ids in ours.items() if len(ids) > 1]
        state = self.project.state
        open_names = {intent["sent"]["name"] for intent in state.get("intents", {}).values()}
        journal = self._journal()
        for name, ids in ours.items():
            known = set(self.project.ids.values())
            bare = name.partition("/")[2]
            lost = [i for i in ids if i not in known and f'"{i}"' not in journal]
            if lost and bare not in open_names and f'"name":{json.dumps(bare)}' not in journal:
                problems.append(f"I2: {lost} of {name} is recorded nowhere")
        serial = int(state.get("serial", 0))
        if serial < self._serial:
            problems.append(f"I4: the serial went from {self._serial} back to {serial}")
        self._serial = serial
        twice = [i for i, count in Counter(self.project.ids.values()).items() if count > 1]
        problems += [f"I4: {i} is recorded twice" for i in twice]
        problems += [f"I7: the key shows in {place}" for place in self._leaks(ran)]
        assert not problems, "\n".join([*problems, ran.out + ran.err if ran else ""])

    def _leaks(self, ran: Ran | None) -> list[str]:
        forms = {KEY, base64.b64encode(KEY.encode()).decode(), quote(KEY, safe="")}
        texts = {"stdout": ran.out, "stderr": ran.err} if ran else {}
        for path in self.project.folder.rglob("*"):
            if path.is_file():
                texts[path.name] = path.read_bytes().decode(errors="replace")
        return [place for place, text in texts.items() if any(form in text for form in forms)]
