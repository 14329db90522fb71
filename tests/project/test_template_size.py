"""Twelve positions in two languages, three of which differ: what an author has to write, and what candidates get."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kalentops.project.load import load
from kalentops.yamlfile.fmt import format_text

FOLDER = Path(__file__).parent / "twelve_positions"


@pytest.fixture(scope="module")
def bodies() -> Mapping[str, Any]:
    """The body of each position, by the name of its file."""
    repository = load(FOLDER, [FOLDER], bodies=True)
    assert repository.findings == []
    return {each.origin.file.removesuffix(".yaml"): each.body for each in repository.declared}


def test_it_is_short_and_in_the_layout_of_fmt() -> None:
    files = sorted(FOLDER.glob("*.yaml"))
    assert len(files) == 13
    texts = {path.name: path.read_text(encoding="utf-8") for path in files}
    assert sum(text.count("\n") for text in texts.values()) <= 110
    assert [name for name, text in texts.items() if format_text(name, text).after != text] == []


def test_each_position_gets_its_language_and_its_pitch(bodies: Mapping[str, Any]) -> None:
    assert len(bodies) == 12
    french = {name for name, body in bodies.items() if body.data["name"] == "LinkedIn, puis e-mail"}
    assert len(french) == 6
    for name, body in bodies.items():
        greeting = "Bonjour {{firstname}}, " if name in french else "Hi {{firstname}}, "
        assert all(step["content"].startswith(greeting) for step in body.data["steps"]), name
    pitches = {body.data["steps"][0]["content"].partition(", ")[2] for body in bodies.values()}
    assert len(pitches) == 12
    assert "{{param" not in str([body.data for body in bodies.values()])


def test_three_positions_differ_in_what_they_say(bodies: Mapping[str, Any]) -> None:
    ids = ["invite", "message", "email", "whatsapp"]
    steps = {name: {step["id"]: step for step in body.data["steps"]} for name, body in bodies.items()}
    assert {name for name, by_id in steps.items() if [*by_id] != ids} == {"finance-nice"}
    assert [*steps["finance-nice"]] == ids[:3]
    delays = {name: by_id["email"]["delay"]["value"] for name, by_id in steps.items()}
    assert {name for name, days in delays.items() if days != 3} == {"design-lisbon"}
    assert delays["design-lisbon"] == 5
    subjects = {name: by_id["email"]["subject"] for name, by_id in steps.items()}
    assert len(set(subjects.values())) == 2
    assert subjects["people-vienna"] == "A role for you"
