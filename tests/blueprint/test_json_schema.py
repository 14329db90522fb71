"""The JSON Schema: what an editor can check."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from kalentops.blueprint.files import SnippetsFile, SourcingFile, TemplateFile
from kalentops.blueprint.json_schema import blueprint_schema
from kalentops.support.shape import ShapeError

BLUEPRINTS = Path(__file__).parents[2] / "blueprints"
VALIDATOR = Draft202012Validator(blueprint_schema())

INVITE = {
    "id": "i",
    "name": "Invitation",
    "type": "LINKEDIN",
    "linkedInType": "LINKEDIN_INVITATION",
    "content": "",
    "temporalityType": "ASAP",
}
MAIL = {
    "id": "m",
    "name": "Mail",
    "type": "EMAIL",
    "subject": "Hi",
    "content": "Hello",
    "temporalityType": "DELAYED",
    "delay": {"value": 3, "unit": "day"},
    "contentSource": "manual",
    "policy": {"skipStepIfNoContact": True, "autoValidateAIDraft": False, "inviteTimeoutDays": 3},
    "config": {"userId": "u1"},
}
INMAIL = {**INVITE, "id": "n", "linkedInType": "LINKEDIN_INMAIL", "subject": "Hi", "content": "Hello"}
SMS = {**INVITE, "id": "s", "type": "SMS", "content": "Hello"}
del SMS["linkedInType"]
ADDED = {**SMS, "id": "t", "after": "m"}
USE = {
    "use": "linkedin-first",
    "name": "Another name",
    "language": "pt-BR",
    "with": {"pitch": "six people", "no-value": ""},
    "change": {
        "m": {"delay": {"value": 4, "unit": "day"}, "subject": None, "policy": {"skipStepIfNoContact": None}},
        "i": {
            "name": "N",
            "type": "LINKEDIN",
            "content": "x",
            "temporalityType": "ASAP",
            "contentSource": "manual",
        },
    },
    "remove": ["n"],
    "add": [ADDED, {**MAIL, "id": "u", "before": "i"}],
    "config": {"x": 1},
    "protect": True,
}
TEMPLATE = {
    "template": "linkedin-first",
    "parameters": {
        "pitch": {"about": "One sentence"},
        "end": {"default": {"en": "Bye", "fr": "Adieu"}},
        "x": {},
    },
    "languages": ["en", "fr"],
    "name": {"en": "LinkedIn", "fr": "LinkedIn"},
    "steps": [
        {**INVITE, "name": {"en": "Invitation"}, "content": {"en": "", "fr": ""}},
        {**MAIL, "subject": {"en": "Hi"}, "content": "Hello {{param.end}}"},
        {**INMAIL, "subject": {"en": "Hi"}},
        SMS,
    ],
    "config": {"x": [1]},
}
SNIPPETS = {"snippets": {"bye": "Bye", "best": {"en": "Best", "fr": "Cordialement"}, "empty": ""}}
POSITION = {
    "sourcingId": "s1",
    "title": "Senior backend engineer, Paris",
    "language": "fr",
    "sample": {"sourcingLocation": "Paris", "other": "x"},
    "blueprints": {"a": USE, "b": {"name": "B", "language": "en"}},
    "moved": [{"from": "x", "to": "a"}],
    "removed": ["y"],
}
GOOD = {
    "sourcingId": "s1",
    "blueprints": {"a-1": {"name": "A", "steps": [INVITE, MAIL, INMAIL, SMS], "config": {"x": [1, None]}}},
}


def test_it_is_a_schema() -> None:
    schema = blueprint_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == "A position, a template or snippets of kalentops"


def test_every_field_is_described() -> None:
    schema = blueprint_schema()
    for shape in (schema, *schema["$defs"].values()):
        for name, field in shape.get("properties", {}).items():
            assert field.get("description"), name
            assert not {"title", "default"} & field.keys(), name
    assert "after the step before" in schema["$defs"]["Step"]["properties"]["delay"]["description"]


def test_making_it_twice_gives_the_same() -> None:
    assert blueprint_schema() == blueprint_schema()


@pytest.mark.parametrize("path", sorted(BLUEPRINTS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_the_blueprints_of_this_repository(path: Path) -> None:
    VALIDATOR.validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def test_good_files() -> None:
    VALIDATOR.validate(GOOD)
    VALIDATOR.validate({"sourcingId": "s1", "blueprints": {}})
    VALIDATOR.validate({"sourcingId": "s1", "blueprints": {"a": {"name": "A"}}})
    VALIDATOR.validate({"sourcingId": "s1", "removed": ["a"]})
    VALIDATOR.validate(POSITION)
    VALIDATOR.validate(TEMPLATE)
    VALIDATOR.validate({"template": "t", "name": "T"})
    VALIDATOR.validate(SNIPPETS)


Edit = Callable[[dict[str, Any], list[dict[str, Any]]], object]
BAD: dict[str, Edit] = {
    "no sourcing": lambda file, _: file.pop("sourcingId"),
    "an empty sourcing": lambda file, _: file.update(sourcingId=""),
    "a sourcing of another kind": lambda file, _: file.update(sourcingId=5),
    "no blueprints": lambda file, _: file.pop("blueprints"),
    "nothing of any key": lambda file, _: [file.pop("blueprints"), file.update(removed=[])],
    "an unknown field": lambda file, _: file.update(sourcings=[]),
    "a bad key": lambda file, _: file["blueprints"].update(A={"name": "A"}),
    "a long key": lambda file, _: file["blueprints"].update({"a" * 65: {"name": "A"}}),
    "no name": lambda file, _: file["blueprints"]["a-1"].pop("name"),
    "an unknown field of a blueprint": lambda file, _: file["blueprints"]["a-1"].update(start=True),
    "config of another kind": lambda file, _: file["blueprints"]["a-1"].update(config=[]),
    "a step of another kind": lambda _, steps: steps.append(5),  # type: ignore[arg-type]
    "no id": lambda _, steps: steps[0].pop("id"),
    "an empty id": lambda _, steps: steps[0].update(id=""),
    "no content": lambda _, steps: steps[0].pop("content"),
    "an unknown channel": lambda _, steps: steps[3].update(type="FAX"),
    "a channel in lower case": lambda _, steps: steps[3].update(type="sms"),
    "LINKEDIN without linkedInType": lambda _, steps: steps[0].pop("linkedInType"),
    "linkedInType elsewhere": lambda _, steps: steps[3].update(linkedInType="LINKEDIN_MESSAGE"),
    "DELAYED without delay": lambda _, steps: steps[1].pop("delay"),
    "delay elsewhere": lambda _, steps: steps[0].update(delay={"value": 1, "unit": "day"}),
    "hours": lambda _, steps: steps[1].update(delay={"value": 1, "unit": "hour"}),
    "a delay of 0": lambda _, steps: steps[1].update(delay={"value": 0, "unit": "day"}),
    "a delay of half a day": lambda _, steps: steps[1].update(delay={"value": 0.5, "unit": "day"}),
    "a delay without a unit": lambda _, steps: steps[1].update(delay={"value": 1}),
    "an e-mail without a subject": lambda _, steps: steps[1].pop("subject"),
    "a subject of an SMS": lambda _, steps: steps[3].update(subject="Hi"),
    "a subject of an invitation": lambda _, steps: steps[0].update(subject="Hi"),
    "an unknown policy": lambda _, steps: steps[1].update(policy={"retry": True}),
    "a policy of text": lambda _, steps: steps[1].update(policy={"skipStepIfNoContact": "yes"}),
    "an unknown content source": lambda _, steps: steps[1].update(contentSource="ai"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files(name: str) -> None:
    file = copy.deepcopy(GOOD)
    BAD[name](file, file["blueprints"]["a-1"]["steps"])  # type: ignore[index]
    assert not VALIDATOR.is_valid(file)


def test_an_editor_says_what_is_wrong_in_the_branch_that_is_meant() -> None:
    """Not that no alternative fits."""
    bad = copy.deepcopy(POSITION)
    bad["blueprints"]["a"]["steps"] = []  # type: ignore[index]
    assert messages(bad) == ["Additional properties are not allowed ('steps' was unexpected)"]
    assert messages({**TEMPLATE, "name": 5}) == ["5 is not of type 'string', 'object'"]
    assert messages({"template": "t"}) == ["'name' is a required property"]
    assert messages({"title": "x"})[0] == "'sourcingId' is a required property"


@pytest.mark.parametrize(
    ("folders", "good", "bad"),
    [
        ([], "s_1", {"production": "s_1"}),
        ([("production",), ("acme",)], "s_1", {"production": "s_1"}),
        ([("production", "trial")], {"trial": "s_9"}, "s_1"),
        ([("production", "trial")], {"production": "s_1", "trial": "s_9"}, {"prodution": "s_1"}),
        ([("production", "trial")], {"production": "s_1"}, {}),
        ([("production", "trial"), ("acme",)], {"production": "s_1"}, {"acme": "s_1"}),
        ([("production", "trial"), ("acme",)], "s_1", ""),
    ],
)
def test_ids_by_environment_are_for_a_folder_that_several_read(
    folders: list[tuple[str, ...]], good: Any, bad: Any
) -> None:
    validator = Draft202012Validator(blueprint_schema((), folders))
    assert validator.is_valid({"sourcingId": good, "blueprints": {}})
    assert not validator.is_valid({"sourcingId": bad, "blueprints": {}})


def messages(data: dict[str, Any]) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(data)]


def test_what_a_project_has_is_offered_and_never_an_error() -> None:
    """The schema may be older than the files."""
    schema = blueprint_schema([TemplateFile.read(TEMPLATE)])
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    validator.validate(POSITION)
    for other in ({"use": "new"}, {"use": "linkedin-first", "with": {"new": "x"}, "remove": ["new"]}):
        validator.validate({"sourcingId": "s", "blueprints": {"a": other}})
    assert not validator.is_valid(
        {"sourcingId": "s", "blueprints": {"a": {"use": "linkedin-first", "steps": []}}}
    )
    assert schema["$defs"]["AnyBlueprint"]["properties"]["use"]["examples"] == ["linkedin-first"]
    [branch] = schema["$defs"]["Use"]["allOf"]
    assert branch["if"]["properties"] == {"use": {"const": "linkedin-first"}}
    offered = branch["then"]["properties"]
    assert offered["with"]["properties"]["pitch"] == {"description": "One sentence"}
    assert offered["with"]["properties"].keys() == {"pitch", "end", "x"}
    assert offered["change"]["properties"].keys() == {"i", "m", "n", "s"}
    assert offered["remove"]["items"]["examples"] == ["i", "m", "n", "s"]
    assert offered["language"]["examples"] == ["en", "fr"]


Kind = tuple[dict[str, Any], Callable[[dict[str, Any]], object]]
WRONG: dict[str, Kind] = {
    "two kinds": (TEMPLATE, lambda file: file.update(sourcingId="s1")),
    "snippets beside a template": (TEMPLATE, lambda file: file.update(snippets={})),
    "a template without a name": (TEMPLATE, lambda file: file.pop("name")),
    "a bad name of a template": (TEMPLATE, lambda file: file.update(template="LinkedIn first")),
    "a bad name of a parameter": (TEMPLATE, lambda file: file["parameters"].update(Pitch={})),
    "an unknown field of a parameter": (TEMPLATE, lambda file: file["parameters"]["x"].update(required=True)),
    "a parameter of text": (TEMPLATE, lambda file: file["parameters"].update(x="text")),
    "a bad language": (TEMPLATE, lambda file: file["languages"].append("english")),
    "a text in a bad language": (TEMPLATE, lambda file: file["steps"][0]["content"].update(English="x")),
    "a text of numbers": (TEMPLATE, lambda file: file["steps"][0]["content"].update(en=5)),
    "an e-mail of a template without a subject": (TEMPLATE, lambda file: file["steps"][1].pop("subject")),
    "a subject of an SMS of a template": (
        TEMPLATE,
        lambda file: file["steps"][3].update(subject={"en": "Hi"}),
    ),
    "DELAYED in a template without delay": (TEMPLATE, lambda file: file["steps"][1].pop("delay")),
    "a position's field in a template": (TEMPLATE, lambda file: file.update(protect=True)),
    "a template that uses one": (TEMPLATE, lambda file: file.update(use="other")),
    "a bad name of a snippet": (SNIPPETS, lambda file: file["snippets"].update(Bye="x")),
    "a snippet of a list": (SNIPPETS, lambda file: file["snippets"].update(x=["y"])),
    "blueprints beside snippets": (SNIPPETS, lambda file: file.update(blueprints={})),
    "texts by language in a position": (
        POSITION,
        lambda file: file["blueprints"]["a"]["change"]["i"].update(content={"en": "x"}),
    ),
    "texts by language in `with`": (
        POSITION,
        lambda file: file["blueprints"]["a"]["with"].update(x={"en": "x"}),
    ),
    "a number in `with`": (POSITION, lambda file: file["blueprints"]["a"]["with"].update(x=5)),
    "null in `with`": (POSITION, lambda file: file["blueprints"]["a"]["with"].update(x=None)),
    "a bad name in `with`": (POSITION, lambda file: file["blueprints"]["a"]["with"].update(A="x")),
    "`steps` beside `use`": (POSITION, lambda file: file["blueprints"]["a"].update(steps=[])),
    "`change` without `use`": (POSITION, lambda file: file["blueprints"]["a"].pop("use")),
    "another id": (POSITION, lambda file: file["blueprints"]["a"]["change"]["i"].update(id="x")),
    "no name by null": (POSITION, lambda file: file["blueprints"]["a"]["change"]["i"].update(name=None)),
    "no content by null": (
        POSITION,
        lambda file: file["blueprints"]["a"]["change"]["i"].update(content=None),
    ),
    "`change` by a list": (POSITION, lambda file: file["blueprints"]["a"].update(change=[{"id": "i"}])),
    "`remove` of a text": (POSITION, lambda file: file["blueprints"]["a"].update(remove="i")),
    "an added step without a place": (POSITION, lambda file: file["blueprints"]["a"]["add"][0].pop("after")),
    "an added step with two": (POSITION, lambda file: file["blueprints"]["a"]["add"][0].update(before="i")),
    "an added SMS with a subject": (
        POSITION,
        lambda file: file["blueprints"]["a"]["add"][0].update(subject="Hi"),
    ),
    "an anchor of a plain step": (POSITION, lambda file: file["blueprints"]["b"].update(steps=[ADDED])),
    "a value of `sample` that is no text": (POSITION, lambda file: file["sample"].update(firstname=5)),
    "an empty title": (POSITION, lambda file: file.update(title="")),
}


@pytest.mark.parametrize("name", WRONG)
def test_bad_files_of_the_three_kinds(name: str) -> None:
    good, edit = WRONG[name]
    file = copy.deepcopy(good)
    edit(file)
    assert not VALIDATOR.is_valid(file)


VALUES: tuple[Any, ...] = (
    None,
    "",
    "x",
    "X y",
    5,
    -1,
    True,
    [],
    ["x"],
    {},
    {"en": "x"},
    {"EN": "x"},
    {"x": 5},
    {"x": {}},
)
# These follow rules that go beyond the shape, which the schema knows and the models don't.
BEYOND = {
    "type",
    "linkedInType",
    "subject",
    "temporalityType",
    "delay",
    "after",
    "before",
    "id",
    "sourcingId",
}


def variants(data: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The data with each value replaced, or dropped; and with another field in each mapping."""
    parts = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, each in parts:
        for path, other in variants(each):
            yield (key, *path), _with(data, key, other)
        for value in VALUES:
            yield (key,), _with(data, key, value)
        yield (
            (key,),
            [*data[:key], *data[key + 1 :]]
            if isinstance(data, list)
            else {name: value for name, value in data.items() if name != key},
        )
    if isinstance(data, dict):
        yield ("other",), {**data, "other": "x"}


def _with(data: Any, key: Any, value: Any) -> Any:
    changed = copy.copy(data)
    changed[key] = value
    return changed


def reads(kind: type[SourcingFile | TemplateFile | SnippetsFile], data: Any) -> bool:
    try:
        kind.read(data)
    except ShapeError:
        return False
    return True


@pytest.mark.parametrize(
    ("kind", "good"), [(SourcingFile, POSITION), (TemplateFile, TEMPLATE), (SnippetsFile, SNIPPETS)]
)
def test_the_schema_agrees_with_the_models(
    kind: type[SourcingFile | TemplateFile | SnippetsFile], good: dict[str, Any]
) -> None:
    for path, data in variants(good):
        if BEYOND & {*path} or (data and "change" in path and path[-1] in {"name", "content"}):
            continue
        assert VALIDATOR.is_valid(data) == reads(kind, data), (path, data)
