"""docs/reference/commands.md, made from the commands themselves: their help says what they do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import click

from kalentops.output import FORMATS, TEXT
from website.click_tree import Documented, commands, program
from website.exit_codes import codes_of
from website.parts import fill, table

_IN_BRACKETS: Final = re.compile(r" *\[(default|env): ([^\]]*)\]")
_AS_CODE: Final = (
    r"`[^`]*`|(?<![\w-])(?:-[A-Za-z]|--[a-z][a-z-]*)(?: [A-Z][A-Z_]+)?(?![\w-])"
    r"|\* \? \[abc\]|SOURCING_ID(?:/KEY)?|kalentops\.(?:yaml|state\.json)|git:refs/kalentops/NAME"
)
_EXAMPLE: Final = "Example"
# The pages that show a command at work.
_FIRST: Final = "[Your first position](../tutorial/first-position.md)"
_WRITE: Final = "[Write blueprints](../how-to/write-blueprints.md)"
_IMPORT: Final = "[Import and drift](../how-to/import-and-drift.md)"
_SHARE: Final = "[Share one sequence](../how-to/share-a-sequence.md)"
_POSITIONS: Final = "[Positions](../how-to/positions.md)"
_MORE: Final = {
    "init": f"{_FIRST}, [GitHub Actions](../how-to/github-actions.md)",
    "validate": f"{_WRITE}, [Rules](rules.md)",
    "fmt": "[Layout of blueprint files](layout.md)",
    "plan": f"{_FIRST}, {_IMPORT}",
    "preview": _WRITE,
    "apply": f"{_FIRST}, [Troubleshooting](../how-to/troubleshooting.md)",
    "import": _IMPORT,
    "new": f"{_POSITIONS}, {_SHARE}",
    "render": _SHARE,
    "detach": _SHARE,
    "extract": _SHARE,
    "close": _POSITIONS,
    "comment": "[GitLab and other CI systems](../how-to/gitlab-and-other-ci.md)",
    "state": "[Work with the state](../how-to/state.md), [Teams](../how-to/teams.md)",
    "rule": "[Rules](rules.md)",
    "schema": "[Fields](fields.md), [JSON](json.md)",
    "cache": "[Cache](settings.md#cache)",
}


def page() -> str:
    """The text of the whole page."""
    found = commands()
    return fill(
        "commands.md",
        {
            "INDEX": table(("command", "what it does"), map(_entry, found)),
            "ROOT": _options(program()),
            "COMMANDS": "\n".join(map(_section, found)),
            "FORMATS": table(("`--format`", "what it is"), _formats()),
        },
    )


def _entry(of: Documented) -> tuple[str, str]:
    return f"[`{of.name}`](#{of.anchor})", of.summary


def _section(of: Documented) -> str:
    level = "#" * (2 + of.name.count(" "))
    usage = " ".join(("kalentops", of.name, *of.command.collect_usage_pieces(of.context)))
    inside = [each for each in commands() if each.name.startswith(f"{of.name} ")]
    parts = [
        f"{level} {of.name}",
        *_description(of),
        f"```text\n{usage}\n```",
        *([table(("command", "what it does"), map(_entry, inside))] if inside else []),
        _options(of),
        f"Exit codes: {', '.join(map(str, codes_of(of)))} ([meaning](exit-codes.md)).",
        *_examples(of.command.epilog or ""),
        *([f"More: {_MORE[of.name]}."] if of.name in _MORE else []),
    ]
    return "\n\n".join(parts) + "\n"


def _description(of: Documented) -> Iterator[str]:
    usages = [each.make_metavar(of.context) for each in of.parameters if not isinstance(each, click.Option)]
    names = [name for usage in usages for name, _, _ in _arguments(usage) if name != "-"]
    for paragraph in (of.command.help or "").split("\n\n"):
        yield _marked(" ".join(paragraph.split()), names)


def _marked(text: str, names: Iterable[str] = ()) -> str:
    """The text with its options, files and the names of values as code."""
    words = "|".join((_AS_CODE, *(rf"\b{re.escape(name)}\b" for name in names)))
    return re.sub(words, lambda found: found[0] if found[0].startswith("`") else f"`{found[0]}`", text)


def _options(of: Documented) -> str:
    rows = (row for each in of.parameters for row in _rows(each, of.context))
    return table(("argument or option", "meaning"), rows)


def _rows(of: click.Parameter, context: click.Context) -> Iterator[tuple[str, str]]:
    if isinstance(of, click.Option):
        names, meaning, default, variable = option_cells(of)
        notes = [f"Default: {default}."] * bool(default) + [f"Variable: {variable}."] * bool(variable)
        yield names, " ".join((meaning, *notes))
        return
    for name, optional, repeated in _arguments(of.make_metavar(context)):
        meaning = "Optional." if optional else "Required."
        yield f"`{name}`", meaning + (" May be repeated." if repeated else "")


def option_cells(of: click.Option) -> tuple[str, str, str, str]:
    """The names of an option, its meaning, its default and its variable, in Markdown."""
    told = dict(_IN_BRACKETS.findall(of.help or ""))
    meaning = f"{_marked(_IN_BRACKETS.sub('', of.help or ''))} {_values(of)}".strip()
    variable = f"`{told['env']}`" if "env" in told else ""
    return _names(of), meaning, _plain(told.get("default") or _default(of)), variable


def _arguments(usage: str) -> Iterator[tuple[str, bool, bool]]:
    """Each argument of `[PLAN_FILE | PATHS...]`, whether it is optional, and whether it may be repeated."""
    for found in re.finditer(r"([A-Z][A-Z_]*|(?<=\|)-)(\]?\.\.\.)?", usage):
        before = usage[: found.start()]
        yield found[1], before.count("[") > before.count("]"), found[2] is not None


def _plain(default: str) -> str:
    """A default; a value, and not words, as code."""
    return f"`{default}`" if re.fullmatch(r"[\w./:-]*[\d./][\w./:-]*|text", default) else _marked(default)


def _names(of: click.Option) -> str:
    names = sorted((*of.opts, *of.secondary_opts), key=len)
    value = of.metavar or of.opts[-1].strip("-").upper().replace("-", "_")
    with_value = [*names[:-1], names[-1] if of.is_flag else f"{names[-1]} {value}"]
    return ", ".join(f"`{each}`" for each in with_value)


def _values(of: click.Option) -> str:
    """What a value may be, where the type says so."""
    if isinstance(of.type, click.Choice):
        return f"One of {', '.join(f'`{each}`' for each in of.type.choices)}."
    if isinstance(of.type, click.IntRange | click.FloatRange):
        if of.type.max is None:
            return f"{of.type.min:,} or more."
        return f"From {of.type.min:,} to {of.type.max:,}."
    return ""


def _default(of: click.Option) -> str:
    if of.required:
        return "required"
    given = not of.is_flag and isinstance(of.default, int | float | str)
    return f"{of.default:g}" if given and isinstance(of.default, float) else f"{of.default}" if given else ""


def _examples(epilog: str) -> Iterator[str]:
    """The blocks of the epilog: a title and the indented lines below it."""
    for block in epilog.replace("\b\n", "").split("\n\n"):
        title, _, lines = block.strip("\n").partition("\n")
        kind = "sh" if title.startswith(_EXAMPLE) else "text"
        if lines:
            yield f"{title}\n\n```{kind}\n{_unindented(lines)}\n```"


def _unindented(lines: str) -> str:
    return "\n".join(line.removeprefix("  ") for line in lines.rstrip().split("\n"))


def _formats() -> Iterator[tuple[str, str]]:
    yield "`text`", TEXT
    yield from ((f"`{name}`", each.about) for name, each in FORMATS.items())
