"""`sourcings` and `validate --online`: what the API says of sourcings, against the real stand-in."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.faults.proxy import Exchange, FaultProxy, Response, on
from tests.harness import Project

HOSTILE = "::error::\u202e\x1b[31m##[group]"


@pytest.fixture
def emulator() -> Iterator[BackgroundEmulator]:
    """Two of mine in progress, one of a colleague's, and of both kinds a closed one."""
    with BackgroundEmulator(
        sourcings=[("s_zulu", "Backend engineer, Paris"), ("s_1", "Designer")]
    ) as running:
        running.store.add_sourcing("s_theirs", "Data engineer, Berlin", mine=False)
        running.store.add_sourcing("s_closed", "Support, Lyon", status="closed")
        running.store.add_sourcing("s_theirs_closed", "Sales, Nice", status="closed", mine=False)
        yield running


@pytest.fixture
def nobodys() -> Iterator[BackgroundEmulator]:
    with BackgroundEmulator() as running:
        yield running


# --- sourcings -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ((), "s_zulu  Backend engineer, Paris\ns_1     Designer\n"),
        (
            ("--all",),
            "s_zulu    Backend engineer, Paris\ns_1       Designer\ns_theirs  Data engineer, Berlin\n",
        ),
        (("--closed",), "s_closed  Support, Lyon\n"),
        (("--all", "--closed"), "s_closed         Support, Lyon\ns_theirs_closed  Sales, Nice\n"),
    ],
    ids=str,
)
def test_ids_and_names_in_the_order_of_the_api(
    options: tuple[str, ...], shown: str, project: Project, emulator: BackgroundEmulator
) -> None:
    ran = project.run("sourcings", *options)
    assert (ran.code, ran.out, ran.err) == (0, shown, "")
    assert [(entry.method, entry.path) for entry in emulator.log] == [("GET", "/api/v1/sourcings")]


def test_the_files_that_serve_a_sourcing_stand_beside_it(project: Project) -> None:
    project.write("s_zulu", {"one": blueprint("One"), "two": blueprint("Two")}, name="b")
    project.write("s_zulu", {"three": blueprint("Three")}, name="team/a")
    project.write("s_gone", {"one": blueprint("One")}, name="c")
    ran = project.run("sourcings", "--all")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "s_zulu    Backend engineer, Paris  blueprints/b.yaml, blueprints/team/a.yaml\n"
        "s_1       Designer\n"
        "s_theirs  Data engineer, Berlin\n"
    )


def test_files_with_errors_are_no_hindrance(project: Project) -> None:
    project.write("s_zulu", {"one": blueprint("One", steps=1, bogus=1)}, name="a")
    (project.folder / "blueprints" / "b.yaml").write_text("sourcingId: s_1\nblueprints: [\n")
    ran = project.run("sourcings", "--format", "json")
    assert ran.code == 0
    assert "note: the files have errors" in ran.err
    assert ran.json == {
        "format_version": "1.0",
        "sourcings": [
            {"sourcing_id": "s_zulu", "name": "Backend engineer, Paris", "files": ["blueprints/a.yaml"]},
            {"sourcing_id": "s_1", "name": "Designer", "files": []},
        ],
    }


def test_more_than_one_page(project: Project, emulator: BackgroundEmulator) -> None:
    for number in range(120):
        emulator.store.add_sourcing(f"n{number}", f"Number {number}", mine=False)
    listed = project.run("sourcings", "--all", "--format", "json").json["sourcings"]
    assert [each["sourcing_id"] for each in listed] == [
        "s_zulu",
        "s_1",
        "s_theirs",
        *(f"n{n}" for n in range(120)),
    ]


def test_names_are_shown_harmlessly_and_told_whole(project: Project, emulator: BackgroundEmulator) -> None:
    emulator.store.add_sourcing("s_zulu", HOSTILE)
    emulator.store.add_sourcing("s_1", "x" * 300)
    ran = project.run("sourcings")
    assert ran.out.splitlines() == [
        r"s_zulu  ::error::\u{202e}\u{1b}[31m##\[group]",
        f"s_1     {'x' * 59}…",
    ]
    listed = project.run("sourcings", "--format", "json").json["sourcings"]
    assert [each["name"] for each in listed] == [HOSTILE, "x" * 300]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "no sourcing of the key's user is in progress; --all lists those of all users, --closed lists"),
        (("--all",), "no sourcing that the key sees is in progress; --closed lists those that are closed"),
        (
            ("--closed",),
            "no sourcing of the key's user is closed; --all lists those of all users, without --closed, those",
        ),
        (("--all", "--closed"), "no sourcing that the key sees is closed; without --closed, those in"),
    ],
    ids=str,
)
def test_an_empty_list_says_what_to_try(
    options: tuple[str, ...], said: str, project: Project, nobodys: BackgroundEmulator
) -> None:
    project.url = nobodys.url
    ran = project.run("sourcings", *options)
    assert (ran.code, ran.out) == (0, "")
    assert said in ran.err
    assert project.run("sourcings", *options, "--quiet").err == ""
    assert project.run("sourcings", *options, "--format", "json").json["sourcings"] == []


def test_without_a_key_nothing_is_asked(project: Project, emulator: BackgroundEmulator) -> None:
    project.environment = {"KALENT_API_KEY": ""}
    ran = project.run("sourcings")
    assert (ran.code, ran.out) == (4, "")
    assert "KALENT_API_KEY" in ran.err
    assert len(emulator.log) == 0


# --- validate --online -----------------------------------------------------------------------------------------


def test_sourcings_that_do_not_exist_are_errors_and_closed_ones_warnings(project: Project) -> None:
    project.write("s_zulu", {"one": blueprint("One")}, name="a")
    project.write("s_zulo", {"one": blueprint("One"), "two": blueprint("Two")}, name="b")
    project.write("s_theirs_closed", {"one": blueprint("One")}, name="c")
    project.write("nowhere", {"one": blueprint("One")}, name="d")
    assert project.run("validate").code == 0
    ran = project.run("validate", "--online")
    assert (ran.code, ran.err) == (3, "")
    assert ran.out == (
        "blueprints/b.yaml:2:17: error KAL023: the sourcing `s_zulo` does not exist, or the API key can't see it\n"
        '    did you mean s_zulu ("Backend engineer, Paris")?\n'
        "blueprints/d.yaml:2:17: error KAL023: the sourcing `nowhere` does not exist, or the API key can't see it\n"
        "    `kalentops sourcings --all` lists the sourcings that it can see\n"
        'blueprints/c.yaml:2:17: warning KAL311: the sourcing "Sales, Nice" is closed\n'
        "    if it stays closed, remove its blueprints from the files; `kalentops state rm` forgets them\n"
        "by rule: KAL023 2, KAL311 1\n"
        "not valid: 2 errors and 1 warning in 3 files; 4 files, 5 blueprints checked\n"
    )
    only = project.run("validate", "--online", "blueprints/c.yaml", "--format", "json")
    assert only.code == 0
    assert (only.json["valid"], only.json["online"]) == (True, True)
    assert [each["code"] for each in only.json["findings"]] == ["KAL311"]


@pytest.mark.parametrize("rest", ["blueprints: {}", "blueprints: {}\nremoved: [old]", "blueprint: {}"])
def test_the_sourcing_of_a_file_without_blueprints_is_looked_at_too(rest: str, project: Project) -> None:
    for name, sourcing_id in (("a", "s_zulo"), ("b", "s_closed"), ("c", "s_zulu")):
        path = project.write(sourcing_id, {}, name=name)
        path.write_text(f"sourcingId: {sourcing_id}\n{rest}\n")
    found = project.run("validate", "--online", "--format", "json").json["findings"]
    assert [
        (each["file"][-6:-5], each["line"], each["column"], each["code"])
        for each in found
        if each["line"] == 1
    ] == [
        ("a", 1, 13, "KAL023"),
        ("b", 1, 13, "KAL311"),
    ]
    listed = project.run("sourcings", "--format", "json").json["sourcings"]
    assert {each["sourcing_id"]: each["files"] for each in listed}["s_zulu"] == ["blueprints/c.yaml"]


def test_findings_of_files_and_api_come_in_one_order(project: Project) -> None:
    project.write("s_zulo", {"one": blueprint("One", bogus=1)}, name="a")
    project.write("s_1", {"one": blueprint("One", bogus=1)}, name="b")
    project.write("s_zulo", {"one": blueprint("Two", bogus=1)}, name="c")
    found = project.run("validate", "--online", "--format", "json").json["findings"]
    assert [(each["file"][-6:-5], each["code"]) for each in found] == [
        ("a", "KAL023"),
        ("a", "KAL010"),
        ("b", "KAL010"),
        ("c", "KAL023"),
        ("c", "KAL017"),
        ("c", "KAL010"),
    ]


def test_what_is_no_id_is_one_finding(project: Project) -> None:
    project.write("Backend engineer, Paris", {"one": blueprint("One")})
    found = project.run("validate", "--online", "--format", "json").json["findings"]
    assert [each["code"] for each in found] == ["KAL019"]
    assert "kalentops sourcings" in found[0]["hint"]


@pytest.mark.parametrize(
    ("level", "code", "said"), [("off", 0, "valid: 1 file"), ("error", 3, "error KAL311")]
)
def test_closed_ones_weigh_what_the_configuration_says(
    level: str, code: int, said: str, project: Project
) -> None:
    project.write("s_closed", {"one": blueprint("One")})
    (project.folder / "kalentops.yaml").write_text(f"rules: {{KAL311: {level}}}\n")
    ran = project.run("validate", "--online")
    assert ran.code == code
    assert said in ran.out


@pytest.mark.parametrize("sourcing_id", ["s_EXAMPLE", "s_XX", "s_zebra"])
def test_what_is_filled_in_later_gets_the_list_and_no_guess(sourcing_id: str, project: Project) -> None:
    project.write(sourcing_id, {"one": blueprint("One")})
    (found,) = project.run("validate", "--online", "--format", "json").json["findings"]
    assert (found["code"], found["hint"]) == (
        "KAL023",
        "`kalentops sourcings --all` lists the sourcings that it can see",
    )


def test_what_is_surely_a_placeholder_has_one_finding(project: Project) -> None:
    """The API would say that it knows no such sourcing, which is no news."""
    project.write("sourcing_REPLACE_ME", {"one": blueprint("One")})
    (found,) = project.run("validate", "--online", "--format", "json").json["findings"]
    assert (found["code"], "`kalentops sourcings` lists them" in found["hint"]) == ("KAL025", True)


def test_many_unknown_ones_are_told_without_a_search_for_each(project: Project) -> None:
    for letter in "0123abcdefghijklmnopqrstuvwxyz":
        project.write(f"s_zulu{letter}", {"one": blueprint("One")})
    found = project.run("validate", "--online", "--format", "json").json["findings"]
    assert [each["code"] for each in found] == ["KAL023"] * 30
    assert ["did you mean" in each["hint"] for each in found] == [True] * 20 + [False] * 10


def test_without_online_neither_key_nor_network_is_needed(
    project: Project, emulator: BackgroundEmulator
) -> None:
    project.environment = {"KALENT_API_KEY": "", "KALENT_API_URL": "not an address"}
    project.write("nowhere", {"one": blueprint("One")})
    ran = project.run("validate")
    assert (ran.code, ran.err) == (0, "")
    assert project.run("validate", "--format", "json").json["online"] is False
    assert len(emulator.log) == 0


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize(
    ("environment", "code", "said"),
    [
        ({"KALENT_API_KEY": ""}, 4, "KALENT_API_KEY"),
        ({"KALENT_API_URL": "http://127.0.0.1:9/api"}, 5, "no connection"),
        ({"KALENT_API_URL": "ftp://127.0.0.1"}, 3, "ftp"),
    ],
    ids=str,
)
def test_an_error_of_the_api_ends_it_after_what_the_files_say(
    environment: dict[str, str], code: int, said: str, project: Project
) -> None:
    project.environment = environment
    project.write("nowhere", {"one": blueprint("One", bogus=1)})
    ran = project.run("validate", "--online")
    assert ran.code == code
    assert said in ran.err
    assert "error KAL010" in ran.out
    assert "valid:" not in ran.out  # half of what was asked is no verdict
    told = project.run("validate", "--online", "--format", "json")
    assert told.code == code
    assert told.json["online"] is False
    assert [each["code"] for each in told.json["findings"]] == ["KAL010"]


@pytest.mark.processes
@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_an_interrupt_ends_it_before_the_next_list(project: Project, proxy: FaultProxy) -> None:
    project.write("nowhere", {"one": blueprint("One")})
    project.timeout = 30
    heard = threading.Event()

    def interrupting(exchange: Exchange) -> None:
        started.send_signal(signal.SIGINT)
        assert started.stderr is not None
        while "finishing the open requests" not in started.stderr.readline():
            pass
        exchange.send(exchange.forward())
        heard.set()

    proxy.script = on("sourcings", interrupting, nth=1)
    started = project.start("validate", "--online")
    assert heard.wait(120)
    out, err = started.communicate(timeout=120)
    assert (started.returncode, out) == (130, "")
    assert "interrupted while reading; nothing was changed" in err
    assert proxy.count("sourcings") == 1


# --- another address ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("command", [("sourcings",), ("plan", "--refresh"), ("import", "sourcing_a")])
def test_an_address_at_which_there_is_no_api_is_named_beside_the_default(
    command: tuple[str, ...], project: Project
) -> None:
    """A 404 says as little of the address as of the sourcing: the message has to show it."""
    project.write("sourcing_a", {"one": blueprint("One")})
    project.url = project.url.removesuffix("/api") + "/apii"
    ran = project.run(*command)
    said = (
        f"the request went to {project.url} (the default is https://app.kalent.ai/api); check KALENT_API_URL"
    )
    assert said in ran.out + ran.err
    assert "HTTP 404" in ran.out + ran.err


@pytest.mark.usefixtures("no_backoff")
def test_a_page_of_another_person_is_an_address_to_check(project: Project, proxy: FaultProxy) -> None:
    proxy.script = on("list", lambda exchange: exchange.send(Response(404, b"<h1>Not Found</h1>")), nth=None)
    project.write("sourcing_a", {"one": blueprint("One")})
    ran = project.run("plan", "--refresh")
    assert ran.code == 5
    assert f"hint: the request went to {project.url} (the default is" in ran.err
