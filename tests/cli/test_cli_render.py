"""`kalentops render` and `detach`, on files and a state."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalentops.yamlfile.parse import parse
from tests.harness import Project
from tests.project.test_resolve import SNIPPETS, TEMPLATE

FILE = """\
sourcingId: sourcing_{0}
title: Position {0}
language: en
blueprints:
  first:
    use: first
    with: {{pitch: "We are {0}."}}  # kept
  own:
    name: Own
    steps:
      - {{id: a, name: A, type: WHATSAPP, temporalityType: ASAP, policy: {{skipStepIfNoContact: true}}, content: Hi}}
"""


def put(project: Project) -> Path:
    folder = project.folder / "blueprints"
    folder.mkdir()
    for name, text in {"t": TEMPLATE, "s": SNIPPETS, "a": FILE.format("a"), "b": FILE.format("b")}.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


@pytest.fixture
def bare(tmp_path: Path) -> Project:
    return Project(tmp_path, "")


@pytest.mark.processes
def test_detached_blueprints_leave_nothing_to_plan(project: Project) -> None:
    folder = put(project)
    assert project.apply().code == 0
    before = (folder / "a.yaml").read_text()
    assert project.run("detach", "sourcing_a/first", "--dry-run").out == (
        "  would detach sourcing_a/first from first  blueprints/a.yaml\n"
    )
    assert "-    use: first" in project.run("detach", "sourcing_a/first", "--diff").out.splitlines()
    assert (folder / "a.yaml").read_text() == before
    ran = project.process("detach", "sourcing_a")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "  detached sourcing_a/first from first  blueprints/a.yaml\n"
        "The texts are the same: `kalentops plan` shows nothing new.\n"
    )
    assert "# kept" in (folder / "a.yaml").read_text()
    assert (folder / "b.yaml").read_text() == FILE.format("b")
    assert project.run("fmt", "--check", "blueprints/a.yaml").code == project.run("validate").code == 0
    assert project.run("plan").out == "No changes. 4 unchanged.\n"
    again = project.run("detach", "sourcing_a/first")
    assert (again.code, again.out) == (1, "")
    assert "sourcing_a/first does not use a template" in again.err


@pytest.mark.processes
def test_a_rendered_file_stands_for_its_file(project: Project) -> None:
    folder = put(project)
    assert project.apply().code == 0
    ran = project.process("render", "sourcing_a")
    assert (ran.code, ran.err) == (0, "")
    (folder / "a.yaml").write_text(ran.out)
    assert project.run("plan").out == "No changes. 4 unchanged.\n"
    assert project.run("fmt", "--check", "blueprints/a.yaml").code == 0
    whole = project.run("render").out
    head, first, second = whole.split("---\n# blueprints/")
    assert (head, first.split("\n")[0], second.split("\n")[0]) == ("", "a.yaml", "b.yaml")
    assert parse(first.partition("\n")[2]).data == parse(ran.out).data
    told = project.run("render", "sourcing_b/first", "--origins").out
    assert "{{param.pitch}} blueprints/b.yaml:7" in told


def test_files_with_errors_are_neither_rendered_nor_changed(bare: Project) -> None:
    folder = put(bare)
    (folder / "a.yaml").write_text(FILE.format("a").replace("We are", "[we] are"))
    for command, undone in (("render", "rendered"), ("detach", "changed")):
        ran = bare.run(command, "sourcing_b/first")
        assert (ran.code, ran.out) == (3, "")
        assert "blueprints/a.yaml:7:20: error KAL103" in ran.err
        assert f"the blueprints are not valid; nothing was {undone}" in ran.err


def test_an_unknown_address(bare: Project) -> None:
    put(bare)
    for command in ("render", "detach"):
        ran = bare.run(command, "sourcing_a/frist")
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.endswith(
            "error: no blueprint has the address sourcing_a/frist\nhint: did you mean sourcing_a/first?\n"
        )


def test_an_error_in_a_template_stops_its_users_and_names_them(project: Project) -> None:
    folder = put(project)
    own = FILE[FILE.index("  own:") :].format()
    (folder / "c.yaml").write_text(f"sourcingId: sourcing_c\nblueprints:\n{own}")
    (folder / "t.yaml").write_text(TEMPLATE.replace("content: Last one", "content: '[last] one'"))
    blocked = "errors in templates and snippets block sourcing_a/first, sourcing_b/first"
    for selection in ((), ("blueprints/a.yaml",), ("--target", "sourcing_*/first")):
        for ran in (project.run("plan", *selection), project.run("apply", "--yes", *selection)):
            assert (ran.code, ran.out) == (3, "")
            assert ran.err.count("error KAL103") == 1
            assert f"nothing was planned; {blocked}\n" in ran.err
            assert "select other blueprints" in ran.err
    others = ("blueprints/c.yaml",)
    ran = project.run("plan", "--out", "plan.json", *others)
    assert ran.code == 0
    assert "Plan: 1 to create, 4 changes outside the selection" in ran.out
    assert ran.err.count("error KAL103") == 1
    assert f"note: {blocked}; the selection holds none of them\n" in ran.err
    for selection in (("plan.json",), ("--sourcing", "sourcing_c"), others):
        assert project.run("apply", "--yes", *selection).code == 0
    assert set(project.ids) == {"sourcing_c/own"}
    (folder / "t.yaml").write_text(TEMPLATE.replace("param.closing", "param.closng"))
    assert "No changes. 1 unchanged, 4 changes outside the selection" in project.run("plan", *others).out
    # An error that may concern any blueprint, and one in a position, stop every selection.
    (folder / "u.yaml").write_text("template: [")
    assert project.run("plan", *others).code == 3
    (folder / "u.yaml").unlink()
    (folder / "a.yaml").write_text(FILE.format("a").replace("We are", "[we] are"))
    assert project.run("plan", *others).code == 3
    (folder / "t.yaml").write_text(TEMPLATE)
    assert "block" not in project.run("plan").err
