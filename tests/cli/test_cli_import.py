"""`kalentops import` as a user has it: a team with blueprints in Kalent, and files that become the same."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kalentops.emulator.server import BackgroundEmulator
from kalentops.state.codec import dump_state
from kalentops.state.model import State
from kalentops.support.text import with_times
from tests.builders import blueprint, intent, state, step
from tests.faults.catalogue import EVERYTHING
from tests.faults.proxy import Exchange, FaultProxy, Request, on, wait_until
from tests.harness import Project, Truth
from tests.sizes import examples, some
from tests.strategies import bodies

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace kills a call; Debian has it")


def _there(emulator: BackgroundEmulator, sourcing: str, body: dict[str, Any]) -> str:
    """A blueprint that a person has made in the web app; its id."""
    made = emulator.store.create(sourcing, body["name"], body.get("steps", []), body.get("config"))
    return made.blueprint_id


def _team(emulator: BackgroundEmulator) -> dict[str, str]:
    """Three sourcings with what a team may have in them; the ids by address as an import gives it."""
    emulator.store.add_sourcing("sourcing_a", "Backend engineer, Paris")
    emulator.store.add_sourcing("sourcing_b", "Responsable grands comptes", mine=False)
    plain = blueprint("Quiet") | {"config": {"team": "x"}}
    plain["steps"].insert(0, step(9, type="LINKEDIN", linkedInType="LINKEDIN_INVITATION", content="dropped"))
    del plain["steps"][0]["subject"]
    plain["steps"][1]["config"] = {"userId": "u1"}
    return {
        "sourcing_a/first-contact": _there(emulator, "sourcing_a", blueprint("First contact")),
        "sourcing_a/quiet": _there(emulator, "sourcing_a", plain),
        "sourcing_b/premier-contact-a-lyon": _there(
            emulator, "sourcing_b", blueprint("Premier contact à Lyon")
        ),
        "sourcing_c/empty": _there(emulator, "sourcing_c", {"name": "Empty"}),
    }


def _writes(emulator: BackgroundEmulator) -> int:
    return sum(entry.method != "GET" for entry in emulator.log)


def _files(project: Project) -> dict[str, bytes]:
    """Everything in the folder, locks aside."""
    return {
        path.relative_to(project.folder).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in project.folder.rglob("*")
        if path.suffix != ".lock"
    }


def _nothing_left(project: Project) -> None:
    for how in ([], ["--refresh"]):
        plan = project.run("plan", "--detailed-exitcode", *how)
        assert plan.code == 0, plan.out + plan.err


def test_a_team_gets_its_files_in_one_command_and_has_nothing_to_plan(
    project: Project, emulator: BackgroundEmulator, truth: Truth
) -> None:
    ids = _team(emulator)
    ran = project.run("import", "--all")
    assert ran.code == 0, ran.err
    assert project.ids == ids
    assert sorted(path.name for path in (project.folder / "blueprints").iterdir()) == [
        *("backend-engineer-paris.yaml", "responsable-grands-comptes.yaml", "sourcing-c.yaml")
    ]
    assert ran.out.splitlines()[-2:] == [
        "Imported 4 blueprints from 3 sourcings into 3 files.",
        "Next: review the new files, run `kalentops plan`, and commit them together with the state.",
    ]
    assert 'sourcing_a "Backend engineer, Paris"' in ran.out
    assert f'first-contact "First contact" ({ids["sourcing_a/first-contact"]})' in ran.out
    assert ran.err.count("Kalent never shows `config` and `config.userId`") == 1
    _nothing_left(project)
    applied = project.apply()
    truth.check(applied)
    assert (applied.code, _writes(emulator)) == (0, 0)
    again = project.run("import", "--all")
    assert (again.code, again.out) == (
        0,
        "Nothing to import: 4 blueprints in 3 sourcings, already recorded.\n",
    )


def test_the_state_says_what_kalent_showed_so_that_an_edit_there_is_seen(
    project: Project, emulator: BackgroundEmulator
) -> None:
    made = _there(emulator, "sourcing_a", blueprint("One"))
    assert project.run("import", "sourcing_a").code == 0
    entry = project.state["blueprints"]["sourcing_a/one"]
    stored = emulator.store.blueprints("sourcing_a")[0]
    assert entry["remote"] == {"digest": entry["digest"], "updatedAt": stored.updated_at}
    assert project.state["tenant"]
    emulator.store.update(made, name="Edited")
    path = project.folder / "blueprints" / "sourcing-a.yaml"
    path.write_text(path.read_text().replace("message 1", "message one"))
    ran = project.apply()
    assert ran.code == 6
    assert "edited in Kalent" in ran.out


def test_what_was_imported_makes_the_same_blueprints_elsewhere(
    project: Project, emulator: BackgroundEmulator
) -> None:
    _team(emulator)
    assert project.run("import", "--all").code == 0
    project.state_path.unlink()
    with BackgroundEmulator(auto_sourcings=True) as other:
        project.url = other.url
        ran = project.apply()
        assert ran.code == 0, ran.out + ran.err
        for sourcing in ("sourcing_a", "sourcing_b", "sourcing_c"):
            shown, made = (
                {each.name: each.listed()["steps"] for each in store.blueprints(sourcing)}
                for store in (emulator.store, other.store)
            )
            assert made == shown


@settings(
    max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.sampled_from(["s1", "s2"]), bodies()), max_size=5))
def test_for_any_blueprints_nothing_is_left_to_plan(there: list[tuple[str, dict[str, Any]]]) -> None:
    with (
        tempfile.TemporaryDirectory() as name,
        BackgroundEmulator(sourcings=[("s1", "A"), ("s2", "A")]) as em,
    ):
        project = Project(Path(name), em.url, timeout=120)
        made = {_there(em, sourcing, body) for sourcing, body in there}
        ran = project.run("import", "--all")
        names = [(sourcing, " ".join(body["name"].split()).casefold()) for sourcing, body in there]
        if len(set(names)) == len(names):
            assert ran.code == 0, ran.err + ran.out
            if there:
                _nothing_left(project)
                applied = project.apply()
                assert (applied.code, _writes(em)) == (0, 0), applied.out
        else:
            assert ran.code == 3
            assert "KAL018" in ran.err
        assert set(project.ids.values()) == made


HOSTILE = (
    "../../etc/passwd",
    "CON",
    "\x1b[2J\u202e",
    "🎉",
    "",
    "a/b\\c:d",
    ".hidden",
    "kalentops",
    "x" * 300,
)


def test_hostile_names_become_safe_keys_and_files(project: Project, emulator: BackgroundEmulator) -> None:
    for number, name in enumerate(HOSTILE):
        emulator.store.add_sourcing(f"s{number}", name)
        _there(emulator, f"s{number}", blueprint("x") | {"name": name})
    ran = project.run("import", "--all")
    assert ran.code == 3  # a name is empty
    assert "KAL014" in ran.err
    assert "\x1b" not in ran.out + ran.err
    assert "\u202e" not in ran.out + ran.err
    assert {each.rpartition("/")[0] for each in _files(project)} == {"", "blueprints"}
    assert len(project.ids) == len(HOSTILE)
    assert sorted(path.name for path in (project.folder / "blueprints").iterdir()) == sorted(
        [
            *("etc-passwd.yaml", "sourcing-con.yaml", "2j.yaml", "s3.yaml", "s4.yaml", "a-b-c-d.yaml"),
            *("hidden.yaml", "sourcing-kalentops.yaml", "x" * 64 + ".yaml"),
        ]
    )


def test_no_file_is_changed_that_is_there(project: Project, emulator: BackgroundEmulator) -> None:
    body = blueprint("Ours")
    project.write(
        "sourcing_a", {"ours": body, "first-contact": blueprint("Another", steps=1)}, name="Sourcing-A"
    )
    before = _files(project)
    _there(emulator, "sourcing_a", body)
    made = _there(emulator, "sourcing_a", blueprint("First contact"))
    ran = project.run("import", "sourcing_a")
    assert ran.code == 0, ran.err
    after = _files(project)
    assert {name: after[name] for name in before} == before
    assert after.keys() - before.keys() == {"blueprints/sourcing-a-2.yaml", "kalentops.state.json"}
    assert project.ids["sourcing_a/first-contact-2"] == made
    assert (
        "Imported 1 blueprint from 1 sourcing into 1 file. Recorded 1 blueprint that the files already declare."
        in (ran.out)
    )
    assert project.run("plan").out.endswith("Plan: 1 to create, 2 unchanged.\n")


@pytest.mark.processes
def test_what_is_to_be_fixed_stands_below_a_list_that_fills_the_screen(
    project: Project, emulator: BackgroundEmulator
) -> None:
    _there(emulator, "sourcing_a", {"name": "Odd", "steps": [step(1, content="Hi [company]")]})
    started = subprocess.run(
        [sys.executable, "-m", "kalentops", "import", "sourcing_a"],
        cwd=project.folder,
        env=project.variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # as on a terminal: both in the order they are written
        text=True,
        check=False,
    )
    assert started.returncode == 3
    parts = [
        "reading 1 sourcing",
        "written",
        "error KAL103",
        "note: ",
        "Imported 1 blueprint",
        "errors above",
    ]
    places = [started.stdout.index(part) for part in parts]
    assert places == sorted(places)


def test_what_our_rules_refuse_is_imported_and_its_findings_are_shown(
    project: Project, emulator: BackgroundEmulator
) -> None:
    steps = [step(1, content="Hi [company]", colour="red"), step(2)]
    del steps[1]["subject"]
    _there(emulator, "sourcing_a", {"name": "Web app", "steps": steps})
    _there(emulator, "sourcing_b", {"name": "Odd", "steps": [step(1, type="PIGEON")]})
    ran = project.run("import", "sourcing_a")
    assert ran.code == 3
    assert "sourcing-a.yaml:14:14: error KAL103" in ran.err
    assert "error KAL106" in ran.err
    assert "`colour` (1 blueprint)" in ran.err
    assert "The files are not valid: fix the errors above before the next plan." in ran.out
    path = project.folder / "blueprints" / "sourcing-a.yaml"
    text = path.read_text().replace("[company]", "you").replace("s2\n", "s2\n        subject: Hello\n")
    path.write_text(text)
    planned = project.run("plan", "--detailed-exitcode")
    assert planned.code == 2, planned.err
    assert "[-[company]-]{+you+}" in planned.out
    assert project.run("import", "sourcing_b").code == 3
    # What no file can say yet does not stand in the way of the next import.
    _there(emulator, "sourcing_c", blueprint("Fine"))
    assert project.run("import", "sourcing_c").code == 3
    assert len(project.ids) == 3
    (project.folder / "blueprints" / "sourcing-b.yaml").unlink()
    orphaned = project.run("plan")
    assert orphaned.code == 0
    assert "? orphan odd" in orphaned.out
    assert project.run("state", "show", "sourcing_b/odd").code == 0


def test_steps_without_an_id_or_with_the_same_can_be_fixed(
    project: Project, emulator: BackgroundEmulator
) -> None:
    _there(
        emulator, "sourcing_a", {"name": "Odd", "steps": [{"content": "x"}, step(1), step(1, content="y")]}
    )
    assert project.run("import", "sourcing_a").code == 3
    assert project.run("state", "show", "sourcing_a/odd").code == 0
    project.write("sourcing_a", {"odd": blueprint("Odd")}, name="sourcing-a")
    planned = project.run("plan", "--detailed-exitcode")
    assert planned.code == 2, planned.err
    assert "step s2: added" in planned.out
    assert "step s1#3: removed" in planned.out


def test_a_dry_run_says_it_all_and_writes_nothing(project: Project, emulator: BackgroundEmulator) -> None:
    ids = _team(emulator)
    before = list(project.folder.iterdir())
    ran = project.run("import", "--all", "--dry-run")
    assert ran.code == 0
    assert list(project.folder.iterdir()) == before == []
    assert f'would write  first-contact "First contact" ({ids["sourcing_a/first-contact"]})' in ran.out
    assert "Would import 4 blueprints from 3 sourcings into 3 files. Nothing was written." in ran.out
    project.write("sourcing_c", {"empty": {"name": "Empty"}})
    there = _files(project)
    data = project.run("import", "--all", "--dry-run", "--format", "json").json
    assert data["dry_run"] is True
    summary = {
        "write": 3,
        "record": 1,
        "left_out": 0,
        "conflict": 0,
        "refused": 0,
        "files": 2,
        "recorded_before": 0,
    }
    assert data["summary"] == summary
    assert [each["address"] for each in data["results"]] == sorted(ids)
    assert {each["address"]: each["blueprint_id"] for each in data["results"]} == ids
    assert (data["valid"], data["files"][0]) == (True, "blueprints/backend-engineer-paris.yaml")
    assert _files(project) == there
    assert {entry.method for entry in emulator.log} == {"GET"}


def test_one_blueprint_into_an_address_of_the_files(project: Project, emulator: BackgroundEmulator) -> None:
    project.write("sourcing_a", {"mine": blueprint("First  CONTACT", steps=3)})
    made = _there(emulator, "sourcing_a", blueprint("First contact"))
    ran = project.run("import", "sourcing_a")
    assert ran.code == 6
    assert "sourcing_a/mine has the same name but different content" in ran.out
    command = f"kalentops import sourcing_a --key mine --id {made}"
    assert f"`{command}`" in ran.out
    assert project.ids == {}
    ran = project.run(*command.split()[1:])
    assert ran.code == 0, ran.err
    assert "the file differs from Kalent: `kalentops plan` shows the differences" in ran.out
    assert project.ids == {"sourcing_a/mine": made}
    planned = project.run("plan", "--detailed-exitcode")
    assert planned.code == 2
    assert "Plan: 1 to update." in planned.out
    assert project.apply().code == 0
    assert [each.name for each in emulator.store.blueprints("sourcing_a")] == ["First  CONTACT"]
    again = project.run(*command.split()[1:])
    assert (again.code, again.out) == (0, "Nothing to import: 1 blueprint in sourcing_a, already recorded.\n")


def test_one_blueprint_into_a_new_file_of_ones_own(project: Project, emulator: BackgroundEmulator) -> None:
    made = _there(emulator, "sourcing_a", blueprint("First contact"))
    other = _there(emulator, "sourcing_a", blueprint("Other"))
    args = ("import", "sourcing_a", "--key", "mine", "--id", made, "--file", "blueprints/team/mine.yml")
    ran = project.run(*args)
    assert ran.code == 0, ran.err
    assert project.ids == {"sourcing_a/mine": made}
    assert (project.folder / "blueprints" / "team" / "mine.yml").exists()
    _nothing_left(project)
    refused = project.run("import", "sourcing_a", "--file", "blueprints/team/mine.yml")
    assert refused.code == 1
    assert "mine.yml exists, and is not overwritten" in refused.err
    assert "hint: pass another --file, or none" in refused.err
    assert project.run("import", "sourcing_a").code == 0
    assert project.ids["sourcing_a/other"] == other


def test_parts_of_it_that_need_a_person_are_told_apart(
    project: Project, emulator: BackgroundEmulator
) -> None:
    project.write("sourcing_a", {"mine": blueprint("One", steps=3)})
    _there(emulator, "sourcing_a", blueprint("One"))
    _there(emulator, "sourcing_a", blueprint("Two"))
    ran = project.run("import", "sourcing_a", "--quiet")
    assert ran.code == 9
    assert ran.out.splitlines()[-2] == "Imported 1 blueprint from 1 sourcing into 1 file. 1 in conflict."
    assert '"Two"' not in ran.out  # quiet
    assert ran.err == ""


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ((), 1, "import needs the ids of sourcings, or --all"),
        (("sourcing_a", "--all"), 1, "or --all, not both"),
        (("sourcing_a", "--key", "x"), 1, "--key and --id go together"),
        (("sourcing_a", "--id", "x"), 1, "--key and --id go together"),
        (("--all", "--key", "x", "--id", "y"), 1, "--key is for one sourcing"),
        (("sourcing_a", "sourcing_b", "--file", "blueprints/x.yaml"), 1, "--file is for one sourcing"),
        (("sourcing_a", "--key", "My key", "--id", "y"), 1, "try --key my-key"),
        (("sourcing_a", "--file", "x.yaml"), 1, "such as --file blueprints/x.yaml"),
        (("sourcing_a", "--file", "blueprints/../../x.yaml"), 1, "lies outside of"),
        (("surcing_a",), 1, 'did you mean sourcing_a ("sourcing_a")?'),
        (("backend engineer",), 1, 'did you mean sourcing_d ("Backend Engineer")?'),
        (("zzz",), 1, "`kalentops sourcings` lists the sourcings that the key can see"),
        (("sourcing_a", "--key", "x", "--id", "nothing"), 1, "sourcing_a holds no blueprint nothing"),
    ],
)
def test_calls_that_cannot_work(
    args: tuple[str, ...], code: int, said: str, project: Project, emulator: BackgroundEmulator
) -> None:
    emulator.store.add_sourcing("sourcing_d", "Backend Engineer", status="closed")
    ran = project.run("import", *args)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert project.ids == {}
    assert not (project.folder / "blueprints").exists()


def test_a_closed_sourcing_is_imported_by_its_id(project: Project, emulator: BackgroundEmulator) -> None:
    emulator.store.add_sourcing("sourcing_d", "Data lead", status="closed")
    _there(emulator, "sourcing_d", blueprint("One"))
    assert "Nothing to import: there are no blueprints in 3 sourcings." in project.run("import", "--all").out
    assert project.run("import", "sourcing_d", "sourcing_d").code == 0
    assert (project.folder / "blueprints" / "data-lead.yaml").exists()


def test_nothing_there_is_one_line(project: Project) -> None:
    ran = project.run("import", "sourcing_a")
    assert (ran.code, ran.out) == (0, "Nothing to import: there are no blueprints in sourcing_a.\n")
    assert not project.state_path.exists()


def test_a_key_that_sees_nothing(project: Project) -> None:
    with BackgroundEmulator() as empty:
        project.url = empty.url
        ran = project.run("import", "--all")
    assert (ran.code, ran.out) == (0, "Nothing to import: the key sees no sourcing in progress.\n")


@pytest.mark.parametrize("text", ["sourcingId: [\n", "sourcingId: sourcing_a\nblueprints: {one: 3}\n"])
def test_files_that_cannot_be_read_stop_it_before_any_request(
    text: str, project: Project, emulator: BackgroundEmulator
) -> None:
    _there(emulator, "sourcing_a", blueprint("One"))
    project.write("sourcing_b", {})
    (project.folder / "blueprints" / "broken.yaml").write_text(text)
    ran = project.run("import", "--all")
    assert (ran.code, len(emulator.log)) == (3, 0)
    assert "broken.yaml:" in ran.err
    assert "nothing was imported" in ran.err
    assert not project.state_path.exists()


def test_the_state_of_another_api_stops_it_before_any_request(
    project: Project, emulator: BackgroundEmulator
) -> None:
    _there(emulator, "sourcing_a", blueprint("One"))
    project.state_path.write_bytes(dump_state(State("lineage", 3, "another")))
    before = _files(project)
    ran = project.run("import", "--all")
    assert (ran.code, len(emulator.log)) == (8, 0)
    assert "the state belongs to another API" in ran.err
    assert _files(project) == before


def test_an_open_create_is_settled_by_apply_first(project: Project, emulator: BackgroundEmulator) -> None:
    made = _there(emulator, "sourcing_a", blueprint("One"))
    project.state_path.write_bytes(dump_state(state(intent("sourcing_a/mine", blueprint("One")))))
    ran = project.run("import", "--all")
    assert ran.code == 6
    assert "run `kalentops apply` first" in ran.out
    project.write("sourcing_a", {"mine": blueprint("One")})
    assert project.apply().code == 0
    assert project.ids == {"sourcing_a/mine": made}
    assert project.run("import", "--all").code == 0


def test_a_state_that_another_person_has_written_meanwhile_costs_nothing(
    project: Project, emulator: BackgroundEmulator, proxy: FaultProxy
) -> None:
    ids = _team(emulator)
    project.write("sourcing_b", {"extra": blueprint("Extra")}, name="extra")

    def meanwhile(request: Request) -> None:
        if request.kind == "list" and request.nth == 1:
            project.state_path.write_bytes(dump_state(State("other", 5)))

    proxy.watchers.append(meanwhile)
    ran = project.run("import", "--all")
    assert ran.code == 8
    assert "run the same import again: it records them" in ran.err
    assert project.ids == {}
    files = _files(project)
    proxy.watchers.clear()
    again = project.run("import", "--all")
    assert again.code == 0, again.err
    assert again.out.splitlines()[-2] == "Recorded 4 blueprints that the files already declare."
    assert project.ids == ids
    assert {**_files(project), "kalentops.state.json": b""} == {**files, "kalentops.state.json": b""}


def test_files_without_a_state_are_adopted_by_apply(project: Project, emulator: BackgroundEmulator) -> None:
    ids = _team(emulator)
    assert project.run("import", "--all").code == 0
    project.state_path.unlink()
    ran = project.apply()
    assert (ran.code, _writes(emulator)) == (0, 0), ran.out
    assert project.ids == ids


def _held_up(project: Project, proxy: FaultProxy) -> threading.Event:
    """No list is answered before the event is set."""
    may_go_on = threading.Event()

    def wait(exchange: Exchange) -> None:
        may_go_on.wait(120)
        exchange.send(exchange.forward())

    proxy.script = on("list", wait, nth=None)
    project.timeout = 60
    return may_go_on


@pytest.mark.processes
def test_two_at_once_one_is_refused_or_waits(
    project: Project, emulator: BackgroundEmulator, proxy: FaultProxy
) -> None:
    ids = _team(emulator)
    may_go_on = _held_up(project, proxy)
    first = project.start("import", "--all")
    assert wait_until(lambda: proxy.count("list") > 0)
    second = project.run("import", "--all")
    assert (second.code, "the state is locked by" in second.err) == (8, True)
    waiting = project.start("import", "--all", "--lock-timeout", "60")
    may_go_on.set()
    assert first.wait(120) == 0
    out, err = waiting.communicate(timeout=120)
    assert (waiting.returncode, "already recorded" in out) == (0, True), err
    first.communicate()
    assert project.ids == ids


@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interruption_changes_nothing(
    project: Project, emulator: BackgroundEmulator, proxy: FaultProxy
) -> None:
    _team(emulator)
    may_go_on = _held_up(project, proxy)
    process = project.start("import", "--all")
    assert wait_until(lambda: proxy.count("list") > 0)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert wait_until(lambda: "finishing" in process.stderr.readline())  # type: ignore[union-attr]
    may_go_on.set()
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, ""), err
    assert "nothing was changed" in err
    assert _files(project) == {}


@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.usefixtures("unmeasured")
def test_a_full_disk_leaves_nothing_half_done(project: Project, emulator: BackgroundEmulator) -> None:
    import resource

    ids = _team(emulator)
    _there(emulator, "sourcing_c", blueprint("Long", steps=20))

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))

    process = project.start("import", "--all", preexec_fn=small)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (1, ""), err
    assert "blueprints/sourcing-c.yaml can't be written: File too large; nothing was imported" in err
    assert _files(project) == {}
    assert project.run("import", "--all").code == 0
    assert ids.items() <= project.ids.items()


FAULTS = (
    *(
        "reset before",
        "cut body",
        "stall before",
        "gzip bomb",
        "200 HTML, none",
        "302 here, none",
        "503 with Retry-After",
    ),
    *("401", "403", "404", "429 seconds", "bare string"),
)


@pytest.mark.parametrize("fault", some([name for name in EVERYTHING if name.startswith(FAULTS)], 6))
@pytest.mark.parametrize("kind", ["sourcings", "list"])
def test_a_list_that_is_wrong_imports_all_or_nothing(
    fault: str, kind: str, project: Project, emulator: BackgroundEmulator, proxy: FaultProxy
) -> None:
    ids = _team(emulator)
    proxy.script = on(kind, EVERYTHING[fault])
    ran = project.run("import", "--all", "--parallelism", "1")
    assert ran.code in {0, 1, 4, 5, 9}, ran.err
    assert "Traceback" not in ran.err
    found = project.ids
    assert found.items() <= ids.items()
    if ran.code in {1, 4, 5}:
        assert _files(project) == {}
    elif ran.code == 9:
        assert "1 refused." in ran.out  # one sourcing, as a whole, with the API's own words
        assert found.keys() == {address for address in ids if not address.startswith("sourcing_a/")}
    proxy.script = lambda _: None
    proxy.settle()
    assert project.run("import", "--all").code == 0
    assert project.ids == ids
    _nothing_left(project)


DENIED = EVERYTHING["403"]


@pytest.mark.parametrize(
    ("denied", "args", "code"),
    [
        ("abc", ["--all"], 4),
        ("abc", ["--all", "--dry-run"], 4),
        ("a", ["sourcing_a"], 4),
        ("ab", ["sourcing_a", "sourcing_b"], 4),
        ("a", ["sourcing_a", "--key", "x", "--id", "y"], 4),
        ("a", ["--all"], 9),
        ("a", ["sourcing_a", "sourcing_b"], 9),
    ],
)
def test_what_the_key_may_not_see_is_4_unless_part_was_done(
    denied: str, args: list[str], code: int, project: Project, emulator: BackgroundEmulator, proxy: FaultProxy
) -> None:
    _team(emulator)

    def script(request: Request) -> Any:
        hidden = [f"/sourcing_{letter}/" in request.path for letter in denied]
        return DENIED if request.kind == "list" and any(hidden) else None

    proxy.script = script
    ran = project.run("import", *args)
    assert ran.code == code, ran.err
    assert "(HTTP 403)" in ran.out + ran.err
    assert bool(project.ids) is (code == 9)
    again = project.run("import", *args)
    assert again.code == 4, "what could be done is done"
    proxy.script = lambda request: DENIED if request.kind == "sourcings" else script(request)
    assert project.run("import", *args).code == 4, "nor may it list the sourcings"


@pytest.mark.parametrize("denied", ["sourcing_a", "sourcing_"])
def test_edits_that_the_key_may_not_see_are_4(
    denied: str, project: Project, emulator: BackgroundEmulator, proxy: FaultProxy
) -> None:
    _team(emulator)
    assert project.run("import", "--all").code == 0
    before = _files(project)
    proxy.script = lambda request: DENIED if request.kind == "list" and denied in request.path else None
    ran = project.run("import", "--all", "--update")
    assert (ran.code, _files(project)) == (4, before)
    assert "not everything could be read: sourcing_a: " in ran.err


def test_of_what_was_only_imported_nothing_says_that_it_was_applied(
    project: Project, emulator: BackgroundEmulator
) -> None:
    made = _there(emulator, "sourcing_a", blueprint("One"))
    assert project.run("import", "sourcing_a").code == 0
    at = project.state["blueprints"]["sourcing_a/one"]["applied_at"]
    emulator.store.edit(made, name="Two")
    said = [project.run("plan", "--refresh", *more).out for more in ([], ["--format", "markdown"])]
    said += [project.run("state", "show", "sourcing_a/one").out]
    (path,) = (project.folder / "blueprints").iterdir()
    path.write_text("sourcingId: sourcing_a\nblueprints: {}\n")
    said += [project.run("plan", *more).out for more in ([], ["--format", "json"])]
    for each in said:
        assert at in each or with_times(at) in each
        assert re.search(r"\brecorded\b", each)
        assert not re.search(r"\bapplied\b", each)


def test_what_was_forgotten_on_purpose_does_not_come_back_unasked(
    project: Project, emulator: BackgroundEmulator
) -> None:
    gone = _there(emulator, "sourcing_a", blueprint("Old cadence"))
    _there(emulator, "sourcing_a", blueprint("Kept"))
    assert project.run("import", "--all").code == 0
    kept = project.ids["sourcing_a/kept"]
    (made,) = (project.folder / "blueprints").iterdir()
    path = project.write("sourcing_a", {"kept": blueprint("Kept")}, name=made.stem)
    lines = json.loads(path.read_text())
    path.write_text(json.dumps({**lines, "removed": ["old-cadence"]}, indent=2))
    planned = project.run("plan", "--refresh")
    assert "1 to forget" in planned.out
    assert "unmanaged blueprint" not in planned.out, "it is about to be forgotten"
    assert project.apply().code == 0
    assert project.run("plan", "--refresh").out == "No changes. 1 unchanged.\n"
    before = _files(project)

    for args in (["--all"], ["sourcing_a"], ["sourcing_a", "--quiet"], ["sourcing_a", "--dry-run"]):
        ran = project.run("import", *args)
        assert (ran.code, _files(project)) == (0, before)
        assert "Left out 1 blueprint: files say that its key was removed." in ran.out
        assert (f'"Old cadence" ({gone})' in ran.out) is ("--quiet" not in args)
    data = project.run("import", "sourcing_a", "--format", "json").json
    assert (data["summary"]["left_out"], data["results"][0]["outcome"]) == (1, "left_out")

    refused = project.run("import", "sourcing_a", "--key", "old-cadence", "--id", gone)
    line = path.read_text().split("\n").index('    "old-cadence"') + 1
    assert refused.code == 1
    assert f"{path.name}:{line} says that sourcing_a/old-cadence was removed" in refused.err
    (command,) = re.findall(r"`kalentops (import [^`]*)`", project.run("import", "sourcing_a").out)
    assert project.run(*command.split()).code == 0
    assert project.ids == {"sourcing_a/kept": kept, "sourcing_a/old-cadence-2": gone}

    assert project.run("state", "rm", "--yes", "sourcing_a/old-cadence-2").code == 0
    next((project.folder / "blueprints").glob("*-2.yaml")).unlink()
    path.write_text(json.dumps({**lines, "removed": []}))
    assert project.run("import", "sourcing_a", "--key", "old-cadence", "--id", gone).code == 0
    assert project.ids == {"sourcing_a/kept": kept, "sourcing_a/old-cadence": gone}
    _nothing_left(project)


def test_a_key_that_may_not_list_sourcings_imports_those_that_are_named(
    project: Project, emulator: BackgroundEmulator, proxy: FaultProxy
) -> None:
    ids = _team(emulator)
    proxy.script = on("sourcings", EVERYTHING["403"], nth=None)
    assert project.run("import", "--all").code == 4
    ran = project.run("import", "sourcing_c")
    assert ran.code == 0, ran.err
    assert project.ids == {"sourcing_c/empty": ids["sourcing_c/empty"]}
    assert (project.folder / "blueprints" / "sourcing-c.yaml").exists()


def test_a_list_that_changes_while_it_is_read_is_none(
    project: Project, emulator: BackgroundEmulator, proxy: FaultProxy
) -> None:
    for number in range(60):
        _there(emulator, "sourcing_a", blueprint(f"N {number}", steps=1))

    def grow(request: Request) -> None:
        if request.kind == "list":
            _there(emulator, "sourcing_a", {"name": f"New {request.nth}"})

    proxy.watchers.append(grow)
    ran = project.run("import", "sourcing_a")
    assert (ran.code, _files(project)) == (5, {})
    assert "changed from" in ran.err


# strace counts the calls of each thread by itself; with one worker, that is their order.
KILLS = [
    *(
        ("mkdir", 1),
        ("fdatasync", 1),
        ("link", 1),
        ("unlink", 1),
        ("link", 2),
        ("fdatasync", 3),
        ("unlink", 3),
    ),
    *(("fsync", 1), ("fsync", 2), ("rename", 1), ("fsync", 3)),
]


@pytest.fixture
def traced(project: Project, emulator: BackgroundEmulator) -> Iterator[dict[str, str]]:
    yield _team(emulator)
    assert _writes(emulator) == 0


@pytest.mark.processes
@needs_strace
@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize(("call", "nth"), some(KILLS, 2), ids=str)
def test_killed_at_any_point_the_next_import_goes_on(
    call: str, nth: int, project: Project, traced: dict[str, str]
) -> None:
    inject = f"inject={call}:signal=SIGKILL:when={nth}"
    strace = ("strace", "-qq", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject)
    ran = project.process("import", "--all", "--parallelism", "1", wrapper=strace)
    assert ran.code == -signal.SIGKILL, f"the call was not reached: {ran.err}"
    whole = {path: path.read_text() for path in (project.folder / "blueprints").glob("[!.]*")}
    assert all(text.startswith("sourcingId: ") and text.endswith("\n") for text in whole.values())
    again = project.run("import", "--all")
    assert again.code == 0, again.err
    assert project.ids == traced
    assert all(path.read_text() == text for path, text in whole.items())
    _nothing_left(project)


def test_after_an_import_with_errors_nothing_is_planned_until_they_are_fixed_and_a_new_name_is_sent(
    project: Project, emulator: BackgroundEmulator
) -> None:
    for _ in range(2):
        emulator.store.create("sourcing_a", "Same", blueprint("Same")["steps"], None)
    assert project.run("import", "sourcing_a").code == 3
    ran = project.run("plan")
    assert (ran.code, "KAL018" in ran.err) == (3, True)
    (path,) = (project.folder / "blueprints").glob("*.yaml")
    path.write_text(path.read_text().replace("name: Same\n", "name: Other\n", 1))
    assert project.run("plan").out.endswith("Plan: 1 to update, 1 unchanged.\n")
    assert project.apply().code == 0
    assert sorted(each.name for each in emulator.store.blueprints("sourcing_a")) == ["Other", "Same"]
