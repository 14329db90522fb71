"""A saved plan is a plain file: what would never end is not read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kalentops.errors import UsageError
from kalentops.plan.saved import load


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_a_pipe_is_no_plan(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    os.mkfifo(path)
    with pytest.raises(UsageError, match="it is no regular file"):
        load(path)
