"""docs/reference/json.md and the schema files beside it, made from the types of what is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from kalentops.output.schemas import FORMATS, format_schema
from kalentops.support.text import dump_json
from website.parts import fill, table

EXAMPLES: Final = Path(__file__).parent / "examples"
_KINDS: Final = {"string": "text", "integer": "number", "boolean": "true or false", "null": "null"}
_DEFS: Final = "#/$defs/"


def page() -> str:
    """The text of the whole page."""
    schemas = {name: format_schema(name) for name in FORMATS}
    parts = _parts()
    shown = sorted(name for name, part in parts.items() if "properties" in part and name not in _roots())
    return fill(
        "json.md",
        {
            "FORMATS": table(
                ("format", "written by", "version", "schema"),
                (
                    (f"[{name}](#{name})", of.written, of.version, f"[{_file(name)}](schemas/{_file(name)})")
                    for name, of in FORMATS.items()
                ),
            ),
            "SECTIONS": "\n\n".join(_section(name, schema) for name, schema in schemas.items()),
            "PARTS": "\n\n".join(
                f"### {name}\n\n{parts[name]['description']}\n\n{_fields(parts[name])}" for name in shown
            ),
        },
    )


def schema_file(name: str) -> str:
    return dump_json(format_schema(name)) + "\n"


def _file(name: str) -> str:
    return f"{name}.schema.json"


@cache
def _roots() -> Mapping[str, str]:
    """The format whose own section has the fields of a type."""
    names = ((getattr(of.type, "__name__", "").removesuffix("Json"), name) for name, of in FORMATS.items())
    return {type_: name for type_, name in names if type_}


def _section(name: str, schema: Mapping[str, Any]) -> str:
    example = (EXAMPLES / f"{name}.json").read_text(encoding="utf-8").rstrip()
    if "properties" in schema:
        said = f"{schema['description']}\n\n{_fields(schema)}"
    else:
        records = ", ".join(_kind(each) for each in schema["anyOf"])
        said = f"One of {records}. The example is a list of the records of one run."
    return (
        f"## {name}\n\nWritten by {FORMATS[name].written}. `kalentops schema {name}` prints the schema.\n\n"
        f"{said}\n\n```json\n{example}\n```"
    )


def _fields(of: Mapping[str, Any]) -> str:
    required = of.get("required", ())
    rows = (
        (
            f"`{name}`" + ("" if name in required else " (may be absent)"),
            _kind(field),
            field.get("description") or _described(field),
        )
        for name, field in of["properties"].items()
    )
    return table(("field", "value", "meaning"), rows)


def _described(of: Mapping[str, Any]) -> str:
    """What the type of a field, or of the items of a list, says of itself."""
    name = of.get("items", of).get("$ref", "").removeprefix(_DEFS)
    return str(_parts()[name]["description"]) if name else ""


def _kind(of: Mapping[str, Any]) -> str:
    if "$ref" in of:
        return _of_type(of["$ref"].removeprefix(_DEFS))
    if "anyOf" in of:
        return " or ".join(map(_kind, of["anyOf"]))
    values = of.get("enum") or ([of["const"]] if "const" in of else None)
    if values:
        return _values(values)
    if of.get("type") == "array":
        return f"list of {_kind(of['items'])}"
    if of.get("type") == "object":
        inner = of.get("additionalProperties")
        return f"by key: {_kind(inner)}" if isinstance(inner, dict) and inner else "object"
    return _KINDS.get(str(of.get("type")), "any value")


def _of_type(name: str) -> str:
    if name in _roots():
        return f"[{name}](#{_roots()[name]})"
    values = _parts()[name].get("enum")
    return _values(values) if values else f"[{name}](#{name.lower()})"


def _values(of: Iterable[object]) -> str:
    return ", ".join(f"`{each}`" for each in of)


@cache
def _parts() -> Mapping[str, Any]:
    """The definitions of all schemas."""
    return {name: part for each in FORMATS for name, part in format_schema(each).get("$defs", {}).items()}
