"""The command that adds an extra fits the way in which kalentops was installed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from kalentops.support import installed

GIT = {"url": "https://example.com/o/kalentops", "vcs_info": {"vcs": "git", "commit_id": "a" * 40}}


def command(monkeypatch: pytest.MonkeyPatch, recorded: object) -> str:
    text = None if recorded is None else json.dumps(recorded)
    monkeypatch.setattr(installed, "direct_url", lambda: text)
    return installed.command_for("cloud")


def test_the_same_commit_from_git(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = f'pip install "kalentops[cloud] @ git+https://example.com/o/kalentops@{"a" * 40}"'
    assert command(monkeypatch, GIT) == wanted


def test_the_clone_or_the_wheel_that_is_still_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wheel = tmp_path / "a b.whl"
    recorded = {"url": wheel.as_uri(), "archive_info": {}}
    assert command(monkeypatch, recorded) == 'pip install "kalentops[cloud]"'
    wheel.touch()
    assert command(monkeypatch, recorded) == f'pip install "{wheel}[cloud]"'


@pytest.mark.parametrize(
    "recorded", [None, {}, [], {"url": None}, {"url": "x", "vcs_info": {}}, GIT | {"vcs_info": 1}]
)
def test_the_index_where_nothing_else_is_known(monkeypatch: pytest.MonkeyPatch, recorded: object) -> None:
    assert command(monkeypatch, recorded) == 'pip install "kalentops[cloud]"'


@pytest.mark.parametrize(
    ("file", "start"),
    [("pipx_metadata.json", "pipx inject kalentops "), ("uv-receipt.toml", "uv tool install ")],
)
def test_the_installer_that_was_used(
    file: str, start: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / file).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert command(monkeypatch, None) == f'{start}"kalentops[cloud]"'
