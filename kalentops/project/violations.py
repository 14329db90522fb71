"""How data misses its schema, in words: one message for each violation, in blueprint files and in `kalentops.yaml`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kalentops.lint.finding import DataPath, Problem
from kalentops.support.shape import Schema, Violation
from kalentops.support.text import clip, fold, nearest
from kalentops.support.text_diff import did_you_mean, lookalike_note

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
    """The one of `fields` that an unknown key was probably meant to be."""
    fields = tuple(fields)
    synonym = _SYNONYMS.get(fold(key))
    return synonym if synonym in fields else nearest(key, fields)


def to_problems(violations: Sequence[Violation], schema: Schema, data: Any) -> Iterator[Problem]:
    """A problem for each violation of the data. A misspelt key is one problem: the right key is not missing as well."""
    meant = {(*violation.path[:-1], meant_by(violation, schema, data)) for violation in violations}
    for violation in violations:
        if violation.kind != "missing" or violation.path not in meant:
            found = _Found.of(violation, schema, data)
            yield _BY_KIND.get(violation.kind, _wrong_type)(found)


def meant_by(violation: Violation, schema: Schema, data: Any) -> str | None:
    """The field that an unknown one was meant to be or to belong to: `skipStepIfNoContact` belongs to `policy`."""
    near = misspelt(violation, schema, data)
    if near or violation.kind != "extra_forbidden":
        return near
    place = _inner(_Found.of(violation, schema, data))
    return place[0] if place else None


def misspelt(violation: Violation, schema: Schema, data: Any) -> str | None:
    """The field beside an unknown one that the unknown one was probably meant to be."""
    if violation.kind != "extra_forbidden":
        return None
    found = _Found.of(violation, schema, data)
    return field_meant(found.key, found.owner.fields)


@dataclass(frozen=True, slots=True)
class _Found:
    """A violation, and the schema of each value that its path leads through."""

    violation: Violation
    chain: Sequence[Schema]

    @classmethod
    def of(cls, violation: Violation, schema: Schema, data: Any) -> _Found:
        return cls(violation, schema.along(violation.path, data))

    @property
    def path(self) -> DataPath:
        return self.violation.path

    @property
    def key(self) -> str:
        return str(self.path[-1])

    @property
    def owner(self) -> Schema:
        """The schema of the mapping or list that holds the value, or of the last one that is known."""
        return self.chain[: len(self.path)][-1]

    @property
    def wanted(self) -> Schema | None:
        return self.chain[len(self.path)] if len(self.chain) > len(self.path) else None

    def name(self, depth: int) -> str:
        """What a message calls the value at the first `depth` parts of the path."""
        noun = self.chain[depth].noun if depth < len(self.chain) else ""
        if not depth:
            return f"the {noun}"
        last = self.path[depth - 1]
        if isinstance(last, int):
            return f"{noun} {last + 1}" if noun else f"entry {last + 1} of `{self.path[depth - 2]}`"
        return f"`{clip(last)}`"

    @property
    def owner_name(self) -> str:
        return f"the {self.owner.noun}" if self.owner.noun else self.name(len(self.path) - 1)

    def problem(self, code: str, message: str, hint: str, *, on_key: bool = False) -> Problem:
        return Problem(self.path, message, hint, on_key=on_key, code=code)


def _unknown(found: _Found) -> Problem:
    key, value, fields = found.key, found.violation.value, found.owner.fields
    near = field_meant(key, fields)
    hint = did_you_mean(key, near) if near else _elsewhere(found)
    field, colon, rest = key.partition(":")
    if colon and rest and field in fields:
        hint = f"write a space after the colon: `{field}: {clip(rest, 20)}`"
    if near == "sourcingId" and isinstance(value, list):
        hint = _ONE_SOURCING
    return found.problem("KAL010", f"`{clip(key)}` is not a field of {found.owner_name}", hint, on_key=True)


_ONE_SOURCING: Final = "write `sourcingId: ID`: each file serves one sourcing; write one file for each"


def _inner(found: _Found) -> tuple[str, str] | None:
    """A field of the same mapping that has a field of nearly this name: `policy` and `skipStepIfNoContact`."""
    pairs = ((place, nearest(found.key, each.fields)) for place, each in found.owner.fields.items())
    return next(((place, near) for place, near in pairs if near), None)


def _elsewhere(found: _Found) -> str:
    """Where an unknown field belongs, or else which fields there are."""
    inner = _inner(found)
    if inner:
        return f"it belongs below `{inner[0]}`: `{inner[0]}: {{{inner[1]}: …}}`"
    for depth, outer in enumerate(found.chain[: len(found.path) - 1]):
        if found.key in outer.fields:
            return f"it belongs to {found.name(depth)}: write it beside `{found.path[depth]}`, less indented"
    for place, each in found.owner.fields.items():
        if each.items and found.key in each.items.fields and each.items.noun:
            return f"it belongs to a {each.items.noun}: write it inside one, below `{place}`"
    return "the fields are " + ", ".join(found.owner.fields)


def _missing(found: _Found) -> Problem:
    hint = _EXAMPLES.get(found.key, f"`{found.key}: …`")
    return found.problem("KAL011", f"`{found.key}` is missing in {found.owner_name}", f"write {hint}")


_MOVE: Final = "`moved: [{from: OLD_KEY, to: NEW_KEY}]`"
_DELAY: Final = "`delay: {value: 3, unit: day}`"
_EXAMPLES: Final = {
    "file": "`sourcingId:` and `blueprints:`",
    "blueprint": "`name:` and `steps:` below it",
    "step": "`id:`, `name:`, `type:`, `temporalityType:` and `content:`",
    "sourcingId": "`sourcingId: …`, the id of the open position in Kalent",
    "blueprints": "`blueprints:`, and one key for each sequence below it",
    "moved": _MOVE,
    "from": _MOVE,
    "to": _MOVE,
    "removed": "`removed: [KEY]`",
    "id": "`id: …`, which is unique within the blueprint and never changes",
    "name": "`name: …`, a label for people",
    "steps": "`steps:`, and `- id: …` for each step below it; or `steps: []`",
    "type": "`type: LINKEDIN`, WHATSAPP, EMAIL or SMS",
    "temporalityType": "`temporalityType: ASAP`, DELAYED or AFTER_INVITATION_SETTLED",
    "content": '`content:` with the message; for a plain LINKEDIN_INVITATION, `content: ""`',
    "delay": _DELAY,
    "value": _DELAY,
    "unit": _DELAY,
    "policy": "`policy: {skipStepIfNoContact: true}`",
}
"""How to write a field, or a mapping that a message calls by this noun."""


_OTHER_UNITS: Final = {
    "hour": "there are no hours: write minutes, an hour is `{value: 60, unit: minute}`",
    "week": "there are no weeks: write days, a week is `{value: 7, unit: day}`",
    "month": "there are no months: write days",
}


def _not_a_choice(found: _Found) -> Problem:
    value, choices = found.violation.value, found.wanted.choices if found.wanted else ()
    if not isinstance(value, str):
        return _wrong_type(found)
    near = nearest(value, choices)
    hint = did_you_mean(value, near) if near else "write one of " + ", ".join(choices)
    if found.key == "unit":
        hint = _OTHER_UNITS.get(value.lower().rstrip("s"), hint)
    return found.problem("KAL013", f"`{found.key}` can't be `{clip(value)}`", hint)


def _wrong_type(found: _Found) -> Problem:
    kind = found.wanted.kind if found.wanted else "another kind of value"
    message = f"{found.name(len(found.path))} must be {kind}, {_but(found.violation)}"
    return found.problem("KAL012", message, _retype(found, kind))


def _retype(found: _Found, kind: str) -> str:
    """What to write instead of a value of the wrong type."""
    violation, value = found.violation, found.violation.value
    choices = found.wanted.choices if found.wanted else ()
    scalar = isinstance(value, bool | int | float)
    if choices:
        return "write one of " + ", ".join(choices)
    if kind == "true or false" and isinstance(value, str):
        return "write true or false, without quotes (yes and no are text)"
    if kind == "a whole number" and isinstance(value, str) and value.strip().isdecimal():
        return "remove the quotes"
    if kind == "text":
        if found.key == "sourcingId" and not scalar:
            return (
                _ONE_SOURCING
                if isinstance(value, list)
                else "write the id of a sourcing: `kalentops sourcings` lists them"
            )
        return (
            f'quote it: "{clip(violation.written)}"'
            if scalar
            else _QUOTE_NOTHING
            if value is None
            else _QUOTE
        )
    noun = found.wanted.noun if found.wanted else ""
    named = _EXAMPLES.get(noun) or (_EXAMPLES.get(found.key) if found.path else None)
    return f"write {named or _FORMS.get(kind, kind)}"


_FORMS: Final = {
    "a mapping": "one `key: value` on each line below it",
    "a list": "one `- ` on each line below it",
}


_QUOTE: Final = "quote it, or write it below a `|-`: a { or [ begins a mapping or a list"
_QUOTE_NOTHING: Final = (
    "write a text; quote it if it begins with `#`, `&` or `!`, which mean something else in YAML"
)


def _empty(found: _Found) -> Problem:
    return found.problem("KAL014", f"`{found.key}` is empty", "write a text")


def _out_of_range(found: _Found) -> Problem:
    high = found.violation.context["le"] if found.violation.kind == "less_than_equal" else None
    message = f"`{found.key}` can't be {clip(found.violation.written)}"
    return found.problem(
        "KAL015", message, f"write a whole number {'of 1 or more' if high is None else f'from 1 to {high}'}"
    )


def _bad_key(found: _Found) -> Problem:
    on_key = found.violation.kind == "key"
    key = found.key if on_key else str(found.violation.value)
    hint = "use lower-case letters, digits and hyphens, beginning with a letter or digit, at most 64"
    message = f"`{clip(key)}` can't be the key of a blueprint"
    return found.problem("KAL016", message, hint + lookalike_note(key), on_key=on_key)


_BY_KIND: Final[dict[str, Callable[[_Found], Problem]]] = {
    "extra_forbidden": _unknown,
    "missing": _missing,
    "literal_error": _not_a_choice,
    "string_too_short": _empty,
    "greater_than": _out_of_range,
    "less_than_equal": _out_of_range,
    "key": _bad_key,
    "string_pattern_mismatch": _bad_key,
}


def _but(violation: Violation) -> str:
    value = violation.value
    if value is None:
        return "but it has no value"
    if isinstance(value, bool):
        return f"not {clip(violation.written)}"
    if isinstance(value, int | float):
        return f"not the number {clip(violation.written, 20)}"
    if isinstance(value, dict):
        return "not a mapping"
    return "not a list" if isinstance(value, list) else f"not the text `{clip(str(value), 30)}`"
