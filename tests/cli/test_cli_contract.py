"""What the command line promises: exit codes, streams, start-up, and no traceback anywhere."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from kalentops import __version__
from kalentops.cli.main import COMMANDS
from kalentops.emulator.server import BackgroundEmulator
from kalentops.lint.project import OVER_FILES
from kalentops.lint.rule import rules
from kalentops.state.codec import dump_state
from tests.builders import blueprint, body, entry, state
from tests.harness import Project, Truth


@pytest.fixture
def bare(tmp_path: Path) -> Project:
    """A project without a server."""
    return Project(tmp_path, "http://127.0.0.1:9/api")


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ((), 1, "Usage: kalentops"),
        (("--help",), 0, "Commands:"),
        (("-h",), 0, "Example:"),
        (("--version",), 0, f"kalentops {__version__}"),
        (("pln",), 1, "Did you mean `plan`?"),
        (("--frobnicate",), 1, "No such option"),
        (("--format", "json", "plan"), 1, "Options stand after the command"),
        (("-C", "nowhere", "plan"), 1, "there is no folder nowhere"),
        (("state", "list"), 0, "kalentops.state.json yet"),
        (("validate", "."), 0, "there is no .yaml or .yml file"),
        (("plan", "--dry_run"), 1, "No such option"),
        (("plan", "--format", "xml"), 1, "is not one of"),
        (("validate", "nowhere.yaml"), 1, "there is no nowhere.yaml"),
        (("validate",), 1, "there is no blueprints"),
        (("plan", "-C", "nowhere"), 1, "there is no folder nowhere"),
        (("apply", "-C", "nowhere"), 1, "there is no folder nowhere"),
        (("apply", "nowhere.json"), 1, "there is no file nowhere.json"),
        (("apply",), 1, "hint: pass --yes"),
        (("state",), 1, "Usage:"),
        (("state", "show", "a/b"), 1, "a/b is not recorded in the state"),
        (("state", "rm", "a/b"), 1, "a/b is not recorded in the state"),
        (("rule", "KAL999"), 1, "there is no rule KAL999\nhint: `kalentops rule` lists them\n"),
        (("rule", "unknown-varable"), 1, "did you mean unknown-variable?"),
        (("rule", "kal101"), 0, "Wrong:"),
        (("rule", "unknown-variable"), 0, "KAL101"),
        (("demo", "--blueprints", "nowhere"), 1, "nowhere"),
    ],
)
def test_calls(args: tuple[str, ...], code: int, said: str, bare: Project) -> None:
    ran = bare.run(*args)
    assert (ran.code, said in ran.out + ran.err) == (code, True), ran.out + ran.err
    if code:
        assert not ran.out


def test_every_command_has_help_that_fits_and_shows_an_example(bare: Project) -> None:
    for name in COMMANDS:
        ran = bare.run(name, "--help")
        assert ran.code == 0
        assert "Example:" in ran.out, name
        assert len(ran.out.splitlines()) <= 60, name
        assert max(len(line) for line in ran.out.splitlines()) <= 100, name


def test_no_summary_of_a_command_is_cut_off(bare: Project) -> None:
    for args in (("--help",), ("state", "--help")):
        summaries = bare.run(*args).out.partition("Commands:\n")[2].partition("Example:")[0]
        assert summaries
        assert "..." not in summaries


def test_help_names_the_variable_of_each_option_that_has_one(bare: Project) -> None:
    for name in ("apply", "comment", "import", "plan"):
        command = importlib.import_module(f"kalentops.cli.commands.{COMMANDS[name][0]}").command
        said = " ".join(bare.run(name, "--help").out.split())
        variables = [each.envvar for each in command.params if each.envvar]
        assert len(variables) >= 4, name
        for variable in variables:
            assert f"[env: {variable}]" in said, name


def test_rule_lists_them_all(bare: Project) -> None:
    ran = bare.run("rule")
    assert [line.split()[0] for line in ran.out.splitlines()] == [rule.code for rule in rules().values()]


def _loaded(*commands: str) -> set[str]:
    """The names of the modules that a process has loaded after these commands."""
    script = (
        "import sys\n"
        "from kalentops.__main__ import _run\n"
        "for each in sys.argv[1:]:\n"
        "    try: assert not _run([each])\n"
        "    except SystemExit as ended: assert not ended.code\n"
        "print(*sys.modules, sep='\\n', file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *commands], capture_output=True, text=True, check=True
    )
    return {*done.stderr.split()}


@pytest.mark.processes
@pytest.mark.parametrize("option", ["--help", "--version"])
def test_start_up_loads_nothing_heavy(option: str) -> None:
    loaded = _loaded(option)
    heavy = {"pydantic", "yaml", "httpx", "rich", "deepdiff", "filelock", "starlette", "psycopg", "obstore"}
    assert not loaded & heavy
    if option == "--version":
        assert "click" not in loaded


_FOR_OTHERS = frozenset(
    [
        "asyncio",
        "concurrent",
        "deepdiff",
        "filelock",
        "httpcore",
        "httpx",
        "jinja2",
        "multiprocessing",
        "rich",
        "ssl",
    ]
)
_FOR_CHANGED_FILES = frozenset(
    [
        "email",
        "html",
        "importlib.metadata",
        "logging",
        "pydantic",
        "pydantic_core",
        "secrets",
        "socket",
        "yaml",
        "kalentops.blueprint.model",
        "kalentops.project.check",
        "kalentops.yamlfile.parse",
    ]
)


@pytest.mark.processes
@pytest.mark.usefixtures("unmeasured")  # what measures coverage loads modules of its own
def test_a_small_plan_loads_what_it_needs(bare: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    keys = [f"key-{number}" for number in range(5)]
    for key in keys:
        bare.write("sourcing_a", {key: blueprint(key)}, name=key)
    entries = [entry(f"sourcing_a/{key}", body(key, *blueprint(key)["steps"])) for key in keys]
    bare.state_path.write_bytes(dump_state(state(*entries)))
    assert bare.run("plan", "--no-cache").out == "No changes. 5 unchanged.\n"
    first = _loaded("validate", "plan")
    assert first & _FOR_OTHERS == set()
    assert "pydantic" in first
    again = _loaded("validate", "plan")
    assert again & (_FOR_OTHERS | _FOR_CHANGED_FILES) == set()
    rules_loaded = {
        name.split(".")[2].partition("_")[0] for name in again if ".kal" in name and "lint" in name
    }
    assert rules_loaded == {code.lower() for code in OVER_FILES}


def test_findings_are_on_stdout_and_give_3(bare: Project) -> None:
    bare.write("sourcing_a", {"one": blueprint("One", steps=1), "two": {"name": 3, "steps": [{"id": "x"}]}})
    ran = bare.run("validate")
    assert ran.code == 3
    assert "error KAL012" in ran.out
    assert ran.out.splitlines()[-1].startswith("not valid: ")
    data = bare.run("validate", "--format", "json")
    assert data.code == 3
    assert data.json["valid"] is False
    assert set(data.json["findings"][0]) == {"code", "severity", "message", "file", "line", "column", "hint"}
    planned = bare.run("plan")
    assert (planned.code, planned.out) == (3, "")
    assert "error KAL012" in planned.err


@pytest.mark.parametrize(("right", "wrong"), [('"blueprints":', '"blueprint":'), ('"content":', '"contnt":')])
def test_what_was_read_as_it_was_meant_is_not_applied(
    right: str, wrong: str, project: Project, emulator: BackgroundEmulator
) -> None:
    path = project.write("sourcing_a", {"one": blueprint()})
    project.run("plan", "--out", "plan.json")
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong))
    for args in (["apply", "--yes"], ["apply", "--yes", "plan.json"], ["plan", "--refresh"]):
        assert project.run(*args).code == 3
    assert emulator.store.blueprints("sourcing_a") == []
    assert not project.state_path.exists()


def test_warnings_do_not_stop_anything(bare: Project) -> None:
    body = blueprint("One", steps=2)
    del body["steps"][1]["policy"]
    bare.write("sourcing_a", {"one": body})
    ran = bare.run("validate")
    assert ran.code == 0
    assert "warning KAL304" in ran.out
    (bare.folder / "kalentops.yaml").write_text("rules: {KAL304: error}\n")
    assert bare.run("validate").code == 3
    (bare.folder / "kalentops.yaml").write_text("rules: {KAL304: off}\n")
    assert bare.run("validate").out == "valid: 1 file, 1 blueprint\n"


def test_plan_json_has_the_documented_form(bare: Project) -> None:
    bare.write("sourcing_a", {"one": blueprint("One")})
    data = bare.run("plan", "--format", "json").json
    assert data["format_version"] == "1.0"
    assert data["kalentops_version"] == __version__
    assert data["state"] == {"lineage": None, "serial": 0}
    names = ["create", "update", "no_op", "orphan", "adopt", "conflict", "resume", "move", "forget"]
    assert data["summary"] == dict.fromkeys(names, 0) | {"create": 1}
    assert set(data["changes"][0]) >= {
        *("address", "sourcing_id", "key", "name", "action", "blueprint_id", "file", "line"),
        *("before", "after", "changes", "reason", "theirs", "moved_from"),
    }
    assert (data["drift"], data["look_alikes"], data["unmanaged"], data["findings"]) == ([], [], {}, [])
    assert data["left_out"] == []
    assert data["bound"]["files"].startswith("sha256:")
    assert data["bound"]["remote"] is None


def test_no_is_an_answer_and_an_interruption_is_none(bare: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    bare.write("sourcing_a", {"one": blueprint("One")})
    monkeypatch.setattr("kalentops.cli.commands.options.can_ask", lambda: True)
    monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    ran = bare.run("apply")
    assert (ran.code, ran.out, "error: cancelled; nothing was changed" in ran.err) == (130, "", True)


def test_a_rule_on_a_terminal_has_the_terminals_width(bare: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        "spelling and capitals included. The variables are {{firstname}},\n{{"
        in bare.run("rule", "KAL101").out
    )
    for module in ("cli.commands.reference", "output.terminal"):
        monkeypatch.setattr(f"kalentops.{module}.is_terminal", lambda _: True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "included.\n  The variables are {{firstname}}, {{lastname}}" in bare.run("rule", "KAL101").out


def test_detailed_exitcode(bare: Project) -> None:
    bare.write("sourcing_a", {"one": blueprint("One")})
    assert bare.run("plan").code == 0
    assert bare.run("plan", "--detailed-exitcode").code == 2


def test_a_configuration_that_is_wrong_gives_3_with_places(bare: Project) -> None:
    (bare.folder / "kalentops.yaml").write_text("paralelism: 3\napi_url: http://example.com\n")
    ran = bare.run("plan")
    assert ran.code == 3
    assert (
        "kalentops.yaml:1:1: `paralelism` is not a field of the settings; did you mean `parallelism`?"
        in ran.err
    )
    assert "set it with an option or in the environment" in ran.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "can't be parsed"),
        ("{}", "no format_version"),
        ("<<<<<<< HEAD\n{}\n", "merge conflict"),
        ('{"format_version": "3.0"}', "format 3.0"),
        ('{"format_version": "1.0", "lineage": "x"}', "is not whole"),
    ],
)
def test_a_damaged_state_gives_8_and_stays(text: str, said: str, bare: Project) -> None:
    bare.write("sourcing_a", {"one": blueprint("One")})
    bare.state_path.write_text(text)
    for args in (("plan",), ("apply", "--yes"), ("state", "list"), ("state", "rm", "a/b", "--yes")):
        ran = bare.run(*args)
        assert ran.code == 8, ran.err
        assert said in ran.err
    assert bare.state_path.read_text() == text


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://api.example.com", 3),
        ("ftp://127.0.0.1", 3),
        ("https://user:pass@127.0.0.1/api", 3),
        ("not a url", 3),
        ("http://127.0.0.1:9/api", 5),
    ],
)
def test_a_wrong_address(url: str, code: int, bare: Project) -> None:
    bare.write("sourcing_a", {"one": blueprint("One")})
    bare.url = url
    ran = bare.apply()
    assert ran.code == code, ran.err
    assert "pass@" not in ran.err + ran.out


def test_a_bug_leaves_a_report_and_no_traceback(bare: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    bare.write("sourcing_a", {"one": blueprint("One")})
    key = bare.variables()["KALENT_API_KEY"]

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError(f"with the {key} in it")

    monkeypatch.setattr("kalentops.plan.build.make_plan", broken)
    monkeypatch.setattr("kalentops.cli.commands.pipeline.make_plan", broken)
    ran = bare.run("plan")
    assert ran.code == 1
    assert "a bug in kalentops: ZeroDivisionError" in ran.err
    assert "Traceback" not in ran.err
    reports = list(bare.folder.glob("kalentops-crash-*.txt"))
    assert len(reports) == 1
    assert "make_plan" in reports[0].read_text()
    assert key not in reports[0].read_text() + ran.err + ran.out


@pytest.mark.processes
def test_a_reader_that_leaves_early_is_no_bug(bare: Project) -> None:
    for number in range(60):
        bare.write(f"s{number}", {"one": blueprint("One", steps=6)})
    with subprocess.Popen(
        [sys.executable, "-m", "kalentops", "plan", "--verbose", "--format", "json"],
        cwd=bare.folder,
        env=bare.variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        process.wait(timeout=120)
    assert "Traceback" not in said
    assert "a bug" not in said


def test_saved_plan(project: Project, truth: Truth) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    assert project.run("plan", "--out", "plan.json").code == 0
    saved = json.loads((project.folder / "plan.json").read_text())
    assert saved["summary"]["create"] == 1
    project.write("sourcing_a", {"one": blueprint("One", steps=3)})
    ran = project.apply("plan.json")
    assert ran.code == 7
    assert "the files have changed" in ran.err
    assert "sourcing_a/one" in ran.err
    project.write("sourcing_a", {"one": blueprint("One")})
    done = project.apply("plan.json")
    truth.check(done)
    assert done.code == 0
    again = project.apply("plan.json")
    assert again.code == 7
    assert "the state has changed" in again.err


def test_a_plan_that_was_tampered_with_is_not_applied(project: Project) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    assert project.run("plan", "--out", "plan.json").code == 0
    path = project.folder / "plan.json"
    path.write_text(path.read_text().replace('"create"', '"no-op"'))
    assert project.apply("plan.json").code == 7
    path.write_text("{}")
    assert project.apply("plan.json").code == 7


def test_state_list_and_show(project: Project) -> None:
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two \u202e hidden")})
    # The odd name is a finding of severity warning; what is shown is made visible.
    assert project.apply().code == 0
    made = project.ids["sourcing_a/one"]
    listed = project.run("state", "list")
    assert f"sourcing_a/one  {made}  One" in listed.out
    assert "\u202e" not in listed.out
    assert "serial" in listed.err
    assert project.run("state", "list", "--format", "json").json["blueprints"][0]["blueprint_id"] == made
    shown = project.run("state", "show", "sourcing_a/one")
    assert made in shown.out
    assert "Hi {{firstname}}, message 1" in shown.out
    entry = project.run("state", "show", "sourcing_a/one", "--format", "json").json
    assert entry["blueprint"]["blueprintId"] == made
    wrong = project.run("state", "show", "sourcing_a/on")
    assert "did you mean sourcing_a/one?" in wrong.err


def test_an_unknown_address_to_overwrite(project: Project) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    ran = project.apply("--overwrite", "sourcing_a/onee")
    assert ran.code == 1
    assert "did you mean sourcing_a/one?" in ran.err


def test_works_from_a_folder_below(project: Project) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    (project.folder / "kalentops.yaml").write_text("blueprints: blueprints/\n")
    assert project.run("apply", "--yes", "-C", "blueprints").code == 0
    assert project.state_path.exists()
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_an_offline_plan_without_a_state_says_what_it_cannot_know(project: Project) -> None:
    """After the state is lost, `to create` for all that is running would frighten, or lead to a second state."""
    project.write("sourcing_a", {"one": blueprint("One")})
    assert project.apply().code == 0
    project.state_path.unlink()
    assert "`kalentops plan --refresh` shows which" in project.run("plan").err
    assert "shows which" not in project.run("plan", "-q").err
    assert "shows which" not in project.run("plan", "--refresh").err
    assert project.apply().code == 0
    assert "shows which" not in project.run("plan").err
