"""`python -m tests.formats.old_program COMMIT` lets the program of a commit write files into `written/COMMIT/`: it runs
against its own emulator, and is killed in the middle of a create and of an update.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from tests.faults.proxy import Behaviour, Exchange, FaultProxy, Request
from tests.harness import STATE, Project
from tests.repositories import Remote, git
from tests.repositories import commit as commit_all

ROOT: Final = Path(__file__).parents[2]
WRITTEN: Final = Path(__file__).parent / "written"
REF: Final = "git:refs/kalentops/state"
_BLUEPRINT: Final = """\
  {key}-contact:
    name: {name} contact
    steps:
      - id: email
        name: E-mail
        type: EMAIL
        subject: "{{{{sourcingJobTitle}}}}, {key}"
        temporalityType: DELAYED
        delay: {{value: {days}, unit: day}}
        policy: {{skipStepIfNoContact: true}}
        content: |-
          Hi {{{{firstname}}}}, {text}.
"""


def blueprints(first: str, *, third: bool) -> str:
    """The file of a position: two blueprints, with `first` in the text of the first one, or three."""
    known = [("first", first, 1), ("second", "a second text", 3), ("third", "a third text", 5)]
    made = [
        _BLUEPRINT.format(key=key, name=key.capitalize(), text=text, days=days) for key, text, days in known
    ]
    return f"sourcingId: sourcing_engineer\nblueprints:\n{''.join(made if third else made[:2])}"


class Program:
    """The program of a commit in a project of its own, with its emulator behind a proxy."""

    def __init__(self, folder: Path, variables: dict[str, str], proxy: FaultProxy) -> None:
        self.project = Project(folder, proxy.url, environment=variables)
        self._proxy = proxy
        self._running: subprocess.Popen[str] | None = None

    def write(self, text: str) -> None:
        path = self.project.folder / "blueprints" / "engineer.yaml"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text, encoding="utf-8")

    def killed(self, method: str, sign: bytes, *, arrives: bool) -> None:
        """Apply, and be killed at the first such request: after it has taken effect, or before."""

        def kill(exchange: Exchange) -> None:
            if arrives:
                exchange.proxy.forward(exchange.request)
            if self._running is not None:
                self._running.send_signal(signal.SIGKILL)

        def script(request: Request) -> Behaviour | None:
            return kill if request.method == method and sign in request.body else None

        self._proxy.script = script
        self._running = self.project.start("apply", "--yes")
        self._running.communicate()
        if self._running.returncode != -signal.SIGKILL:
            raise AssertionError("the run ended before it could be killed")

    def keep(self, at: Path, database: Path) -> None:
        """Its state and journal, and what the server holds, as SQL."""
        at.mkdir(parents=True)
        for path in self.project.folder.glob(f"{STATE}*"):
            if path.suffix != ".lock":
                shutil.copyfile(path, at / path.name)
        with closing(sqlite3.connect(database)) as db:
            (version,) = db.execute("pragma user_version").fetchone()
            said = "\n".join([*db.iterdump(), f"pragma user_version = {version};\n"])
        (at / "emulator.sql").write_text(said, encoding="utf-8")

    def share(self, hub: Path) -> None:
        """Move the state to a ref of a repository, which the project becomes a clone of."""
        remote = Remote.make(hub)
        git(self.project.folder, "init", "--quiet")
        git(self.project.folder, "remote", "add", "origin", f"file://{remote.bare}")
        commit_all(self.project.folder, "Begin")
        moved = self.project.process("state", "migrate", STATE, REF)
        if moved.code:
            raise AssertionError(moved.err)


@contextmanager
def running(source: Path, folder: Path) -> Iterator[Program]:
    """The program whose package is in `source`. The server's database is `folder/kalent.db`."""
    variables = {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1", "KALENTOPS_TIMEOUT": "20"}
    emulator = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "kalentops",
            "emulator",
            "-q",
            "--port",
            "0",
            "--db",
            str(folder / "kalent.db"),
        ],
        cwd=folder,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if emulator.stdout is None:
            raise AssertionError
        with FaultProxy(emulator.stdout.readline().strip()) as proxy:
            yield Program(folder / "project", variables, proxy)
    finally:
        emulator.terminate()
        emulator.communicate()


def write(commit: str, at: Path) -> None:
    """Raises CalledProcessError for a commit that git does not know."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "source").mkdir()
        archive = ["git", "archive", "--output", str(folder / "source.tar"), commit, "kalentops"]
        subprocess.run(archive, cwd=ROOT, check=True)
        shutil.unpack_archive(folder / "source.tar", folder / "source", filter="data")
        has_stores = (folder / "source" / "kalentops" / "state" / "store" / "migrate.py").exists()
        for part in ("killed-update", "killed-create", *(["shared"] if has_stores else [])):
            (folder / part).mkdir()
            with running(folder / "source", folder / part) as program:
                _write(program, part, at, folder / part / "kalent.db")


def _write(program: Program, part: str, at: Path, database: Path) -> None:
    program.write(blueprints("a first text", third=False))
    program.project.process("apply", "--yes")
    if part == "killed-create":
        program.write(blueprints("a first text", third=True))
        program.killed("POST", b"Third contact", arrives=True)
    elif part == "shared":
        program.share(database.parent / "hub")
        (at / "moved").mkdir()
        shutil.copyfile(program.project.state_path, at / "moved" / STATE)
        (program.project.folder / "kalentops.yaml").write_text(f"state: {REF}\n", encoding="utf-8")
        program.write(blueprints("another text", third=True))
        program.killed("PATCH", b"another text", arrives=False)
        stored = git(database.parent / "hub" / "remote.git", "show", f"{REF.removeprefix('git:')}:{STATE}")
        program.project.state_path.write_text(stored + "\n", encoding="utf-8")
    else:
        program.write(blueprints("another text", third=True))
        shutil.copytree(program.project.folder / "blueprints", at / "blueprints")
        for name, options in (("plan.json", []), ("refreshed.json", ["--refresh"])):
            program.project.process("plan", *options, "--out", name)
            if (program.project.folder / name).exists():
                shutil.move(program.project.folder / name, at / name)
        program.keep(at / "applied", database)
        program.killed("PATCH", b"another text", arrives=False)
    program.keep(at / part, database)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit")
    wanted = parser.parse_args().commit
    write(wanted, WRITTEN / wanted)
