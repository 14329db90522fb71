"""The small part of the attack with real processes; `make torture` has the rest."""

from __future__ import annotations

import shutil
import sys
from typing import Any

import pytest

from tests.sizes import SUITE
from tests.torture import errnos, kills, together

pytestmark = pytest.mark.processes

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace kills and fails calls one by one; Debian's package has it"
)
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def _nothing_broken(result: dict[str, Any]) -> None:
    assert not result["failures"], "\n\n".join(result["failures"])
    assert (result["duplicates"], result["lost"], result["wrong_patches"]) == (0, 0, 0)


@needs_strace
def test_killed_at_a_sample_of_the_points() -> None:
    limit = 9 if SUITE == "thorough" else 1
    result = kills.run(limit=limit, seed=1, workers=1)
    _nothing_broken(result)
    assert result["runs"] == limit
    assert result["kills"] >= limit * 2 // 3  # strace does kill
    if SUITE == "thorough":
        assert {"write", "fsync", "fdatasync", "rename", "unlink", "sendto"} <= result["kill_points"].keys()


@pytest.mark.thorough
@needs_strace
def test_frozen_at_a_sample_of_the_points() -> None:
    result = kills.run_frozen(limit=6, seed=1, workers=6)
    _nothing_broken(result)
    assert result["kills"] >= 4  # strace does stop
    assert result["unresolved"] == {}


@pytest.mark.thorough
@needs_strace
def test_calls_fail_at_a_sample_of_the_points() -> None:
    result = errnos.run(limit=8, seed=1, workers=1)
    _nothing_broken(result)
    assert result["not_reached"] <= 3


def test_short_writes_and_a_full_disk() -> None:
    assert not errnos.run_short(rooms=4, seed=1)["failures"]


@pytest.mark.thorough
@needs_posix
def test_several_at_once() -> None:
    result = together.run(rounds=2, seed=1)
    _nothing_broken(result)
    assert result["ended_with"].get("0", 0) + result["killed"] + result["stopped"] > 0
