"""What the tests of jobs have in common: their machines and variables, a pull request, what a branch has recorded."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from tests.github.stand_in import NUMBER, REPOSITORY, TOKEN, StandIn
from tests.harness import KEY, STATE, Project
from tests.repositories import Remote, git
from tests.workflows.runner import Runner

ACTIONS = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.example.com",
    "GITHUB_REPOSITORY": "example/outreach",
    "GITHUB_RUN_ID": "42",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "PATH": os.environ["PATH"],
}
GH006 = "echo 'error: GH006: Protected branch update failed for refs/heads/main.' >&2; exit 1"

ACTION = f"example/kalentops@{'a' * 40}"

Checkout = Callable[..., Project]
Start = Callable[..., Runner]


def state_on(remote: Remote) -> dict[str, str]:
    """The ids that are recorded on the branch."""
    state = json.loads(remote.show(STATE))
    return {address: entry["blueprintId"] for address, entry in state["blueprints"].items()}


def machines(folder: Path, remote: Remote, url: str) -> Start:
    """Machines with what the settings on GitHub give a job."""

    def start(name: str, **options: object) -> Runner:
        environment = {
            "KALENT_API_URL": url,
            "KALENTOPS_SETTLE": "0.4",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_SYSTEM": "/dev/null",
            "GITHUB_SERVER_URL": "https://github.example.com",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": "1",
        }
        secrets = {"KALENT_API_KEY": KEY, "GITHUB_TOKEN": TOKEN}
        return Runner(
            folder / name,
            remote,
            ACTION,
            environment=environment,
            **{"secrets": secrets} | options,  # type: ignore[arg-type]
        )

    return start


def review(start: Start, name: str, github: StandIn, folder: Path, **options: object) -> Runner:
    """A job for the pull request, which knows no secret and no Kalent."""
    event = folder / f"{name}.json"
    event.write_text(
        json.dumps({"pull_request": {"number": NUMBER}, "repository": {"full_name": REPOSITORY}})
    )
    job = start(
        name,
        event="pull_request",
        ref=f"refs/pull/{NUMBER}/merge",
        secrets={"GITHUB_TOKEN": TOKEN},
        **options,
    )
    job.environment |= {
        "GITHUB_API_URL": github.url,
        "GITHUB_EVENT_PATH": str(event),
        "KALENT_API_URL": "http://127.0.0.1:9",
    }
    return job


def show_merge(remote: Remote, clone: Path) -> None:
    """The merge that GitHub makes of a pull request, in the base repository."""
    git(remote.bare, "fetch", "--quiet", str(clone), "HEAD")
    tree = git(remote.bare, "rev-parse", "FETCH_HEAD^{tree}")
    made = git(remote.bare, "commit-tree", tree, "-p", "main", "-p", "FETCH_HEAD", "-m", "Merge")
    git(remote.bare, "update-ref", f"refs/pull/{NUMBER}/merge", made)


def workflow(remote: Remote, name: str) -> str:
    return remote.show(f".github/workflows/kalentops-{name}.yml")


def outputs_of(job: Runner) -> dict[str, str]:
    return next(step for step in job.steps if step.name == ACTION).outputs


def job_with(**given: str) -> str:
    """A workflow of a person who uses the action alone."""
    checkout = {"uses": f"actions/checkout@{'b' * 40}", "with": {"ref": "main", "persist-credentials": True}}
    return json.dumps({"jobs": {"one": {"steps": [checkout, {"uses": ACTION, "with": given}]}}})
