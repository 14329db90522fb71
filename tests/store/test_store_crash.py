"""Death at any point of a session, real and simulated, loses nothing that was reported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.samples import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")


@pytest.mark.parametrize(("what", "at_least"), [("points", 300), ("rounds", 500)])
def test_nothing_is_lost(tmp_path: Path, what: str, at_least: int) -> None:
    command = [sys.executable, "-m", "tests.store.crashing", what, str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    found = json.loads(ended.stdout)
    assert found["failures"] == []
    assert found["points"] > at_least
