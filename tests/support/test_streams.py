"""Streams that never raise, each on a descriptor of its own."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from kalentops.support import streams


def on(descriptor: int, encoding: str = "utf-8") -> io.TextIOWrapper:
    """A stream as Python has it for stdout, made safe."""
    plain = io.TextIOWrapper(io.BufferedWriter(io.FileIO(descriptor, "w", closefd=False)), encoding=encoding)
    safe = streams._safe(plain, descriptor)
    assert isinstance(safe, io.TextIOWrapper)
    return safe


@pytest.fixture(autouse=True)
def _registered(capsys: pytest.CaptureFixture[str]) -> None:
    streams.prepare()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
@pytest.mark.parametrize("code", [0, 2, 3])
def test_a_reader_that_is_gone_changes_no_exit_code(
    code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read, write = os.pipe()
    os.close(read)
    monkeypatch.setattr(sys, "stdout", on(write))
    sys.stdout.write("x" * 100_000)
    assert streams.finish(code) == code
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize(("code", "ends"), [(0, 1), (2, 1), (9, 9)])
def test_what_could_not_be_written_is_no_success(
    code: int, ends: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", on(os.open("/dev/full", os.O_WRONLY)))
    sys.stdout.write("x")
    assert streams.finish(code) == ends
    said = capsys.readouterr().err
    assert "error: stdout could not be written: No space left on device\nhint: " in said


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "a → é…\u200b".encode()),
        ("cp1252", b"a -> \xe9\x85\\u200b"),
        ("ascii", b"a -> \\xe9...\\u200b"),
    ],
)
def test_what_an_encoding_lacks_is_readable(encoding: str, shown: bytes, tmp_path: Path) -> None:
    path = tmp_path / "out"
    stream = on(os.open(path, os.O_WRONLY | os.O_CREAT), encoding)
    stream.write("a → é…\u200b")
    stream.flush()
    assert path.read_bytes() == shown


def test_for_programs_it_is_utf8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out"
    monkeypatch.setattr(sys, "stdout", on(os.open(path, os.O_WRONLY | os.O_CREAT), "ascii"))
    streams.utf8()
    sys.stdout.write("é\n\ud800")
    assert streams.finish(0) == 0
    assert path.read_bytes() == "é\n\\ud800".encode()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_pipe_that_does_not_block_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    room = os.write(write, b"x" * (1 << 20))  # as much as it takes

    def drained(*_: object) -> None:
        os.read(read, room)

    monkeypatch.setattr("select.select", drained)
    with streams._Sink(write, "w") as sink:
        assert sink.write(b"more") == 4
    assert os.read(read, 10) == b"more"
    os.close(read)
