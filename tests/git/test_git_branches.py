"""Where a checkout stands, and what a branch has changed in the state: in real repositories."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kalentops.cli.commands.pipeline import checkout_warnings, state_edits
from kalentops.git.history import CheckoutStatus, checkout_status
from kalentops.state.codec import dump_state, load_state
from kalentops.state.model import State
from tests.builders import blueprint
from tests.harness import STATE, Project
from tests.repositories import Remote, commit, git
from tests.state.store.samples import address, state

pytestmark = pytest.mark.processes


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    """With a recorded blueprint in a project at its root."""
    made = Remote.make(tmp_path / "git")
    first = made.clone("first")
    (first / STATE).write_bytes(dump_state(state(1, 2)))
    commit(first, "Begin")
    git(first, "push", "--quiet", "origin", "main")
    return made


@pytest.fixture
def clone(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CI", raising=False)
    return remote.clone("clone")


def pushed(remote: Remote, name: str) -> None:
    other = remote.folder / "first"
    (other / name).parent.mkdir(exist_ok=True)
    (other / name).touch()
    commit(other, name)
    git(other, "push", "--quiet", "origin", "main")


def notes(folder: Path) -> list[str]:
    path = folder / STATE
    return list(checkout_warnings(folder, path, load_state(path.read_bytes())))


def test_the_main_branch_that_is_up_to_date_needs_no_word(clone: Path) -> None:
    assert checkout_status(clone) == CheckoutStatus("main", "main", "origin/main", 0)
    assert notes(clone) == []


def test_a_checkout_that_is_behind(remote: Remote, clone: Path) -> None:
    pushed(remote, "new.yaml")
    assert notes(clone) == [], "nothing is fetched for it"
    git(clone, "fetch", "--quiet")
    (said,) = notes(clone)
    assert "origin/main has 1 commit for this folder" in said
    assert "pull` first" in said
    git(clone, "pull", "--quiet")
    assert notes(clone) == []


def test_what_others_do_in_other_folders_is_not_behind(remote: Remote, clone: Path) -> None:
    (clone / "project").mkdir()
    pushed(remote, "elsewhere/new.yaml")
    git(clone, "fetch", "--quiet")
    found = checkout_status(clone / "project")
    assert (found and found.behind) == 0


def test_another_branch_than_the_main_one(clone: Path) -> None:
    git(clone, "checkout", "--quiet", "-b", "mine")
    (said,) = notes(clone)
    assert "the branch mine is checked out, not main" in said


@pytest.mark.parametrize("name", ["CI", "GITHUB_ACTIONS"])
def test_in_ci_and_without_a_branch_nothing_is_said(
    name: str, clone: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    git(clone, "checkout", "--quiet", "--detach")
    assert notes(clone) == []
    git(clone, "checkout", "--quiet", "-b", "mine")
    monkeypatch.setenv(name, "true")
    assert notes(clone) == []
    assert checkout_status(tmp_path) is None


def forge(folder: Path) -> State:
    """Somebody puts an id into the state that is not theirs, and takes another one out."""
    forged = state(1, 3)
    (folder / STATE).write_bytes(dump_state(forged))
    commit(folder, "Record the state: 2 blueprints")
    return forged


def test_a_branch_that_changes_the_state_is_told(clone: Path) -> None:
    git(clone, "checkout", "--quiet", "-b", "mine")
    assert state_edits(clone / STATE, state(1, 2)) == ()
    forged = forge(clone)
    found = {each.address: each.kind for each in state_edits(clone / STATE, forged)}
    assert found == {address(2): "removed", address(3): "added"}
    assert "2 records" in notes(clone)[1]
    git(clone, "checkout", "--quiet", "main")
    git(clone, "merge", "--quiet", "--ff-only", "mine")
    assert state_edits(clone / STATE, forged) == (), "what is on the main branch is what holds"


def test_ids_that_are_not_committed_are_ones_own(clone: Path) -> None:
    git(clone, "checkout", "--quiet", "-b", "mine")
    mine = state(1, 2, 4)
    (clone / STATE).write_bytes(dump_state(mine))
    assert state_edits(clone / STATE, mine) == ()


def test_the_merge_of_a_pull_request_is_compared_with_what_it_goes_into(
    remote: Remote, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(clone, "checkout", "--quiet", "-b", "theirs")
    forged = forge(clone)
    git(clone, "checkout", "--quiet", "--detach", "main")
    git(clone, "merge", "--quiet", "--no-ff", "-m", "Merge", "theirs")
    git(clone, "remote", "remove", "origin")  # a job has the merge and its parents, and no branch
    assert state_edits(clone / STATE, forged) == ()
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    assert len(state_edits(clone / STATE, forged)) == 2


def test_a_forged_id_of_a_colleague_is_in_each_form_of_the_plan(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state of a pull request says that a colleague's blueprint is ours, with the text that it has."""
    project.write("sourcing_a", {"one": blueprint("One")})
    git(project.folder, "init", "--quiet")
    assert project.apply().code == 0
    commit(project.folder, "Begin")
    git(project.folder, "checkout", "--quiet", "-b", "theirs")
    data = json.loads(project.state_path.read_text())
    data["blueprints"]["sourcing_a/one"]["blueprintId"] = "bp_of_a_colleague"
    project.state_path.write_text(json.dumps(data))
    commit(project.folder, "Record the state: 1 blueprint")
    git(project.folder, "checkout", "--quiet", "--detach", "main")
    git(project.folder, "merge", "--quiet", "--no-ff", "-m", "Merge", "theirs")
    project.environment["GITHUB_EVENT_NAME"] = "pull_request"
    text, markdown = project.run("plan").out, project.run("plan", "--format", "markdown").out
    for said in (text, markdown):
        assert "The state was changed on this branch" in said
        assert "bp_of_a_colleague instead of bp_" in said.replace("`", "").replace("\\", "")
        assert "1 record of the state changed" in said
    (edit,) = project.run("plan", "--format", "json").json["state_edits"]
    assert (edit["address"], edit["kind"], edit["blueprint_id"]) == (
        "sourcing_a/one",
        "other id",
        "bp_of_a_colleague",
    )
    assert project.run("plan", "--detailed-exitcode").code == 0, "there is nothing to apply"
