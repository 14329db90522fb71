"""`apply` as a process: killed, interrupted, twice at once."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.faults.proxy import Exchange, FaultProxy, on, wait_until
from tests.harness import Project, Truth
from tests.sizes import some

pytestmark = pytest.mark.processes

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals of POSIX")


def _many(project: Project, count: int = 12) -> None:
    for sourcing in ("sourcing_a", "sourcing_b", "sourcing_c"):
        project.write(sourcing, {f"k{n}": blueprint(f"B{n}") for n in range(count // 3)})


def _finish(project: Project, truth: Truth, count: int = 12) -> None:
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 0, ran.out + ran.err
    assert len(project.ids) == count
    assert {len(ids) for ids in truth.on_server().values()} == {1}
    assert project.run("plan", "--detailed-exitcode").code == 0


@needs_posix
@pytest.mark.parametrize("requests", some([3, 7, 1, 4, 5, 10, 14], 2))
def test_killed_at_a_request_and_run_again(
    requests: int, project: Project, proxy: FaultProxy, truth: Truth
) -> None:
    """SIGKILL while the server is about to answer the nth request, its effect done."""
    _many(project)
    truth.watch(proxy)
    seen = {"requests": 0}

    def kill(exchange: Exchange) -> None:
        exchange.forward()
        seen["requests"] += 1
        process.kill()

    proxy.script = lambda request: kill if proxy.requests.index(request) == requests - 1 else None
    process = project.start("apply", "--yes", "--parallelism", "2")
    out, err = process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL, out + err
    truth.check()
    proxy.script = lambda _: None
    _finish(project, truth)
    # Two threads: before the last one, one of them had ended two creates at least, and said so.
    told = re.findall(r"created +(\S+) (\S+)", out)
    assert len(told) >= (2 if requests == 14 else 0)
    assert set(told) <= set(project.ids.items())


@needs_posix
@pytest.mark.parametrize("sort", some([signal.SIGTERM, signal.SIGINT], 1))
def test_interrupted_ends_what_is_under_way(
    sort: signal.Signals, project: Project, proxy: FaultProxy, truth: Truth
) -> None:
    _many(project)
    truth.watch(proxy)

    def slow(exchange: Exchange) -> None:
        exchange.stall(0.3)
        exchange.send(exchange.forward())

    proxy.script = on("create", slow, nth=None)
    project.timeout = 5
    process = project.start("apply", "--yes", "--parallelism", "2", "--format", "json")
    assert wait_until(lambda: proxy.count("create") >= 2)
    process.send_signal(sort)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, out + err
    assert "finishing the open requests" in err
    assert '"not_attempted"' in out
    assert '"unknown": 0' in out
    assert len(project.ids) == proxy.count("create")
    assert not project.journal_path.exists()
    truth.check()
    proxy.script = lambda _: None
    _finish(project, truth)


@needs_posix
def test_a_second_signal_stops_at_once(project: Project, proxy: FaultProxy, truth: Truth) -> None:
    _many(project)

    def hang(exchange: Exchange) -> None:
        exchange.forward()
        exchange.stall(30)

    proxy.script = on("create", hang, nth=None)
    project.timeout = 60
    process = project.start("apply", "--yes")
    assert wait_until(lambda: proxy.count("create") >= 3)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "stopped at once" in err
    truth.check()
    proxy.script = lambda _: None
    _finish(project, truth)


@needs_posix
def test_interrupted_while_it_looks_for_an_outcome(project: Project, proxy: FaultProxy, truth: Truth) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    project.settle = 60

    def lose(exchange: Exchange) -> None:
        exchange.reset()

    proxy.script = on("fill", lose)
    process = project.start("apply", "--yes")
    assert wait_until(lambda: proxy.count("list") >= 3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, out + err
    assert "looks up these outcomes" in out
    assert set(project.state["intents"]) == {"sourcing_a/one"}
    project.settle = 0.3
    _finish(project, truth, 1)


def test_two_at_once_one_is_refused(project: Project, proxy: FaultProxy, truth: Truth) -> None:
    _many(project)
    may_go_on = threading.Event()

    def slow(exchange: Exchange) -> None:
        may_go_on.wait(120)
        exchange.send(exchange.forward())

    proxy.script = on("create", slow, nth=None)
    project.timeout = 60
    first = project.start("apply", "--yes")
    assert wait_until(lambda: proxy.count("create") >= 1)
    second = project.process("apply", "--yes")
    assert second.code == 8
    assert f"process {first.pid}" in second.err
    patient = project.start("apply", "--yes", "--lock-timeout", "60")
    may_go_on.set()
    first.communicate(timeout=120)
    out, err = patient.communicate(timeout=120)
    assert (first.returncode, patient.returncode) == (0, 0), out + err
    assert proxy.count("create") == 12
    truth.check()


def test_without_a_terminal_it_does_not_ask(project: Project, emulator: BackgroundEmulator) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    ran = project.process("apply")
    assert ran.code == 1
    assert "--yes" in ran.err
    assert not emulator.log.requests


@needs_posix
@pytest.mark.parametrize(
    ("answer", "code", "made"), some([(b"y\n", 0, 1), (b"\x03", 130, 0), (b"n\n", 130, 0)], 2)
)
def test_on_a_terminal_it_asks(
    answer: bytes, code: int, made: int, project: Project, emulator: BackgroundEmulator
) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    process, leader = _at_a_terminal(project)
    shown = b""
    while b"Apply this plan?" not in shown:
        shown += os.read(leader, 4096)
    shown += _answered(process, leader, answer)
    assert process.wait(timeout=120) == code, shown.decode()
    os.close(leader)
    assert len(emulator.store.blueprints("sourcing_a")) == made
    assert b"\x1b[" in shown  # colour, on a terminal
    assert b"Traceback" not in shown


@needs_posix
def test_what_was_typed_before_the_question_is_no_answer(
    project: Project, emulator: BackgroundEmulator
) -> None:
    """A person presses y too early, for whatever was asked last."""
    project.write("sourcing_a", {"one": blueprint("One")})
    process, leader = _at_a_terminal(project, typed=b"y\n")
    shown = b""
    while b"Apply this plan?" not in shown:
        shown += os.read(leader, 4096)
    shown += _answered(process, leader, b"n\n")
    assert process.wait(timeout=120) == 130, shown.decode()
    os.close(leader)
    assert emulator.store.blueprints("sourcing_a") == []


def _at_a_terminal(project: Project, *, typed: bytes = b"") -> tuple[subprocess.Popen[bytes], int]:
    import pty  # Windows has none

    leader, follower = pty.openpty()
    os.write(leader, typed)
    variables = {name: value for name, value in project.variables().items() if name not in {"CI", "NO_COLOR"}}
    process = subprocess.Popen(
        [sys.executable, "-m", "kalentops", "apply"],
        cwd=project.folder,
        env=variables | {"TERM": "xterm"},
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
        preexec_fn=_take_terminal,  # noqa: PLW1509 - no other thread of this process forks
    )
    os.close(follower)
    return process, leader


def _answered(process: subprocess.Popen[bytes], leader: int, answer: bytes) -> bytes:
    """What it shows until it has ended."""
    shown = b""
    while process.poll() is None:
        # Again and again, as a person would: a ^C that comes between the prompt and the read is easily lost.
        if b"interrupted" not in shown:
            os.write(leader, answer)
        shown += _shown_within(leader, 1.0)
    return shown + _shown_within(leader, 0.2)


def _shown_within(leader: int, seconds: float) -> bytes:
    shown = b""
    while select.select([leader], [], [], seconds)[0]:
        try:
            chunk = os.read(leader, 4096)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        shown += chunk
    return shown


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that takes no files from anybody")
def test_a_folder_that_takes_no_files_stops_before_the_first_request(
    project: Project, emulator: BackgroundEmulator
) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    ran = project.process("apply", "--yes", "--state", "/proc/state.json")
    assert ran.code == 1, ran.err
    assert "can't be created" in ran.err
    assert "Traceback" not in ran.err
    assert not emulator.log.requests


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit of util-linux bounds the size of files")
@pytest.mark.parametrize("room", some([0, 120, 400, 700, 2000, 4000], 2))
@pytest.mark.usefixtures("unmeasured")
def test_a_full_disk_loses_nothing(
    room: int, project: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    project.write("sourcing_b", {"before": blueprint("Before", steps=0)})
    assert project.apply().code == 0
    ids = project.ids
    project.write("sourcing_a", {f"k{n}": blueprint(f"B{n}") for n in range(3)})
    truth.watch(proxy)
    ran = project.process("apply", "--yes", wrapper=("prlimit", f"--fsize={room}"))
    assert ran.code in {1, 9, 10}, ran.out + ran.err
    assert "Traceback" not in ran.err
    assert "a bug" not in ran.err
    assert ids.items() <= project.ids.items()
    truth.check(ran)
    again = project.apply()
    truth.check(again)
    assert again.code == 0, again.out + again.err
    assert len(emulator.store.blueprints("sourcing_a")) == 3


def test_a_missing_key_names_the_variable(project: Project, emulator: BackgroundEmulator) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    project.environment = {"KALENT_API_KEY": ""}
    ran = project.run("apply", "--yes")
    assert ran.code == 4
    assert "KALENT_API_KEY is not set" in ran.err
    assert not emulator.log.requests


def test_results_on_stdout_everything_else_on_stderr(project: Project) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    ran = project.run("apply", "--yes", "--format", "json", "--debug-http")
    assert ran.code == 0
    assert ran.json["summary"]["done"] == 1
    assert "POST /v1/sourcings/sourcing_a/sequence-blueprints" in ran.err
    assert "Plan: 1 to create." in ran.err
