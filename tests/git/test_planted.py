"""A pull request carries a git directory: `HEAD`, `config`, `objects` and `refs` in the project's folder are ordinary
files to git, and a repository to a git that is started there. Each program that its settings name leaves a mark.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kalentops.action import main as action
from kalentops.cli.commands.pipeline import commit_hint, no_state
from kalentops.emulator.server import BackgroundEmulator
from kalentops.errors import UsageError
from kalentops.git.history import commit_of
from kalentops.git.worktree import open_repository, repository_root
from kalentops.init.contents import origin_of
from kalentops.state.store.file import FileStore
from tests.builders import blueprint
from tests.harness import STATE, Project
from tests.platforms import needs_links, needs_shell
from tests.repositories import Remote, commit, git
from tests.workflows.jobs import ACTIONS

pytestmark = pytest.mark.processes

PROGRAMS = {
    "core.sshCommand": "ssh",
    "core.fsmonitor": "fsmonitor",
    "core.pager": "pager",
    "core.editor": "editor",
    "core.askPass": "askpass",
    "credential.helper": "!credential",
    "gpg.program": "gpg",
    "diff.external": "external",
    "diff.x.textconv": "textconv",
    "diff.x.command": "command",
    "filter.x.clean": "clean",
    "filter.x.smudge": "smudge",
    "filter.x.process": "process",
    "merge.x.driver": "driver",
    "merge.kalentops-state.driver": "state-driver",
    "alias.push": "!alias",
    "alias.rev-parse": "!alias",
    "remote.origin.uploadpack": "uploadpack",
    "remote.origin.receivepack": "receivepack",
    "uploadpack.packObjectsHook": "packobjects",
}
SETTINGS = {
    "core.bare": "false",
    "core.repositoryFormatVersion": "1",
    "extensions.partialClone": "origin",
    "remote.origin.promisor": "true",
    "remote.origin.fetch": "+refs/heads/*:refs/remotes/origin/*",
    "protocol.ext.allow": "always",
    "protocol.file.allow": "always",
    "commit.gpgSign": "true",
    "safe.directory": "*",
    "safe.bareRepository": "all",
    "user.name": "X",
    "user.email": "x@example.com",
}


class Planted:
    """A clone of a repository whose folder `sub` has a project and, of a person's pull request, a git directory."""

    def __init__(self, folder: Path, url: str, settings: Mapping[str, str]) -> None:
        self.remote = Remote.make(folder)
        self.site = self.remote.clone("site")
        self.project = Project(self.site / "sub", url, environment=dict(ACTIONS))
        self.marks = folder / "marks"
        self.marks.mkdir()
        self.project.write("sourcing_a", {"one": blueprint("One")})
        self._plant(folder, settings)
        commit(self.site, "Begin")
        git(self.site, "push", "--quiet", "origin", "main")

    def _plant(self, folder: Path, settings: Mapping[str, str]) -> None:
        sub, evil = self.site / "sub", folder / "evil"
        shutil.copytree(sub, evil)
        git(evil, "init", "--quiet")
        commit(evil, "Evil")
        for name, value in {**SETTINGS, **settings}.items():
            git(evil, "config", name, value)
        for name, mark in PROGRAMS.items():
            shell = "!" if mark.startswith("!") else ""
            git(evil, "config", name, f"{shell}{self._program(sub, mark.strip('!'))}")
        for name in ("HEAD", "config", "objects", "refs", "index"):
            source = evil / ".git" / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, sub / name)
        (sub / "refs" / "keep").touch()
        for name in ("post-checkout", "pre-commit", "pre-push", "reference-transaction", "post-index-change"):
            self._program(sub / "hooks", name)
        (sub / ".gitattributes").write_text("* filter=x diff=x merge=x\n")
        # What the lazy fetch is for: the commit of HEAD is there, its files are not.
        blob = git(evil, "rev-parse", "HEAD:blueprints/sourcing_a.yaml")
        (sub / "objects" / blob[:2] / blob[2:]).unlink()

    def _program(self, folder: Path, name: str) -> Path:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'#!/bin/sh\ntouch "{self.marks}/{name}"\nexit 1\n')
        path.chmod(0o755)
        return path

    def left(self) -> list[str]:
        """The programs that ran; forgotten afterwards."""
        found = sorted(each.name for each in self.marks.iterdir())
        for each in found:
            (self.marks / each).unlink()
        return found

    def careless(self, *args: str) -> None:
        """Git as it is, in the folder."""
        subprocess.run(["git", *args], cwd=self.project.folder, capture_output=True, check=False)


REMOTES = {
    "ssh": {"remote.origin.url": "git@host.invalid:x/y", "core.worktree": "."},
    "ext": {"remote.origin.url": "ext::sh -c touch% $MARKS/ext", "core.worktree": "."},
}


@pytest.fixture
def planted(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    emulator: BackgroundEmulator,
    monkeypatch: pytest.MonkeyPatch,
) -> Planted:
    remote: str = getattr(request, "param", "ssh")
    monkeypatch.setenv("MARKS", str(tmp_path / "git" / "marks"))
    made = Planted(tmp_path / "git", emulator.url, REMOTES[remote])
    # The trap works: a careless call of git is caught.
    made.careless("status")
    made.careless("fetch")
    made.careless("show", "HEAD:blueprints/sourcing_a.yaml")
    assert {"fsmonitor", remote} <= set(made.left())
    git(made.site, "checkout", "--quiet", "--", ".")
    return made


@pytest.mark.parametrize("planted", REMOTES, indirect=True)
def test_no_command_starts_what_a_pull_request_has_planted(
    planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, folder = planted.project, planted.project.folder
    seen: dict[str, list[str]] = {}

    def tried(*args: str, code: int = 0) -> None:
        ran = project.run(*args)
        assert ran.code == code, (args, ran.out, ran.err)
        seen[" ".join(args)] = planted.left()

    tried("plan")
    tried("preview", "--against", "HEAD", "--out", "page.html")
    tried("state", "push", "--probe")
    tried("state", "init", "--state", "git:refs/kalentops/state")
    tried("plan", "--state", "git:refs/kalentops/state")
    tried("apply", "--yes")
    assert list(commit_hint(FileStore(project.state_path)))
    seen["the advice after an apply"] = planted.left()
    tried("state", "push")
    assert list(commit_hint(FileStore(project.state_path))) == []
    tried("import", "sourcing_b", "--dry-run")
    tried("init", "--dry-run")
    tried("init", "--no-github", "--no-example")
    for name in ("base", "ours", "theirs"):
        shutil.copy(project.state_path, folder / name)
    tried("state", "merge", "base", "ours", "theirs")
    project.state_path.unlink()
    assert "has it" in next(no_state(FileStore(project.state_path), refreshed=False))
    assert origin_of(json.dumps({"url": folder.as_uri()})) is None
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    for name, value in {"COMMAND": "validate", "FOLDER": str(folder), "PREVIEW": "true"}.items():
        monkeypatch.setenv(f"INPUT_{name}", value)
    assert action(["run"]) == 0
    seen["the rest"] = planted.left()
    assert {name: marks for name, marks in seen.items() if marks} == {}
    assert planted.remote.log[0] == "Record the state: 1 blueprint"
    assert STATE in git(planted.remote.bare, "ls-tree", "--name-only", "main", "sub/")


@needs_shell
def test_the_same_on_a_git_that_knows_none_of_the_newer_settings(
    planted: Planted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An old git passes over settings that it does not know, and refuses options."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "git").write_text(
        "#!/bin/sh\nunset GIT_NO_LAZY_FETCH\nfor each; do\n  shift\n  case $each in\n"
        '    safe.*|protocol.*|maintenance.*) set -- "$@" no.such=x;;\n'
        "    --no-lazy-fetch|--attr-source*|--path-format*|--no-advice) echo unknown option >&2; exit 129;;\n"
        '    *) set -- "$@" "$each";;\n  esac\ndone\n'
        f'exec "{shutil.which("git")}" "$@"\n'
    )
    (programs / "git").chmod(0o755)
    planted.project.environment["PATH"] = f"{programs}:{os.environ['PATH']}"
    for args in (
        ("preview", "--against", "HEAD", "--out", "page.html"),
        ("state", "push", "--probe"),
        ("state", "init", "--state", "git:refs/kalentops/state"),
        ("init", "--dry-run"),
    ):
        assert planted.project.run(*args).code == 0
    assert planted.left() == []


def test_outside_of_a_repository_what_looks_like_one_is_none(planted: Planted, tmp_path: Path) -> None:
    """As in an archive that was unpacked."""
    folder = tmp_path / "unpacked"
    shutil.copytree(planted.project.folder, folder)
    alone = Project(folder, "", environment=dict(ACTIONS))
    for args in (("preview", "--against", "HEAD"), ("state", "push")):
        ran = alone.run(*args)
        assert (ran.code, "not a git repository" in ran.err) == (1, True)
    assert "git's own" in alone.run("init").err
    assert list(commit_hint(FileStore(folder / "blueprints" / "sourcing_a.yaml"))) == []
    assert planted.left() == []


def test_no_program_called_git_of_the_folder_is_started(
    planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted._program(planted.project.folder, "git")
    monkeypatch.setenv("PATH", f".:{os.environ['PATH']}")
    monkeypatch.chdir(planted.project.folder)
    assert commit_of(planted.project.folder, "HEAD")
    assert planted.left() == []


def _as_it_is(folder: Path) -> Path:
    return folder


def _linked(folder: Path) -> Path:
    git(folder, "worktree", "add", "--quiet", "-b", "other", "../linked")
    return folder.parent / "linked"


def _by_a_link(folder: Path) -> Path:
    (folder.parent / "link").symlink_to(folder / "sub")
    return folder.parent / "link"


def _submodule(folder: Path) -> Path:
    whole = folder.parent / "whole"
    whole.mkdir()
    git(whole, "init", "--quiet")
    git(whole, "-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(folder), "part")
    return whole / "part"


@needs_links
@pytest.mark.parametrize("make", [_as_it_is, _linked, _by_a_link, _submodule])
def test_which_repository_a_folder_is_in(
    make: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "real"
    (folder / "sub").mkdir(parents=True)
    git(folder, "init", "--quiet")
    (folder / "sub" / "file").touch()
    commit(folder, "one")
    made = make(folder)
    for name in (
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_COMMON_DIR",
    ):  # as in a hook of another one
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    tree = open_repository(made)
    assert tree.top == repository_root(made.resolve())
    assert tree.ask("rev-parse", "--show-toplevel") == str(tree.top)
    assert commit_of(made, "HEAD") == git(folder, "rev-parse", "HEAD")


def test_a_repository_of_another_user_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "--quiet")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setattr("kalentops.git.worktree._KEPT", ("GIT_TEST_",))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UsageError, match="dubious ownership") as caught:
        open_repository(tmp_path)
    assert f"git config --global --add safe.directory {tmp_path}" in str(caught.value.hint)
