"""What a shared store costs against a state file: a whole `apply`, and one write of a large state.

Real servers, which the tests start: PostgreSQL, SeaweedFS for S3, and git's own daemon. A proxy in front of each adds
its latency.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import generate
from benchmarks.figures import Figure, seconds
from benchmarks.files import repository
from benchmarks.latency import SlowProxy
from benchmarks.measure import KALENTOPS, environment
from benchmarks.scale import Scale
from benchmarks.standin import running
from kalentops.blueprint.body import Address
from kalentops.state.codec import dump_state, load_state
from kalentops.state.model import Completed, Intended, Intent
from kalentops.state.store import open_store
from kalentops.state.store.location import Location
from kalentops.state.store.session import Store
from tests import postgresql, servers

KINDS: Final = ("git", "postgresql", "s3")
_LATENCIES: Final = (0.0, 0.02, 0.1)
_API_LATENCY: Final = 0.05
_AIM: Final = 1.1
_WRITES: Final = 2
_TURNS: Final = 2
_AT: Final = "2026-11-29T09:00:00Z"
_GIT: Final = ("git", "-c", "init.defaultBranch=main")


@dataclass(frozen=True, slots=True)
class _Place:
    """A location with the variables that lead to it, and the proxy in front of it; None for a file."""

    location: str
    variables: dict[str, str]
    proxy: SlowProxy | None


@contextmanager
def _place(kind: str, folder: Path, latency: float) -> Iterator[_Place]:
    """A place where nothing is stored yet, for the project in `folder`."""
    name = secrets.token_hex(6)
    if kind == "file":
        yield _Place(generate.STATE, {}, None)
    elif kind == "git":
        with _git_daemon(folder, name) as port, SlowProxy(port, latency) as proxy:
            for command in (
                ("init", "--quiet"),
                ("remote", "add", "origin", f"git://127.0.0.1:{proxy.port}/{name}.git"),
            ):
                subprocess.run([*_GIT, *command], cwd=folder, check=True)
            yield _Place("git:refs/kalentops/state", {}, proxy)
    elif kind == "postgresql":
        with SlowProxy(postgresql.server_port(), latency) as proxy:
            yield _Place(postgresql.url(name, port=proxy.port), {}, proxy)
    else:
        variables = dict(servers.s3())
        with SlowProxy(int(variables["AWS_ENDPOINT_URL"].rpartition(":")[2]), latency) as proxy:
            variables["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{proxy.port}"
            yield _Place(f"s3://{servers.PLACE}/{name}/state.json", variables, proxy)


@contextmanager
def _git_daemon(folder: Path, name: str) -> Iterator[int]:
    """A server that anyone may push to, with an empty repository."""
    remotes = folder.parent / f"remotes-{name}"
    subprocess.run([*_GIT, "init", "--quiet", "--bare", str(remotes / f"{name}.git")], check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    options = ("--reuseaddr", "--listen=127.0.0.1", "--enable=receive-pack", "--export-all")
    command = ("git", "daemon", f"--port={port}", *options, f"--base-path={remotes}")
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as daemon:
        try:
            _wait_for(port)
            yield port
        finally:
            daemon.terminate()
            shutil.rmtree(remotes, ignore_errors=True)


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("git daemon does not answer")


def measure_apply(scale: Scale) -> Iterator[Figure]:
    """`apply` of many creates with each store at one latency, against one with a file, and the writes a run."""
    yield from _measure_apply(scale, scale.store_creates, _LATENCIES[1:2])


def measure_latencies(scale: Scale) -> Iterator[Figure]:
    """The same for more creates, and at each latency."""
    yield from _measure_apply(scale, scale.creates, _LATENCIES)


def _measure_apply(scale: Scale, creates: int, latencies: Sequence[float]) -> Iterator[Figure]:
    source = scale.folder / f"applying-{creates}"
    if not source.exists():
        generate.repository(source, creates * 2 // 3, blueprints=creates)
    writes: set[int] = set()
    for latency in latencies:
        file, _ = _apply(source, scale.folder, creates, "file", 0.0)
        for kind in KINDS:
            wall, written = _apply(source, scale.folder, creates, kind, latency)
            writes.add(written)
            what = f"`apply`, {creates:,} creates, {kind} at {latency * 1000:.0f} ms"
            yield Figure(what, f"{seconds(wall)}, with a file {seconds(file)}", wall / file, _AIM)
    said = f"{' or '.join(map(str, sorted(writes)))} in each of these runs"
    yield Figure(f"writes to a shared store, {creates:,} creates", said, max(writes), _WRITES, "writes")


def _apply(source: Path, parent: Path, creates: int, kind: str, latency: float) -> tuple[float, int]:
    """The seconds that the whole command takes, and how often it has written the state."""
    folder = parent / "stored"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    with running(_API_LATENCY) as emulator, _place(kind, folder, latency) as place:
        keyed = {
            **environment(),
            **place.variables,
            "KALENT_API_URL": emulator.url,
            "KALENT_API_KEY": "benchmark",
            "KALENTOPS_STATE": place.location,
        }
        store = _open(place, folder)
        if store.shared:
            store.create()
        before = store.read().state.serial  # each write counts it up
        command = (*KALENTOPS, "apply", "--yes", "--quiet", "--format", "json", "-C", str(folder))
        begun = time.perf_counter()
        done = subprocess.run(
            (*command, "--max-creates", str(creates)),
            env=keyed,
            capture_output=True,
            text=True,
            check=False,
        )
        wall = time.perf_counter() - begun
        if done.returncode or json.loads(done.stdout)["summary"]["done"] != creates:
            raise RuntimeError(f"apply with {kind} ended with {done.returncode}: {done.stderr[:500]}")
        return wall, store.read().state.serial - before


def _open(place: _Place, folder: Path) -> Store:
    os.environ.update(place.variables)
    return open_store(Location.parse(place.location, folder), folder)


def measure_writes(scale: Scale) -> Iterator[Figure]:
    """One more id in a large state: the seconds of the write, and the bytes that the store is sent for it."""
    whole = load_state((repository(scale, scale.large) / generate.STATE).read_bytes())
    data = dump_state(whole)
    body = next(iter(whole.entries.values())).sent
    for kind in ("file", *KINDS):
        folder = scale.folder / f"written-{kind}"
        folder.mkdir()
        with _place(kind, folder, 0.0) as place:
            store = _open(place, folder)
            store.backend.prepare()
            store.backend.replace(data, None)
            walls, sent = [], 0
            for number in range(_TURNS):
                address = Address("sourcing_new", f"k{number}")
                with store.session() as session:
                    session.begin("http://127.0.0.1/api")
                    session.record(Intended(Intent(address, "create", body, _AT)))
                    session.record(Completed(address, f"bp_new_{number}", _AT))
                    before = place.proxy.sent if place.proxy else 0
                    begun = time.perf_counter()
                    session.barrier()  # for a file, the end of the session writes it
                walls.append(time.perf_counter() - begun)
                sent = place.proxy.sent - before if place.proxy else (folder / generate.STATE).stat().st_size
        what = f"one write, {len(whole.entries):,} entries ({len(data) / 1e6:.0f} MB), {kind}"
        yield Figure(what, f"{sent / 1000:,.0f} kB sent", median(walls[1:]), None, "s")
