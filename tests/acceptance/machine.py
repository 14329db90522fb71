"""A machine with the built wheel: what a page says is typed there, each command a process of its own.

`<!-- next command: killed at KIND -->` ends the next command with SIGKILL when Kalent has done its next request of this
kind (that of the proxy) and has not answered. `<!-- job: NAME -->` runs the workflow `kalentops-NAME.yml` of the
repository `remote.git`; it shows the log, for a pull request the comment. `<!-- only with: PostgreSQL -->` starts a
server for the rest of the section; without one, its commands are left out.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import pytest

from tests import postgresql
from tests.faults.proxy import Behaviour, Exchange, FaultProxy, Request
from tests.github.stand_in import TOKEN, StandIn
from tests.repositories import Remote
from tests.structure.console import SETTINGS, SHOWN_URL, Terminal
from tests.workflows.jobs import machines, review, show_merge
from tests.workflows.runner import Runner

ACTION: Final = f"OWNER/kalentops@{'0' * 40}"
SHOWN_DATABASE: Final = "db.example/outreach"
_URL: Final = re.compile(r"http://127\.0\.0\.1:\d+/api")


@dataclass
class Machine(Terminal):
    """`programs` is the folder of the installed kalentops. `said` has what was typed and shown, by section; `not_run`
    the sections that need what this computer lacks.
    """

    root: Path = Path()
    programs: Path = Path()
    said: list[tuple[str, list[str]]] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)
    _killed_at: str = ""
    _left_out: bool = False
    process: subprocess.Popen[str] | None = None

    @classmethod
    def at(cls, folder: Path, programs: Path, home: Path) -> Machine:
        """With nothing of the user who runs it."""
        variables = {
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PATH": os.pathsep.join((str(programs), os.defpath)),
            **SETTINGS,
        }
        folder.mkdir()
        return cls(folder, "", variables, root=folder, programs=programs, shown={str(folder): "/home/ada"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def heading(self, text: str) -> None:
        self._left_out = False
        self.said.append((text, []))

    def note(self, text: str) -> None:
        self.said[-1][1].append(text.rstrip())

    def run(self, line: str, before: str = "") -> str:
        said = before if self._left_out else super().run(line, before)
        self.note(f"$ {line}\n{said}")
        return said

    def kalentops(self, line: str, args: list[str]) -> str:
        return self.shell(line)

    def shell(self, line: str) -> str:
        with subprocess.Popen(
            ["bash", "-c", line],
            cwd=self.folder,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                self.process = process
                said, _ = process.communicate(timeout=300)
            except BaseException:
                process.kill()
                raise
        return f"{said}Killed\n" if process.returncode == -signal.SIGKILL else said

    def emulator(self, line: str, before: str) -> str:
        """Started as the page says, on a free port; a proxy before it can end a command at a request."""
        process = subprocess.Popen(
            ["bash", "-c", f"exec {line} --port 0"],
            cwd=self.folder,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._stack.callback(process.communicate)
        self._stack.callback(process.terminate)
        assert process.stdout is not None
        said = "".join(next(process.stdout) for _ in before.splitlines())
        found = _URL.search(said)
        assert found, said
        self.proxy = self._stack.enter_context(FaultProxy(found[0], self._fault))
        self.url = self.proxy.url
        self.shown[self.url] = SHOWN_URL
        return said.replace(found[0], SHOWN_URL)

    def _fault(self, request: Request) -> Behaviour | None:
        if self._killed_at == request.kind:
            self._killed_at = ""
            return self._kill
        return None

    def _kill(self, exchange: Exchange) -> None:
        exchange.forward()
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        exchange.close()

    def act(self, verb: str, what: str) -> str | None:
        if verb == "next command":
            self.note(f"# {verb}: {what}")
            self._killed_at = what.removeprefix("killed at ")
        elif verb == "only with":
            self._with_postgresql()
        elif verb == "job":
            return self._job(what)
        elif verb == "run":
            self.run(what)
        elif not self._left_out:
            self.note(f"# {verb}: {what}")
            return super().act(verb, what)
        return None

    def write(self, file: str, text: str) -> None:
        self.note(f"# {file} is written")
        super().write(file, text)

    def _with_postgresql(self) -> None:
        folder = self.root / "postgresql"
        try:
            postgresql.programs()
        except pytest.skip.Exception:
            self._left_out = True
            self.not_run.append(f"not run, because PostgreSQL is not installed: {self.said[-1][0]}")
            return
        folder.mkdir()
        server, port = postgresql.start(folder)
        self._stack.callback(server.wait)
        self._stack.callback(server.terminate)
        self.shown[f"127.0.0.1:{port}/{postgresql.DATABASE}"] = SHOWN_DATABASE

    def _job(self, name: str) -> str:
        """What a job of GitHub shows, on a machine of its own with the same wheel."""
        remote = Remote(self.root)
        start = machines(self._jobs(), remote, self.url)
        options = {"processes": True, "python": str(self.programs / "python")}
        workflow = remote.show(f".github/workflows/kalentops-{name}.yml")
        with StandIn() as github:
            if name.startswith("pull-request"):
                show_merge(remote, self.folder)
                job = review(start, name, github, self._jobs(), **options)
            else:
                environment = name.partition("-")[2]
                variable = f"KALENT_API_KEY_{environment.upper()}"
                secrets = {f"kalent-{environment}": {variable: self.variables[variable]}}
                job = start(name, secrets={"GITHUB_TOKEN": TOKEN}, environments=secrets, **options)
            job.action = ACTION
            result = job.run(workflow)
            said = "\n".join(github.bodies()) or _log(job)
        for real, shown in self.shown.items():
            said = said.replace(real, shown)
        self.note(f"# GitHub runs the workflow kalentops-{name}: {result}\n{said}")
        return said

    def _jobs(self) -> Path:
        folder = self.root / "jobs"
        folder.mkdir(exist_ok=True)
        return folder


def _log(job: Runner) -> str:
    return "".join(step.log for step in job.steps if step.name != "Install kalentops")
