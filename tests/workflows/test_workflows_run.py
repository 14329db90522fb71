"""The workflows that `init` writes, run step by step: real scripts, a real repository, the emulator as the API."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.github.stand_in import NUMBER, StandIn
from tests.harness import KEY, STATE, Project
from tests.repositories import Remote, commit, git
from tests.workflows.jobs import (
    ACTION,
    GH006,
    Start,
    job_with,
    machines,
    outputs_of,
    review,
    state_on,
    workflow,
)
from tests.workflows.runner import ROOT, Runner, cancel_when, has_intent

pytestmark = pytest.mark.processes

ACTIONS_OWN = (ROOT / "action.yml").read_text()
INSTALL = (ROOT / "action" / "install.sh").read_text()


@pytest.fixture
def remote(initialised: Remote, tmp_path: Path) -> Remote:
    return initialised.copy(tmp_path / "git")


@pytest.fixture(scope="module")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Remote:
    """A repository that `init` has set up, with one blueprint."""
    made = Remote.make(tmp_path_factory.mktemp("initialised") / "git")
    first = made.clone("first")
    project = Project(first, "")
    assert project.run("init", "--no-example", "--action", ACTION).code == 0
    project.write("sourcing_a", {"one": blueprint("One")})
    commit(first, "Begin")
    git(first, "push", "--quiet", "origin", "main")
    return made


@pytest.fixture
def start(tmp_path: Path, remote: Remote, emulator: BackgroundEmulator) -> Start:
    return machines(tmp_path, remote, emulator.url)


def passed_over(job: Runner, text: str) -> set[str]:
    """The named steps of a workflow, or of the action, that a job did not run: each has to be run by some test."""
    ran = {step.name for step in job.steps if step.outcome != "skipped"}
    return set(re.findall(r"^ +- name: (.+)$", text, re.MULTILINE)) - ran


def test_a_merge_is_applied_and_the_ids_are_committed(
    remote: Remote, start: Start, emulator: BackgroundEmulator
) -> None:
    job = start("one", processes=True)
    assert job.run(workflow(remote, "apply")) == "success", job.log
    (made,) = emulator.store.blueprints("sourcing_a")
    assert state_on(remote) == {"sourcing_a/one": made.blueprint_id}
    assert remote.log == ["Record the state: 1 blueprint", "Begin to apply the blueprints", "Begin"]
    assert KEY not in job.log
    assert "Apply: 1 done" in job.step("Apply").log
    again = start("two")
    assert again.run(workflow(remote, "apply")) == "success", again.log
    assert len(remote.log) == 3
    assert len(emulator.store.blueprints("sourcing_a")) == 1


def test_a_protected_branch_stops_it_before_anything_is_created(
    remote: Remote, start: Start, emulator: BackgroundEmulator
) -> None:
    text = workflow(remote, "apply")
    remote.hook("pre-receive", GH006)
    job = start("one")
    assert job.run(text) == "failure"
    assert "GH006" in job.step("Find out whether the state can be pushed").log
    assert job.step("Apply").outcome == "skipped"
    assert emulator.store.blueprints("sourcing_a") == []


@pytest.mark.thorough
def test_a_part_that_was_done_is_recorded(remote: Remote, start: Start) -> None:
    clone = remote.clone("more")
    Project(clone, "").write("sourcing_nowhere", {"two": blueprint("Two")})
    commit(clone, "A sourcing that does not exist")
    git(clone, "push", "--quiet", "origin", "main")
    job = start("one")
    assert job.run(workflow(remote, "apply")) == "failure"
    assert job.step("Apply").outcome == "failure"
    assert state_on(remote).keys() == {"sourcing_a/one"}


def test_a_state_that_can_not_be_pushed_is_kept(
    remote: Remote, start: Start, emulator: BackgroundEmulator
) -> None:
    text = workflow(remote, "apply")
    remote.hook(
        "update", f'[ "$(git log -1 --format=%s "$3")" = "Begin to apply the blueprints" ] || {{ {GH006}; }}'
    )
    job = start("one")
    assert job.run(text) == "failure"
    (made,) = emulator.store.blueprints("sourcing_a")
    assert passed_over(job, text) == set()
    assert job.step("Commit the state, however the run ended").outcome == "failure"
    assert made.blueprint_id in job.artifacts[STATE].decode()


def test_a_run_that_is_cancelled_ends_gently_and_is_recorded(remote: Remote, start: Start) -> None:
    sourcings = [(f"sourcing_{letter}", letter) for letter in "abcdefghijklmnopqrstuvwxyz"]
    clone = remote.clone("more")
    for sourcing, _ in sourcings:
        Project(clone, "").write(sourcing, {"one": blueprint("One"), "two": blueprint("Two", steps=3)})
    (clone / "kalentops.yaml").write_text("parallelism: 2\nguards: {max_creates: 100}\n")
    commit(clone, "Many")
    git(clone, "push", "--quiet", "origin", "main")
    with BackgroundEmulator(sourcings=sourcings, latency=0.2) as slow:
        job = start("one", cancel_in="Apply")
        job.cancel = cancel_when(has_intent(job.workspace / f"{STATE}.journal"), signal.SIGINT)
        job.environment["KALENT_API_URL"] = slow.url
        assert job.run(workflow(remote, "apply")) == "failure"
        assert "finishing the open requests" in job.step("Apply").log
        made = {each.blueprint_id for name, _ in sourcings for each in slow.store.blueprints(name)}
    assert 0 < len(made) < 2 * len(sourcings)
    assert set(state_on(remote).values()) == made
    assert json.loads(remote.show(STATE))["intents"] == {}


def test_what_a_killed_run_has_left_is_committed(remote: Remote, start: Start) -> None:
    with BackgroundEmulator(sourcings=[("sourcing_a", "a")], latency=0.5) as slow:
        job = start("one", cancel_in="Apply")
        job.cancel = cancel_when(has_intent(job.workspace / f"{STATE}.journal"), signal.SIGKILL)
        job.environment["KALENT_API_URL"] = slow.url
        assert job.run(workflow(remote, "apply")) == "failure"
        state = json.loads(remote.show(STATE))
        assert (list(state["intents"]), state["blueprints"]) == (["sourcing_a/one"], {})
        following = start("two")
        following.environment |= {"KALENT_API_URL": slow.url, "KALENTOPS_SETTLE": "2"}
        assert following.run(workflow(remote, "apply")) == "success", following.log
        (made,) = slow.store.blueprints("sourcing_a")
    assert state_on(remote) == {"sourcing_a/one": made.blueprint_id}


def test_drift_fails_the_nightly_run_and_changes_nothing(
    remote: Remote, start: Start, emulator: BackgroundEmulator
) -> None:
    assert start("apply").run(workflow(remote, "apply")) == "success"
    before = remote.log
    calm = start("calm")
    assert calm.run(workflow(remote, "drift")) == "success", calm.log
    (made,) = emulator.store.blueprints("sourcing_a")
    emulator.store.edit(made.blueprint_id, name="Somebody else's name")
    job, asked = start("drift"), emulator.log.requests.total()
    assert job.run(workflow(remote, "drift")) == "failure"
    assert passed_over(job, workflow(remote, "drift")) == set()
    assert "::error title=kalentops::1 blueprint" in job.log
    assert "changed: sourcing_a/one" in job.log
    assert "Somebody else's name" in (job.home / "summary.md").read_text()
    assert outputs_of(job)["drift"] == "1"
    assert emulator.log.requests.total() - asked == 1, "a second look could see something else"
    assert remote.log == before
    assert KEY not in job.log


@pytest.fixture
def pull_request(
    remote: Remote, start: Start, emulator: BackgroundEmulator, github: StandIn, tmp_path: Path
) -> Runner:
    """A job for a pull request that changes one sentence of what was applied."""
    clone = remote.clone("branch")
    assert Project(clone, emulator.url).apply().code == 0
    commit(clone, "Record the state")
    git(clone, "push", "--quiet", "origin", "main")
    path = clone / "blueprints" / "sourcing_a.yaml"
    path.write_text(path.read_text().replace("message 1", "a sentence that is new"))
    git(clone, "checkout", "--quiet", "-b", "edit")
    commit(clone, "Another sentence")
    git(clone, "checkout", "--quiet", "main")
    git(clone, "merge", "--quiet", "--no-ff", "-m", "Merge", "edit")
    git(clone, "push", "--quiet", "origin", f"HEAD:refs/pull/{NUMBER}/merge")
    return review(start, "review", github, tmp_path)


def test_a_pull_request_shows_the_sentence_before_and_after(
    pull_request: Runner, remote: Remote, github: StandIn
) -> None:
    assert pull_request.run(workflow(remote, "pull-request")) == "success", pull_request.log
    assert passed_over(pull_request, workflow(remote, "pull-request")) == set()
    assert passed_over(pull_request, ACTIONS_OWN) == {"Commit the state"}
    (body,) = github.bodies()
    (page,) = pull_request.artifacts.values()
    summary = (pull_request.home / "summary.md").read_text()
    for text in (body, page.decode(), summary):
        assert "a sentence that is new" in re.sub(r"</?[a-z]+[^>]*>", "", text)
        assert "message 1" in re.sub(r"</?[a-z]+[^>]*>", "", text)
    assert body.splitlines()[3].endswith("artifacts/2)"), "below the summary"
    assert summary.count("### kalentops") == 1
    outputs = outputs_of(pull_request)
    assert (outputs["result"], outputs["changed"], outputs["update"], outputs["create"]) == (
        "ok",
        "true",
        "1",
        "0",
    )


@pytest.mark.thorough
def test_a_pull_request_from_a_fork_is_reviewed_without_a_comment(
    pull_request: Runner, remote: Remote, github: StandIn
) -> None:
    github.may = "read"
    assert pull_request.run(workflow(remote, "pull-request")) == "success", pull_request.log
    assert github.bodies() == []
    assert "::notice title=kalentops::no comment" in pull_request.log
    assert "a sentence" in (pull_request.home / "summary.md").read_text()


def test_errors_are_annotations_and_fail_the_pull_request(
    pull_request: Runner, remote: Remote, github: StandIn
) -> None:
    clone = remote.folder / "branch"
    (clone / "blueprints" / "sourcing_a.yaml").write_text(
        "sourcingId: sourcing_a\nblueprints: {one: {name: 3}}\n"
    )
    commit(clone, "Wrong")
    git(
        clone,
        "push",
        "--quiet",
        "--force",
        "origin",
        "HEAD~1:refs/heads/base",
        f"HEAD:refs/pull/{NUMBER}/merge",
    )
    assert pull_request.run(workflow(remote, "pull-request")) == "failure"
    assert "::error file=blueprints/sourcing_a.yaml,line=2" in pull_request.log
    (body,) = github.bodies()
    assert "KAL012" in body
    outputs = outputs_of(pull_request)
    assert (outputs["result"], outputs["exit-code"]) == ("invalid", "3")
    assert int(outputs["errors"]) > 0


@pytest.mark.thorough
def test_the_action_alone_applies_and_commits(
    remote: Remote, start: Start, emulator: BackgroundEmulator
) -> None:
    job = start("one")
    text = job_with(command="apply", **{"api-key": KEY})
    assert job.run(text) == "success", job.log
    assert "Commit the state" not in passed_over(job, ACTIONS_OWN)
    (made,) = emulator.store.blueprints("sourcing_a")
    assert state_on(remote) == {"sourcing_a/one": made.blueprint_id}
    assert (outputs_of(job)["changed"], outputs_of(job)["create"]) == ("true", "1")
    again = start("two")
    assert again.run(text) == "success"
    assert (outputs_of(again)["changed"], outputs_of(again)["result"]) == ("false", "ok")
    remote.hook("pre-receive", GH006)
    assert start("three").run(text) == "success", "nothing to do, so nobody asks the branch"


def test_the_action_alone_creates_nothing_for_a_branch_that_takes_no_push(
    remote: Remote, start: Start, emulator: BackgroundEmulator
) -> None:
    remote.hook("pre-receive", GH006)
    job = start("one")
    assert job.run(job_with(command="apply", **{"api-key": KEY})) == "failure"
    assert outputs_of(job)["result"] == "state"
    assert emulator.store.blueprints("sourcing_a") == []


def test_the_action_without_a_key_is_refused(start: Start) -> None:
    job = start("one")
    assert job.run(job_with(command="drift")) == "failure"
    assert outputs_of(job)["result"] == "refused"
    assert "KALENT_API_KEY" in job.log


@pytest.mark.thorough
def test_no_module_of_the_reviewed_repository_is_run(remote: Remote, start: Start) -> None:
    """`python -m venv` looks into the current folder first, which is the checkout of a person's pull request."""
    clone = remote.clone("hostile")
    modules = (
        "venv",
        "pip",
        "ensurepip",
        "logging",
        "json",
        "subprocess",
        "kalentops",
        "click",
        "sitecustomize",
    )
    for name in modules:
        (clone / f"{name}.py").write_text(f"open('ran-{name}', 'w').close()\n")
    commit(clone, "Hostile")
    git(clone, "push", "--quiet", "origin", "main")
    job = start("plan", processes=True, begins=True)
    job.environment["PYTHONPATH"] = "."
    assert job.run(job_with(command="plan", preview="true")) == "success", job.log
    assert list(job.home.rglob("ran-*")) == []
    python = re.findall(
        r'("\$(?:PYTHON|python|programs/python|each)"|exec "%s") (-\S+)', ACTIONS_OWN + INSTALL
    )
    assert len(python) == 8
    assert {option for _, option in python} == {"-I"}


def test_hostile_names_reach_no_command_of_the_runner(remote: Remote, start: Start) -> None:
    """A name that is a workflow command is text in the log, whatever shows it."""
    clone = remote.clone("hostile")
    Project(clone, "").write(
        "sourcing_a", {"one": blueprint("::add-mask::e"), "two": blueprint("##[error]x")}
    )
    commit(clone, "Hostile")
    git(clone, "push", "--quiet", "origin", "main")
    for command in ("validate", "plan", "apply"):
        job = start(command)
        job.run(job_with(command=command, **{"api-key": KEY}))
        commands = [line for line in job.log.splitlines() if line.lstrip().startswith("::")]
        assert [
            line for line in commands if not line.startswith(("::error ", "::warning ", "::notice "))
        ] == []
        assert "##[" not in job.log
