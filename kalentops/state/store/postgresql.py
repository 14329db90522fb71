"""A row of a table in PostgreSQL. A pooler in transaction mode may stand in between: each transaction has a connection
of its own, and nothing is prepared, locked or set for longer.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any, Final, TypeAlias, TypeVar
from uuid import UUID, uuid4

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.conninfo import conninfo_to_dict

from kalentops.errors import SharedStoreFailure, StateError
from kalentops.state.codec import Dump
from kalentops.state.content import InMemory
from kalentops.state.store.backend import Stored, UnclearWrite, VersionMismatch
from kalentops.state.store.location import Location, row_name
from kalentops.support.text import clip

T = TypeVar("T")
_Row: TypeAlias = tuple[Any, ...]

_OLDEST: Final = 10  # the oldest that psycopg speaks to
_SECONDS: Final = 25.0  # for a transaction; the server's own time-out comes first
_LONG: Final = 4  # characters: a shorter password occurs in any text
_PAUSES: Final = (0.5, 1.5)  # seconds between attempts
_PATIENCE: Final = 3.0  # seconds: what took longer was a time-out, and another attempt would be one, too
# One round trip. A pooler forgets each of the settings at the end of the transaction.
_BEGIN: Final = (
    "begin isolation level read committed; set local synchronous_commit = on; "
    "set local statement_timeout = '20s'; set local lock_timeout = '10s'"
)
_CREATE: Final = (
    "create table kalentops_state (name text primary key, version bigint not null, write_id uuid not null, "
    "data bytea not null, written_at timestamptz not null default now())"
)
_INSERT: Final = (
    "insert into kalentops_state (name, version, write_id, data, written_at) values (%s, 1, %s, %b, now()) "
    "on conflict (name) do nothing returning version"
)
_UPDATE: Final = (
    "update kalentops_state set version = version + 1, write_id = %s, data = %b, written_at = now() "
    "where name = %s and version = %s and write_id = %s returning version"
)
_SELECT: Final = "select version, write_id, data from kalentops_state where name = %s"
_TYPES: Final = [20, 2950, 17]  # bigint, uuid, bytea
_SHAPE: Final = "its table kalentops_state is not one of kalentops"
_ELSEWHERE: Final = "keep the state in another database or schema (search_path); the table is unchanged"
# SQLSTATE or its class -> what failed, and what to do.
_REFUSALS: Final = {
    "08": ("the connection was lost", "nothing was written; check the network, then run it again"),
    "23": (_SHAPE, _ELSEWHERE),
    "25006": ("it is read-only", "use the primary server, or add ?target_session_attrs=read-write"),
    "3F000": ("no schema is selected", "set search_path for the role to a schema that exists"),
    "42": (_SHAPE, _ELSEWHERE),
    "42501": (
        "permission denied",
        "grant select, insert, update on the table; for init, create on the schema",
    ),
    "42P01": ("there is no table kalentops_state", "run `kalentops state init`, or correct search_path"),
    "53": ("the server has no space or memory left", "free some there, then run it again"),
    "54": ("the state is too large for it", "keep the state in another kind of place"),
    "55P03": ("another transaction holds the row", "end it (see pg_stat_activity), then run this again"),
    "57014": ("the server took too long", "run it again; pg_stat_activity shows what keeps it busy"),
}
# A connection or a lock that comes in a moment, and two that make the table at once.
_TRANSIENT: Final = re.compile("08|40|57P|42P07|42710|23505")
# libpq gives no SQLSTATE for a connection that failed. A server that speaks another language gets the last hint.
_CONNECTING: Final = {
    r"resolve host|translate host": "check the spelling of the host",
    r"refused|timeout expired|timed out|unreachable|No route": "check host, port and firewall",
    r"password|authentication|role .* exist": "check the user, and the password in PGPASSWORD or ~/.pgpass",
    r"database .* exist": "check its name, or make it with `createdb`",
    r"no encryption|SSL|certificate": "set ?sslmode=require, or verify-full with sslrootcert",
    r"pg_hba": "the server's pg_hba.conf has to allow this user from this machine",
    r"read-only|standby|recovery": "check the hosts, and target_session_attrs",
    r"": "try `psql` with the same location, without #NAME",
}
_PASSING: Final = re.compile(r"refused|reset|closed the conn|starting up|shutting down|too many|Temporary")


class _Lost(SharedStoreFailure):
    """The transaction has changed nothing, and another attempt may succeed."""


class _Connection(psycopg.Connection[_Row]):
    """Ends with an error where the server has not answered in time: libpq itself waits for ever."""

    deadline = float("inf")

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        left = max(self.deadline - time.monotonic(), 0.0)
        return super().wait(gen, interval, left if timeout is None else min(timeout, left))


class PostgresqlBackend:
    """`version` and `write_id` of the row are its version: after a restore, a number alone could come twice."""

    def __init__(self, location: Location) -> None:
        """Raises StateError."""
        self.where = location.where
        self._name = row_name(location.text)
        try:
            given = conninfo_to_dict(location.text.partition("#")[0])
        except psycopg.Error:  # its text may hold a part of the password
            raise StateError(
                f"{self.where}: a parameter, a percent sign or a space in it is not what PostgreSQL accepts",
                hint="write % as %25 and a space as %20; parameters are those of psql, such as ?sslmode=require",
            ) from None
        limits = {} if "PGCONNECT_TIMEOUT" in os.environ else {"connect_timeout": 10}
        ours = {"fallback_application_name": "kalentops", "tcp_user_timeout": 20_000}
        self._parameters: dict[str, Any] = {**ours, **limits, **given}

    def prepare(self) -> None:
        """Make the table if there is none. Raises StateError for another table of this name."""

        def make(connection: _Connection) -> bool:
            if connection.execute("select to_regclass('kalentops_state') is null").fetchone() == (True,):
                connection.execute(_CREATE)
            # Columns, key and permissions, without an effect.
            connection.execute(f"explain {_INSERT}", ("", uuid4(), b""))
            connection.execute(f"explain {_UPDATE}", (uuid4(), b"", "", 0, uuid4()))
            selected = connection.execute(_SELECT, ("",))
            selected.fetchall()
            if [column.type_code for column in selected.description or ()] != _TYPES:
                raise StateError(f"{self.where}: {_SHAPE}", hint=_ELSEWHERE)
            return True

        self._run(make, commit=True)

    def read(self) -> Stored | None:
        def find(connection: _Connection) -> _Row | None:
            with suppress(psycopg.errors.UndefinedTable):
                return connection.execute(_SELECT, (self._name,), binary=True).fetchone()
            return None

        row = self._run(find, commit=False)
        if row is None:
            return None
        match row:
            case (int(version), UUID() as write_id, bytes(data)):
                return Stored(InMemory(data), f"{version} {write_id}")
        raise StateError(f"{self.where}: {_SHAPE}", hint=_ELSEWHERE)

    def replace(self, data: bytes | Dump, expected: str | None) -> str:
        whole = bytes(data)
        write_id = uuid4()

        def write(connection: _Connection) -> _Row | None:
            if expected is None:
                return connection.execute(_INSERT, (self._name, write_id, whole)).fetchone()
            version, old_id = expected.split()
            given = (write_id, whole, self._name, int(version), UUID(old_id))
            return connection.execute(_UPDATE, given).fetchone()

        row = self._run(write, commit=True)
        if row is None:
            raise VersionMismatch
        return f"{row[0]} {write_id}"

    def _run(self, work: Callable[[_Connection], T], *, commit: bool) -> T:
        """Raises what `work` raises, SharedStoreFailure where nothing was changed, UnclearWrite."""
        began = time.monotonic()
        for pause in _PAUSES:
            try:
                return self._once(work, commit=commit)
            except _Lost:
                if time.monotonic() - began > _PATIENCE:
                    raise
            time.sleep(pause)
        return self._once(work, commit=commit)

    def _once(self, work: Callable[[_Connection], T], *, commit: bool) -> T:
        with closing(self._connect()) as connection:
            try:
                if commit:
                    connection.execute(_BEGIN)
                result = work(connection)
            except psycopg.Error as error:
                raise self._refused(error) from None
            except ValueError:  # a value that is none of its type; a write was not committed
                raise StateError(f"{self.where}: {_SHAPE}", hint=_ELSEWHERE) from None
            if not commit:
                return result
            if result is None:
                with suppress(psycopg.Error):  # a pooler keeps a connection whose transaction has ended
                    connection.rollback()
                return result
            try:
                connection.commit()
            except psycopg.Error as error:
                lost = f"{self.where}: the answer to a write was lost: {self._said(error)}"
                raise UnclearWrite(lost, hint="run it again: what was written is found") from None
        return result

    def _connect(self) -> _Connection:
        try:
            connection = _Connection.connect(autocommit=True, prepare_threshold=None, **self._parameters)
        except UnicodeError:
            said = f"{self.where} can't be reached: a part of the host's name is empty or too long"
            raise SharedStoreFailure(said, hint="check the spelling of the host") from None
        except psycopg.Error as error:
            said = self._said(error)
            hint = next(hint for pattern, hint in _CONNECTING.items() if re.search(pattern, said))
            kind = _Lost if _PASSING.search(said) else SharedStoreFailure
            raise kind(f"{self.where} can't be reached: {said}", hint=hint) from None
        version = connection.info.server_version // 10_000
        if version < _OLDEST:
            connection.close()
            old = f"{self.where}: the server is too old"
            raise SharedStoreFailure(old, hint=f"PostgreSQL {_OLDEST} or later is needed")
        connection.deadline = time.monotonic() + _SECONDS
        return connection

    def _refused(self, error: psycopg.Error) -> SharedStoreFailure | StateError:
        state = error.sqlstate or "08000"
        other = ("the transaction failed", "nothing was written; run it again")
        what, hint = _REFUSALS.get(state) or _REFUSALS.get(state[:2], other)
        kind = _Lost if _TRANSIENT.match(state) else StateError if what == _SHAPE else SharedStoreFailure
        return kind(f"{self.where}: {what}: {self._said(error)}", hint=hint)

    def _said(self, error: psycopg.Error) -> str:
        """The error in the words of libpq or the server, without what `where` says, and without a password."""
        said = error.diag.message_primary or str(error) or type(error).__name__
        said = re.sub(r"connection (failed|is bad): |connection to server at .*? failed: ", "", said)
        for secret in (self._parameters.get("password"), os.environ.get("PGPASSWORD")):
            said = said.replace(str(secret), "***") if len(str(secret or "")) >= _LONG else said
        return clip(" ".join(said.split()), 300)
