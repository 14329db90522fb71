"""How data misses its shape, said to somebody who writes sequences: codes KAL010 to KAL019."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kalentops.finding import Problem
from kalentops.model import Blueprint, Delay, Policy, SourcingFile, Step, StepConfig, allowed
from kalentops.shape import Shape, Violation
from kalentops.text import clip, nearest

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
    """The violation as a problem with code, message and hint; for an unknown key, `token` is the one meant."""
    return _BY_KIND.get(violation.kind, _wrong_type)(violation)


def _unknown(v: Violation) -> Problem:
    key = str(v.path[-1])
    fields = list(_owner(v.path).model_fields)
    meant = nearest(key, fields)
    hint = f"did you mean `{meant}`?" if meant else _elsewhere(key, fields)
    return Problem(
        v.path, f"`{clip(key)}` is not a field of {_what(v.path)}", hint, meant, on_key=True, code="KAL010"
    )


def _elsewhere(key: str, fields: list[str]) -> str:
    for place, model in (("policy", Policy), ("config", StepConfig), ("delay", Delay)):
        if nearest(key, model.model_fields) and place in fields:
            return f"did you mean `{place}: {{{nearest(key, model.model_fields)}: …}}`?"
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
    "unit": "write a delay as `{value: 3, unit: day}`",
}


def _not_allowed(v: Violation) -> Problem:
    if not isinstance(v.value, str):
        return _wrong_type(v)
    values = allowed(str(v.path[-1]))
    meant = nearest(v.value, values)
    known = {"hour": "minutes: `{value: 60, unit: minute}`", "week": "days: `{value: 7, unit: day}`"}
    unit = known.get(v.value.lower().rstrip("s"))
    if unit:
        hint = f"write it in {unit}"
    else:
        hint = f"did you mean `{meant}`?" if meant else "write one of " + ", ".join(values)
    return Problem(v.path, f"`{clip(v.value)}` is not a `{v.path[-1]}`", hint, code="KAL013")


def _wrong_type(v: Violation) -> Problem:
    wanted = _KIND.get(v.kind, "another kind of value")
    field = f"`{v.path[-1]}`" if v.path else "the file"
    if wanted == "text" and isinstance(v.value, bool | int | float):
        hint = f'quote it: "{clip(str(v.value))}"'
    elif v.kind == "bool_type" and isinstance(v.value, str):
        hint = "write true or false, without quotes (yes and no are text)"
    elif wanted == "a whole number" and isinstance(v.value, str):
        hint = "remove the quotes"
    else:
        hint = f"write {wanted}"
    return Problem(v.path, f"{field} has to be {wanted}, here stands {_seen(v.value)}", hint, code="KAL012")


def _empty(v: Violation) -> Problem:
    return Problem(v.path, f"`{v.path[-1]}` is empty", "write a text", code="KAL014")


def _out_of_range(v: Violation) -> Problem:
    hint = "write a whole number from 1 on"
    return Problem(v.path, f"`{v.path[-1]}` can't be {clip(str(v.value))}", hint, code="KAL015")


def _bad_key(v: Violation) -> Problem:
    return Problem(
        v.path,
        f"`{clip(str(v.path[-1]))}` can't be the key of a blueprint",
        "use small letters, digits and hyphens, beginning with a letter or digit, at most 64",
        on_key=True,
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
}


def _seen(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"the value {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {clip(str(value), 20)}"
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else f"the text `{clip(str(value), 30)}`"


_PARTS: dict[str | int, type[Shape]] = {"delay": Delay, "config": StepConfig, "policy": Policy}


def _owner(path: tuple[str | int, ...]) -> type[Shape]:
    """The model whose field the last part of the path is: `blueprints, KEY, steps, 2, delay, unit` → Delay."""
    by_depth: dict[int, type[Shape]] = {1: SourcingFile, 3: Blueprint, 5: Step}
    return by_depth.get(len(path)) or _PARTS.get(path[4], Step)


def _what(path: tuple[str | int, ...]) -> str:
    owner = _owner(path)
    if owner is SourcingFile:
        return "the file"
    if owner is Blueprint:
        return "the blueprint"
    return "the step" if owner is Step else f"`{path[-2]}`"
