"""What every test can ask for; and what none may do without asking."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import hypothesis
import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests import servers
from tests.fakeclock import without_backoff
from tests.faults.proxy import FaultProxy
from tests.harness import Project, Truth
from tests.sizes import SUITE, examples

# A busy machine takes longer, and no example fails by the clock. What passed here passes there: only the thorough suite
# looks for new examples.
hypothesis.settings.register_profile(
    "kalentops", deadline=None, max_examples=examples(100), derandomize=SUITE != "thorough"
)
hypothesis.settings.load_profile("kalentops")

# A suite that is started in the background ignores ^C, and so would what it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_LEFT_OUT = {"quick": {"processes", "waits", "thorough"}, "usual": {"thorough"}, "thorough": set[str]()}


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        servers.hold()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        servers.release()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what is too large for the size that is asked for."""
    left_out = [each for each in items if _LEFT_OUT[SUITE] & {mark.name for mark in each.iter_markers()}]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [each for each in items if each not in set(left_out)]


SOURCINGS = ("sourcing_a", "sourcing_b", "sourcing_c")


@pytest.fixture(autouse=True)
def _nothing_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No key, address, state, cache, cloud or workflow of the person who runs the tests; forgetting to ask for them
    fails.
    """
    for name in list(os.environ):
        if name.startswith(("KALENT", "GITHUB_", "PG", "AWS_", "AZURE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("KALENT_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("XDG_CACHE_HOME", "WIN_PD_OVERRIDE_LOCAL_APPDATA"):
        monkeypatch.setenv(name, f"{tmp_path}-cache")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True, scope="session")
def _no_processes_in_the_quick_suite() -> Iterator[None]:
    """A test that starts one says so with the marker `processes`."""
    with pytest.MonkeyPatch.context() as patch:
        if SUITE == "quick":
            platform.processor()  # asks a process once, and remembers
            for module, name in ((subprocess, "Popen"), (os, "fork"), (os, "posix_spawn")):
                patch.setattr(module, name, _refused, raising=False)  # Windows has Popen alone
        yield


def _refused(*args: object, **_: object) -> NoReturn:
    pytest.fail(f"the quick suite starts no process, and this test starts {args[:1]}: mark it `processes`")


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that may write nowhere, or little: their coverage could not be written either, and would say so."""
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def no_backoff() -> Iterator[None]:
    """As many attempts as ever, without waits between them."""
    with without_backoff():
        yield


@pytest.fixture(scope="session")
def leave() -> Iterator[Callable[[ExitStack], None]]:
    """Closes something while the tests go on: a server takes a fifth of a second to stop, and most tests have one.
    What goes wrong is reported at the end.
    """
    with ThreadPoolExecutor(4, "leave") as pool:
        left: list[Future[None]] = []
        yield lambda stack: left.append(pool.submit(stack.close))
        for each in left:
            each.result()


@pytest.fixture
def emulator(leave: Callable[[ExitStack], None]) -> Iterator[BackgroundEmulator]:
    with ExitStack() as stack:
        yield stack.enter_context(BackgroundEmulator(sourcings=[(each, each) for each in SOURCINGS]))
        leave(stack.pop_all())


@pytest.fixture
def project(tmp_path: Path, emulator: BackgroundEmulator) -> Project:
    """An empty project whose API is the emulator."""
    return Project(tmp_path, emulator.url)


@pytest.fixture
def proxy(emulator: BackgroundEmulator, project: Project) -> Iterator[FaultProxy]:
    """A misbehaving server in front of the emulator; the project talks to it."""
    with FaultProxy(emulator.url) as running:
        project.url = running.url
        yield running
        assert not running.problems


@pytest.fixture
def truth(project: Project, emulator: BackgroundEmulator) -> Truth:
    return Truth(project, emulator, SOURCINGS)
