"""Positions in several environments: what the commands make of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kalentops.emulator.server import BackgroundEmulator
from kalentops.yamlfile.build import document_text
from tests.builders import blueprint, step
from tests.harness import Project

A, B, C = "sourcing_a", "sourcing_b", "sourcing_c"
CONFIG = "environments:\n  production: {}\n  trial: {}\n  acme: {blueprints: clients/acme}\n"


def put(project: Project, file: str, /, **data: Any) -> Path:
    path = project.folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document_text(data), encoding="utf-8")
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
    said = f"clients/acme/a.yaml:1:13: error KAL031: `{B}` is in acme here, and in trial in blueprints/both.yaml:1"
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
    assert "clients/acme/a.yaml:1:13: error KAL023: the sourcing `sourcing_zz` does not exist" in ran.out
    assert shared.run("validate", "--online", "-e", "trial").code == 0


def files(project: Project) -> dict[str, str]:
    return {path.name: path.read_text() for path in (project.folder / "blueprints").glob("*.yaml")}


def keys(project: Project) -> None:
    for name in ("production", "trial", "acme"):
        project.environment[f"KALENT_API_KEY_{name.upper()}"] = f"key-{name}"


def test_a_position_is_closed_in_one_environment(shared: Project) -> None:
    keys(shared)
    for name in ("production", "trial"):
        ran = shared.apply("-e", name)
        assert ran.code == 0, ran.err
    before = files(shared)
    ran = shared.run("close", A, "-e", "production")
    assert ran.out.splitlines()[:2] == [
        "  blueprints/engineer.yaml written; removed: [one, two]",
        "  blueprints/both.yaml changed; it stays as it is for trial",
    ]
    after = files(shared)
    assert after.pop("engineer.yaml") == (
        f"sourcingId: {{production: {A}}}\ntitle: Engineer\nremoved: [one, two]\n"
    )
    wanted = before["both.yaml"].replace(f"production: {A}, ", "")
    assert after == before | {"both.yaml": wanted}
    assert shared.run("validate").code == 0
    assert "Plan: 2 to forget." in shared.run("plan", "-e", "production").out
    assert "No changes." in shared.run("plan", "-e", "trial").out
    assert shared.apply("-e", "production").code == 0
    assert "Closed already" in shared.run("close", A, "-e", "production").out
    ran = shared.run("close", B, "-e", "trial")
    assert ran.out.startswith("  blueprints/both.yaml changed; removed: [one, two]\n"), "no other one uses it"


def test_a_position_that_was_never_applied_is_removed_by_hand(shared: Project) -> None:
    ran = shared.run("close", A, "-e", "production")
    assert (ran.code, "remove production from blueprints/both.yaml" in ran.err) == (1, True)


def test_a_position_that_no_longer_names_an_environment_leaves_orphans_there(shared: Project) -> None:
    keys(shared)
    assert shared.apply("-e", "trial").code == 0
    text = (shared.folder / "blueprints/both.yaml").read_text()
    (shared.folder / "blueprints/both.yaml").write_text(text.replace(f", trial: {B}", ""))
    assert "2 orphans" in shared.run("plan", "-e", "trial").out


def test_a_new_blueprint_gets_a_file_of_its_environment(shared: Project) -> None:
    """In the file of both, the other environment would get it, too: that one has to be named."""
    ran = shared.run("new", A, "--use", "t", "--key", "three", "-e", "production")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "  blueprints/sourcing-a.yaml written: blueprint three")
    made = f"sourcingId: {{production: {A}}}\nblueprints:\n  three:\n    use: t\n    name: Two (three)\n"
    assert files(shared)["sourcing-a.yaml"] == made
    ran = shared.run("new", A, "--use", "t", "--key", "four", "-e", "production")
    assert ran.out.splitlines()[0] == "  blueprints/sourcing-a.yaml changed: blueprint four"
    args = ("--to", "blueprints/both.yaml", "-e", "production")
    ran = shared.run("new", A, "--use", "t", "--key", "five", *args)
    assert ran.out.splitlines()[0] == "  blueprints/both.yaml changed: blueprint five"
    assert shared.run("render", f"{B}/five", "-e", "trial").code == 0
    put(shared, "clients/acme/t.yaml", template="t", name="Two", steps=[step(1)])
    ran = shared.run("new", "sourcing_x", "--use", "t", "-e", "acme")
    assert ran.code == 0
    text = (shared.folder / "clients/acme/sourcing-x.yaml").read_text()
    assert text.startswith("sourcingId: sourcing_x\n"), "no other environment reads the folder"
    assert shared.run("validate").code == 0


@pytest.mark.parametrize("command", [("new", "--use", "t"), ("close",), ("import",)])
def test_the_sourcing_of_another_environment_is_refused(command: tuple[str, ...], shared: Project) -> None:
    keys(shared)
    before = files(shared)
    ran = shared.run(command[0], B, *command[1:], "-e", "production")
    assert (ran.code, files(shared)) == (1, before)
    assert f"error: {B} is a sourcing of trial: blueprints/both.yaml" in ran.err
    assert "hint: pass -e trial" in ran.err
    if command[0] != "close":
        ran = shared.run(command[0], C, *command[1:], "-e", "production")
        assert (ran.code, files(shared)) == (1, before)
        assert f"error: {C} is a sourcing of acme: clients/acme/a.yaml:1" in ran.err


def test_an_import_writes_ids_by_environment(shared: Project, emulator: BackgroundEmulator) -> None:
    keys(shared)
    emulator.store.create(C, name="Theirs", steps=[step(1)])
    (shared.folder / "clients/acme/a.yaml").unlink()
    ran = shared.run("import", C, "-e", "trial")
    assert ran.code == 0, ran.err
    [(name, text)] = [(name, text) for name, text in files(shared).items() if C in text]
    assert text.startswith(f"sourcingId: {{trial: {C}}}\n")
    assert "No changes." in shared.run("plan", "-e", "trial", f"blueprints/{name}").out
    assert "Plan: 2 to create" in shared.run("plan", "-e", "production").out


def test_an_edit_of_a_shared_file_names_the_others(shared: Project, emulator: BackgroundEmulator) -> None:
    keys(shared)
    assert shared.apply("-e", "production").code == 0
    made = next(each for each in emulator.store.blueprints(A) if each.name == "One")
    emulator.store.edit(made.blueprint_id, name="Theirs")
    ran = shared.run("import", A, "--update", "-e", "production")
    assert ran.code == 0, ran.err
    said = "note: blueprints/both.yaml is also in trial: the next plan there shows the same edits"
    assert said in ran.err.splitlines()
    assert "name: Theirs" in files(shared)["both.yaml"]
    made = next(each for each in emulator.store.blueprints(A) if each.name == "Two")
    emulator.store.edit(made.blueprint_id, name="Three")
    ran = shared.run("import", A, "--update", "--into-template", "-e", "production")
    assert said.replace("both", "t") in ran.err.splitlines()
    assert "No changes." in shared.run("plan", "-e", "production").out


def test_the_schema_knows_the_environments_and_the_templates_of_all_folders(shared: Project) -> None:
    put(shared, "clients/acme/t.yaml", template="of-acme", name="T", steps=[step(1)])
    shown = shared.run("schema").json["$defs"]
    assert list(shown["SourcingFile"]["properties"]["sourcingId"]["properties"]) == ["production", "trial"]
    assert shown["Use"]["properties"]["use"]["examples"] == ["of-acme", "t"]
    of_one = shared.run("schema", "-e", "acme").json["$defs"]
    assert of_one["SourcingFile"]["properties"]["sourcingId"]["type"] == "string"


def test_plain_forms_and_templates_keep_the_ids_of_all_environments(shared: Project) -> None:
    """`render` and `detach` of one environment speak of the file of both; so does `extract`."""
    head = f"sourcingId: {{production: {A}, trial: {B}}}\ntitle: Engineer\n"
    ran = shared.run("render", f"{B}/two", "-e", "trial")
    assert ran.out.startswith(head)
    assert shared.run("render", f"{B}/two", "-e", "production").code == 1
    assert shared.run("detach", f"{B}/two", "-e", "trial").code == 0
    assert files(shared)["both.yaml"].startswith(head)
    ran = shared.run("extract", f"{A}/one", f"{A}/two", "--as", "common", "--align", "-e", "production")
    assert ran.code == 0, ran.err
    assert files(shared)["both.yaml"].startswith(head)
    assert files(shared)["both.yaml"].count("use: common") == 2
    assert shared.run("validate").code == 0


def test_fmt_keeps_and_formats_the_ids(shared: Project) -> None:
    path = shared.folder / "blueprints/both.yaml"
    path.write_text(
        path.read_text().replace(
            f"{{production: {A}, trial: {B}}}", f"{{production:   {A},  trial: {B}}} # ids"
        )
    )
    other = put(shared, "clients/acme/b.yaml", sourcingId="s_7", blueprints={})
    other.write_text("sourcingId:   s_7\nblueprints: {}\n")
    assert shared.run("fmt", "--check").code == 1
    assert shared.run("fmt").code == 0
    assert path.read_text().startswith(f"sourcingId: {{production: {A}, trial: {B}}}  # ids\n")
    assert other.read_text().startswith("sourcingId: s_7\n")


def test_an_environment_may_have_no_folder_yet(shared: Project) -> None:
    (shared.folder / "clients/acme/a.yaml").unlink()
    (shared.folder / "clients/acme").rmdir()
    ran = shared.run("validate")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "valid: 2 files, 2 blueprints")
    assert ran.err == f"note: there is no {shared.folder / 'clients/acme'} yet\n"
    for command in ("fmt", "preview", "schema"):
        assert shared.run(command).code == 0
    assert shared.run("validate", "-e", "acme").code == 1
