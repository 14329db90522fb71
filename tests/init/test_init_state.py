"""What `init` writes for a state in a ref, and for several environments."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from kalentops.init.contents import WORKFLOWS, Setup, workflows
from kalentops.project.config import load_config
from tests.harness import Project
from tests.init.test_init import ACTION, ALIKE, FILES, files_of, fresh  # noqa: F401 - a fixture
from tests.repositories import git

pytestmark = pytest.mark.processes

REF = "refs/kalentops/state"
ENVIRONMENTS = """\
environments:
  production: {state: git:refs/kalentops/production, confirm: true, branch: live}
  trial: {}
  acme: {blueprints: clients/acme, state: states/acme.json}
"""


def workflows_of(folder: Path) -> dict[str, str]:
    place = folder / ".github" / "workflows"
    return {path.stem.removeprefix("kalentops-"): path.read_text() for path in place.iterdir()}


def job_of(text: str) -> dict[str, Any]:
    (job,) = yaml.safe_load(text)["jobs"].values()
    return dict(job)


def test_with_a_ref_nothing_is_pushed_to_a_branch_and_nothing_merged(fresh: Project) -> None:  # noqa: F811
    ran = fresh.run("init", "--state", f"git:{REF}", "--action", ACTION)
    assert ran.code == 0, ran.err
    made = files_of(fresh.folder)
    assert made.keys() == FILES - {".gitattributes"}
    assert load_config(fresh.folder).state.text == f"git:{REF}"
    assert "kalentops-state" not in (fresh.folder / ".git" / "config").read_text(), "no merge driver"
    assert b"state.json" not in b"".join(made.values())
    apply = made[".github/workflows/kalentops-apply.yml"].decode()
    assert "state push" not in apply
    assert f"contents: write # to push {REF}" in apply
    assert [step.get("name") for step in job_of(apply)["steps"]] == [None, None, "Apply"]
    for kind in WORKFLOWS:
        (checkout, *_) = job_of(made[f".github/workflows/kalentops-{kind}.yml"].decode())["steps"]
        assert checkout["with"]["persist-credentials"] is True, (
            "a private repository shows its refs to a token"
        )
    assert "`kalentops state init`, once" in ran.out
    assert "merge.kalentops-state" not in ran.out
    assert "exception" not in ran.out


@pytest.mark.parametrize("again", [(), ("--state", f"git:{REF}")])
def test_a_second_run_keeps_the_ref(again: tuple[str, ...], fresh: Project) -> None:  # noqa: F811
    assert fresh.run("init", "--state", f"git:{REF}").code == 0
    before = files_of(fresh.folder)
    ran = fresh.run("init", *again)
    assert ran.code == 0, ran.err
    assert files_of(fresh.folder) == before
    assert "kept          kalentops.yaml" not in ran.out
    assert ran.out.count("  exists ") == len(FILES) - 3


def test_two_projects_of_one_repository_do_not_share_a_ref(fresh: Project) -> None:  # noqa: F811
    """One of them may be another tenant's."""
    assert fresh.run("init", "--state", f"git:{REF}", "paris").code == 0
    before = files_of(fresh.folder)
    ran = fresh.run("init", "--state", f"git:{REF}", "berlin")
    assert (ran.code, f"paris/kalentops.yaml keeps its state in {REF}, too" in ran.err) == (1, True), ran.err
    assert files_of(fresh.folder) == before
    assert fresh.run("init", "--state", "git:refs/kalentops/berlin", "berlin").code == 0
    assert fresh.run("init", "paris").code == 0


def test_another_file_for_the_state(fresh: Project) -> None:  # noqa: F811
    assert fresh.run("init", "--state", "states/team.json").code == 0
    assert load_config(fresh.folder).state.path == fresh.folder.resolve() / "states/team.json"
    assert "/states/team.json merge=kalentops-state" in (fresh.folder / ".gitattributes").read_text()


@pytest.mark.parametrize(
    ("location", "code", "said"),
    [
        (
            "postgresql://u:secret@db.example.com/outreach",
            1,
            "postgresql://db.example.com/outreach#kalentops",
        ),
        ("s3://bucket/state.json", 1, "KALENTOPS_STATE"),
        ("git:refs/heads/main", 8, "git:refs/kalentops/NAME"),
        ("gti:refs/kalentops/state", 8, "did you mean git:"),
        ("../state.json", 3, "leaves the project"),
    ],
)
def test_a_location_that_settings_can_not_hold(location: str, code: int, said: str, fresh: Project) -> None:  # noqa: F811
    ran = fresh.run("init", "--state", location)
    assert (ran.code, said in ran.err) == (code, True), ran.err
    assert "secret" not in ran.err
    assert files_of(fresh.folder) == {}


@pytest.mark.parametrize(
    ("settings", "said"),
    [("parallelism: 3\n", f"`kalentops state migrate git:{REF}`"), (ENVIRONMENTS, "each with its own state")],
)
def test_settings_that_are_there_are_not_contradicted(settings: str, said: str, fresh: Project) -> None:  # noqa: F811
    (fresh.folder / "kalentops.yaml").write_text(settings)
    ran = fresh.run("init", "--state", f"git:{REF}")
    assert (ran.code, said in ran.err) == (1, True), ran.err
    assert files_of(fresh.folder).keys() == {"kalentops.yaml"}


def test_after_a_move_to_a_ref_the_workflows_are_kept_and_the_new_ones_shown(fresh: Project) -> None:  # noqa: F811
    assert fresh.run("init").code == 0
    before = files_of(fresh.folder)
    (fresh.folder / "kalentops.yaml").write_text(f"state: git:{REF}\n")
    ran = fresh.run("init")
    name = ".github/workflows/kalentops-apply.yml"
    assert f"kept          {name}  it differs" in ran.out
    assert f"`kalentops init --show {name}`" in ran.out
    assert files_of(fresh.folder) == before | {"kalentops.yaml": f"state: git:{REF}\n".encode()}
    (fresh.folder / name).unlink()
    assert f"created       {name}" in fresh.run("init").out
    assert "state push" not in (fresh.folder / name).read_text()


def test_each_environment_has_workflows_that_know_nothing_of_the_others(fresh: Project) -> None:  # noqa: F811
    (fresh.folder / "kalentops.yaml").write_text(ENVIRONMENTS)
    ran = fresh.run("init", "--action", ACTION)
    assert ran.code == 0, ran.err
    made = workflows_of(fresh.folder)
    names = ("production", "trial", "acme")
    assert made.keys() == {f"{kind}-{name}" for kind in WORKFLOWS for name in names}
    groups = set()
    for stem, text in made.items():
        kind, _, name = stem.rpartition("-")
        job = job_of(text)
        assert job["env"] == {"KALENTOPS_ENVIRONMENT": name}
        assert [other for other in names if other != name and other.upper() in text.upper()] == []
        assert set(re.findall(r"secrets\.(\w+)", text)) == (
            set() if kind == "pull-request" else {f"KALENT_API_KEY_{name.upper()}"}
        )
        environment = {"apply": f"kalent-{name}", "drift": f"kalent-read-{name}"}.get(kind)
        assert job.get("environment") == environment
        groups.add(yaml.safe_load(text)["concurrency"]["group"])
    assert len(groups) == 9
    events = {name: yaml.safe_load(made[f"apply-{name}"])[True]["push"] for name in names}
    assert [events[name]["branches"] for name in names] == [["live"], ["main"], ["main"]]
    assert [events[name]["paths"][0] for name in names] == [
        "blueprints/**",
        "blueprints/**",
        "clients/acme/**",
    ]
    assert job_of(made["apply-production"])["if"] == "github.ref == 'refs/heads/live'"
    assert "exec kalentops apply --confirm production\n" in made["apply-production"]
    assert "exec kalentops apply --yes\n" in made["apply-trial"]
    assert [name for name in names if "state push" in made[f"apply-{name}"]] == ["trial", "acme"]
    secret = "KALENT_API_KEY_PRODUCTION"
    assert f"kalent-production  ({secret}; branch rule: live only; required reviewers" in ran.out
    assert f"kalent-read-production  ({secret}; branch rule: main only" in ran.out, (
        "GitHub's schedules run there"
    )
    assert "`kalentops import --all -e production`" in ran.out
    example = (fresh.folder / "blueprints" / "example.yaml").read_text()
    assert "sourcingId: {production: sourcing_REPLACE_ME}" in example
    assert "`kalentops state init -e production`" in ran.out
    owned = set(re.findall(r"^ +(/\S+) @YOUR-ORGANISATION/", ran.out, re.MULTILINE))
    states = {"trial.state.json", "states/acme.json"}
    assert owned == {
        *("/blueprints/", "/clients/acme/", "/kalentops.yaml", "/.github/"),
        *(f"/{state}{ending}" for state in states for ending in ("", ".journal")),
    }


def test_the_files_of_the_project_are_for_all_environments(fresh: Project) -> None:  # noqa: F811
    (fresh.folder / "kalentops.yaml").write_text(ENVIRONMENTS)
    assert fresh.run("init", "--no-github", "--action", ACTION).code == 0
    drivers = git(fresh.folder, "check-attr", "merge", "--", "trial.state.json", "states/acme.json")
    assert drivers.count("kalentops-state") == 2
    ends = git(fresh.folder, "check-attr", "eol", "--", "blueprints/a.yaml", "clients/acme/b.yml")
    assert ends.count(": lf") == 2
    temporary = ["clients/acme/.x.yaml.1.tmp", "blueprints/.x.yaml.1.tmp", "states/acme.json.lock"]
    assert git(fresh.folder, "check-ignore", "--", *temporary).splitlines() == temporary
    (hooks,) = yaml.safe_load((fresh.folder / ".pre-commit-config.yaml").read_text())["repos"]
    for hook in hooks["hooks"]:
        pattern = re.compile(hook["files"])
        assert all(map(pattern.search, ("blueprints/a.yaml", "clients/acme/deep/b.yml")))
        assert not any(map(pattern.search, ("clients/other/a.yaml", "x/blueprints/a.yaml")))


def test_workflows_from_before_there_were_environments_are_named(fresh: Project) -> None:  # noqa: F811
    assert fresh.run("init").code == 0
    (fresh.folder / "kalentops.yaml").write_text(ENVIRONMENTS)
    ran = fresh.run("init")
    for kind in WORKFLOWS:
        assert f"  - delete .github/workflows/kalentops-{kind}.yml: it names no environment" in ran.out
        (fresh.folder / f".github/workflows/kalentops-{kind}.yml").unlink()
    assert "  - delete" not in fresh.run("init").out


def test_a_new_environment_adds_its_workflows_alone(fresh: Project) -> None:  # noqa: F811
    path = fresh.folder / "kalentops.yaml"
    path.write_text(ENVIRONMENTS)
    assert fresh.run("init").code == 0
    before = workflows_of(fresh.folder)
    path.write_text(f"{ENVIRONMENTS}  other: {{blueprints: clients/other}}\n")
    ran = fresh.run("init")
    assert ran.code == 0
    after = workflows_of(fresh.folder)
    assert after.keys() - before.keys() == {f"{kind}-other" for kind in WORKFLOWS}
    assert before.items() <= after.items()
    assert "added to      .gitattributes" in ran.out


def test_no_environment_shares_a_name_with_a_folder_or_with_one_of_another_folder() -> None:
    """Folders beside a project at the root that has environments of their names share files with it, which `init`
    reports; GitHub's environments are never the same.
    """
    setups = [Setup(below=below) for below in ALIKE]
    setups += [Setup(below=below, environment=name) for below in ALIKE for name in ("a", "b", "production")]
    places = [name.lower() for each in setups for name in (each.github_environment, each.github_reading)]
    assert len(set(places)) == len(places)
    below = [each for each in setups if each.below]
    for kind in ("suffix", "secret"):
        assert len({getattr(each, kind).lower() for each in below}) == len(below), kind
    files = [file.name.lower() for each in below for file in workflows(each)]
    assert len(set(files)) == len(files)


def test_what_init_writes_is_valid_at_once_although_a_folder_has_no_position(fresh: Project) -> None:  # noqa: F811
    (fresh.folder / "kalentops.yaml").write_text(ENVIRONMENTS)
    assert fresh.run("init", "--no-example").code == 0
    assert fresh.run("validate").code == 0
    assert (fresh.folder / "clients/acme/.gitkeep").read_bytes() == b""
    assert fresh.run("plan", "-e", "acme").out.endswith("No changes.\n")
    assert (fresh.folder / "states/.gitkeep").read_bytes() == b""
    assert ".gitkeep" not in fresh.run("init", "--no-example").out
