"""The workflows of a repository with several environments: nothing of one tenant reaches another's job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.github.stand_in import TOKEN, StandIn
from tests.harness import KEY, Project
from tests.repositories import Remote, commit, git
from tests.strategies import to_yaml
from tests.workflows.jobs import ACTION, Start, machines, outputs_of, review, show_merge, workflow
from tests.workflows.runner import Runner

pytestmark = pytest.mark.processes

REF = "refs/kalentops/production"
SETTINGS = f"""\
environments:
  production: {{state: git:{REF}, confirm: true, branch: main}}
  trial: {{state: git:refs/kalentops/trial, branch: trial}}
  acme: {{blueprints: clients/acme}}
"""
KEYS = {"production": KEY, "acme": "acme+key/of=another~tenant"}
SECRETS = {f"kalent-{name}": {f"KALENT_API_KEY_{name.upper()}": key} for name, key in KEYS.items()}


@pytest.fixture(scope="module")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Remote:
    made = Remote.make(tmp_path_factory.mktemp("initialised") / "git")
    first = made.clone("first")
    project = Project(first, "")
    (first / "kalentops.yaml").write_text(SETTINGS)
    assert project.run("init", "--no-example", "--action", ACTION).code == 0
    (first / "blueprints").mkdir(exist_ok=True)
    ids = {"production": "sourcing_a", "trial": "sourcing_t"}
    shared = json.dumps({"sourcingId": ids, "blueprints": {"one": blueprint("One")}}, indent=2)
    (first / "blueprints" / "a.yaml").write_text(shared)
    (first / "clients" / "acme").mkdir(parents=True, exist_ok=True)
    (first / "clients" / "acme" / "b.yaml").write_text(to_yaml("sourcing_b", {"two": blueprint("Two")}))
    commit(first, "Begin")
    git(first, "push", "--quiet", "origin", "main")
    assert project.run("state", "init", "-e", "production").code == 0
    return made


@pytest.fixture
def remote(initialised: Remote, tmp_path: Path) -> Remote:
    return initialised.copy(tmp_path / "git")


@pytest.fixture
def tenants() -> Iterator[dict[str, BackgroundEmulator]]:
    with (
        BackgroundEmulator(sourcings=[("sourcing_a", "a")], api_key=KEYS["production"]) as production,
        BackgroundEmulator(sourcings=[("sourcing_b", "b")], api_key=KEYS["acme"]) as acme,
    ):
        yield {"production": production, "acme": acme}


def job_of(start: Start, name: str, at: BackgroundEmulator, **options: object) -> Runner:
    job = start(name, **{"secrets": {"GITHUB_TOKEN": TOKEN}, "environments": SECRETS} | options)
    job.environment["KALENT_API_URL"] = at.url
    return job


def written(tenants: dict[str, BackgroundEmulator]) -> set[str]:
    """The environments whose tenant got a request that writes."""
    return {name for name, each in tenants.items() if any(entry.method != "GET" for entry in each.log)}


def test_each_job_applies_its_own_environment(
    remote: Remote, tenants: dict[str, BackgroundEmulator], tmp_path: Path
) -> None:
    start = machines(tmp_path, remote, "")
    job = job_of(start, "production", tenants["production"])
    assert job.run(workflow(remote, "apply-production")) == "success", job.log
    (made,) = tenants["production"].store.blueprints("sourcing_a")
    state = json.loads(git(remote.bare, "show", f"{REF}:kalentops.state.json"))
    assert {each["blueprintId"] for each in state["blueprints"].values()} == {made.blueprint_id}
    assert written(tenants) == {"production"}
    assert remote.log == ["Begin"]
    job = job_of(start, "acme", tenants["acme"])
    assert job.run(workflow(remote, "apply-acme")) == "success", job.log
    (made,) = tenants["acme"].store.blueprints("sourcing_b")
    assert made.blueprint_id in remote.show("acme.state.json")
    assert "sourcing_a" not in remote.show("acme.state.json")
    assert not any(key in job.log for key in KEYS.values())
    for name, tenant in tenants.items():
        secrets = {f"kalent-read-{name}": SECRETS[f"kalent-{name}"]}
        calm = job_of(start, f"drift-{name}", tenant, environments=secrets)
        assert calm.run(workflow(remote, f"drift-{name}")) == "success", calm.log


def test_a_push_to_another_branch_starts_no_job(
    remote: Remote, tenants: dict[str, BackgroundEmulator], tmp_path: Path
) -> None:
    start = machines(tmp_path, remote, "")
    assert job_of(start, "one", tenants["acme"]).run(workflow(remote, "apply-trial")) == "skipped"
    other = job_of(start, "two", tenants["acme"], ref="refs/heads/trial")
    assert other.run(workflow(remote, "apply-acme")) == "skipped"


@pytest.mark.parametrize("kind", ["apply", "drift"])
def test_a_missing_secret_is_not_replaced_by_one_of_the_repository(
    kind: str, remote: Remote, tenants: dict[str, BackgroundEmulator], tmp_path: Path
) -> None:
    secrets = {"GITHUB_TOKEN": TOKEN, "KALENT_API_KEY": KEY, "KALENT_API_KEY_PRODUCTION": KEY}
    start = machines(tmp_path, remote, "")
    job = job_of(start, "one", tenants["production"], environments={}, secrets=secrets)
    assert job.run(workflow(remote, f"{kind}-acme")) == "failure"
    assert "KALENT_API_KEY_ACME" in job.log
    assert len(tenants["production"].log) == 0


def test_a_pull_request_has_a_comment_and_a_page_of_each_environment(
    remote: Remote, github: StandIn, tmp_path: Path
) -> None:
    start = machines(tmp_path, remote, "")
    clone = remote.clone("branch")
    for path in (clone / "blueprints" / "a.yaml", clone / "clients" / "acme" / "b.yaml"):
        path.write_text(path.read_text().replace("message 1", f"words of {path.stem}"))
    commit(clone, "Other words")
    show_merge(remote, clone)
    pages: set[str] = set()
    for name in ("production", "acme"):
        job = review(start, name, github, tmp_path)
        assert job.run(workflow(remote, f"pull-request-{name}")) == "success", job.log
        assert outputs_of(job)["create"] == "1"
        pages |= job.artifacts.keys()
    bodies = github.bodies()
    markers = {body.splitlines()[0] for body in bodies}
    assert (len(bodies), len(markers), len(pages)) == (2, 2, 2)
    for own, other in (("words of a", "words of b"), ("words of b", "words of a")):
        (body,) = (each for each in bodies if own in each)
        assert other not in body
