"""Every explanation has a sentence, and what it names is shown safely."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter
from typing import Any

import click
import pytest

from kalentops.cli.main import cli, parameters
from kalentops.output.explanations import (
    _REMEDIES,
    _SENTENCES,
    lines,
    remedies,
    sentence,
    text,
    with_environment,
)
from kalentops.output.markdown import marked
from kalentops.plan.explanation import Code, Explanation, explain, together
from tests.builders import AT

PARAMETERS: dict[str, Any] = {
    "run": "0123456789abcdef",
    "host": "runner-1",
    "since": "2026-01-02T03:04:05Z",
    "action": "create",
    "address": "s1/one",
    "applied_at": AT,
    "at": AT,
    "attempts": 3,
    "blueprint_id": "b1",
    "blueprint_ids": ["b1", "b2"],
    "cause": "no answer in time",
    "declared": True,
    "declared_from": "old",
    "hint": "try again",
    "message": "no such thing",
    "name": "One",
    "other": "s1/two",
    "renamed_to": "s1/new",
    "status": 400,
    "updated_at": AT,
}


@pytest.mark.parametrize("code", Code)
def test_each_code_has_a_sentence(code: Code) -> None:
    said = sentence(Explanation(code, PARAMETERS))
    assert said
    assert "{" not in said
    assert "}" not in said
    assert code not in _REMEDIES or remedies(Explanation(code, PARAMETERS))


@pytest.mark.parametrize("code", _REMEDIES)
def test_a_command_names_the_environment(code: Code) -> None:
    for each in remedies(Explanation(code, PARAMETERS), "trial"):
        assert each.code.endswith(" -e trial") == each.code.startswith("kalentops ")


def test_a_sentence_names_the_environment_in_commands_that_are_refused_without() -> None:
    everywhere = {"comment", "fmt", "preview", "schema", "validate"}
    for command in _commands(cli, ()):
        takes = "-e" in {name for each in parameters(command) for name in each.opts}
        named = with_environment(f"run `kalentops {command} A`, then B", "trial")
        assert (named == f"run `kalentops {command} A -e trial`, then B") == (
            takes and command not in everywhere
        ), command
    for said in ("`kalentops plan -e other`", "`kalentops plan --all-environments`", "`apply`"):
        assert with_environment(said, "trial") == said
    assert with_environment("`kalentops plan`", None) == "`kalentops plan`"
    assert "`kalentops apply -e trial`" in sentence(explain(Code.OLDER_TEXT_ARRIVED), "trial")


def _commands(group: click.Group, above: tuple[str, ...]) -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        inner = group.get_command(context, name)
        if isinstance(inner, click.Group):
            yield from _commands(inner, (*above, name))
        else:
            yield " ".join((*above, name))


def test_a_sentence_names_parameters_alone() -> None:
    derived = {"address_sourcing", "other_key", "blueprint", "when", "after", "matches"}
    named = {field for each in _SENTENCES.values() for _, field, _, _ in Formatter().parse(each) if field}
    assert named <= PARAMETERS.keys() | derived


def test_first_what_is_then_what_to_do() -> None:
    gone = explain(Code.GONE, address="s1/one", blueprint_id="b1")
    both = together(gone, explain(Code.PROTECTED, address="s1/one"))
    assert text(both) == (
        "b1 is no longer in s1; `protect: true` keeps it as it is; forget it: `kalentops state rm s1/one` (if it was "
        "deleted there; the next apply creates it again if it is declared); update it anyway: `kalentops apply "
        "--overwrite s1/one --target s1/one`"
    )


def test_a_text_from_outside_is_no_template_and_no_control() -> None:
    """A name may hold braces, which are Kalent's variables, and what acts on a terminal."""
    hostile = "{{firstname}} {0} \x1b[31m"
    of = explain(Code.SAME_STEPS, address="s1/one", blueprint_id="b1", name=hostile)
    assert sentence(of).endswith("is called {{firstname}} {0} \\u{1b}[31m")
    refused = explain(Code.REFUSED, message=hostile, status=400)
    shown = str([list(each) for each in lines(refused, "  ")])
    assert "\x1b" not in shown
    assert "{0}" in shown
    assert "\x1b" not in marked(refused)
