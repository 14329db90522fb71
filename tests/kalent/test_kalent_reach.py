"""What can be reached at all: two paths to write, two to read, and nothing that starts or deletes."""

from __future__ import annotations

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
from kalentops.errors import KalentopsError
from kalentops.http.retry import Throttle
from kalentops.http.verdict import Answer
from kalentops.kalent.client import ReadApi
from kalentops.kalent.write_client import WriteApi
from kalentops.support.text import visible
from tests.fakeclock import FakeClock, without_backoff

EMPTY = {
    "sequenceBlueprints": [],
    "pagination": {"page": 0, "pageSize": 50, "total": 0, "hasNextPage": False},
}
LISTED = Answer(200, {"success": True, "data": EMPTY})
CREATED = Answer(201, {"success": True, "data": {"blueprintId": "b1"}})
REFUSED = Answer(404, {"success": False, "error": {"code": "not_found", "message": "no"}})


@pytest.fixture(autouse=True)
def _no_waiting_between_attempts() -> Iterator[None]:
    with without_backoff(most=2):
        yield


class Recording:
    """A network that records what is sent and always gives the same answer."""

    def __init__(self, answer: Answer) -> None:
        self.sent: list[tuple[str, str]] = []
        self._answer = answer

    def send(self, method: str, path: str, *, query: Any = None, body: Any = None) -> Answer:
        self.sent.append((method, path))
        return self._answer


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
    assert public(ReadApi) == {"list_blueprints": 1, "list_sourcings": 2}
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
    reading = {"list_blueprints": 1, "list_sourcings": 2}
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
    "kalent/readonly.py": {"GET"},
    "http/transport.py": {"GET"},  # to know what only reads, and may be let go of
    "kalent/write_client.py": {"POST", "PATCH"},
    "github/client.py": {"GET", "POST", "PATCH"},
}


@pytest.mark.processes
def test_no_source_speaks_of_starting_or_deleting() -> None:
    package = Path(kalentops.__file__).parent
    sources = {path: path.read_text(encoding="utf-8") for path in package.rglob("*.py")}
    sources = {path: text for path, text in sources.items() if "emulator" not in path.parts}
    assert len(sources) > 50
    for path, text in sources.items():
        assert not re.search(r"""/start\b|["'](DELETE|PUT)["']""", text), path
        methods = set(re.findall(r"""["'](GET|POST|PATCH|HEAD|OPTIONS)["']""", text))
        if "kalentops.git.worktree" in text or path.parent.name == "git" or path.name == "origin.py":
            methods -= {"HEAD"}  # of git
        assert methods <= VERBS.get(path.relative_to(package).as_posix(), set()), path
