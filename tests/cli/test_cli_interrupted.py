"""SIGINT and SIGTERM: at once as long as nothing was sent that could write, and with nothing left behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from itertools import product
from pathlib import Path

import pytest

from tests.builders import blueprint
from tests.faults.catalogue import envelope
from tests.faults.proxy import Behaviour, Exchange, FaultProxy, Request, on, wait_until
from tests.harness import Project, Truth
from tests.sizes import some

pytestmark = [pytest.mark.processes, pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")]

READING = {
    "plan": ("plan", "--refresh", "--out", "plan.json"),
    "apply": ("apply", "--yes", "--format", "json"),
    "import": ("import", "sourcing_b"),
    "update": ("import", "sourcing_a", "--update"),
    "all": ("import", "--all"),
    "sourcings": ("sourcings",),
    "online": ("validate", "--online"),
}


@pytest.fixture
def applied(project: Project, proxy: FaultProxy) -> Project:
    """Something to update and something to make, and a server that may take a minute for each answer."""
    project.write("sourcing_a", {"one": blueprint("One")})
    assert project.apply().code == 0
    project.write("sourcing_a", {"one": blueprint("One", steps=3), "two": blueprint("Two")})
    project.timeout = 60
    proxy.requests.clear()
    return project


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def never(held: threading.Event) -> Behaviour:
    def behave(exchange: Exchange) -> None:
        held.set()
        exchange.stall(60)

    return behave


def unavailable(held: threading.Event) -> Behaviour:
    def behave(exchange: Exchange) -> None:
        exchange.send(envelope(503))
        if exchange.request.nth > 3:  # it waits before it tries again, longer and longer
            held.set()

    return behave


def dripping(held: threading.Event) -> Behaviour:
    def behave(exchange: Exchange) -> None:
        exchange.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n")
        held.set()
        while not exchange.proxy.ending.wait(0.05):
            exchange.raw(b" ")

    return behave


TROUBLE = {"never": never, "unavailable": unavailable, "dripping": dripping}


@pytest.mark.parametrize(("command", "trouble"), some([*product(READING, TROUBLE)], 5))
def test_what_only_reads_ends_at_once(
    command: str, trouble: str, applied: Project, proxy: FaultProxy
) -> None:
    """The answer would take a minute, and no one waits for it."""
    held = threading.Event()
    behave = TROUBLE[trouble](held)
    proxy.script = lambda request: behave if request.method == "GET" else None
    before = contents(applied.folder)
    process = applied.start(*READING[command])
    assert held.wait(120)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, out + err
    assert {request.method for request in proxy.requests} == {"GET"}
    assert contents(applied.folder) == before
    if command == "apply":
        results = {each["address"]: each["outcome"] for each in json.loads(out)["results"]}
        assert results == dict.fromkeys(["sourcing_a/one", "sourcing_a/two"], "not_attempted")
    else:
        assert out == ""
        assert "interrupted while reading; nothing was changed" in err


@pytest.mark.parametrize("sort", [signal.SIGINT, signal.SIGTERM])
def test_the_outcome_of_a_write_is_looked_up_in_spite_of_it(
    sort: signal.Signals, applied: Project, proxy: FaultProxy, truth: Truth
) -> None:
    """A create whose answer was lost: the list that is under way may show it, and does."""
    lists: list[Request] = []

    def slow(exchange: Exchange) -> None:
        lists.append(exchange.request)
        exchange.stall(0.8)
        exchange.send(exchange.forward())

    def lose(exchange: Exchange) -> None:
        exchange.forward()
        proxy.script = on("list", slow, nth=None)
        exchange.reset()

    proxy.script = on("create", lose, nth=None)
    process = applied.start("apply", "--yes", "--format", "json")
    assert wait_until(lambda: bool(lists))
    process.send_signal(sort)
    out, err = process.communicate(timeout=120)
    assert "finishing the open requests" in err
    results = {each["address"]: each["outcome"] for each in json.loads(out)["results"]}
    assert results["sourcing_a/two"] == "done", out + err
    assert "sourcing_a/two" in applied.ids
    assert applied.state["intents"] == {}
    truth.check()


_AT_IMPORTS = """
import os, signal, sys


class Impatient:
    def find_spec(self, name, path=None, target=None):
        if name in AT:
            AT.remove(name)
            os.kill(os.getpid(), signal.SIGINT)


AT = sys.argv.pop(1).split(",")
sys.meta_path.insert(0, Impatient())
from kalentops.__main__ import main

main()
"""


@pytest.mark.parametrize("at", ["kalentops.cli.main", "kalentops.support.text"])
def test_an_impatient_user_sees_no_traceback(at: str, applied: Project) -> None:
    """Interrupted before the program can say so."""
    before = contents(applied.folder)
    done = _interrupted_at(at, applied)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "")  # click ends the line of a ^C
    assert contents(applied.folder) == before


@pytest.mark.parametrize("at", ["yaml._yaml", "pydantic_core", "kalentops.yamlfile.parse"])
def test_an_interrupt_within_an_import_is_reported_although_that_module_is_half_there(
    at: str, applied: Project
) -> None:
    """PyYAML can't be imported once more: its package is gone again, and modules of it that refer to it are not."""
    before = contents(applied.folder)
    done = _interrupted_at(at, applied)
    said = "error: interrupted; changes made before this error remain"
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", said)
    assert contents(applied.folder) == before


def _interrupted_at(at: str, project: Project) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _AT_IMPORTS, at, "apply", "--yes"],
        cwd=project.folder,
        env=project.variables(),
        capture_output=True,
        text=True,
        check=False,
    )
