"""The emulator and the demo as commands."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kalentops.cli.commands import emulator
from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.harness import Project
from tests.platforms import needs_signals

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]


@needs_signals
def test_emulator_keeps_its_data_in_a_file(tmp_path: Path) -> None:
    project = Project(tmp_path, "", timeout=120)
    project.write("sourcing_a", {"one": blueprint("One")})
    for round_ in range(2):
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "kalentops",
                "emulator",
                "--port",
                "0",
                "--db",
                str(tmp_path / "kalent.db"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        project.url = process.stdout.readline().strip()
        assert project.url.startswith("http://127.0.0.1:")
        project.environment = {"KALENTOPS_STATE": f"state{round_}.json"}
        ran = project.apply("--format", "json")
        assert ran.code == 0
        assert ran.json["results"][0]["action"] == ("create" if round_ == 0 else "adopt")
        # Another port is another API; the ids are the same.
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert emulator._settings_of(project.url) in err


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = Project(tmp_path, "").process("emulator", "--port", str(taken.getsockname()[1]))
    assert ran.code == 1
    assert "the emulator can't run" in ran.err
    assert "--port" in ran.err


def test_the_demo_tells_the_story(tmp_path: Path) -> None:
    """Whatever the user has set: a proxy that leads elsewhere, a state, a summary of a job."""
    users = {"KALENTOPS_STATE": "state", "GITHUB_STEP_SUMMARY": "summary", "KALENT_API_KEY_FILE": "key"}
    paths = {name: str(tmp_path / value) for name, value in users.items()}
    own = {"KALENTOPS_PROXY": "http://127.0.0.1:9", "GITHUB_ACTIONS": "true", **paths}
    done = subprocess.run(
        [sys.executable, "-m", "kalentops", "demo"],
        env=os.environ | own,
        cwd=tmp_path,  # it has blueprints of its own
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    story = done.stdout
    order = ["valid: ", "2 to create.", "created", "No changes.", "delay 3 days → 5 days", "updated", "Done."]
    places = [story.index(each) for each in order]
    assert places == sorted(places)
    assert "{+Hello {{firstname}}, a quick question:+}" in story
    assert "reading" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.thorough
def test_the_demo_also_tells_it_of_what_init_has_written(tmp_path: Path) -> None:
    """Its example has no sourcing yet, and is left alone."""
    project = Project(tmp_path, "http://127.0.0.1:9")
    assert project.run("init").code == 0
    before = (tmp_path / "blueprints" / "example.yaml").read_bytes()
    ran = project.process("demo", timeout=300)
    assert ran.code == 0, ran.out + ran.err
    assert "created         sourcing_example/first-contact" in ran.out
    assert (tmp_path / "blueprints" / "example.yaml").read_bytes() == before


def test_the_example_has_something_to_show_for_each_command_that_looks(tmp_path: Path) -> None:
    with BackgroundEmulator(example=True) as emulator:
        project = Project(tmp_path, emulator.url, timeout=20)
        listed = {
            each["sourcing_id"] for each in project.run("sourcings", "--format", "json").json["sourcings"]
        }
        assert "sourcing_backend_lyon" in listed
        assert "Support Lead, Lisbon" in project.run("sourcings", "--closed").out
        assert "Data Engineer, Madrid" in project.run("sourcings", "--all").out
        assert project.run("import", "--all").code == 0
        planned = project.run("plan", "--refresh", "--detailed-exitcode")
        assert (planned.code, "No changes." in planned.out) == (0, True), planned.out
        made = project.ids.popitem()
        emulator.store.edit(made[1], name="Edited there")
        assert "edited in Kalent" in project.run("plan", "--refresh").out


def test_an_example_is_made_once(tmp_path: Path) -> None:
    for _ in range(2):
        with BackgroundEmulator(db=str(tmp_path / "kalent.db"), example=True) as emulator:
            assert len(emulator.store.blueprints("sourcing_backend_lyon")) == 2


@pytest.mark.parametrize("name", ["emulator", "demo"])
def test_where_the_extra_is_missing_what_works_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kalentops.emulator.server", None)
    monkeypatch.delitem(sys.modules, "uvicorn", raising=False)
    ran = Project(tmp_path, "").run(name)
    assert ran.code == 1
    assert f'pip install "{ROOT}[emulator]"' in ran.err
