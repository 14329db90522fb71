"""What the commands can do, the action can be asked for: each option has an input, or a reason why it has none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from kalentops.action import OPTIONS
from kalentops.cli.main import parameters

ACTION = yaml.safe_load((Path(__file__).parents[2] / "action.yml").read_text())
COMMANDS = ("validate", "plan", "preview", "apply", "state push", "comment")
OWN = {
    "command",
    "working-directory",
    "version",
    "comment",
    "preview",
    "token",
    "api-key",
    "api-url",
}
"""The inputs that are no option of a command."""
WITHOUT = {
    "--chdir": "the input working-directory",
    "--api-url": "the input api-url for Kalent, and GITHUB_API_URL for GitHub, which a runner sets",
    "--format": "each form goes where GitHub shows it: the log, annotations, summary, comment, outputs",
    "--quiet": "a log is there to be read",
    "--no-cache": "CI starts without a cache",
    "--yes": "there is nobody to ask",
    "--take-over": "by itself after ten minutes; before that, a person looks",
    "validate --statistics": "annotations and the summary have the findings themselves",
    "plan --refresh-only": "the command drift",
    "plan --detailed-exitcode": "the output changed",
    "plan --all-environments": "a job has the secrets of one environment",
    "apply --any-branch": "the workflow chooses the branch",
    "preview --out": "the artifact",
    "preview --serve": "a job has no browser",
    "preview --port": "a job has no browser",
    "preview --open": "a job has no browser",
    "preview --all": "a pull request is about what it changes",
    "preview --language": "the page takes the language of its reader's browser",
    "state push --probe": "it is the step before each apply",
    "state push --remote": "the remote that actions/checkout has made",
    "state push --branch": "the branch that actions/checkout has checked out",
    "comment report": "the plan that the step before has made",
    "comment --outdated": "what a plan that could not be made asks for",
    "comment --update-only": "what a plan without changes asks for",
    "comment --if-pull-request": "a workflow may have several events",
}
"""The options that no input leads to, and why."""
ENVIRONMENT = {
    "Run kalentops": ("validate", "plan", "preview", "apply", "state push"),
    "Commit the state": ("state push",),
    "Comment on the pull request": ("comment",),
}
"""The commands that a step calls."""


def _name(parameter: Any) -> str:
    name: str = max(parameter.opts, key=len)
    return name


def _leading_to(command: str) -> set[str]:
    """The inputs that a command has an option for."""
    known = {_name(each) for each in parameters(command)}
    return {name for name, options in OPTIONS.items() if known & {*options}}


@pytest.mark.parametrize("command", COMMANDS)
def test_each_option_has_an_input_or_a_reason(command: str) -> None:
    reached = {option for options in OPTIONS.values() for option in options}
    for parameter in parameters(command):
        name = _name(parameter)
        assert name in reached or name in WITHOUT or f"{command} {name}" in WITHOUT, (
            f"{command} {name}: add an input to kalentops/action.py and action.yml, or a reason to WITHOUT"
        )


def test_no_reason_and_no_input_is_left_over() -> None:
    known = {f"{command} {_name(each)}" for command in COMMANDS for each in parameters(command)}
    alone = {each.rsplit(" ", 1)[1] for each in known}
    assert set(WITHOUT) <= known | alone
    assert {option for options in OPTIONS.values() for option in options} <= alone
    assert set(ACTION["inputs"]) == set(OPTIONS) | OWN


@pytest.mark.parametrize("step", ENVIRONMENT)
def test_each_step_hands_on_what_its_commands_take(step: str) -> None:
    (found,) = (each for each in ACTION["runs"]["steps"] if each["name"] == step)
    wanted = set().union(*map(_leading_to, ENVIRONMENT[step]))
    for name in wanted:
        assert found["env"][f"INPUT_{name.upper().replace('-', '_')}"] == f"${{{{ inputs.{name} }}}}"
    given = set(re.findall(r"inputs\.([\w-]+)", " ".join(found["env"].values())))
    assert given - OWN == wanted
