"""The workflows for a state in a ref, run step by step beside a main branch that refuses every push."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.faults.proxy import Behaviour, Exchange, FaultProxy, Request
from tests.github.stand_in import StandIn
from tests.harness import KEY, STATE, Project
from tests.repositories import Remote, commit, git
from tests.sizes import some
from tests.workflows.jobs import (
    ACTION,
    GH006,
    Start,
    job_with,
    machines,
    outputs_of,
    review,
    show_merge,
    workflow,
)

pytestmark = pytest.mark.processes

REF = "refs/kalentops/state"
PROTECTED = f'[ "$1" != refs/heads/main ] || {{ {GH006}; }}'


@pytest.fixture(scope="module")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Remote:
    """A repository that `init` has set up, with one blueprint and an empty state."""
    made = Remote.make(tmp_path_factory.mktemp("initialised") / "git")
    first = made.clone("first")
    project = Project(first, "")
    assert project.run("init", "--no-example", "--state", f"git:{REF}", "--action", ACTION).code == 0
    project.write("sourcing_a", {"one": blueprint("One")})
    commit(first, "Begin")
    git(first, "push", "--quiet", "origin", "main")
    made.hook("update", PROTECTED)
    assert project.run("state", "init").code == 0
    return made


@pytest.fixture
def remote(initialised: Remote, tmp_path: Path) -> Remote:
    return initialised.copy(tmp_path / "git")


@pytest.fixture
def start(tmp_path: Path, remote: Remote, emulator: BackgroundEmulator) -> Start:
    return machines(tmp_path, remote, emulator.url)


def propose(
    remote: Remote, name: str, sourcing: str, *, place: Path | None = None, **blueprints: object
) -> Path:
    """A pull request of one file, in a clone, or in a fork at `place`."""
    clone = remote.clone(name) if place is None else place
    Project(clone, "").write(sourcing, blueprints)
    commit(clone, f"Change {sourcing}")
    return clone


def merge(remote: Remote, clone: Path) -> None:
    """What a person does on GitHub's page, which rules of the branch allow."""
    git(clone, "pull", "--quiet", "--rebase", "origin", "main")
    git(remote.bare, "fetch", "--quiet", str(clone), "+HEAD:main")


def ids_in(remote: Remote) -> dict[str, str]:
    state = json.loads(git(remote.bare, "show", f"{REF}:{STATE}"))
    return {address: entry["blueprintId"] for address, entry in state["blueprints"].items()}


def made_in(emulator: BackgroundEmulator, *sourcings: str) -> dict[str, str]:
    return {
        f"{each.sourcing_id}/{each.name.lower()}": each.blueprint_id
        for sourcing in sourcings
        for each in emulator.store.blueprints(sourcing)
    }


def test_a_merge_is_applied_beside_a_branch_that_takes_no_push(
    remote: Remote, start: Start, emulator: BackgroundEmulator
) -> None:
    assert start("early").run(workflow(remote, "drift")) == "success", "nothing is managed yet"
    job = start("one", processes=True)
    assert job.run(workflow(remote, "apply")) == "success", job.log
    assert ids_in(remote) == made_in(emulator, "sourcing_a")
    assert len(ids_in(remote)) == 1
    assert remote.log == ["Begin"]
    assert {step.outcome for step in job.steps} == {"success", "skipped"}
    calm = start("drift")
    assert calm.run(workflow(remote, "drift")) == "success", calm.log
    (made,) = emulator.store.blueprints("sourcing_a")
    emulator.store.edit(made.blueprint_id, name="Another name")
    drift = start("edited")
    assert drift.run(workflow(remote, "drift")) == "failure"
    assert "changed: sourcing_a/one" in drift.log


def test_a_pull_request_from_a_fork_is_planned_with_the_state_of_the_base(
    remote: Remote, start: Start, emulator: BackgroundEmulator, github: StandIn, tmp_path: Path
) -> None:
    assert start("one").run(workflow(remote, "apply")) == "success"
    before = git(remote.bare, "rev-parse", REF)
    git(tmp_path, "clone", "--quiet", "--bare", str(remote.bare), "fork.git")
    git(tmp_path, "clone", "--quiet", str(tmp_path / "fork.git"), "fork")
    assert REF not in git(tmp_path / "fork.git", "for-each-ref"), "a fork has branches and tags alone"
    text = blueprint("One")
    text["steps"][0]["content"] = "A sentence that is new"
    show_merge(remote, propose(remote, "fork", "sourcing_a", place=tmp_path / "fork", one=text))
    remote.hook("pre-receive", "exit 1")
    github.may = "read"
    job = review(start, "review", github, tmp_path)
    assert job.run(workflow(remote, "pull-request")) == "success", job.log
    outputs = outputs_of(job)
    assert (outputs["result"], outputs["create"], outputs["update"]) == ("ok", "0", "1")
    assert "A sentence" in re.sub(r"</?[a-z]+[^>]*>", "", (job.home / "summary.md").read_text())
    assert github.bodies() == []
    assert git(remote.bare, "rev-parse", REF) == before


def test_a_pull_request_of_this_repository_gets_a_comment(
    remote: Remote, start: Start, github: StandIn, tmp_path: Path
) -> None:
    show_merge(remote, propose(remote, "branch", "sourcing_b", two=blueprint("Two")))
    job = review(start, "review", github, tmp_path)
    assert job.run(workflow(remote, "pull-request")) == "success", job.log
    (body,) = github.bodies()
    assert "sourcing_b" in body
    assert outputs_of(job)["create"] == "2"


def test_the_action_alone_pushes_to_the_ref_and_to_no_branch(
    remote: Remote, start: Start, emulator: BackgroundEmulator
) -> None:
    text = job_with(command="apply", **{"api-key": KEY})
    job = start("one")
    assert job.run(text) == "success", job.log
    assert ids_in(remote) == made_in(emulator, "sourcing_a")
    assert outputs_of(job)["changed"] == "true"
    again = start("two")
    assert again.run(text) == "success"
    assert (outputs_of(again)["changed"], remote.log) == ("false", ["Begin"])


def test_without_a_state_each_job_says_how_to_start_one(
    remote: Remote, start: Start, emulator: BackgroundEmulator, github: StandIn, tmp_path: Path
) -> None:
    git(remote.bare, "update-ref", "-d", REF)
    job = start("apply")
    assert job.run(workflow(remote, "apply")) == "failure"
    assert "kalentops state init" in job.step("Apply").log
    assert emulator.store.blueprints("sourcing_a") == []
    assert [entry for entry in emulator.log if entry.method != "GET"] == []
    show_merge(remote, propose(remote, "branch", "sourcing_b", two=blueprint("Two")))
    shown = review(start, "review", github, tmp_path)
    assert shown.run(workflow(remote, "pull-request")) == "failure"
    assert "kalentops state init" in shown.log
    assert (outputs_of(shown)["result"], outputs_of(shown)["exit-code"]) == ("state", "8")
    drift = start("drift")
    assert drift.run(workflow(remote, "drift")) == "failure"
    assert outputs_of(drift)["exit-code"] == "8"
    assert git(remote.bare, "for-each-ref", "refs/kalentops") == ""


@dataclass
class Moment:
    """One request of a job, whose answer never comes; `has_effect` says whether the server gets it."""

    kind: str
    nth: int
    has_effect: bool
    reached: threading.Event = field(default_factory=threading.Event)

    def script(self, request: Request) -> Behaviour | None:
        return self._hold if (request.kind, request.nth) == (self.kind, self.nth) else None

    def _hold(self, exchange: Exchange) -> None:
        if self.has_effect:
            exchange.forward()
        self.reached.set()
        exchange.proxy.ending.wait()

    def freeze(self, meanwhile: Callable[[], None]) -> Callable[[subprocess.Popen[str]], None]:
        """Stop a process at this moment, do something, and end it without a further word."""

        def cancel(process: subprocess.Popen[str]) -> None:
            assert self.reached.wait(60)
            process.send_signal(signal.SIGSTOP)
            meanwhile()
            process.kill()

        return cancel


MOMENTS = [
    (kind, nth, has_effect) for kind in ("create", "fill") for nth in (1, 3) for has_effect in (False, True)
]


@pytest.mark.parametrize("moment", some(MOMENTS, 3), ids=str)
def test_two_jobs_at_once_one_of_which_dies_with_its_machine(
    moment: tuple[str, int, bool], remote: Remote, tmp_path: Path
) -> None:
    """Two pull requests are merged, one after the other. The job of the first stops in the middle and never continues;
    that of the second runs meanwhile.
    """
    text = workflow(remote, "apply")
    sourcings = ("sourcing_a", "sourcing_b", "sourcing_c")
    at = Moment(*moment)
    with (
        BackgroundEmulator(sourcings=[(each, each) for each in sourcings]) as emulator,
        FaultProxy(emulator.url, at.script) as proxy,
    ):
        start = machines(tmp_path, remote, proxy.url)
        merge(remote, propose(remote, "first", "sourcing_b", two=blueprint("Two"), three=blueprint("Three")))
        other = start("other")

        def second() -> None:
            files = (blueprint("Four"), blueprint("Five"))
            merge(remote, propose(remote, "second", "sourcing_c", four=files[0], five=files[1]))
            other.run(text)

        doomed = start("doomed", cancel_in="Apply", cancel=at.freeze(second))
        assert doomed.run(text) == "failure"
        shutil.rmtree(doomed.home)
        following = start("following")
        assert following.run(text) == "success", following.log
        made = [each for name in sourcings for each in emulator.store.blueprints(name) if each.steps]
        names = ["Five", "Four", "One", "Three", "Two"]
        assert sorted(each.name for each in made) == names, "each once"
        assert sorted(ids_in(remote).values()) == sorted(each.blueprint_id for each in made)
        assert start("last").run(text) == "success"
        assert (
            len([each for name in sourcings for each in emulator.store.blueprints(name) if each.steps]) == 5
        )
    assert {"sourcing_c/four", "sourcing_c/five"} <= ids_in(remote).keys()
    assert "unlock" not in other.log + following.log
