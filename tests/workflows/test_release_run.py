"""release.yml, step by step: a run by hand publishes nothing, and a tag publishes what was built.

`make`, `docker` and `gh` are stand-ins that write down what they are asked for; `make dist` builds the wheel.
"""

from __future__ import annotations

import json
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
import yaml

from release.build import copy_sources, digest, prepare
from release.versions import RELEASED
from tests.dist.test_release_versions import TODAY, URLS, set_names
from tests.platforms import needs_shell
from tests.repositories import Remote, commit, git
from tests.workflows.runner import ROOT, Runner, write_script

pytestmark = [pytest.mark.processes, needs_shell]

WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
JOBS = WORKFLOW["jobs"]
PUBLISH = "pypa/gh-action-pypi-publish"
ATTEST = "actions/attest-build-provenance"
BUILD = "from release.build import *; packages(Path(), Path('dist'), '--target', 'wheel')"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Remote:
    """A copy of this repository with a release 9.9.9, which is tagged."""
    remote = Remote.make(tmp_path_factory.mktemp("released"))
    source = remote.folder / "source"
    copy_sources(ROOT, source)
    write_script(source / ".ci" / "packages", "")  # would install packages of the system
    with (source / "pyproject.toml").open("a") as stream:
        stream.write(URLS)
    git(source, "init", "--quiet", "--initial-branch=main")
    commit(source, "Begin")
    with pytest.MonkeyPatch.context() as patch:
        set_names(patch)
        prepare(source, "9.9.9", TODAY)
    git(source, "tag", "v9.9.9", "HEAD~1")
    git(source, "push", "--quiet", str(remote.bare), "main", "--tags")
    return remote


def run(
    remote: Remote, folder: Path, event: str, ref: str
) -> tuple[dict[str, Runner], dict[str, str], list[str]]:
    """The machine and the result of each job, and what the stand-ins were asked for."""
    asked = folder / "asked.txt"
    asked.touch()
    artifacts: dict[str, dict[str, bytes]] = {}
    machines: dict[str, Runner] = {}
    results: dict[str, str] = {}
    for name in TopologicalSorter({name: _needs(job) for name, job in JOBS.items()}).static_order():
        if any(results[each] != "success" for each in _needs(JOBS[name])):
            results[name] = "skipped"
            continue
        machine = Runner(
            folder / name,
            remote,
            "",
            event=event,
            ref=ref,
            secrets={"GITHUB_TOKEN": "the token"},
            others=frozenset({"actions/setup-python", PUBLISH, ATTEST}),
            environment={
                "GITHUB_REF_NAME": ref.rpartition("/")[2],
                "GITHUB_REPOSITORY": "Example/Kalentops",
                "GITHUB_ACTOR": "ada",
                "GITHUB_SHA": "c" * 40,
            },
        )
        _stand_ins(machine, asked)
        wanted = [step["with"]["name"] for step in JOBS[name]["steps"] if "download" in step.get("uses", "")]
        machine.artifacts = {file: data for each in wanted for file, data in artifacts[each].items()}
        before = dict(machine.artifacts)
        results[name] = machine.run(json.dumps({"jobs": {name: JOBS[name]}}))
        kept = [step["with"]["name"] for step in JOBS[name]["steps"] if "upload" in step.get("uses", "")]
        new = {file: data for file, data in machine.artifacts.items() if file not in before}
        artifacts |= dict.fromkeys(kept, new)
        machines[name] = machine
    return machines, results, asked.read_text().splitlines()


def _needs(job: dict[str, Any]) -> list[str]:
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else needs


def _logs(machines: dict[str, Runner]) -> dict[str, str]:
    return {name: each.log for name, each in machines.items()}


def _stand_ins(machine: Runner, asked: Path) -> None:
    programs = machine.home / "programs"
    write_script(
        programs / "make",
        f'echo "make $*" >> "{asked}"\n'
        "[[ $1 == dist ]] || exit 0\n"
        f'"{sys.executable}" -c "{BUILD}" && touch dist/kalentops.tar.gz\n'
        f'mkdir -p .venv/release/bin && cp "{programs}/own-python" .venv/release/bin/python\n',
    )
    write_script(programs / "own-python", f'exec "{sys.executable}" "$@"\n')
    write_script(programs / "gh", f'echo "gh $*" >> "{asked}"\n')
    write_script(
        programs / "docker",
        f'echo "docker $*" >> "{asked}"\n'
        "[[ $1 != save ]] || touch image.tar\n"
        '[[ $1 != login || $(cat) == "the token" ]] || exit 1\n'
        f'[[ $1 != inspect ]] || echo "ghcr.io/example/kalentops@sha256:{"d" * 64}"\n',
    )
    machine.environment["PYTHONDONTWRITEBYTECODE"] = "1"


def test_a_run_by_hand_publishes_nothing(released: Remote, tmp_path: Path) -> None:
    machines, results, asked = run(released, tmp_path, "workflow_dispatch", "refs/heads/main")
    published = {"attest", "index", "registry", "github"}
    assert {name for name, result in results.items() if result == "skipped"} == published
    assert {results[name] for name in results.keys() - published} == {"success"}, _logs(machines)
    assert not [line for line in asked if line.startswith(("gh", "docker push", "docker login"))]


def test_a_tag_publishes_what_was_built(released: Remote, tmp_path: Path) -> None:
    machines, results, asked = run(released, tmp_path, "push", "refs/tags/v9.9.9")
    assert set(results.values()) == {"success"}, _logs(machines)
    wheel, _ = sorted(
        (machines["index"].workspace / "packages").iterdir(), key=lambda path: path.suffix, reverse=True
    )
    assert digest(wheel) in released.show(RELEASED, "v9.9.9")
    assert machines["index"].step("Publish").log == '{"packages-dir": "packages"}'
    assert machines["attest"].step("Attest").log == '{"subject-path": "dist/*"}'
    assert json.loads(machines["registry"].step("Attest").log) == {
        "subject-name": "ghcr.io/example/kalentops",
        "subject-digest": f"sha256:{'d' * 64}",
        "push-to-registry": "true",
    }
    made, shown = (line for line in asked if line.startswith("gh "))
    assert made.startswith(
        "gh release create v9.9.9 --draft --verify-tag --title 9.9.9 --notes-file notes.md dist/"
    )
    assert shown == "gh release edit v9.9.9 --draft=false"
    assert (machines["github"].workspace / "notes.md").read_text().rstrip().endswith("check-a-release.md`.")


def test_a_tag_that_is_no_release_builds_nothing(released: Remote, tmp_path: Path) -> None:
    git(released.folder / "source", "push", "--quiet", "--force", str(released.bare), "main:refs/tags/v1.0.0")
    machines, results, asked = run(released, tmp_path, "push", "refs/tags/v1.0.0")
    assert (results.pop("build"), set(results.values()), asked) == ("failure", {"skipped"}, [])
    assert "tag the commit that `make release` made" in machines["build"].log


def test_only_the_jobs_that_publish_may_write_or_sign() -> None:
    writes = {
        name: {each for each, level in job["permissions"].items() if level == "write"}
        for name, job in JOBS.items()
    }
    assert {name: each for name, each in writes.items() if each} == {
        "attest": {"attestations", "id-token"},
        "index": {"id-token"},
        "registry": {"attestations", "id-token", "packages"},
        "github": {"contents"},
    }
    assert all(JOBS[name]["if"] == "github.event_name == 'push'" for name, each in writes.items() if each)
    assert [name for name, job in JOBS.items() if "environment" in job] == ["index"]
    # An approval of the environment comes before all that users can get.
    assert (_needs(JOBS["registry"]), _needs(JOBS["github"])) == (["index"], ["registry"])
    assert "cache" not in json.dumps(JOBS)
