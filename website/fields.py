"""docs/reference/fields.md, made from the JSON Schema of the files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from kalentops.blueprint.files import KINDS
from kalentops.blueprint.json_schema import JsonSchema, blueprint_schema
from kalentops.blueprint.labels import VALUES
from kalentops.blueprint.model import allowed
from kalentops.blueprint.timeline import SECONDS
from kalentops.blueprint.variables import MEANINGS
from kalentops.lint import kal301_long_invitation, kal303_long_inmail_subject
from kalentops.preview.rendering import SAMPLES
from kalentops.support.shape import LANGUAGE_PATTERN
from kalentops.support.text import KEY_PATTERN, count
from kalentops.yamlfile import MAX_BYTES
from kalentops.yamlfile.parse import MAX_DEPTH, MAX_NODES
from website.parts import fill, table

# The heading of each shape, for links.
_SECTIONS: Final = {
    "SourcingFile": "a position",
    "TemplateFile": "a template",
    "SnippetsFile": "snippets",
    "AnyBlueprint": "a blueprint",
    "Step": "a step",
    "TemplateStep": "a step of a template",
    "StepChange": "a changed step",
    "AddedStep": "an added step",
    "Delay": "delay",
    "StepConfig": "config of a step",
    "Policy": "policy",
    "Parameter": "a parameter",
    "Move": "a renamed key",
}
_NAMES: Final = {f"^{KEY_PATTERN}$": "key", f"^{LANGUAGE_PATTERN}$": "language"}
_CODE: Final = re.compile(r"`[^`]*`|\{+[^{}]*\}+")
_ENUMS: Final = ("type", "linkedInType", "temporalityType", "contentSource")


def page() -> str:
    """The text of the whole page."""
    shapes = blueprint_schema()["$defs"]
    added = [name for name in shapes["AddedStep"]["properties"] if name not in shapes["Step"]["properties"]]
    translated = [
        name
        for name, field in shapes["TemplateStep"]["properties"].items()
        if _type(field) != _type(shapes["Step"]["properties"][name])
    ]
    return fill(
        "fields.md",
        {
            "KINDS": table(
                ("key", "the file holds"),
                ((f"`{key}`", _link(kind.__name__)) for key, kind in KINDS.items()),
            ),
            "POSITION": _fields(shapes["SourcingFile"]),
            "MOVE": _fields(shapes["Move"]),
            "BLUEPRINT": _fields(shapes["Blueprint"]),
            "USE": _fields(shapes["Use"]),
            "ADDED": _fields(shapes["AddedStep"], added),
            "STEP": _fields(shapes["Step"]),
            "DELAY": _fields(shapes["Delay"]),
            "CONFIG": _fields(shapes["StepConfig"]),
            "POLICY": _fields(shapes["Policy"]),
            "TEMPLATE": _fields(shapes["TemplateFile"]),
            "TRANSLATED": _fields(shapes["TemplateStep"], translated),
            "PARAMETER": _fields(shapes["Parameter"]),
            "SNIPPETS": _fields(shapes["SnippetsFile"]),
            "VALUES": table(("field", "value", "in words"), _values()),
            "UNITS": table(("`unit`", "is"), _units()),
            "VARIABLES": table(
                ("variable", "becomes", "such as"),
                ((f"`{{{{{name}}}}}`", meaning, SAMPLES[0][name]) for name, meaning in MEANINGS.items()),
            ),
            "LIMITS": table(("what", "at most", "rule"), _limits()),
        },
    )


def _fields(shape: JsonSchema, names: Iterable[str] | None = None) -> str:
    fields = shape["properties"]
    return table(
        ("field", "type", "required", "meaning"),
        (
            (f"`{name}`", _type(fields[name]), _required(shape, name), _marked(fields[name]["description"]))
            for name in names or fields
        ),
    )


def _marked(text: str) -> str:
    """The text with its braces as code: Markdown may read them, and in an editor backticks only disturb."""
    return _CODE.sub(lambda found: found[0] if found[0].startswith("`") else f"`{found[0]}`", text)


def _type(field: JsonSchema, *, several: bool = False) -> str:
    """The type of a value in words, such as `list of keys`; `several` of them if it is in a list."""
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"] if value is not None)
    if shape := _shape(field):
        return _link(shape, several=several)
    match [kind for kind in _kinds(field) if kind != "null"]:
        case ["array"]:
            found = f"list of {_type(field['items'], several=True)}"
        case ["object"]:
            found = _mapping(field)
        case ["string", "object"]:
            found = f"text{'s' if several else ''}, or texts by language"
        case ["integer"]:
            found = f"whole number, {field['exclusiveMinimum'] + 1} or more"
        case ["boolean"]:
            found = "true or false"
        case _:
            found = _NAMES.get(field.get("pattern", ""), "text") + ("s" if several else "")
    return found


def _mapping(field: JsonSchema) -> str:
    [(pattern, inside)] = field.get("patternProperties", {"": field.get("additionalProperties")}).items()
    if not isinstance(inside, dict) or _shape(inside) == "JsonValue":
        return "mapping, in any form"
    if "properties" in field:
        return "mapping of variables to texts"
    return f"mapping of {_NAMES.get(pattern, 'id')}s to {_type(inside, several=True)}"


def _kinds(field: JsonSchema) -> Sequence[str]:
    kinds: Any = field.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def _shape(field: JsonSchema) -> str | None:
    """The name of the shape that a field refers to."""
    for each in (field, *field.get("anyOf", ())):
        if "$ref" in each:
            return str(each["$ref"]).rpartition("/")[2]
    return None


def _link(shape: str, *, several: bool = False) -> str:
    heading = _SECTIONS[shape]
    noun = heading.removeprefix("a ").removeprefix("an ")
    if several:
        first, _, rest = noun.partition(" of ")
        noun = f"{first}s of {rest}" if rest else f"{noun}s"
    return f"[{noun}](#{heading.replace(' ', '-')})"


def _required(shape: JsonSchema, name: str) -> str:
    """Whether a field is required, and where: the conditions of the schema in words."""
    if name in shape.get("required", ()):
        return "yes"
    others = [each["required"][0] for each in shape.get("anyOf", ()) if "required" in each]
    if others[:1] == [name]:
        return f"unless the file has {' or '.join(f'`{each}`' for each in others[1:])}"
    if name in shape.get("if", {}).get("required", ()) or name in shape.get("else", {}).get("required", ()):
        return "one of the two"
    return next(filter(None, (_with(rule, name) for rule in shape.get("allOf", ()))), "no")


def _with(rule: Mapping[str, Any], name: str) -> str:
    if name not in rule["then"].get("required", ()):
        return ""
    values = [f"`{value['const']}`" for value in rule["if"]["properties"].values()]
    refused = rule["else"].get("properties", {}).get(name) is False
    return f"with {' or '.join(values)}" + (", otherwise an error" if refused else "")


def _values() -> Iterator[tuple[str, str, str]]:
    for field in _ENUMS:
        for value in allowed(field):
            yield f"`{field}`", f"`{value}`", VALUES[field][value]
    for field in ("policy.skipStepIfNoContact", "policy.autoValidateAIDraft"):
        for said in (True, False):
            yield f"`{field}`", f"`{str(said).lower()}`", VALUES[field][said]


def _units() -> Iterator[tuple[str, str]]:
    return ((f"`{unit}`", count(SECONDS[unit], "second")) for unit in allowed("unit"))


def _limits() -> Iterator[tuple[str, str, str]]:
    def rule(code: str) -> str:
        return f"[{code}](rules.md#{code.lower()})"

    yield "a file", count(MAX_BYTES >> 20, "MiB"), rule("KAL002")
    yield "levels of nesting in a file", f"{MAX_DEPTH:,}", rule("KAL002")
    yield "values in a file, with aliases expanded", f"{MAX_NODES:,}", rule("KAL002")
    yield "message of an invitation", count(kal301_long_invitation.LIMIT, "character"), rule("KAL301")
    yield "subject of an InMail", count(kal303_long_inmail_subject.LIMIT, "character"), rule("KAL303")
    yield "invitations in a blueprint", "1", rule("KAL203")
