"""Dies at every point of a session, in every way, and looks at what is left. Run by test_store_crash.py.

Each call that changes the disk is a point. A process may die before it, after it, or half way through a write; and
a power cut takes with it what was never synced: names (creations, renames, removals) since the last sync of the
folder, or all of them but the last, or the data of files, or both.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NoReturn

from kalentops.state.model import Adopted, Completed, Intended
from kalentops.state.store.file import FileStore
from tests.builders import AT
from tests.state.store.samples import TENANT, address, created, entry, intent

MODES: Final = ("before", "half", "after", "names lost", "older names lost", "data lost", "power cut")
_REAL: Final = {
    name: getattr(os, name) for name in ("open", "write", "fsync", "fdatasync", "replace", "unlink")
}


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


class Disk:
    """Stands between the store and the operating system, and dies at the given point."""

    def __init__(self, point: int, mode: str) -> None:
        self.left, self.mode = point, mode
        self.files: dict[int, tuple[int, int]] = {}  # descriptor: its duplicate, the length that is synced
        self.folders: set[int] = set()
        self.undo: list[Callable[[], object]] = []
        for name in _REAL:
            setattr(os, name, getattr(self, name))

    def _do(self, call: Callable[[], Any], half: Callable[[], object] | None = None) -> Any:
        self.left -= 1
        if self.left or (self.mode == "half" and half is None):
            return call()
        if self.mode == "half" and half is not None:
            half()
        elif self.mode != "before":
            call()
        if self.mode in {"data lost", "power cut"}:
            for duplicate, synced in self.files.values():
                os.ftruncate(duplicate, synced)
        if self.mode in {"names lost", "power cut"}:
            for undo in reversed(self.undo):
                undo()
        if self.mode == "older names lost":  # nothing but a sync says which reaches the disk first
            for undo in reversed(self.undo[:-1]):
                undo()
        return _die()

    def open(self, path: Any, flags: int, mode: int = 0o777) -> int:
        def made() -> int:
            descriptor: int = _REAL["open"](path, flags, mode)
            if descriptor in self.files:  # the number was another file's
                self.files[-len(self.files)] = self.files[descriptor]
            self.folders.discard(descriptor)
            self.files[descriptor] = os.dup(descriptor), 0
            self.undo.append(lambda: Path(path).unlink(missing_ok=True))
            return descriptor

        if flags & os.O_EXCL:
            return int(self._do(made))
        descriptor: int = _REAL["open"](path, flags, mode)
        if flags & os.O_DIRECTORY:
            self.folders.add(descriptor)
        else:
            self.folders.discard(descriptor)
        return descriptor

    def write(self, descriptor: int, data: bytes) -> int:
        if descriptor not in self.files:
            return int(_REAL["write"](descriptor, data))
        half = data[: len(data) // 2]
        return int(
            self._do(lambda: _REAL["write"](descriptor, data), lambda: _REAL["write"](descriptor, half))
        )

    def fsync(self, descriptor: int) -> None:
        def done() -> None:
            if descriptor in self.folders:
                self.undo.clear()
            else:
                self.files[descriptor] = self.files[descriptor][0], os.fstat(descriptor).st_size

        self._do(done)

    fdatasync = fsync

    def replace(self, source: Any, target: Any) -> None:
        def done() -> None:
            self.undo += [_restore(Path(source)), _restore(Path(target))]
            _REAL["replace"](source, target)

        self._do(done)

    def unlink(self, path: Any, **more: Any) -> None:
        def done() -> None:
            self.undo.append(_restore(Path(path)))
            _REAL["unlink"](path, **more)

        self._do(done)


def _restore(path: Path) -> Callable[[], object]:
    if not path.exists():
        return lambda: _REAL["unlink"](path) if path.exists() else None
    data = path.read_bytes()

    def put_back() -> None:
        path.with_name("again").write_bytes(data)
        _REAL["replace"](path.with_name("again"), path)

    return put_back


def _run(folder: Path, numbers: tuple[int, ...], told: int) -> None:
    """A session that tells what it was told is durable. Numbers from 50 on settle an intent that was open."""
    with FileStore(folder / "s.json").session() as session:
        if numbers:
            session.begin(TENANT)
        for number in numbers:
            if number < 50:
                session.record(Intended(intent(number)))
                _REAL["write"](told, b"i%d\n" % number)
            session.record(Completed(address(number), f"bp-{number}", AT))
            _REAL["write"](told, b"e%d\n" % number)


def _child(folder: Path, numbers: tuple[int, ...], told: Path, point: int, mode: str) -> bool:
    """Whether it came to its end instead of dying."""
    child = os.fork()
    if not child:
        descriptor = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        Disk(point, mode)
        _run(folder, numbers, descriptor)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status not in {0, signal.SIGKILL}:
        raise AssertionError(f"{folder}: {mode} {point}: ended with {status}")
    return status == 0


def _interrupted(folder: Path, *numbers: int) -> None:
    """Leave a journal behind, with an open intent of number 50."""
    child = os.fork()
    if not child:
        with FileStore(folder / "s.json").session() as session:
            session.begin(TENANT)
            for number in numbers:
                session.record(*created(number))
            session.record(Intended(intent(50)))
            os._exit(0)
    os.waitpid(child, 0)


def _fresh(folder: Path) -> None:
    folder.mkdir()


def _existing(folder: Path) -> None:
    _fresh(folder)
    with FileStore(folder / "s.json").session() as session:
        session.begin(TENANT)
        session.record(Adopted(entry(10)), Adopted(entry(11)))


def _left_over(folder: Path) -> None:
    _existing(folder)
    _interrupted(folder, 20, 21)


def _replaced(folder: Path) -> None:
    _existing(folder)
    older = (folder / "s.json").read_bytes()
    with FileStore(folder / "s.json").session() as session:
        session.replace(session.state)
    _interrupted(folder, 20)
    (folder / "s.json").write_bytes(older)


SCENARIOS: Final[dict[str, tuple[Callable[[Path], None], tuple[int, ...]]]] = {
    "fresh": (_fresh, (1, 2)),
    "existing": (_existing, (1,)),
    "left over": (_left_over, ()),
    "left over and on": (_left_over, (50, 1)),
    "replaced and on": (_replaced, (50,)),
}


def _verify(folder: Path, base: set[str], numbers: tuple[int, ...], told: list[str], serial: int) -> None:
    store = FileStore(folder / "s.json")
    left = store.read().state
    ids = set(left.ids())
    must = base | {f"bp-{each[1:]}" for each in told if each[0] == "e"}
    assert must <= ids <= must | {f"bp-{n}" for n in numbers}, f"{must} was told, {ids} is there"
    assert all(left.entries[address(int(i[3:]))] == entry(int(i[3:])) for i in ids)
    known = left.entries.keys() | left.intents.keys()
    assert {address(int(each[1:])) for each in told} <= known, f"{told} was told, {known} is known"
    assert left.serial >= serial
    with store.session() as session:
        assert set(session.state.ids()) == ids
    after = store.read().state
    assert (set(after.ids()), after.intents.keys()) == (ids, left.intents.keys())
    assert after.serial >= left.serial
    assert {path.name for path in folder.iterdir()} <= {"s.json", "s.json.lock"}, list(folder.iterdir())


def main(work: Path, stride: int) -> None:
    """Each point of each session, or every `stride`-th."""
    points, failures = 0, []
    sessions = itertools.product(SCENARIOS.items(), MODES)
    for number, ((name, (prepare, numbers)), mode) in enumerate(sessions):
        base = work / f"{name} {mode}"
        prepare(base)
        state = FileStore(base / "s.json").read().state
        for point in itertools.count(1 + number % stride, stride):
            folder, told = work / f"{name} {mode} {point}", work / f"{name} {mode} {point}.told"
            shutil.copytree(base, folder)
            ended = _child(folder, numbers, told, point, mode)
            try:
                _verify(folder, set(state.ids()), numbers, told.read_text().split(), state.serial)
            except Exception as error:  # noqa: BLE001 - every failure is reported with its point
                failures.append(f"{folder.name}: {type(error).__name__}: {error}")
            if ended and (mode != "half" or point > 40):
                break
            points += not ended
    sys.stdout.write(json.dumps({"points": points, "failures": failures}))


def kill_rounds(work: Path, rounds: int) -> None:
    """Kill a process that records 200 blueprints from four threads, at any time; what it has told must be there."""
    seed = int.from_bytes(os.urandom(4))
    chance, told, failures = random.Random(seed), 0, []
    for number in range(rounds):
        folder = work / f"round {number}"
        folder.mkdir()
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            _record_many(folder, writing)
        os.close(writing)
        with os.fdopen(reading) as lines:
            heard = list(itertools.islice(lines, chance.randrange(200)))
            os.kill(child, signal.SIGKILL)
            heard += lines
        os.waitpid(child, 0)
        must = {line.strip() for line in heard if line.endswith("\n")}
        missing = must - FileStore(folder / "s.json").read().state.ids().keys()
        told += len(must)
        failures += [f"seed {seed}, round {number}: {sorted(missing)}"] if missing else []
    sys.stdout.write(json.dumps({"points": told, "failures": failures}))


def _record_many(folder: Path, told: int) -> NoReturn:
    with FileStore(folder / "s.json").session() as session:
        session.begin(TENANT)

        def work(thread: int) -> None:
            for number in range(thread * 50, thread * 50 + 50):
                session.record(*created(number))
                os.write(told, b"bp-%d\n" % number)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))
    os._exit(0)


if __name__ == "__main__":
    if sys.argv[1] == "points":
        main(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        kill_rounds(Path(sys.argv[2]), int(sys.argv[3]))
