"""`kalentops close`: the files afterwards, what the plan says then, and what can't be closed."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalentops.yamlfile.build import file_text
from tests.builders import Data, blueprint
from tests.harness import Project

FIRST, SECOND = blueprint("First"), blueprint("Second")


@pytest.fixture
def bare(tmp_path: Path) -> Project:
    return Project(tmp_path, "")


def write(project: Project, sourcing: str, name: str = "", head: str = "", **blueprints: Data) -> Path:
    """Unlike the project's own files, laid out as people do."""
    path = project.folder / "blueprints" / f"{name or sourcing}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(head + file_text(sourcing, blueprints))
    return path


def files(project: Project) -> dict[str, str]:
    return {path.name: path.read_text() for path in (project.folder / "blueprints").iterdir()}


@pytest.mark.processes
def test_a_closed_position_is_forgotten_by_the_next_apply(project: Project) -> None:
    write(project, "sourcing_a", first=FIRST, second=SECOND)
    write(project, "sourcing_b", first=FIRST)
    assert project.apply().code == 0
    before = files(project)
    dry = project.run("close", "sourcing_a", "--dry-run")
    assert (dry.code, files(project)) == (0, before)
    assert dry.out.startswith(
        "  blueprints/sourcing_a.yaml would be changed; removed: [first, second]\nWould close: "
    )
    diff = project.run("close", "sourcing_a", "--diff")
    assert (diff.code, files(project)) == (0, before)
    assert "+removed: [first, second]" in diff.out.splitlines()
    ran = project.process("close", "sourcing_a")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "  blueprints/sourcing_a.yaml changed; removed: [first, second]",
        "Closed: sourcing_a. Nothing changes in Kalent: stop its sequences there.",
        "Next: `kalentops plan` shows 2 blueprints to forget; `kalentops apply` forgets them.",
    ]
    assert files(project) == before | {
        "sourcing_a.yaml": "sourcingId: sourcing_a\nremoved: [first, second]\n"
    }
    assert project.run("fmt", "--check").code == project.run("validate").code == 0
    assert "Plan: 2 to forget, 1 unchanged." in project.run("plan").out
    again = project.run("close", "sourcing_a")
    assert again.out.splitlines()[0] == "Closed already: sourcing_a has no blueprints in the files."
    assert project.apply().code == 0
    assert list(project.ids) == ["sourcing_b/first"]
    assert project.run("close", "sourcing_a").out.endswith("delete the file whenever you like.\n")


def test_one_of_several_files_keeps_the_statement(project: Project) -> None:
    write(project, "sourcing_a", "a", first=FIRST)
    head = "title: Paris\nremoved: [old]\n"
    write(project, "sourcing_a", "b", head, second=SECOND)
    assert project.apply().code == 0
    write(project, "sourcing_a", "c", third=blueprint("Third"))
    ran = project.run("close", "sourcing_a")
    assert ran.code == 0
    assert ran.err == (
        "note: kalentops.state.json does not know `third`: never applied, or this checkout lacks a newer state "
        "(`git pull`)\n"
    )
    assert ran.out.splitlines()[:3] == [
        "  blueprints/b.yaml changed; removed: [old, first, second]",
        "  blueprints/a.yaml deleted",
        "  blueprints/c.yaml deleted",
    ]
    assert files(project) == {
        "b.yaml": "title: Paris\nremoved: [old, first, second]\nsourcingId: sourcing_a\n"
    }
    assert project.run("validate").code == 0


def test_a_blueprint_that_was_to_move_is_forgotten_under_its_old_key(project: Project) -> None:
    path = write(project, "sourcing_a", first=FIRST)
    assert project.apply().code == 0
    path.write_text("moved: [{from: first, to: better}]\n" + path.read_text().replace("first:", "better:"))
    ran = project.run("close", "sourcing_a", "--quiet")
    assert (ran.code, ran.err) == (0, "")
    assert path.read_text() == "sourcingId: sourcing_a\nremoved: [first]\n"
    assert "Plan: 1 to forget." in project.run("plan").out


def test_a_file_whose_texts_are_wrong_can_be_closed(project: Project) -> None:
    path = write(project, "sourcing_a", first=FIRST)
    assert project.apply().code == 0
    path.write_text(path.read_text().replace("{{firstname}}", "[name]"))
    assert project.run("validate").code == 3
    assert project.run("close", "sourcing_a").code == project.run("validate").code == 0


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        ("sourcing_aa", 1, "no file declares the sourcing sourcing_aa\nhint: did you mean sourcing_a?"),
        ("sourcing_a/first", 1, "did you mean sourcing_a?"),
        ("elsewhere", 1, "hint: `kalentops sourcings` lists the ids, with their files"),
        (
            "sourcing_a",
            1,
            "hint: delete blueprints/sourcing_a.yaml; if the state is elsewhere, pass --state FILE",
        ),
        ("sourcing_x", 3, "error: a file that mentions sourcing_x can't be read"),
    ],
)
def test_what_can_not_be_closed(asked: str, code: int, said: str, bare: Project) -> None:
    write(bare, "sourcing_a", first=FIRST)
    (bare.folder / "blueprints" / "x.yaml").write_text("sourcingId: sourcing_x\nblueprints: [\n")
    before = files(bare)
    ran = bare.run("close", asked)
    assert (ran.code, ran.out, files(bare)) == (code, "", before)
    assert said in ran.err


def test_what_only_the_state_knows_has_no_file_to_close(project: Project) -> None:
    path = write(project, "sourcing_a", first=FIRST)
    assert project.apply().code == 0
    path.unlink()
    assert "`kalentops state rm sourcing_a/first`" in project.run("close", "sourcing_a").err
    path.parent.rmdir()
    assert "no file declares the sourcing sourcing\n" in (said := project.run("close", "sourcing").err)
    assert "state rm" not in said
