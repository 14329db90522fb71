"""docs/how-to/gitlab-and-other-ci.md: its files are valid, and its scripts do what the page says, by real bash."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.harness import KEY, Project
from tests.repositories import Remote, commit, git
from tests.site.blocks import texts_of
from tests.workflows.jobs import GH006, state_on
from tests.workflows.runner import ROOT, write_script

pytestmark = pytest.mark.processes

REF = "refs/kalentops/state"
TOKEN = "push-token"
PUSH_URL = f"https://token:{TOKEN}@gitlab.example.com/example/outreach.git"
MERGE_REQUEST = {
    "CI_PIPELINE_SOURCE": "merge_request_event",
    "CI_MERGE_REQUEST_PROJECT_ID": "1",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1",
}
PUSHED = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"}
SCHEDULED = {"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BRANCH": "main"}


def block(language: str, beginning: str) -> str:
    text = (ROOT / "docs/how-to/gitlab-and-other-ci.md").read_text(encoding="utf-8")
    (found,) = (each for each in texts_of(text, language) if each.startswith(beginning))
    return found


def pipeline(*, in_file: bool = False) -> dict[str, Any]:
    """The page's file; with the changes for a state in a file."""
    data: dict[str, Any] = yaml.safe_load(block("yaml", "# .gitlab-ci.yml\n"))
    if in_file:
        data["apply"] |= yaml.safe_load(block("yaml", "# .gitlab-ci.yml: apply\n"))
    return data


def jobs_of(data: dict[str, Any], variables: dict[str, str]) -> list[str]:
    """The jobs of a pipeline with these variables; paths in `changes` count as changed."""
    if not _matches(data["workflow"]["rules"], variables):
        return []
    jobs = {name: job for name, job in data.items() if isinstance(job, dict) and "script" in job}
    return [name for name, job in jobs.items() if _matches(job["rules"], variables)]


def _matches(rules: list[dict[str, Any]], variables: dict[str, str]) -> bool:
    known = {"CI_DEFAULT_BRANCH": "main", **variables}
    return any(all(_holds(each, known) for each in rule["if"].split(" && ")) for rule in rules)


def _holds(condition: str, known: dict[str, str]) -> bool:
    one, sign, other = condition.split(" ")
    left, right = (known.get(each[1:], "") if each[0] == "$" else each.strip('"') for each in (one, other))
    return (left == right) is {"==": True, "!=": False}[sign]


@dataclass
class Machine:
    """One for a job: its home, and what it answers for Python and pip. `log` is what the job shows."""

    home: Path
    remote: Remote
    url: str
    variables: dict[str, str] = field(default_factory=dict)
    log: str = ""

    def __post_init__(self) -> None:
        programs = self.home / "programs"
        programs.mkdir(parents=True)
        kalentops = f'exec {shlex.quote(sys.executable)} -I -m kalentops "$@"'
        pip = f'printf "%s\\n" "$*" >> {shlex.quote(str(self.home / "pip.log"))}'
        for name, text in (("kalentops.venv", kalentops), ("pip.venv", pip)):
            write_script(programs / name, f"{text}\n")
        write_script(
            programs / "python3",
            f'[[ "$1 $2" == "-m venv" ]] || exit 9\nmkdir -p "$3/bin"\n'
            f'for each in kalentops pip; do cp "{programs}/$each.venv" "$3/bin/$each"; done\n',
        )
        source = self.home / "kalentops"
        git(self.home, "init", "--quiet", str(source))
        (source / "README").write_text("kalentops")
        commit(source, "Begin")
        self.variables |= {
            "KALENTOPS_REPOSITORY": str(source),
            "KALENTOPS_COMMIT": git(source, "rev-parse", "HEAD"),
        }
        config = f'[url "file://{self.remote.bare}"]\n\tinsteadOf = {PUSH_URL}\n'
        (self.home / "gitconfig").write_text(config)

    @property
    def folder(self) -> Path:
        return self.home / "work"

    def check_out(self, ref: str) -> None:
        """As GitLab's runner does: no branch, and no branch of the remote."""
        git(self.home, "init", "--quiet", str(self.folder))
        git(self.folder, "remote", "add", "origin", f"file://{self.remote.bare}")
        git(self.folder, "fetch", "--quiet", "origin", ref)
        git(self.folder, "checkout", "--quiet", "--detach", "FETCH_HEAD")

    def bash(self, *lines: str, **more: str) -> int:
        environment = {
            "HOME": str(self.home),
            "PATH": os.pathsep.join([str(self.home / "programs"), os.environ["PATH"]]),
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(self.home),
            "LANG": "C.UTF-8",
            "CI": "true",
            "GIT_CONFIG_GLOBAL": str(self.home / "gitconfig"),
            "GIT_CONFIG_SYSTEM": os.devnull,
            "KALENT_API_URL": self.url,
            "KALENTOPS_SETTLE": "0.4",
            **self.variables,
            **more,
        }
        done = subprocess.run(
            ["bash", "-c", "\n".join(["set -eo pipefail", *lines])],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.log = done.stdout
        return done.returncode

    def run(self, data: dict[str, Any], name: str, **variables: str) -> int:
        """A job of GitLab. `before_script` and `script` are one shell; an environment brings its key."""
        job = data[data[name]["extends"]] | data[name]
        secrets = {"KALENT_API_KEY": KEY, "KALENTOPS_PUSH_TOKEN": TOKEN} if "environment" in job else {}
        given = {"CI_DEFAULT_BRANCH": "main", "CI_PROJECT_DIR": str(self.folder), **secrets, **variables}
        return self.bash(*job["before_script"], *job["script"], **given)


@pytest.fixture(params=[f"git:{REF}", "kalentops.state.json"], ids=["ref", "file"])
def location(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def remote(location: str, tmp_path: Path) -> Remote:
    """A repository as the page sets it up, with one blueprint."""
    made = Remote.make(tmp_path / "git")
    first = made.clone("first")
    project = Project(first, "")
    assert project.run("init", "--no-github", "--no-example", "--state", location).code == 0
    project.write("sourcing_a", {"one": blueprint("One")})
    commit(first, "Begin")
    git(first, "push", "--quiet", "origin", "main")
    if location.startswith("git:"):
        assert project.run("state", "init").code == 0
    return made


@pytest.fixture
def machine(tmp_path: Path, remote: Remote, emulator: BackgroundEmulator) -> Machine:
    made = Machine(tmp_path / "machine", remote, emulator.url)
    made.variables |= {
        "CI_SERVER_PROTOCOL": "https",
        "CI_SERVER_HOST": "gitlab.example.com",
        "CI_PROJECT_PATH": "example/outreach",
    }
    return made


def change(remote: Remote) -> str:
    """A branch with another text; the commit that it left the main branch at."""
    clone = remote.clone("change")
    Project(clone, "").write("sourcing_a", {"one": blueprint("One, renamed")})
    commit(clone, "Rename it")
    git(clone, "push", "--quiet", "origin", "HEAD:change")
    return git(clone, "rev-parse", "HEAD~1")


def recorded(remote: Remote, location: str) -> list[str]:
    if not location.startswith("git:"):
        return list(state_on(remote))
    state = yaml.safe_load(git(remote.bare, "show", f"{REF}:kalentops.state.json"))
    return list(state["blueprints"])


@pytest.mark.parametrize("in_file", [False, True])
def test_gitlab_accepts_the_file(in_file: bool, tmp_path: Path) -> None:  # noqa: FBT001
    path = tmp_path / ".gitlab-ci.yml"
    path.write_text(yaml.safe_dump(pipeline(in_file=in_file)))
    command = ["-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(path)]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_pipeline_has_its_jobs_and_only_those_of_the_main_branch_have_the_key() -> None:
    data = pipeline()
    assert jobs_of(data, MERGE_REQUEST) == ["validate", "plan"]
    assert jobs_of(data, MERGE_REQUEST | {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2"}) == ["validate"]
    assert jobs_of(data, PUSHED) == ["apply"]
    assert jobs_of(data, SCHEDULED) == ["drift"]
    assert jobs_of(data, PUSHED | {"CI_COMMIT_BRANCH": "change"}) == []
    assert [name for name, job in data.items() if "environment" in job] == ["apply", "drift"]


@pytest.mark.parametrize("location", [f"git:{REF}"], indirect=True)
def test_the_package_is_the_commit_that_is_named_and_its_pins_have_hashes(machine: Machine) -> None:
    machine.check_out("main")
    assert machine.run(pipeline(), "validate") == 0, machine.log
    pins, package = (machine.home / "pip.log").read_text().splitlines()
    locked = "".join((ROOT / name).read_text() for name in re.findall(r"/source/(\S+)", pins))
    assert all(f"\n{name}==" in locked for name in ("click", "hatchling")), pins
    assert {"--require-hashes", "--no-deps"} <= {*pins.split()}
    assert {"--no-build-isolation", "--no-deps"} <= {*package.split()}
    assert machine.run(pipeline(), "validate", KALENTOPS_COMMIT="0" * 40) != 0


@pytest.mark.parametrize("location", [f"git:{REF}"], indirect=True)
def test_a_merge_request_shows_the_plan_and_needs_no_key(machine: Machine, remote: Remote) -> None:
    base = change(remote)
    machine.check_out("change")
    data = pipeline()
    given = {**MERGE_REQUEST, "CI_MERGE_REQUEST_DIFF_BASE_SHA": base}
    assert machine.run(data, "validate", **given) == 0, machine.log
    assert machine.run(data, "plan", **given) == 0, machine.log
    assert "Plan: 1 to create." in machine.log
    assert KEY not in machine.log
    kept = [*data["plan"]["artifacts"]["paths"], *data["plan"]["artifacts"]["reports"].values()]
    assert all((machine.folder / name).is_file() for name in kept)
    assert "One, renamed" in (machine.folder / "kalentops-preview.html").read_text()


@pytest.mark.parametrize("location", [f"git:{REF}"], indirect=True)
def test_a_merge_request_with_an_error_fails_and_names_it_in_log_and_report(
    machine: Machine, remote: Remote
) -> None:
    change(remote)
    machine.check_out("change")
    path = next((machine.folder / "blueprints").iterdir())
    path.write_text(path.read_text().replace("{{firstname}}", "{{first_name}}"))
    assert machine.run(pipeline(), "validate", **MERGE_REQUEST) == 3
    assert "KAL101" in machine.log
    report = ET.parse(machine.folder / "validate.xml").getroot()
    assert int(report.get("failures", 0)) > 0


def test_a_merge_is_applied_and_recorded(
    machine: Machine, remote: Remote, location: str, emulator: BackgroundEmulator
) -> None:
    data = pipeline(in_file=not location.startswith("git:"))
    machine.check_out("main")
    change(remote)
    git(remote.folder / "change", "push", "--quiet", "origin", "HEAD:main")  # a later merge, applied as well
    assert machine.run(data, "apply", **PUSHED) == 0, machine.log
    (made,) = emulator.store.blueprints("sourcing_a")
    assert made.name == "One, renamed"
    assert recorded(remote, location) == ["sourcing_a/one"]
    assert KEY not in machine.log
    assert TOKEN not in machine.log
    assert machine.run(data, "drift", **SCHEDULED) == 0, machine.log


@pytest.mark.parametrize("location", ["kalentops.state.json"], indirect=True)
def test_a_branch_that_refuses_the_state_stops_the_job_before_it_creates(
    machine: Machine, remote: Remote, emulator: BackgroundEmulator
) -> None:
    machine.check_out("main")
    remote.hook("pre-receive", GH006)
    assert machine.run(pipeline(in_file=True), "apply", **PUSHED) == 8, machine.log
    assert emulator.store.blueprints("sourcing_a") == []


@pytest.mark.parametrize("location", ["kalentops.state.json"], indirect=True)
def test_an_apply_that_fails_in_part_records_the_rest(machine: Machine, remote: Remote) -> None:
    clone = remote.clone("more")
    Project(clone, "").write("sourcing_nowhere", {"two": blueprint("Two")})
    commit(clone, "A sourcing that does not exist")
    git(clone, "push", "--quiet", "origin", "main")
    machine.check_out("main")
    assert machine.run(pipeline(in_file=True), "apply", **PUSHED) == 9, machine.log
    assert state_on(remote).keys() == {"sourcing_a/one"}


@pytest.mark.parametrize("location", [f"git:{REF}"], indirect=True)
def test_the_script_for_any_other_system(
    machine: Machine, remote: Remote, location: str, emulator: BackgroundEmulator
) -> None:
    script = machine.home / "kalentops.sh"
    script.write_text(block("bash", "#!/usr/bin/env bash\n"))
    base = change(remote)
    machine.check_out("change")
    assert machine.bash(f"bash {script} review {base}") == 0, machine.log
    assert "Plan: 1 to create." in machine.log
    assert (machine.folder / "validate.xml").is_file()
    assert (machine.folder / "kalentops-preview.html").is_file()
    assert machine.bash(f"bash {script} apply") == 4, "without a key"
    assert machine.bash(f"bash {script} apply", KALENT_API_KEY=KEY) == 0, machine.log
    (made,) = emulator.store.blueprints("sourcing_a")
    assert made.name == "One", "the main branch"
    assert recorded(remote, location) == ["sourcing_a/one"]
