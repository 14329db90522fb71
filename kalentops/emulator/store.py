"""Sourcings and blueprints in SQLite: in memory, or durable in a file."""

import json
import sqlite3
import string
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import SystemRandom
from typing import Any

from kalentops.emulator import StoreError, not_found

Step = dict[str, Any]

SCHEMA_VERSION = 1
_SCHEMA = f"""
begin;
create table sourcings (
  position integer primary key autoincrement, sourcing_id text not null unique, name text not null,
  status text not null check (status in ('in-progress', 'closed')), mine integer not null);
create table blueprints (
  position integer primary key autoincrement, blueprint_id text not null unique,
  sourcing_id text not null references sourcings (sourcing_id), name text not null,
  steps text not null, config text, created_at integer not null, updated_at integer not null);
create index blueprints_by_sourcing on blueprints (sourcing_id, position);
pragma user_version = {SCHEMA_VERSION};
commit;
"""
_COLUMNS = "blueprint_id, sourcing_id, name, steps, config, created_at, updated_at"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ID_ALPHABET = string.ascii_lowercase + string.digits
_ID_LENGTH = 20


@dataclass(frozen=True, slots=True)
class Paging:
    """`page` counts from zero."""

    page: int
    size: int

    @property
    def offset(self) -> int:
        return self.page * self.size

    def as_json(self, total: int) -> dict[str, int | bool]:
        return {
            "page": self.page,
            "pageSize": self.size,
            "total": total,
            "hasNextPage": self.offset + self.size < total,
        }


@dataclass(frozen=True, slots=True)
class StoredBlueprint:
    """All that is stored, with what the API never lists: `config`, and `config.userId` of each step."""

    blueprint_id: str
    sourcing_id: str
    name: str
    steps: list[Step]
    config: dict[str, Any] | None
    created_at: str
    updated_at: str

    def listed(self) -> dict[str, Any]:
        """The item as `GET …/sequence-blueprints` shows it."""
        return {
            "blueprintId": self.blueprint_id,
            "name": self.name,
            "sourcingId": self.sourcing_id,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "steps": [{key: step[key] for key in step if key != "config"} for step in self.steps],
            "stepCount": len(self.steps),
            "channels": list(dict.fromkeys(step["type"] for step in self.steps if "type" in step)),
        }


@dataclass(frozen=True, slots=True)
class Sourcing:
    sourcing_id: str
    name: str


class Store:
    """Safe to use from several threads at once.

    `auto_sourcings` makes a sourcing of any id that is created in. `clock` gives seconds since 1970.
    Raises `StoreError` for a file that is no database of the emulator, or one of a newer version.
    """

    def __init__(
        self,
        path: str | Path = ":memory:",
        *,
        auto_sourcings: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._auto_sourcings = auto_sourcings
        self._clock = clock
        self._random = SystemRandom()
        self._lock = threading.RLock()
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}") from error
        try:
            _prepare(self._db)
            # A clock that was set back while the emulator was down must not show either.
            self._latest = self._scalar("select coalesce(max(updated_at), 0) from blueprints")
        except (sqlite3.Error, StoreError) as error:
            self._db.close()
            raise StoreError(f"{path}: {error}") from error

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def is_empty(self) -> bool:
        """Whether it has no sourcing yet."""
        with self._lock:
            return not self._scalar("select count(*) from sourcings")

    def add_sourcing(
        self, sourcing_id: str, name: str, *, status: str = "in-progress", mine: bool = True
    ) -> None:
        """Add a sourcing, or change the one with this id. `status` is `in-progress` or `closed`."""
        statement = (
            "insert into sourcings (sourcing_id, name, status, mine) values (?, ?, ?, ?)"
            " on conflict (sourcing_id) do update"
            " set name = excluded.name, status = excluded.status, mine = excluded.mine"
        )
        with self._lock:
            self._db.execute(statement, (sourcing_id, name, status, mine))

    def create(
        self, sourcing_id: str, name: str, steps: list[Step], config: dict[str, Any] | None = None
    ) -> StoredBlueprint:
        """Raises `ApiFailure` (404) for an unknown sourcing."""
        blueprint_id = "bp_" + "".join(self._random.choices(_ID_ALPHABET, k=_ID_LENGTH))
        with self._lock:
            self._require_sourcing(sourcing_id, add=self._auto_sourcings)
            now = self._now()
            row = (blueprint_id, sourcing_id, name, _dump_steps(steps), _dump(config), now, now)
            self._db.execute(f"insert into blueprints ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608
        return _blueprint(row)

    def update(
        self,
        blueprint_id: str,
        *,
        name: str | None = None,
        steps: list[Step] | None = None,
        config: dict[str, Any] | None = None,
    ) -> None:
        """Replace what is given. Raises `ApiFailure` (404) for an unknown blueprint."""
        new_steps = None if steps is None else _dump_steps(steps)
        statement = (
            "update blueprints set name = coalesce(?, name), steps = coalesce(?, steps),"
            " config = coalesce(?, config), updated_at = max(?, updated_at + 1) where blueprint_id = ?"
            " returning updated_at"
        )
        with self._lock:
            values = (name, new_steps, _dump(config), self._now(), blueprint_id)
            changed = self._db.execute(statement, values).fetchall()
            if not changed:
                raise not_found(f"sequence blueprint {blueprint_id}")
            self._latest = max(self._latest, changed[0][0])

    def edit(self, blueprint_id: str, *, name: str | None = None, steps: list[Step] | None = None) -> None:
        """An edit in the web app: unchecked, and `updatedAt` grows."""
        self.update(blueprint_id, name=name, steps=steps)

    def remove(self, blueprint_id: str) -> None:
        """A deletion in the web app: the API has none. Raises `ApiFailure` (404) for an unknown blueprint."""
        with self._lock:
            if not self._db.execute(
                "delete from blueprints where blueprint_id = ?", (blueprint_id,)
            ).rowcount:
                raise not_found(f"sequence blueprint {blueprint_id}")

    def blueprints(self, sourcing_id: str) -> list[StoredBlueprint]:
        """All blueprints of a sourcing in order of creation, with the fields the API hides."""
        statement = f"select {_COLUMNS} from blueprints where sourcing_id = ? order by position"  # noqa: S608
        with self._lock:
            rows = self._db.execute(statement, (sourcing_id,)).fetchall()
        return [_blueprint(row) for row in rows]

    def blueprint_page(self, sourcing_id: str, paging: Paging) -> tuple[list[StoredBlueprint], int]:
        """One page, and the total. Raises `ApiFailure` (404) for an unknown sourcing."""
        statement = (
            f"select {_COLUMNS} from blueprints where sourcing_id = ? order by position limit ? offset ?"  # noqa: S608
        )
        with self._lock:
            if not self._auto_sourcings:
                self._require_sourcing(sourcing_id)
            total = self._scalar("select count(*) from blueprints where sourcing_id = ?", sourcing_id)
            rows = self._db.execute(statement, (sourcing_id, paging.size, paging.offset)).fetchall()
        return [_blueprint(row) for row in rows], total

    def sourcing_page(self, paging: Paging, *, status: str, only_mine: bool) -> tuple[list[Sourcing], int]:
        where = "from sourcings where status = ? and mine >= ?"
        statement = f"select sourcing_id, name {where} order by position limit ? offset ?"
        with self._lock:
            total = self._scalar(f"select count(*) {where}", status, only_mine)
            values = (status, only_mine, paging.size, paging.offset)
            rows = self._db.execute(statement, values).fetchall()
        return [Sourcing(*row) for row in rows], total

    def _require_sourcing(self, sourcing_id: str, *, add: bool = False) -> None:
        if self._scalar("select count(*) from sourcings where sourcing_id = ?", sourcing_id):
            return
        if not add:
            raise not_found(f"sourcing {sourcing_id}")
        self.add_sourcing(sourcing_id, sourcing_id)

    def _now(self) -> int:
        self._latest = max(self._latest, int(self._clock() * 1000))
        return self._latest

    def _scalar(self, statement: str, *values: str | int) -> int:
        return int(self._db.execute(statement, values).fetchone()[0])


def _prepare(db: sqlite3.Connection) -> None:
    version = int(db.execute("pragma user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise StoreError(f"written by a newer version (schema {version}, known is {SCHEMA_VERSION})")
    db.execute("pragma journal_mode = wal")
    db.execute("pragma synchronous = full")
    db.execute("pragma foreign_keys = on")
    if version == 0:
        if db.execute("select count(*) from sqlite_master").fetchone()[0]:
            raise StoreError("a database, but none of the emulator's")
        db.executescript(_SCHEMA)


def _dump(value: dict[str, Any] | list[Step] | None) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _dump_steps(steps: list[Step]) -> str | None:
    # docs/reference/kalent-api.md, "A step": this content "is accepted and stored as an empty string".
    return _dump(
        [{**s, "content": ""} if s.get("linkedInType") == "LINKEDIN_INVITATION" else s for s in steps]
    )


def _blueprint(row: tuple[Any, ...]) -> StoredBlueprint:
    blueprint_id, sourcing_id, name, steps, config, created, updated = row
    return StoredBlueprint(
        blueprint_id=blueprint_id,
        sourcing_id=sourcing_id,
        name=name,
        steps=json.loads(steps),
        config=None if config is None else json.loads(config),
        created_at=_timestamp(created),
        updated_at=_timestamp(updated),
    )


def _timestamp(milliseconds: int) -> str:
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
