"""The lock: who has it, and when it is free."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import filelock
import pytest

from kalentops.errors import StateError, StateLocked, StoreFailure
from kalentops.state.store import lock
from kalentops.state.store.lock import hold
from tests.platforms import needs_open_files, needs_signals
from tests.state.store.samples import ROOT

pytestmark = pytest.mark.processes

_HOLD = """
import sys, time
from pathlib import Path
from kalentops.state.store.lock import hold
with hold(Path(sys.argv[1]), 0):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.lock"


@needs_signals
def test_a_killed_holder_frees_it_and_is_named_until_then(path: Path) -> None:
    command = [sys.executable, "-c", _HOLD, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(StateLocked, match=rf"on .+ \(process {holder.pid}\) since \d{{4}}-"),
            hold(path, 0),
        ):
            pytest.fail("two holders")
        old = time.time() - 10**7
        os.utime(path, (old, old))
        with pytest.raises(StateLocked), hold(path, 0.15):
            pytest.fail("broken by age")
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with hold(path, 0):
            assert str(os.getpid()) in path.read_text()
    assert path.read_bytes() == b""


def test_it_is_free_after_an_exception(path: Path) -> None:
    with pytest.raises(LookupError), hold(path, 0):
        raise LookupError
    with hold(path, 0):
        pass


@needs_open_files
def test_a_lock_file_that_was_removed_is_made_again(path: Path) -> None:
    with hold(path, 0):
        path.unlink()
    with hold(path, 0):
        assert path.exists()
        with pytest.raises(StateLocked), hold(path, 0):
            pytest.fail("two holders")


@needs_open_files
def test_a_file_that_was_removed_between_opening_and_locking_is_not_held(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open
    removed: list[int] = []

    def removing(name: Path, flags: int, mode: int = 0o777) -> int:
        descriptor = real(name, flags, mode)
        if not removed:
            removed.append(os.fstat(descriptor).st_ino)
            path.unlink()
        return descriptor

    monkeypatch.setattr(os, "open", removing)
    with hold(path, 0):
        assert path.exists()
        with pytest.raises(StateLocked), hold(path, 0):
            pytest.fail("two holders")


@pytest.mark.skipif(sys.platform == "win32", reason="needs O_NOFOLLOW")
@pytest.mark.parametrize("exists", [False, True])
def test_a_link_in_its_place_is_refused(path: Path, *, exists: bool) -> None:
    target = path.with_name("precious")
    if exists:
        target.write_text("keep")
    path.symlink_to(target)
    with pytest.raises(StoreFailure, match="can't be created"), hold(path, 0):
        pytest.fail("followed")
    assert target.exists() is exists
    assert not exists or target.read_text() == "keep"


@needs_open_files
@pytest.mark.parametrize(
    "note", [b"", b" ", b" {}", b" []", b' {"who": 1}', b"\xff" * 50, b" " + b"[" * 9000]
)
def test_a_note_that_says_nothing_does_no_harm(path: Path, note: bytes) -> None:
    with hold(path, 0):
        path.write_bytes(note)
        with pytest.raises(StateLocked, match="another run"), hold(path, 0):
            pytest.fail("two holders")


@needs_open_files
def test_a_note_can_not_act_on_the_terminal(path: Path) -> None:
    with hold(path, 0):
        path.write_text(' {"who": "\\u001b[2J\\u202e", "where": "w", "pid": 1, "since": "s"}')
        with pytest.raises(StateLocked) as caught, hold(path, 0):
            pytest.fail("two holders")
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()


def test_a_file_of_another_program_is_left_alone(path: Path) -> None:
    path.write_text("# yarn lockfile v1\n")
    with pytest.raises(StateError, match="not a lock of kalentops"), hold(path, 0):
        pytest.fail("held")
    assert path.read_text() == "# yarn lockfile v1\n"


def test_a_folder_that_is_not_there(path: Path) -> None:
    with pytest.raises(StoreFailure, match="can't be created"), hold(path.parent / "gone" / "x.lock", 0):
        pytest.fail("held nothing")


def test_it_is_freed_before_its_file_is_closed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows frees the lock of a closed file when it has time."""
    done: list[str] = []
    unlock, close = filelock.unlock_descriptor, os.close

    def unlocking(descriptor: int) -> None:
        done.append("unlocked")
        unlock(descriptor)

    def closing(descriptor: int) -> None:
        done.append("closed")
        close(descriptor)

    monkeypatch.setattr(lock, "unlock_descriptor", unlocking)
    monkeypatch.setattr(os, "close", closing)
    with hold(path, 0):
        done.clear()
    assert done == ["unlocked", "closed"]
