"""How data misses its shape, in words for authors of sequences: codes KAL010 to KAL016."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from kalentops.blueprint.model import Blueprint, Delay, Move, Policy, SourcingFile, Step, StepConfig, allowed
from kalentops.lint.finding import Problem
from kalentops.support.confusables import did_you_mean, instead_of_ascii
from kalentops.support.shape import Shape, Violation
from kalentops.support.text import clip, fold, nearest

_SYNONYMS: Final = {
    "body": "content",
    "message": "content",
    "text": "content",
    "template": "content",
    "channel": "type",
    "title": "name",
    "label": "name",
    "wait": "delay",
    "timing": "temporalityType",
    "sequences": "blueprints",
    "messages": "steps",
}


def field_meant(key: str, fields: Iterable[str]) -> str | None:
    """The one of `fields` that a key which is none of them was probably meant to be."""
    fields = tuple(fields)
    synonym = _SYNONYMS.get(fold(key))
    return synonym if synonym in fields else nearest(key, fields)


_KIND: dict[str, str] = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "literal_error": "text",
}


def to_problem(violation: Violation) -> Problem:
    """The violation as a problem with code, message and hint."""
    return _BY_KIND.get(violation.kind, _wrong_type)(violation)


def meant(violation: Violation) -> str | None:
    """The field that an unknown one was meant to be or to belong to: `skipStepIfNoContact` belongs to `policy`."""
    if violation.kind != "extra_forbidden":
        return None
    near = misspelt(violation)
    if near:
        return near
    key, fields = str(violation.path[-1]), _owner(violation.path).names()
    return next((place for place, model in _INNER if place in fields and nearest(key, model.names())), None)


def misspelt(violation: Violation) -> str | None:
    """The field beside which an unknown one stands, and whose name was probably meant."""
    if violation.kind != "extra_forbidden":
        return None
    return field_meant(str(violation.path[-1]), _owner(violation.path).names())


def _unknown(v: Violation) -> Problem:
    key = str(v.path[-1])
    fields = list(_owner(v.path).names())
    near = field_meant(key, fields)
    hint = did_you_mean(key, near) if near else _elsewhere(key, fields)
    field, colon, value = key.partition(":")
    if colon and value and field in fields:
        hint = f"write a space after the colon: `{field}: {clip(value, 20)}`"
    if near == "sourcingId" and isinstance(v.value, list):
        hint = _ONE_SOURCING
    message = f"`{clip(key)}` is not a field of {_what(v.path)}"
    return Problem(v.path, message, hint, on_key=True, code="KAL010")


_ONE_SOURCING = (
    "write `sourcingId: ID`: a file serves one sourcing, and each other one gets a file of its own"
)
_INNER: tuple[tuple[str, type[Shape]], ...] = (("policy", Policy), ("config", StepConfig), ("delay", Delay))


def _elsewhere(key: str, fields: list[str]) -> str:
    for place, model in _INNER:
        near = nearest(key, model.names())
        if near and place in fields:
            return f"it belongs below `{place}`: `{place}: {{{near}: …}}`"
    if key in SourcingFile.names():
        return "it belongs to the file: write it beside `blueprints`, not indented"
    if key in Blueprint.names() and "blueprints" in fields:
        return "it belongs to a blueprint: write it below the blueprint's key"
    return "the fields are " + ", ".join(fields)


def _missing(v: Violation) -> Problem:
    return Problem(
        v.path,
        f"`{v.path[-1]}` is missing in {_what(v.path)}",
        _ADD.get(str(v.path[-1]), "add it"),
        code="KAL011",
    )


_ADD = {
    "sourcingId": "add `sourcingId: …`, the id of the open position in Kalent",
    "blueprints": "add `blueprints:` with one key for each sequence",
    "content": 'add `content:` with the message; for a plain LINKEDIN_INVITATION write `content: ""`',
    "temporalityType": "add `temporalityType: ASAP`, DELAYED or AFTER_INVITATION_SETTLED",
    "type": "add `type: LINKEDIN`, WHATSAPP, EMAIL or SMS",
    "id": "add `id: …`, stable and unique within the blueprint",
    "name": "add `name: …`, a label for people",
    "value": "write a delay as `{value: 3, unit: day}`",
    "from": "write `moved: [{from: OLD_KEY, to: NEW_KEY}]`",
    "to": "write `moved: [{from: OLD_KEY, to: NEW_KEY}]`",
    "unit": "write a delay as `{value: 3, unit: day}`",
}


_OTHER_UNITS = {
    "hour": "there are no hours: write minutes, an hour is `{value: 60, unit: minute}`",
    "week": "there are no weeks: write days, a week is `{value: 7, unit: day}`",
    "month": "there are no months: write days",
}


def _not_allowed(v: Violation) -> Problem:
    if not isinstance(v.value, str):
        return _wrong_type(v)
    values = allowed(str(v.path[-1]))
    near = nearest(v.value, values)
    hint = did_you_mean(v.value, near) if near else "write one of " + ", ".join(values)
    if v.path[-1] == "unit":
        hint = _OTHER_UNITS.get(v.value.lower().rstrip("s"), hint)
    return Problem(v.path, f"`{clip(v.value)}` is not a `{v.path[-1]}`", hint, code="KAL013")


def _wrong_type(v: Violation) -> Problem:
    wanted = _KIND.get(v.kind, "another kind of value")
    field = _called(v.path)
    if v.kind == "string_type" and isinstance(v.value, bool | int | float):
        hint = f'quote it: "{clip(v.written)}"'
    elif v.kind == "bool_type" and isinstance(v.value, str):
        hint = "write true or false, without quotes (yes and no are text)"
    elif wanted == "a whole number" and isinstance(v.value, str):
        hint = "remove the quotes"
    elif v.kind == "literal_error":
        hint = "write one of " + ", ".join(allowed(str(v.path[-1])))
    elif v.path == ("sourcingId",) and v.value is None:
        hint = "put the id of a sourcing there: `kalentops sourcings` lists them"
    elif wanted == "text" and v.value is None:
        hint = "write a text, in quotes if it begins with `#`, `&` or `!`: YAML takes that for something else"
    elif v.path == ("sourcingId",) and isinstance(v.value, list):
        hint = _ONE_SOURCING
    elif wanted == "text" and isinstance(v.value, dict | list):
        hint = "quote it, or put it below a `|-`: a { or [ begins a mapping or a list"
    else:
        example = _EXAMPLE.get(str(v.path[0]) if _of_addresses(v.path) else len(v.path))
        example = example or _EXAMPLE.get(v.path[-1])
        hint = example or f"write {wanted}"
    return Problem(v.path, f"{field} has to be {wanted}, here stands {_seen(v)}", hint, code="KAL012")


_EXAMPLE: dict[str | int, str] = {
    # By the length of the path: the file, its blueprints, one of them, one step.
    0: "write `sourcingId:` and `blueprints:`",
    1: "write one key for each sequence below it",
    2: "write `name:` and `steps:` below it",
    4: "write `id:`, `name:`, `type:`, `temporalityType:` and `content:`",
    "delay": "write `delay: {value: 3, unit: day}`",
    "policy": "write `policy: {skipStepIfNoContact: true}`",
    "moved": "write `moved: [{from: OLD_KEY, to: NEW_KEY}]`",
    "removed": "write `removed: [KEY]`",
    "steps": "begin each step with `- id: …` below it, or write `steps: []`",
}


def _called(path: tuple[str | int, ...]) -> str:
    if not path:
        return "the file"
    last = path[-1]
    if _of_addresses(path) and isinstance(last, int):
        return f"entry {last + 1} of `{path[0]}`"
    return f"step {last + 1}" if isinstance(last, int) else f"`{clip(last)}`"


def _empty(v: Violation) -> Problem:
    return Problem(v.path, f"`{v.path[-1]}` is empty", "write a text", code="KAL014")


def _out_of_range(v: Violation) -> Problem:
    most = f" to {v.context['le']}" if v.kind == "less_than_equal" else " on"
    hint = f"write a whole number from 1{most}"
    return Problem(v.path, f"`{v.path[-1]}` can't be {clip(v.written)}", hint, code="KAL015")


def _bad_key(v: Violation) -> Problem:
    return Problem(
        v.path,
        f"`{clip(str(v.value if _of_addresses(v.path) else v.path[-1]))}` can't be the key of a blueprint",
        "use small letters, digits and hyphens, beginning with a letter or digit, at most 64"
        + instead_of_ascii(str(v.value if _of_addresses(v.path) else v.path[-1])),
        on_key=not _of_addresses(v.path),
        code="KAL016",
    )


_BY_KIND: dict[str, Callable[[Violation], Problem]] = {
    "extra_forbidden": _unknown,
    "missing": _missing,
    "literal_error": _not_allowed,
    "string_too_short": _empty,
    "greater_than": _out_of_range,
    "less_than_equal": _out_of_range,
    "key": _bad_key,
    "string_pattern_mismatch": _bad_key,
}


def _seen(v: Violation) -> str:
    value = v.value
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"the value {clip(v.written)}"
    if isinstance(value, int | float):
        return f"the number {clip(v.written, 20)}"
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else f"the text `{clip(str(value), 30)}`"


_PARTS: dict[str | int, type[Shape]] = dict(_INNER)


def _of_addresses(path: tuple[str | int, ...]) -> bool:
    """Whether the path leads into `moved` or `removed`."""
    return path[:1] in {("moved",), ("removed",)}


def _owner(path: tuple[str | int, ...]) -> type[Shape]:
    """The model whose field the last part of the path is: `blueprints, KEY, steps, 2, delay, unit` → Delay."""
    if _of_addresses(path) and len(path) > 1:
        return Move
    by_depth: dict[int, type[Shape]] = {1: SourcingFile, 3: Blueprint, 5: Step}
    return by_depth.get(len(path)) or _PARTS.get(path[4], Step)


def _what(path: tuple[str | int, ...]) -> str:
    owner = _owner(path)
    if owner is SourcingFile:
        return "the file"
    if owner is Move:
        return "`moved`"
    if owner is Blueprint:
        return "the blueprint"
    return "the step" if owner is Step else f"`{path[-2]}`"
