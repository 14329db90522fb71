"""`kalentops preview` as a user calls it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.builders import blueprint
from tests.harness import Project
from tests.preview.pages import commit

ROOT = Path(__file__).parents[2]
PAGE = "kalentops-preview.html"


@pytest.fixture
def project(bare: Project) -> Project:
    bare.write("sourcing_a", {"one": blueprint("One")})
    return bare


def test_a_page_is_written_and_told(project: Project) -> None:
    ran = project.run("preview")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"{PAGE}: 1 sequence in 1 sourcing\n"
    page = (project.folder / PAGE).read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert page.endswith("</html>")
    again = project.run("preview", "--quiet", "-C", ".")
    assert (again.code, again.out) == (0, f"{PAGE}\n")
    assert (project.folder / PAGE).read_text(encoding="utf-8") == page
    assert sorted(path.name for path in project.folder.iterdir()) == ["blueprints", PAGE]


def test_it_needs_neither_key_nor_state_and_writes_nothing_else(project: Project) -> None:
    (project.folder / "kalentops.state.json").write_text("damaged")
    project.environment = {"KALENT_API_KEY": "", "KALENT_API_URL": "http://evil.example"}
    assert project.run("preview", "--out", "pages.html").code == 0
    assert (project.folder / "pages.html").stat().st_size > 10_000
    assert not (project.folder / PAGE).exists()


@pytest.mark.processes
def test_the_page_can_go_to_stdout(project: Project) -> None:
    ran = project.process("preview", "--out", "-")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("<!doctype html>")
    assert not (project.folder / PAGE).exists()


def test_paths_choose_what_is_shown(project: Project) -> None:
    project.write("sourcing_b", {"two": blueprint("Two")})
    assert project.run("preview").out.endswith(": 2 sequences in 2 sourcings\n")
    ran = project.run("preview", "blueprints/sourcing_b.yaml")
    assert ran.out.endswith(": 1 sequence in 1 sourcing\n")
    assert "sourcing_a" not in (project.folder / PAGE).read_text()


def test_files_with_errors_give_a_page_and_3(project: Project) -> None:
    project.write("sourcing_b", {"two": {"name": "Two", "steps": [{"id": "x"}]}})
    ran = project.run("preview")
    assert ran.code == 3
    assert "the page shows them" in ran.err
    assert "is missing" in (project.folder / PAGE).read_text()


def test_a_configuration_that_is_not_valid_gives_3_and_no_page(project: Project) -> None:
    (project.folder / "kalentops.yaml").write_text("samples: [{firstName: Ada}]")
    ran = project.run("preview")
    assert (ran.code, ran.out) == (3, "")
    assert "did you mean `firstname`?" in ran.err
    assert not (project.folder / PAGE).exists()


def test_samples_of_the_configuration_are_the_candidates(project: Project) -> None:
    (project.folder / "kalentops.yaml").write_text("samples: [{firstname: Grete, lastname: Beispiel}, {}]")
    project.run("preview")
    page = (project.folder / PAGE).read_text()
    assert '<option value="0">Grete Beispiel</option>' in page
    assert ">Candidate 2</option>" in page
    assert "Ada Example" not in page


def test_nothing_else_is_overwritten(project: Project) -> None:
    target = project.folder / "blueprints" / "sourcing_a.yaml"
    before = target.read_bytes()
    ran = project.run("preview", "--out", "blueprints/sourcing_a.yaml")
    assert (ran.code, ran.out) == (1, "")
    assert "is not a page of kalentops" in ran.err
    assert target.read_bytes() == before


def test_a_page_that_can_not_be_written_is_reported(project: Project) -> None:
    ran = project.run("preview", "--out", "nowhere/page.html")
    assert (ran.code, ran.out) == (1, "")
    assert "the page can't be written to nowhere/page.html" in ran.err
    assert "hint: there is no such folder: make it, or name another file\n" in ran.err
    ran = project.run("preview", "--out", "blueprints")
    assert ran.code == 1


def test_an_empty_folder_gives_a_page_that_says_so(bare: Project) -> None:
    (bare.folder / "blueprints").mkdir()
    ran = bare.run("preview")
    assert ran.code == 0
    assert "no .yaml or .yml file" in ran.err
    assert "There is no sequence in these files yet." in (bare.folder / PAGE).read_text()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("-C", "nowhere"), "there is no folder nowhere"),
        (("nowhere.yaml",), "there is no nowhere.yaml"),
        (("--against", "HEAD"), "not a git repository"),
        (("--against", "--help"), "names no commit"),
        (("--serve", "--out", "x.html"), "--serve writes no file"),
        (("--port", "70000", "--serve"), "70000"),
    ],
)
def test_wrong_calls(args: tuple[str, ...], said: str, project: Project) -> None:
    ran = project.run("preview", *args)
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err
    assert not (project.folder / PAGE).exists()


@pytest.mark.processes
def test_against_an_earlier_commit(project: Project) -> None:
    commit(project.folder)
    project.write("sourcing_a", {"one": blueprint("One", steps=3), "two": blueprint("Two")})
    ran = project.run("preview", "--against", "main")
    assert ran.out.endswith(": 2 sequences in 1 sourcing, 1 new, 1 changed\n")
    page = (project.folder / PAGE).read_text()
    assert "compared with main (" in page
    ran = project.run("preview", "--against", "main~1")
    assert (ran.code, "git has no commit main~1" in ran.err) == (1, True)


@pytest.mark.processes
def test_the_project_may_be_a_folder_of_the_repository(project: Project) -> None:
    deep = Project(project.folder / "deep", project.url)
    deep.folder.mkdir()
    deep.write("sourcing_a", {"one": blueprint("One")})
    (deep.folder / "kalentops.yaml").touch()
    commit(project.folder)
    deep.write("sourcing_a", {"one": blueprint("Other")})
    assert deep.run("preview", "--against", "HEAD").out.endswith(": 1 sequence in 1 sourcing, 1 changed\n")
    # From outside, and for one file alone.
    ran = project.run("preview", "-C", "deep", "blueprints/sourcing_a.yaml", "--against", "HEAD")
    assert ran.out.endswith(": 1 sequence in 1 sourcing, 1 changed\n")
    assert (deep.folder / PAGE).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for the browser")
@pytest.mark.processes
def test_it_opens_in_the_browser(project: Project) -> None:
    script = project.folder / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" > {project.folder}/opened\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    project.environment = {"BROWSER": str(script)}
    assert project.process("preview", "--open").code == 0
    assert (project.folder / "opened").read_text().strip() == (project.folder / PAGE).as_uri()
    project.environment = {"BROWSER": "nothing-of-this-name", "PATH": str(Path(sys.executable).parent)}
    ran = project.process("preview", "--open")
    assert ran.code == 0
    assert "no browser could be started" in ran.err


@pytest.mark.processes
def test_the_wheel_holds_what_the_page_needs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
    )
    assert done.returncode == 0, done.stderr
    [wheel] = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    own = {path.relative_to(ROOT).as_posix() for path in (ROOT / "kalentops" / "preview").rglob("*.*")}
    assert {name for name in own if not name.endswith(".pyc")} <= names
    assert {"kalentops/preview/style.css", "kalentops/preview/templates/page.html.j2"} <= names
