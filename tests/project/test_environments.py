"""Positions in several environments: what one of them sees of a folder, and what all of them see together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kalentops.project.load import Repository, load
from tests.builders import blueprint, step

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
    return load(root, [root], known={}, environment=environment, readers=BOTH)


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
