"""The journal: what a tear, a flipped bit, a full disk and many threads do to it."""

# ruff: noqa: PT012 - what fails is the end of a session, so the whole session stands in the block
from __future__ import annotations

import errno
import json
import threading
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kalentops.blueprint.body import Address
from kalentops.errors import StateDamaged, StateError, StateTooNew, StoreFailure
from kalentops.state.codec import Dump, record_from_json, record_to_json
from kalentops.state.model import Abandoned, Adopted, Completed, Intended, Observed, Record
from kalentops.state.store import journal
from kalentops.state.store.file import FileStore
from kalentops.state.store.journal import Journal, Writer
from kalentops.support import atomic_write
from tests.builders import AT
from tests.platforms import needs_open_files
from tests.state.store.samples import TENANT, address, created, digest, entry, intent

_HEAD = Journal("lineage-1", 5, "run-1", TENANT, (), torn=False)
_RECORDS: tuple[Record, ...] = (
    *created(1),
    Adopted(entry(2)),
    Observed(address(2), digest("x"), AT),
    Abandoned(address(3), "é\u2028\ud83d"),
)


def _line(raw: object) -> bytes:
    payload = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    return b"%08x %08x %s\n" % (len(payload), zlib.crc32(payload), payload)


def _encoded(*records: Record) -> bytes:
    return b"".join(journal.encode(record_to_json(record)) for record in records)


def _write(path: Path, *records: Record) -> bytes:
    path.unlink(missing_ok=True)
    writer = Writer(path, _HEAD)
    writer.append(_encoded(*records))
    assert writer.close()
    return path.read_bytes()


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "j"
    _write(path, *_RECORDS)
    assert journal.read(path) == Journal("lineage-1", 5, "run-1", TENANT, _RECORDS, torn=False)


def test_no_journal(tmp_path: Path) -> None:
    assert journal.read(tmp_path / "j") is None


def test_cut_at_every_byte(tmp_path: Path) -> None:
    path = tmp_path / "j"
    data = _write(path, *_RECORDS)
    ends = [i for i, byte in enumerate(data) if byte == ord("\n")]
    for cut in range(len(data)):
        path.write_bytes(data[:cut])
        found = journal.read(path)
        whole = sum(end <= cut for end in ends)  # the line feed itself may be missing
        if whole == 0:
            assert found is None
            continue
        assert found is not None
        assert found.records == _RECORDS[: whole - 1]
        assert found.torn is (cut not in ends and data[cut - 1] != ord("\n"))


@pytest.mark.parametrize("zeros", [1, 17, 4096])
def test_cut_at_every_tenth_byte_and_filled_with_zeros(tmp_path: Path, zeros: int) -> None:
    """The length of a file may reach the disk before what is in it."""
    path = tmp_path / "j"
    data = _write(path, *_RECORDS)
    for cut in range(0, len(data), 10):
        path.write_bytes(data[:cut])
        clean = journal.read(path)
        path.write_bytes(data[:cut] + b"\0" * zeros)
        filled = journal.read(path)
        assert (filled and filled.records) == (clean and clean.records)


def test_every_flipped_bit_is_damage() -> None:
    data = bytearray(_encoded(*_RECORDS))
    journal.decode(_line({"format_version": "1.0"}) + bytes(data))
    head = _line({"format_version": "1.0"})
    for bit in range(len(data) * 8):
        data[bit // 8] ^= 1 << bit % 8
        with pytest.raises(StateDamaged):
            journal.decode(head + bytes(data))
        data[bit // 8] ^= 1 << bit % 8


def test_every_flipped_bit_of_the_first_record_is_damage() -> None:
    data = bytearray(_line({"format_version": "1.0", "lineage": "l", "serial": 1, "run": "r"}))
    for bit in range(len(data) * 8):
        data[bit // 8] ^= 1 << bit % 8
        with pytest.raises(StateDamaged):
            journal.decode(bytes(data) + _encoded(*_RECORDS[:1]))
        data[bit // 8] ^= 1 << bit % 8


def test_a_missing_or_doubled_line_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "j"
    lines = _write(path, *_RECORDS).splitlines(keepends=True)
    path.write_bytes(b"".join(lines[1:]))
    with pytest.raises(StateDamaged):
        journal.read(path)
    path.write_bytes(lines[0] + b"\n" + b"".join(lines[1:]))
    with pytest.raises(StateDamaged, match="record 2"):
        journal.read(path)


_WHOLE = {"format_version": "1.0", "lineage": "l", "serial": 1, "run": "r", "tenant": None}


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xfe",
        b"{",
        [],
        {},
        {**_WHOLE, "lineage": None},
        {**_WHOLE, "lineage": 5},
        {**_WHOLE, "serial": "1"},
        {**_WHOLE, "serial": True},
        {**_WHOLE, "run": ""},
        {**_WHOLE, "tenant": {"a": 1}},
        {k: v for k, v in _WHOLE.items() if k != "run"},
    ],
)
def test_a_first_record_that_is_not_whole_stops(tmp_path: Path, raw: object) -> None:
    path = tmp_path / "j"
    path.write_bytes(_line(_WHOLE))
    assert journal.read(path)
    path.write_bytes(_line(raw))
    with pytest.raises(StateDamaged) as raised:
        journal.read(path)
    assert "keep a copy" in str(raised.value.hint)


def test_a_newer_journal_is_refused_before_its_content(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(_line({"format_version": "3.0"}) + b"lines of another kind\n")
    with pytest.raises(StateTooNew, match=r"2\.0"):
        journal.read(path)
    path.write_bytes(_line(_WHOLE) + _line({"type": "later", "address": "a/b"}))
    with pytest.raises(StateTooNew, match="later"):
        journal.read(path)


def test_a_journal_never_replaces_another(tmp_path: Path) -> None:
    path = tmp_path / "j"
    before = _write(path, *_RECORDS)
    with pytest.raises(FileExistsError):
        Writer(path, _HEAD)
    assert path.read_bytes() == before


def test_a_journal_that_can_not_be_created_is_not_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic_write, "sync", _full_disk)
    with pytest.raises(OSError, match="full"):
        Writer(tmp_path / "j", _HEAD)
    assert list(tmp_path.iterdir()) == []


def _full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, "the disk is full")


def test_sixteen_threads_keep_their_order_and_share_syncs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, syncs, sync = tmp_path / "j", [0], atomic_write.sync

    def counting(descriptor: int) -> None:
        syncs[0] += 1
        sync(descriptor)

    monkeypatch.setattr(atomic_write, "sync", counting)
    writer = Writer(path, _HEAD)

    def work(thread: int) -> None:
        for number in range(200):
            writer.append(_encoded(Abandoned(Address.parse(f"src/{thread}"), str(number))))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))
    writer.close()
    found = journal.read(path)
    assert found is not None
    by_thread: dict[str, list[str]] = {}
    for record in found.records:
        assert isinstance(record, Abandoned)
        by_thread.setdefault(record.address, []).append(record.reason)
    assert by_thread == {f"src/{thread}": [str(n) for n in range(200)] for thread in range(16)}
    assert 1 < syncs[0] < 16 * 200


def test_a_record_is_durable_before_it_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    write_all, sync = atomic_write.write_all, atomic_write.sync

    def writing(descriptor: int, data: bytes) -> None:
        events.append("write")
        write_all(descriptor, data)

    def syncing(descriptor: int) -> None:
        events.append("sync")
        sync(descriptor)

    monkeypatch.setattr(atomic_write, "write_all", writing)
    monkeypatch.setattr(atomic_write, "sync", syncing)
    writer = Writer(tmp_path / "j", _HEAD)
    writer.append(_encoded(*_RECORDS))
    events.append("reported")
    writer.close()
    assert events == ["write", "sync", "write", "sync", "reported"]


def test_the_others_are_told_when_one_thread_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their records are in the batch of the one that ^C hit: not on the disk, so not reported as if."""
    writer = Writer(tmp_path / "j", _HEAD)
    inside, go_on = threading.Event(), threading.Event()

    def interrupted(descriptor: int, data: bytes) -> None:
        inside.set()
        go_on.wait(120)
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic_write, "write_all", interrupted)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(writer.append, _encoded(Abandoned(Address.parse("a/1"), "x")))
        assert inside.wait(120)
        others = [
            pool.submit(writer.append, _encoded(Abandoned(Address.parse("a/2"), "x"))) for _ in range(3)
        ]
        go_on.set()
        assert isinstance(first.exception(10), KeyboardInterrupt)
        assert [type(other.exception(10)) for other in others] == [StoreFailure] * 3
    writer.close()
    found = journal.read(tmp_path / "j")
    assert found is not None
    assert found.records == ()


def _half_write(data_to_keep: int) -> Callable[[int, bytes | Dump], None]:
    real = atomic_write.write_all

    def write(descriptor: int, data: bytes | Dump) -> None:
        real(descriptor, bytes(data)[:data_to_keep])
        _full_disk()

    return write


@pytest.mark.parametrize(("name", "kept"), [("write_all", 0), ("write_all", 40), ("sync", None)])
def test_a_full_disk_ends_the_journal_and_keeps_what_is_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kept: int | None
) -> None:
    store = FileStore(tmp_path / "s.json")
    with store.session() as session:
        session.begin(TENANT)
        session.record(*created(1), Intended(intent(2)))
        with monkeypatch.context() as patch:
            patch.setattr(atomic_write, name, _full_disk if kept is None else _half_write(kept))
            with pytest.raises(StoreFailure, match="full"):
                session.record(Completed(address(2), "bp-2", AT))
        with pytest.raises(StoreFailure, match="full"):  # the disk has room again, the journal has a torn end
            session.record(Intended(intent(3)))
        meanwhile = FileStore(store.path).read().state
        assert address(1) in meanwhile.entries
        assert address(2) in meanwhile.intents.keys() | meanwhile.entries.keys()
        assert address(3) not in meanwhile.intents
    after = store.read().state
    assert set(after.ids()) == {"bp-1", "bp-2"}
    assert after.intents == {}
    assert not store.journal_path.exists()


def test_a_disk_that_stays_full_leaves_state_and_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileStore(tmp_path / "s.json")
    with monkeypatch.context() as patch:
        with pytest.raises(StoreFailure), store.session() as session:
            session.begin(TENANT)
            before = store.path.read_bytes()
            session.record(*created(1))
            patch.setattr(atomic_write, "write_all", _half_write(20))
        assert store.path.read_bytes() == before
        assert sorted(path.name for path in tmp_path.iterdir()) == ["s.json", "s.json.journal", "s.json.lock"]
        assert store.read().state.ids() == {"bp-1": address(1)}
    with store.session() as session:
        assert session.state.ids() == {"bp-1": address(1)}


def test_an_error_of_the_block_is_not_hidden_by_one_of_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileStore(tmp_path / "s.json")
    with monkeypatch.context() as patch:
        with pytest.raises(KeyboardInterrupt) as caught, store.session() as session:
            session.begin(TENANT)
            session.record(*created(1))
            patch.setattr(atomic_write, "write_all", _full_disk)
            raise KeyboardInterrupt
        assert any("s.json.journal" in note and "full" in note for note in caught.value.__notes__)
    assert store.read().state.ids() == {"bp-1": address(1)}


def test_an_interrupted_record_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """^C after the sync and before `record` returns: it is in the journal, so the fold has to have it."""
    store, real = FileStore(tmp_path / "s.json"), atomic_write.sync

    def synced_then_interrupted(descriptor: int) -> None:
        real(descriptor)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), store.session() as session, monkeypatch.context() as patch:
        session.begin(TENANT)
        patch.setattr(atomic_write, "sync", synced_then_interrupted)
        session.record(*created(1))
    assert store.read().state.ids() == {"bp-1": address(1)}


def test_a_record_that_is_no_json_does_not_touch_the_journal(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "s.json")
    with store.session() as session:
        session.begin(TENANT)
        with pytest.raises(ValueError, match="JSON"):
            session.record(Adopted(entry(1, extra={"x": float("inf")})))
        session.record(*created(2))
    assert store.read().state.ids() == {"bp-2": address(2)}


@needs_open_files
def test_a_removed_journal_is_noticed_and_nothing_is_lost(tmp_path: Path) -> None:
    """`git clean -fdx` while a run is under way."""
    store = FileStore(tmp_path / "s.json")
    with store.session() as session:
        session.begin(TENANT)
        session.record(*created(1), Intended(intent(2)))
        store.journal_path.unlink()
        with pytest.raises(StoreFailure, match="removed"):
            session.record(Completed(address(2), "bp-2", AT))
    assert set(store.read().state.ids()) == {"bp-1", "bp-2"}


@needs_open_files
def test_a_removed_journal_and_a_replaced_state_lose_nothing(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "s.json")
    with store.session() as session:
        session.replace(session.state)
    before = store.path.read_bytes()
    with store.session() as session:
        session.replace(session.state)
    with pytest.raises(StateError), store.session() as session:
        session.begin(TENANT)
        session.record(*created(1))
        store.journal_path.unlink()
        store.path.write_bytes(before)
    assert set(store.read().state.ids()) == {"bp-1"}


@needs_open_files
def test_the_journal_of_another_run_is_not_removed(tmp_path: Path) -> None:
    """Lock and journal were both removed, and another run started."""
    store = FileStore(tmp_path / "s.json")
    with store.session() as session:
        session.begin(TENANT)
        session.record(*created(1))
        store.journal_path.unlink()
        lineage = str(session.state.lineage)
        other = Writer(
            store.journal_path, Journal(lineage, session.state.serial, "other", TENANT, (), torn=False)
        )
        other.append(_encoded(*created(2)))
    assert other.close()
    assert set(store.read().state.ids()) == {"bp-1", "bp-2"}


def test_recording_costs_the_same_however_much_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    real = atomic_write.write_all

    def counting(descriptor: int, data: bytes) -> None:
        written.append(len(data))
        real(descriptor, data)

    seen = []
    for size in (10, 5000):
        store = FileStore(tmp_path / f"{size}.json")
        with store.session() as session:
            session.begin(TENANT)
            session.record(*(Adopted(entry(number)) for number in range(size)))
        with store.session() as session, monkeypatch.context() as patch:
            session.begin(TENANT)
            patch.setattr(atomic_write, "write_all", counting)
            written.clear()
            for record in created(6000):
                session.record(record)
            seen.append(tuple(written))
    assert seen[0] == seen[1]
    assert len(seen[0]) == 2


def test_records_hold_no_line_feed() -> None:
    record = Abandoned(Address.parse("a/b\n"), "x\ny\r\0")
    (raw,), torn = journal.decode(_line(_WHOLE) + _encoded(record))[0][1:], False
    assert record_from_json(raw) == record
    assert not torn
