"""Positions in several environments: what one of them sees of a folder, and what all of them see together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kalentops.project import document
from kalentops.project.config import Config, load_configs
from kalentops.project.document import Document, read_document
from kalentops.project.environments import by_folder, load_views, positions_elsewhere, words_of_ids
from kalentops.project.load import Repository, load
from tests.builders import blueprint, step
from tests.platforms import needs_links

BOTH = ("production", "trial")
FILES: dict[str, dict[str, Any]] = {
    "both.yaml": {
        "sourcingId": {"production": "s_1", "trial": "s_9"},
        "title": "Engineer",
        "removed": ["old"],
        "blueprints": {"one": blueprint("One"), "two": {"use": "t"}},
    },
    "trial.yaml": {"sourcingId": {"trial": "s_8"}, "blueprints": {"one": blueprint("One")}},
    "t.yaml": {"template": "t", "name": "T", "steps": [step(1, content="Hi [name]")]},
}


def checked(
    root: Path, environment: str | None = None, files: dict[str, dict[str, Any]] | None = None
) -> Repository:
    for name, data in {**FILES, **(files or {})}.items():
        (root / name).write_text(json.dumps(data), encoding="utf-8")
    return load(root, [root], bodies=True, environment=environment, readers=BOTH)


@pytest.mark.parametrize(
    ("environment", "addresses", "removed"),
    [
        ("production", ["s_1/one", "s_1/two"], ["s_1"]),
        ("trial", ["s_8/one", "s_9/one", "s_9/two"], ["s_9"]),
        (None, ["s_1/one", "s_1/two", "s_8/one", "s_9/one", "s_9/two"], ["s_1", "s_9"]),
    ],
)
def test_an_environment_has_the_positions_that_name_it(
    environment: str | None, addresses: list[str], removed: list[str], tmp_path: Path
) -> None:
    found = checked(tmp_path, environment)
    assert [each.address for each in found.declared] == addresses
    assert [each.sourcing_id for each in found.relocations] == removed
    assert {each.sourcing_id for each in found.positions} == {each.partition("/")[0] for each in addresses}
    for each in found.declared:
        assert each.environment == ("production" if each.address.sourcing_id == "s_1" else "trial")
        assert each.body is not None
        assert each.title == ("" if each.address.sourcing_id == "s_8" else "Engineer")


def test_one_blueprint_in_several_environments_counts_once(tmp_path: Path) -> None:
    """Also as a user of a template."""
    found = checked(tmp_path)
    assert (found.files, found.blueprints, len(found.declared)) == (3, 3, 5)
    (finding,) = [each for each in found.findings if each.code == "KAL103"]
    assert (finding.users, [user for user, _ in finding.used_by]) == (1, ["s_1/two"])
    assert [each.address for each in found.using(["t.yaml"])] == ["s_1/two"]


def test_a_finding_about_a_blueprint_names_its_address_in_the_environment(tmp_path: Path) -> None:
    (finding,) = [each for each in checked(tmp_path, "trial").findings if each.code == "KAL103"]
    assert [user for user, _ in finding.used_by] == ["s_9/two"]


def test_a_finding_is_reported_once_for_all_environments(tmp_path: Path) -> None:
    moved = {**FILES["both.yaml"], "moved": [{"from": "one", "to": "two"}]}
    found = checked(tmp_path, files={"both.yaml": moved, "other.yaml": {**moved, "title": "Other"}})
    assert len(set(found.findings)) == len(found.findings)
    codes = [each.code for each in found.findings]
    assert codes.count("KAL024") == 3
    assert codes.count("KAL419") == 1
    assert codes.count("KAL017") == 2


def test_an_environment_is_not_stopped_by_its_own_name_alone(tmp_path: Path) -> None:
    """The ids of the others are looked at, too."""
    found = checked(
        tmp_path, "trial", files={"x.yaml": {"sourcingId": {"production": "s_8"}, "blueprints": {}}}
    )
    (finding,) = [each for each in found.findings if each.code == "KAL031"]
    assert (finding.file, finding.message) == (
        "x.yaml",
        "`s_8` is in production here, and in trial in trial.yaml:1",
    )


@pytest.mark.parametrize("environment", [*BOTH, None])
def test_a_sourcing_in_two_environments_is_found_at_one_place(
    environment: str | None, tmp_path: Path
) -> None:
    twice = {"sourcingId": {"production": "s_1", "trial": "s_1"}, "blueprints": {"new": blueprint("N")}}
    found = checked(tmp_path, environment, files={"x.yaml": twice})
    assert [(each.file, each.column) for each in found.findings if each.code == "KAL031"] == [("x.yaml", 47)]
    assert [each.address for each in found.declared if each.origin.file == "x.yaml"] == ["s_1/new"]


@pytest.mark.parametrize("bad", [1, None, "", ["s_1"], {"x": "s"}])
def test_a_broken_id_hides_its_own_environment_only(bad: Any, tmp_path: Path) -> None:
    file = {"sourcingId": {"production": bad, "trial": "s_7"}, "blueprints": {"one": blueprint("One")}}
    found = checked(tmp_path, files={"x.yaml": file})
    assert [each.address for each in found.declared if each.origin.file == "x.yaml"] == ["s_7/one"]
    (finding,) = [each for each in found.findings if each.file == "x.yaml"]
    assert finding.code in {"KAL012", "KAL014"}
    assert "production" in finding.message
    if bad in (None, {"x": "s"}):
        assert finding.hint == "write the id of a sourcing: `kalentops sourcings` lists them"


@pytest.mark.parametrize("name", ["sourcingId", "production"])
def test_a_file_without_a_usable_id_may_hold_any_key(name: str, tmp_path: Path) -> None:
    """So `moved` is not said to lead nowhere."""
    said: Any = "s_1" if name == "sourcingId" else {"production": 1, "trial": "s_9"}
    moved = {**FILES["both.yaml"], "moved": [{"from": "old-one", "to": "new"}]}
    found = checked(
        tmp_path,
        files={"both.yaml": moved, "x.yaml": {"sourcingId": said, "blueprints": {"new": blueprint("N")}}},
    )
    assert "KAL024" not in {each.code for each in found.findings if "new" in each.message}


def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are parsed from now on."""
    names: list[str] = []

    def read(name: str, text: str) -> Document:
        names.append(name)
        return read_document(name, text)

    monkeypatch.setattr(document, "read_document", read)
    return names


def project(root: Path, acme: str) -> tuple[Config, ...]:
    (root / "kalentops.yaml").write_text(
        "environments: {production: {}, trial: {}, acme: {blueprints: acme}, other: {blueprints: other}}"
    )
    for name in ("blueprints", "acme"):
        (root / name).mkdir()
    checked(root / "blueprints")
    (root / "acme" / "a.yaml").write_text(json.dumps({"sourcingId": acme, "blueprints": {}}))
    (root / "acme" / "b.yaml").write_text(json.dumps({"sourcingId": "s_6", "blueprints": {}}))
    return load_configs(root)


def test_environments_with_one_folder_read_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configs, seen = project(tmp_path, "s_5")[:3], parsed(monkeypatch)
    found = load_views(configs)
    assert [(view.readers, view.environment) for view, _, _ in found] == [(BOTH, None), (("acme",), "acme")]
    for name in ("blueprints/both.yaml", "blueprints/trial.yaml", "acme/a.yaml"):
        assert seen.count(name) == 1


@pytest.mark.parametrize(("acme", "read"), [("s_5", []), ("s_9", ["acme/a.yaml"]), ("s_99", [])])
def test_files_of_other_folders_are_parsed_only_where_they_have_an_id(
    acme: str, read: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that does not exist yet has none."""
    trial = project(tmp_path, acme)[1]
    seen = parsed(monkeypatch)
    found = [*positions_elsewhere(trial, {"s_8", "s_9"})]
    assert seen == read
    assert [(each.environment, each.sourcing_id) for each in found] == [("acme", "s_9")] * len(read)


@pytest.mark.parametrize(
    "text",
    [
        "title: A\nsourcingId: s_1\n",
        '{"title": "A",\n"sourcingId" :\n{"production": "s_1"}}',
        "sourcingId:\n  # ours\n  production: 's_1'\n  trial: s_9\n",
        "blueprints: {}\n'sourcingId': \"s_1\"",
    ],
)
def test_ids_are_found_in_each_style(text: str) -> None:
    assert "s_1" in words_of_ids(text)


@needs_links
def test_a_link_to_a_file_lies_in_its_folder(tmp_path: Path) -> None:
    configs = project(tmp_path, "s_5")[:3]
    link = tmp_path / "acme" / "link.yaml"
    link.symlink_to(tmp_path / "blueprints" / "both.yaml")
    assert [(view.environment, [*places]) for view, places in by_folder(configs, [link])] == [
        ("acme", [link])
    ]
