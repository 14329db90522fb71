"""A saved plan: applied only where it still says what would be done."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kalentops.blueprint.body import Address, Body
from kalentops.errors import StalePlan, StoreFailure, UsageError
from kalentops.output.explanations import text
from kalentops.plan import saved as saved_plan
from kalentops.plan.build import Action, Change, Plan, RefreshReport, Scope
from kalentops.support.text import visible
from tests.builders import blueprint, form, saying
from tests.harness import Project

CREATE = Change(
    Address.parse("s1/one"), Action.CREATE, "One", None, "a.yaml", 3, None, form(blueprint("One", 0))
)
UPDATE = Change(
    Address.parse("s1/two"),
    Action.UPDATE,
    "Two",
    "b2",
    "a.yaml",
    9,
    form(blueprint("2", 0)),
    form(blueprint("Two", 0)),
)
SAME = Change(Address.parse("s1/three"), Action.NO_OP, "Three", "b3", "a.yaml", 20)
PLAN = Plan("lineage", 7, (CREATE, SAME, UPDATE))


def save(plan: Plan, path: Path, asked: saved_plan.PlanOptions | None = None) -> None:
    saved_plan.save(plan, path, text, asked or saved_plan.PlanOptions())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save(PLAN, tmp_path / "plan.json")
    return tmp_path / "plan.json"


def refusal(path: Path, plan: Plan = PLAN) -> str:
    with pytest.raises(StalePlan) as caught:
        saved_plan.check(saved_plan.load(path), plan)
    assert caught.value.exit_code == 7
    assert (
        caught.value.hint
        == "make a new plan with `kalentops plan --out FILE`, have it reviewed, and apply that"
    )
    said = str(caught.value)
    assert visible(said) == said
    return said


def test_an_unchanged_plan_still_holds(path: Path) -> None:
    saved_plan.check(saved_plan.load(path), PLAN)
    saved = json.loads(path.read_text(encoding="utf-8"))
    assert saved["format_version"] == "1.0"
    assert [each["address"] for each in saved["changes"]] == ["s1/one", "s1/three", "s1/two"]


def test_lines_and_wording_may_change(path: Path) -> None:
    moved = (replace(CREATE, line=99, file="b.yaml"), SAME, replace(UPDATE, reason=saying("other words")))
    saved_plan.check(saved_plan.load(path), replace(PLAN, changes=moved))
    saved_plan.check(
        saved_plan.load(path), replace(PLAN, changes=(CREATE, UPDATE))
    )  # a no-op that is no longer there


def test_the_state_has_moved(path: Path) -> None:
    saved_plan.check(saved_plan.load(path), replace(PLAN, serial=8))  # elsewhere
    said = refusal(
        path, replace(PLAN, serial=8, changes=(CREATE, SAME, replace(UPDATE, recorded="sha256:4")))
    )
    assert said == (
        "since the plan was made, the state has changed (serial 7 then, serial 8 now); it differs at s1/two"
        + HAD
    )
    assert "the state has changed" in refusal(path, replace(PLAN, lineage="other"))


@pytest.mark.parametrize(
    "changes",
    [
        (CREATE, SAME),
        (CREATE, SAME, UPDATE, replace(UPDATE, address=Address.parse("s1/four"))),
        (CREATE, SAME, replace(UPDATE, after=Body.recorded(blueprint("Two", 0), "sha256:3"))),
        (CREATE, SAME, replace(UPDATE, before=form(blueprint("3", 0)))),
        (CREATE, SAME, replace(UPDATE, action=Action.CONFLICT)),
        (CREATE, SAME, replace(UPDATE, blueprint_id="b9")),
    ],
)
def test_the_files_have_moved(path: Path, changes: tuple[Change, ...]) -> None:
    said = refusal(path, replace(PLAN, changes=changes, files="sha256:other"))
    assert said.startswith("since the plan was made, the files have changed; it differs at s1/")
    assert said.removesuffix(HAD).rpartition(" ")[2] in {"s1/two", "s1/four"}


HAD = "; it had 1 to create, 1 to update"


def test_what_kalent_shows_has_moved(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    refreshed = replace(PLAN, refresh_report=RefreshReport(fingerprint="sha256:1"))
    save(refreshed, path)
    assert saved_plan.load(path).refreshed
    saved_plan.check(
        saved_plan.load(path), replace(PLAN, refresh_report=RefreshReport(fingerprint="sha256:2"))
    )
    conflict = replace(UPDATE, action=Action.CONFLICT, theirs=form(blueprint("Theirs", 0)))
    moved = replace(
        PLAN, changes=(CREATE, SAME, conflict), refresh_report=RefreshReport(fingerprint="sha256:2")
    )
    said = refusal(path, moved)
    assert said == f"since the plan was made, Kalent has changed; it differs at s1/two{HAD}"


def test_what_was_asked_for_is_saved_with_the_plan(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    asked = saved_plan.PlanOptions(Scope(("s1",), ("one", "s2/*")), ("s1/two",))
    save(PLAN, path, asked)
    saved = saved_plan.load(path)
    assert (saved.plan_options, saved.refreshed) == (asked, False)


def test_the_first_of_many_differences_are_named(path: Path) -> None:
    changes = tuple(replace(CREATE, address=Address.parse(f"s1/n{number}")) for number in range(9))
    said = refusal(path, replace(PLAN, changes=changes))
    assert "; it differs at s1/n0, s1/n1, s1/n2, s1/n3, s1/n4 and 6 more;" in said


def edited(path: Path, edit: Callable[[dict[str, Any]], object]) -> str:
    saved = json.loads(path.read_text(encoding="utf-8"))
    edit(saved)
    path.write_text(json.dumps(saved), encoding="utf-8")
    return refusal(path)


def test_each_reviewed_field_is_binding(path: Path) -> None:
    """The text of the saved plan counts, not its digest alone."""
    said = edited(path, lambda saved: saved["changes"][2]["after"].update(name="Harmless"))
    assert said == f"since the plan was made, what is to be done has changed; it differs at s1/two{HAD}"


DAMAGE: dict[str, Callable[[dict[str, Any]], object]] = {
    "changes": lambda saved: saved.pop("changes"),
    "changes are none": lambda saved: saved.update(changes=None),
    "a change is none": lambda saved: saved["changes"].append(5),
    "no address": lambda saved: saved["changes"][0].pop("address"),
    "an address of another kind": lambda saved: saved["changes"][0].update(address=5),
    "a list for an address": lambda saved: saved["changes"][0].update(address=[]),
    "asked for nothing that can be": lambda saved: saved.update(asked=5),
    "bound to nothing": lambda saved: saved.update(bound=[]),
    "an address twice": lambda saved: saved["changes"].append(saved["changes"][0]),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage(path: Path, name: str) -> None:
    assert edited(path, DAMAGE[name]) == "the saved plan is damaged"


def test_no_state(path: Path) -> None:
    said = edited(path, lambda saved: saved.pop("state"))
    assert said == f"since the plan was made, the state has changed (none then, serial 7 now){HAD}"


def test_another_format(path: Path) -> None:
    said = edited(path, lambda saved: saved.update(format_version="2.0\x1b[31m"))
    assert said == f"{path} has format 2.0\\u{{1b}}[31m, this kalentops knows 1.0"
    saved = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**saved, "format_version": "1.9", "new": 1}), encoding="utf-8")
    saved_plan.check(saved_plan.load(path), PLAN)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"5", b'"text"', b"{}", b"\xff\xfe", b"[" * 100_000, b'{"format_version": 1e999'],
    ids=lambda data: repr(data[:12]),
)
def test_garbage(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(data)
    assert refusal(path) == f"{path} is not a plan of kalentops"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """It is not a plan that has grown old."""
    with pytest.raises(UsageError, match=r"there is no file .*none"):
        saved_plan.load(tmp_path / "none")
    with pytest.raises(UsageError, match="can't be read: "):
        saved_plan.load(tmp_path)


def test_a_place_that_can_not_be_written(tmp_path: Path) -> None:
    with pytest.raises(StoreFailure, match=r"the plan can't be written to .*: No such file"):
        save(PLAN, tmp_path / "none" / "plan.json")


def test_half_a_surrogate_pair_is_saved_and_found_again(tmp_path: Path) -> None:
    plan = replace(PLAN, changes=(replace(CREATE, after=form(blueprint("\ud800 Zoë 🎉", 0))),))
    save(plan, tmp_path / "plan.json")
    saved_plan.check(saved_plan.load(tmp_path / "plan.json"), plan)
    assert "\\ud800 Zoë 🎉" in (tmp_path / "plan.json").read_text(encoding="utf-8")


def test_what_a_saved_plan_may_overwrite_is_said_before_it_is_done(project: Project) -> None:
    """An offline plan does not show it, and a person who can write the file could add to it."""
    project.write("sourcing_a", {"one": blueprint("One")})
    assert project.apply().code == 0
    project.write("sourcing_a", {"one": blueprint("One", steps=1)})
    assert project.run("plan", "--out", "plan.json").code == 0
    path = project.folder / "plan.json"
    saved = json.loads(path.read_text(encoding="utf-8"))
    saved["asked"]["overwrite"] = ["sourcing_a/one"]
    path.write_text(json.dumps(saved), encoding="utf-8")
    ran = project.apply("plan.json")
    assert "also overwrites edits made in Kalent (--overwrite): sourcing_a/one" in ran.err


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_only_the_owner_can_read_it(path: Path) -> None:
    """It has whole messages in it."""
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    save(PLAN, path)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="links of POSIX")
def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    outside, path = tmp_path / "outside", tmp_path / "plan.json"
    outside.write_text("mine")
    path.symlink_to(outside)
    save(PLAN, path)
    assert (outside.read_text(), path.is_symlink()) == ("mine", False)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_a_pipe_is_no_plan(tmp_path: Path) -> None:
    """Reading one would never end."""
    path = tmp_path / "plan.json"
    os.mkfifo(path)
    with pytest.raises(UsageError, match="it is no regular file"):
        saved_plan.load(path)
