"""Environments: nothing of one tenant reaches another. One address, with a tenant for each key behind it."""

from __future__ import annotations

import io
import itertools
import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from kalentops.cli.commands.pipeline import check_branch
from kalentops.emulator.server import BackgroundEmulator
from kalentops.errors import GuardRefused
from kalentops.git import worktree
from kalentops.project.config import load_config
from tests.builders import blueprint
from tests.faults.proxy import Behaviour, FaultProxy, Request
from tests.harness import Project, Ran
from tests.repositories import Remote, commit, git
from tests.strategies import to_yaml

KEYS = {"production": "key-of-production-0123456789", "trial": "key-of-trial-0123456789"}
PAIRS = [("production", "trial"), ("trial", "production")]
SETTINGS = """
environments:
  production: {blueprints: production, state: states/production.json}
  trial: {blueprints: trial}
"""
STATES = {"production": "states/production.json", "trial": "trial.state.json"}


class Tenants:
    """A project with two environments; `requests` are those to both tenants."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.stores = {}
        backs = {}
        for name, key in KEYS.items():
            sourcings = [(f"sourcing_{name}", name), (f"other_{name}", name)]
            emulator = stack.enter_context(BackgroundEmulator(api_key=key, sourcings=sourcings))
            self.stores[name] = emulator.store
            backs[key] = stack.enter_context(FaultProxy(emulator.url))
            self.url = emulator.url

        def script(request: Request) -> Behaviour:
            back = backs.get(request.headers.get("x-api-key", ""))
            return lambda exchange: exchange.send((back or exchange.proxy).forward(request))

        self.front = stack.enter_context(FaultProxy(self.url, script))
        self.project = Project(folder, self.front.url)
        self.project.environment = {"KALENT_API_KEY": "", **keys()}
        (folder / "kalentops.yaml").write_text(SETTINGS)
        (folder / "states").mkdir()
        for name in KEYS:
            self.declare(name, f"sourcing_{name}", "One")

    @property
    def folder(self) -> Path:
        return self.project.folder

    @property
    def writes(self) -> list[Request]:
        return [each for each in self.front.requests if each.method != "GET"]

    def declare(self, name: str, sourcing: str, *names: str) -> None:
        path = self.folder / name / f"{sourcing}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(to_yaml(sourcing, {each.lower(): blueprint(each) for each in names}))

    def run(self, *args: str, **variables: str) -> Ran:
        before = dict(self.project.environment)
        self.project.environment |= variables
        try:
            return self.project.run(*args)
        finally:
            self.project.environment = before

    def refused(self, code: int, *args: str, **variables: str) -> str:
        """What is said of a command that writes nothing, neither there nor here."""
        sent, files = len(self.writes), self.files()
        ran = self.run(*args, **variables)
        assert (ran.code, len(self.writes) - sent) == (code, 0), ran
        assert self.files() == files
        assert not any(key in ran.out + ran.err for key in KEYS.values())
        return ran.err

    def files(self) -> dict[str, bytes]:
        paths = [
            each for each in self.folder.rglob("*") if each.is_file() and not each.name.endswith(".lock")
        ]
        return {str(each): each.read_bytes() for each in paths}


def keys(**others: str) -> dict[str, str]:
    return {f"KALENT_API_KEY_{name.upper()}": key for name, key in {**KEYS, **others}.items()}


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Tenants]:
    with ExitStack() as stack:
        yield Tenants(tmp_path, stack)


@pytest.fixture
def tenants(fresh: Tenants) -> Tenants:
    """Both were applied; each has something to create, and a saved plan of it."""
    for name in KEYS:
        assert fresh.run("apply", "--yes", "-e", name).code == 0
        fresh.declare(name, f"sourcing_{name}", "One", "Two")
        assert fresh.run("plan", "-e", name, "--out", f"{name}.plan").code == 0
    return fresh


@pytest.mark.parametrize(("mine", "other"), PAIRS)
def test_no_combination_with_something_of_another_environment_writes(
    mine: str, other: str, tenants: Tenants
) -> None:
    """State, key and saved plan, each of this or of the other environment, in all combinations."""
    combinations = itertools.product((mine, other), repeat=3)
    for state, key, plan in combinations:
        if (state, key, plan) == (mine, mine, mine):
            continue
        args = ("apply", "--yes", "-e", mine, "--state", STATES[state], f"{plan}.plan")
        # The variable of the other environment is missing: equal keys would be refused before all else.
        variables = {**dict.fromkeys(keys(), ""), f"KALENT_API_KEY_{mine.upper()}": KEYS[key]}
        said = tenants.refused(7 if (state, plan) == (mine, other) else 8, *args, **variables)
        if (state, plan) != (mine, mine):
            assert mine in said
            assert other in said
        else:
            assert f"use the key of the environment {mine}, whose state this is" in said
    done = tenants.run("apply", "--yes", "-e", mine, f"{mine}.plan")
    assert (done.code, done.out.splitlines()[0]) == (0, f"environment: {mine}")


@pytest.mark.parametrize(("mine", "other"), PAIRS)
def test_the_state_of_another_environment_is_refused_however_it_is_named(
    mine: str, other: str, tenants: Tenants
) -> None:
    said = f"is the state of the environment {other}, not of {mine}"
    for command in (("plan",), ("apply", "--yes"), ("state", "list"), ("import", "--update")):
        assert said in tenants.refused(8, *command, "-e", mine, "--state", STATES[other])
    variable = f"KALENTOPS_STATE_{mine.upper()}"
    assert said in tenants.refused(8, "apply", "--yes", "-e", mine, **{variable: STATES[other]})
    plain = {"KALENTOPS_ENVIRONMENT": mine, "KALENTOPS_STATE": STATES[other]}
    assert said in tenants.refused(8, "apply", "--yes", **plain)
    shutil.copy(tenants.folder / STATES[other], tenants.folder / "copy.json")
    found = tenants.refused(8, "apply", "--yes", "-e", mine, "--state", "copy.json")
    assert mine in found
    assert other in found


@pytest.mark.parametrize(("mine", "other"), PAIRS)
def test_the_file_of_another_environment_is_refused(mine: str, other: str, tenants: Tenants) -> None:
    tenants.declare(mine, f"sourcing_{other}", "One")
    said = tenants.refused(3, "apply", "--yes", "-e", mine)
    assert f"{mine}/sourcing_{other}.yaml:" in said
    assert f"is in {mine} here, and in {other} in" in said or f"is in {other} here, and in {mine} in" in said


@pytest.mark.parametrize(("mine", "other"), PAIRS)
def test_equal_keys_are_refused_before_any_request(mine: str, other: str, tenants: Tenants) -> None:
    said = "the environments production and trial have the same key"
    sent = len(tenants.front.requests)
    both = keys(**{mine: KEYS[other]})
    for command in (("apply", "--yes"), ("plan", "--refresh"), ("sourcings",), ("validate", "--online")):
        assert said in tenants.refused(3, *command, "-e", mine, **both)
    (tenants.folder.parent / "key").write_text(f"{KEYS[other]}\n")
    place = str(tenants.folder.parent / "key")
    by_file = {f"KALENT_API_KEY_{mine.upper()}": "", f"KALENT_API_KEY_{mine.upper()}_FILE": place}
    assert said in tenants.refused(3, "apply", "--yes", "-e", mine, **by_file)
    assert len(tenants.front.requests) == sent


@pytest.mark.parametrize(("mine", "other"), PAIRS)
def test_before_the_first_write_the_key_must_show_each_sourcing(
    mine: str, other: str, fresh: Tenants
) -> None:
    """A new state knows nothing that could show whose the key is."""
    only = {**dict.fromkeys(keys(), ""), f"KALENT_API_KEY_{mine.upper()}": KEYS[other]}
    said = fresh.refused(8, "apply", "--yes", "-e", mine, **only)
    assert f"the state of the environment {mine} is new, and its key does not show sourcing_{mine}" in said
    planned = fresh.run("plan", "--refresh", "-e", mine, **only)
    assert f"apply would stop: the state of the environment {mine} is new" in planned.err
    fresh.declare(mine, f"other_{other}", "Strange")  # one of several
    assert f"does not show other_{other} (" in fresh.refused(8, "apply", "--yes", "-e", mine)
    (fresh.folder / mine / f"other_{other}.yaml").unlink()
    assert fresh.run("apply", "--yes", "-e", mine).code == 0
    fresh.declare(mine, f"other_{other}", "Strange")  # from then on it concerns that sourcing alone
    fresh.declare(mine, f"other_{mine}", "New")
    assert fresh.run("apply", "--yes", "-e", mine).code == 9
    assert len(fresh.stores[mine].blueprints(f"other_{mine}")) == 1


def test_an_environment_is_named_by_option_or_variable(tenants: Tenants) -> None:
    said = tenants.refused(1, "plan")
    assert "error: kalentops.yaml has several environments: production, trial\n" in said
    assert "hint: name one of them: -e NAME\n" in said
    assert "did you mean trial?" in tenants.refused(1, "apply", "--yes", "-e", "trail")
    assert "there is no environment trail" in tenants.refused(1, "plan", KALENTOPS_ENVIRONMENT="trail")
    by_variable = tenants.run("plan", KALENTOPS_ENVIRONMENT="trial")
    assert by_variable.out.startswith("environment: trial\n")
    by_option = tenants.run("plan", "-e", "production", KALENTOPS_ENVIRONMENT="trial")
    assert by_option.out.startswith("environment: production\n")


def test_plain_variables_count_where_the_variable_names_the_environment(tenants: Tenants) -> None:
    plain = {**dict.fromkeys(keys(), ""), "KALENT_API_KEY": KEYS["trial"]}
    said = tenants.refused(4, "apply", "--yes", "-e", "trial", **plain)
    assert "error: KALENT_API_KEY_TRIAL is not set\n" in said
    assert "KALENT_API_KEY counts only where KALENTOPS_ENVIRONMENT is trial" in said
    other = {**plain, "KALENTOPS_ENVIRONMENT": "production"}
    assert "KALENT_API_KEY_TRIAL is not set" in tenants.refused(4, "apply", "--yes", "-e", "trial", **other)
    assert tenants.run("apply", "--yes", **plain, KALENTOPS_ENVIRONMENT="trial").code == 0
    named = tenants.run("state", "list", "-e", "trial", "--format", "json", KALENTOPS_STATE="none.json")
    assert (named.json["environment"], len(named.json["blueprints"])) == ("trial", 2)
    assert "KALENTOPS_STATE is not used" in named.err
    moved = tenants.run("plan", KALENTOPS_ENVIRONMENT="trial", KALENTOPS_STATE="none.json")
    assert "2 to create" in moved.out
    away = tenants.run("state", "migrate", "there.json", "-e", "trial", KALENTOPS_STATE="none.json")
    assert (away.code, away.err.count("KALENTOPS_STATE is not used")) == (0, 1), away.err


def test_results_name_the_environment(tenants: Tenants) -> None:
    assert tenants.run("plan", "-e", "trial", "--format", "json").json["environment"] == "trial"
    for command in (("plan",), ("show", "trial.plan"), ("validate", "-e", "trial")):
        args = (*command, "-e", "trial") if command == ("plan",) else command
        assert tenants.run(*args).out.startswith("environment: trial\n")
        assert tenants.run(*args, "--format", "markdown").out.startswith("environment: trial\n\n")
        assert "kalentops/trial/" in tenants.run(*args, "--format", "sarif").out
        assert 'name="kalentops, environment: trial"' in tenants.run(*args, "--format", "junit").out
    assert tenants.run("validate", "-e", "trial", "--format", "json").json["environment"] == "trial"
    summary = tenants.folder / "summary.md"
    done = tenants.run(
        *("apply", "--yes", "-e", "trial", "--format", "json"),
        GITHUB_ACTIONS="true",
        GITHUB_STEP_SUMMARY=str(summary),
    )
    assert (done.json["environment"], done.err.splitlines()[0]) == ("trial", "environment: trial")
    assert "### kalentops apply\n\nenvironment: trial\n\n" in summary.read_text()


def test_commands_that_are_shown_can_be_typed_as_they_are(tenants: Tenants) -> None:
    (made,) = tenants.stores["production"].blueprints("sourcing_production")
    tenants.stores["production"].update(made.blueprint_id, name="Edited")
    keep = "kalentops import sourcing_production --update -e production"
    undo = "kalentops apply --overwrite {0} --target {0} -e production".format("sourcing_production/one")
    for form in ("text", "markdown"):
        said = tenants.run("plan", "--refresh", "--format", form, "-e", "production").out
        assert keep in said
        assert undo in said
    assert tenants.run(*shlex.split(keep)[1:]).code == 0
    path = tenants.folder / "production" / "sourcing_production.yaml"
    path.write_text(path.read_text().replace("Edited", "One"))
    tenants.stores["production"].update(made.blueprint_id, name="Edited again")
    assert undo in tenants.run("apply", "--yes", "-e", "production").out
    for form in ("text", "json"):
        assert f"`{undo}`" in tenants.run("import", "--update", "--format", form, "-e", "production").out
    unknown = ("state", "rm", "--yes", "elsewhere/other-blueprint", "-e", "production")
    assert "`kalentops state list -e production` lists" in tenants.refused(1, *unknown)
    everywhere = tenants.run("plan", "--all-environments", "--overwrite", "elsewhere/other-blueprint").err
    assert "`kalentops state list -e production` lists" in everywhere
    assert "`kalentops state list -e trial` lists" in everywhere
    lost = tenants.run("plan", "-e", "trial", KALENTOPS_STATE_TRIAL="none.json").err
    assert "`kalentops plan --refresh -e trial` shows" in lost
    assert tenants.run(*shlex.split(undo)[1:], "--yes").code == 0


def test_the_plans_of_all_environments(tenants: Tenants) -> None:
    ran = tenants.run("plan", "--all-environments", "--detailed-exitcode", KALENTOPS_ENVIRONMENT="trial")
    first, _, second = ran.out.partition("\n\nenvironment: trial\n")
    assert (ran.code, first.splitlines()[0]) == (2, "environment: production")
    assert "sourcing_production" in first
    assert "sourcing_trial" in second
    plans = tenants.run("plan", "--all-environments", "--format", "json").json["environments"]
    assert {name: (each["environment"], each["summary"]["create"]) for name, each in plans.items()} == {
        "production": ("production", 1),
        "trial": ("trial", 1),
    }
    sarif = tenants.run("plan", "--all-environments", "--format", "sarif").json
    assert [each["automationDetails"]["id"] for each in sarif["runs"]] == [
        "kalentops/production/",
        "kalentops/trial/",
    ]
    suites = ET.fromstring(tenants.run("plan", "--all-environments", "--format", "junit").out)
    assert [each.get("name") for each in suites] == [
        "production: validate",
        "production: plan",
        "trial: validate",
        "trial: plan",
    ]
    markdown = tenants.run("plan", "--all-environments", "--format", "markdown").out
    assert markdown.count("environment: ") == 2


def test_one_that_fails_leaves_the_others_their_plans(tenants: Tenants) -> None:
    (tenants.folder / "trial" / "bad.yaml").write_text("sourcingId: [\n")
    (tenants.folder / "states/production.json").write_text("{")
    ran = tenants.run("plan", "--all-environments", "--format", "json")
    assert (ran.code, ran.json["environments"]) == (8, {"production": None, "trial": None})
    assert "error: production: " in ran.err
    assert "error: trial: the blueprints are not valid" in ran.err
    (tenants.folder / "trial" / "bad.yaml").unlink()
    ran = tenants.run("plan", "--all-environments", "--format", "json", "--detailed-exitcode")
    assert (ran.code, ran.json["environments"]["trial"]["environment"]) == (8, "trial")


@pytest.mark.parametrize("args", [("-e", "trial"), ("--state", "x.json"), ("--out", "x.plan")])
def test_what_is_for_one_environment_is_not_for_all(args: tuple[str, str], tenants: Tenants) -> None:
    said = tenants.refused(1, "plan", "--all-environments", *args)
    assert f"error: {args[0]} is for one environment" in said


def test_a_project_without_environments_has_no_all(project: Project) -> None:
    ran = project.run("plan", "--all-environments")
    assert (ran.code, "kalentops.yaml has no environments" in ran.err) == (1, True)


def test_a_saved_plan_that_names_no_environment_is_damaged(tenants: Tenants) -> None:
    path = tenants.folder / "trial.plan"
    path.write_text(path.read_text().replace('"environment": "trial"', '"environment": "::error::"'))
    assert "the saved plan is damaged" in tenants.refused(7, "apply", "--yes", "-e", "trial", "trial.plan")
    assert "the saved plan is damaged" in tenants.refused(7, "show", "trial.plan")


def test_one_environment_alone_need_not_be_named_and_has_its_own_key(tenants: Tenants) -> None:
    (tenants.folder / "kalentops.yaml").write_text("environments: {trial: {blueprints: trial}}")
    assert tenants.run("plan").out.startswith("environment: trial\n")
    assert tenants.run("apply", "--yes").code == 0
    (tenants.folder / "kalentops.yaml").write_text("blueprints: trial\nstate: trial.state.json\n")
    said = tenants.refused(8, "plan")
    assert "belongs to the environment trial, and kalentops.yaml has no environments" in said
    assert "there is no environment trial: kalentops.yaml" in tenants.refused(1, "plan", "-e", "trial")
    assert "no environments" in tenants.refused(7, "apply", "--yes", "trial.plan", "--state", "none.json")


def test_git_gets_no_key_of_any_environment(tenants: Tenants, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, key in tenants.project.environment.items():
        monkeypatch.setenv(name, key)
    assert not set(KEYS.values()) & set(worktree._environment().values())
    assert set(KEYS.values()) <= set(os.environ.values())


def test_a_new_state_with_another_key_is_no_question(fresh: Tenants, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kalentops.cli.commands.options.can_ask", lambda: True)
    fresh.declare("trial", "other_production", "Strange")
    said = fresh.refused(8, "apply", "-e", "trial")
    assert "its key does not show other_production (" in said
    assert "Apply this plan" not in said


@pytest.fixture
def confirming(tenants: Tenants) -> Tenants:
    (tenants.folder / "kalentops.yaml").write_text(SETTINGS.replace("json}", "json, confirm: true}"))
    return tenants


def test_without_a_terminal_yes_alone_confirms_nothing(confirming: Tenants) -> None:
    for args in ((), ("--yes",)):
        said = confirming.refused(1, "apply", "-e", "production", *args)
        assert "hint: pass --confirm production\n" in said
        assert ("--yes is not enough for production" in said) == bool(args)
    said = confirming.refused(1, "apply", "--yes", "-e", "production", "--confirm", "trial")
    assert "--confirm trial does not name the environment that is applied, production" in said
    assert confirming.run("apply", "-e", "production", "--confirm", "production").code == 0
    assert confirming.run("apply", "-e", "trial", "--yes").code == 0


def test_a_project_without_environments_has_nothing_to_name(project: Project) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    ran = project.apply("--confirm", "production")
    assert (ran.code, "kalentops.yaml has no environments" in ran.err) == (1, True)


@pytest.mark.parametrize(
    ("environment", "answer", "done"),
    [
        ("production", "production", True),
        ("production", "y", False),
        ("production", "trial", False),
        ("production", "", False),
        ("trial", "y", True),
    ],
)
def test_the_question_wants_the_name(
    environment: str, answer: str, confirming: Tenants, monkeypatch: pytest.MonkeyPatch, *, done: bool
) -> None:
    monkeypatch.setattr("kalentops.cli.commands.options.can_ask", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{answer}\n"))
    sent = len(confirming.writes)
    ran = confirming.run("apply", "-e", environment, *(("--yes",) if environment == "production" else ()))
    assert f"Apply this plan to {environment}?" in ran.err
    assert ("Type production to confirm" in ran.err) is (environment == "production")
    assert (ran.code, len(confirming.writes) > sent) == ((0, True) if done else (130, False))


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    remote = Remote.make(tmp_path)
    first = remote.clone("first")
    (first / "kalentops.yaml").write_text("environments: {production: {branch: main}}\n")
    commit(first, "one")
    git(first, "push", "--quiet", "origin", "HEAD:main")
    return remote.clone("clone")


@pytest.mark.processes
def test_an_environment_is_applied_from_its_branch(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_branch(load_config(clone))
    (clone.parent / "first" / "new").touch()
    commit(clone.parent / "first", "two")
    git(clone.parent / "first", "push", "--quiet", "origin", "HEAD:main")
    check_branch(load_config(clone))  # nothing is fetched for it
    git(clone, "fetch", "--quiet")
    with pytest.raises(GuardRefused, match="origin/main has 1 commit for this folder that this checkout"):
        check_branch(load_config(clone))
    git(clone, "pull", "--quiet")
    check_branch(load_config(clone))
    git(clone, "tag", "main")
    check_branch(load_config(clone))
    git(clone, "checkout", "--quiet", "-b", "mine")
    with pytest.raises(
        GuardRefused, match="production is applied from the branch main, and mine is"
    ) as caught:
        check_branch(load_config(clone))
    assert caught.value.hint == "check out main and pull, or pass --any-branch"
    monkeypatch.setenv("GITHUB_REF", "refs/heads/main")  # of another checkout
    with pytest.raises(GuardRefused):
        check_branch(load_config(clone))


@pytest.mark.processes
@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("", "no branch is checked out"),
        ("refs/heads/main", ""),
        ("refs/heads/mine", "mine is checked out"),
        ("refs/pull/7/merge", "no branch is checked out"),
        ("refs/tags/main", "no branch is checked out"),
    ],
)
def test_a_job_says_which_branch_it_has(
    ref: str, said: str, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(clone, "checkout", "--quiet", "--detach")
    monkeypatch.setenv("GITHUB_REF", ref)
    if said:
        with pytest.raises(GuardRefused, match=said):
            check_branch(load_config(clone))
    else:
        check_branch(load_config(clone))


def test_the_branch_is_looked_at_before_any_request(tenants: Tenants) -> None:
    settings = SETTINGS.replace("json}", "json, branch: main}")
    (tenants.folder / "kalentops.yaml").write_text(settings)
    sent = len(tenants.front.requests)
    assert "no branch is checked out" in tenants.refused(6, "apply", "--yes", "-e", "production")
    assert len(tenants.front.requests) == sent
    assert tenants.run("apply", "--yes", "-e", "production", "--any-branch").code == 0
