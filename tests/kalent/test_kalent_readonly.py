"""Commands that only look can't write: not by a method, not by an import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kalentops
from kalentops.cli.commands.connection import ReadSession
from kalentops.http.verdict import Answer
from kalentops.kalent.client import ReadApi, ReadOnly

PACKAGE = Path(kalentops.__file__).parent
ANSWER = Answer(200, {"success": True})
READERS = ("cli.commands.plan", "cli.commands.validate", "cli.commands.sourcings", "cli.commands.import_")
WRITERS = {"kalent.write_client", "apply.run", "apply.create", "apply.update", "cli.commands.apply"}


class Recording:
    def __init__(self) -> None:
        self.sent: list[tuple[str, str, Any]] = []

    def send(self, method: str, path: str, *, query: Any = None, body: Any = None) -> Answer:
        self.sent.append((method, path, query))
        return ANSWER


@given(st.text() | st.sampled_from(["POST", "PATCH", "PUT", "DELETE", "get", "GET ", "HEAD", "OPTIONS"]))
def test_nothing_but_get_comes_through(method: str) -> None:
    network = Recording()
    if method != "GET":
        with pytest.raises(AssertionError, match="in a command that only reads"):
            ReadOnly(network).send(method, "/v1/sourcings")
        assert network.sent == []


@pytest.mark.parametrize("body", [{}, [], "", 0, False, {"name": "One"}])
def test_a_get_with_a_body_does_not_come_through(body: Any) -> None:
    network = Recording()
    with pytest.raises(AssertionError):
        ReadOnly(network).send("GET", "/v1/sourcings", body=body)
    assert network.sent == []


def test_a_get_comes_through_as_it_is() -> None:
    network = Recording()
    assert ReadOnly(network).send("GET", "/v1/sourcings", query={"page": 1}) is ANSWER
    assert network.sent == [("GET", "/v1/sourcings", {"page": 1})]


def test_a_line_holds_nothing_that_writes() -> None:
    assert ReadSession.__annotations__ == {"api": "ReadApi", "clock": "SystemClock", "progress": "Progress"}
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
