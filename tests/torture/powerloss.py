"""What a power cut may leave: the operations of a run, and every legal state of the disk after each of them.

A run is recorded operation by operation. What was synced is there; of what was not, any part may be: data of a file up
to any byte or not at all, names (a creation, a rename, a removal) until their folder was synced. For each point the
subsets are laid out in a fresh folder and read by the real store: what had been reported as durable by then has to be
in it.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from kalentops.blueprint.body import Address
from kalentops.errors import StateError
from kalentops.state.model import Completed, Intended, State
from kalentops.state.store.file import FileStore
from kalentops.state.store.journal import read as read_journal
from kalentops.state.store.session import Session
from tests.builders import AT, blueprint, intent
from tests.torture.disk import Disk, Op

_RANDOM_SUBSETS: Final = 6
_SESSIONS: Final = 7  # so many states are read before a session is opened on one


@dataclass
class _Folder:
    """A folder as it is in memory (`now`) and as it certainly is on the disk (`synced`)."""

    data: dict[int, bytes] = field(default_factory=dict)  # by inode
    synced_data: dict[int, int] = field(default_factory=dict)  # bytes that are certainly there
    names: dict[str, int] = field(default_factory=dict)
    synced_names: dict[str, int] = field(default_factory=dict)
    changes: list[Op] = field(default_factory=list)  # of names, not yet synced
    created: dict[str, int] = field(default_factory=dict)  # the inode that a name was made for last
    inodes: int = 0

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> Self:
        folder = cls()
        for name, data in files.items():
            folder.take(Op("create", name))
            folder.take(Op("write", name, data))
            folder.take(Op("sync", name))
        folder.take(Op("syncfolder", ""))
        return folder

    def take(self, op: Op) -> None:
        if op.kind == "create":
            self.inodes += 1
            self.data[self.inodes] = b""
            self.synced_data[self.inodes] = 0
            self.names[op.path] = self.created[op.path] = self.inodes
            self.changes.append(op)
        elif op.kind == "write":
            self.data[self.names[op.path]] += op.data
        elif op.kind == "sync":
            inode = self.names[op.path]
            self.synced_data[inode] = len(self.data[inode])
        elif op.kind in {"rename", "unlink"}:
            inode = self.names.pop(op.path)
            if op.kind == "rename":
                self.names[op.target] = inode
            self.changes.append(op)
        elif op.kind == "syncfolder":
            self.synced_names = dict(self.names)
            self.changes.clear()

    def remains(self, dice: random.Random) -> Iterator[dict[str, bytes]]:
        """Legal contents of the folder after a cut: the least, the most, and some in between."""
        for subset in self._subsets(dice):
            names = dict(self.synced_names)
            for op, kept in zip(self.changes, subset, strict=True):
                if kept:
                    self._apply(op, names)
            for how in ("least", "most", "dice"):
                yield {name: self._cut(inode, how, dice) for name, inode in names.items()}

    def _subsets(self, dice: random.Random) -> list[tuple[bool, ...]]:
        count = len(self.changes)
        chosen = {(False,) * count, (True,) * count}
        chosen |= {
            tuple(dice.random() < 0.5 for _ in range(count))
            for _ in range(_RANDOM_SUBSETS if count > 1 else 0)
        }
        return sorted(chosen)

    def _apply(self, op: Op, names: dict[str, int]) -> None:
        if op.kind == "create":
            names[op.path] = self.created[op.path]
        elif op.kind == "unlink":
            names.pop(op.path, None)
        elif op.path in names:
            names[op.target] = names.pop(op.path)
        else:  # the rename came through and the creation below it did not by itself
            names[op.target] = self.created[op.path]

    def _cut(self, inode: int, how: str, dice: random.Random) -> bytes:
        data, safe = self.data[inode], self.synced_data[inode]
        if how == "least":
            return data[:safe]
        return data if how == "most" else data[: dice.randint(safe, len(data))]


@dataclass(frozen=True)
class _Run:
    """A session over files that exist; `work` records, and calls `told` with what is durable."""

    files: Mapping[str, bytes]
    work: Callable[[Session, Callable[[str], None]], None]


def _creates(*names: str) -> Callable[[Session, Callable[[str], None]], None]:
    """Intent and outcome of each. The intent of `open` exists."""

    def work(session: Session, told: Callable[[str], None]) -> None:
        session.begin("url:test")
        for name in names:
            address = Address("s", f"k{name}")
            if name != "open":
                session.record(Intended(intent(address, blueprint(name))))
                told(address)
            session.record(Completed(address, f"bp_{name}", AT))
            told(f"bp_{name}")

    return work


def _runs(creates: int) -> Iterator[_Run]:
    """On nothing; on a state; on what a killed run has left; on that and an older state. The last two also go on."""
    yield _Run({}, _creates(*map(str, range(creates))))
    with tempfile.TemporaryDirectory() as name:
        store = FileStore(Path(name).resolve() / "state.json")
        with store.session() as session:
            _creates("before")(session, lambda _: None)
        old = store.path.read_bytes()
        yield _Run({"state.json": old}, _creates("more"))
        with store.session() as session:
            session.replace(session.state)
        killed = store.session()
        session = killed.__enter__()
        _creates("left")(session, lambda _: None)
        session.record(Intended(intent("s/kopen", blueprint("open"))))
        files = {path.name: path.read_bytes() for path in (store.path, store.journal_path)}
        killed.__exit__(None, None, None)
    yield _Run(files, lambda _session, _told: None)
    yield _Run(files, _creates("open", "more"))
    yield _Run({**files, "state.json": old}, _creates("open", "more"))


def _record(run: _Run, folder: Path) -> tuple[list[Op], list[tuple[int, str]]]:
    """The operations of a run, and (number of operations before it was reported durable, what) for each report."""
    ops: list[Op] = []
    reported: list[tuple[int, str]] = []

    def hook(op: Op) -> int | None:
        ops.append(op)
        return None

    _lay_out(folder, run.files)
    store = FileStore(folder / "state.json")
    reported += [(0, each) for each in _known(store.read().state)]
    with Disk(folder, hook), store.session() as session:
        run.work(session, lambda what: reported.append((len(ops), what)))
    return ops, reported


def run(creates: int = 6, seed: int = 0) -> dict[str, Any]:
    """Cut the power after every operation of several runs; the counts, and what was lost."""
    dice = random.Random(seed)
    problems: list[str] = []
    operations = states = 0
    for each in _runs(creates):
        with tempfile.TemporaryDirectory() as name:
            ops, reported = _record(each, Path(name).resolve())
        disk = _Folder.of(each.files)
        operations += len(ops)
        for number, op in enumerate(ops, 1):
            disk.take(op)
            due = {what for at, what in reported if at <= number}
            for files in disk.remains(dice):
                states += 1
                problem = _read(files, due, taken=states % _SESSIONS == 0)
                if problem:
                    problems.append(f"after operation {number} ({op.kind} {op.path}): {problem}")
    return {"operations": operations, "states": states, "problems": problems}


def _lay_out(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).write_bytes(data)


def _known(state: State) -> set[str]:
    """Every address and every id."""
    return {*state.entries, *state.intents, *state.ids()}


def _read(files: Mapping[str, bytes], due: set[str], *, taken: bool) -> str | None:
    """What is wrong with what is left; with `taken`, also with what the next session makes of it."""
    folder = Path(tempfile.mkdtemp(prefix="kalentops-cut-"))
    try:
        _lay_out(folder, files)
        store = FileStore(folder / "state.json")
        state = store.read().state
        if taken:
            with store.session() as session:
                if _known(session.state) != _known(state) or session.state.serial < state.serial:
                    return "the next session has another state"
            if {path.name for path in folder.iterdir()} - {"state.json", "state.json.lock"}:
                return "files are left over"
        lost = due - _known(state)
        return f"lost {sorted(lost)}" if lost else None
    except StateError as error:
        return f"unreadable: {error}"
    finally:
        shutil.rmtree(folder)


def damage_journal() -> dict[str, Any]:
    """Cut a journal at every byte, and flip every bit of it: what is read must be true, or refused."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        path = folder / "state.json.journal"
        whole = _a_journal(folder)
        path.write_bytes(whole)
        everything = read_journal(path)
        if everything is None:
            raise AssertionError("the journal of this test can't be read")
        problems: list[str] = []
        for length in range(len(whole)):
            path.write_bytes(whole[:length])
            found = read_journal(path)
            records = found.records if found else ()
            if records != everything.records[: len(records)]:
                problems.append(f"cut at {length}: other records")
            if whole[:length].count(b"\n") - 1 > len(records):
                problems.append(f"cut at {length}: a whole record is lost")
        silent = sum(_flip_is_silent(path, whole, bit, everything) for bit in range(len(whole) * 8))
    return {
        "torn_positions": len(whole),
        "bits": len(whole) * 8,
        "silent_flips": silent,
        "problems": problems,
    }


def _flip_is_silent(path: Path, whole: bytes, bit: int, everything: Any) -> bool:
    """Whether a flipped bit changes what is read without a word."""
    data = bytearray(whole)
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(bytes(data))
    try:
        found = read_journal(path)
    except StateError:
        return False
    return (
        found is None
        or (not found.torn and found != everything)
        or len(found.records) < len(everything.records) - 1
    )


def _a_journal(folder: Path) -> bytes:
    """A real one, of three records."""
    store = FileStore(folder / "state.json")
    with store.session() as session:
        session.begin("url:test")
        session.record(Intended(intent("s/one")))
        session.record(Completed(Address.parse("s/one"), "bp_1", AT))
        session.record(Intended(intent("s/two")))
        return store.journal_path.read_bytes()
