"""What Windows does otherwise and no other test shows: the one thing that differs is faked."""

from __future__ import annotations

import errno
import os
import runpy
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from kalentops import cache
from kalentops.cli.commands import emulator, init, options, pipeline
from kalentops.git import worktree
from kalentops.http.secret import permission_warnings
from kalentops.preview import html
from kalentops.state.store.journal import check_dead
from kalentops.state.store.lock import try_lock
from kalentops.support import streams
from tests.platforms import needs_modes


@pytest.fixture(autouse=True)
def _windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")


def test_git_has_a_suffix_and_is_not_taken_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for path in (programs / "git.exe", programs / "git", tmp_path / "git.exe"):
        path.touch(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join((".", "", str(programs))))
    assert worktree._program() == str(programs / "git.exe")


def test_what_was_typed_before_a_question_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = list("yes\n")
    console = SimpleNamespace(kbhit=lambda: bool(typed), getwch=lambda: typed.pop(0))
    monkeypatch.setitem(sys.modules, "msvcrt", console)
    options._drop_what_was_typed()
    assert typed == []


def test_the_emulator_prints_its_settings_for_powershell() -> None:
    said = emulator._settings_of("http://127.0.0.1:8080/api")
    assert said == "$env:KALENT_API_URL = 'http://127.0.0.1:8080/api'; $env:KALENT_API_KEY = 'any'"


def test_a_pipe_without_a_reader_is_an_invalid_argument() -> None:
    assert runpy.run_path(str(streams.__file__))["_NOT_READ"] == {errno.EPIPE, errno.EINVAL}


def test_no_other_program_can_take_the_port_of_the_preview() -> None:
    assert runpy.run_path(str(html.__file__))["_Server"].allow_reuse_address is False


@needs_modes
def test_modes_say_nothing_of_who_can_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    assert cache._refusal(tmp_path, None) == ""
    (tmp_path / "key").write_text("k")
    (tmp_path / "key").chmod(0o644)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o644
    assert cache._is_private((tmp_path / "key").stat())
    assert list(permission_warnings({"KALENT_API_KEY_FILE": str(tmp_path / "key")})) == []


@needs_modes
def test_the_journal_itself_is_not_locked(tmp_path: Path) -> None:
    """Others could not read it then; and an open file can't be removed, so the lock beside the state suffices."""
    path = tmp_path / "s.journal"
    path.touch()
    descriptor = os.open(path, os.O_RDWR)
    try:
        assert try_lock(descriptor)
        check_dead(path)
    finally:
        os.close(descriptor)


def test_a_folder_on_another_drive_is_named_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def another_drive(_path: object) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr("os.path.relpath", another_drive)
    assert pipeline._git_in(tmp_path) == f"git -C {tmp_path}"
    assert init._from_here(tmp_path) == tmp_path.as_posix()
