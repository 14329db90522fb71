"""The hooks, run by the real pre-commit: those that this repository offers, and those that `init` writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.builders import blueprint
from tests.harness import Project, Ran
from tests.platforms import needs_shell
from tests.repositories import commit, git
from tests.sizes import some

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet")
    made = Project(folder, "")
    made.write("sourcing_a", {"one": blueprint("One")})
    made.run("fmt")
    commit(folder, "Begin")
    return made


def installed(hook: dict[str, Any]) -> dict[str, Any]:
    """The hook as pre-commit runs it once it has installed it, which takes a network: here it is installed already."""
    return hook | {"language": "system", "entry": f"{sys.executable} -P -m {hook['entry']}"}


def configure(project: Project, hooks: list[dict[str, Any]]) -> None:
    text = yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]})
    (project.folder / ".pre-commit-config.yaml").write_text(text)
    git(project.folder, "add", "-A")


def pre_commit(project: Project, *args: str, home: Path) -> Ran:
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--color=never", *args],
        cwd=project.folder,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "PRE_COMMIT_HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def test_the_hooks_are_what_pre_commit_takes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert [hook["id"] for hook in HOOKS] == ["kalentops-validate", "kalentops-fmt", "kalentops-schema"]
    assert {hook["language"] for hook in HOOKS} == {"python"}


def test_a_commit_that_is_in_order_passes(project: Project, tmp_path: Path) -> None:
    project.run("schema", "--write")
    configure(project, [installed(hook) for hook in HOOKS])
    ran = pre_commit(project, "--all-files", home=tmp_path)
    assert ran.code == 0, ran.out
    assert ran.out.count("Passed") == len(HOOKS)


@pytest.mark.thorough
def test_validate_looks_at_all_files_when_one_is_committed(project: Project, tmp_path: Path) -> None:
    """The same name twice in one sourcing is wrong in two files, of which one is not part of the commit."""
    configure(project, [installed(HOOKS[0])])
    commit(project.folder, "Hooks")
    project.write("sourcing_a", {"two": blueprint("One")}, name="second")
    git(project.folder, "add", "-A")
    ran = pre_commit(project, home=tmp_path)
    assert ran.code == 1
    assert "KAL018" in ran.out


def test_fmt_fixes_the_file_and_stops_the_commit(project: Project, tmp_path: Path) -> None:
    configure(project, [installed(HOOKS[1])])
    path = project.folder / "blueprints" / "sourcing_a.yaml"
    before = path.read_text()
    path.write_text(before.replace(": ", ":     ", 1))
    git(project.folder, "add", "-A")
    ran = pre_commit(project, home=tmp_path)
    assert ran.code == 1
    assert "files were modified by this hook" in ran.out
    assert path.read_text() == before
    git(project.folder, "add", "-A")
    assert pre_commit(project, "--all-files", home=tmp_path).code == 0


@pytest.mark.thorough
def test_other_files_start_no_hook(project: Project, tmp_path: Path) -> None:
    configure(project, [installed(hook) for hook in HOOKS])
    commit(project.folder, "Hooks")
    (project.folder / "README.md").write_text("x")
    git(project.folder, "add", "-A")
    ran = pre_commit(project, home=tmp_path)
    assert ran.code == 0
    assert ran.out.count("Skipped") == len(HOOKS)


@needs_shell
@pytest.mark.thorough
@pytest.mark.parametrize("below", some(["teams/paris", ""], 1))
def test_the_hooks_that_init_writes_without_a_repository_to_name(below: str, tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    (folder / below).mkdir(parents=True)
    git(folder, "init", "--quiet")
    assert Project(folder, "").run("init", below or ".").code == 0
    config = folder / ".pre-commit-config.yaml"
    assert "repo: local" in config.read_text()
    program = tmp_path / "kalentops"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m kalentops "$@"\n')
    program.chmod(0o755)
    config.write_text(config.read_text().replace("entry: kalentops", f"entry: {program}"))
    git(folder, "add", "-A")
    ran = pre_commit(Project(folder, ""), "--all-files", home=tmp_path)
    assert (ran.code, ran.out.count("Passed"), ran.out.count("error KAL")) == (1, 1, 1), ran.out
    example = folder / below / "blueprints" / "example.yaml"
    example.write_text(example.read_text().replace("sourcing_REPLACE_ME", "sourcing_a"))
    git(folder, "add", "-A")
    ran = pre_commit(Project(folder, ""), "--all-files", home=tmp_path)
    assert ran.code == 0, ran.out
    assert ran.out.count("Passed") == 2


def test_the_hooks_that_init_writes_name_those_that_there_are(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert Project(tmp_path, "").run("init", "--action", f"example/kalentops@{'a' * 40}").code == 0
    (repo,) = yaml.safe_load((tmp_path / ".pre-commit-config.yaml").read_text())["repos"]
    assert (repo["repo"], repo["rev"]) == ("https://github.com/example/kalentops", "a" * 40)
    assert {hook["id"] for hook in repo["hooks"]} == {hook["id"] for hook in HOOKS} - {"kalentops-schema"}
