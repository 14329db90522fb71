"""How the inputs of the action become options, and what the steps make of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kalentops import action
from kalentops.action import Inputs, main
from kalentops.emulator.server import BackgroundEmulator
from kalentops.errors import UsageError
from kalentops.github.comment import CommentTarget, compose
from tests.builders import blueprint
from tests.github.stand_in import NUMBER, REPOSITORY, TOKEN, StandIn
from tests.harness import KEY, Project, Ran


def given(**inputs: str) -> dict[str, str]:
    return {f"INPUT_{name.upper()}": value for name, value in inputs.items()}


def test_an_input_reaches_the_commands_that_have_its_option() -> None:
    inputs = Inputs(
        given(
            folder="teams/paris",
            state="live.json",
            sourcing="sourcing_a\n\n  sourcing_*  \n",
            target="--yes",
            refresh="true",
            online="false",
            settle="",
            plan_file="plan.json",
            author="my-app[bot]",
            paths="blueprints/a.yaml\n--help",
        )
    )
    scope = ["--sourcing=sourcing_a", "--sourcing=sourcing_*", "--target=--yes"]
    assert inputs.args("plan", "--format", "json", but=("paths",)) == [
        *(
            "plan",
            "-C",
            "teams/paris",
            "--format",
            "json",
            "--state=live.json",
            "--out=plan.json",
            "--refresh",
        ),
        *scope,
    ]
    applied = inputs.args("apply", but=("paths",))
    assert applied == ["apply", "-C", "teams/paris", "--state=live.json", *scope, "--", "plan.json"]
    assert inputs.args("state push") == ["state", "push", "-C", "teams/paris", "--state=live.json"]
    assert inputs.args("validate") == ["validate", "-C", "teams/paris", "--", "blueprints/a.yaml", "--help"]
    assert inputs.args("comment")[3:] == ["--state=live.json", "--author=my-app[bot]"]
    assert Inputs({}).args("plan") == ["plan", "-C", "."]


def test_an_environment_is_named_to_each_command_and_confirmed_to_apply() -> None:
    for inputs in (
        Inputs(given(environment="production")),
        Inputs({"KALENTOPS_ENVIRONMENT": "production", "INPUT_ENVIRONMENT": ""}),
    ):
        assert inputs.args("plan")[3:] == ["--environment=production"]
        assert inputs.args("apply")[3:] == ["--environment=production", "--confirm=production"]
        assert inputs.args("state push")[4:] == ["--environment=production"]


def test_the_key_of_the_job_is_that_of_its_environment(
    project: Project, emulator: BackgroundEmulator, output: Path
) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    (project.folder / "kalentops.yaml").write_text(
        "environments: {production: {blueprints: others}, trial: {}}\n"
    )
    project.environment["KALENT_API_KEY"] = ""
    inputs = {"command": "plan", "refresh": "true", "api_key": KEY}
    _, refused = step(project, "run", output, **inputs)
    assert refused["result"] == "error"
    ran, planned = step(project, "run", output, environment="trial", **inputs)
    assert (planned["result"], planned["create"]) == ("ok", "1"), ran
    assert Path(planned["report"]).read_text().startswith("environment: trial\n\n")


def test_a_flag_is_true_or_false() -> None:
    with pytest.raises(UsageError, match="the input refresh can't be `yes`"):
        Inputs(given(refresh="yes")).args("plan")


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "output"


def step(project: Project, name: str, output: Path, **inputs: str) -> tuple[Ran, dict[str, str]]:
    """One step of the action, in this process; what it says, and its outputs."""
    output.unlink(missing_ok=True)
    project.environment |= {"GITHUB_OUTPUT": str(output)}
    before = dict(project.environment)
    project.environment |= given(**inputs)
    ran = project.within(lambda: main([name]))
    project.environment = before
    lines = output.read_text().splitlines() if output.exists() else []
    return ran, {line.partition("<<")[0]: value for line, value, _ in zip(*[iter(lines)] * 3, strict=True)}


def test_a_part_of_the_plan_is_applied_and_pushed_for_another_state(
    project: Project, emulator: BackgroundEmulator, output: Path
) -> None:
    for sourcing in ("sourcing_a", "sourcing_b"):
        project.write(sourcing, {"one": blueprint(f"One of {sourcing}")})
    part = {"state": "live.json", "sourcing": "sourcing_b"}
    _, planned = step(project, "run", output, command="plan", plan_file="plan.json", **part)
    assert (planned["result"], planned["create"], planned["changed"]) == ("ok", "1", "true")
    saved = json.loads((project.folder / "plan.json").read_text())
    ran, refused = step(project, "run", output, command="apply", plan_file="plan.json", state="live.json")
    assert refused["result"] == "error", "no repository that the state could be pushed to"
    assert "git repository" in ran.err
    assert emulator.store.blueprints("sourcing_a") == emulator.store.blueprints("sourcing_b") == []
    assert json.loads((project.folder / "plan.json").read_text()) == saved
    recorded, _ = step(project, "record", output, state="../live.json")
    assert "git repository" in recorded.err


def test_a_plan_of_the_action_reads_kalent_once(
    project: Project, emulator: BackgroundEmulator, output: Path
) -> None:
    """What the log, the outputs and the comment show is one plan."""
    project.write("sourcing_a", {"one": blueprint("One")})
    project.environment["KALENT_API_KEY"] = ""
    _, refused = step(project, "run", output, command="plan", refresh="true")
    assert refused["result"] == "refused"
    for plan_file in ("", "plan.json"):
        before = emulator.log.requests.total()
        ran, planned = step(
            project, "run", output, command="plan", refresh="true", api_key=KEY, plan_file=plan_file
        )
        assert (planned["result"], planned["create"], planned["changed"]) == ("ok", "1", "true")
        assert "Plan: 1 to create." in ran.out
        assert "**Plan:** 1 to create." in Path(planned["report"]).read_text()
        assert emulator.log.requests.total() == before + 1
        assert (project.folder / "plan.json").exists() is bool(plan_file)


def test_errors_in_the_files_are_the_report(project: Project, output: Path) -> None:
    project.write("sourcing_a", {"one": {"name": 3}})
    (project.folder / "plan.json").write_text("an earlier plan")
    _, planned = step(project, "run", output, command="plan", plan_file="plan.json")
    assert (planned["result"], planned["changed"], planned["create"]) == ("invalid", "false", "0")
    assert "KAL" in Path(planned["report"]).read_text()


def test_the_page_of_each_environment_has_a_name_of_its_own(project: Project, output: Path) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    names = []
    for inputs in (
        {},
        {"state": "envs/live.json"},
        {"state": "x.json", "target_name": "Größe 1"},
        {"state": "postgresql://user:pass@db.example/outreach?password=word"},
    ):
        _, outputs = step(project, "run", output, command="validate", preview="true", **inputs)
        names.append(Path(outputs["page"]).name)
    assert names == [
        "kalentops-preview.html",
        "kalentops-preview-envs-live.html",
        "kalentops-preview-Gr-e-1.html",
        "kalentops-preview-postgresql-db-example-outreach-kalentops.html",
    ]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"command": "destroy"}, "the input command can't be `destroy`"),
        ({"command": "plan; id"}, "the input command can't be `plan; id`"),
        ({"command": "plan", "comment": "yes"}, "the input comment can't be `yes`"),
        ({"command": "plan", "debug_http": "\x1b[31m::error::x"}, "the input debug-http can't be `\\u{1b}"),
        ({"command": "validate", "folder": "$(id)"}, "there is no folder $(id)"),
    ],
)
def test_inputs_that_can_not_be(inputs: dict[str, str], said: str, project: Project, output: Path) -> None:
    ran, outputs = step(project, "run", output, **inputs)
    assert said in ran.err
    assert (ran.code, outputs["result"], outputs["exit-code"]) == (0, "error", "1")
    assert "\x1b" not in ran.err


def test_the_comment_of_the_project_is_folded_where_nothing_could_be_planned(
    project: Project, output: Path
) -> None:
    (project.folder / ".git").mkdir()
    event = project.folder / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": NUMBER}}))
    report = project.folder / "report.md"
    report.write_text("**1 to create**\n\nmore\n")
    with StandIn() as github:
        project.environment |= {
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_API_URL": github.url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_EVENT_PATH": str(event),
        }
        step(project, "comment", output, report=str(report), result="ok", changed="true", target_name="live")
        assert github.bodies() == [compose(CommentTarget("live"), "**1 to create**\n\nmore")]
        step(project, "comment", output, target_name="live")
        assert github.bodies()[0].startswith(CommentTarget("live").outdated_marker)
        github.may = "read"
        ran, _ = step(project, "comment", output, report=str(report), changed="true")
    assert ran.code == 0
    assert "::notice title=kalentops::no comment" in ran.out


@pytest.mark.parametrize("head", ["", "environment: trial\n\n"])
def test_the_page_is_linked_below_the_summary(head: str, tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    report.write_text(f"{head}**1 to create**\n\nmore\n\n\n\nend\n")
    url = "https://github.example.com/o/r/actions/runs/1/artifacts/2"
    action._link(report, url)
    link = f"[See it as a candidate would]({url})"
    assert report.read_text() == f"{head}**1 to create**\n\n{link}\n\nmore\n\n\n\nend\n"


def test_a_step_that_does_not_exist_is_refused(project: Project) -> None:
    assert project.within(lambda: main(["destroy"])).code == 1
