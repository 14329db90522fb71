"""stdout and stderr as users' shells, pipes, disks and consoles make them. Real processes: descriptors are theirs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kalentops.cli.main import COMMANDS
from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.harness import Project
from tests.sizes import some

pytestmark = pytest.mark.processes

posix = pytest.mark.skipif(sys.platform == "win32", reason="redirections of a POSIX shell")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path, "http://127.0.0.1:9/api")
    made.write("s_1", {"first": blueprint("Développeuse → 🚀")})
    return made


def run(
    project: Project, redirection: str, *args: str, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """The program, with its streams redirected by a shell."""
    return subprocess.run(
        ["sh", "-c", f'"$@" {redirection}', "sh", sys.executable, "-m", "kalentops", *args],
        cwd=project.folder,
        env={**project.variables(), **environment},
        capture_output=True,
        check=False,
    )


@posix
@pytest.mark.parametrize("closed", some(["<&- >&- 2>&-", ">&-", "2>&-"], 1))
def test_a_closed_stream_changes_nothing_of_apply(closed: str, project: Project) -> None:
    with BackgroundEmulator(sourcings=[("s_1", "One")]) as emulator:
        project.url, project.timeout = emulator.url, 60
        ran = run(project, closed, "apply", "--yes")
        assert (ran.returncode, b"bug" in ran.stderr) == (0, False), ran.stderr
        # Nothing of what was said went into a file that got the free descriptor.
        assert project.run("plan", "--detailed-exitcode").code == 0
    assert not list(project.folder.glob("kalentops-crash-*"))


@posix
@pytest.mark.parametrize("args", some([("plan", "--format", "json"), ("--version",), ("--help",)], 1))
def test_a_closed_stdout_is_no_bug(args: tuple[str, ...], project: Project) -> None:
    ran = run(project, ">&-", *args)
    assert (ran.returncode, ran.stdout) == (0, b"")
    assert b"Traceback" not in ran.stderr
    assert b"bug" not in ran.stderr


@posix
def test_the_exit_code_holds_where_the_reader_has_had_enough(project: Project) -> None:
    project.write("s_2", {f"b-{number}": blueprint("{{firstName}}", steps=9) for number in range(40)})
    ran = run(project, "2>err | { read -r line; }; exit 0", "validate", "--format", "json")
    assert ran.returncode == 0
    assert (project.folder / "err").read_text() == ""
    code = run(project, "2>/dev/null | true", "validate", "--format", "json")
    assert code.stderr == b""
    piped = '{ "$@"; echo $? > code; } | true'
    subprocess.run(
        ["sh", "-c", piped, "sh", sys.executable, "-m", "kalentops", "validate"],
        cwd=project.folder,
        check=True,
        stderr=subprocess.DEVNULL,
    )
    assert (project.folder / "code").read_text() == "3\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("unbuffered", some(["", "1"], 1))
def test_a_full_disk_behind_stdout_is_no_success_and_loses_no_id(unbuffered: str, project: Project) -> None:
    with BackgroundEmulator(sourcings=[("s_1", "One")]) as emulator:
        project.url, project.timeout = emulator.url, 60
        ran = run(project, ">/dev/full", "apply", "--yes", PYTHONUNBUFFERED=unbuffered)
    assert ran.returncode == 1
    assert b"error: stdout could not be written: No space left on device\nhint: " in ran.stderr
    assert list(project.ids) == ["s_1/first"]
    assert not project.journal_path.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_behind_stderr_alone_changes_nothing(project: Project) -> None:
    assert run(project, "2>/dev/full", "plan", "--detailed-exitcode").returncode == 2


@pytest.mark.parametrize(
    ("encoding", "form"), [("ascii", "json"), ("cp1252", "markdown"), ("utf-16", "json")]
)
def test_what_programs_read_is_utf8_on_any_console(encoding: str, form: str, project: Project) -> None:
    said = run(project, "", "plan", "--format", form, PYTHONIOENCODING=encoding).stdout.decode("utf-8")
    assert "\r" not in said
    assert "Développeuse →" in (json.loads(said)["changes"][0]["name"] if form == "json" else said)


def test_text_stays_readable_where_letters_lack(project: Project) -> None:
    ran = run(project, "", "plan", "--target", "first", PYTHONIOENCODING="ascii")
    assert ran.returncode == 0
    assert rb'+ create first "D\xe9veloppeuse -> \U0001f680"' in ran.stdout


def test_help_is_ascii(project: Project) -> None:
    for name in ("", *COMMANDS):
        assert project.run(*([name] if name else []), "--help").out.isascii(), name
