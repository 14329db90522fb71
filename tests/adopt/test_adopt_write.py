"""The texts of new files: what they say is what Kalent shows, or they are not written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.adopt.naming import Destination, file_destination, folder_destination
from kalentops.adopt.plan import ImportAction, ImportPlan, plan_import
from kalentops.adopt.write import Draft, Drafts, ImportResult, draft, write_files, write_import
from kalentops.blueprint.body import Body
from kalentops.errors import StoreFailure, UsageError
from kalentops.project.check import check_text
from kalentops.project.result import CheckOptions
from kalentops.state.model import State
from kalentops.yamlfile import MAX_BYTES
from kalentops.yamlfile.parse import parse
from kalentops.yamlfile.positions import Map
from tests.adopt.shown import NOTHING, observed
from tests.builders import blueprint, step
from tests.platforms import needs_links, needs_names
from tests.strategies import bodies, json_values

NOWHERE = Path("/nowhere")
OPTIONS = CheckOptions(NOWHERE, bodies=True)


def _drafts(**sourcings: dict[str, Any]) -> Drafts:
    plan = plan_import(observed(**sourcings), NOTHING, State())
    return draft(
        plan, {"sourcing_a": "Backend, Paris"}, Destination(NOWHERE, NOWHERE / "blueprints"), OPTIONS
    )


@given(st.lists(bodies(), min_size=1, max_size=4))
def test_a_draft_says_exactly_what_kalent_shows(made: list[dict[str, Any]]) -> None:
    drafts = _drafts(sourcing_a={f"b{number}": body for number, body in enumerate(made)})
    (file,) = drafts.files
    assert file.name == "blueprints/backend-paris.yaml"
    read = {
        each.address.key: each.digest
        for each in check_text(CheckOptions(NOWHERE, bodies=True), file.name, file.text)[1]
    }
    assert read == {item.key: item.sent.digest for item in drafts.plan.items if item.sent}
    assert {item.file for item in drafts.plan.items} == {file.name}
    assert len(read) == len(made)


@given(
    st.dictionaries(
        st.sampled_from(["id", "name", "type", "content", "subject", "delay", "policy", "linkedInType"]),
        json_values() | st.text(max_size=5),
        max_size=8,
    )
)
def test_a_step_is_written_whole_or_refused(odd: dict[str, Any]) -> None:
    drafts = _drafts(sourcing_a={"b1": {"name": "Odd", "steps": [odd]}, "b2": blueprint("Fine")})
    by_id = {item.blueprint_id: item for item in drafts.plan.items}
    assert by_id["b2"].action is ImportAction.WRITE
    (file,) = drafts.files
    data: Any = parse(file.text).data
    found = data["blueprints"]
    written = by_id["b1"]
    assert ("odd" in found) is (written.action is ImportAction.WRITE)
    if written.action is ImportAction.WRITE:
        assert written.sent is not None
        assert Body.of(found["odd"]) == written.sent
    else:
        assert written.reason


def test_a_blueprint_with_findings_is_written_and_its_findings_are_reported() -> None:
    steps = [step(1, content="Hi [company]"), {**step(2, type="PIGEON"), "subject": None}, {"id": "s1"}]
    drafts = _drafts(sourcing_a={"b1": {"name": "Odd", "steps": steps}})
    (file,) = drafts.files
    assert {"KAL103", "KAL013", "KAL011"} <= {finding.code for finding in file.findings}
    line = next(finding.line for finding in file.findings if finding.code == "KAL103")
    assert "[company]" in file.text.split("\n")[line - 1]
    assert drafts.plan.items[0].action is ImportAction.WRITE


def test_half_a_character_is_refused_and_the_others_are_written() -> None:
    half = {"name": "half", "steps": [step(1), step(2, content="a\ud800")]}
    drafts = _drafts(sourcing_a={"b1": half, "b2": blueprint("Fine")}, sourcing_b={"b3": half})
    assert [len(file.blueprints) for file in drafts.files] == [1]
    said = {
        item.blueprint_id: item.reason for item in drafts.plan.items if item.action is ImportAction.REFUSED
    }
    assert said.keys() == {"b1", "b3"}
    assert "steps/1/content holds half a character" in said["b1"]
    assert "fix the text in Kalent's web app" in said["b1"]


def test_a_delay_is_written_value_first() -> None:
    (file,) = _drafts(sourcing_a={"b1": blueprint("One", steps=1)}).files
    assert "delay: {value: 1, unit: day}\n" in file.text


def test_more_than_a_file_may_hold_becomes_several_files() -> None:
    text = "x" * (MAX_BYTES // 3)
    made = {f"b{n}": {"name": f"Long {n}", "steps": [step(1, content=text + str(n))]} for n in range(5)}
    made["b9"] = {"name": "Too long", "steps": [step(1, content=text * 3)]}
    drafts = _drafts(sourcing_a=made)
    assert [file.name for file in drafts.files] == [
        "blueprints/backend-paris.yaml",
        "blueprints/backend-paris-2.yaml",
        "blueprints/backend-paris-3.yaml",
    ]
    assert all(len(file.text.encode()) <= MAX_BYTES for file in drafts.files)
    assert sum(len(file.blueprints) for file in drafts.files) == 5
    refused = [item for item in drafts.plan.items if item.action is ImportAction.REFUSED]
    assert [(item.blueprint_id, item.key) for item in refused] == [("b9", None)]
    assert "larger than a file of blueprints may be" in refused[0].reason


def test_the_first_file_of_a_position_without_a_title_has_its_name() -> None:
    text = "x" * (MAX_BYTES // 2)
    made = {f"b{n}": {"name": f"Long {n}", "steps": [step(1, content=text + str(n))]} for n in range(2)}
    plan = plan_import(observed(sourcing_a=made, sourcing_b={"b9": blueprint()}), NOTHING, State())
    names = {"sourcing_a": "Backend / Paris", "sourcing_b": "Sales"}
    place = Destination(NOWHERE, NOWHERE / "blueprints")
    files = draft(plan, names, place, OPTIONS, titled={"sourcing_b"}).files
    titles = [data.get("title") for file in files if isinstance(data := parse(file.text).data, Map)]
    assert titles == ["Backend / Paris", None, None]
    assert "sourcingId: sourcing_a\ntitle: Backend / Paris\nblueprints:\n" in files[0].text


def test_more_values_than_a_file_may_hold_become_several_files_too() -> None:
    many = [step(number) for number in range(1, 600)]
    drafts = _drafts(sourcing_a={f"b{n}": {"name": f"Many {n}", "steps": many} for n in range(3)})
    assert len(drafts.files) > 1
    assert not any(finding.code == "KAL002" for file in drafts.files for finding in file.findings)
    assert all(item.action is ImportAction.WRITE for item in drafts.plan.items)


def test_unknown_fields_are_counted_once_a_blueprint() -> None:
    odd = [step(1, colour="red", policy={"skipStepIfNoContact": True, "mood": 1}), step(2, colour="blue")]
    drafts = _drafts(sourcing_a={"b1": {"name": "A", "steps": odd}, "b2": {"name": "B", "steps": odd[:1]}})
    assert ImportResult(drafts.plan, drafts.files).unknown == {"colour": 2, "policy.mood": 2}
    assert "colour" not in drafts.files[0].text


def _file(folder: Path, name: str, text: str = "text\n") -> Draft:
    return Draft(folder / name, name, text, (), ())


def test_files_are_written_whole_with_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "blueprints"
    write_files([_file(folder, "a.yaml", "é\n"), _file(folder, "b.yaml")], 2)
    other = tmp_path / "other"
    other.touch()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "a.yaml": "é\n".encode(),
        "b.yaml": b"text\n",
    }
    assert {path.stat().st_mode for path in folder.iterdir()} == {other.stat().st_mode}


def test_a_failed_write_leaves_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "blueprints"
    folder.mkdir()
    (folder / "b.yaml").write_text("somebody's\n")
    with pytest.raises(StoreFailure) as raised:
        write_files([_file(tmp_path / "new", "a.yaml"), _file(folder, "b.yaml"), _file(folder, "c.yaml")], 2)
    assert "b.yaml was created meanwhile" in str(raised.value)
    assert [path.name for path in tmp_path.rglob("*")] == ["blueprints", "b.yaml"]
    assert (folder / "b.yaml").read_text() == "somebody's\n"
    with pytest.raises(StoreFailure) as raised:
        write_files([_file(folder, "a.yaml"), _file(folder, "x" * 300)], 1)
    assert str(raised.value) == f"{'x' * 300} can't be written: File name too long; nothing was imported"
    with pytest.raises(StoreFailure) as raised:
        write_files([_file(folder, "a.yaml"), _file(folder / "b.yaml" / "deep", "c.yaml")], 1)
    assert "b.yaml can't be written: " in str(raised.value).replace("/deep", "")
    assert [path.name for path in folder.iterdir()] == ["b.yaml"]


class _Keeper:
    """A session that can't write its state."""

    state = State()

    def replace(self, state: State) -> None:
        raise StoreFailure("the disk is full")


def test_a_failed_state_write_keeps_the_files_and_names_them(tmp_path: Path) -> None:
    plan = plan_import(observed(sourcing_a={"b1": blueprint("One")}), NOTHING, State())
    drafts = draft(plan, {}, Destination(tmp_path, tmp_path), OPTIONS)
    with pytest.raises(StoreFailure) as raised:
        write_import(drafts, _Keeper(), "tenant", "2026-01-01T00:00:00Z", 2)
    assert "run the same import again: it records them" in raised.value.__notes__[0]
    assert (tmp_path / "sourcing-a.yaml").read_text() == drafts.files[0].text


def test_nothing_to_do_writes_nothing(tmp_path: Path) -> None:
    write_import(Drafts(ImportPlan()), _Keeper(), "tenant", "2026-01-01T00:00:00Z", 2)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "blueprints" / "team").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "blueprints" / "out").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "blueprints" / "there.yaml").write_text("x\n")
    (tmp_path / "blueprints" / "dangling.yaml").symlink_to(tmp_path / "nowhere")
    return tmp_path


@needs_links
@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("blueprints/new.yaml", "blueprints/new.yaml"),
        ("blueprints/team/new.yml", "blueprints/team/new.yml"),
        ("blueprints/deep/er/new.yaml", "blueprints/deep/er/new.yaml"),
        ("elsewhere/../blueprints/new.yaml", "blueprints/new.yaml"),
    ],
)
def test_a_file_of_the_command_line(file: str, name: str, root: Path) -> None:
    place = file_destination(root, root / "blueprints", root / file)
    assert place.name(place.take("stem")) == name
    assert place.take("stem").name == "stem.yaml"


@needs_links
@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("new.yaml", "lies outside of"),
        ("blueprints/../new.yaml", "lies outside of"),
        ("blueprints/out/new.yaml", "lies outside of"),
        ("/tmp/new.yaml", "lies outside of"),
        ("blueprints/there.yaml", "exists, and is not overwritten"),
        ("blueprints/dangling.yaml", "exists, and is not overwritten"),
        ("blueprints/new.json", "blueprint files end in .yaml or .yml"),
        ("blueprints/", "blueprint files end in .yaml or .yml"),
        ("blueprints/.new.yaml", "names that begin with a dot are ignored"),
        ("blueprints/.team/new.yaml", "names that begin with a dot are ignored"),
        ("blueprints/\0.yaml", "is not a path"),
        ("blueprints/con.yaml", "can't be the name of a file on Windows"),
        ("blueprints/Nul.today.yml", "can't be the name of a file on Windows"),
        ("blueprints/LPT\u00b2.yaml", "can't be the name of a file on Windows"),
        ("blueprints/aux /a.yaml", "can't be the name of a file on Windows"),
        ("blueprints/lyon./a.yaml", "can't be the name of a file on Windows"),
        ("blueprints/lyon /a.yaml", "can't be the name of a file on Windows"),
        ("blueprints/why?.yaml", "can't be the name of a file on Windows"),
        ("blueprints/a:b.yaml", "can't be the name of a file on Windows"),
        ("blueprints/a\\b.yaml", "can't be the name of a file on Windows"),
        ("blueprints/a\nb.yaml", "can't be the name of a file on Windows"),
    ],
)
def test_a_file_that_cannot_be_written_to(file: str, said: str, root: Path) -> None:
    with pytest.raises(UsageError) as raised:
        file_destination(root, root / "blueprints", root / file)
    assert said in str(raised.value)


@needs_names
def test_only_new_names_must_fit_every_system(root: Path) -> None:
    """What exists is not refused: it is no new reason why a checkout fails."""
    (root / "blueprints" / "Lyon: 2").mkdir()
    (root / "blueprints" / "cafe\u0301.yaml").touch()
    file_destination(root, root / "blueprints", root / "blueprints" / "Lyon: 2" / "new.yaml")
    for name in ("There.yaml", "CAF\u00c9.yaml", "lyon: 2/new.yaml", "Lyon: 2/a:b.yaml"):
        with pytest.raises(UsageError, match=r"exists|on Windows"):
            file_destination(root, root / "blueprints", root / "blueprints" / name)


@needs_links
def test_a_folder_of_blueprints_that_is_a_file(root: Path) -> None:
    with pytest.raises(UsageError):
        folder_destination(root, root / "blueprints" / "there.yaml")
    with pytest.raises(UsageError):
        file_destination(root, root, root / "kalentops.yaml")


def test_the_exit_code_of_an_import() -> None:
    written = _drafts(sourcing_a={"b1": blueprint("One")})
    refused = written.plan.items[0]._replace(action=ImportAction.REFUSED)
    odd = _drafts(sourcing_a={"b1": {"name": "x", "steps": [step(1, content="[x]")]}})
    assert ImportResult(ImportPlan()).exit_code == 0
    assert ImportResult(written.plan, written.files).exit_code == 0
    assert ImportResult(odd.plan, odd.files, odd.files[0].findings).exit_code == 3
    assert ImportResult(ImportPlan((refused,))).exit_code == 6
    assert (
        ImportResult(ImportPlan((*odd.plan.items, refused)), odd.files, odd.files[0].findings).exit_code == 9
    )
