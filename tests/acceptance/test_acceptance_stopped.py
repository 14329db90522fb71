"""`make acceptance` that is cancelled."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

from tests.acceptance import __main__ as acceptance
from tests.acceptance.machine import Machine
from tests.platforms import needs_signals


@needs_signals
@pytest.mark.processes
def test_a_cancelled_run_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(_root: Path, out: Path, *_: str) -> NoReturn:
        with Machine.at(out.parent / "page", out, out.parent / "home") as machine:
            machine.shell(f"echo $$ > {tmp_path}/pid; kill -TERM {os.getpid()}; exec sleep 300")
        raise AssertionError("it went on")

    monkeypatch.setattr(acceptance, "packages", build)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(SystemExit):
        acceptance.main([])
    assert [each.name for each in tmp_path.iterdir()] == ["pid"]
    pid = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
