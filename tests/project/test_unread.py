"""Names of files that look like ours."""

from __future__ import annotations

import pytest

from kalentops.project.files import meant_as, other_settings

_LONG = 240


@pytest.mark.parametrize("sign", ["_", " ", "~", ".bak", ".yaml", "-copy", "(1)"])
def test_a_long_name_is_reported_at_once(sign: str) -> None:
    """A pattern that tries each way to divide the name would not end while anyone waits."""
    rest = sign * (_LONG // len(sign)) + "!"

    assert meant_as(f"a.yaml{rest}") is None
    assert other_settings([f"kalentops{rest}", f"kalentops.yaml{rest}"], "kalentops.yaml") is None


@pytest.mark.parametrize("behind", [".txt", ".bak", "~", "_", " ", ".bak~", " .txt", "__.old"])
def test_what_stands_behind_a_suffix_is_left_out(behind: str) -> None:
    assert meant_as(f"backend.yaml{behind}") == "backend.yaml"
    assert other_settings([f"kalentops.yaml{behind}"], "kalentops.yaml") == f"kalentops.yaml{behind}"
