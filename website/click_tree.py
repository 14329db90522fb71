"""The commands, as click knows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import click

from kalentops.cli.main import COMMANDS, cli


@dataclass(frozen=True, slots=True)
class Documented:
    """A command and its full name, such as `state push`."""

    name: str
    command: click.Command
    context: click.Context
    summary: str

    @property
    def anchor(self) -> str:
        return self.name.replace(" ", "-")

    @property
    def parameters(self) -> list[click.Parameter]:
        """Those that its help shows."""
        shown = self.command.get_params(self.context)
        return [each for each in shown if not (isinstance(each, click.Option) and each.hidden)]


def program() -> Documented:
    """`kalentops` itself, with the options that stand before a command."""
    return Documented("", cli, click.Context(cli, info_name="kalentops", **cli.context_settings), "")


@cache
def commands() -> tuple[Documented, ...]:
    """All commands, in the order of `kalentops --help`; those of a group behind it."""
    root = program().context
    return tuple(each for name in COMMANDS for each in _below(cli, root, name, COMMANDS[name][1]))


def _below(group: click.Group, context: click.Context, name: str, summary: str) -> Iterator[Documented]:
    command = group.get_command(context, name)
    if command is None:
        raise ValueError(f"there is no command {name}")
    inner = click.Context(command, info_name=name, parent=context)
    yield Documented(inner.command_path.partition(" ")[2], command, inner, summary)
    if isinstance(command, click.Group):
        for each in command.list_commands(inner):
            found = command.get_command(inner, each)
            if found is not None and not found.hidden:
                yield from _below(command, inner, each, found.get_short_help_str(limit=200))
