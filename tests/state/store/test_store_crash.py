"""Death at any point of a session, real and simulated, loses nothing that was reported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sizes import SUITE
from tests.state.store.samples import ROOT

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL"),
]


@pytest.mark.parametrize(
    ("what", "size", "at_least"),
    [("points", 1, 300), ("rounds", 30, 500)]
    if SUITE == "thorough"
    else [("points", 9, 30), ("rounds", 3, 30)],
)
def test_nothing_is_lost(tmp_path: Path, what: str, size: int, at_least: int) -> None:
    command = [sys.executable, "-m", "tests.state.store.crashing", what, str(tmp_path), str(size)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    found = json.loads(ended.stdout)
    assert found["failures"] == []
    assert found["points"] > at_least
