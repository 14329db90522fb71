"""`plan --refresh`: three things apart, with a client that can only GET; and the life of an address."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kalentops.emulator.server import BackgroundEmulator
from tests.faults.proxy import FaultProxy
from tests.harness import Project, blueprint

COMMAND = Path(__file__).parents[2] / "kalentops" / "commands" / "plan.py"


def edit(emulator: BackgroundEmulator, blueprint_id: str, content: str) -> None:
    stored = next(e for e in emulator.store.blueprints("sourcing_a") if e.blueprint_id == blueprint_id)
    steps = json.loads(json.dumps(stored.steps))
    steps[0]["content"] = content
    emulator.store.edit(blueprint_id, steps=steps)


def applied(project: Project, **blueprints: Any) -> dict[str, str]:
    project.write("sourcing_a", blueprints or {"one": blueprint("One"), "two": blueprint("Two")})
    assert project.apply().code == 0
    return project.ids


def with_lines(project: Project, blueprints: dict[str, Any], **said: Any) -> None:
    path = project.write("sourcing_a", blueprints)
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **said}), encoding="utf-8")


def test_nothing_has_happened(project: Project) -> None:
    applied(project)
    ran = project.run("plan", "--refresh", "--detailed-exitcode")
    assert (ran.code, ran.out) == (0, "No changes. 2 unchanged.\n")


def test_a_colleagues_edit_is_shown_with_both_times_and_what_to_type(
    project: Project, emulator: BackgroundEmulator
) -> None:
    ids = applied(project)
    edit(emulator, ids["sourcing_a/one"], "A colleague's text")
    ran = project.run("plan", "--refresh", "--detailed-exitcode")
    assert ran.code == 2
    entry = project.state["blueprints"]["sourcing_a/one"]
    updated = next(
        each.updated_at
        for each in emulator.store.blueprints("sourcing_a")
        if each.blueprint_id == ids["sourcing_a/one"]
    )
    for said in (
        entry["applied_at"],
        updated,
        "colleague's",
        "import sourcing_a --update",
        "--overwrite sourcing_a/one",
    ):
        assert said in ran.out
    data = project.run("plan", "--refresh", "--format", "json").json
    (drift,) = data["drift"]
    assert (drift["address"], drift["kind"], drift["updated_at"]) == ("sourcing_a/one", "changed", updated)
    assert data["summary"]["no_op"] == 2


def test_where_both_sides_moved_both_are_shown(project: Project, emulator: BackgroundEmulator) -> None:
    ids = applied(project)
    edit(emulator, ids["sourcing_a/one"], "Theirs")
    mine = blueprint("One")
    mine["steps"][0]["content"] = "Mine"
    project.write("sourcing_a", {"one": mine, "two": blueprint("Two")})
    ran = project.run("plan", "--refresh")
    assert "! conflict one" in ran.out
    assert ran.out.index("your change") < ran.out.index("Mine") < ran.out.index("Theirs")
    assert project.apply().code == 6


def test_refresh_only_is_for_a_nightly_job(project: Project, emulator: BackgroundEmulator) -> None:
    ids = applied(project)
    project.write("sourcing_a", {"one": blueprint("One", steps=3), "two": blueprint("Two")})
    assert project.run("plan", "--refresh-only", "--detailed-exitcode").code == 0
    edit(emulator, ids["sourcing_a/two"], "Theirs")
    ran = project.run("plan", "--refresh-only", "--detailed-exitcode", "--format", "json")
    assert (ran.code, ran.json["changes"], len(ran.json["drift"])) == (2, [], 1)
    refused = project.run("plan", "--refresh-only", "--out", "plan.json")
    assert (refused.code, "use --refresh --out" in refused.err) == (1, True)


def test_a_copy_that_somebody_made_is_suspected(project: Project, emulator: BackgroundEmulator) -> None:
    applied(project)
    copied = emulator.store.create("sourcing_a", "one ", blueprint("Other")["steps"])
    ran = project.run("plan", "--refresh")
    assert f'{copied.blueprint_id} "one " looks like sourcing_a/one' in ran.out
    assert ran.out.endswith("No changes. 2 unchanged.\n")


def test_a_lost_state_is_found_again_and_nothing_is_made(
    project: Project, emulator: BackgroundEmulator, proxy: FaultProxy
) -> None:
    ids = applied(project)
    project.state_path.unlink()
    made = proxy.count("create")
    data = project.run("plan", "--refresh", "--format", "json").json
    assert {each["action"] for each in data["changes"]} == {"adopt"}
    assert project.apply().code == 0
    assert (project.ids, proxy.count("create")) == (ids, made)


OPTIONS = (
    "--refresh",
    "--refresh-only",
    "--detailed-exitcode",
    "--target one",
    "--overwrite sourcing_a/one",
    "-q",
)


def test_no_combination_of_options_writes(
    project: Project, emulator: BackgroundEmulator, proxy: FaultProxy
) -> None:
    ids = applied(project)
    edit(emulator, ids["sourcing_a/one"], "Theirs")
    emulator.store.create("sourcing_a", "Three", [])
    with_lines(
        project,
        {"one": blueprint("One", steps=3), "three": blueprint("Three"), "new": blueprint("New")},
        moved=[{"from": "two", "to": "three"}],
    )
    before = {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()}
    since = len(proxy.requests)
    for number in range(len(OPTIONS) + 1):
        for chosen in itertools.combinations(OPTIONS, number):
            ran = project.run("plan", *(part for option in chosen for part in option.split()))
            assert ran.code in {0, 2}, ran
    assert {request.method for request in proxy.requests[since:]} == {"GET"}
    assert {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()} == before


def test_the_command_has_no_way_to_write() -> None:
    source = COMMAND.read_text(encoding="utf-8")
    assert "writer" not in source
    assert "carry_out" not in source


def test_a_key_is_renamed_and_another_forgotten_in_a_file(project: Project, proxy: FaultProxy) -> None:
    ids = applied(project)
    with_lines(project, {"uno": blueprint("One")}, moved=[{"from": "one", "to": "uno"}], removed=["two"])
    plan = project.run("plan", "--format", "json", "--detailed-exitcode")
    assert plan.code == 2
    assert {each["address"]: each["action"] for each in plan.json["changes"]} == {
        "sourcing_a/uno": "move",
        "sourcing_a/two": "forget",
    }
    written = proxy.count("create") + proxy.count("update")
    ran = project.apply()
    assert (ran.code, "moved" in ran.out, "forgotten" in ran.out) == (0, True, True)
    assert proxy.count("create") + proxy.count("update") == written
    assert project.ids == {"sourcing_a/uno": ids["sourcing_a/one"]}
    assert project.run("plan", "--detailed-exitcode").code == 0, "the lines may stay"


def test_a_rename_with_a_new_text_is_one_update(project: Project, emulator: BackgroundEmulator) -> None:
    ids = applied(project, one=blueprint("One"))
    with_lines(project, {"uno": blueprint("One", steps=1)}, moved=[{"from": "one", "to": "uno"}])
    assert project.apply().code == 0
    assert project.ids == {"sourcing_a/uno": ids["sourcing_a/one"]}
    (stored,) = emulator.store.blueprints("sourcing_a")
    assert len(stored.steps) == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("sourcing_a/one", "sourcing_b/one", "a blueprint can't change its sourcing"),
        ("sourcing_a/one", "sourcing_a/two", "the state holds sourcing_a/two already"),
        ("sourcing_a/one", "sourcing_a/Uno", "is no address"),
        ("sourcing_a/onee", "sourcing_a/uno", "did you mean sourcing_a/one?"),
    ],
)
def test_state_mv_refuses(project: Project, old: str, new: str, said: str) -> None:
    before = applied(project)
    ran = project.run("state", "mv", old, new)
    assert (ran.code, said in ran.err) == (1, True), ran
    assert project.ids == before


def test_what_is_protected_needs_somebodys_word(project: Project, emulator: BackgroundEmulator) -> None:
    applied(project, one=blueprint("One", protect=True))
    project.write("sourcing_a", {"one": blueprint("One", steps=1, protect=True)})
    ran = project.apply()
    assert (ran.code, "`protect: true` keeps it as it is" in ran.out) == (6, True)
    assert project.apply("--overwrite", "sourcing_a/one").code == 0
    assert len(emulator.store.blueprints("sourcing_a")[0].steps) == 1


def test_what_was_left_out_is_said(project: Project) -> None:
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    project.write("sourcing_b", {"one": blueprint("One")})
    ran = project.apply("--target", "sourcing_a/o*")
    assert ran.code == 0
    assert list(project.ids) == ["sourcing_a/one"]
    assert "2 changes left out" in ran.err
    wrong = project.run("plan", "--sourcing", "sourcing_x")
    assert (wrong.code, "did you mean sourcing_" in wrong.err) == (1, True), wrong


def test_a_sourcing_that_changes_is_a_new_one_and_an_orphan(project: Project) -> None:
    applied(project, one=blueprint("One"))
    (project.folder / "blueprints" / "sourcing_a.yaml").unlink()
    project.write("sourcing_b", {"one": blueprint("One")})
    ran = project.run("plan")
    assert "a blueprint can't change its sourcing" in ran.out
    assert "1 to create, 1 orphan" in ran.out


def test_a_saved_plan_is_bound_to_what_kalent_showed(project: Project, emulator: BackgroundEmulator) -> None:
    ids = applied(project)
    project.write("sourcing_a", {"one": blueprint("One", steps=1), "two": blueprint("Two")})
    assert project.run("plan", "--refresh", "--out", "plan.json").code == 0
    emulator.store.create("sourcing_a", "Something else", [])
    edit(emulator, ids["sourcing_a/one"], "Theirs")
    ran = project.apply("plan.json")
    assert (ran.code, "Kalent has changed" in ran.err, "1 to update" in ran.err) == (7, True, True)
    emulator.store.edit(ids["sourcing_a/one"], steps=blueprint("One")["steps"])
    assert project.apply("plan.json").code == 0, "what is unrelated does not count"


def test_the_state_of_another_workspace_stops_before_any_write(project: Project, tmp_path: Path) -> None:
    applied(project)
    with BackgroundEmulator(sourcings=[("sourcing_a", "A"), ("sourcing_b", "B")]) as other:
        state = json.loads(project.state_path.read_text(encoding="utf-8"))
        project.url = other.url
        ran = project.apply()
        assert (ran.code, "belongs to another API" in ran.err) == (8, True)
        state["tenant"] = None
        project.state_path.write_text(json.dumps(state), encoding="utf-8")
        project.write("sourcing_b", {"new": blueprint("New")})
        ran = project.apply()
        assert (ran.code, "nothing was written" in ran.err) == (8, True), ran
        assert other.store.blueprints("sourcing_b") == []


def test_the_files_are_yaml_that_others_read(project: Project) -> None:
    """`moved`, `removed` and `protect` stand in the schema for editors, too."""
    schema = json.loads(project.run("schema").out)
    assert {"moved", "removed"} <= schema["properties"].keys()
    assert "protect" in schema["$defs"]["Blueprint"]["properties"]
    assert yaml.safe_load("moved: [{from: a, to: b}]") == {"moved": [{"from": "a", "to": "b"}]}
