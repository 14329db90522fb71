"""`validate`, `plan` and `apply` in every form, from real files: what goes to stdout, to stderr, and to the summary."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from kalentops.output import FORMATS
from kalentops.output.markdown_blocks import SUMMARY
from tests.builders import blueprint, step
from tests.harness import Project
from tests.hostile import HOSTILE, quoted
from tests.output import judges
from tests.sizes import some

pytestmark = pytest.mark.processes

FORMS = ["text", *FORMATS]
LINK = step(
    1,
    type="LINKEDIN",
    linkedInType="LINKEDIN_INVITATION_WITH_MESSAGE",
    subject=None,
    content="Hi {{firstname}}, see https://a.example",
    temporalityType="ASAP",
    delay=None,
    policy=None,
)


@pytest.fixture
def nested(tmp_path: Path) -> Project:
    """A project in a folder of a git repository, with a warning."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    project = Project(tmp_path / "teams" / "hiring", "http://127.0.0.1:9/api")
    link = {key: value for key, value in LINK.items() if value is not None}
    project.write("sourcing_a", {"one": blueprint(), "link": {"name": "Link", "steps": [link]}})
    return project


def _break(project: Project) -> None:
    project.write("sourcing_b", {"bad": blueprint("Bad", content=1)}, name="bad")


def _judge(form: str, said: str, *, findings: int) -> None:
    """Whether stdout is what its reader takes, and tells of so many findings."""
    if form == "markdown":
        assert judges.Page(said).problems == []
    elif form == "junit":
        assert judges.xml(said).attrib["name"] == "kalentops"
    elif form == "sarif":
        log = json.loads(said)
        assert judges.sarif_errors(log) == []
        assert len(log["runs"][0]["results"]) == findings
    elif form == "json":
        assert len(json.loads(said)["findings"]) == findings
    commands = judges.commands(said)
    assert len(commands) == (findings if form == "github" else 0)
    assert {each.properties["file"].rpartition("/")[0] for each in commands} <= {"teams/hiring/blueprints"}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_what_is_valid(form: str, nested: Project) -> None:
    for command in ("validate", "plan"):
        ran = nested.run(command, "--format", form)
        assert ran.code == 0, ran.err
        _judge(form, ran.out, findings=1)
        assert judges.commands(ran.err) == []
    assert nested.run("plan", "--format", form, "--detailed-exitcode").code == 2


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_what_is_not_valid(form: str, nested: Project) -> None:
    _break(nested)
    ran = nested.run("validate", "--format", form)
    assert ran.code == 3
    _judge(form, ran.out, findings=2)
    planned = nested.run("plan", "--format", form)
    assert planned.code == 3
    assert "nothing was planned" in planned.err
    if form in {"text", "json"}:  # stdout is for a plan, and there is none
        assert planned.out == ""
        assert "bad.yaml" in planned.err
    else:
        assert planned.out == ran.out
        assert "bad.yaml" not in planned.err


def test_a_conflict_of_the_plan_is_reported_where_the_blueprint_stands(project: Project) -> None:
    file = project.write("sourcing_a", {"one": blueprint(), "two": blueprint("Second")})
    assert project.apply().code == 0
    project.write("sourcing_a", {"renamed": blueprint(), "two": blueprint("Second")})
    line = next(number for number, text in enumerate(file.read_text().splitlines(), 1) if '"renamed"' in text)
    (said,) = judges.commands(project.run("plan", "--format", "github").out)
    assert said.name == "warning"
    assert said.properties["file"] == "blueprints/sourcing_a.yaml"
    assert said.properties["line"] == str(line)
    assert said.properties["title"] == "sourcing_a/renamed is in conflict"
    log = json.loads(project.run("plan", "--format", "sarif").out)
    (result,) = log["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == line
    assert judges.sarif_errors(log) == []


@pytest.fixture
def summary(tmp_path: Path, nested: Project) -> Path:
    """A summary's file, as a step of GitHub Actions has it."""
    path = tmp_path / "summary.md"
    nested.environment |= {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(path)}
    return path


def test_there_is_no_summary_outside_of_github_actions(nested: Project, summary: Path) -> None:
    nested.environment["GITHUB_ACTIONS"] = ""
    assert nested.run("validate").code == 0
    del nested.environment["GITHUB_STEP_SUMMARY"]
    nested.environment["GITHUB_ACTIONS"] = "true"
    assert nested.run("validate").code == 0
    assert not summary.exists()


def test_each_command_adds_to_the_summary(nested: Project, summary: Path) -> None:
    nested.run("validate", "--format", "github")
    nested.run("plan", "--quiet")
    said = summary.read_text(encoding="utf-8")
    assert said.startswith("### kalentops validate in `teams/hiring`\n\n**valid:** 1 warning in 1 file")
    assert "\n\n### kalentops plan in `teams/hiring`\n\n**Plan:** 2 to create.\n" in said
    _break(nested)
    nested.run("plan")
    assert "### kalentops plan in `teams/hiring`\n\n**not valid:** 1 error" in summary.read_text(
        encoding="utf-8"
    )
    page = judges.Page(summary.read_text(encoding="utf-8"))
    assert page.problems == []
    assert page.tags.count("h3") == 3


def test_an_apply_adds_what_it_did(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    project.environment |= {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(path)}
    project.write("sourcing_a", {"one": blueprint()})
    assert project.apply().code == 0
    said = path.read_text(encoding="utf-8")
    assert said.startswith("### kalentops apply\n\n**Apply:** 1 done.\n")
    assert project.ids["sourcing_a/one"] in said


@pytest.mark.parametrize(
    ("taken", "note"),
    [(0, ""), (SUMMARY - 300, ""), (SUMMARY - 20, "full"), (SUMMARY + 5, "full")],
)
def test_a_summary_holds_no_more_than_github_takes(
    taken: int, note: str, nested: Project, summary: Path
) -> None:
    summary.write_bytes(b"x" * taken)
    ran = nested.run("plan")
    assert ran.code == 0
    assert (summary.stat().st_size > taken) == (not note)
    assert summary.stat().st_size <= max(SUMMARY, taken)
    assert note in ran.err


@pytest.mark.parametrize("kind", ["folder", "nowhere", "null"])
def test_a_summary_that_cannot_be_written_is_a_note(kind: str, nested: Project, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    path = {"folder": "folder", "nowhere": "no/such/folder/summary", "null": "a\nb/c"}[kind]
    nested.environment |= {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / path)}
    ran = nested.run("plan", "--detailed-exitcode")
    assert ran.code == 2
    assert "the job's summary can't be written" in ran.err
    assert ran.out.endswith("Plan: 2 to create.\n")


def _hostile_files(project: Project) -> None:
    """A file for each text, with the text in every place that takes one, in its name too where it can stand there."""
    folder = project.folder / "blueprints"
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, text) in enumerate(HOSTILE):
        value = quoted(text)
        lines = [
            f'sourcingId: "s_{number}"',
            "blueprints:",
            f"  {name}:",
            f"    name: {value}",
            f"    {value}: {value}",
            "    steps:",
            f"      - {{id: {value}, name: {value}, type: EMAIL, subject: {value}, content: {value},",
            f"         temporalityType: ASAP, policy: {{skipStepIfNoContact: true}}, {value}: 1}}",
        ]
        file = text if _is_name(text) else name
        (folder / f"{file}.yaml").write_text("\n".join(lines), encoding="utf-8")


def _is_name(text: str) -> bool:
    return "/" not in text and "\0" not in text and len(text.encode()) < 240 and not text.startswith(".")


@pytest.mark.parametrize("form", some(FORMS, 2))
def test_hostile_files_harm_no_reader(form: str, nested: Project, summary: Path) -> None:
    """Their names, their keys and their texts, most of which no rule lets pass."""
    _hostile_files(nested)
    for command in ("validate", "plan"):
        ran = nested.run(command, "--format", form)
        assert ran.code == 3
        assert "crash" not in ran.err
        commands = judges.commands(ran.out)
        assert {each.name for each in commands} <= (
            {"error", "warning", "notice"} if form == "github" else set()
        )
        assert len(commands) <= 21
        assert judges.commands(ran.err) == []
        assert judges.terminal_orders(ran.out + ran.err) == []
    page = judges.Page(summary.read_text(encoding="utf-8"))
    assert page.problems == []
    assert judges.commands(page.markdown) == []


def _valid_files(project: Project) -> int:
    """Files of all the texts that the rules let pass, and how many there are."""
    folder = project.folder / "blueprints"
    for number, (name, text) in enumerate(HOSTILE):
        value, content = quoted(f"{name} {text}"), quoted(f"Hi {text}")
        lines = [
            f'sourcingId: "s_{number}"',
            "blueprints:",
            f"  {name}:",
            f"    name: {value}",
            "    steps:",
            f"      - {{id: {value}, name: {value}, type: EMAIL, subject: {value}, content: {content},",
            "         temporalityType: ASAP, policy: {skipStepIfNoContact: true}}",
        ]
        (folder / f"{name}.yaml").write_text("\n".join(lines), encoding="utf-8")
    found = json.loads(project.run("validate", "--format", "json").out)["findings"]
    bad = {each["file"] for each in found if each["severity"] == "error"}
    for file in bad:
        (project.folder / file).unlink()
    return len(HOSTILE) - len(bad)


@pytest.mark.parametrize("form", some(FORMS, 2))
def test_hostile_texts_that_are_valid_harm_no_reader(form: str, nested: Project, summary: Path) -> None:
    number = _valid_files(nested)
    assert number >= 90
    ran = nested.run("plan", "--format", form)
    assert ran.code == 0
    commands = judges.commands(ran.out)
    assert {each.name for each in commands} <= ({"warning", "notice"} if form == "github" else set())
    assert judges.commands(ran.err) == []
    assert judges.terminal_orders(ran.out + ran.err) == []
    page = judges.Page(summary.read_text(encoding="utf-8"))
    assert page.problems == []
    assert page.tags.count("details") >= number


@pytest.mark.parametrize(
    "args",
    [
        ("::error::x",),
        ("--\u2003##[error]x",),
        ("plan", "--target", "a\n::error::x"),
        ("plan", "--format", "\x1b[31m##[add-mask]e"),
        ("validate", "##[error]x\n ::error::y"),
        ("rule", "KAL\n::stop-commands::x"),
        ("plan", "-C", "\n::error::##[x]"),
    ],
)
def test_what_is_typed_is_no_command_either(args: tuple[str, ...], nested: Project) -> None:
    """In a workflow, a branch's name may be part of it."""
    ran = nested.run(*args)
    assert ran.code == 1
    assert judges.commands(ran.out + ran.err) == []
    assert judges.terminal_orders(ran.out + ran.err) == []
