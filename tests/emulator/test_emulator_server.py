"""Starting and stopping: ports, hosts, signals, restarts, imports."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from kalentops.emulator import server
from kalentops.emulator.server import BackgroundEmulator, serve

KEY = {"x-api-key": "local"}
SERVE = """
import sys
from kalentops.emulator.server import serve
serve(db=sys.argv[1], sourcings=[("s", "S")], on_ready=lambda url: print(url, flush=True))
print("returned", flush=True)
"""


def names(url: str) -> list[str]:
    answer = httpx.get(f"{url}/v1/sourcings/s/sequence-blueprints", headers=KEY, trust_env=False)
    return [item["name"] for item in answer.json()["data"]["sequenceBlueprints"]]


def create(url: str, name: str) -> int:
    target = f"{url}/v1/sourcings/s/sequence-blueprints"
    return httpx.post(target, headers=KEY, json={"name": name}, trust_env=False).status_code


@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_process_stops_on_a_signal_and_keeps_its_data(tmp_path: Path, sent: signal.Signals) -> None:
    db = str(tmp_path / "emulator.db")
    command = [sys.executable, "-c", SERVE, db]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            assert create(url, "kept") == 201
            with httpx.Client(headers=KEY, trust_env=False) as idle:
                # A connection that is kept open must not hold the shutdown up.
                assert idle.get(f"{url}/v1/sourcings").status_code == 200
                process.send_signal(sent)
                output, errors = process.communicate(timeout=120)
        finally:
            process.kill()
    assert (process.returncode, output, errors) == (0, "returned\n", "")
    with BackgroundEmulator(db=db) as emulator:
        assert names(emulator.url) == ["kept"]


def test_restart_on_the_same_file_and_port(tmp_path: Path) -> None:
    db = str(tmp_path / "emulator.db")
    with BackgroundEmulator(db=db, sourcings=[("s", "S")]) as first:
        assert create(first.url, "one") == 201
    port = int(first.url.split(":")[2].removesuffix("/api"))
    with BackgroundEmulator(db=db, port=port, sourcings=[("s", "S")]) as second:
        assert second.url == first.url
        assert create(second.url, "two") == 201
        assert names(second.url) == ["one", "two"]


def test_a_port_in_use_is_the_callers_to_report() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            serve(port=port, on_ready=pytest.fail)
        with pytest.raises(OSError, match="in use"), BackgroundEmulator(port=port):
            pytest.fail("was entered")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])
def test_only_loopback_is_served(host: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        serve(host=host, on_ready=pytest.fail)


def test_localhost_is_the_loopback_address() -> None:
    with BackgroundEmulator(host="localhost") as emulator:
        assert emulator.url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{emulator.url}/v1/sourcings", trust_env=False).status_code == 401


def test_ipv6_loopback() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    with BackgroundEmulator(host="::1") as emulator:
        assert emulator.url.startswith("http://[::1]:")
        assert httpx.get(f"{emulator.url}/v1/sourcings", trust_env=False).status_code == 401


def test_answers_do_not_wait_for_delayed_acknowledgements() -> None:
    """Asyncio sets TCP_NODELAY on sockets that name their protocol alone; else each answer takes 40 ms."""
    with server._listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


@pytest.mark.processes
def test_an_error_of_on_ready_reaches_the_caller() -> None:
    class MarkedError(Exception):
        pass

    def fail(url: str) -> None:
        raise MarkedError(url)

    with pytest.raises(MarkedError, match=r"http://127\.0\.0\.1:\d+/api"):
        serve(on_ready=fail)


@pytest.mark.processes
@pytest.mark.parametrize(
    ("module", "loaded"),
    [
        ("kalentops.emulator", ()),
        ("kalentops.emulator.store", ()),
        ("kalentops.emulator.app", ("starlette",)),
        ("kalentops.emulator.server", ("starlette", "uvicorn")),
    ],
)
def test_imports_cost_what_they_need(module: str, loaded: tuple[str, ...]) -> None:
    code = f"import {module}, sys; print(*{{'starlette', 'uvicorn', 'httpx'}} & set(sys.modules))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert set(output.split()) == set(loaded)
