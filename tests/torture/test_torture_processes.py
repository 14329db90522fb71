"""The small part of the attack with real processes; `make torture` has the rest."""

from __future__ import annotations

import shutil
import sys
from typing import Any

import pytest

from tests.torture import errnos, kills, together

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace kills and fails calls one by one; Debian's package has it"
)
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def _nothing_broken(result: dict[str, Any]) -> None:
    assert not result["failures"], "\n\n".join(result["failures"])
    assert (result["duplicates"], result["lost"], result["wrong_patches"]) == (0, 0, 0)


@needs_strace
def test_killed_at_a_sample_of_the_points() -> None:
    result = kills.run(limit=9, seed=1, workers=1)
    _nothing_broken(result)
    assert result["runs"] == 9
    assert result["kills"] >= 6  # strace does kill
    assert {"write", "fsync", "fdatasync", "rename", "unlink", "sendto"} <= result["kill_points"].keys()


@needs_strace
def test_frozen_at_a_sample_of_the_points() -> None:
    result = kills.run_frozen(limit=6, seed=1, workers=6)
    _nothing_broken(result)
    assert result["kills"] >= 4  # strace does stop
    assert result["unresolved"] == {}


@needs_strace
def test_calls_fail_at_a_sample_of_the_points() -> None:
    result = errnos.run(limit=8, seed=1, workers=1)
    _nothing_broken(result)
    assert result["not_reached"] <= 3


def test_short_writes_and_a_full_disk() -> None:
    assert not errnos.run_short(rooms=4, seed=1)["failures"]


@needs_posix
def test_several_at_once() -> None:
    result = together.run(rounds=2, seed=1)
    _nothing_broken(result)
    assert result["ended_with"].get("0", 0) + result["killed"] + result["stopped"] > 0
