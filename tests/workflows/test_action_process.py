"""The action's step as a process: what a cancelled job does to it."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.builders import blueprint
from tests.harness import Project
from tests.wire import Wire, stalling

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]


def begin(project: Project, command: str, output: Path) -> subprocess.Popen[str]:
    inputs = {
        "INPUT_COMMAND": command,
        "INPUT_PREVIEW": "true",
        "INPUT_ONLINE": "true",
        "GITHUB_OUTPUT": str(output),
    }
    return subprocess.Popen(
        [sys.executable, "-I", "-m", "kalentops.action", "run"],
        cwd=project.folder,
        env=project.variables() | inputs,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _interrupted(running: subprocess.Popen[str]) -> str:
    """What it says until it ends. Sent again, as when a job is cancelled: a signal that comes when the interpreter has
    looked for one, and has not started to read yet, is only seen after the read.
    """
    while True:
        running.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return running.communicate(timeout=120)[1]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("command", ["plan", "apply", "drift"])
def test_a_job_that_is_cancelled_while_it_looks_begins_nothing(
    command: str, project: Project, tmp_path: Path
) -> None:
    """The API reads what it is asked, and keeps silent: a wait for it is interrupted there."""
    project.write("sourcing_a", {"one": blueprint("One")})
    project.timeout = 30
    output = tmp_path / "output"
    with Wire(stalling()) as server:
        project.url = server.url
        running = begin(project, command, output)
        try:
            while not server.requests:
                assert running.poll() is None, running.communicate()
            err = _interrupted(running)
        finally:
            running.kill()
            running.communicate()
        assert [request.method for request in server.requests] == ["GET"]
    assert running.returncode == 130, err
    assert "Traceback" not in err
    assert "interrupted" in output.read_text()
