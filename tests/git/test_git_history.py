"""Earlier versions of files, from real repositories."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kalentops.cli.commands.pipeline import checkout_warnings, state_edits
from kalentops.errors import UsageError
from kalentops.git import history, worktree
from kalentops.git.history import CheckoutStatus, checkout_status, is_in_head, is_uncommitted
from kalentops.git.worktree import GitResult
from kalentops.project.config import load_config, load_configs
from kalentops.state.codec import dump_state, load_state
from kalentops.state.model import State
from kalentops.state.store.file import FileStore
from kalentops.state.store.session import Store
from tests.builders import blueprint
from tests.harness import STATE, Project
from tests.platforms import needs_links
from tests.repositories import Remote, commit, git
from tests.state.store.samples import MemoryBackend, address, state

pytestmark = pytest.mark.processes


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "sub" / "blueprints").mkdir(parents=True)
    git(folder, "init", "-q")
    (folder / "sub" / "blueprints" / "é ü.yaml").write_text("old\n", encoding="utf-8")
    (folder / "sub" / "blueprints" / "-x.yaml").write_bytes(b"\x00\xff\n")
    (folder / "outside.yaml").write_text("outside")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")
    return folder


def test_files_of_a_commit_as_they_were(repository: Path) -> None:
    sub = repository / "sub"
    rev = history.commit_of(sub, "HEAD")
    (sub / "blueprints" / "é ü.yaml").write_text("new\n", encoding="utf-8")
    blobs = history.files(sub, rev, ["blueprints"])
    assert [(blob.path, blob.size, blob.link) for blob in blobs] == [
        ("blueprints/-x.yaml", 3, False),
        ("blueprints/é ü.yaml", 4, False),
    ]
    found = history.contents(sub, [blob.oid for blob in blobs])
    assert list(found.values()) == [b"\x00\xff\n", b"old\n"]
    assert history.files(sub, rev, ["."]) == blobs
    assert history.files(sub, rev, []) == []
    assert history.files(sub, rev, ["nowhere", "-x"]) == []
    assert history.contents(sub, []) == {}


@needs_links
def test_a_link_is_distinguished_from_a_file(repository: Path) -> None:
    (repository / "link.yaml").symlink_to("outside.yaml")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "two")
    blobs = history.files(repository, history.commit_of(repository, "main"), ["."])
    assert {blob.path: blob.link for blob in blobs}["link.yaml"]


@pytest.mark.parametrize(
    "rev", ["nowhere", "--help", "-x", "", " ", "main:outside.yaml", "a\0b", "..", "\x1b[2J"]
)
def test_what_names_no_commit(repository: Path, rev: str) -> None:
    with pytest.raises(UsageError, match="commit") as caught:
        history.commit_of(repository, rev)
    assert "git fetch" in str(caught.value.hint)
    assert "\x1b" not in str(caught.value)


def test_a_folder_without_a_repository(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a git repository"):
        history.commit_of(tmp_path, "HEAD")


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    with pytest.raises(UsageError, match="git has no commit HEAD"):
        history.commit_of(tmp_path, "HEAD")


def test_without_git(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git was not found") as caught:
        history.commit_of(repository, "HEAD")
    assert "--against" in str(caught.value.hint)


def test_a_hooks_variables_do_not_lead_astray(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    assert len(history.files(repository, history.commit_of(repository, "HEAD"), ["."])) == 3


def test_contents_that_are_missing(repository: Path) -> None:
    with pytest.raises(UsageError, match="no contents"):
        history.contents(repository, ["0" * 40])


# --- one file: committed, ignored ---


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that is not committed, below the root of a repository, with a name that git would quote."""
    (tmp_path / "sub").mkdir()
    git(tmp_path, "init", "-q")
    file = tmp_path / "sub" / "stäte *.json"
    file.write_text("1\n")
    (tmp_path / "sub" / "stäte x.json").write_text("another\n")
    return file


def test_a_file_from_new_to_committed_to_changed_to_lost(file: Path) -> None:
    assert (is_uncommitted(file), is_in_head(file)) == (True, False)
    git(file.parent, "add", "stäte x.json")
    git(file.parent, "commit", "-qm", "another")
    assert (is_uncommitted(file), is_in_head(file)) == (True, False)
    commit(file.parent, "one")
    assert (is_uncommitted(file), is_in_head(file)) == (False, True)
    file.write_text("2\n")
    assert (is_uncommitted(file), is_in_head(file)) == (True, True)
    git(file.parent, "add", "-A")
    assert is_uncommitted(file)
    git(file.parent, "rm", "-fq", "--", ":(literal)" + file.name)
    assert is_in_head(file)
    commit(file.parent, "gone")
    assert (is_uncommitted(file), is_in_head(file)) == (False, False)


def test_what_is_ignored_needs_no_commit(file: Path) -> None:
    (file.parent / ".gitignore").write_text("*.json\n")
    assert not is_uncommitted(file)


def test_without_a_repository_a_folder_or_git_the_answer_is_no(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = tmp_path / "nowhere" / "x"
    assert (is_uncommitted(nowhere), is_in_head(nowhere)) == (False, False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (is_uncommitted(file), is_in_head(file)) == (False, False)


def test_looking_writes_nothing(file: Path) -> None:
    commit(file.parent, "one")
    index = file.parents[1] / ".git" / "index"
    before = index.read_bytes(), index.stat().st_mtime_ns
    file.touch()  # git would refresh its index
    assert (is_uncommitted(file), is_in_head(file)) == (False, True)
    assert (index.read_bytes(), index.stat().st_mtime_ns) == before


# --- branch and remote, and what a branch changes in the state ---


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


def notes(folder: Path, branch: str | None = None, store: Store | None = None) -> list[str]:
    path = folder / STATE
    config = replace(load_config(folder), branch=branch)
    return list(checkout_warnings(config, store or FileStore(path), load_state(path.read_bytes())))


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
    assert "the branch mine is checked out, not main: main does not know the new ids" in said
    (said,) = notes(clone, store=Store(MemoryBackend()))
    assert "the branch mine is checked out, not main: until this branch is merged" in said
    assert notes(clone, branch="mine") == [], "its environment is applied from it"


def test_an_environment_for_every_branch(clone: Path) -> None:
    """Its siblings name a branch. A state in a file is that of the branch, whatever the settings say."""
    settings = "environments: {production: {branch: main}, trial: {}}\n"
    (clone / "kalentops.yaml").write_text(settings)
    git(clone, "checkout", "--quiet", "-b", "mine")
    production, trial = load_configs(clone)
    memory, file = Store(MemoryBackend()), FileStore(clone / STATE)
    known = load_state((clone / STATE).read_bytes())
    assert list(checkout_warnings(trial, memory, known)) == []
    for config, store in ((production, memory), (trial, file)):
        assert "the branch mine is checked out" in next(checkout_warnings(config, store, known))
    (clone / "kalentops.yaml").write_text(settings.replace("branch: main", ""))
    assert list(checkout_warnings(load_configs(clone)[1], memory, known)) != []


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
    """A person puts an id into the state that is not theirs, and takes another one out."""
    forged = state(1, 3)
    (folder / STATE).write_bytes(dump_state(forged))
    commit(folder, "Record the state: 2 blueprints")
    return forged


def test_few_processes_of_git_answer_what_a_branch_changes(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def run(args: Sequence[str], *others: Any) -> GitResult:
        asked.append(next(each for each in args if not each.startswith("--")))
        return usual(args, *others)

    usual = worktree._run
    monkeypatch.setattr(worktree, "_run", run)
    forged = forge(clone)
    git(clone, "push", "--quiet", "origin", "main")
    assert state_edits(FileStore(clone / STATE), forged) == ()
    assert asked == ["rev-parse", "for-each-ref", "symbolic-ref"]
    git(clone, "checkout", "--quiet", "-b", "mine")
    assert state_edits(FileStore(clone / STATE), forged) == ()
    assert asked[3:] == ["rev-parse", "for-each-ref", "symbolic-ref", "merge-base", "ls-tree", "ls-tree"]


def test_a_branch_that_changes_the_state_is_reported(clone: Path) -> None:
    git(clone, "checkout", "--quiet", "-b", "mine")
    assert state_edits(FileStore(clone / STATE), state(1, 2)) == ()
    forged = forge(clone)
    found = {each.address: each.kind for each in state_edits(FileStore(clone / STATE), forged)}
    assert found == {address(2): "removed", address(3): "added"}
    assert "2 records" in notes(clone)[1]
    git(clone, "checkout", "--quiet", "main")
    git(clone, "merge", "--quiet", "--ff-only", "mine")
    assert state_edits(FileStore(clone / STATE), forged) == (), "what is on the main branch is what holds"


def test_a_branch_that_brings_a_state_that_has_moved_back_into_use_is_reported(clone: Path) -> None:
    (clone / STATE).write_bytes(dump_state(state(1, 2, moved_to="git:refs/kalentops/state")))
    commit(clone, "Move the state")
    git(clone, "push", "--quiet", "origin", "main")
    git(clone, "checkout", "--quiet", "-b", "mine")
    (clone / STATE).write_bytes(dump_state(state(1, 2)))
    commit(clone, "Use the file again")
    found = {each.address: each.kind for each in state_edits(FileStore(clone / STATE), state(1, 2))}
    assert found == {address(1): "added", address(2): "added"}


def test_ids_that_are_not_committed_are_ones_own(clone: Path) -> None:
    git(clone, "checkout", "--quiet", "-b", "mine")
    mine = state(1, 2, 4)
    (clone / STATE).write_bytes(dump_state(mine))
    assert state_edits(FileStore(clone / STATE), mine) == ()


def test_the_merge_of_a_pull_request_is_compared_with_what_it_goes_into(
    remote: Remote, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(clone, "checkout", "--quiet", "-b", "theirs")
    forged = forge(clone)
    git(clone, "checkout", "--quiet", "--detach", "main")
    git(clone, "merge", "--quiet", "--no-ff", "-m", "Merge", "theirs")
    git(clone, "remote", "remove", "origin")  # a job has the merge and its parents, and no branch
    assert state_edits(FileStore(clone / STATE), forged) == ()
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    assert len(state_edits(FileStore(clone / STATE), forged)) == 2


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
