"""What docs/reference/versions.md says of formats is what the program does."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from kalentops.emulator.store import SCHEMA_VERSION, Store
from kalentops.github.comment import CommentTarget
from kalentops.output import json as json_output
from kalentops.plan import saved
from kalentops.state import model
from kalentops.state.store import git, postgresql
from tests.builders import body
from tests.harness import STATE, Project

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "versions.md").read_text(encoding="utf-8")


def test_the_table_has_the_versions_of_the_code() -> None:
    rows = re.findall(r"^\| ([^|]+) \| (\d\.\d) \|", PAGE, re.MULTILINE)
    assert ("state, journal", model.FORMAT_VERSION) in rows
    majors = {version.partition(".")[0] for name, version in rows if name == "state, journal"}
    assert majors == model.READABLE
    assert ("saved plan, JSON of `plan` and `show`", saved.FORMAT_VERSION) in rows
    assert ("JSON of all other commands", json_output.FORMAT_VERSION) in rows


def test_the_other_forms_are_those_of_the_code() -> None:
    assert f"`{CommentTarget('NAME').marker}`" in PAGE
    assert f"`{git.FILE}`" in PAGE
    columns = re.findall(r"(\w+) (?:text|bigint|uuid|bytea|timestamptz)", postgresql._CREATE)
    row = next(line for line in PAGE.splitlines() if "`kalentops_state`" in line)
    assert all(f"`{each}`" in row for each in columns)
    assert f"| schema {SCHEMA_VERSION} |" in PAGE


@pytest.mark.parametrize("command", [["plan"], ["apply", "--yes"], ["state", "list"]])
def test_a_state_of_a_newer_major_version_is_refused(project: Project, command: list[str]) -> None:
    project.write("sourcing_a", {"one": body()})
    newer = b'{"format_version": "3.0", "anything": "else"}'
    (project.folder / STATE).write_bytes(newer)
    ran = project.run(*command)
    assert (ran.code, ran.out) == (8, "")
    assert "the state has format 3.0, this kalentops knows 2.0" in ran.err
    assert "the state has format 3.0, this kalentops knows 2.0" in PAGE
    assert "hint: update kalentops" in ran.err
    assert project.state_path.read_bytes() == newer


def test_a_saved_plan_of_a_newer_major_version_is_refused(project: Project) -> None:
    project.write("sourcing_a", {"one": body()})
    (project.folder / "plan.json").write_text('{"format_version": "2.0", "anything": "else"}')
    for command in (["apply", "--yes", "plan.json"], ["show", "plan.json"]):
        ran = project.run(*command)
        assert (ran.code, ran.out) == (7, "")
        assert "plan.json has format 2.0, this kalentops knows 1.0" in ran.err
    assert "`plan.json has format 2.0, this kalentops knows 1.0`" in PAGE


def test_a_database_of_a_newer_emulator_is_refused(tmp_path: Path) -> None:
    Store(tmp_path / "kalent.db").close()
    database = sqlite3.connect(tmp_path / "kalent.db")
    database.execute(f"pragma user_version = {SCHEMA_VERSION + 1}")
    database.close()
    ran = Project(tmp_path, "").run("emulator", "--port", "0", "--db", "kalent.db")
    said = f"written by a newer version (schema {SCHEMA_VERSION + 1}, known is {SCHEMA_VERSION})"
    assert ran.code == 1
    assert said in ran.err
    assert f"`{said}`" in PAGE
