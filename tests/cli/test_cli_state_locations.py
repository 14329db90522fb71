"""Where the state is kept: `state init`, `migrate`, `restore`, and every other command on a shared store."""

from __future__ import annotations

import io
import json
import secrets
import shutil
import sys
from pathlib import Path

import pytest

from kalentops.state.store.location import Location
from tests import servers
from tests.builders import blueprint
from tests.faults.proxy import FaultProxy
from tests.harness import STATE, Project
from tests.repositories import Remote, commit, git
from tests.state.store.samples import KINDS, python

REF = "git:refs/kalentops/state"
ONE = "sourcing_a/one"


@pytest.fixture
def remote(project: Project) -> Remote:
    """The project is a clone of it."""
    remote = Remote.make(project.folder / "hub")
    git(project.folder, "init", "--quiet")
    (project.folder / ".gitignore").write_text("hub\n*.lock\n")
    (project.folder / "kalentops.yaml").touch()
    git(project.folder, "remote", "add", "origin", f"file://{remote.bare}")
    commit(project.folder, "Begin")
    return remote


@pytest.fixture
def applied(project: Project, proxy: FaultProxy, remote: Remote) -> Project:
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    assert project.apply().code == 0
    proxy.requests.clear()
    return project


def ids(project: Project, location: str = STATE) -> dict[str, str]:
    ran = project.run("state", "list", "--format", "json", "--state", location)
    where = location if location == STATE else Location.parse(location, project.folder).where
    assert (ran.code, ran.json["location"]) == (0, where), ran.err
    return {each["address"]: each["blueprint_id"] for each in ran.json["blueprints"]}


def _location(kind: str, project: Project) -> str:
    """A location of this kind at which nothing is stored."""
    if kind == "git":
        return REF
    name = secrets.token_hex(8)
    if kind == "postgresql":
        from tests import postgresql  # starts the server

        return postgresql.url(name)
    project.environment |= servers.s3() if kind == "s3" else servers.azure()
    return f"{kind}://{servers.PLACE}/{name}/state.json"


_ELSEWHERE = [each for each in KINDS if each.values[0] not in {"file", "memory"}]


@pytest.mark.parametrize("kind", _ELSEWHERE)
def test_one_command_moves_a_team_to_every_kind_of_store_and_back(kind: str, applied: Project) -> None:
    before, location = applied.ids, _location(kind, applied)
    where = Location.parse(location, applied.folder).where
    moved = applied.run("state", "migrate", location)
    assert (moved.code, moved.out) == (0, f"moved the state from {STATE} to {where} (2 blueprints)\n")
    for command in (["plan"], ["apply", "--yes"], ["state", "rm", "--yes", ONE], ["state", "push"]):
        ran = applied.run(*command)
        assert (ran.code, ran.out) == (8, "")
        assert f"error: the state has moved to {where}\n" in ran.err
        # kalentops.yaml takes neither a database nor a bucket.
        assert ("hint: write `state: " in ran.err) is (kind == "git")
        assert "set KALENTOPS_STATE" in ran.err
    if kind == "git":
        assert f"now write `state: {REF}` in kalentops.yaml, or set KALENTOPS_STATE" in moved.err
        (applied.folder / "kalentops.yaml").write_text(f"state: {REF}\n")
    else:
        assert "now set KALENTOPS_STATE to the location, on each machine and in CI as a secret" in moved.err
        applied.environment["KALENTOPS_STATE"] = location
    assert ids(applied, location) == before
    assert applied.run("plan").out == "No changes. 2 unchanged.\n"
    applied.write("sourcing_b", {"three": blueprint("Three")})
    assert applied.apply().code == 0
    there = ids(applied, location)
    assert set(there) == {*before, "sourcing_b/three"}
    back = applied.run("state", "migrate", location, STATE)
    assert (back.code, back.out) == (0, f"moved the state from {where} to {STATE} (3 blueprints)\n")
    assert ids(applied) == there
    assert applied.run("plan").code == 8


def test_a_second_move_to_the_same_place_is_none(applied: Project) -> None:
    assert applied.run("state", "migrate", REF).code == 0
    again = applied.run("state", "migrate", STATE, REF)
    assert again.code == 0
    assert "had already moved from kalentops.state.json to git:refs/kalentops/state" in again.out
    assert "workflows" not in again.err
    workflow = applied.folder / ".github/workflows/kalentops-apply.yml"
    workflow.parent.mkdir(parents=True)
    workflow.touch()
    assert "delete .github/workflows/kalentops-*.yml" in applied.run("state", "migrate", STATE, REF).err


def test_init_starts_an_empty_state_once(project: Project, remote: Remote) -> None:
    for location in (STATE, REF):
        begun = project.run("state", "init", "--state", location)
        assert (begun.code, begun.out) == (0, f"started an empty state at {location}\n")
        assert ids(project, location) == {}
        again = project.run("state", "init", "--state", location)
        assert (again.code, again.out) == (
            0,
            f"there is already a state at {location}: 0 blueprints; nothing was written\n",
        )


def test_a_state_in_a_ref_is_moved_renamed_forgotten_and_needs_no_push(applied: Project) -> None:
    made = applied.ids
    assert applied.run("state", "migrate", REF).code == 0
    applied.environment["KALENTOPS_STATE"] = REF
    assert applied.run("state", "mv", ONE, "sourcing_a/uno").code == 0
    assert applied.run("state", "rm", "--yes", "sourcing_a/two").code == 0
    assert ids(applied, REF) == {"sourcing_a/uno": made[ONE]}
    for probe in ([], ["--probe"]):
        ran = applied.run("state", "push", *probe)
        assert (ran.code, ran.out) == (0, f"nothing to push: each write goes to {REF} at once\n")


_KILLED = """
import os, sys
from kalentops.cli.main import run
from kalentops.state.store.migrate import Place

left = int(sys.argv[1])
put = Place.put

def put_and_die(*args):
    global left
    left -= 1
    if left < 0:
        os._exit(9)
    return put(*args)

Place.put = put_and_die
sys.exit(run(["-C", sys.argv[2], "state", "migrate", *sys.argv[3:]]))
"""


@pytest.mark.processes
def test_a_move_by_processes_that_die_ends_with_the_next_one(applied: Project) -> None:
    before = applied.ids
    for writes in range(3):
        assert python(_KILLED, writes, applied.folder, STATE, REF).returncode == 9
        in_use = [each for each in (STATE, REF) if applied.run("plan", "--state", each).code == 0]
        assert in_use == ([STATE] if writes < 2 else []), "two writes: both are marked"
    assert applied.run("state", "migrate", STATE, REF).code == 0
    assert ids(applied, REF) == before
    assert applied.run("plan").code == 8


def test_a_place_that_fails_in_the_middle_of_a_move(applied: Project, remote: Remote) -> None:
    remote.hook("pre-receive", "test -e moved && echo no more >&2 && exit 1; touch moved")
    failed = applied.run("state", "migrate", REF)
    assert failed.code == 8
    assert "also: the move has started, and no place is in use: run the same command again" in failed.err
    assert applied.run("state", "migrate", REF, STATE).code == 8, "it can't be marked there"
    remote.hook("pre-receive", "exit 0")
    assert applied.run("state", "migrate", REF, STATE).code == 0
    assert applied.run("plan").code == 0
    assert applied.run("state", "migrate", REF).code == 0
    assert applied.run("plan", "--state", REF).code == 0


def test_a_state_that_can_not_be_written_is_said_once_and_nothing_is_forgotten(
    applied: Project, remote: Remote
) -> None:
    assert applied.run("state", "migrate", REF).code == 0
    remote.hook("pre-receive", "echo no more >&2; exit 1")
    said = applied.run("state", "rm", "--yes", "--state", REF, "sourcing_a/two").err
    assert (said.count("no more"), "stays there" in said) == (1, False)


# --- restore ---------------------------------------------------------------------------------------------------


@pytest.fixture
def earlier(applied: Project) -> Path:
    """The version before `three` was created and `two` was forgotten."""
    path = applied.folder / "earlier.json"
    path.write_bytes(applied.state_path.read_bytes())
    applied.write("sourcing_b", {"three": blueprint("Three")})
    assert applied.apply().code == 0
    assert applied.run("state", "rm", "--yes", "sourcing_a/two").code == 0
    return path


@pytest.mark.parametrize("location", [STATE, REF])
def test_restore_says_what_is_lost_and_asks(
    location: str, applied: Project, earlier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = json.loads(earlier.read_bytes())["blueprints"]
    if location == REF:
        assert applied.run("state", "migrate", REF).code == 0
    before = ids(applied, location)
    restore = ["state", "restore", str(earlier), "--state", location]
    refused = applied.run(*restore)
    assert refused.code == 1
    assert f"would be forgotten: sourcing_b/three, {before['sourcing_b/three']}\n" in refused.err
    assert f"comes back: sourcing_a/two, {old['sourcing_a/two']['blueprintId']}\n" in refused.err
    assert "pass --yes" in refused.err
    monkeypatch.setattr("kalentops.cli.commands.options.can_ask", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    assert applied.run(*restore).code == 130
    assert ids(applied, location) == before
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    done = applied.run(*restore)
    assert (done.code, done.out) == (0, f"restored the state at {location} (2 blueprints)\n")
    assert ids(applied, location) == {address: each["blueprintId"] for address, each in old.items()}


def test_restore_of_what_loses_nothing_does_not_ask(applied: Project) -> None:
    before = applied.state
    (applied.folder / "same.json").write_bytes(applied.state_path.read_bytes())
    done = applied.run("state", "restore", "same.json")
    assert (done.code, done.err) == (0, "")
    assert applied.state == {**before, "serial": before["serial"] + 1}


def test_restore_takes_a_whole_state_from_stdin_to_an_empty_place(
    applied: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(applied.state_path.read_bytes()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert applied.run("state", "restore", "-", "--state", REF).code == 0
    assert ids(applied, REF) == applied.ids


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "is no state: the state can't be parsed: it is empty"),
        ('{"format_version": "9.0"}', "the state has format 9.0"),
    ],
)
def test_what_is_no_state_is_not_restored(applied: Project, data: str, said: str) -> None:
    (applied.folder / "bad.json").write_text(data)
    before = applied.state_path.read_bytes()
    ran = applied.run("state", "restore", "bad.json")
    assert ran.code == 8
    assert said in ran.err
    assert applied.state_path.read_bytes() == before


def test_a_restore_where_the_state_has_moved_away_warns_of_two(applied: Project) -> None:
    (applied.folder / "same.json").write_bytes(applied.state_path.read_bytes())
    assert applied.run("state", "migrate", REF).code == 0
    refused = applied.run("state", "restore", "same.json")
    assert refused.code == 1
    assert f"the state has moved to {REF}: restored here, there are two" in refused.err
    assert applied.run("state", "list").code == 8
    assert applied.run("state", "restore", "same.json", "--yes").code == 0
    assert len(ids(applied)) == 2


# --- environments ----------------------------------------------------------------------------------------------


def test_each_environment_gets_its_own_state(applied: Project) -> None:
    before = applied.ids
    (applied.folder / "kalentops.yaml").write_text(
        f"environments:\n  production: {{state: {REF}}}\n  trial: {{state: trial.json, blueprints: trial}}\n"
    )
    applied.environment |= {"KALENT_API_KEY_PRODUCTION": "k" * 20, "KALENT_API_KEY_TRIAL": "t" * 20}
    refused = applied.run("plan", "-e", "production", "--state", STATE)
    assert refused.code == 8
    assert "belongs to no environment, and production is selected" in refused.err
    named = applied.folder / STATE
    assert f"`kalentops state migrate {named} {named} -e production`" in refused.err
    copy = named.with_name("copy.json")
    shutil.copy(named, copy)
    given = applied.run("state", "migrate", str(copy), str(copy), "-e", "production")
    assert given.out == "the state at copy.json now belongs to production (2 blueprints)\n"
    assert applied.run("state", "migrate", STATE, REF).code == 1, "several, and none is named"
    theirs = applied.run("state", "migrate", STATE, REF, "-e", "trial")
    assert theirs.code == 8
    assert f"{REF} is the state of the environment production, not of trial" in theirs.err
    moved = applied.run("state", "migrate", STATE, REF, "-e", "production")
    assert moved.code == 0, moved.err
    assert moved.err.startswith("environment: production\n")
    listed = applied.run("state", "list", "-e", "production", "--format", "json").json
    assert (listed["environment"], len(listed["blueprints"])) == ("production", len(before))
    assert applied.run("state", "init", "-e", "trial").out == "started an empty state at trial.json\n"
    assert json.loads((applied.folder / "trial.json").read_text())["environment"] == "trial"
    back = applied.run("state", "migrate", REF, "other.json", "-e", "trial")
    assert back.code == 8
