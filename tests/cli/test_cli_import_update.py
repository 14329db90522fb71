"""`import --update`: what a colleague changed in Kalent goes into the files, and nothing else there changes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.faults.proxy import Exchange, FaultProxy, on
from tests.harness import Project

FILE = """\
# The back end, together with Zoë.
sourcingId: sourcing_a

blueprints:
  first:  # the first one that worked
    name: First contact
    steps:
      - id: mail  # short!
        name: A mail
        type: EMAIL
        subject: "{{sourcingJobTitle}}"  # never more
        temporalityType: ASAP
        policy: {skipStepIfNoContact: true}
        config: {userId: user_1}
        content: |-
          Hi {{firstname}},

          a word about the job.
  second:
    name: Second
    steps: []
"""


def written(project: Project) -> str:
    return (project.folder / "blueprints" / "a.yaml").read_text(encoding="utf-8")


def applied(project: Project) -> str:
    path = project.folder / "blueprints" / "a.yaml"
    path.parent.mkdir()
    path.write_text(FILE, encoding="utf-8")
    assert project.apply().code == 0
    return project.ids["sourcing_a/first"]


def edit(emulator: BackgroundEmulator, blueprint_id: str, **fields: Any) -> None:
    (stored,) = (e for e in emulator.store.blueprints("sourcing_a") if e.blueprint_id == blueprint_id)
    steps = json.loads(json.dumps(stored.steps))
    steps[0] |= fields
    emulator.store.edit(blueprint_id, steps=steps)


def test_with_line_ends_of_windows_on_both_sides(project: Project, emulator: BackgroundEmulator) -> None:
    """The file was checked out on Windows, and so was the browser that edited. Saved again, nothing is an edit."""
    path = project.folder / "blueprints" / "a.yaml"
    path.parent.mkdir()
    path.write_bytes(FILE.replace("\n", "\r\n").encode())
    assert project.apply().code == 0
    made = project.ids["sourcing_a/first"]
    edit(emulator, made, content="Hi {{firstname}},\r\n\r\na word about the job.")
    assert project.run("plan", "--refresh", "--detailed-exitcode").code == 0
    edit(emulator, made, content="Hi {{firstname}},\r\n\r\ntwo words\r\nabout the job.")
    assert project.run("import", "sourcing_a", "--update").code == 0
    wanted = FILE.replace("a word about", "two words\n          about").replace("\n", "\r\n").encode()
    assert path.read_bytes() == wanted
    assert project.run("plan", "--refresh", "--detailed-exitcode").code == 0
    assert project.run("fmt", "--check", "-q").code in {0, 1}
    assert path.read_bytes() == wanted
    path.unlink()
    project.state_path.write_bytes(project.state_path.read_bytes().replace(b"\n", b"\r\n"))
    assert project.run("state", "list").code == 0
    project.state_path.unlink()
    assert project.run("import", "sourcing_a").code == 0
    (imported,) = path.parent.iterdir()
    text = imported.read_text(encoding="utf-8")
    assert (
        "content: |-\n          Hi {{firstname}},\n\n          two words\n          about the job.\n" in text
    )
    assert project.run("plan", "--refresh", "--detailed-exitcode").code == 0


def test_an_edit_is_taken_and_the_rest_stays_to_the_byte(
    project: Project, emulator: BackgroundEmulator
) -> None:
    made = applied(project)
    edit(
        emulator,
        made,
        content="Hi {{firstname}},\n\ntwo words about the job.",
        delay={"value": 2, "unit": "day"},
    )
    edit(emulator, made, temporalityType="DELAYED")
    assert project.run("plan", "--refresh-only", "--detailed-exitcode").code == 2
    ran = project.run("import", "sourcing_a", "--update")
    assert ran.code == 0, ran
    assert "a.yaml" in ran.out
    after = written(project)
    expected = FILE.replace("a word about", "two words about").replace(
        "temporalityType: ASAP", "temporalityType: DELAYED"
    )
    lines = [line for line in after.splitlines() if "delay:" not in line]
    assert lines == expected.splitlines()
    assert project.run("plan", "--refresh", "--detailed-exitcode").code == 0
    assert "Nothing to import." in project.run("import", "sourcing_a", "--update").out
    # What Kalent hides is still there, in the file and on the server.
    (stored,) = (e for e in emulator.store.blueprints("sourcing_a") if e.blueprint_id == made)
    assert "config: {userId: user_1}" in after
    assert "userId" not in json.dumps(stored.listed())


@pytest.mark.parametrize("everything", [("--all",), ()])
def test_without_a_sourcing_all_of_ours_are_looked_at(
    everything: tuple[str, ...], project: Project, emulator: BackgroundEmulator
) -> None:
    made = applied(project)
    edit(emulator, made, name="Another")
    ran = project.run("import", *everything, "--update", "--format", "json")
    assert ran.code == 0, ran
    assert [each["address"] for each in ran.json["taken"]] == ["sourcing_a/first"]
    assert ran.json["files"] == ["blueprints/a.yaml"]


@pytest.mark.parametrize("where", ["a.yaml", "other.yaml"])
def test_a_name_that_another_blueprint_has_is_taken_and_told(
    where: str, project: Project, emulator: BackgroundEmulator
) -> None:
    """Two sequences of one name are possible in Kalent; the files must not pretend that all is well."""
    made = applied(project)
    if where != "a.yaml":
        project.write("sourcing_a", {"third": blueprint("Second.")}, name="other")
    emulator.store.edit(made, name="Second" if where == "a.yaml" else "Second.")
    for dry in (["--dry-run"], []):
        ran = project.run("import", "sourcing_a", "--update", *dry)
        assert ran.code == 3, ran
        assert "error KAL018: this name is used twice in this sourcing" in ran.err
    assert project.run("plan").code == 3


def test_a_dry_run_touches_nothing(project: Project, emulator: BackgroundEmulator) -> None:
    made = applied(project)
    edit(emulator, made, name="Another")
    before = {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()}
    ran = project.run("import", "sourcing_a", "--update", "--dry-run")
    assert (ran.code, "Would import: 1 blueprint into 1 file." in ran.out) == (0, True)
    assert {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()} == before


def test_a_file_that_is_not_formatted_is_formatted_and_told(
    project: Project, emulator: BackgroundEmulator
) -> None:
    made = applied(project)
    path = project.folder / "blueprints" / "a.yaml"
    clean = written(project)
    path.write_text(clean.replace("name: ", "name:   "), encoding="utf-8")
    edit(emulator, made, name="Another")
    ran = project.run("import", "sourcing_a", "--update", "--dry-run")
    assert (
        "blueprints/a.yaml would be edited and formatted: `kalentops fmt` would change it anyway" in ran.out
    )
    ran = project.run("import", "sourcing_a", "--update")
    assert "blueprints/a.yaml edited and formatted: `kalentops fmt` would change it anyway" in ran.out
    assert "name:   " not in written(project)
    edit(emulator, made, name="Once more")
    assert "formatted" not in project.run("import", "sourcing_a", "--update").out


def test_what_both_have_changed_is_a_conflict_and_the_other_is_taken(
    project: Project, emulator: BackgroundEmulator
) -> None:
    made = applied(project)
    path = project.folder / "blueprints" / "a.yaml"
    path.write_text(written(project).replace("a word", "my word"), encoding="utf-8")
    edit(emulator, made, content="Theirs")
    emulator.store.edit(project.ids["sourcing_a/second"], name="Second, theirs")
    ran = project.run("import", "sourcing_a", "--update")
    assert ran.code == 9, ran
    assert "both changed step mail: content" in ran.out
    assert "my word" in written(project)
    assert "Second, theirs" in written(project)
    assert project.apply("--overwrite", "sourcing_a/first").code == 0
    assert project.run("plan", "--refresh", "--detailed-exitcode").code == 0


def test_what_our_rules_refuse_is_taken_and_told(project: Project, emulator: BackgroundEmulator) -> None:
    made = applied(project)
    edit(emulator, made, content="Hi [company]")
    ran = project.run("import", "sourcing_a", "--update")
    assert ran.code == 3
    assert "KAL103" in ran.err
    assert "Hi [company]" in written(project)
    again = project.run("plan")
    assert (again.code, "KAL103" in again.err) == (3, True)


def test_a_sourcing_that_the_state_does_not_know(project: Project) -> None:
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    assert project.apply().code == 0
    ran = project.run("import", "sourcing_aa", "--update")
    assert ran.code == 1
    assert "no blueprint of sourcing_aa is recorded in the state" in ran.err
    assert "did you mean sourcing_a?" in ran.err


def test_no_keys_are_asked_for_beside_it(project: Project) -> None:
    ran = project.run("import", "sourcing_a", "--update", "--key", "one", "--id", "bp_1")
    assert (ran.code, "leave --key, --id and --file out" in ran.err) == (1, True)


def test_a_state_that_can_not_be_written_is_fixed_by_the_next_run(
    project: Project, emulator: BackgroundEmulator
) -> None:
    """The file has the change, the state does not know: the next run only records it."""
    made = applied(project)
    edit(emulator, made, name="Another")
    old = project.state_path.read_bytes()
    assert project.run("import", "sourcing_a", "--update").code == 0
    project.state_path.write_bytes(old)
    ran = project.run("import", "sourcing_a", "--update")
    assert (ran.code, "the file already has this" in ran.out) == (0, True)
    assert project.run("plan", "--refresh", "--detailed-exitcode").code == 0


@pytest.mark.parametrize(
    ("old", "new"), [("a word", "my word"), ("sourcing_a", "sourcing_b"), ("  first:", "  other:")]
)
def test_what_is_saved_while_kalent_is_read_is_not_undone(
    project: Project, proxy: FaultProxy, emulator: BackgroundEmulator, old: str, new: str
) -> None:
    made = applied(project)
    emulator.store.edit(made, name="Theirs")
    saved = FILE.replace(old, new)

    def save(exchange: Exchange) -> None:
        (project.folder / "blueprints" / "a.yaml").write_text(saved, encoding="utf-8")
        exchange.send(exchange.forward())

    state = project.state_path.read_bytes()
    proxy.script = on("list", save, nth=proxy.count("list") + 1)
    ran = project.run("import", "sourcing_a", "--update")
    assert (ran.code != 0, "has changed meanwhile; nothing was imported" in ran.err) == (True, True), ran
    assert (written(project), project.state_path.read_bytes()) == (saved, state)
