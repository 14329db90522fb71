"""What linters say of the workflows that `init` writes, of this repository's own, and of the action: nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kalentops.init.contents import WORKFLOWS, Origin, Setup, pre_commit, workflows
from tests.workflows.runner import ROOT

pytestmark = pytest.mark.processes

# Jobs that need the key run where a person has put one into the settings of this repository. Its action is at its root,
# for which the newer form that zizmor asks for is not documented.
OWN = Setup(action="./ # zizmor: ignore[self-repository]", condition="if: vars.KALENT_READY == 'true'")
SETUPS = {
    "root": Setup(origin=Origin("example/kalentops", "a" * 40)),
    "below": Setup(below="teams/paris", branch="live", origin=Origin("example/kalentops", "a" * 40)),
    "unknown": Setup(),
    "ref": Setup(origin=Origin("example/kalentops", "a" * 40), ref="refs/kalentops/state"),
    "environment": Setup(
        origin=Origin("example/kalentops", "a" * 40),
        environment="acme",
        ref="refs/kalentops/acme",
        confirm=True,
    ),
}


def run(*args: str) -> str:
    """What a linter says; it must be content."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name(args[0])), *args[1:]], capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders with workflows: for each set-up one, and this repository."""
    folders = {"own": ROOT}
    for name, setup in SETUPS.items():
        folders[name] = tmp_path_factory.mktemp(name)
        for each in [*workflows(setup), pre_commit([setup])]:
            path = folders[name] / each.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(each.text)
    return folders


@pytest.fixture(params=[*SETUPS, "own"])
def repository(request: pytest.FixtureRequest, repositories: dict[str, Path]) -> Path:
    return repositories[request.param]


def files_of(repository: Path) -> list[Path]:
    found = sorted((repository / ".github" / "workflows").glob("*.yml"))
    assert len(found) >= len(WORKFLOWS)
    return found


@pytest.fixture(scope="module")
def every_file(repositories: dict[str, Path]) -> list[Path]:
    return [file for folder in repositories.values() for file in files_of(folder)]


def test_zizmor_finds_nothing(repositories: dict[str, Path], every_file: list[Path]) -> None:
    """In the workflows, in the hooks, and in the action."""
    hooks = [folder / ".pre-commit-config.yaml" for folder in repositories.values()]
    own = [ROOT / "action.yml", ROOT / ".pre-commit-hooks.yaml"]
    said = run("zizmor", "--offline", "--no-progress", *map(str, [*every_file, *hooks, *own]))
    assert "No findings to report" in said


def test_zizmor_finds_nothing_in_the_release_even_if_it_is_pedantic() -> None:
    release = ROOT / ".github" / "workflows" / "release.yml"
    run("zizmor", "--offline", "--no-progress", "--persona", "pedantic", str(release))


def test_they_are_what_github_takes(every_file: list[Path]) -> None:
    run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *map(str, every_file))


def test_the_action_is_what_github_takes() -> None:
    run("check-jsonschema", "--builtin-schema", "vendor.github-actions", str(ROOT / "action.yml"))


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is a package of the system")
def test_shellcheck_finds_nothing_in_the_scripts(every_file: list[Path], tmp_path: Path) -> None:
    scripts = [ROOT / "action" / "install.sh", *(ROOT / ".ci").iterdir()]
    for number, file in enumerate([*every_file, ROOT / "action.yml"]):
        data = yaml.safe_load(file.read_text())
        steps = [step for job in data.get("jobs", {}).values() for step in job["steps"]]
        steps += data.get("runs", {}).get("steps", [])
        for place, step in enumerate(steps):
            if "run" in step:
                scripts.append(tmp_path / f"{number}-{place}.sh")
                scripts[-1].write_text("#!/usr/bin/env bash\n" + step["run"] + "\n")
    assert len(scripts) > 5 * len(SETUPS)
    done = subprocess.run(["shellcheck", *map(str, scripts)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_jobs_get_what_they_need_and_no_more(repository: Path) -> None:
    for file in files_of(repository):
        text = file.read_text()
        data = yaml.safe_load(text)
        if not file.name.startswith("kalentops-"):
            continue
        assert data["permissions"] == {}
        for job in data["jobs"].values():
            writes = {name for name, level in job["permissions"].items() if level == "write"}
            allowed = {"pull-request": {"pull-requests"}, "apply": {"contents"}, "drift": set()}
            (kind,) = (name for name in WORKFLOWS if name in file.name)
            assert writes == allowed[kind]
            assert job["timeout-minutes"] <= 60
            (checkout,) = (s for s in job["steps"] if s.get("uses", "").startswith("actions/checkout@"))
            assert checkout["with"]["persist-credentials"] == (kind == "apply" or "refs/kalentops" in text)


def test_only_the_reviews_run_for_pull_requests_and_they_know_no_secret(repository: Path) -> None:
    for file in files_of(repository):
        text = file.read_text()
        events = yaml.safe_load(text)[True]  # `on`, for YAML 1.1
        assert "pull_request_target" not in events
        assert "workflow_run" not in events
        assert not ("pull_request" in events and "secrets." in text)


def test_an_apply_is_never_cut_off_by_the_next(repository: Path) -> None:
    (file,) = (path for path in files_of(repository) if "-apply" in path.name)
    data = yaml.safe_load(file.read_text())
    assert data["concurrency"]["cancel-in-progress"] is False
    assert "${{" not in data["concurrency"]["group"]
    (job,) = data["jobs"].values()
    assert job["environment"] in {"kalent", "kalent/teams--paris", "kalent-acme"}
    assert data[True]["push"]["branches"] == [job["steps"][0]["with"]["ref"]], (
        "the head of what was pushed to"
    )


def test_what_our_own_make_can_be_made() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    asked = [name for file in files_of(ROOT) for name in re.findall(r"run: make ([a-z]+)", file.read_text())]
    assert {"demo", "thorough", "dist", "trial", "acceptance"} <= set(asked) <= targets


def test_our_own_are_those_that_init_writes() -> None:
    for each in workflows(OWN):
        assert (ROOT / each.name).read_text(encoding="utf-8") == each.text, f"write {each.name} anew"


def test_everything_is_pinned_with_its_tag(repository: Path) -> None:
    for file in [*files_of(repository), ROOT / "action.yml"]:
        for line in re.findall(r"uses: (.*)", file.read_text()):
            assert line == OWN.action or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}( # v?[\d.]+)?", line), line
