"""A location with a password: it appears in no output, file, report or child process, whatever goes wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from kalentops.action import Inputs, _state_name
from kalentops.cli.main import cli
from kalentops.state.store import postgresql
from kalentops.state.store.location import Location
from tests.builders import blueprint
from tests.harness import Project, Ran
from tests.platforms import needs_shell
from tests.repositories import Remote, commit, git
from tests.state.store.samples import MemoryBackend

SECRET = "S3CRETp4ss"
URL = f"postgresql://us3r:{SECRET}@127.0.0.1:9/db?sslpassword={SECRET}"
REF = "git:refs/kalentops/state"
ARGUMENTS = {
    "state list": (),
    "state show": ("sourcing_a/one",),
    "state rm": ("sourcing_a/one", "--yes"),
    "state mv": ("sourcing_a/one", "sourcing_a/two"),
    "state init": (),
    "state restore": ("earlier.json",),
    "state push": (),
    "plan": ("--out", "plan.bin"),
    "apply": ("--yes", "--debug-http"),
    "close": ("sourcing_a",),
    "import": ("sourcing_a", "--debug-http"),
}


def check(*texts: str) -> None:
    for text in texts:
        assert SECRET not in text
        assert "S3CRET" not in text


def check_ran(ran: Ran, code: int | None = None) -> None:
    check(ran.out, ran.err)
    assert code is None or ran.code == code, ran.err


@pytest.fixture
def filled(project: Project) -> Iterator[Project]:
    """At the end, no file of the project holds the secret."""
    project.write("sourcing_a", {"one": blueprint("One")})
    (project.folder / "earlier.json").write_text('{"format_version": "2.0"}')
    yield project
    for path in project.folder.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path


@pytest.fixture
def _unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_PAUSES", ())


@pytest.fixture
def _reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server without its price."""
    kept = MemoryBackend()

    def opened(location: Location) -> MemoryBackend:
        kept.where = location.where
        return kept

    monkeypatch.setattr(postgresql, "PostgresqlBackend", opened)


@pytest.mark.usefixtures("_unreachable")
@pytest.mark.parametrize("command", ARGUMENTS)
def test_a_store_that_can_not_be_reached(command: str, filled: Project) -> None:
    check_ran(filled.run(*command.split(), *ARGUMENTS[command], "--state", URL), 8)


@pytest.mark.usefixtures("_reachable")
def test_everything_that_works(filled: Project) -> None:
    filled.environment["KALENTOPS_STATE"] = URL
    (filled.folder / "earlier.json").unlink()
    check_ran(filled.run("plan"), 8)
    check_ran(filled.run("state", "init"), 0)
    check_ran(filled.run("state", "init"), 0)
    check_ran(filled.run("plan", "--out", "plan.bin"), 0)
    check_ran(filled.run("show", "plan.bin", "--format", "json"), 0)
    check_ran(filled.run("apply", "--yes", "--debug-http", "plan.bin"), 0)
    check_ran(filled.run("apply", "--yes", "--format", "json"), 0)
    check_ran(filled.run("plan", "--refresh", "--format", "markdown"), 0)
    check_ran(filled.run("state", "list", "--format", "json"), 0)
    check_ran(filled.run("state", "push"), 0)
    check_ran(filled.run("state", "migrate", URL, "here.json"), 0)
    check_ran(filled.run("plan"), 8)
    check_ran(filled.run("state", "migrate", "here.json", URL), 0)
    check_ran(filled.run("state", "restore", "here.json"), 0)
    check_ran(filled.run("plan"), 0)


@pytest.mark.parametrize(
    "location",
    [
        URL.replace("postgresql", "postgrsql"),
        URL.replace("127.0.0.1:9", "127.0.0.1:port"),
        f"postgresql://us3r:{SECRET}@/h@/db",
        f"postgresql://us3r:12/{SECRET}@h/db",
        f"postgresql://us3r:12#{SECRET}@h/db",
        f"s3://us3r:{SECRET}@bucket/key",
        f"s3://us3r:12/{SECRET}@bucket/key",
        f"git:https://us3r:{SECRET}@h/r.git",
        f"postgresql://us3r:{SECRET * 60}@h",
        f"postgresql:/us3r:{SECRET * 60}@h/d",
    ],
)
def test_a_location_that_is_misspelt(location: str, filled: Project) -> None:
    ran = filled.run("plan", "--state", location)
    check_ran(ran, 8)
    assert ran.out == ""
    assert "hint: " in ran.err
    (filled.folder / "kalentops.yaml").write_text(f"state: '{location}'\n")
    ran = filled.run("plan")
    check_ran(ran, 3)
    (filled.folder / "kalentops.yaml").unlink()


@pytest.mark.parametrize(
    "args",
    [
        ("state", "list", URL),
        ("plan", URL),
        ("plan", f"--stat3={URL}"),
        ("plan", "--format", URL),
        ("plan", "--target", URL),
        ("-C", URL, "plan"),
        ("plan", "-C", URL),
        ("state", "show", URL),
        ("state", "mv", URL, URL),
        ("state", "migrate", URL, URL, URL),
        ("state", "migrate", "--", f"\u2013{URL}", URL, URL),
        ("state", "restore", URL),
        (URL,),
        ("plan", "-e", URL),
    ],
)
def test_a_location_in_the_wrong_place(args: tuple[str, ...], filled: Project) -> None:
    ran = filled.run(*args)
    check_ran(ran)
    assert ran.code in {1, 3}, ran.err


@pytest.mark.usefixtures("_reachable")
def test_a_crash(filled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object) -> None:
        raise ValueError(f"a bug with {URL}")

    monkeypatch.setattr(MemoryBackend, "read", fail)
    check_ran(filled.run("plan", "--state", URL), 1)
    (report,) = filled.folder.glob("kalentops-crash-*.txt")
    assert "ValueError: a bug with postgresql://***@127.0.0.1:9/db?sslpassword=***\n" in report.read_text()


@needs_shell
@pytest.mark.usefixtures("_reachable")
@pytest.mark.processes
def test_git_gets_it_neither_as_an_argument_nor_in_its_environment(
    filled: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("git")
    remote = Remote.make(elsewhere)
    git(filled.folder, "init", "--quiet")
    git(filled.folder, "remote", "add", "origin", f"file://{remote.bare}")
    commit(filled.folder, "Begin")
    log = elsewhere / "log"
    spy = elsewhere / "git"
    spy.write_text(f'#!/bin/sh\n{{ echo "$@"; env; }} >> {log}\nexec {shutil.which("git")} "$@"\n')
    spy.chmod(0o755)
    filled.environment |= {"KALENTOPS_STATE": URL, "INPUT_STATE": URL, "PGPASSWORD": SECRET}
    filled.environment["PATH"] = f"{elsewhere}{os.pathsep}{os.environ['PATH']}"
    check_ran(filled.run("state", "init"), 0)
    check_ran(filled.run("plan"), 0)
    check_ran(filled.run("state", "migrate", REF), 0)
    assert "push" in log.read_text()
    check(log.read_text())


@pytest.mark.usefixtures("_unreachable")
def test_completion(filled: Project, capsys: pytest.CaptureFixture[str]) -> None:
    completion = ShellComplete(cli, {}, "kalentops", "_X")
    for before in (
        ["state", "show", "--state", URL],
        ["-C", str(filled.folder), "plan", "--state", URL, "--target"],
    ):
        check(*(each.value for each in completion.get_completions(before, "")), *capsys.readouterr())


def test_the_artifact_of_a_preview_is_not_named_after_it() -> None:
    for given in (URL, f"postgrsql://u:{SECRET}@h/d"):
        check(_state_name(Inputs({"INPUT_STATE": given})))
    assert _state_name(Inputs({"INPUT_STATE": "states/acme.json"})) == "states/acme.json"


def test_a_location_does_not_show_it_when_it_is_printed() -> None:
    check(repr(Location.parse(URL, Path())), str(Location.parse(URL, Path())))
