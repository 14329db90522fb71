"""Positions in several environments: what the commands make of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders import blueprint, step
from tests.harness import Project

A, B, C = "sourcing_a", "sourcing_b", "sourcing_c"
CONFIG = "environments:\n  production: {}\n  trial: {}\n  acme: {blueprints: clients/acme}\n"


def put(project: Project, file: str, /, **data: Any) -> Path:
    path = project.folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


@pytest.fixture
def shared(project: Project) -> Project:
    """A sourcing in production and trial, one in trial alone, and one in another folder."""
    (project.folder / "kalentops.yaml").write_text(CONFIG)
    put(
        project,
        "blueprints/both.yaml",
        sourcingId={"production": A, "trial": B},
        title="Engineer",
        blueprints={"one": blueprint("One"), "two": {"use": "t"}},
    )
    put(project, "blueprints/t.yaml", template="t", name="Two", steps=[step(1)])
    put(project, "clients/acme/a.yaml", sourcingId=C, blueprints={"one": blueprint("One")})
    return project


def test_validate_looks_at_each_file_once_for_all_environments(shared: Project) -> None:
    ran = shared.run("validate")
    assert (ran.code, ran.out) == (
        0,
        "environments: production, trial, acme\nvalid: 3 files, 3 blueprints\n",
    )
    assert shared.run("validate", "-e", "trial").out.endswith("valid: 2 files, 2 blueprints\n")
    assert shared.run("validate", "-e", "acme").out.endswith("valid: 1 file, 1 blueprint\n")


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (["."], "4 files, 4 blueprints"),
        (["blueprints"], "2 files, 2 blueprints"),
        (["clients"], "1 file, 1 blueprint"),
        (["clients/acme/a.yaml", "blueprints/t.yaml"], "3 files, 2 blueprints"),
        (["other.yaml"], "1 file, 1 blueprint"),
    ],
)
def test_paths_are_checked_as_files_of_their_folder(paths: list[str], said: str, shared: Project) -> None:
    """What lies in no folder of blueprints is of no environment, and has one id."""
    put(shared, "other.yaml", sourcingId="s_7", blueprints={"one": blueprint("One")})
    assert shared.run("validate", *paths).out.endswith(f"valid: {said}\n")


@pytest.mark.parametrize("args", [(), ("-e", "acme"), ("clients", "blueprints")])
def test_a_sourcing_of_another_folder_is_found(args: tuple[str, ...], shared: Project) -> None:
    put(shared, "clients/acme/a.yaml", sourcingId=B, blueprints={"one": blueprint("One")})
    ran = shared.run("validate", *args)
    said = f"clients/acme/a.yaml:1:16: error KAL031: `{B}` is in acme here, and in trial in blueprints/both.yaml:1"
    assert ran.code == 3
    assert [line for line in ran.out.splitlines() if "KAL" in line and "by rule" not in line] == [said]


def test_a_sourcing_of_another_folder_stops_a_plan(shared: Project) -> None:
    put(shared, "clients/acme/a.yaml", sourcingId=B, blueprints={"one": blueprint("One")})
    ran = shared.run("plan", "-e", "trial")
    assert ran.code == 3
    assert f"`{B}` is in trial here, and in acme in clients/acme/a.yaml:1" in ran.err
    assert shared.run("plan", "-e", "production").code == 0


def test_each_environment_is_asked_with_its_own_key(shared: Project) -> None:
    shared.environment |= {"KALENT_API_KEY_PRODUCTION": "key-one", "KALENT_API_KEY_ACME": "key-two"}
    ran = shared.run("validate", "--online")
    assert (ran.code, "KALENT_API_KEY_TRIAL" in ran.err) == (4, True)
    put(shared, "clients/acme/a.yaml", sourcingId="sourcing_zz", blueprints={"one": blueprint("One")})
    shared.environment["KALENT_API_KEY_TRIAL"] = "key-three"
    ran = shared.run("validate", "--online")
    assert (ran.code, ran.out.count("KAL023")) == (3, 1)
    assert "clients/acme/a.yaml:1:16: error KAL023: the sourcing `sourcing_zz` does not exist" in ran.out
    assert shared.run("validate", "--online", "-e", "trial").code == 0
