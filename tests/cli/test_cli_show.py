"""`kalentops show`: a saved plan in every format, as `plan` printed it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kalentops.emulator.server import BackgroundEmulator
from kalentops.output import FORMATS
from tests.builders import blueprint
from tests.harness import Project

INVITATION = {
    "id": "invite",
    "name": "Invite",
    "temporalityType": "ASAP",
    "type": "LINKEDIN",
    "linkedInType": "LINKEDIN_INVITATION_WITH_MESSAGE",
    "content": "👋 Grüße: https://a.example",
}


@pytest.fixture
def planned(project: Project, emulator: BackgroundEmulator) -> Project:
    """A plan with an update, a create, a conflict, an orphan, drift, unmanaged blueprints and warnings."""
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two"), "gone": blueprint("Gone")})
    project.write("sourcing_b", {"one": blueprint("One")})
    assert project.apply().code == 0
    ids = project.ids
    new = {"name": "Long", "steps": [INVITATION]}
    project.write("sourcing_a", {"one": blueprint("One, again"), "two": blueprint("Mine"), "new": new})
    emulator.store.edit(ids["sourcing_a/two"], name="Theirs")
    emulator.store.edit(ids["sourcing_b/one"], name="Edited")
    emulator.store.create("sourcing_a", "Unmanaged", [])
    return project


def test_every_format_is_what_plan_printed(planned: Project) -> None:
    for form in ("text", *FORMATS):
        for options in ((), ("-v",), ("-q",)) if form == "text" else ((),):
            plan = planned.run("plan", "--refresh", "--out", "plan.json", "--format", form, *options)
            shown = planned.run("show", "plan.json", "--format", form, *options)
            assert (plan.code, shown.code, shown.out) == (0, 0, plan.out), form
            # The findings; what `plan` says of this checkout comes after them.
            assert ("KAL305" in shown.err) == (form in {"text", "json"} and options != ("-q",))
            assert plan.err.removeprefix("reading 2 sourcings\n").startswith(shown.err)


def test_it_reads_the_file_alone(planned: Project, emulator: BackgroundEmulator, tmp_path: Path) -> None:
    plan = planned.run("plan", "--out", str(tmp_path / "plan.json"))
    asked = len(emulator.log)
    planned.environment = {"KALENT_API_KEY": ""}
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kalentops.yaml").write_text("no: [settings")
    shown = planned.run("show", "-C", str(tmp_path / "elsewhere"), "../plan.json")
    assert (shown.code, shown.out, len(emulator.log)) == (0, plan.out, asked)


def test_a_plan_of_the_version_before_is_shown(planned: Project) -> None:
    plan = planned.run("plan", "--refresh", "--out", "plan.json")
    path = planned.folder / "plan.json"
    saved = json.loads(path.read_text(encoding="utf-8"))
    del saved["report"]
    for each in (*saved["changes"], *saved["drift"]):
        for name in ("code", "parameters", "also"):
            del each[name]
    path.write_text(json.dumps(saved), encoding="utf-8")
    shown = planned.run("show", "plan.json")
    assert shown.code == 0
    assert shown.out.splitlines()[-1] == plan.out.splitlines()[-1]
    assert all(planned.run("show", "plan.json", "--format", form).code == 0 for form in FORMATS)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (None, 1, "there is no file"),
        ("sourcingId: a", 7, "is not a plan of kalentops"),
        ('{"format_version": "2.0", "lineage": "x"}', 7, "plan.json is a state, not a plan"),
        ('{"format_version": "2.0"}', 7, "has format 2.0, this kalentops knows 1.0"),
        (
            '{"format_version": "1.0"}',
            7,
            "the saved plan has no field `state`: an earlier kalentops wrote it",
        ),
        ('{"format_version": "1.0", "state": []}', 7, "the saved plan has no field `bound`"),
        ('{"format_version": "1.0", "state": [], "bound": []}', 7, "the saved plan is damaged"),
    ],
)
def test_what_is_no_plan_is_refused(project: Project, text: str | None, code: int, said: str) -> None:
    if text is not None:
        (project.folder / "plan.json").write_text(text)
    ran = project.run("show", "plan.json")
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_a_plan_that_is_nested_too_deeply_is_damaged(planned: Project) -> None:
    planned.run("plan", "--out", "plan.json")
    path = planned.folder / "plan.json"
    saved = json.loads(path.read_text(encoding="utf-8"))
    update = next(each for each in saved["changes"] if each["action"] == "update")
    for _ in range(500):
        update["after"]["config"] = {"a": update["after"].get("config", {})}
    path.write_text(json.dumps(saved), encoding="utf-8")
    shown = planned.run("show", "plan.json", "--format", "json")
    assert (shown.code, shown.out) == (7, "")
    assert "the saved plan is damaged" in shown.err
