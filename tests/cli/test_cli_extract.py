"""`kalentops extract` on imported positions: fewer lines, and nothing to plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalentops.emulator.server import BackgroundEmulator
from kalentops.support import atomic_write
from tests.builders import step
from tests.harness import Project
from tests.strategies import to_yaml

ROLES = ("Backend engineer", "Product designer", "Account executive")
CITIES = ("Paris", "Lyon", "Berlin", "Lille", "Nantes")


def sequence(role: str, city: str, number: int = 1) -> dict[str, object]:
    ask = f"Hi {{{{firstname}}}}, we are looking for a {role.lower()} in {city}. May I tell you more about the team?"
    mail = f"Hi {{{{firstname}}}},\n\nthe team in {city} plans the shifts of four hospitals. Do ten minutes suit you?"
    steps = [step("ask", content=ask, subject=f"{role}, {city}"), step("mail", content=mail), step("last")]
    return {"name": "First contact", "steps": steps[: 2 + bool(number % 7)]}


def texts(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*.yaml"))}


def put(project: Project) -> Path:
    folder = project.folder / "blueprints"
    folder.mkdir()
    for number, city in enumerate(CITIES):
        of = to_yaml(f"sourcing_{number}", {"first": sequence("Designer", city)})
        (folder / f"{number}.yaml").write_text(of)
    return folder


@pytest.fixture
def bare(tmp_path: Path) -> Project:
    return Project(tmp_path, "")


@pytest.mark.processes
def test_thirty_imported_positions_become_templates(project: Project, emulator: BackgroundEmulator) -> None:
    places = [(role, city) for role in ROLES for city in CITIES] * 2
    for number, (role, city) in enumerate(places):
        emulator.store.add_sourcing(f"sourcing_{number}", f"{role} / {city}")
        of = sequence(role, city, number)
        emulator.store.create(f"sourcing_{number}", "First contact", of["steps"], None)  # type: ignore[arg-type]
    assert project.run("import", "--all").code == 0
    folder = project.folder / "blueprints"
    before = texts(folder)
    state = project.state_path.read_bytes()
    assert (
        "Would extract: 1 new template for 30 blueprints" in project.run("extract", "--all", "--dry-run").out
    )
    assert "+template: first-contact" in project.run("extract", "--all", "--diff").out
    assert texts(folder) == before
    ran = project.process("extract", "--all")
    assert (ran.code, ran.err) == (0, "")
    assert "Extracted: 1 new template for 30 blueprints" in ran.out
    assert project.state_path.read_bytes() == state
    plan = project.run("plan")
    assert (plan.code, plan.out) == (0, "No changes. 30 unchanged.\n")
    assert project.run("validate").code == project.run("fmt", "--check").code == 0
    after = texts(folder)
    assert after.keys() - before.keys() == {"templates/first-contact.yaml"}
    assert sum(map(len, after.values())) * 2 < sum(map(len, before.values()))
    again = project.run("extract", "--all")
    assert (again.code, again.out) == (0, "No near-equal blueprints: nothing to extract.\n")
    assert texts(folder) == after


def test_files_with_errors_are_refused(bare: Project) -> None:
    folder = put(bare)
    (folder / "0.yaml").write_text((folder / "0.yaml").read_text().replace("hospitals", "[clients]"))
    before = texts(folder)
    ran = bare.run("extract", "--all")
    assert (ran.code, ran.out) == (3, "")
    assert "blueprints/0.yaml:27:87: error KAL103" in ran.err
    assert "the blueprints are not valid; no file was changed" in ran.err
    assert texts(folder) == before


def test_nothing_is_overwritten(bare: Project) -> None:
    folder = put(bare)
    (folder / "templates").mkdir()
    (folder / "templates" / "first.yaml").write_text("template: other\nname: Other\n")
    before = texts(folder)
    for options, says in (
        (("--as", "first"), "first.yaml exists, and is not overwritten"),
        (("--as", "other"), "there is a template other"),
        (("--as", "mine", "--to", "blueprints/0.yaml"), "0.yaml exists, and is not overwritten"),
        (("--as", "No"), "No can't be the name of a template"),
        (("--to", "blueprints/x.yaml"), "--to is for one template"),
    ):
        ran = bare.run("extract", "*/first", *options)
        assert (ran.code, ran.out) == (1, "")
        assert says in ran.err
    assert texts(folder) == before
    assert bare.run("extract", "--all", "-q").code == 0
    assert texts(folder).keys() - before.keys() == {"templates/first-contact.yaml"}


def test_a_template_gets_a_file_that_every_system_can_hold(bare: Project) -> None:
    folder = put(bare)
    (folder / "templates").mkdir()
    (folder / "templates" / "First.yaml").write_text("template: other\nname: Other\n")
    ran = bare.run("extract", "*/first", "--as", "first")
    assert (ran.code, ran.out) == (1, "")
    assert "exists" in ran.err
    for path in folder.glob("*.yaml"):
        path.write_text(path.read_text().replace("First contact", "CON"))
    assert bare.run("extract", "--all", "-q").code == 0
    assert sorted(path.name for path in (folder / "templates").iterdir()) == [
        "First.yaml",
        "template-con.yaml",
    ]


def test_which_blueprints(bare: Project) -> None:
    folder = put(bare)
    (folder / "own.yaml").write_text(to_yaml("sourcing_own", {"own": {"name": "Own", "steps": [step("x")]}}))
    for given, says in (
        ((), "extract needs addresses of blueprints, or --all"),
        (("--all", "*/first"), "or --all, not both"),
        (("sourcing_1/frist",), "did you mean sourcing_1/first?"),
        (("sourcing_1",), "only 1 plain blueprint is selected"),
        (("sourcing_1", "sourcing_own"), "no two of 2 blueprints are near-equal"),
        (("sourcing_1/first",), "only 1 plain blueprint is selected"),
    ):
        ran = bare.run("extract", *given)
        assert (ran.code, ran.out) == (1, "")
        assert says in ran.err
    own = (folder / "own.yaml").read_text()
    ran = bare.run("extract", "--all")
    assert "left as they are, near-equal to no other: sourcing_own/own" in ran.err
    assert (folder / "own.yaml").read_text() == own
    used = bare.run("extract", "*/first", "--as", "again")
    assert "made from a template already" in used.err


def test_aligned_steps_are_updates(bare: Project) -> None:
    folder = put(bare)
    text = (folder / "3.yaml").read_text()
    (folder / "3.yaml").write_text(text.replace('"id": "mail"', '"id": "other"'))
    refused = bare.run("extract", "*/first", "--as", "t")
    assert refused.code == 1
    assert "the same step with other ids: `mail` and `other`" in refused.err
    ran = bare.run("extract", "*/first", "--as", "t", "--align")
    assert ran.code == 0
    assert "sourcing_3/first: steps get other ids, so an update follows: other → mail" in ran.out
    assert ran.out.endswith("The plan gets 1 update.\n")


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_files_are_put_back_where_one_fails(
    bare: Project, failure: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put(bare)
    before = texts(folder)
    real = atomic_write.replace

    def failing(path: Path, data: bytes) -> None:
        if path.name == "3.yaml":
            raise failure
        real(path, data)

    monkeypatch.setattr(atomic_write, "replace", failing)
    ran = bare.run("extract", "--all")
    assert ran.code != 0
    assert texts(folder) == before
    assert not any((folder / "templates").iterdir())
