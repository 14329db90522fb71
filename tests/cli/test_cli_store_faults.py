"""A location at which the state can't be used: exit code 8, a hint, no request and nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalentops.state.codec import dump_state
from kalentops.state.store import git as git_store
from kalentops.state.store import open_store
from kalentops.state.store.location import Location
from tests.builders import blueprint
from tests.faults.proxy import FaultProxy
from tests.harness import Project
from tests.repositories import Remote, commit, git
from tests.state.store.samples import state

REF = "git:refs/kalentops/state"
COMMANDS = {
    "plan": (),
    "plan --refresh": (),
    "apply --yes": (),
    "import": ("sourcing_a",),
    "close": ("sourcing_a",),
    "state list": (),
    "state show": ("sourcing_a/one",),
    "state rm --yes": ("sourcing_a/one",),
    "state mv": ("sourcing_a/one", "sourcing_a/two"),
    "state push": (),
    "state push --probe": (),
}
FEW = ("plan", "apply --yes", "import", "state list", "state rm --yes")


@pytest.fixture
def remote(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Remote:
    """The project is a clone of it."""
    remote = Remote.make(tmp_path_factory.mktemp("remote"))
    git(project.folder, "init", "--quiet")
    project.write("sourcing_a", {"one": blueprint("One")})
    commit(project.folder, "Begin")
    git(project.folder, "remote", "add", "origin", f"file://{remote.bare}")
    git(project.folder, "push", "--quiet", "origin", "HEAD:main")
    return remote


@pytest.fixture
def watched(project: Project, proxy: FaultProxy, remote: Remote) -> tuple[Project, FaultProxy, Remote]:
    return project, proxy, remote


def contents(folder: Path) -> dict[str, bytes]:
    files = (each for each in folder.rglob("*") if each.is_file() and ".git" not in each.parts)
    return {str(each): each.read_bytes() for each in files}


def refused(
    watched: tuple[Project, FaultProxy, Remote], command: str, *args: str, location: str | None = None
) -> str:
    """What the command says, which writes nothing."""
    project, proxy, remote = watched
    before = contents(project.folder), git(remote.bare, "show-ref") if remote.bare.exists() else ""
    more = () if location is None else ("--state", location)
    ran = project.run(*command.split(), *args, *more)
    assert (ran.code, ran.out) == (8, ""), ran.err
    assert "\nhint: " in ran.err
    assert "Traceback" not in ran.err
    assert proxy.requests == []
    assert before == (
        contents(project.folder),
        git(remote.bare, "show-ref") if remote.bare.exists() else "",
    )
    return ran.err


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_there_is_not_empty(command: str, watched: tuple[Project, FaultProxy, Remote]) -> None:
    said = refused(watched, command, *COMMANDS[command], location=REF)
    assert said.startswith(
        f"error: there is no state at {REF}\nhint: check the spelling; `kalentops state init` starts a new one there, "
    )
    assert "`kalentops state migrate FROM TO` moves one there" in said


@pytest.mark.parametrize("command", FEW)
def test_a_ref_of_another_program(command: str, watched: tuple[Project, FaultProxy, Remote]) -> None:
    git(watched[0].folder, "push", "--quiet", "origin", "HEAD:refs/kalentops/state")
    assert "is not a state of kalentops" in refused(watched, command, *COMMANDS[command], location=REF)


@pytest.mark.parametrize("command", FEW)
def test_a_state_of_another_environment(command: str, watched: tuple[Project, FaultProxy, Remote]) -> None:
    store = open_store(Location.parse(REF, watched[0].folder), watched[0].folder)
    store.backend.replace(dump_state(state(1, environment="acme")), None)
    said = refused(watched, command, *COMMANDS[command], location=REF)
    assert f"{REF} belongs to the environment acme, and kalentops.yaml has no environments" in said


@pytest.mark.parametrize(
    "command", [*FEW, "state init", "state migrate here.json", "state restore earlier.json"]
)
def test_a_state_that_is_damaged(command: str, watched: tuple[Project, FaultProxy, Remote]) -> None:
    (watched[0].folder / "earlier.json").write_bytes(dump_state(state(1)))
    store = open_store(Location.parse(REF, watched[0].folder), watched[0].folder)
    store.backend.replace(b"{}", None)
    said = refused(watched, command, *COMMANDS.get(command, ()), location=REF)
    assert f"error: {REF} holds no state of kalentops, or a damaged one: " in said


@pytest.mark.parametrize("command", ["plan", "apply --yes", "state init", "state migrate here.json"])
def test_a_remote_that_is_not_there(
    command: str, watched: tuple[Project, FaultProxy, Remote], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_store, "_WAITS", (0.0,))
    watched[2].bare.rename(watched[2].bare.with_name("away.git"))
    assert f"{REF} can't be read" in refused(watched, command, location=REF)


@pytest.mark.parametrize("command", ["state init", "state restore earlier.json"])
def test_a_remote_that_takes_no_push(
    command: str, watched: tuple[Project, FaultProxy, Remote], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_store, "_WAITS", (0.0,))
    project, _, remote = watched
    (project.folder / "earlier.json").write_bytes(dump_state(state(1)))
    remote.hook("pre-receive", "echo no state here >&2; exit 1")
    assert "no state here" in refused(watched, command, location=REF)


def test_a_remote_that_takes_no_push_leaves_the_old_state_in_use(
    watched: tuple[Project, FaultProxy, Remote], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_store, "_WAITS", (0.0,))
    project, proxy, remote = watched
    assert project.apply().code == 0
    proxy.requests.clear()
    remote.hook("pre-receive", "echo no state here >&2; exit 1")
    assert "no state here" in refused(watched, "state migrate", REF)
    assert project.run("plan").code == 0


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("gti:refs/kalentops/state", "did you mean git:?"),
        ("git:refs/heads/main", "names no ref for a state"),
        ("git:refs/kalentops/../main", "names no ref for a state"),
        ("git:kalentops", "write git:refs/kalentops/NAME"),
        ("postgresq://h/d", "did you mean postgresql:?"),
        ("postgresql://h", "names no database"),
        ("s3://bucket", "names no object"),
        ("az://container/", "names no object"),
        ("https://h/state.json", "this kind of place is not known"),
        ("s://bucket/key", "did you mean s3:?"),
        ("refs/kalentops/state", "as in git:refs/kalentops/state"),
    ],
)
@pytest.mark.parametrize("command", ["plan", "apply --yes", "state init", "state migrate"])
def test_a_location_that_is_misspelt(
    command: str, location: str, said: str, watched: tuple[Project, FaultProxy, Remote]
) -> None:
    if command == "state migrate":
        assert said in refused(watched, command, location)
        assert said in refused(watched, command, location, "here.json")
    else:
        assert said in refused(watched, command, location=location)


def test_a_plan_that_was_made_with_another_state_is_stale(
    watched: tuple[Project, FaultProxy, Remote],
) -> None:
    project, proxy, _ = watched
    other = "git:refs/kalentops/other"
    for location in (REF, other):
        assert project.run("state", "init", "--state", location).code == 0
    assert project.run("plan", "--out", "plan.bin", "--state", REF).code == 0
    proxy.requests.clear()
    ran = project.run("apply", "--yes", "plan.bin", "--state", other)
    assert ran.code == 7
    assert proxy.requests == []
    assert project.run("apply", "--yes", "plan.bin", "--state", REF).code == 0
    assert project.run("state", "list", "--state", other).out == ""
