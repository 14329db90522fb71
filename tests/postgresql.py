"""A PostgreSQL server for tests, which `servers` starts and ends."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from tests import servers

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
host all kalentops,stranger,reader,busy,nobody,outreach_apply,outreach_read 127.0.0.1/32 trust
"""
_SETTINGS: Final = (
    *("fsync=off", "full_page_writes=off", "autovacuum=off", "shared_buffers=16MB", "max_connections=80"),
    *("listen_addresses=127.0.0.1", "max_prepared_transactions=2", "logging_collector=off"),
    "log_min_messages=panic",
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
    programs()
    return int(servers.started("postgresql"))


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


def start(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """The server, and its port."""
    binaries = programs()
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
    command = [*guarded(), str(binaries / "postgres"), "-D", str(data), "-p", str(port), *settings]
    server = subprocess.Popen(command, cwd=folder)
    _set_up(server, port)
    return server, str(port)


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
