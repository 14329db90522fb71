"""`kalentops preview --serve`: a real process, asked over real sockets."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from html import unescape

import httpx
import pytest

from tests.builders import blueprint
from tests.harness import Project

pytestmark = pytest.mark.processes


@pytest.fixture
def project(bare: Project) -> Project:
    bare.write("sourcing_a", {"one": blueprint("One")})
    return bare


@pytest.fixture
def served(project: Project) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = project.start("preview", "--serve", "--port", "0")
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:"), process.communicate(timeout=120)[1]
    yield process, address
    process.kill()
    process.communicate(timeout=120)


def next_version(lines: Iterator[str]) -> str:
    return next(line.removeprefix("data: ") for line in lines if line.startswith("data: "))


def page_with(said: str, lines: Iterator[str], client: httpx.Client) -> str:
    """The first version of the page that says this; a file may be seen while it is written."""
    while True:
        version = next_version(lines)
        page = unescape(client.get("/").text)
        if said in page and f'data-live="{version}"' in page:
            return page


def ends(served: tuple[subprocess.Popen[str], str], number: signal.Signals) -> None:
    """When it is stopped, also while a page is waiting for changes."""
    process, address = served
    with (
        httpx.Client(base_url=address, trust_env=False) as client,
        client.stream("GET", "/changes") as changes,
    ):
        next_version(changes.iter_lines())
        process.send_signal(number)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "Ctrl-C ends it." in err
    assert "shown: 1 sequence" in err
    assert "Traceback" not in err


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_page_follows_the_files(project: Project, served: tuple[subprocess.Popen[str], str]) -> None:
    _, address = served
    with (
        httpx.Client(base_url=address, trust_env=False, timeout=20) as client,
        client.stream("GET", "/changes") as changes,
    ):
        assert changes.headers["content-type"] == "text/event-stream"
        lines = changes.iter_lines()
        assert "; connect-src 'self'; " in page_with(">One<", lines, client)
        project.write("sourcing_a", {"one": blueprint("Another name")})
        page_with(">Another name<", lines, client)
        (project.folder / "kalentops.yaml").write_text("samples: 5")
        assert "There is nothing to show" in page_with("`samples` must be a list", lines, client)
        (project.folder / "kalentops.yaml").unlink()
        page_with(">Another name<", lines, client)
    assert not list(project.folder.glob("*.html"))
    ends(served, signal.SIGTERM)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_only_its_own_names_are_answered(served: tuple[subprocess.Popen[str], str]) -> None:
    _, address = served
    port = httpx.URL(address).port
    with httpx.Client(base_url=address, trust_env=False) as client:
        assert client.get("/", headers={"Host": f"localhost:{port}"}).status_code == 200
        for host in (
            "evil.example",
            f"evil.example:{port}",
            "127.0.0.1",
            f"127.0.0.1.evil.example:{port}",
            "",
        ):
            for path in ("/", "/changes"):
                answer = client.get(path, headers={"Host": host})
                assert (answer.status_code, "data-live" in answer.text) == (403, False), host
        for path in ("/x", "/../etc/passwd", "/changes/x"):
            assert client.get(path).status_code == 404, path
        assert client.post("/").status_code == 501
        headers = client.get("/?x=1").headers
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["server"].strip() == "kalentops"
    assert port is not None
    with socket.socket() as other:
        other.settimeout(5)
        assert other.connect_ex(("127.0.0.2", port)) != 0, "it listens on this machine alone"
    ends(served, signal.SIGINT)


def test_a_port_in_use(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = project.run("preview", "--serve", "--port", str(port))
    assert (ran.code, ran.out) == (1, "")
    assert f"port {port} is taken" in ran.err
    assert "0 takes a free one" in ran.err
