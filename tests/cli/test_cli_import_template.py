"""`import --update` of positions that share a template: one of them is edited in Kalent, and the others stay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests.harness import Project

TEMPLATE = """\
# What all positions get.
template: first
parameters:
  pitch: {about: One sentence about the role}
name: First contact
steps:
  - id: mail
    name: A mail
    type: EMAIL
    subject: "{{sourcingJobTitle}}"  # never more
    temporalityType: ASAP
    policy: {skipStepIfNoContact: true}
    content: |-
      Hi {{firstname}},

      {{param.pitch}}
      Do you have ten minutes? {{snippet.bye}}
  - id: last
    name: The last mail
    type: EMAIL
    subject: "{{sourcingJobTitle}}"
    temporalityType: DELAYED
    delay: {value: 3, unit: day}
    policy: {skipStepIfNoContact: true}
    content: Last one. {{snippet.bye}}
"""
SOURCINGS = [f"sourcing_{number:02}" for number in range(12)]


@pytest.fixture
def twelve(project: Project, emulator: BackgroundEmulator) -> Project:
    folder = project.folder / "blueprints"
    (folder / "shared").mkdir(parents=True)
    (folder / "shared" / "first.yaml").write_text(TEMPLATE)
    (folder / "shared" / "snippets.yaml").write_text("snippets: {bye: Bye}\n")
    for number, sourcing in enumerate(SOURCINGS):
        emulator.store.add_sourcing(sourcing, name=f"Role {number}: Paris")
        own = "    change: {last: {content: My own.}}\n" if number == 11 else ""
        (folder / f"{sourcing}.yaml").write_text(
            f"# Position {number}\nsourcingId: {sourcing}\nblueprints:\n  one:  # the only one\n    use: first\n"
            f"    with: {{pitch: We build boat {number}.}}  # short\n{own}"
        )
    assert project.apply().code == 0
    return project


def texts(project: Project) -> dict[str, str]:
    folder = project.folder / "blueprints"
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.yaml")}


def replace_words(emulator: BackgroundEmulator, project: Project, sourcing: str, old: str, new: str) -> None:
    (stored,) = emulator.store.blueprints(sourcing)
    steps: Any = json.loads(json.dumps(stored.steps).replace(old, new))
    assert steps != stored.steps
    emulator.store.edit(project.ids[f"{sourcing}/one"], steps=steps)


def test_an_edit_of_one_of_twelve_is_taken_and_the_others_stay(
    twelve: Project, emulator: BackgroundEmulator
) -> None:
    before = texts(twelve)
    replace_words(emulator, twelve, "sourcing_03", "boat 3", "ships")
    replace_words(emulator, twelve, "sourcing_03", "Last one", "The last one")
    drift = twelve.run("plan", "--refresh")
    assert "keep the edit: kalentops import sourcing_03 --update\n" in drift.out
    ran = twelve.run("import", "--update")
    assert ran.code == 0, ran
    assert ran.out.endswith("Imported: 1 blueprint into 1 file. Review it with `git diff`.\n")
    after = texts(twelve)
    assert {name for name in after if after[name] != before[name]} == {"sourcing_03.yaml"}
    assert after["sourcing_03.yaml"] == (
        "# Position 3\nsourcingId: sourcing_03\ntitle: 'Role 3: Paris'\nblueprints:\n  one:  # the only one\n"
        "    use: first\n    with: {pitch: We build ships.}  # short\n    change:\n      last:\n"
        "        content: |-\n          The last one. Bye\n"
    ).replace("'", '"')
    planned = twelve.run("plan", "--refresh", "--detailed-exitcode")
    assert (planned.code, planned.out) == (0, "No changes. 12 unchanged.\n")


def test_with_into_template_exactly_those_change_that_it_lists(
    twelve: Project, emulator: BackgroundEmulator
) -> None:
    before = texts(twelve)
    replace_words(emulator, twelve, "sourcing_03", "ten minutes", "a quarter of an hour")
    replace_words(emulator, twelve, "sourcing_03", "Last one", "The last one")
    dry = twelve.run("import", "--update", "--into-template", "--dry-run")
    assert texts(twelve) == before
    assert "11 other blueprints change with the template; the next `kalentops apply` updates:\n" in dry.out
    ran = twelve.run("import", "--update", "--into-template", "--format", "json")
    assert ran.code == 0, ran
    users = [f"{sourcing}/one" for sourcing in SOURCINGS if sourcing != "sourcing_03"]
    assert ran.json["users"] == users
    after = texts(twelve)
    assert {name for name in after if after[name] != before[name]} == {"shared/first.yaml"}
    expected = TEMPLATE.replace("ten minutes", "a quarter of an hour")
    assert after["shared/first.yaml"] == expected.replace("Last one.", "The last one.")
    planned = twelve.run("plan", "--format", "json").json["changes"]
    assert [each["address"] for each in planned if each["action"] == "update"] == users


def test_a_user_with_a_text_of_its_own_does_not_change_with_the_template(
    twelve: Project, emulator: BackgroundEmulator
) -> None:
    replace_words(emulator, twelve, "sourcing_03", "Last one", "The last one")
    ran = twelve.run("import", "--update", "--into-template")
    assert ran.code == 0, ran
    assert "10 other blueprints change with the template" in ran.out
    assert "sourcing_11/one" not in ran.out


def test_two_edits_of_the_same_words_of_a_template_do_not_undo_each_other(
    twelve: Project, emulator: BackgroundEmulator
) -> None:
    replace_words(emulator, twelve, "sourcing_03", "ten minutes", "five minutes")
    replace_words(emulator, twelve, "sourcing_04", "ten minutes", "six minutes")
    ran = twelve.run("import", "--update", "--into-template")
    assert ran.code == 0, ran
    after = texts(twelve)
    assert "five minutes" in after["shared/first.yaml"]
    assert "six minutes" in after["sourcing_04.yaml"]
    assert twelve.run("plan", "--refresh-only", "--detailed-exitcode").code == 0
    planned = twelve.run("plan", "--format", "json").json["changes"]
    updated = {each["address"] for each in planned if each["action"] == "update"}
    assert updated == {f"{sourcing}/one" for sourcing in SOURCINGS} - {"sourcing_03/one", "sourcing_04/one"}


def test_an_edit_of_the_template_that_is_not_applied_yet_stays(
    twelve: Project, emulator: BackgroundEmulator
) -> None:
    path = twelve.folder / "blueprints" / "shared" / "first.yaml"
    path.write_text(TEMPLATE.replace("ten minutes", "nine minutes"))
    replace_words(emulator, twelve, "sourcing_03", "Last one", "The last one")
    replace_words(emulator, twelve, "sourcing_04", "ten minutes", "eight minutes")
    ran = twelve.run("import", "--update")
    assert ran.code == 9
    assert "the file and Kalent both changed step mail: content" in ran.out
    after = texts(twelve)
    assert "content: |-\n          The last one. Bye\n" in after["sourcing_03.yaml"]
    assert "nine minutes" not in after["sourcing_03.yaml"]
    planned = twelve.run("plan", "--refresh", "--format", "json").json
    assert [each["address"] for each in planned["drift"]] == ["sourcing_04/one"]
    assert sum(each["action"] == "update" for each in planned["changes"]) == 11


def test_another_order_is_refused_with_a_way_out(twelve: Project, emulator: BackgroundEmulator) -> None:
    before = texts(twelve)
    (stored,) = emulator.store.blueprints("sourcing_03")
    emulator.store.edit(twelve.ids["sourcing_03/one"], steps=[*stored.steps][::-1])
    ran = twelve.run("import", "--update")
    assert ran.code == 6
    assert "the steps have another order than in the template" in ran.out
    assert "kalentops detach sourcing_03/one" in ran.out
    assert texts(twelve) == before


def test_into_template_alone_is_wrong_usage(project: Project) -> None:
    ran = project.run("import", "sourcing_a", "--into-template")
    assert ran.code == 1
    assert "--into-template needs --update" in ran.err


def test_an_edited_template_that_is_damaged_meanwhile_is_left_alone(
    twelve: Project, emulator: BackgroundEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_words(emulator, twelve, "sourcing_03", "ten minutes", "five minutes")
    path = twelve.folder / "blueprints" / "shared" / "first.yaml"
    read_bytes = Path.read_bytes

    def saved_meanwhile(self: Path) -> bytes:
        found = read_bytes(self)
        return found + b"# saved\n" if self == path else found

    monkeypatch.setattr(Path, "read_bytes", saved_meanwhile)
    ran = twelve.run("import", "--update", "--into-template")
    assert ran.code != 0
    assert "has changed meanwhile" in ran.err
    monkeypatch.undo()
    assert path.read_text() == TEMPLATE
