"""The state as a file: permissions, links, and journals that belong to another state."""

# ruff: noqa: PT012 - what fails is the end of a session, so the whole session stands in the block
from __future__ import annotations

import errno
import os
import sys
import threading
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from kalentops.errors import (
    StateDamaged,
    StateError,
    StateLocked,
    StateMoved,
    StateTooNew,
    StoreFailure,
)
from kalentops.state.codec import Dump, dump_state, load_state, record_to_json
from kalentops.state.model import Abandoned, Adopted, Intended, Record, State
from kalentops.state.store import journal
from kalentops.state.store.file import FileStore, open_content
from kalentops.state.store.journal import Journal, Writer
from kalentops.support import atomic_write
from tests.builders import blueprint
from tests.harness import Project
from tests.platforms import needs_links, needs_open_files
from tests.repositories import git
from tests.state.store.samples import TENANT, address, created, entry, intent, python, state

_posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions and links")


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "s.json")


def _put(store: FileStore, kept: State, head: Journal | None = None, *records: Record) -> None:
    """A state, and the journal of a run that did not end."""
    store.path.write_bytes(dump_state(kept))
    if head is not None:
        writer = Writer(store.journal_path, head)
        writer.append(b"".join(journal.encode(record_to_json(record)) for record in records))
        writer.close()


def _head(*, serial: int = 5, lineage: str = "lineage-1") -> Journal:
    return Journal(lineage, serial, "run-1", TENANT, (), torn=False)


def _untouched(store: FileStore) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.path.parent.iterdir() if path != store.lock_path}


def _refuses(store: FileStore, error: type[Exception], said: str) -> None:
    """Reading and writing both stop, and leave everything as it is."""
    before = _untouched(store)
    with pytest.raises(error, match=said):
        store.read()
    with pytest.raises(error, match=said), store.session():
        pytest.fail("it was taken")
    assert _untouched(store) == before


@pytest.mark.processes
def test_two_branches_that_applied_different_addresses_do_not_conflict(tmp_path: Path) -> None:
    """Also where git merges line by line, without our driver."""
    store = FileStore(tmp_path / "base.json")
    _put(store, state(1, 3, 5, 7, 9))
    data = store.path.read_bytes()
    for name, number in (("ours", 1), ("theirs", 9)):
        branch = FileStore(tmp_path / f"{name}.json")
        branch.path.write_bytes(data)
        with branch.session() as session:
            session.begin(TENANT)
            session.record(Adopted(entry(number, name=name)))
    merged = git(tmp_path, "merge-file", "-p", "ours.json", "base.json", "theirs.json")
    found = load_state(merged.encode())
    assert [found.entries[address(n)].name for n in (1, 9)] == ["ours", "theirs"]


def test_the_last_run_of_an_older_version_goes_with_the_next_write(store: FileStore) -> None:
    store.path.write_bytes(dump_state(state(1, last_run="run-0")))
    assert b"last_run" in store.path.read_bytes()
    with store.session() as session:
        session.begin(TENANT)
        session.record(*created(2))
    assert b"last_run" not in store.path.read_bytes()


def test_apply_names_the_error_of_a_disk_that_refuses_the_last_clean_up(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = atomic_write.replace

    def full(path: Path, data: Dump) -> None:
        if path.exists() and b"last_run" in path.read_bytes():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(path, data)

    project.write("sourcing_a", {"one": blueprint("One")})
    with monkeypatch.context() as patch:
        patch.setattr(atomic_write, "replace", full)
        ran = project.apply()
    assert (ran.code, ran.err.count("No space left on device")) == (0, 1)
    assert b"last_run" in project.state_path.read_bytes()
    assert project.apply().err.count("clean-up") == 0
    project.write("sourcing_a", {"one": blueprint("One", steps=3)})
    assert project.apply().code == 0
    assert b"last_run" not in project.state_path.read_bytes()


def test_a_state_that_is_replaced_before_the_last_clean_up_is_an_error(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the session recorded may be gone with it."""
    real, other = atomic_write.replace, dump_state(state(9, serial=99))

    def replaced(path: Path, data: Dump) -> None:
        real(path, data)
        if b"last_run" in bytes(data):
            path.write_bytes(other)

    monkeypatch.setattr(atomic_write, "replace", replaced)
    with pytest.raises(StateMoved, match="was replaced during the run"), store.session() as session:
        session.begin(TENANT)
        session.record(*created(2))
    assert store.path.read_bytes() == other


def test_a_folded_journal_is_not_folded_again(store: FileStore) -> None:
    """A crash between the rename and the removal: what the state says since, such as a removal, stays."""
    _put(store, state(2, last_run="run-1", serial=6), _head(), *created(1), *created(2))
    assert set(store.read().state.ids()) == {"bp-2"}
    with store.session() as session:
        assert set(session.state.ids()) == {"bp-2"}
        assert session.state.serial == 6
    assert not store.journal_path.exists()


def test_a_journal_is_merged_into_a_later_state(store: FileStore) -> None:
    _put(store, state(1, 2, serial=9), _head(), *created(3), Adopted(entry(1, name="older")))
    snapshot = store.read()
    assert snapshot.state.entries == {address(n): entry(n) for n in (1, 2, 3)}
    assert "replaced" in snapshot.notes[0]
    with store.session() as session:
        assert session.notes == snapshot.notes
        assert (session.state.serial, session.state.last_run) == (10, None)
    assert store.read() == type(snapshot)(session.state)
    assert not store.journal_path.exists()


def test_the_serial_does_not_go_back_with_an_older_state(store: FileStore) -> None:
    _put(store, state(1, serial=3), _head(serial=8), *created(2))
    with store.session() as session:
        assert session.state.serial == 9


def test_a_journal_without_records_changes_nothing(store: FileStore) -> None:
    _put(store, state(1), _head())
    before = store.path.read_bytes()
    with store.session():
        assert not store.journal_path.exists()
    assert store.path.read_bytes() == before


def test_a_journal_that_was_only_just_created_is_no_journal(store: FileStore) -> None:
    _put(store, state(1))
    for torn in (b"", b"0000", b"\0" * 100):
        store.journal_path.write_bytes(torn)
        assert store.read().state == state(1)
        with store.session() as session:
            session.begin(TENANT)
        assert not store.journal_path.exists()


def test_a_torn_record_is_reported(store: FileStore) -> None:
    _put(store, state(), _head(), *created(1))
    with store.journal_path.open("ab") as stream:
        stream.write(b"000000ff 01234567 {")
    with store.session() as session:
        assert set(session.state.ids()) == {"bp-1"}
        assert len(session.notes) == 1
        assert "incomplete" in session.notes[0]


@pytest.mark.parametrize(
    ("kept", "head", "record", "error", "said"),
    [
        (
            state(1),
            _head(lineage="\x1b[31mother"),
            created(2)[0],
            StateMoved,
            r"another state \(lineage \\u\{1b\}",
        ),
        (
            state(1, serial=7),
            _head(),
            Adopted(entry(1, blueprint_id="bp-x")),
            StateDamaged,
            "and bp-x in its journal",
        ),
        (state(1), _head(), Adopted(entry(2, blueprint_id="bp-1")), StateDamaged, "gives bp-1 to"),
    ],
    ids=["another state", "another id", "one id twice"],
)
def test_a_journal_that_does_not_fit_is_refused(
    store: FileStore, kept: State, head: Journal, record: Record, error: type[Exception], said: str
) -> None:
    _put(store, kept, head, record)
    _refuses(store, error, said)


def test_a_journal_without_its_state_and_a_damaged_one_are_refused(store: FileStore) -> None:
    _put(store, state(1), _head(), *created(2))
    whole = store.journal_path.read_bytes()
    store.journal_path.write_bytes(whole.replace(b"bp-2", b"bp-3"))
    _refuses(store, StateDamaged, "record 3")
    store.journal_path.write_bytes(whole)
    store.path.unlink()
    _refuses(store, StateDamaged, "there is no s.json")


@pytest.mark.parametrize("data", [b"", b"{}", b"<<<<<<< HEAD\n", b"\xff", b"\0" * 50])
def test_a_damaged_state_is_not_an_empty_one(store: FileStore, data: bytes) -> None:
    store.path.write_bytes(data)
    _refuses(store, StateDamaged, "the state")


def test_the_hint_about_a_damaged_state_names_its_file(tmp_path: Path) -> None:
    path = tmp_path / "acme.json"
    path.write_text("{")
    with pytest.raises(StateDamaged) as caught:
        FileStore(path, "acme").read()
    assert f"`git checkout -- {path}`" in str(caught.value.hint)


def test_a_newer_state_or_journal_is_refused(store: FileStore) -> None:
    store.path.write_bytes(b'{"format_version": "3.0"}')
    _refuses(store, StateTooNew, "3.0")
    _put(store, state(1))
    store.journal_path.write_bytes(journal.encode({"format_version": "3.0"}))
    _refuses(store, StateTooNew, "3.0")


def test_a_state_that_is_a_folder_is_refused(store: FileStore) -> None:
    store.path.mkdir()
    with pytest.raises(StoreFailure):
        store.read()


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "gone" / "s.json")
    with pytest.raises(StateError, match=r"there is no folder .*gone for the state s.json"):
        store.read()
    with pytest.raises(StateError), store.session():
        pytest.fail("there is nowhere to write")


def test_a_state_that_is_replaced_while_it_is_read_is_read_again(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer folds between the two reads: its journal is gone, and its records are in neither."""
    _put(store, state(), _head(), *created(1))
    real = journal.read

    def folding(path: Path) -> Journal | None:
        monkeypatch.setattr(journal, "read", real)
        with store.session():
            pass
        return real(path)

    monkeypatch.setattr(journal, "read", folding)
    assert set(store.read().state.ids()) == {"bp-1"}


def test_damage_that_is_gone_a_moment_later_is_none(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.path.write_bytes(b"half a st")
    real = journal.read

    def repaired(path: Path) -> Journal | None:
        monkeypatch.setattr(journal, "read", real)
        atomic_write.replace(store.path, dump_state(state(1)))
        raise StateDamaged("read in between")

    monkeypatch.setattr(journal, "read", repaired)
    _put(store, state())
    assert store.read().state == state(1)


def test_a_state_that_never_stands_still_is_given_up(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(store, state(1))
    real = journal.read

    def moving(path: Path) -> Journal | None:
        atomic_write.replace(store.path, dump_state(state(1)))
        return real(path)

    monkeypatch.setattr(journal, "read", moving)
    with pytest.raises(StateMoved, match="faster"):
        store.read()


def test_a_second_session_waits_when_asked_to(store: FileStore) -> None:
    holding, release = threading.Event(), threading.Event()

    def hold() -> None:
        with store.session() as session:
            session.begin(TENANT)
            session.record(*created(1))
            holding.set()
            release.wait(120)

    thread = threading.Thread(target=hold)
    thread.start()
    assert holding.wait(120)
    with pytest.raises(StateLocked, match=r"process \d+"), store.session():
        pytest.fail("two writers")
    threading.Timer(0.2, release.set).start()
    with store.session(lock_timeout=120) as session:
        assert release.is_set()
        assert session.state.ids() == {"bp-1": address(1)}
    thread.join()


@needs_open_files
def test_a_journal_that_is_still_written_is_not_folded(store: FileStore) -> None:
    """The lock file of a live run was removed."""
    with store.session() as session:
        session.begin(TENANT)
        session.record(*created(1))
        store.lock_path.unlink()
        with pytest.raises(StateLocked, match="still writing"), FileStore(store.path).session():
            pytest.fail("two writers")
        session.record(*created(2))
    assert set(store.read().state.ids()) == {"bp-1", "bp-2"}


def test_what_a_killed_run_left_is_cleared_up(store: FileStore) -> None:
    left = [store.path.with_name(f".s.json.{n}.tmp") for n in ("0a0a0a0a0a0a", "b")]
    for each in left:
        each.write_text("half")
    other = store.path.with_name(".other.json.0a0a0a0a0a0a.tmp")
    other.write_text("not ours")
    with store.session():
        assert not any(each.exists() for each in left)
        assert other.exists()


@_posix
def test_a_new_state_has_the_permissions_of_the_umask(store: FileStore) -> None:
    before = os.umask(0o027)
    try:
        with store.session() as session:
            session.begin(TENANT)
            assert store.journal_path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)
    assert store.path.stat().st_mode & 0o777 == 0o640


@_posix
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664])
def test_the_permissions_of_a_state_stay(store: FileStore, mode: int) -> None:
    _put(store, state(1))
    store.path.chmod(mode)
    with store.session() as session:
        session.replace(replace(session.state, entries={}))
    assert store.path.stat().st_mode & 0o777 == mode


@_posix
def test_behind_a_link_the_file_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "repository"
    real.mkdir()
    link.mkdir()
    (link / "s.json").symlink_to(real / "target.json")
    with FileStore(link / "s.json").session() as session:
        session.begin(TENANT)
        session.record(*created(1))
    assert (link / "s.json").is_symlink()
    assert set(FileStore(real / "target.json").read().state.ids()) == {"bp-1"}
    assert [path.name for path in link.iterdir()] == ["s.json"]
    assert sorted(path.name for path in real.iterdir()) == ["target.json", "target.json.lock"]


@_posix
@pytest.mark.parametrize("name", ["a.lock", "a.json.journal", "A.LOCK", "link"])
def test_a_state_is_no_lock_or_journal_of_another(name: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("a.lock")
    with pytest.raises(StateError, match="can't be the name of a state"):
        FileStore(tmp_path / name)


@needs_links
def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "s.json").symlink_to(tmp_path / "s.json")
    with pytest.raises(StoreFailure):
        FileStore(tmp_path / "s.json").read()


@_posix
@pytest.mark.parametrize("what", ["outside", "/dev/zero", "nowhere", "pipe", "folder", "sparse"])
@pytest.mark.parametrize("suffix", ["", ".journal"])
def test_what_is_no_plain_file_is_neither_read_nor_written(
    suffix: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pull request can bring a link; behind a link of the state, a file may lie elsewhere, but only a regular one."""
    monkeypatch.setattr(atomic_write, "MAX_STATE", 1 << 20)
    project, outside = tmp_path / "project", tmp_path / "outside"
    project.mkdir()
    store = FileStore(project / "s.json")
    with store.session() as session:
        session.begin(TENANT)
        session.record(*created(1))
    outside.write_text("secret")
    path = project / f"s.json{suffix}"
    path.unlink(missing_ok=True)
    match what:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "sparse":
            with path.open("wb") as stream:
                stream.truncate(2 << 20)
        case "/dev/zero":
            path.symlink_to("/dev/zero")
        case _:
            path.symlink_to(tmp_path / what)
    before = sorted(project.iterdir())
    if suffix == "" and what == "nowhere":
        assert FileStore(path).read().state.entries == {}
        return
    for attempt in (
        lambda: FileStore(project / "s.json").read(),
        lambda: _begin(FileStore(project / "s.json")),
    ):
        with pytest.raises((StateError, StoreFailure)) as caught:
            attempt()
        assert "secret" not in str(caught.value)
    assert sorted(project.iterdir()) == before
    assert outside.read_text() == "secret"


def _begin(store: FileStore) -> None:
    with store.session() as session:
        session.begin(TENANT)


@_posix
def test_a_pipe_in_the_place_of_the_lock_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "s.json.lock")
    with pytest.raises(StoreFailure, match="not a regular file"):
        _begin(FileStore(tmp_path / "s.json"))


_AS_NOBODY = """
import os, sys
from pathlib import Path
from kalentops.errors import StoreFailure
from kalentops.state.store.file import FileStore, open_content
from kalentops.state.store import lock  # the other user may not read the library
from kalentops.support import shape  # the same
store = FileStore(Path(sys.argv[1]))
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
print(len(store.read().state.entries))
try:
    with store.session():
        print("taken")
except StoreFailure as error:
    print(error)
"""


@pytest.mark.processes
@_posix
@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("lock_exists", [False, True])
def test_a_read_only_folder_is_found_out_before_anything_is_done(*, lock_exists: bool) -> None:
    with TemporaryDirectory() as name:  # not pytest's folder, which other users can't enter
        folder = Path(name).resolve()
        store = FileStore(folder / "s.json")
        _put(store, state(1))
        if lock_exists:
            store.lock_path.touch()
            store.lock_path.chmod(0o666)
        before = sorted(folder.iterdir())
        folder.chmod(0o555)
        try:
            ended = python(_AS_NOBODY, store.path)
        finally:
            folder.chmod(0o755)
        assert sorted(folder.iterdir()) == before
    assert ended.stderr == ""
    count, said = ended.stdout.splitlines()
    assert count == "1"
    assert ("can't be written to" if lock_exists else "can't be created") in said


_FULL = """
import resource, sys
from pathlib import Path
from kalentops.errors import StoreFailure
from kalentops.state.store.file import FileStore, open_content
from tests.state.store.samples import TENANT, created
told = 0
try:
    with FileStore(Path(sys.argv[1])).session() as session:
        session.begin(TENANT)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        for number in range(1000):
            session.record(*created(number))
            told += 1
except StoreFailure:
    print(told)
"""


@pytest.mark.processes
@_posix
@pytest.mark.usefixtures("unmeasured")
def test_a_limit_of_the_real_file_system_loses_nothing(store: FileStore) -> None:
    ended = python(_FULL, store.path)
    assert ended.stderr == ""
    told = int(ended.stdout)
    assert 3 < told < 100
    found = store.read()
    assert {f"bp-{n}" for n in range(told)} <= set(found.state.ids())
    with store.session() as session:
        assert session.state.entries == found.state.entries


def test_a_writer_whose_state_was_replaced_stops_and_loses_nothing(store: FileStore) -> None:
    _put(store, state(1))
    with pytest.raises(StateMoved), store.session() as session:
        session.begin(TENANT)
        session.record(*created(3), Abandoned(address(4), "x"), Intended(intent(5)))
        store.path.write_bytes(dump_state(state(1, 2, serial=8)))
    assert store.journal_path.exists()
    after = store.read().state
    assert set(after.ids()) == {"bp-1", "bp-2", "bp-3"}
    assert after.intents == {address(5): intent(5)}
    with store.session() as session:
        assert set(session.state.ids()) == {"bp-1", "bp-2", "bp-3"}


@pytest.mark.parametrize("now", [b"", dump_state(state(lineage="other")), None])
def test_a_writer_whose_state_was_damaged_or_removed_leaves_its_journal(
    store: FileStore, now: bytes | None
) -> None:
    _put(store, state(1))
    before = store.path.read_bytes()
    with pytest.raises(StateError), store.session() as session:
        session.begin(TENANT)
        session.record(*created(3))
        if now is None:
            store.path.unlink()
        else:
            store.path.write_bytes(now)
    assert (store.path.read_bytes() if store.path.exists() else None) == now
    with pytest.raises(StateError):
        store.read()
    store.path.write_bytes(before)
    assert set(store.read().state.ids()) == {"bp-1", "bp-3"}


@pytest.mark.parametrize(
    "other", [state(1, serial=6), state(1, 2)], ids=["another serial", "the same serial"]
)
def test_begin_notices_that_the_state_was_replaced(store: FileStore, other: State) -> None:
    """A `git pull` comes while the question is on the screen: nothing may have been sent by then."""
    _put(store, state(1))
    with store.session() as session:
        store.path.write_bytes(dump_state(other))
        with pytest.raises(StateMoved):
            session.begin(TENANT)
    assert not store.journal_path.exists()


@pytest.mark.parametrize("held", [pytest.param(False, marks=_posix), True])
def test_a_body_is_read_from_the_file_as_it_was(
    store: FileStore, monkeypatch: pytest.MonkeyPatch, *, held: bool
) -> None:
    if held:  # as on Windows
        monkeypatch.delattr(os, "pread", raising=False)
    store.path.write_bytes(dump_state(state(1, 2)))
    before = store.read().state
    atomic_write.replace(store.path, dump_state(state(3)))
    assert before.entries[address(2)].verified().data == entry(2).sent.data
    assert dump_state(before) == dump_state(state(1, 2))


@_posix
def test_a_body_of_a_file_that_was_edited_in_place_is_not_read(store: FileStore) -> None:
    store.path.write_bytes(dump_state(state(1, 2)))
    before = store.read().state
    with store.path.open("r+b") as stream:
        stream.write(b"{ ")
    os.utime(store.path, ns=(1, 1))
    with pytest.raises(StateMoved, match=r"s\.json was changed while it was in use"):
        before.entries[address(2)].verified()


@_posix
def test_a_file_whose_time_changes_is_the_same(store: FileStore) -> None:
    store.path.write_bytes(dump_state(state(1, 2)))
    with store.session() as session:
        session.begin(TENANT)
        session.record(*created(3))
        os.utime(store.path, ns=(1, 1))
    assert set(store.read().state.ids()) == {"bp-1", "bp-2", "bp-3"}


@_posix
def test_no_descriptor_stays_open(store: FileStore) -> None:
    with store.session() as session:
        session.begin(TENANT)
        session.record(*created(1))
    opened = len(os.listdir("/dev/fd"))  # noqa: PTH208 - of the process
    for _ in range(3):
        assert store.read().state.entries[address(1)].verified().name == "n1"
    assert len(os.listdir("/dev/fd")) == opened  # noqa: PTH208


@_posix
def test_a_content_that_can_not_be_closed_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_bytes(b"{}")
    content = open_content(tmp_path / "s.json")
    os.close(content._descriptor)  # type: ignore[attr-defined]
    del content  # pytest fails for what is raised here
