"""`kalentops schema`."""

from __future__ import annotations

import click


@click.command(
    epilog="\b\nExample:\n  kalentops schema > kalentops.schema.json\n\n"
    "\b\nFirst line of a file in blueprints/:\n  # yaml-language-server: $schema=../kalentops.schema.json"
)
def command() -> None:
    """Print the JSON Schema of a blueprint file.

    Editors use it to complete field names. `init` writes the settings of VS Code; for other editors, name the schema in
    the first line of a file.
    """
    from kalentops.blueprint.json_schema import blueprint_schema
    from kalentops.output.json import dump
    from kalentops.support.streams import utf8

    utf8()
    click.echo(dump(blueprint_schema()))
