"""The repositories that are measured with are valid: else `make bench` would measure the reporting of findings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import generate

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]


def test_what_the_generator_writes_is_valid_and_its_state_fits(tmp_path: Path) -> None:
    files = 12
    generate.repository(tmp_path, files)
    blueprints = generate.state(tmp_path)
    assert files < blueprints < 2 * files
    assert _kalentops("validate", tmp_path) == f"valid: {files} files, {blueprints} blueprints\n"
    assert _kalentops("plan", tmp_path) == f"No changes. {blueprints} unchanged.\n"


def test_a_number_of_blueprints_can_be_asked_for(tmp_path: Path) -> None:
    generate.repository(tmp_path, 6, blueprints=9)
    assert _kalentops("validate", tmp_path) == "valid: 6 files, 9 blueprints\n"


def _kalentops(command: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "kalentops", command, "-C", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
