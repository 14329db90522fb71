"""docs/reference/settings.md, made from the model of `kalentops.yaml` and the options that have a variable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import click

from kalentops.project.settings import FILE
from kalentops.project.settings_file import settings_schema
from website.click_tree import commands
from website.commands import option_cells
from website.parts import fill, table

_TYPES: Final = {
    "string": "text",
    "integer": "whole number",
    "boolean": "true or false",
    "array": "list",
    "object": "mapping",
}


def page() -> str:
    """The text of the whole page."""
    schema = settings_schema()
    keys = schema["properties"]
    defaults = "\n".join(
        f"{name}: {_yaml(key['default'])}" for name, key in keys.items() if name != "environments"
    )
    return fill(
        "settings.md",
        {
            "DEFAULTS": f"```yaml\n# {FILE}\n{defaults}\n```",
            "KEYS": "\n\n".join(_key(name, key, schema["$defs"]) for name, key in keys.items()),
            "VARIABLES": table(("variable", "option", "meaning", "default"), _variables()),
        },
    )


def _key(name: str, key: Mapping[str, Any], shapes: Mapping[str, Any]) -> str:
    parts = [f"### {name}", key["description"], f"Type: {_type(key)}. Default: `{_yaml(key['default'])}`."]
    inside = next(iter(key.get("patternProperties", {}).values()), key)
    shape = shapes.get(_shape(inside))
    if shape:
        fields = shape["properties"].items()
        parts.append(
            table(("key", "type", "meaning"), ((f"`{each}`", _type(of), _meaning(of)) for each, of in fields))
        )
    parts.append(f"```yaml\n{name}:{_after_colon(key['examples'][0])}\n```")
    return "\n\n".join(parts)


def _after_colon(example: str) -> str:
    return example if example.startswith("\n") else f" {example}"


def _meaning(of: Mapping[str, Any]) -> str:
    default = "" if of["default"] is None or _shape(of) else f" Default: `{_yaml(of['default'])}`."
    return f"{of['description']}{default} Such as `{of['examples'][0]}`."


def _shape(of: Mapping[str, Any]) -> str:
    return str(of.get("$ref", "")).rpartition("/")[2]


def _type(of: Mapping[str, Any]) -> str:
    if "enum" in of:
        return " or ".join(f"`{each}`" for each in of["enum"])
    if _shape(of):
        return "mapping"
    kinds = [each["type"] for each in of.get("anyOf", [of]) if each["type"] != "null"]
    return _TYPES[kinds[0]]


def _yaml(value: Any) -> str:
    """A default in YAML."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_yaml(each)}' for name, each in value.items())}}}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _variables() -> Iterator[tuple[str, str, str, str]]:
    """The variables of options, each once."""
    known: set[str] = set()
    for command in commands():
        for each in command.parameters:
            if isinstance(each, click.Option):
                names, meaning, default, variable = option_cells(each)
                if variable not in {"", *known}:
                    known.add(variable)
                    yield variable, names, meaning, default
