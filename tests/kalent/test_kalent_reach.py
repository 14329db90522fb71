"""What can be reached at all: two paths to write, two to read, nothing that starts or deletes. Read-only commands can't
write, by no method and by no import.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kalentops
from kalentops.cli.commands.connection import ReadSession
from kalentops.errors import KalentopsError
from kalentops.http.retry import Throttle
from kalentops.http.verdict import Answer
from kalentops.kalent.client import ReadApi, ReadOnly
from kalentops.kalent.write_client import WriteApi
from kalentops.support.text import visible
from tests.fakeclock import FakeClock, without_backoff
from tests.kalent.recording import CREATED, LISTED, Recording

REFUSED = Answer(404, {"success": False, "error": {"code": "not_found", "message": "no"}})
PACKAGE = Path(kalentops.__file__).parent
READERS = ("cli.commands.plan", "cli.commands.validate", "cli.commands.sourcings", "cli.commands.import_")
WRITERS = {"kalent.write_client", "apply.run", "apply.create", "apply.update", "cli.commands.apply"}


@pytest.fixture(autouse=True)
def _no_waiting_between_attempts() -> Iterator[None]:
    with without_backoff(most=2):
        yield


def public(cls: type) -> dict[str, int]:
    """The public methods, and how many arguments they take."""
    return {
        name: len(inspect.signature(member).parameters) - 1
        for name, member in inspect.getmembers(cls, inspect.isfunction)
        if not name.startswith("_")
    }


IDS = st.text(max_size=12) | st.sampled_from(["s1", "b1/start", "../x", "b1?x", "b1#", "%2e%2e", "..", "b1 "])


@given(IDS, st.sampled_from([LISTED, CREATED, REFUSED]))
def test_reading_can_only_get(identifier: str, answer: Answer) -> None:
    assert public(ReadApi) == {"list_blueprints": 1, "list_sourcings": 2, "time": 0}
    network = Recording(answer)
    client = ReadApi(network, Throttle(FakeClock(), lambda _: None))
    with caught():
        client.list_blueprints(identifier)
    with caught():
        client.list_sourcings(ownership="all", closed=False)
    for method, path in network.sent:
        assert method == "GET"
        assert re.fullmatch(r"/v1/sourcings(/[\w-][\w.-]*/sequence-blueprints)?", path, re.ASCII)


@given(IDS, st.sampled_from([LISTED, CREATED, REFUSED]))
def test_writing_reaches_two_paths(identifier: str, answer: Answer) -> None:
    reading = {"list_blueprints": 1, "list_sourcings": 2, "time": 0}
    assert public(WriteApi) == reading | {"create": 2, "update": 2, "ready": 0}
    network = Recording(answer)
    client = WriteApi(network, Throttle(FakeClock(), lambda _: None))
    for act in (client.create, client.update):
        with caught():
            act(identifier, {"name": "n"})
    for method, path in network.sent:
        assert (
            method == "POST" and re.fullmatch(r"/v1/sourcings/[\w-][\w.-]*/sequence-blueprints", path)
        ) or (method == "PATCH" and re.fullmatch(r"/v1/sequence-blueprints/[\w-][\w.-]*", path))
        assert not path.endswith("/start")


@contextmanager
def caught() -> Iterator[None]:
    try:
        yield
    except KalentopsError as error:
        assert visible(str(error)) == str(error)  # noqa: PT017 - it need not be raised


# Who may say what to a server; in all other sources, these words don't stand at all.
VERBS = {
    "kalent/client.py": {"GET"},
    "http/transport.py": {"GET"},  # to know what only reads, and may be let go of
    "kalent/write_client.py": {"POST", "PATCH"},
    "github/client.py": {"GET", "POST", "PATCH"},
}


@pytest.mark.processes
def test_no_source_speaks_of_starting_or_deleting() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    sources = {path: text for path, text in sources.items() if "emulator" not in path.parts}
    assert len(sources) > 50
    for path, text in sources.items():
        assert not re.search(r"""/start\b|["'](DELETE|PUT)["']""", text), path
        methods = set(re.findall(r"""["'](GET|POST|PATCH|HEAD|OPTIONS)["']""", text))
        if "kalentops.git.worktree" in text or path.parent.name == "git" or path.name == "origin.py":
            methods -= {"HEAD"}  # of git
        assert methods <= VERBS.get(path.relative_to(PACKAGE).as_posix(), set()), path


@given(st.text() | st.sampled_from(["POST", "PATCH", "PUT", "DELETE", "get", "GET ", "HEAD", "OPTIONS"]))
def test_nothing_but_get_comes_through(method: str) -> None:
    network = Recording(LISTED)
    if method != "GET":
        with pytest.raises(AssertionError, match="in a command that only reads"):
            ReadOnly(network).send(method, "/v1/sourcings")
        assert network.sent == []


@pytest.mark.parametrize("body", [{}, [], "", 0, False, {"name": "One"}])
def test_a_get_with_a_body_does_not_come_through(body: Any) -> None:
    network = Recording(LISTED)
    with pytest.raises(AssertionError):
        ReadOnly(network).send("GET", "/v1/sourcings", body=body)
    assert network.sent == []


def test_a_get_comes_through_as_it_is() -> None:
    network = Recording(LISTED)
    assert ReadOnly(network).send("GET", "/v1/sourcings", query={"page": 1}) is LISTED
    assert network.sent == [("GET", "/v1/sourcings")]
    assert network.queries == [{"page": 1}]


def test_a_line_holds_nothing_that_writes() -> None:
    held = {name: kind.__forward_arg__ for name, kind in ReadSession.__annotations__.items()}
    assert held == {"api": "ReadApi", "clock": "SystemClock", "progress": "Progress"}
    assert not hasattr(ReadApi, "create")
    assert not hasattr(ReadApi, "update")


def _imported(module: str) -> Iterator[str]:
    """The modules of kalentops that a module imports anywhere in it, also inside of functions."""
    path = PACKAGE.joinpath(*module.split(".")).with_suffix(".py")
    if not path.is_file():
        path = path.with_suffix("") / "__init__.py"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute, so that they can be followed"
            names = [str(node.module), *(f"{node.module}.{each.name}" for each in node.names)]
        for name in names:
            inner = name.removeprefix("kalentops.")
            found = PACKAGE.joinpath(*inner.split("."))
            if name.startswith("kalentops.") and (found.with_suffix(".py").is_file() or found.is_dir()):
                yield inner


def _reached(module: str) -> set[str]:
    seen: set[str] = set()
    new = {module}
    while new:
        seen |= new
        new = {each for name in new for each in _imported(name)} - seen
    return seen


@pytest.mark.parametrize("command", READERS)
def test_what_only_looks_reaches_nothing_that_writes(command: str) -> None:
    """By no import, direct or not. That it does reach the network shows that imports are followed."""
    reached = _reached(command)
    assert {"cli.commands.connection", "kalent.lists", "kalent.client", "http.transport"} <= reached
    assert reached & WRITERS == set()


def test_the_writers_are_where_they_are_said_to_be() -> None:
    assert _reached("cli.commands.apply") >= WRITERS
    users = [
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "kalent.write_client" in set(_imported(".".join(path.relative_to(PACKAGE).with_suffix("").parts)))
    ]
    assert users == ["cli/commands/apply.py"]
