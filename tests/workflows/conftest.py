"""A repository that `init` has set up, and checkouts of it as a job makes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.harness import Project
from tests.repositories import Remote, commit, git
from tests.workflows.jobs import ACTIONS, Checkout


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    """A repository with one blueprint for each of two sourcings."""
    made = Remote.make(tmp_path / "git")
    first = made.clone("first")
    project = Project(first, "")
    assert project.run("init", "--no-example").code == 0
    for sourcing in ("sourcing_a", "sourcing_b"):
        project.write(sourcing, {"one": blueprint(f"One of {sourcing}")})
    commit(first, "Begin")
    git(first, "push", "--quiet", "origin", "main")
    return made


@pytest.fixture
def checkout(remote: Remote, emulator: BackgroundEmulator) -> Checkout:
    """Checks out as a job does: one commit, and nobody's name."""

    def clone(name: str, *options: str) -> Project:
        folder = remote.clone(name, *(options or ("--depth=1",)))
        return Project(folder, emulator.url, environment=dict(ACTIONS))

    return clone
