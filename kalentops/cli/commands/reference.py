"""`kalentops rule` and `kalentops schema`: what the files are checked against."""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path
from typing import Final

import click

from kalentops.cli.commands import options
from kalentops.errors import UsageError
from kalentops.init.contents import SCHEMA, schema_text
from kalentops.init.write import put_schema
from kalentops.lint.rule import rule_meant, rules
from kalentops.output.schemas import FORMATS, format_schema
from kalentops.output.terminal import is_terminal, line, show
from kalentops.project.environments import views
from kalentops.project.load import library_below
from kalentops.support.streams import utf8
from kalentops.support.text import clip, dump_json

_FORMATS: Final = textwrap.fill(
    ", ".join(FORMATS), 76, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
)
# An end of a line within a paragraph; examples are indented.
_LINE_END: Final = re.compile(r"(?<=\S)\n(?=\S)")


@click.command(epilog="\b\nExample:\n  kalentops rule\n  kalentops rule KAL101")
@click.argument("code", required=False, shell_complete=options.complete_rules)
def rule(code: str | None) -> None:
    """Explain a rule: reason, wrong and right. Without CODE, list all rules."""
    if code is None:
        show(line(f"{each.code}  {each.severity.value:<7}  {each.title}") for each in rules().values())
        return
    found = rules().get(code.upper())
    if found is None:
        by_name = {each.name: each for each in rules().values()}
        found = by_name.get(code.lower())
    if found is None:
        near = rule_meant(code)
        hint = f"did you mean {near}?" if near else "`kalentops rule` lists them"
        raise UsageError(f"there is no rule {clip(code)}", hint=hint)
    show([line((f"{found.code} {found.name}", "bold"), f" ({found.severity.value})"), line()])
    page = (found.page or "").strip()
    if is_terminal(sys.stdout):
        page = _LINE_END.sub(" ", page)  # the terminal's width is not the page's
    show(line(each) for each in page.splitlines())


@click.command(
    epilog="\b\nExample:\n  kalentops schema --write\n  kalentops schema > kalentops.schema.json\n"
    "  kalentops schema plan > plan.schema.json\n\n"
    f"\b\nFormats (see docs/reference/json.md):\n{_FORMATS}\n\n"
    "\b\nFirst line of a file in blueprints/:\n  # yaml-language-server: $schema=../.kalentops/blueprint.schema.json"
)
@click.argument("name", required=False, type=click.Choice([*FORMATS]), metavar="[FORMAT]")
@options.folder
@options.environment
@click.option("--write", is_flag=True, help=f"Write it to {SCHEMA}, and print nothing if it is up to date.")
def schema(name: str | None, directory: Path, environment: str | None, *, write: bool) -> None:
    """Print the JSON Schema of the files, or of a FORMAT that kalentops writes.

    Editors use it to complete field names, and the templates, parameters and step ids of this project. `init` writes
    the schema and the settings of VS Code; for other editors, name it in the first line of a file. Write it again when
    templates have changed.
    """
    if name is not None:
        if write:
            raise UsageError(
                "--write is for the schema of the files",
                hint=f"`kalentops schema {name} > FILE` writes this one",
            )
        utf8()
        click.echo(dump_json(format_schema(name)))
        return
    folders = views(options.configs(directory, environment))
    root = folders[0].root
    library = library_below(root, *(each.blueprints for each in folders))
    text = schema_text(library, [each.readers for each in folders])
    if not write:
        utf8()
        click.echo(text, nl=False)
    elif put_schema(root, text):
        click.echo(f"{SCHEMA} written")
