"""Servers of other projects that stores are tested with: started by the first test that needs one, once a run.

A process of its own keeps each server, until the run lets go of a lock: the kernel does that however the run ends.
"""

from __future__ import annotations

import atexit
import base64
import hashlib
import hmac
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from email.utils import formatdate
from functools import cache
from pathlib import Path
from typing import Final

from filelock import FileLock, lock_descriptor

PLACE: Final = "kalentops-tests"  # the bucket or container
SECRET: Final = "kalentops-test-secret"
_RUN: Final = "TESTS_RUN"  # the variable that tells the workers of a run, and what they start, its folder
_ROOT: Final = Path(__file__).parents[1]
_WEED: Final = Path(sys.executable).parent / "weed"
_CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kalentops-tests"
_AZURITE: Final = _CACHE / "azurite/node_modules/azurite/dist/src/blob/main.js"
_ACCOUNT: Final = "devstoreaccount1"
_ACCOUNT_KEY: Final = base64.b64encode(SECRET.encode()).decode()
_TIMEOUT: Final = 120.0  # seconds until a server answers, on a busy machine
_held = ExitStack()
_KEEPERS: Final[list[subprocess.Popen[bytes]]] = []  # Python complains of a process that is let go


def hold() -> None:
    """A run begins, in the process that ends last. Not in its workers."""
    folder = tempfile.mkdtemp(prefix="kalentops-tests-")
    lock = _held.enter_context((Path(folder) / "run").open("w"))
    lock_descriptor(lock.fileno())
    os.environ[_RUN] = folder


def release() -> None:
    """The run has ended: its servers stop."""
    _held.close()
    shutil.rmtree(os.environ.pop(_RUN), ignore_errors=True)


def has_s3() -> bool:
    return _WEED.is_file()


def has_azure() -> bool:
    return _AZURITE.is_file() and shutil.which("node") is not None


@cache
def s3() -> Mapping[str, str]:
    """The variables for a service whose only bucket is PLACE."""
    return {
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_ENDPOINT_URL": started("seaweedfs"),
    }


@cache
def azure() -> Mapping[str, str]:
    """The variables for a service whose only container is PLACE."""
    return {
        "AZURE_STORAGE_ACCOUNT": _ACCOUNT,
        "AZURE_STORAGE_KEY": _ACCOUNT_KEY,
        "AZURE_STORAGE_ENDPOINT": f"{started('azurite')}/{_ACCOUNT}",
    }


def started(name: str) -> str:
    """The URL of the run's server, or its port."""
    if _RUN not in os.environ:
        hold()
        atexit.register(release)
    folder = Path(os.environ[_RUN])
    url = folder / f"{name}.url"
    with FileLock(folder / f"{name}.lock"):
        if not url.exists():
            command = [sys.executable, "-m", "tests.servers", name, str(folder)]
            variables = {each: value for each, value in os.environ.items() if "COVERAGE" not in each}
            variables["XDG_CACHE_HOME"] = str(_CACHE.parent)  # a test has another one
            with (folder / f"{name}.log").open("wb") as log:
                keeper = subprocess.Popen(
                    command,
                    cwd=_ROOT,
                    env=variables,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            _KEEPERS.append(keeper)
            _wait(lambda: url.exists() or keeper.poll() is not None)
            if not url.exists():
                raise AssertionError((folder / f"{name}.log").read_text(errors="replace")[-4000:])
    return url.read_text(encoding="utf-8")


def _keep(name: str, run: Path) -> None:
    """Start the server, and stop it when the run has ended."""
    folder = Path(tempfile.mkdtemp(prefix=f"kalentops-{name}-"))
    try:
        server, url = {"seaweedfs": _seaweedfs, "azurite": _azurite, "postgresql": _postgresql}[name](folder)
        try:
            waiting = run / f"{name}.new"
            waiting.write_text(url, encoding="utf-8")
            waiting.replace(run / f"{name}.url")
            with (run / "run").open("w") as lock:
                lock_descriptor(lock.fileno(), poll_interval=0.5)
                shutil.rmtree(run, ignore_errors=True)
        finally:
            # PostgreSQL would leave shared memory behind.
            if name == "postgresql":
                server.send_signal(signal.SIGQUIT)
            else:
                server.kill()
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _seaweedfs(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    credentials = [{"accessKey": "tests", "secretKey": SECRET}]
    identity = {"name": "tests", "credentials": credentials, "actions": ["Read", "Write", "List"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}), encoding="utf-8")
    names = ("master", "volume", "filer", "s3")
    ports = dict(zip([*names, *(f"{name}.grpc" for name in names)], _free_ports(2 * len(names)), strict=True))
    given = [
        f"-{name.removesuffix('.grpc')}.port{'.grpc' if name.endswith('.grpc') else ''}={port}"
        for name, port in ports.items()
    ]
    options = [
        *("-filer", "-s3", f"-dir={folder}", f"-s3.config={folder / 's3.json'}", "-volume.max=64"),
        *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3.port.iceberg=0", "-s3.port.lance=0"),
        *("-master.telemetry=false", "-master.volumeSizeLimitMB=64", *given),
    ]
    server = subprocess.Popen([_WEED, "server", *options], cwd=folder)
    url = f"http://127.0.0.1:{ports['s3']}"
    _wait(lambda: _answers(f"http://127.0.0.1:{ports['filer']}/buckets/{PLACE}/", method="POST"))
    _wait(lambda: _answers(f"{url}/{PLACE}/no-such-object"))
    return server, url


def _azurite(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    [port] = _free_ports(1)
    options = [
        "--blobHost",
        "127.0.0.1",
        "--blobPort",
        str(port),
        "--inMemoryPersistence",
        "--disableTelemetry",
    ]
    variables = {**os.environ, "AZURITE_ACCOUNTS": f"{_ACCOUNT}:{_ACCOUNT_KEY}"}
    server = subprocess.Popen(["node", str(_AZURITE), "--silent", *options], cwd=folder, env=variables)
    url = f"http://127.0.0.1:{port}"
    _wait(lambda: _answers(f"{url}/{_ACCOUNT}/{PLACE}?restype=container", "PUT", _signed()))
    return server, url


def _postgresql(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    from tests import postgresql  # needs psycopg

    return postgresql.start(folder)


def _signed() -> dict[str, str]:
    """The headers of the request that makes the container."""
    sent = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
    lines = ["PUT", *[""] * 11, *(f"{name}:{value}" for name, value in sent.items())]
    text = "\n".join([*lines, f"/{_ACCOUNT}/{_ACCOUNT}/{PLACE}", "restype:container"])
    digest = hmac.digest(base64.b64decode(_ACCOUNT_KEY), text.encode(), hashlib.sha256)
    return {**sent, "Authorization": f"SharedKey {_ACCOUNT}:{base64.b64encode(digest).decode()}"}


def _answers(url: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> bool:
    """Whether it is carried out, or refused for a lack of credentials, as a server does that is ready."""
    request = urllib.request.Request(url, method=method, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=10):
            return True
    except urllib.error.HTTPError as error:
        return error.code in {403, 409}
    except OSError:
        return False


def _free_ports(number: int) -> list[int]:
    """Below those that the system gives to clients: nothing else takes one before the server does."""
    found: list[int] = []
    start = 10_000 + os.getpid() * 37 % 20_000
    for port in range(start, 32_000):
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == number:
            break
    return found


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _TIMEOUT
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("a server for the tests does not answer")
        time.sleep(0.05)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    _keep(sys.argv[1], Path(sys.argv[2]))
