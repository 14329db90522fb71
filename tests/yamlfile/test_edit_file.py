"""Whole entries of a position's file: what is changed, and what is left alone."""

from __future__ import annotations

import pytest

from kalentops.errors import CannotEdit
from kalentops.yamlfile.edit_file import close_position
from kalentops.yamlfile.fmt import format_text

BLUEPRINTS = """\
# the blueprints
blueprints:
  a:  # the first one
    name: A
    steps: []
"""
CASES = {
    "no list yet": (
        f"# Zoë's\nsourcingId: s_1  # Kalent's id\ntitle: Paris\nlanguage: fr\n\n{BLUEPRINTS}",
        "# Zoë's\nsourcingId: s_1  # Kalent's id\ntitle: Paris\nremoved: [a, b]\n",
    ),
    "a list between brackets": (
        f"sourcingId: s_1\nremoved: [old]  # in June\n{BLUEPRINTS}",
        "sourcingId: s_1\nremoved: [old, a, b]  # in June\n",
    ),
    "a list of lines": (
        f"sourcingId: s_1\nremoved:\n  - b  # in June\n  - old\n{BLUEPRINTS}",
        "sourcingId: s_1\nremoved:\n  - b  # in June\n  - old\n  - a\n",
    ),
    "an empty list": (
        f"sourcingId: s_1\nremoved: []\n{BLUEPRINTS}",
        "sourcingId: s_1\nremoved: [a, b]\n",
    ),
    "nothing as a list": (
        f"sourcingId: s_1\nremoved:  # none\n{BLUEPRINTS}",
        "sourcingId: s_1\nremoved: [a, b]  # none\n",
    ),
    "a comment of the whole file": (
        f"# A\n\nsourcingId: s_1\nmoved: [{{from: x, to: a}}]\n{BLUEPRINTS}\n# the end\n",
        "# A\n\nsourcingId: s_1\nremoved: [a, b]\n\n# the end\n",
    ),
    "lines of Windows": (
        f"sourcingId: s_1\n{BLUEPRINTS}".replace("\n", "\r\n"),
        "sourcingId: s_1\r\nremoved: [a, b]\r\n",
    ),
    "a byte order mark": (f"\ufeffsourcingId: s_1\n{BLUEPRINTS}", "sourcingId: s_1\nremoved: [a, b]\n"),
    "JSON": (
        '{"sourcingId": "s_1", "blueprints": {"a": {"name": "A", "steps": []}}}\n',
        '{"sourcingId": "s_1", "removed": ["a", "b"]}\n',
    ),
    "closed": ("sourcingId:   s_1\nremoved: [b, a]\n", "sourcingId:   s_1\nremoved: [b, a]\n"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_position_is_closed(case: str) -> None:
    before, after = CASES[case]
    assert close_position("f.yaml", before, ["a", "b"]) == after
    if before != after:
        assert format_text("f.yaml", after).after == after


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sourcingId: s_1\nremoved: a\nblueprints: {}\n", "`removed` is not a list"),
        ("sourcingId: &a s_1\nmoved: &b [c]\nremoved: [*b]\nblueprints: {}\n", "no longer be valid"),
        ("sourcingId: s_1\nsourcingId: s_2\n", "the file is not valid, in line 2"),
    ],
)
def test_what_can_not_be_closed_is_said(text: str, reason: str) -> None:
    with pytest.raises(CannotEdit, match=f"f.yaml can't be changed: .*{reason}"):
        close_position("f.yaml", text, ["a"])
