"""The state on its branch: against a real bare repository, with clones that race."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.harness import STATE, Project
from tests.repositories import Remote, commit, git
from tests.workflows.jobs import GH006, Checkout, state_on

pytestmark = pytest.mark.processes


def test_an_apply_is_recorded_on_the_branch(remote: Remote, checkout: Checkout) -> None:
    job = checkout("job")
    probed = job.run("state", "push", "--probe")
    assert probed.code == 0, probed.err
    assert "origin/main accepts a push" in probed.out
    assert job.apply().code == 0
    (job.folder / "beside.txt").write_text("not ours to commit")
    pushed = job.run("state", "push")
    assert pushed.code == 0, pushed.err
    assert state_on(remote) == job.ids
    assert len(job.ids) == 2
    assert remote.log == ["Record the state: 2 blueprints", "Begin to apply the blueprints", "Begin"]
    body = git(remote.bare, "log", "-1", "--format=%an %ae%n%b", "main")
    assert body.startswith("github-actions[bot] 41898282+")
    assert "https://github.example.com/example/outreach/actions/runs/42" in body
    changed = git(remote.bare, "diff", "--name-only", "main~1", "main")
    assert changed == STATE
    again = job.run("state", "push")
    assert (again.code, "nothing to push" in again.out) == (0, True)
    assert len(remote.log) == 3


def test_with_nothing_to_do_nothing_is_pushed(remote: Remote, checkout: Checkout) -> None:
    job = checkout("job")
    assert job.apply().code == 0
    assert job.run("state", "push").code == 0
    before = remote.log
    probed = job.run("state", "push", "--probe")
    assert (probed.code, "nothing to apply" in probed.out) == (0, True)
    assert remote.log == before


def test_a_protected_branch_is_found_out_before_the_first_create(
    remote: Remote, checkout: Checkout, emulator: BackgroundEmulator
) -> None:
    job = checkout("job")
    remote.hook("pre-receive", GH006)
    head = git(job.folder, "rev-parse", "HEAD")
    probed = job.run("state", "push", "--probe")
    assert probed.code == 8
    assert "GH006: Protected branch update failed" in probed.err
    assert "contents: write" in probed.err
    assert git(job.folder, "rev-parse", "HEAD") == head, (
        "no commit is left that a later push would take along"
    )
    assert remote.log == ["Begin"]
    assert emulator.store.blueprints("sourcing_a") == []


def test_a_state_that_was_refused_is_pushed_once_the_branch_takes_it(
    remote: Remote, checkout: Checkout
) -> None:
    job = checkout("job")
    assert job.apply().code == 0
    remote.hook("pre-receive", GH006)
    assert job.run("state", "push").code == 8
    remote.hook("pre-receive", "exit 0")
    assert job.run("state", "push").code == 0
    assert state_on(remote) == job.ids


def test_invalid_files_begin_nothing(remote: Remote, checkout: Checkout) -> None:
    job = checkout("job")
    job.write("sourcing_c", {"one": {"name": 3}})
    ran = job.run("state", "push", "--probe")
    assert ran.code == 3
    assert remote.log == ["Begin"]


def test_what_others_pushed_meanwhile_stays(remote: Remote, checkout: Checkout) -> None:
    job, other = checkout("job"), checkout("other", "--no-tags")
    assert job.apply().code == 0
    (other.folder / "README.md").write_text("theirs")
    other.write("sourcing_c", {"new": blueprint("New")})
    commit(other.folder, "Merge something")
    git(other.folder, "push", "--quiet", "origin", "main")
    pushed = job.run("state", "push")
    assert pushed.code == 0, pushed.err
    assert remote.log == ["Record the state: 2 blueprints", "Merge something", "Begin"]
    assert remote.show("README.md") == "theirs"
    assert state_on(remote) == job.ids


def test_a_probe_applies_the_head_of_the_branch(remote: Remote, checkout: Checkout) -> None:
    job, other = checkout("job"), checkout("other", "--no-tags")
    other.write("sourcing_c", {"new": blueprint("New")})
    commit(other.folder, "Merge something")
    git(other.folder, "push", "--quiet", "origin", "main")
    assert job.run("state", "push", "--probe").code == 0
    assert job.apply().code == 0
    assert job.ids.keys() == {"sourcing_a/one", "sourcing_b/one", "sourcing_c/new"}
    assert job.run("state", "push").code == 0
    assert state_on(remote) == job.ids


def test_a_push_that_comes_too_late_is_made_again(remote: Remote, checkout: Checkout) -> None:
    """The other push arrives between our fetch and our push: the hook of the server itself makes it."""
    job = checkout("job")
    assert job.apply().code == 0
    once = remote.bare / "once"
    once.touch()
    other = 'git commit-tree "main^{tree}" -p main -m "In between"'
    remote.hook(
        "pre-receive",
        f'if rm "{once}" 2>/dev/null; then\n'
        "  unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n"
        "  export GIT_AUTHOR_NAME=B GIT_AUTHOR_EMAIL=b@example.com GIT_COMMITTER_NAME=B"
        " GIT_COMMITTER_EMAIL=b@example.com\n"
        f"  git update-ref refs/heads/main $({other})\nfi",
    )
    pushed = job.run("state", "push")
    assert pushed.code == 0, pushed.err
    assert remote.log == ["Record the state: 2 blueprints", "In between", "Begin"]


def test_two_runs_that_made_different_things_are_merged_by_address(
    remote: Remote, checkout: Checkout
) -> None:
    job = checkout("job")
    assert job.apply().code == 0
    assert job.run("state", "push").code == 0
    one, two = checkout("one"), checkout("two")
    one.write("sourcing_a", {"one": blueprint("One of sourcing_a"), "left": blueprint("Left", steps=1)})
    two.write("sourcing_a", {"one": blueprint("One of sourcing_a"), "right": blueprint("Right", steps=3)})
    for each in (one, two):
        assert each.apply().code == 0
        git(each.folder, "checkout", "--quiet", "--", "blueprints")
        pushed = each.run("state", "push")
        assert pushed.code == 0, pushed.err
    assert state_on(remote) == one.ids | two.ids
    assert state_on(remote).keys() == {*job.ids, "sourcing_a/left", "sourcing_a/right"}


def test_two_ids_for_one_address_stop_it(remote: Remote, checkout: Checkout) -> None:
    job = checkout("job")
    assert job.apply().code == 0
    assert job.run("state", "push").code == 0
    one, two = checkout("one"), checkout("two")
    for each, name in ((one, "Left"), (two, "Right")):
        each.write("sourcing_a", {"one": blueprint("One of sourcing_a"), "new": blueprint(name, steps=1)})
        assert each.apply().code == 0
        git(each.folder, "checkout", "--quiet", "--", "blueprints")
    assert one.run("state", "push").code == 0
    before, ids = remote.log, two.ids
    assert ids["sourcing_a/new"] != one.ids["sourcing_a/new"]
    pushed = two.run("state", "push")
    assert pushed.code == 8, pushed.err
    assert "sourcing_a/new" in pushed.err
    assert remote.log == before
    assert two.ids == ids, "what this run knows stays on its disk"
    assert not (two.folder / ".git" / "rebase-merge").exists()


def test_two_states_that_were_started_apart_stop_it(remote: Remote, checkout: Checkout) -> None:
    one, two = checkout("one"), checkout("two")
    for each in (one, two):
        assert each.apply().code == 0
    assert one.run("state", "push").code == 0
    before = remote.log
    pushed = two.run("state", "push")
    assert pushed.code == 8, pushed.err
    assert "two separate states" in pushed.err
    assert remote.log == before


@pytest.fixture
def slow() -> Iterator[BackgroundEmulator]:
    """An API that takes its time, so that a run can be killed while a request is under way."""
    with BackgroundEmulator(sourcings=[("sourcing_a", "a"), ("sourcing_b", "b")], latency=0.4) as running:
        yield running


def test_what_a_killed_run_has_left_is_recorded(
    remote: Remote, checkout: Checkout, slow: BackgroundEmulator
) -> None:
    job = checkout("job")
    job.url, job.timeout = slow.url, 5
    running = job.start("apply", "--yes")
    try:
        while not (job.journal_path.exists() and b'"intent"' in job.journal_path.read_bytes()):
            assert running.poll() is None, "it has ended before it began anything"
    finally:
        running.kill()
        running.communicate()
    pushed = job.run("state", "push")
    assert pushed.code == 0, pushed.err
    state = json.loads(remote.show(STATE))
    assert state["intents"], "the next run looks first what became of these"
    assert not job.journal_path.exists()
    assert "open" in remote.log[0]
    following = checkout("following")
    following.url, following.timeout = slow.url, 5
    assert following.apply().code == 0
    assert following.run("state", "push").code == 0
    assert len(slow.store.blueprints("sourcing_a")) == 1
    assert state_on(remote).keys() == {"sourcing_a/one", "sourcing_b/one"}


def test_commits_of_a_person_are_not_pushed_along(remote: Remote, checkout: Checkout) -> None:
    job = checkout("job")
    (job.folder / "README.md").write_text("mine")
    commit(job.folder, "Not for the state's push")
    for option in ((), ("--probe",)):
        ran = job.run("state", "push", *option)
        assert ran.code == 1
        assert "README.md differs" in ran.err
    assert remote.log == ["Begin"]


def test_a_damaged_state_is_never_committed(remote: Remote, checkout: Checkout) -> None:
    job = checkout("job")
    job.state_path.write_text("<<<<<<< HEAD\n")
    assert job.run("state", "push").code == 8
    assert remote.log == ["Begin"]


def test_an_ignored_state_is_reported(checkout: Checkout) -> None:
    job = checkout("job")
    assert job.apply().code == 0
    (job.folder / ".git" / "info" / "exclude").write_text("*.json\n")
    ran = job.run("state", "push")
    assert ran.code == 1
    assert "git check-ignore" in ran.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--remote", "nowhere"), "there is no remote nowhere"),
        (("--remote", "--upload-pack=x"), "there is no remote"),
        (("--branch", "--force"), "is not a name of a branch"),
        (("--branch", "a..b"), "is not a name of a branch"),
        (("--state", "../state.json"), "is not in the repository"),
    ],
)
def test_calls_that_can_not_work(args: tuple[str, ...], said: str, checkout: Checkout) -> None:
    ran = checkout("job").run("state", "push", *args)
    assert ran.code == 1
    assert said in ran.err


def test_outside_of_a_repository_it_says_so(project: Project) -> None:
    ran = project.run("state", "push")
    assert ran.code == 1
    assert "not a git repository" in ran.err


def test_who_commits_must_be_known_outside_of_actions(checkout: Checkout, remote: Remote) -> None:
    job = checkout("job")
    assert job.apply().code == 0
    del job.environment["GITHUB_ACTIONS"]
    job.environment["HOME"] = str(job.folder.parent)
    ran = job.run("state", "push")
    assert ran.code == 1
    assert "git config user.email" in ran.err
    assert remote.log == ["Begin"]
