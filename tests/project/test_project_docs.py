"""What the documents say is what the program does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kalentops import __version__, errors
from kalentops.init.surroundings import DRIVER
from kalentops.rules.table import RULES
from tests.harness import Project

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.processes
def test_the_help_in_the_readme_is_the_help(tmp_path: Path) -> None:
    ran = Project(tmp_path, "", environment={"COLUMNS": "80"}).process("--help")
    assert f"```\n{ran.out.rstrip()}\n```" in README


def test_the_exit_codes_in_the_readme_are_those_of_the_errors() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    used = {
        value.exit_code
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.KalentopsError)
    }
    assert used <= told
    assert told == {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 130}


def test_the_rules_in_the_docs_are_the_rules() -> None:
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (KAL\d{3}) \| (\w+) \| (.+?) \|$", text, re.MULTILINE)
    assert rows == [(rule.code, rule.severity.value, rule.title) for rule in RULES]


def test_the_changelog_knows_this_version() -> None:
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_variable_and_option_of_the_environment_is_documented() -> None:
    source = "".join(
        path.read_text() for path in (ROOT / "kalentops").rglob("*.py") if "emulator" not in path.parts
    )
    names = set(re.findall(r"KALENT(?:OPS)?_[A-Z_]+[A-Z]", source))
    assert {name for name in names if f"`{name}`" not in README} == set()


def test_the_merge_driver_is_the_same_wherever_it_is_said(tmp_path: Path) -> None:
    assert f"'{DRIVER}'" in README
    assert f"'{DRIVER}'" in Project(tmp_path, "").run("state", "merge", "--help").out


def test_links_lead_somewhere() -> None:
    for document in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


@pytest.mark.processes
@pytest.mark.parametrize(
    "workflow", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=lambda p: p.name
)
def test_workflows_are_valid_and_pinned(workflow: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "check_jsonschema",
            "--builtin-schema",
            "vendor.github-workflows",
            str(workflow),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    text = workflow.read_text()
    uses = re.findall(r"uses: (\S+)", text)
    assert uses
    assert all(each == "./" or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each) for each in uses)
    assert re.search(r"^permissions:", text, re.MULTILINE)


@pytest.mark.processes
def test_the_own_blueprints_have_no_finding() -> None:
    ran = Project(ROOT, "").process("validate", "--format", "json")
    assert ran.code == 0
    assert ran.json["findings"] == []
