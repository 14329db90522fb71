"""What is said of the state in git: what to commit after a run, and how to get a lost one back."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import blueprint
from tests.harness import STATE, Project
from tests.repositories import commit, git

pytestmark = pytest.mark.processes

COMMIT = f'note: commit the state: `git add {STATE} && git commit -m "Record the ids"`\n'
BACK = f"note: {STATE} is missing, but git has it: `git checkout HEAD -- {STATE}` restores it\n"
FIRST = "note: nothing is recorded yet. If Kalent has an identical blueprint, `apply` adopts it and creates no second"


@pytest.fixture
def versioned(project: Project) -> Project:
    """With a blueprint to apply, in a repository."""
    project.write("sourcing_a", {"one": blueprint("One")})
    git(project.folder, "init", "-q")
    (project.folder / ".gitignore").write_text(f"{STATE}.lock\n")
    commit(project.folder, "one")
    return project


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kalentops.cli.commands.options.can_ask", lambda: True)


def test_a_note_says_what_to_commit_and_the_command_does_it(versioned: Project, person: None) -> None:
    ran = versioned.apply()
    assert (ran.code, ran.err.endswith(COMMIT), "commit" in ran.out) == (0, True, False)
    typed = COMMIT.partition("`")[2].rpartition("`")[0]
    for name in ("user.name", "user.email"):
        git(versioned.folder, "config", name, "a@example.com")
    subprocess.run(typed, shell=True, cwd=versioned.folder, check=True, capture_output=True)
    assert git(versioned.folder, "status", "--porcelain") == ""
    assert "commit" not in versioned.apply().err


def test_also_where_only_a_part_was_done(versioned: Project, person: None) -> None:
    versioned.write("sourcing_nowhere", {"one": blueprint("One")})
    ran = versioned.apply()
    assert ran.code == 9
    assert ran.err.endswith(COMMIT)


def test_from_another_folder_the_command_says_where(
    versioned: Project, person: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("else where")
    inside = Project(elsewhere, versioned.url)
    ran = inside.run("apply", "--yes", "-C", str(versioned.folder))
    assert ran.code == 0
    typed = ran.err.rpartition("commit the state: `")[2].rpartition("`")[0]
    assert typed.startswith("git -C ")
    done = subprocess.run(typed.partition(" && ")[0], shell=True, cwd=elsewhere, check=False)
    assert done.returncode == 0
    assert git(versioned.folder, "diff", "--cached", "--name-only") == STATE


@pytest.mark.parametrize("why", ["nobody there", "quiet", "ignored", "no repository"])
def test_there_is_no_note_where_it_would_be_of_no_use(
    why: str, versioned: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    if why != "nobody there":
        monkeypatch.setattr("kalentops.cli.commands.options.can_ask", lambda: True)
    if why == "ignored":
        (versioned.folder / ".gitignore").write_text("*.json*\n")
    if why == "no repository":
        (versioned.folder / ".git").rename(versioned.folder / "git")
    ran = versioned.apply(*(["-q"] if why == "quiet" else []))
    assert (ran.code, "commit" in ran.err) == (0, False)


# --- no state ---------------------------------------------------------------------------------------------------


def test_the_first_plan_of_all_does_not_speak_of_loss(versioned: Project) -> None:
    more = "; `kalentops plan --refresh` shows which"
    for ran, rest in ((versioned.run("plan"), more), (versioned.apply(), "")):
        assert f"{FIRST} one{rest}\n" in ran.err
        assert "missing" not in ran.err + ran.out


def test_without_git_the_first_plan_says_the_same(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    assert FIRST in project.run("plan").err


@pytest.mark.parametrize("staged", [False, True])
def test_a_state_that_git_has_is_brought_back_by_what_is_said(versioned: Project, *, staged: bool) -> None:
    assert versioned.apply().code == 0
    commit(versioned.folder, "two")
    if staged:
        git(versioned.folder, "rm", "-q", STATE)
    else:
        versioned.state_path.unlink()
    ran = versioned.run("plan")
    assert BACK in ran.err
    assert FIRST not in ran.err
    subprocess.run(BACK.split("`")[1], shell=True, cwd=versioned.folder, check=True, capture_output=True)
    ran = versioned.run("plan")
    assert (ran.out, ran.err) == ("No changes. 1 unchanged.\n", "")


def test_the_question_about_adopting_all_says_that_git_has_the_state(
    versioned: Project, person: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kalent was looked at before the question, so nothing seems new; what was edited since looks like a stranger's."""
    assert versioned.apply().code == 0
    commit(versioned.folder, "two")
    versioned.state_path.unlink()
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    asked = versioned.run("apply")
    assert asked.code == 130
    before = asked.err.partition("Apply this plan?")[0]
    assert "1 to adopt" in before
    assert BACK in before
    assert FIRST not in before
    versioned.write("sourcing_a", {"one": blueprint("One", steps=1)})
    refreshed = versioned.run("plan", "--refresh")
    assert "1 in conflict" in refreshed.out
    assert BACK in refreshed.err


def test_what_is_adopted_as_it_is_takes_two_lines(versioned: Project) -> None:
    """After a lost state that is everything, and the two that differ are what has to be read."""
    assert versioned.apply().code == 0
    versioned.state_path.unlink()
    said = versioned.run("plan", "--refresh").out
    adopted = said.partition("= adopt one")[2]
    assert adopted.splitlines()[1:] == [
        "      an identical blueprint exists; it will be adopted",
        "",
        "Plan: 1 to adopt.",
    ]
    assert "Hi {{firstname}}, message 1" in versioned.run("plan", "--refresh", "-v").out


def test_a_first_plan_that_has_seen_kalent_has_nothing_to_add(versioned: Project) -> None:
    assert FIRST not in versioned.run("plan", "--refresh").err
