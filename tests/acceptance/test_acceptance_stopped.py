"""`make acceptance` that is cancelled."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from threading import Thread
from typing import NoReturn

import pytest

from tests.acceptance import __main__ as acceptance
from tests.acceptance.machine import Machine
from tests.platforms import needs_signals


@needs_signals
@pytest.mark.processes
def test_a_cancelled_run_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machines = []

    def stop_once_it_runs(machine: Machine) -> None:
        while machine.process is None:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    def build(_root: Path, out: Path, *_: str) -> NoReturn:
        with Machine.at(out.parent / "page", out, out.parent / "home") as machine:
            machines.append(machine)
            Thread(target=stop_once_it_runs, args=[machine], daemon=True).start()
            machine.shell("exec sleep 300")
        raise AssertionError("it went on")

    monkeypatch.setattr(acceptance, "packages", build)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(SystemExit):
        acceptance.main([])
    assert list(tmp_path.iterdir()) == []
    assert [each.process and each.process.returncode for each in machines] == [-signal.SIGKILL]
