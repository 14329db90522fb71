"""Whether a command line of a document is one that `kalentops` or `make` understands."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any, Final

import click

from kalentops.cli.main import COMMANDS, cli
from website.documents import ROOT

_MAKEFILE: Final = (ROOT / "Makefile").read_text(encoding="utf-8")
_TARGETS: Final = frozenset(re.findall(r"^([a-z]+):", _MAKEFILE, re.MULTILINE))
_VARIABLES: Final = frozenset(re.findall(r"\$\((?:if \$\()?([A-Z]+)\)", _MAKEFILE))
# What the reader puts in: `FILE`, `N`, `$NAME`, `…`.
_HOLE: Final = re.compile(r"…|\.\.\.|\$|<|@@|[A-Z][A-Z_]*\Z")

# Options of git, pip and gh that a text explains.
_OF_OTHERS: Final = frozenset({"--git-dir", "--work-tree", "--no-deps", "--repo"})


def fault_of(words: Sequence[str], *, whole: bool = True) -> str | None:
    """What is wrong with a command line; None for a good one, and for one of another program.

    `whole` is false for a command that a text only names: it may lack arguments.
    """
    program, *args = words
    if program == "kalentops":
        return _fault_of_ours(args, whole=whole)
    if program == "make":
        unknown = [
            word
            for word in args
            if word not in _TARGETS and word.partition("=")[0] not in _VARIABLES and not _HOLE.search(word)
        ]
        return f"the Makefile has no {', '.join(unknown)}" if unknown else None
    if re.fullmatch(r"python3?", program) and args[:1] == ["-m"] and _is_ours(args[1:2]):
        return None if find_spec(args[1]) else f"there is no module {args[1]}"
    return None


def _is_ours(module: Sequence[str]) -> bool:
    return bool(module) and module[0].partition(".")[0] in {
        "kalentops",
        "tests",
        "release",
        "website",
        "benchmarks",
    }


def _fault_of_ours(args: Sequence[str], *, whole: bool) -> str | None:
    command: click.Command = cli
    context = click.Context(cli, info_name="kalentops", **cli.context_settings)
    # `[-e NAME]` and `PATH…` are how a text writes what may be left out, and be repeated.
    rest = [word.strip("[]") for word in args]
    rest = [word.removesuffix("…").removesuffix("...") or "…" for word in rest]
    try:
        while isinstance(command, click.Group):
            values, rest, _ = command.make_parser(context).parse_args(list(rest))
            if not rest:
                alone = not whole or values or command.invoke_without_command
                return None if alone else f"`{context.info_name}` needs a command"
            if rest[0] in {"…", "COMMAND"}:
                return None
            inner = command.get_command(context, rest[0])
            if inner is None:
                return f"there is no command `{rest[0]}`"
            command, context = inner, click.Context(inner, parent=context, info_name=rest[0])
            rest = rest[1:]
        return _fault_of_options(command, context, [word for word in rest if word != "…"], whole=whole)
    except click.BadOptionUsage as error:
        return error.format_message() if whole else None
    except click.UsageError as error:
        return error.format_message()


def _fault_of_options(
    command: click.Command, context: click.Context, args: list[str], *, whole: bool
) -> str | None:
    """Raises click.UsageError."""
    values, left, _ = command.make_parser(context).parse_args(args)
    if left:
        return f"`{command.name}` does not take {', '.join(left)}"
    for each in command.params:
        kind: Any = each.type
        given = values.get(each.name or "")
        told = [word for word in (given if isinstance(given, tuple) else (given,)) if isinstance(word, str)]
        if whole and each.required and not told and not values.get("help"):
            return f"`{command.name}` needs {each.human_readable_name}"
        if isinstance(kind, click.Choice | click.IntRange | click.FloatRange):
            for word in told:
                if not _HOLE.search(word):
                    kind.convert(word, each, context)  # type: ignore[arg-type] # a word of the line
    return None


def fault_of_inline(code: str, shown: Collection[str] = ()) -> str | None:
    """The same for inline code: `kalentops …`, `make …`, a command with an option, or an option alone.

    `shown` are the words of the document's blocks: an option of another program stands there.
    """
    words = code.split()
    if not words:
        return None
    if words[0] in {"kalentops", "make", "python"} and len(words) > 1:
        return fault_of(words, whole=False)
    if words[0] in COMMANDS and len(words) > 1 and words[1].startswith("-"):
        return fault_of(["kalentops", *words], whole=False)
    option = words[0].partition("=")[0]
    if re.match(r"--?[a-z]", option) and option not in _options() and option not in {*_OF_OTHERS, *shown}:
        return "no command has this option"
    return None


@cache
def _options() -> frozenset[str]:
    """The options of all commands."""

    def inside(command: click.Command) -> Iterator[str]:
        context = click.Context(command, **cli.context_settings)
        for each in command.get_params(context):
            yield from (*each.opts, *each.secondary_opts)
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner
                yield from inside(inner)

    return frozenset(inside(cli))
