"""Every JSON that is written is as its schema says, and no schema changes without a new version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kalentops.cli.commands.reference import schema
from kalentops.output.schemas import FORMATS
from kalentops.state.codec import dump_state, record_to_json
from kalentops.state.model import Abandoned, Adopted, Completed, Intended, Observed, Record
from tests.builders import AT, digest, entry, intent, state
from tests.formats.commands import EXAMPLES, outputs
from tests.formats.shapes import SHAPES, shape, shape_file
from tests.schemas import problems

_TEXT = digest({"name": "One", "steps": []})


def test_each_format_is_as_its_schema_says_and_as_the_page_shows(tmp_path: Path) -> None:
    found = outputs(tmp_path)
    assert found.keys() == FORMATS.keys()
    for name, data in found.items():
        documents = data if isinstance(data, list) else [data]
        assert [each for one in documents for each in problems(name, one)] == [], name
        example = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
        assert _fields(example) == _fields(data), (
            f"{name}: `python -m tests.formats.commands` writes the examples"
        )


def _fields(of: Any, path: str = "") -> set[str]:
    if isinstance(of, list):
        return {found for each in of for found in _fields(each, f"{path}[]")}
    if not isinstance(of, dict):
        return set()
    return {
        found for key, each in of.items() for found in ({f"{path}.{key}"} | _fields(each, f"{path}.{key}"))
    }


@pytest.mark.parametrize("name", ["plan", "validate"])
def test_the_expected_reports_are_as_their_schemas_say(name: str) -> None:
    expected = Path(__file__).parents[1] / "output" / "expected" / f"{name}-json.json"
    assert problems(name, json.loads(expected.read_text(encoding="utf-8"))) == []


_AT = entry("s1/a", remote_digest=_TEXT, updated_at=AT)
_RECORDS: list[Record] = [
    Intended(intent("s1/a", nonces=("0a1b2c3d",), run="run", host="host")),
    Completed(_AT.address, "b1", AT),
    Adopted(_AT),
    Observed(_AT.address, _TEXT, None),
    Abandoned(_AT.address, "not taken"),
]


@pytest.mark.parametrize("record", _RECORDS, ids=lambda each: type(each).__name__)
def test_each_record_of_a_journal_is_as_its_schema_says(record: Record) -> None:
    assert problems("journal", json.loads(json.dumps(record_to_json(record)))) == []


def test_a_state_with_everything_in_it_is_as_its_schema_says() -> None:
    shared = intent("s1/b", nonces=("0a1b2c3d",), run="run", host="host")
    whole = state(
        _AT, shared, environment="production", moved_to="git:refs/x", last_run="run", tenant="url:1"
    )
    assert problems("state", json.loads(dump_state(whole))) == []


def test_a_field_that_the_schema_does_not_name_is_found() -> None:
    data = {"format_version": "1.0", "valid": True, "online": False, "findings": []}
    assert problems("validate", data) == []
    assert problems("validate", {**data, "later": 1}) != []
    assert problems("validate", {**data, "format_version": "2.0"}) != []


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_changes_with_its_version_only(name: str) -> None:
    path, version = shape_file(name), FORMATS[name].version
    assert path.exists(), f"`python -m tests.formats.shapes` writes the shape of {name} {version}"
    assert shape(name) == json.loads(path.read_text(encoding="utf-8")), (
        f"the format `{name}` is no longer what version {version} is. Raise FORMAT_VERSION where "
        "kalentops/output/schemas.py takes it from: the minor number for what is added, the major for the rest. Then "
        'follow "Changing a format" in CONTRIBUTING.md.'
    )


def test_each_shape_belongs_to_a_format() -> None:
    assert {path.name.rpartition("-")[0] for path in SHAPES.iterdir()} == set(FORMATS)


def test_the_schema_of_a_format_is_printed() -> None:
    printed = CliRunner().invoke(schema, ["plan"])
    assert json.loads(printed.output)["title"] == "kalentops plan, format 1.0"
    refused = CliRunner().invoke(schema, ["plan", "--write"])
    assert "--write is for the schema of the files" in str(refused.exception)
