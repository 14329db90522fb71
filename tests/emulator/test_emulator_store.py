"""The store without HTTP: files, versions, clocks, sourcings; and the request log."""

import sqlite3
from pathlib import Path

import pytest

from kalentops.emulator import ApiFailure, StoreError, app
from kalentops.emulator.app import Entry, RequestLog
from kalentops.emulator.store import SCHEMA_VERSION, Paging, Sourcing, Store


def test_a_clock_that_goes_back_never_shows(tmp_path: Path) -> None:
    times = iter([1_000.5, 900.0, 800.0])
    file = tmp_path / "emulator.db"
    store = Store(file, auto_sourcings=True, clock=lambda: next(times))
    first = store.create("s", "first", [])
    second = store.create("s", "second", [])
    store.close()
    assert first.created_at == "1970-01-01T00:16:40.500Z"
    assert second.created_at == first.created_at

    reopened = Store(file, clock=lambda: next(times))
    reopened.edit(first.blueprint_id, name="edited")
    edited, untouched = reopened.blueprints("s")
    reopened.close()
    assert edited.updated_at == "1970-01-01T00:16:40.501Z"
    assert (edited.name, edited.created_at) == ("edited", first.created_at)
    assert untouched == second


def test_a_file_is_durable_and_versioned(tmp_path: Path) -> None:
    file = tmp_path / "emulator.db"
    Store(file).close()
    db = sqlite3.connect(file)
    assert db.execute("pragma journal_mode").fetchone() == ("wal",)
    assert db.execute("pragma user_version").fetchone() == (SCHEMA_VERSION,)
    db.execute(f"pragma user_version = {SCHEMA_VERSION + 1}")
    db.close()
    with pytest.raises(StoreError, match="newer version"):
        Store(file)


def test_files_that_are_not_the_emulators(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("not a database, but long enough to be looked at as one " * 20)
    with pytest.raises(StoreError, match="not a database"):
        Store(text)
    other = tmp_path / "other.db"
    db = sqlite3.connect(other)
    db.execute("create table someone (elses)")
    db.close()
    with pytest.raises(StoreError, match="none of the emulator's"):
        Store(other)
    with pytest.raises(StoreError, match="unable to open"):
        Store(tmp_path / "missing" / "emulator.db")


def test_sourcings_are_changed_by_adding_them_again() -> None:
    store = Store()
    store.add_sourcing("s", "old")
    store.create("s", "n", [])
    store.add_sourcing("s", "new", status="closed", mine=False)
    paging = Paging(0, 50)
    assert store.sourcing_page(paging, status="in-progress", only_mine=False) == ([], 0)
    assert store.sourcing_page(paging, status="closed", only_mine=True) == ([], 0)
    assert store.sourcing_page(paging, status="closed", only_mine=False) == ([Sourcing("s", "new")], 1)
    assert len(store.blueprints("s")) == 1
    with pytest.raises(sqlite3.IntegrityError):
        store.add_sourcing("t", "T", status="open")
    store.close()


def test_auto_sourcings() -> None:
    strict, lenient = Store(), Store(auto_sourcings=True)
    paging = Paging(0, 20)
    with pytest.raises(ApiFailure, match="sourcing s not found"):
        strict.create("s", "n", [])
    assert lenient.blueprint_page("s", paging) == ([], 0)
    made = lenient.create("s", "n", [])
    assert lenient.blueprint_page("s", paging) == ([made], 1)
    assert lenient.sourcing_page(paging, status="in-progress", only_mine=True) == ([Sourcing("s", "s")], 1)
    strict.close()
    lenient.close()


def test_what_a_person_deletes_is_gone() -> None:
    store = Store(auto_sourcings=True)
    first, second = store.create("s", "first", []), store.create("s", "second", [])
    store.remove(first.blueprint_id)
    assert store.blueprints("s") == [second]
    with pytest.raises(ApiFailure, match=f"{first.blueprint_id} not found"):
        store.remove(first.blueprint_id)
    store.close()


def test_an_edit_of_what_does_not_exist() -> None:
    store = Store()
    with pytest.raises(ApiFailure, match="bp_none not found"):
        store.edit("bp_none", name="n")
    store.close()


def test_the_log_is_bounded_but_its_counters_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "KEPT", 2)
    log = RequestLog()
    for number in range(3):
        log.add(Entry("GET", f"/{number}", 200), "/{n}")
    assert list(log) == [("GET", "/1", 200), ("GET", "/2", 200)]
    assert (len(log), log[0], log[-1:]) == (2, ("GET", "/1", 200), [("GET", "/2", 200)])
    assert log.requests == {("GET", "/{n}"): 3}
