"""What PostgreSQL can do to a state that the contract does not know: obstacles, lost answers, poolers, other tables."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kalentops.errors import KalentopsError, SharedStoreFailure, StateError
from kalentops.state.store import open_store, postgresql
from kalentops.state.store.backend import UnclearWrite, VersionMismatch
from kalentops.state.store.location import Location
from kalentops.state.store.postgresql import PostgresqlBackend
from tests import postgresql as server
from tests.builders import blueprint
from tests.faults.tcp import Failure, TcpProxy
from tests.harness import Project
from tests.platforms import needs_devices
from tests.site.blocks import texts_of
from tests.state.store.samples import ROOT, TENANT, created

pytestmark = pytest.mark.processes
WRONG = "SECRET-wr0ng"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_PAUSES", (0, 0))


@pytest.fixture
def row() -> str:
    return secrets.token_hex(8)


@pytest.fixture
def schema() -> Iterator[str]:
    """The options of a location whose table is in a schema of its own, which is empty."""
    name = f"s{secrets.token_hex(8)}"
    server.execute(f"create schema {name}")
    yield f"?options=-csearch_path%3D{name}"
    server.execute(f"drop schema {name} cascade")


def backend(url: str) -> PostgresqlBackend:
    return PostgresqlBackend(Location.parse(url, Path()))


def prepared(row: str, **options: Any) -> PostgresqlBackend:
    """With an empty state in version 1."""
    made = backend(server.url(row, **options))
    made.prepare()
    made.replace(b"1", None)
    return made


def refusal(act: Callable[[], object]) -> KalentopsError:
    """The error of `act`; no password is in it or in what led to it."""
    with pytest.raises(KalentopsError) as caught:
        act()
    assert caught.value.exit_code == 8
    said = "".join(traceback.format_exception(caught.value))
    assert WRONG not in said
    assert server.PASSWORD not in said
    return caught.value


@pytest.mark.parametrize("more", ["?pasword=RET", "?password=SEC&RET", "#x?"])
def test_what_libpq_does_not_take_is_refused_without_its_words(more: str) -> None:
    error = refusal(lambda: backend(f"postgresql://u:SEC%zzRET@127.0.0.1/db{more}"))
    assert "RET" not in f"{error} {error.hint}"


def test_without_the_extra_its_name_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delitem(sys.modules, postgresql.__name__)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    error = refusal(lambda: open_store(Location.parse(f"postgresql://u:{WRONG}@h/db", tmp_path)))
    assert str(error) == "postgresql://h/db#kalentops needs the extra `postgresql` of kalentops"
    assert f'pip install "{ROOT}[postgresql]"' in str(error.hint)


class Senseless:
    """A connection to what is no PostgreSQL: `answer` is its row, or an error of the library about a value."""

    def __init__(self, answer: tuple[Any, ...] | Exception) -> None:
        self._answer = answer

    def execute(self, *_: object, **__: object) -> Senseless:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self

    def fetchone(self) -> object:
        return self._answer

    def close(self) -> None:
        """Nothing was opened."""


@pytest.mark.parametrize(
    "answer", [ValueError("Invalid UUID data"), (1,), (None, None, None), ("1", "x", b"{}")]
)
def test_an_answer_without_sense_is_no_bug(
    answer: tuple[Any, ...] | Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PostgresqlBackend, "_connect", lambda _: Senseless(answer))
    error = refusal(backend("postgresql://u@127.0.0.1/db").read)
    assert "its table kalentops_state is not one of kalentops" in str(error)


# A server that answers


def test_the_table_is_made_once_and_by_prepare_alone(schema: str, row: str) -> None:
    made = backend(server.url(row, options=schema))
    assert made.read() is None
    error = refusal(lambda: made.replace(b"1", None))
    assert "there is no table kalentops_state" in str(error)
    assert "`kalentops state init`" in str(error.hint)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: made.prepare(), range(8)))
    assert made.read() is None
    version = made.replace(b"1", None)
    made.prepare()
    stored = made.read()
    assert stored is not None
    assert (stored.data, stored.version) == (b"1", version)


_COLUMNS = "name text primary key, version bigint not null, write_id uuid not null"


@pytest.mark.parametrize(
    "statement",
    [
        "create table {}.kalentops_state (id int)",
        f"create table {{}}.kalentops_state ({_COLUMNS}, data text, written_at timestamptz)",
        f"create table {{}}.kalentops_state ({_COLUMNS}, data bytea)",
        f"create table {{}}.kalentops_state ({_COLUMNS.replace('primary key', '')}, data bytea, written_at date)",
        "create view {}.kalentops_state as select 1 as name",
    ],
)
def test_a_table_of_another_shape_is_left_alone(schema: str, row: str, statement: str) -> None:
    name = schema.partition("%3D")[2]
    server.execute(statement.format(name))
    made = backend(server.url(row, options=schema))
    before = server.execute(f"select * from {name}.kalentops_state")
    for act in (made.prepare, lambda: made.replace(b"1", None))[: 1 if "data text" in statement else 2]:
        error = refusal(act)
        assert isinstance(error, StateError)
        assert "kalentops_state is not one of kalentops" in str(error)
    assert server.execute(f"select * from {name}.kalentops_state") == before


def test_the_version_is_not_that_of_a_row_that_was_restored(row: str) -> None:
    made = prepared(row)
    stored = made.read()
    assert stored is not None
    server.execute(f"delete from kalentops_state where name = '{row}'")
    other = made.replace(b"other", None)
    with pytest.raises(VersionMismatch):
        made.replace(b"2", stored.version)
    made.replace(b"3", other)


def test_a_row_of_another_type_is_not_read(schema: str, row: str) -> None:
    name = schema.partition("%3D")[2]
    server.execute(
        f"create table {name}.kalentops_state ({_COLUMNS}, data text)",
        f"insert into {name}.kalentops_state values ('{row}', 1, gen_random_uuid(), 'x')",
    )
    assert "is not one of kalentops" in str(refusal(backend(server.url(row, options=schema)).read))


def test_a_role_without_create_can_use_a_table_that_is_there(row: str) -> None:
    made = backend(server.url(row, user="stranger"))
    prepared(row)
    error = refusal(made.prepare)
    assert "permission denied" in str(error)
    assert "grant" in str(error.hint)
    server.execute("grant select, insert, update on kalentops_state to stranger")
    try:
        made.prepare()
        stored = made.read()
        assert stored is not None
        made.replace(b"2", stored.version)
    finally:
        server.execute("revoke all on kalentops_state from stranger")


@pytest.mark.parametrize(
    ("user", "options", "said", "hint"),
    [
        (f"guarded:{WRONG}", "", "password authentication failed", "PGPASSWORD"),
        ("guarded", f"?password={WRONG}", "password authentication failed", "PGPASSWORD"),
        ("guarded", "", "no password supplied", "PGPASSWORD"),
        ("nobody", "", 'role "nobody" does not exist', "user"),
        ("encrypted", "", "no encryption", "sslmode"),
        ("kalentops", "?sslmode=require", "SSL was required", "sslmode"),
        ("kalentops", "?sslmode=verify-full", "SSL was required", "sslrootcert"),
        ("kalentops", "?sslmode=rather", "invalid sslmode", "psql"),
        ("kalentops", "?dbname=missing", 'database "missing" does not exist', "createdb"),
        ("kalentops", "?port=1", "refused", "firewall"),
        ("kalentops", "?host=nowhere.invalid", "resolve host", "spelling"),
        ("kalentops", "?host=a..b", "host's name", "spelling"),
        ("kalentops", "?host=" + "x" * 64, "host's name", "spelling"),
        ("kalentops", "?service=missing", 'service "missing"', "psql"),
        ("kalentops", "?target_session_attrs=standby", "can't be reached", "target_session_attrs"),
        ("busy", "", "too many connections", "psql"),
    ],
)
def test_what_hinders_a_connection_is_said(user: str, options: str, said: str, hint: str, row: str) -> None:
    url = server.url(row, user=user, options=options)
    if "service=" in options:
        url = f"postgresql:///{options}"
    error = refusal(backend(url).read)
    assert isinstance(error, SharedStoreFailure)
    assert said in str(error)
    assert hint in str(error.hint)


def test_only_what_may_pass_is_tried_again(monkeypatch: pytest.MonkeyPatch, row: str) -> None:
    tried: list[object] = []
    real = postgresql._Connection.connect

    def connect(**parameters: Any) -> Any:
        tried.append(parameters)
        return real(**parameters)

    monkeypatch.setattr(postgresql._Connection, "connect", connect)
    for user, attempts in (("busy", 3), (f"guarded:{WRONG}", 1), ("nobody", 1)):
        tried.clear()
        refusal(backend(server.url(row, user=user)).read)
        assert len(tried) == attempts
    monkeypatch.setattr(postgresql, "_PATIENCE", -1)
    tried.clear()
    refusal(backend(server.url(row, user="busy")).read)
    assert len(tried) == 1, "it took its time"


def test_a_server_that_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch, row: str) -> None:
    monkeypatch.setattr(postgresql, "_OLDEST", 99)
    error = refusal(backend(server.url(row)).read)
    assert "too old" in str(error)
    assert error.hint == "PostgreSQL 99 or later is needed"


@pytest.mark.parametrize(
    ("code", "said"),
    [("53100", "no space"), ("53200", "memory"), ("54000", "too large"), ("57014", "too long")],
)
def test_what_hinders_a_write_is_said(row: str, schema: str, code: str, said: str) -> None:
    made = prepared(row, options=schema)
    name = schema.partition("%3D")[2]
    server.execute(
        f"create function {name}.fail() returns trigger language plpgsql as $$ begin "
        f"raise exception 'it failed' using errcode = '{code}'; end $$",
        f"create trigger fail before update on {name}.kalentops_state execute function {name}.fail()",
    )
    before = made.read()
    assert before is not None
    error = refusal(lambda: made.replace(b"2", before.version))
    assert not isinstance(error, UnclearWrite)
    assert said in str(error)
    assert "it failed" in str(error)
    assert made.read() == before


def test_a_role_that_may_only_read_is_reported(row: str) -> None:
    made = prepared(row)
    server.execute("grant select, insert, update on kalentops_state to reader")
    reader = backend(server.url(row, user="reader"))
    stored = reader.read()
    assert stored is not None
    error = refusal(lambda: reader.replace(b"2", stored.version))
    assert "it is read-only" in str(error)
    assert made.read() == stored


def test_a_row_that_another_transaction_holds_is_not_waited_for_without_end(
    row: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "_BEGIN", postgresql._BEGIN.replace("'10s'", "'50ms'"))
    made = prepared(row)
    stored = made.read()
    assert stored is not None
    with psycopg.connect(server.url()) as other:
        other.execute("select 1 from kalentops_state where name = %s for update", (row,))
        error = refusal(lambda: made.replace(b"2", stored.version))
    assert "another transaction holds the row" in str(error)
    made.replace(b"2", stored.version)


def test_a_commit_waits_for_the_disk_whatever_the_role_says(row: str, schema: str) -> None:
    made = prepared(row, options=schema + "%20-csynchronous_commit%3Doff")
    name = schema.partition("%3D")[2]
    server.execute(
        f"create function {name}.fail() returns trigger language plpgsql as $$ begin "
        "raise exception 'synchronous_commit is %', current_setting('synchronous_commit'); end $$",
        f"create trigger fail before update on {name}.kalentops_state execute function {name}.fail()",
    )
    stored = made.read()
    assert stored is not None
    assert "synchronous_commit is on" in str(refusal(lambda: made.replace(b"2", stored.version)))


def test_variables_and_services_are_those_of_psql(
    row: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    prepared(row)
    port = str(server.server_port())
    services = tmp_path / "services"
    services.write_text(f"[team]\nhost=127.0.0.1\nport={port}\nuser=kalentops\ndbname={server.DATABASE}\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    assert backend(f"postgresql:///?service=team#{row}").read() is not None
    for name, value in {"PGHOST": "127.0.0.1", "PGPORT": port, "PGUSER": "kalentops"}.items():
        monkeypatch.setenv(name, value)
    assert backend(f"postgresql:///{server.DATABASE}#{row}").read() is not None
    monkeypatch.setenv("PGUSER", "guarded")
    monkeypatch.setenv("PGPASSWORD", WRONG)
    refusal(backend(f"postgresql:///{server.DATABASE}#{row}").read)
    monkeypatch.setenv("PGPASSWORD", server.PASSWORD)
    assert "permission denied" in str(refusal(backend(f"postgresql:///{server.DATABASE}#{row}").read))


def test_the_next_of_several_hosts_is_tried(row: str) -> None:
    prepared(row)
    at = server.server_port()
    assert backend(f"postgresql://kalentops@127.0.0.1:1,127.0.0.1:{at}/tests#{row}").read() is not None


# A network that fails


class Impatient(postgresql._Connection):
    """Waits a moment for the answer to COMMIT."""

    def commit(self) -> None:
        self.deadline = time.monotonic() + 0.2
        super().commit()


@pytest.mark.parametrize("failure", ["cut before", "cut after", "silent before", "silent after"])
def test_a_commit_whose_answer_is_lost_is_unclear(
    row: str, failure: Failure, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = prepared(row)
    before = made.read()
    assert before is not None
    with TcpProxy(server.server_port(), b"COMMIT\0", failure) as proxy, monkeypatch.context() as patch:
        patch.setattr(postgresql, "_Connection", Impatient)
        error = refusal(lambda: backend(server.url(row, port=proxy.port)).replace(b"2", before.version))
        assert isinstance(error, UnclearWrite)
        assert proxy.connections == 1, "only the session knows whether to try again"
        if failure.endswith("after"):
            assert proxy.answered.wait(60)
    after = made.read()
    assert after is not None
    assert after.data == (b"2" if failure.endswith("after") else b"1")
    made.replace(b"3", after.version)


@pytest.mark.parametrize("failure", ["cut before", "cut after"])
@pytest.mark.parametrize("at", [b"kalentops_state", b"set local", b"kalentops\0"])
def test_what_is_lost_before_the_commit_is_tried_again(row: str, failure: Failure, at: bytes) -> None:
    made = prepared(row)
    before = made.read()
    assert before is not None
    with TcpProxy(server.server_port(), at, failure, times=2) as proxy:
        behind = backend(server.url(row, port=proxy.port))
        behind.replace(b"2", before.version)
        assert proxy.connections == 3
    after = made.read()
    assert after is not None
    assert (after.data, after.version.split()[0]) == (b"2", "2")


def test_a_transaction_that_the_server_ends_is_tried_again(row: str) -> None:
    """As it does when it shuts down: here it waits for a row until then."""
    made = prepared(row)
    before = made.read()
    assert before is not None
    with psycopg.connect(server.url()) as other, ThreadPoolExecutor(1) as pool:
        other.execute("select 1 from kalentops_state where name = %s for update", (row,))
        blocked = other.execute("select pg_backend_pid()").fetchone()
        assert blocked is not None
        written = pool.submit(made.replace, b"2", before.version)
        end = f"select pg_terminate_backend(pid) from pg_stat_activity where {blocked[0]} = any(pg_blocking_pids(pid))"
        while not server.execute(end):
            assert not written.done()
        other.rollback()
        assert written.result().split()[0] == "2"


def test_a_server_that_stays_silent_is_given_up(row: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_SECONDS", 0.2)
    monkeypatch.setattr(postgresql, "_PATIENCE", -1)
    before = prepared_at_leisure(row, monkeypatch)
    with TcpProxy(server.server_port(), b"kalentops_state", "silent before", times=9) as proxy:
        behind = backend(server.url(row, port=proxy.port))
        assert not isinstance(refusal(lambda: behind.replace(b"2", before)), UnclearWrite)
        refusal(behind.read)


def prepared_at_leisure(row: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The version of a state, made by a backend that waits for as long as it takes."""
    with monkeypatch.context() as patch:
        patch.setattr(postgresql, "_SECONDS", 600.0)
        stored = prepared(row).read()
    assert stored is not None
    return stored.version


@pytest.mark.parametrize("failure", ["cut before", "cut after"])
def test_a_session_resolves_a_lost_answer(row: str, failure: Failure) -> None:
    direct = open_store(Location.parse(server.url(row), Path()))
    direct.create()
    with TcpProxy(server.server_port(), b"COMMIT\0", failure) as proxy:
        store = open_store(Location.parse(server.url(row, port=proxy.port), Path()))
        with store.session() as session:
            session.begin(TENANT)
            session.record(*created(1))
            session.barrier()
            assert proxy.left == 0
            session.record(*created(2))
    assert set(direct.read().state.ids()) == {"bp-1", "bp-2"}


@pytest.fixture
def pooler(tmp_path: Path) -> Iterator[int]:
    """The port of a PgBouncer in transaction mode: all clients share one connection."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("PgBouncer is not installed: .ci/packages installs it")
    at = server.server_port()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    settings = tmp_path / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\ntests = host=127.0.0.1 port={at} user=kalentops\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 1\n"
    )
    command = [*server.guarded(), program, "-q", "/dev/stdin"]
    with settings.open("rb") as given, (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdin=given, stdout=log, stderr=log)
    try:
        while process.poll() is None:
            try:
                psycopg.connect(server.url(port=port)).close()
                break
            except psycopg.OperationalError:
                time.sleep(0.05)
        assert process.poll() is None, (tmp_path / "log").read_text()
        yield port
    finally:
        process.kill()
        process.wait()


@needs_devices
def test_a_pooler_in_transaction_mode_may_stand_in_between(pooler: int, row: str) -> None:
    made = backend(server.url(row, port=pooler))
    made.prepare()
    assert made.read() is None
    version = made.replace(b"1", None)
    with pytest.raises(VersionMismatch):
        made.replace(b"1", None)
    with ThreadPoolExecutor(8) as pool:
        assert {stored and stored.data for stored in pool.map(lambda _: made.read(), range(40))} == {b"1"}
    made.replace(b"2", version)
    with psycopg.connect(server.url(port=pooler), autocommit=True, prepare_threshold=None) as other:
        left = other.execute("select count(*) from pg_prepared_statements").fetchone()
        assert left == (0,)
        for name in ("statement_timeout", "lock_timeout"):
            assert other.execute(f"show {name}".encode()).fetchone() == ("0",)


_COUNT = """
import sys
from pathlib import Path
from kalentops.state.store.backend import VersionMismatch
from kalentops.state.store.location import Location
from kalentops.state.store.postgresql import PostgresqlBackend
backend = PostgresqlBackend(Location.parse(sys.argv[1], Path()))
for _ in range(int(sys.argv[2])):
    while True:
        stored = backend.read()
        try:
            backend.replace(b"%d" % (int(stored.data) + 1), stored.version)
            break
        except VersionMismatch:
            pass
"""


def test_no_write_of_eight_machines_is_lost(row: str) -> None:
    made = prepared(row)
    command = [sys.executable, "-c", _COUNT, server.url(row), "10"]
    machines = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) for _ in range(8)]
    assert [machine.communicate()[1] for machine in machines] == [b""] * 8
    stored = made.read()
    assert stored is not None
    assert (stored.data, stored.version.split()[0]) == (b"81", "81")


# What the commands say


@pytest.mark.parametrize(
    ("user", "options", "variable"),
    [
        (f"guarded:{WRONG}", "", ""),
        ("guarded", f"?password={WRONG}", ""),
        ("guarded", f"?sslmode=prefer&password={WRONG}#team", ""),
        ("guarded", "", WRONG),
        (f"guarded:{WRONG}%zz", "", ""),
        (f"guarded:{WRONG}/x", "", ""),
        (f"guarded:{WRONG}@x", "", ""),
        (f"guarded:{WRONG}", "?nothing=1", ""),
    ],
)
def test_no_output_of_a_command_shows_a_password(
    project: Project, user: str, options: str, variable: str
) -> None:
    project.write("sourcing_a", {})
    url = server.url(user=user, options=options)
    project.environment["PGPASSWORD"] = variable
    for arguments in (
        ("plan", "--state", url),
        ("state", "list", f"--state={url}"),
        ("plan", "--sate", url),
        ("plan", url),
        ("plan", "--out", f"{url}/x"),
        (url,),
    ):
        ran = project.run(*arguments)
        assert ran.code != 0
        assert WRONG not in ran.out + ran.err, arguments
        assert ran.err
    project.environment["KALENTOPS_STATE"] = url
    ran = project.run("plan")
    assert ran.code == 8
    assert WRONG not in ran.out + ran.err


@pytest.mark.parametrize("environment", [{}, {"PGPASSWORD": "other-S3CRET"}])
def test_no_report_of_a_bug_shows_a_password(
    project: Project, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.url(user="guarded:S3CRET%2F1%20x", options="?sslpassword=S3CRET-2")
    project.environment.update(environment, KALENTOPS_STATE="postgresql://u:S3CRET4@h/db")

    def fail(self: object) -> None:
        raise ValueError(f"S3CRET/1 x, S3CRET4, S3CRET-2, {environment}, {url}")

    monkeypatch.setattr(PostgresqlBackend, "read", fail)
    ran = project.run("state", "list", "--state", url)
    assert ran.code == 1
    (report,) = project.folder.glob("kalentops-crash-*.txt")
    text = report.read_text()
    assert "ValueError: ***" in text
    assert "S3CRET" not in text + ran.out + ran.err


# --- the page of this store ---


def page_blocks(language: str) -> list[str]:
    return texts_of((ROOT / "docs/how-to/state-in-postgresql.md").read_text(encoding="utf-8"), language)


def statements(block: str) -> list[str]:
    return [each for each in block.split(";") if each.strip()]


@pytest.fixture
def outreach(schema: str, project: Project) -> Iterator[Callable[[str], Project]]:
    """The set-up of the page, in a schema of its own: the project as one of its roles, or as the owner, sees it."""

    def seen_by(role: str) -> Project:
        location = server.url("outreach", user=role, options=schema)
        return replace(project, environment={"KALENTOPS_STATE": location})

    assert seen_by("kalentops").run("state", "init").code == 0
    rights, _ = page_blocks("sql")
    name = schema.rpartition("%3D")[2]
    reach = f"grant usage on schema {name} to outreach_apply, outreach_read"
    server.execute(f"set search_path to {name}", *statements(rights), reach)
    yield seen_by
    server.execute("drop owned by outreach_apply, outreach_read", "drop role outreach_apply, outreach_read")


def test_the_roles_of_the_page_can_do_what_they_are_for(
    outreach: Callable[[str], Project], schema: str, tmp_path: Path
) -> None:
    applying, reading = outreach("outreach_apply"), outreach("outreach_read")
    applying.write("sourcing_a", {"one": blueprint("One")})
    refused = reading.apply()
    assert (refused.code, "permission denied" in refused.err) == (8, True), refused.err
    assert applying.apply().code == 0
    assert reading.run("plan", "--refresh").out == "No changes. 1 unchanged.\n"
    name = schema.rpartition("%3D")[2]
    _, looks = page_blocks("sql")
    assert server.execute(f"set search_path to {name}", *statements(looks))
    backup = next(each for each in page_blocks("sh") if "psql" in each)
    command = backup.replace(
        "outreach_read@HOST/DATABASE",
        f"outreach_read@127.0.0.1:{server.server_port()}/{server.DATABASE}{schema}",
    )
    saved = subprocess.run(
        ["bash", "-c", command.partition("kalentops state")[0]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert saved.stderr == ""
    assert applying.run("state", "rm", "--yes", "sourcing_a/one").code == 0
    assert applying.run("state", "restore", "--yes", "state-backup.json").code == 0
    assert reading.run("plan").out == "No changes. 1 unchanged.\n"
