"""A repository that `init` has set up, and checkouts of it as a job makes them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.github.stand_in import StandIn
from tests.harness import Project
from tests.repositories import Remote, commit, git
from tests.workflows.jobs import ACTIONS, Checkout


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for each in items:
        if sys.platform == "win32" and here in each.path.parents:
            each.add_marker(pytest.mark.skip(reason="runs the steps of a job with bash, in folders of POSIX"))


@pytest.fixture
def github() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


@pytest.fixture
def remote(initialised: Remote, tmp_path: Path) -> Remote:
    """A repository with one blueprint for each of two sourcings."""
    return initialised.copy(tmp_path / "git")


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Remote:
    """The one that each test gets a copy of."""
    made = Remote.make(tmp_path_factory.mktemp("initialised") / "git")
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
    """Checks out as a job does: one commit, and no one's name."""
    return checkout_of(remote, emulator.url)


def checkout_of(remote: Remote, url: str) -> Checkout:
    def clone(name: str, *options: str) -> Project:
        folder = remote.clone(name, *(options or ("--depth=1",)))
        return Project(folder, url, environment=dict(ACTIONS))

    return clone


@pytest.fixture
def apart(once_apart: Remote, tmp_path: Path) -> tuple[Remote, Project, Project]:
    """Two clones of one recorded state; each has applied something else, and changed no file. Their API is gone."""
    remote = once_apart.copy(tmp_path / "git", "one", "two")
    one, two = (
        Project(remote.folder / name, "http://127.0.0.1:9/api", environment=dict(ACTIONS))
        for name in ("one", "two")
    )
    return remote, one, two


@pytest.fixture(scope="session")
def once_apart(initialised: Remote, tmp_path_factory: pytest.TempPathFactory) -> Remote:
    remote = initialised.copy(tmp_path_factory.mktemp("apart") / "git")
    with BackgroundEmulator(sourcings=[(each, each) for each in ("sourcing_a", "sourcing_b")]) as emulator:
        checkout = checkout_of(remote, emulator.url)
        job = checkout("job")
        assert job.apply().code == 0
        assert job.run("state", "push").code == 0
        for name, key, steps in (("one", "left", 1), ("two", "right", 3)):
            each = checkout(name)
            each.write(
                "sourcing_a", {"one": blueprint("One of sourcing_a"), key: blueprint(key, steps=steps)}
            )
            assert each.apply().code == 0
            git(each.folder, "checkout", "--quiet", "--", "blueprints")
    return remote
