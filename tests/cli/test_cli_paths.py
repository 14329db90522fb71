"""`plan` and `apply` of some files: what of the plan that selects, and that nothing else looks deleted."""

from __future__ import annotations

import json

import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint, step
from tests.harness import Project

A, B = "blueprints/a.yaml", "blueprints/b.yaml"


@pytest.fixture
def two(project: Project) -> Project:
    """Two files that serve one sourcing."""
    project.write("sourcing_a", {"one": blueprint("One")}, name="a")
    project.write("sourcing_a", {"two": blueprint("Two")}, name="b")
    return project


def planned(project: Project, *args: str) -> dict[str, str]:
    ran = project.run("plan", "--format", "json", *args)
    assert ran.code == 0, ran.err
    return {each["address"]: each["action"] for each in ran.json["changes"]}


def test_a_file_selects_what_it_declares(two: Project, emulator: BackgroundEmulator) -> None:
    assert planned(two, A) == {"sourcing_a/one": "create"}
    assert "1 change outside the selection: sourcing_a/two" in two.run("plan", A).out
    assert two.apply(A).code == 0
    assert list(two.ids) == ["sourcing_a/one"]
    assert len(emulator.store.blueprints("sourcing_a")) == 1
    assert planned(two, A, B) == planned(two, "blueprints") == planned(two)


def test_a_file_that_is_not_named_and_one_that_is_gone_look_like_nothing(two: Project) -> None:
    assert two.apply().code == 0
    (two.folder / B).unlink()
    assert planned(two, A) == {"sourcing_a/one": "no-op"}
    assert planned(two) == {"sourcing_a/one": "no-op", "sourcing_a/two": "orphan"}


def test_what_a_file_moves_and_removes_is_selected_with_it(two: Project) -> None:
    assert two.apply().code == 0
    for name, key, line in (
        ("a", "first", "moved: [{from: one, to: first}],"),
        ("b", "other", "removed: [two],"),
    ):
        path = two.write("sourcing_a", {key: blueprint("One" if key == "first" else "Other")}, name=name)
        path.write_text(path.read_text().replace("{", "{" + line, 1))
    assert planned(two, A) == {"sourcing_a/first": "move"}
    assert planned(two, B) == {"sourcing_a/other": "create", "sourcing_a/two": "forget"}
    assert two.apply(A).code == 0
    assert set(two.ids) == {"sourcing_a/first", "sourcing_a/two"}


def test_paths_narrow_what_options_ask_for_and_a_saved_plan_keeps_them(two: Project) -> None:
    assert planned(two, "blueprints", "--target", "two") == {"sourcing_a/two": "create"}
    assert planned(two, A, "--target", "two") == {}
    assert two.run("plan", B, "--out", "plan.json").code == 0
    assert json.loads((two.folder / "plan.json").read_text())["asked"]["addresses"] == ["sourcing_a/two"]
    assert two.apply("plan.json").code == 0
    assert list(two.ids) == ["sourcing_a/two"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("plan", "nowhere.yaml"), "there is no nowhere.yaml"),
        (("plan", "other.yaml"), "other.yaml is not one of the files below"),
        (("apply", "--yes", "plan.json"), "there is no file plan.json"),
        (("apply", "--yes", A, "plan.json"), "a saved plan has its own selection"),
    ],
)
def test_what_can_not_be_selected(args: tuple[str, ...], said: str, two: Project) -> None:
    (two.folder / "other.yaml").write_text("sourcingId: s\nblueprints: {}\n")
    ran = two.run(*args)
    assert (ran.code, said in ran.err) == (1, True), ran.err


def test_a_file_with_nothing_in_it_selects_nothing(two: Project) -> None:
    (two.folder / "blueprints" / "empty.yaml").write_text("sourcingId: sourcing_a\nblueprints: {}\n")
    assert planned(two, "blueprints/empty.yaml") == {}
    assert two.apply("blueprints/empty.yaml").code == 0
    assert two.ids == {}


def test_the_folder_may_stand_before_the_command(
    two: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    here = Project(tmp_path_factory.mktemp("elsewhere"), two.url)
    named = here.run("-C", str(two.folder.parent), "-C", two.folder.name, "plan", "--out", "plan.json", A)
    assert (named.code, "to create" in named.out) == (0, True), named.err
    assert (two.folder / "plan.json").exists()
    assert here.run("-C", str(two.folder), "plan", "-C", "blueprints", "--target", "x").code == 1
    missing = here.run("-C", "nowhere", "plan")
    assert (missing.code, "there is no folder nowhere\nhint: " in missing.err) == (1, True)
    assert "`kalentops init DIR` sets up a new one" in missing.err


def test_a_template_or_snippets_select_the_blueprints_that_use_them(two: Project) -> None:
    folder = two.folder / "blueprints"
    steps = [step(1, content="Hi {{snippet.bye}}")]
    for name, data in {
        "t.yaml": {"template": "t", "name": "T", "steps": steps},
        "snippets.yaml": {"snippets": {"bye": "Bye"}},
        "c.yaml": {"sourcingId": "sourcing_b", "blueprints": {"used": {"use": "t"}, "plain": blueprint("P")}},
    }.items():
        (folder / name).write_text(json.dumps(data))
    for name in ("t.yaml", "snippets.yaml"):
        assert planned(two, f"blueprints/{name}") == {"sourcing_b/used": "create"}
    assert planned(two, "blueprints/t.yaml", A).keys() == {"sourcing_a/one", "sourcing_b/used"}
