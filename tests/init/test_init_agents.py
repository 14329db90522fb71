"""`AGENTS.md`: short, true for the project, and each of its commands works without a key."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from kalentops.cli.main import cli
from kalentops.init.contents import EXAMPLE_ID, Setup, render
from tests.harness import Project
from tests.init.test_init import fresh  # noqa: F401 - a fixture
from tests.init.test_init_state import ENVIRONMENTS
from tests.site.blocks import texts_of

pytestmark = pytest.mark.processes

_CODES = {0: "no changes", 2: "found changes", 3: "errors"}


def commands_of(text: str) -> list[list[str]]:
    """The arguments of each command in its blocks."""
    lines = [line for block in texts_of(text, "sh") for line in block.splitlines()]
    assert all(line.startswith("kalentops ") for line in lines)
    return [shlex.split(line)[1:] for line in lines]


def fill_in(folder: Path) -> None:
    """What the user does with the example."""
    (path,) = folder.glob("blueprints/example.yaml")
    path.write_text(path.read_text().replace(EXAMPLE_ID, "sourcing_a"))


@pytest.fixture
def keyless(fresh: Project) -> Project:  # noqa: F811
    """No request gets anywhere, and there is no key."""
    fresh.environment |= {"KALENT_API_KEY": "", "KALENT_API_URL": "http://127.0.0.1:9"}
    return fresh


def test_its_commands_run_without_a_key_and_exit_as_it_says(keyless: Project) -> None:
    assert keyless.run("init", "--no-github").code == 0
    text = (keyless.folder / "AGENTS.md").read_text()
    formatting, checking, planning = commands_of(text)
    invalid = keyless.run(*checking)
    fill_in(keyless.folder)
    codes = [keyless.run(*each).code for each in (formatting, checking, planning)]
    (keyless.folder / "blueprints/example.yaml").unlink()
    codes += [keyless.run(*planning).code, invalid.code]
    assert codes == [0, 0, 2, 0, 3]
    assert {"file", "line", "message", "hint"} <= invalid.json["findings"][0].keys()
    rows = dict(re.findall(r"^\| (\d) \| (.*) \|$", text, re.MULTILINE))
    assert {int(code): word for code, word in _CODES.items() if word in rows[str(code)]} == _CODES


def test_every_other_command_that_it_names_exists(keyless: Project) -> None:
    assert keyless.run("init", "--no-github").code == 0
    fill_in(keyless.folder)
    text = (keyless.folder / "AGENTS.md").read_text()
    named = set(re.findall(r"`kalentops (\w+)", text))
    assert named <= {*cli.list_commands(click.Context(cli))}
    assert keyless.run("schema").code == keyless.run("rule", "KAL101").code == 0
    assert keyless.run("render", "sourcing_a/first-contact").code == 0


def test_it_names_the_folders_and_states_of_all_environments(keyless: Project) -> None:
    (keyless.folder / "kalentops.yaml").write_text(
        ENVIRONMENTS.replace("git:refs/kalentops/production", "p.json")
    )
    assert keyless.run("init", "--no-github").code == 0
    text = (keyless.folder / "AGENTS.md").read_text()
    places = re.findall(r"^- `([\w./]+)`(?:$|.*: the state)", text, re.MULTILINE)
    assert places == ["blueprints/", "clients/acme/", "p.json", "trial.state.json", "states/acme.json"]
    fill_in(keyless.folder)
    path = keyless.folder / "blueprints/example.yaml"
    path.write_text(path.read_text().replace("{production: sourcing_a}", "{production: s_a, trial: s_b}"))
    _, checking, *planning = commands_of(text)
    assert [keyless.run(*each).code for each in (checking, *planning)] == [0, 2, 2, 0]
    shown = [each.split() for each in re.findall(r"`kalentops (render .*)` prints", text)]
    assert [each[2:] for each in shown] == [["-e", "production"], ["-e", "trial"], ["-e", "acme"]]
    assert keyless.run("render", "s_a/first-contact", *shown[0][2:]).code == 0


@pytest.mark.parametrize(
    ("setup", "expected"),
    [
        (Setup(), "- `blueprints/`\n"),
        (Setup(blueprints="."), "- `./`\n"),
        (Setup(blueprints="outreach/files"), "- `outreach/files/`\n"),
        (Setup(state="states/team.json"), "- `states/team.json` and its journal: the state\n"),
        (Setup(ref="refs/kalentops/state"), "- the state, in the ref `refs/kalentops/state`\n"),
    ],
)
def test_it_is_short_and_true_for_the_project(setup: Setup, expected: str) -> None:
    text = render("agents.md", setup)
    assert expected in text
    assert "@@" not in text
    assert len(text.split()) <= 300
