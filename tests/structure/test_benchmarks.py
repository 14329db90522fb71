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


def test_the_positions_of_templates_have_the_same_blueprints_as_the_plain_files(tmp_path: Path) -> None:
    shared, plain = tmp_path / "shared", tmp_path / "plain"
    generate.shared(shared, 12, templates=3)
    assert generate.state(shared) == 12
    assert _kalentops("validate", shared) == "valid: 15 files, 12 blueprints\n"
    generate.rendered(shared, plain)
    (plain / generate.STATE).write_bytes((shared / generate.STATE).read_bytes())
    assert _kalentops("plan", plain) == "No changes. 12 unchanged.\n"
    generate.change_template(shared)
    assert "4 to update, 8 unchanged." in _kalentops("plan", shared)


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
