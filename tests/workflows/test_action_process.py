"""The action's step as a process: what a cancelled job does to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.harness import Project

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]


def begin(project: Project, command: str, output: Path) -> subprocess.Popen[str]:
    inputs = {
        "INPUT_COMMAND": command,
        "INPUT_PREVIEW": "true",
        "GITHUB_OUTPUT": str(output),
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "kalentops.action", "run"],
        cwd=project.folder,
        env=project.variables() | inputs,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _interrupted(running: subprocess.Popen[str]) -> str:
    """What it says until it ends. Again, as whoever cancels a job does: a signal that comes when the interpreter has
    looked for one, and has not begun to read yet, is only seen after the read.
    """
    while True:
        running.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return running.communicate(timeout=10)[1]


@pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes")
@pytest.mark.parametrize("command", ["plan", "apply", "drift"])
def test_a_job_that_is_cancelled_while_it_looks_begins_nothing(
    command: str, project: Project, emulator: BackgroundEmulator, tmp_path: Path
) -> None:
    """The state is a pipe, which nobody writes to: whoever reads it waits, and is interrupted there."""
    project.write("sourcing_a", {"one": blueprint("One")})
    os.mkfifo(project.state_path)
    output = tmp_path / "output"
    running = begin(project, command, output)
    writer = None
    try:
        while writer is None:
            assert running.poll() is None, running.communicate()
            try:
                writer = os.open(project.state_path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:  # nobody reads it yet
                continue
        err = _interrupted(running)
    finally:
        running.kill()
        running.communicate()
        if writer is not None:
            os.close(writer)
    assert running.returncode == 130, err
    assert "Traceback" not in err
    assert "interrupted" in output.read_text()
    assert emulator.store.blueprints("sourcing_a") == []
