"""`kalentops fmt` on real files."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from kalentops.emulator.server import BackgroundEmulator
from kalentops.yamlfile.fmt import format_text, save
from tests.builders import blueprint
from tests.harness import Project

NEAT = "# neat\nsourcingId: s_1\nblueprints:\n  a:\n    name: A\n    steps: []\n"
MESSY = "sourcingId:   s_1\n\n\nblueprints:\n    a: # the first\n        name: 'A '\n        steps: [ ]\n"
TIDY = "sourcingId: s_1\n\nblueprints:\n  a:  # the first\n    name: 'A '\n    steps: []\n"
BROKEN = "sourcingId: s_1\nsourcingId:   s_1\n"
# As a key at the start of a line, `--- x` would begin a document.
DANGEROUS = "  --- x:   1\n"


@pytest.fixture
def bare(tmp_path: Path) -> Project:
    return Project(tmp_path, "")


def put(project: Project, **texts: str) -> Path:
    folder = project.folder / "blueprints"
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_bytes(text.encode())
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.processes
def test_files_are_brought_into_the_layout_once(bare: Project) -> None:
    folder = put(bare, neat=NEAT, messy=MESSY)
    before = (folder / "neat.yaml").stat()
    ran = bare.run("fmt")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "formatted: blueprints/messy.yaml\n1 file formatted, 1 file unchanged\n"
    assert (folder / "messy.yaml").read_text() == TIDY
    after = (folder / "neat.yaml").stat()
    same = (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert same, "what needs no change is not written"
    assert names(folder) == ["messy.yaml", "neat.yaml"]
    again = bare.process("fmt")
    assert (again.code, again.out) == (0, "2 files unchanged\n")


def test_check_tells_and_writes_nothing(bare: Project) -> None:
    folder = put(bare, neat=NEAT, messy=MESSY)
    ran = bare.run("fmt", "--check")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out == "would format: blueprints/messy.yaml\n1 file would change, 1 file unchanged\n"
    assert (folder / "messy.yaml").read_text() == MESSY
    assert bare.run("fmt", "--check", "blueprints/neat.yaml").code == 0


def test_diff_shows_and_writes_nothing(bare: Project) -> None:
    folder = put(bare, neat=NEAT, messy="a: 1  \n\n\n# \u202eb\nc: 'x\ty'\r\nd: 1")
    ran = bare.run("fmt", "--diff")
    assert ran.code == 1
    assert ran.err == "1 file would change, 1 file unchanged\n"
    assert ran.out.splitlines() == [
        "--- blueprints/messy.yaml",
        "+++ blueprints/messy.yaml, formatted",
        "@@ -1,6 +1,5 @@",
        "-a: 1··",
        "-",
        "+a: 1",
        "",
        " # \\u{202e}b",
        "-c: 'x\\ty'\\r",
        "-d: 1 (no line feed at the end)",
        "+c: 'x\\ty'",
        "+d: 1",
    ]
    assert (folder / "messy.yaml").read_bytes().endswith(b"'\r\nd: 1")
    clean = bare.run("fmt", "--diff", "blueprints/neat.yaml")
    assert (clean.code, clean.out) == (0, "")


def test_what_is_no_yaml_is_reported_and_the_rest_is_formatted(bare: Project) -> None:
    folder = put(bare, broken=BROKEN, messy=MESSY, other="a: [\n")
    ran = bare.run("fmt")
    assert ran.code == 3
    assert "blueprints/broken.yaml:2:1: error KAL005: " in ran.err
    assert "blueprints/other.yaml:1:5: error KAL003: " in ran.err
    assert ran.out == "formatted: blueprints/messy.yaml\n1 file formatted, 2 files left as they are\n"
    assert (folder / "broken.yaml").read_text() == BROKEN
    assert (folder / "messy.yaml").read_text() == TIDY
    assert bare.run("fmt", "--check").code == 3


def test_what_is_against_the_rules_is_formatted_all_the_same(bare: Project) -> None:
    folder = put(bare, a="sourcingId:   7\nblueprint:   {}\n")
    assert bare.run("fmt").code == 0
    assert (folder / "a.yaml").read_text() == "sourcingId: 7\nblueprint: {}\n"


def test_a_file_that_would_say_something_else_is_left_alone(bare: Project) -> None:
    folder = put(bare, dangerous=DANGEROUS, messy=MESSY)
    ran = bare.run("fmt")
    assert ran.code == 1
    assert "blueprints/dangerous.yaml: left as it is: formatted, it could " in ran.err
    assert ran.out == "formatted: blueprints/messy.yaml\n1 file formatted, 1 file left as it is\n"
    assert (folder / "dangerous.yaml").read_text() == DANGEROUS
    assert bare.run("fmt", "--check").code == 1


def test_quiet_says_only_what_has_to_be_said(bare: Project) -> None:
    put(bare, messy=MESSY, broken=BROKEN)
    ran = bare.run("fmt", "-q")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("blueprints/broken.yaml:2:1")


def test_line_ends_stay_and_the_byte_order_mark_goes(bare: Project) -> None:
    folder = put(bare, windows="\ufeffa: |\r\n  x  \r\n\r\n  y\r\n", mark="\ufeffa: 1\n")
    assert bare.run("fmt").out.endswith("2 files formatted\n")
    assert (folder / "windows.yaml").read_bytes() == b"a: |\r\n  x  \r\n\r\n  y\r\n"
    assert (folder / "mark.yaml").read_bytes() == b"a: 1\n"
    assert bare.run("fmt", "--check").code == 0


def test_the_diff_of_a_file_with_line_ends_of_windows(bare: Project) -> None:
    put(bare, windows="a:   1\r\nb: 2\r\nc: 3\nd: 4\r\n")
    out = bare.run("fmt", "--diff").out
    assert out.splitlines()[3:] == [
        "-a:   1",
        "+a: 1",
        " b: 2",
        "-c: 3 (a line feed alone)",
        "+c: 3",
        " d: 4",
    ]


def test_paths_and_another_folder(bare: Project) -> None:
    folder = put(bare, one=MESSY, two=MESSY)
    assert bare.run("fmt", "blueprints/one.yaml").code == 0
    assert [(folder / f"{name}.yaml").read_text() for name in ("one", "two")] == [TIDY, MESSY]
    (bare.folder / "elsewhere").mkdir()
    assert bare.run("fmt", "-C", ".", "blueprints").code == 0
    assert (folder / "two.yaml").read_text() == TIDY
    missing = bare.run("fmt", "nowhere.yaml")
    assert (missing.code, "there is no nowhere.yaml" in missing.err) == (1, True)
    empty = bare.run("fmt", "elsewhere")
    assert (empty.code, empty.out) == (0, "0 files unchanged\n")
    assert "there is no .yaml or .yml file" in empty.err


@pytest.mark.skipif(sys.platform == "win32", reason="no symbolic links, no modes")
def test_the_file_behind_a_link_is_replaced_and_keeps_its_mode(bare: Project) -> None:
    folder = put(bare)
    real = bare.folder / "shared" / "real.yaml"
    real.parent.mkdir()
    real.write_text(MESSY)
    real.chmod(0o640)
    (folder / "link.yaml").symlink_to(Path("..") / "shared" / "real.yaml")
    ran = bare.run("fmt")
    assert (ran.code, ran.out) == (0, "formatted: blueprints/link.yaml\n1 file formatted\n")
    assert (folder / "link.yaml").is_symlink()
    assert real.read_text() == TIDY
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


@pytest.mark.skipif(sys.platform == "win32", reason="no symbolic links")
def test_a_link_that_leaves_the_project_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text(MESSY)
    project = Project(tmp_path / "project", "")
    project.folder.mkdir()
    folder = put(project)
    (folder / "link.yaml").symlink_to(outside)
    ran = project.run("fmt")
    assert (ran.code, "leads out of the project" in ran.err) == (3, True)
    assert outside.read_text() == MESSY


@pytest.mark.skipif(sys.platform == "win32", reason="other limits")
def test_a_file_that_can_not_be_written_is_reported_and_the_rest_is_formatted(bare: Project) -> None:
    long = "n" * 250  # the temporary file beside it would have a name that is too long for the file system
    folder = put(bare, **{long: MESSY, "z": MESSY})
    ran = bare.run("fmt")
    assert ran.code == 1
    assert f"{long}.yaml: left as it is: it can't be written: " in ran.err
    assert (folder / f"{long}.yaml").read_text() == MESSY
    assert (folder / "z.yaml").read_text() == TIDY
    assert names(folder) == [f"{long}.yaml", "z.yaml"]


def test_what_was_saved_in_the_middle_of_it_is_not_undone(bare: Project) -> None:
    path = put(bare, a=MESSY) / "a.yaml"
    formatted = format_text("a.yaml", MESSY)
    path.write_text(NEAT)
    done = save(str(path), formatted)
    assert (done.changed, "changed meanwhile" in done.problem) == (False, True)
    assert path.read_text() == NEAT
    assert names(path.parent) == ["a.yaml"]


def test_what_is_planned_does_not_change(bare: Project) -> None:
    body = {
        "name": "A",
        "steps": [{"id": "s", "name": "N", "type": "SMS", "temporalityType": "ASAP", "content": "Hi \n\n"}],
    }
    bare.write("sourcing_a", {"one": body})
    planned = bare.run("plan", "--format", "json").json
    assert bare.run("fmt").out.endswith("1 file formatted\n")
    again = bare.run("plan", "--format", "json").json
    assert [change["after"] for change in again["changes"]] == [
        change["after"] for change in planned["changes"]
    ]
    assert again["summary"] == planned["summary"]


def test_what_is_imported_is_laid_out_already(project: Project, emulator: BackgroundEmulator) -> None:
    for name in ("First", "Dernière relance : à suivre"):
        emulator.store.create("sourcing_a", name, blueprint(name)["steps"], None)
    assert project.run("import", "sourcing_a").code == 0
    ran = project.run("fmt", "--check")
    assert (ran.code, ran.out) == (0, "1 file unchanged\n")
