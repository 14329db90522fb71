"""The corpus of hostile texts is what the tests that use it take it for."""

from __future__ import annotations

import yaml

from tests.hostile import CLASSES, HOSTILE, quoted


def test_there_are_enough_and_each_has_a_name_of_its_own() -> None:
    names = [name for name, _ in HOSTILE]
    assert len(names) >= 100
    assert len(set(names)) == len(names)
    assert len({text for _, text in HOSTILE}) == len(names)
    assert all(texts for texts in CLASSES.values())


def test_each_can_stand_in_a_file() -> None:
    for name, text in HOSTILE:
        assert text.encode("utf-8"), name
        assert quoted(text).isascii(), name
        assert yaml.safe_load(quoted(text)) == text, name
