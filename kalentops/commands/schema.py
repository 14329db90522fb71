"""`kalentops schema`."""

from __future__ import annotations

import click


@click.command(epilog="\b\nExample:\n  kalentops schema > kalentops.schema.json")
def command() -> None:
    """Print the JSON Schema of a blueprint file.

    An editor that knows it completes field names; put this into the first line of a file:
    # yaml-language-server: $schema=../kalentops.schema.json
    """
    from kalentops.reports.machine import dump
    from kalentops.schema import blueprint_schema

    click.echo(dump(blueprint_schema()))
