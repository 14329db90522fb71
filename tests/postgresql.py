"""A PostgreSQL server for tests: one for the whole run, started when a test first asks, gone when the run ends."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from filelock import FileLock

ROOT: Final = Path(__file__).parents[1]
PORT: Final = "TEST_POSTGRESQL_PORT"
"""The variable with the server's port: a process that a test starts uses the same server."""
PASSWORD: Final = "s3cret/of#tests"
DATABASE: Final = "tests"
# `kalentops` may do everything. Each other role meets one obstacle.
_ROLES: Final = (
    f"create role guarded login password '{PASSWORD}'",
    "create role stranger login",
    "create role reader login",
    "alter role reader set default_transaction_read_only = on",
    "create role encrypted login",
    "create role busy login connection limit 0",
)
_HBA: Final = """
host all guarded 127.0.0.1/32 scram-sha-256
host all kalentops,stranger,reader,busy,nobody 127.0.0.1/32 trust
"""
_SETTINGS: Final = (
    *("fsync=off", "full_page_writes=off", "autovacuum=off", "shared_buffers=16MB", "max_connections=80"),
    *("listen_addresses=127.0.0.1", "max_prepared_transactions=2", "logging_collector=off"),
)


def url(row: str = "", *, user: str = "kalentops", port: int | None = None, options: str = "") -> str:
    """A location on the server; `port` is that of what stands before it. Skips the test where none is installed."""
    at = port or server_port()
    return f"postgresql://{user}@127.0.0.1:{at}/{DATABASE}{options}" + (f"#{row}" if row else "")


def execute(*statements: str) -> list[tuple[Any, ...]]:
    """The rows that the last statement gives."""
    with psycopg.connect(url(), autocommit=True) as connection:
        for each in statements:
            cursor = connection.execute(each.encode())
        return cursor.fetchall() if cursor.description else []


@cache
def server_port() -> int:
    if PORT not in os.environ:
        os.environ[PORT] = str(_start())
    return int(os.environ[PORT])


def programs() -> Path:
    """The folder of the server's programs, which Debian keeps out of PATH."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: float(each.parent.name))
    if found is None and not folders:
        pytest.skip("PostgreSQL is not installed: .ci/packages installs it")
    return Path(found).resolve().parent if found else folders[-1]


def guarded() -> list[str]:
    """What a command begins with so that it does not run as root, and ends with the process that starts it."""
    if sys.platform != "linux":
        return []
    user = [] if os.geteuid() else ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
    return ["setpriv", "--pdeathsig=KILL", *user]


def _start() -> int:
    """Start the server, or find the one that another worker has started."""
    binaries = programs()
    run = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    folder = Path(tempfile.gettempdir()) / f"kalentops-postgresql-{run}"
    said = folder / "port"
    with FileLock(f"{folder}.lock"):
        if not said.exists():
            command = [sys.executable, "-m", "tests.postgresql", str(run), str(folder), str(binaries)]
            variables = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
            keeper = subprocess.Popen(command, cwd=ROOT, env=variables, start_new_session=True)
            while not said.exists():
                if keeper.poll() is not None:
                    pytest.fail(f"PostgreSQL did not start: exit code {keeper.returncode}")
                time.sleep(0.05)
            keeper.returncode = 0  # it outlives this process, and no warning should say so
    return int(said.read_text())


def _keep(run: int, folder: Path, binaries: Path) -> None:
    """Run the server until the process `run` has ended: also where that was killed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    initdb = ["--username=kalentops", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
    subprocess.run(
        [*guarded(), binaries / "initdb", *initdb, data], cwd=folder, check=True, stdout=subprocess.DEVNULL
    )
    (data / "pg_hba.conf").write_text(f"local all all trust{_HBA}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    settings = [part for each in (*_SETTINGS, f"unix_socket_directories={folder}") for part in ("-c", each)]
    with (folder / "log").open("wb") as log:
        command = [*guarded(), str(binaries / "postgres"), "-D", str(data), "-p", str(port), *settings]
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        _set_up(server, port)
        (folder / "new").write_text(str(port))
        (folder / "new").rename(folder / "port")
        while _lives(run) and server.poll() is None:
            time.sleep(0.3)
    finally:
        sys.stderr.write((folder / "log").read_text() if server.poll() is not None else "")
        server.send_signal(signal.SIGQUIT)  # at once: nothing of it is needed
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)
        Path(f"{folder}.lock").unlink(missing_ok=True)


def _set_up(server: subprocess.Popen[bytes], port: int) -> None:
    while server.poll() is None:
        with suppress(psycopg.OperationalError), _as_owner(port) as connection:
            for each in (*_ROLES, f"create database {DATABASE}"):
                connection.execute(each.encode())
            return
        time.sleep(0.05)
    raise SystemExit(1)


def _as_owner(port: int) -> psycopg.Connection:
    return psycopg.connect(f"postgresql://kalentops@127.0.0.1:{port}/postgres", autocommit=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    _keep(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
