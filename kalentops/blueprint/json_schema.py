"""The JSON Schema (2020-12) of the three kinds of files, for editors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from kalentops.blueprint.files import KINDS, TemplateFile
from kalentops.blueprint.variables import MEANINGS
from kalentops.support.shape import shape_schema

JsonSchema: TypeAlias = dict[str, Any]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_USE: Final = "The name of the template that this blueprint is made from: the `template` of its file."
_CONFIG: Final = (
    "Settings of the sequence, in any form. Kalent never shows them again, so kalentops can't compare them."
)
_PROTECT: Final = (
    "With true, an update needs `kalentops apply --overwrite ADDRESS`. Kalent does not get this field."
)
_LANGUAGE: Final = (
    "The language of its texts, if it is not that of the position. Kalent does not get this field."
)
_STEP: Final = {
    "id": "Chosen by you, unique within the blueprint. Keep it: it says which step an edit belongs to.",
    "name": "A label for your team. Candidates don't see it.",
    "type": "The channel.",
    "linkedInType": "The kind of LinkedIn message.",
    "subject": "The subject of an e-mail or of an InMail, one line. Any other message with a subject is an error.",
    "content": "The message, as plain text with variables such as {{firstname}}.",
    "temporalityType": "When it is sent: with the step before (ASAP), `delay` after the step before (DELAYED), or when "
    "the invitation before it was accepted or has waited long enough (AFTER_INVITATION_SETTLED).",
    "delay": "How long to wait after the step before, not after the start: {value: 3, unit: day}.",
    "contentSource": "Who writes the text: you (manual), or Kalent's AI for each candidate (suggestedByKalent).",
    "config": "Who sends, if it is not the owner of the sequence.",
    "policy": "What happens if a contact, an approval or an answer is missing.",
}
_FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "SourcingFile": {
        "sourcingId": "The id of the sourcing (open position) that this file serves; `kalentops sourcings` lists the "
        "ids. In a folder that several environments read, one id for each: {production: ID, trial: ID}.",
        "title": "What people call the position. Plans, comments and the preview show it; `import` fills it in.",
        "language": "The language of its texts, such as en, fr or pt-BR. It says which texts of a template are taken.",
        "sample": "What the preview fills in for this position, such as {sourcingLocation: Paris}.",
        "blueprints": "The blueprints of the sourcing, each below its key, which identifies it for good.",
        "moved": "Keys that were renamed: the same blueprint continues under another key.",
        "removed": "Keys that the state forgets. Nothing is deleted in Kalent.",
    },
    "Blueprint": {
        "name": "The name in Kalent, unique within the sourcing. You may change it: `apply` then renames the "
        "blueprint in Kalent.",
        "steps": "The messages, in order. Kalent can't start a blueprint without a step.",
        "config": _CONFIG,
        "protect": _PROTECT,
        "language": _LANGUAGE,
    },
    "Use": {
        "use": _USE,
        "with": "The values of the template's parameters: texts in the language of the position.",
        "change": "How this position differs from the template, by the id of the step. Only the named fields change.",
        "remove": "The ids of steps that this position does not have.",
        "add": "Steps of this position's own, each after or before another one.",
        "name": "The name in Kalent, in place of the template's.",
        "language": _LANGUAGE,
        "config": "Settings of the sequence, in place of the template's as a whole.",
        "protect": _PROTECT,
    },
    "TemplateFile": {
        "template": "The name of the template, unique in the project. Blueprints name it in `use`.",
        "parameters": "What the template leaves open, by name. In a text, `{{param.NAME}}` stands for the value.",
        "languages": "The languages in which it has its texts, such as [en, fr]. Then a text may be {en: …, fr: …}; a "
        "plain text serves all.",
        "name": "The name of the blueprint in Kalent, unless a position says its own.",
        "steps": "The messages, in order. Each position can change, remove and add steps.",
        "config": _CONFIG,
    },
    "Parameter": {
        "about": "What to write for it, for the authors of positions.",
        "default": "The text for positions that say nothing. Without it, each position has to say it.",
    },
    "SnippetsFile": {
        "snippets": "Texts by name. In templates, `change` and `add`, `{{snippet.NAME}}` stands for one."
    },
    "Move": {"from": "The key that it had.", "to": "The key that it has now."},
    "Step": _STEP,
    "TemplateStep": _STEP,
    "StepChange": {name: text for name, text in _STEP.items() if name != "id"},
    "AddedStep": _STEP
    | {
        "after": "The id of the step that it comes after. An earlier step of `add` counts, too.",
        "before": "The id of the step that it comes before. An earlier step of `add` counts, too.",
    },
    "Delay": {
        "value": "How many units to wait.",
        "unit": "There is no hour and no week: write 60 minutes or 7 days.",
    },
    "StepConfig": {
        "userId": "The Kalent user who sends this step. Kalent never shows it again, so kalentops can't compare it."
    },
    "Policy": {
        "skipStepIfNoContact": "With true, the step is skipped if the candidate has no such contact. Otherwise the "
        "sequence stops there.",
        "autoValidateAIDraft": "With true, drafts of Kalent's AI go out without approval.",
        "inviteTimeoutDays": "On the step after an invitation: days after which the sequence goes on without an "
        "answer.",
    },
}
_TEXT: Final = {"properties": {"subject": {"type": ["string", "object"]}}, "required": ["subject"]}


def blueprint_schema(
    templates: Iterable[TemplateFile] = (), folders: Iterable[Sequence[str]] = ()
) -> JsonSchema:
    """The schema of a file. With the templates of a project, editors complete their names, and the parameters, step ids
    and languages of the one that a blueprint uses. An unknown one is no error here: the file of the schema may be old.
    `folders` are the environments that read each folder of blueprints.
    """
    definitions: dict[str, JsonSchema] = {}
    for kind in KINDS.values():
        schema = shape_schema(kind)
        definitions |= schema.pop("$defs", {})
        definitions[kind.__name__] = schema
    for shape in definitions.values():
        _tidy(shape)
    _complete(definitions)
    definitions["SourcingFile"]["properties"]["sourcingId"] = _sourcing_id(list(folders))
    for name, fields in _FIELDS.items():
        for field, description in fields.items():
            definitions[name]["properties"][field]["description"] = description
    _add_templates(definitions, templates)
    # An editor that can't tell the kind yet offers the keys that decide it.
    kinds = {field: {"description": _FIELDS[kind.__name__][field]} for field, kind in KINDS.items()}
    return {
        "$schema": _DIALECT,
        "title": "A position, a template or snippets of kalentops",
        "type": "object",
        "properties": kinds,
        **_if_required(
            "template", "TemplateFile", _if_required("snippets", "SnippetsFile", _ref("SourcingFile"))
        ),
        "$defs": dict(sorted(definitions.items())),
    }


def _sourcing_id(folders: Sequence[Sequence[str]]) -> JsonSchema:
    """One id, or, in a folder that several environments read, one for each."""
    shared = [each for each in folders if len(each) > 1]
    if not shared:
        return {"minLength": 1, "type": "string"}
    names = {
        name: {"type": "string", "minLength": 1, "description": f"The id of the sourcing in {name}."}
        for each in shared
        for name in each
    }
    plain = {"minLength": 1} if len(shared) < len(folders) else {}
    of_each = {"properties": names, "additionalProperties": False, "minProperties": 1}
    return {"type": ["string", "object"] if plain else "object", **plain, **of_each}


def _tidy(shape: JsonSchema) -> None:
    """In place: without what only pydantic needs; closed mappings; and, where it is possible, one schema instead of
    alternatives, which an editor would name in one unreadable message.
    """
    for schema in _walk(shape):
        for each in schema.get("properties", {}).values():
            each.pop("default", None)
            each.pop("title", None)
        for name in ("oneOf", "anyOf"):
            if all("type" in each for each in schema.get(name, [{}])):
                schema.update(_merged(schema.pop(name)))
        if "patternProperties" in schema:
            # A pattern of keys alone says nothing of those that don't fit it.
            schema["additionalProperties"] = False


def _merged(several: list[JsonSchema]) -> JsonSchema:
    """One schema for values of different types: each keyword but `enum` speaks of one type only."""
    found: JsonSchema = {}
    types: list[str] = []
    for each in several:
        found |= each
        types += each["type"] if isinstance(each["type"], list) else [each["type"]]
    enum = {"enum": [*found["enum"], *(None for each in types if each == "null")]} if "enum" in found else {}
    return found | {"type": types} | enum


def _walk(value: Any) -> Iterator[JsonSchema]:
    """All schemas, from the inside out."""
    if isinstance(value, dict):
        for each in value.values():
            yield from _walk(each)
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _walk(each)


def _complete(definitions: dict[str, JsonSchema]) -> None:
    """What the models leave to rules, in place: which fields go together, and what a change can't say."""
    for name in ("Step", "AddedStep", "TemplateStep"):
        definitions[name]["allOf"] = [
            _when(
                {"type": "LINKEDIN"}, {"required": ["linkedInType"]}, {"properties": {"linkedInType": False}}
            ),
            _when({"temporalityType": "DELAYED"}, {"required": ["delay"]}, {"properties": {"delay": False}}),
            # Only an e-mail and an InMail have a subject.
            _when({"type": "EMAIL"}, {"required": ["subject"]}, {"if": _TEXT, "then": _INMAIL}),
        ]
    after = {"required": ["after"]}
    definitions["AddedStep"] |= {
        "if": after,
        "then": {"properties": {"before": False}},
        "else": {"required": ["before"]},
    }
    change = definitions["StepChange"]["properties"]
    del change["id"]
    for name in definitions["Step"]["required"]:
        if name in change:
            change[name] = dict(definitions["Step"]["properties"][name])
    sourcing = definitions["SourcingFile"]
    sourcing["anyOf"] = [
        {"required": ["blueprints"]},
        *({"required": [name], "properties": {name: {"minItems": 1}}} for name in ("moved", "removed")),
    ]
    sourcing["properties"]["sample"]["properties"] = {
        name: {"type": "string", "description": f"What the preview shows for {{{{{name}}}}}: {meaning}."}
        for name, meaning in MEANINGS.items()
    }
    (pattern,) = sourcing["properties"]["blueprints"]["patternProperties"]
    sourcing["properties"]["blueprints"]["patternProperties"] = {pattern: _ref("AnyBlueprint")}
    definitions["AnyBlueprint"] = {
        "type": "object",
        "properties": {"use": {"description": _USE}},
        **_if_required("use", "Use", _ref("Blueprint")),
    }


_INMAIL: Final = {"properties": {"linkedInType": {"const": "LINKEDIN_INMAIL"}}, "required": ["linkedInType"]}


def _add_templates(definitions: dict[str, JsonSchema], templates: Iterable[TemplateFile]) -> None:
    """What editors complete of these templates, in place."""
    known = sorted(templates, key=lambda each: each.template)
    if not known:
        return
    names = [each.template for each in known]
    for name in ("Use", "AnyBlueprint"):
        definitions[name]["properties"]["use"]["examples"] = names
    definitions["Use"]["allOf"] = [
        {"if": _fields({"use": each.template}), "then": {"properties": _of_template(each)}} for each in known
    ]


def _of_template(template: TemplateFile) -> JsonSchema:
    ids = [step.id for step in template.steps]
    values = {
        name: {"description": parameter.about or f"{{{{param.{name}}}}} of {template.template}."}
        for name, parameter in template.parameters.items()
    }
    anchor = {"examples": ids}
    found: JsonSchema = {
        "with": {"properties": values},
        "change": {"properties": {name: _ref("StepChange") for name in ids}},
        "remove": {"items": anchor},
        "add": {"items": {"properties": {"after": anchor, "before": anchor}}},
    }
    return found | ({"language": {"examples": [*template.languages]}} if template.languages else {})


def _ref(name: str) -> JsonSchema:
    return {"$ref": f"#/$defs/{name}"}


def _if_required(field: str, then: str, otherwise: JsonSchema) -> JsonSchema:
    """One branch decided by a key: an editor then reports what misses that branch, and not that none fits."""
    return {"if": {"required": [field]}, "then": _ref(then), "else": otherwise}


def _when(fields: dict[str, str], then: JsonSchema, otherwise: JsonSchema) -> JsonSchema:
    return {"if": _fields(fields), "then": then, "else": otherwise}


def _fields(fields: dict[str, str]) -> JsonSchema:
    return {
        "properties": {name: {"const": value} for name, value in fields.items()},
        "required": list(fields),
    }
