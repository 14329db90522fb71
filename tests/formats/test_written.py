"""Files that earlier programs wrote are read: `written/README.md` says how each was made."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

import pytest

from kalentops.cli.commands import connection
from kalentops.emulator.server import BackgroundEmulator
from tests.formats.old_program import REF
from tests.harness import STATE, Project
from tests.repositories import Remote, git
from tests.schemas import problems

WRITTEN: Final = Path(__file__).parent / "written"
PROGRAMS: Final = sorted(path.name for path in WRITTEN.iterdir() if (path / "applied").is_dir())
SOURCING: Final = "sourcing_engineer"
TEXTS: Final = {
    "First contact": "another text",
    "Second contact": "a second text",
    "Third contact": "a third text",
}
Open = Callable[[str, str], tuple[Project, BackgroundEmulator]]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """`opened(PROGRAM, PART)`: a project as that program left it, and the server that it worked with."""
    with ExitStack() as stack:

        def make(program: str, part: str) -> tuple[Project, BackgroundEmulator]:
            folder = WRITTEN / program
            project = Project(tmp_path / "project", "")
            shutil.copytree(folder / "blueprints", project.folder / "blueprints")
            for path in (folder / part).glob(f"{STATE}*"):
                shutil.copy(path, project.folder / path.name)
            with closing(sqlite3.connect(tmp_path / "kalent.db")) as database:
                database.executescript((folder / part / "emulator.sql").read_text(encoding="utf-8"))
            emulator = stack.enter_context(BackgroundEmulator(db=str(tmp_path / "kalent.db")))
            project.url = emulator.url
            # It is of the server's address, and the port is another one now.
            known = project.state["tenant"]
            monkeypatch.setattr(connection, "tenant", lambda _: known)
            return project, emulator

        yield make


def _on_server(emulator: BackgroundEmulator) -> dict[str, str]:
    """The ids, by name; fails for a name or a blueprint too many, and for another text."""
    found = emulator.store.blueprints(SOURCING)
    assert sorted(each.name for each in found) == sorted(TEXTS)
    for each in found:
        (step,) = each.steps
        assert TEXTS[each.name] in step["content"]
    return {each.name: each.blueprint_id for each in found}


def _bytes(project: Project) -> dict[str, bytes]:
    """Of the state, its journal and the saved plans."""
    return {path.name: path.read_bytes() for path in project.folder.glob("*.json*") if path.suffix != ".lock"}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_state_is_read_and_its_ids_stay(program: str, opened: Open) -> None:
    project, emulator = opened(program, "applied")
    before, bytes_before = project.ids, _bytes(project)
    assert len(before) == 2
    listed = project.run("state", "list", "--format", "json").json["blueprints"]
    assert {each["address"]: each["blueprint_id"] for each in listed} == before
    plan = project.run("plan", "--refresh", "--format", "json").json
    assert {each["key"]: each["action"] for each in plan["changes"]} == {
        "first-contact": "update",
        "second-contact": "no-op",
        "third-contact": "create",
    }
    assert (plan["drift"], plan["unmanaged"]) == ([], {})
    assert _bytes(project) == bytes_before
    assert project.apply().code == 0
    _check(project, emulator, before)


def _check(project: Project, emulator: BackgroundEmulator, before: dict[str, str]) -> None:
    """Nothing is twice, each id is kept, and what was written is read again."""
    assert {address: project.ids[address] for address in before} == before
    assert sorted(project.ids.values()) == sorted(_on_server(emulator).values())
    assert not project.journal_path.exists()
    assert problems("state", project.state) == []
    assert project.run("plan", "--refresh", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("part", ["killed-create", "killed-update"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_journal_is_read_and_its_run_is_resumed(program: str, part: str, opened: Open) -> None:
    project, emulator = opened(program, part)
    before, bytes_before = project.ids, _bytes(project)
    # That program recorded nothing before the first stub of a run.
    assert project.journal_path.exists() == ((program, part) != ("e5773067", "killed-create"))
    assert project.run("plan").code == 0
    assert _bytes(project) == bytes_before
    ran = project.apply()
    assert ran.code == 0, ran.err
    _check(project, emulator, before)


_EARLIER = re.compile(
    r"the saved plan has no field `\w+`: an earlier kalentops wrote it, or it is damaged\nhint: "
)
# What lacks a field that `show` prints, and the programs whose plans have all that `apply` compares.
_NOT_SHOWN = {
    ("6abd6cfa", "plan.json"),
    ("84494a74", "plan.json"),
    ("84494a74", "refreshed.json"),
    ("e76cb5f0", "refreshed.json"),
}
_APPLIED = {"f1405f45"}


@pytest.mark.parametrize("name", ["plan.json", "refreshed.json"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_saved_plan_is_shown_and_applied_or_refused(program: str, name: str, opened: Open) -> None:
    project, emulator = opened(program, "applied")
    saved = WRITTEN / program / name
    if not saved.exists():
        assert (program, name) == ("6abd6cfa", "refreshed.json")  # it had no --refresh
        return
    shutil.copy(saved, project.folder / name)
    before, bytes_before = project.ids, _bytes(project)
    shown = project.run("show", name)
    readable = (program, name) not in _NOT_SHOWN
    assert shown.code == (0 if readable else 7)
    assert ("1 to create, 1 to update, 1 unchanged" in shown.out) == readable
    assert (_EARLIER.search(shown.err) is None) == readable
    ran = project.apply(name)
    if program in _APPLIED:
        assert ran.code == 0, ran.err
        _check(project, emulator, before)
    else:
        assert ran.code == 7
        assert _EARLIER.search(ran.err)
        assert _bytes(project) == bytes_before
        assert [each.name for each in emulator.store.blueprints(SOURCING)] == [
            "First contact",
            "Second contact",
        ]


SHARED: Final = [name for name in PROGRAMS if (WRITTEN / name / "shared").is_dir()]


@pytest.mark.parametrize("program", SHARED)
def test_a_state_that_was_moved_away_is_refused(program: str, opened: Open) -> None:
    project, _ = opened(program, "shared")
    shutil.copy(WRITTEN / program / "moved" / STATE, project.state_path)
    before = _bytes(project)
    ran = project.run("plan")
    assert ran.code == 8
    assert REF in ran.err
    assert _bytes(project) == before


@pytest.mark.parametrize("program", SHARED)
def test_what_a_run_left_in_a_shared_store_is_resumed(program: str, opened: Open, tmp_path: Path) -> None:
    project, emulator = opened(program, "shared")
    before = {address: intent["run"] for address, intent in project.state["intents"].items()}
    (run,) = set(before.values())
    ids = project.ids
    remote = Remote.make(tmp_path / "hub")
    git(project.folder, "init", "--quiet")
    git(project.folder, "remote", "add", "origin", f"file://{remote.bare}")
    project.state_path.rename(tmp_path / STATE)
    (project.folder / "kalentops.yaml").write_text(f"state: {REF}\n")
    assert project.run("state", "restore", str(tmp_path / STATE), "--yes").code == 0
    left = project.run("state", "list", "--format", "json").json["open"]
    assert {each["address"]: each["run"] for each in left} == before
    ran = project.apply("--take-over", run)
    assert ran.code == 0, ran.err
    listed = project.run("state", "list", "--format", "json").json
    assert listed["open"] == []
    now = {each["address"]: each["blueprint_id"] for each in listed["blueprints"]}
    assert {address: now[address] for address in ids} == ids
    assert sorted(now.values()) == sorted(_on_server(emulator).values())
    assert project.run("plan", "--refresh", "--detailed-exitcode").code == 0
