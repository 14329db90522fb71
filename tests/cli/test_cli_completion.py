"""What a shell completes."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from kalentops.cli.main import cli
from tests.builders import blueprint
from tests.harness import Project


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    project = Project(tmp_path / "sub", "http://127.0.0.1:9/api")
    project.write("sourcing_a", {"first": blueprint("First"), "second": blueprint("Second")})
    project.write("sourcing_b", {"first": blueprint("First")})
    (project.folder / "blueprints" / "t.yaml").write_text(
        "template: linkedin-first\nlanguages: [en, fr]\nname: {en: First, fr: Premier}\n"
    )
    (project.folder / "blueprints" / "c.yaml").write_text(
        "sourcingId: sourcing_c\nlanguage: en\nblueprints: {third: {use: linkedin-first}}\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def completed(*args: str) -> list[str]:
    *before, incomplete = args
    return [
        each.value
        for each in ShellComplete(cli, {}, "kalentops", "_X").get_completions(list(before), incomplete)
    ]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("args", "offered"),
    [
        (("-C", "sub", "plan", "--sourcing", ""), ["sourcing_a", "sourcing_b", "sourcing_c"]),
        (("plan", "-C", "sub", "--target", "sourcing_a/"), ["sourcing_a/first", "sourcing_a/second"]),
        (("apply", "-C", "sub", "--overwrite", "sourcing_b"), ["sourcing_b/first"]),
        (("import", "-C", "sub", "sourcing_b"), ["sourcing_b"]),
        (("state", "rm", "-C", "sub", "s"), []),
        (("plan", "-C", "nowhere", "--target", ""), []),
        (("plan", "--format", "s"), ["sarif"]),
        (("rule", "kal10"), ["KAL101", "KAL102", "KAL103", "KAL104", "KAL105", "KAL106", "KAL107"]),
        (("rule", "unknown-v"), ["unknown-variable", "unknown-value"]),
        (("new", "-C", "sub", "sourcing_a", "--use", "l"), ["linkedin-first"]),
        (("new", "-C", "sub", "sourcing_a", "--use", "linkedin-first", "--language", ""), ["en", "fr"]),
        (("render", "-C", "sub", "sourcing_a/f"), ["sourcing_a/first"]),
        (("detach", "-C", "sub", ""), ["sourcing_c/third"]),
        (("close", "-C", "sub", "sourcing_b"), ["sourcing_b"]),
        (("nonsense", "x"), []),
    ],
)
def test_what_is_offered(args: tuple[str, ...], offered: list[str]) -> None:
    found = completed(*args)
    assert set(offered) <= set(found) if args[0] == "rule" else found == offered


def test_environments_and_what_the_named_one_has_are_offered(folder: Path) -> None:
    (folder / "sub" / "kalentops.yaml").write_text("environments: {trial: {}, acme: {blueprints: acme}}\n")
    assert completed("plan", "-C", "sub", "-e", "") == ["acme", "trial"]
    assert completed("plan", "-C", "sub", "-e", "acme", "--sourcing", "") == []
    assert completed("plan", "-C", "sub", "-e", "trial", "--sourcing", "sourcing_b") == ["sourcing_b"]
    assert completed("plan", "-C", "sub", "--sourcing", "") == []


def test_addresses_of_the_state_are_offered_to_what_changes_it(folder: Path) -> None:
    state = folder / "sub" / "kalentops.state.json"
    state.write_text("{")
    assert completed("state", "show", "-C", "sub", "s") == []
