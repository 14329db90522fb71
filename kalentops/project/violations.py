"""How data misses its schema, in words: one message for each violation, in blueprint files and in `kalentops.yaml`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any, Final, NamedTuple

from kalentops.blueprint.files import KINDS
from kalentops.lint.finding import DataPath, Problem
from kalentops.support.shape import LANGUAGE_PATTERN, Schema, Violation, is_language, item
from kalentops.support.text import ENVIRONMENT_PATTERN, clip, fold, nearest
from kalentops.support.text_diff import did_you_mean, lookalike_note

_SYNONYMS: Final = {
    "content": "body message text template",
    "type": "channel",
    "name": "title label",
    "delay": "wait",
    "temporalityType": "timing",
    "blueprints": "sequences",
    "steps": "messages",
    "use": "template uses extends inherits base from",
    "with": "parameters params variables vars values inputs arguments args",
    "parameters": "params variables vars inputs arguments args",
    "change": "changes overrides override patch",
    "remove": "removed delete drop",
    "add": "insert append",
    "languages": "language locales translations",
    "language": "lang locale",
    "about": "description doc help",
}
"""For each field, folded names that other tools give to it."""


def field_meant(key: str, fields: Iterable[str]) -> str | None:
    """The one of `fields` that an unknown key was probably meant to be."""
    fields, word = tuple(fields), fold(key)
    if _is_other_kind(key, fields):
        return None
    synonym = next((field for field in fields if word in _SYNONYMS.get(field, "").split()), None)
    return synonym or nearest(key, fields)


def _is_other_kind(key: str, fields: Iterable[str]) -> bool:
    """Whether a key is the first key of another kind of file than the one with these fields."""
    own = set(fields).intersection(KINDS)
    return bool(own) and key in {*KINDS, "blueprints"} and key not in fields


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


class _Found(NamedTuple):
    """A violation, and the schema of each value that its path leads through. `beside` is the mapping that has an
    unknown key; it is empty for a misspelt one, which the data has with its right name.
    """

    violation: Violation
    chain: Sequence[Schema]
    beside: Mapping[str, Any]

    @classmethod
    def of(cls, violation: Violation, schema: Schema, data: Any) -> _Found:
        owner = reduce(item, violation.path[:-1], data) if violation.kind == "extra_forbidden" else None
        beside = owner if isinstance(owner, Mapping) and violation.path[-1] in owner else {}
        return cls(violation, schema.along(violation.path, data), beside)

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
    if found.owner.noun == "blueprint" and key in ({"steps"} if "use" in fields else _NEEDS_USE):
        return _mixed(found)
    near = field_meant(key, [field for field in fields if field not in found.beside])
    hint = did_you_mean(key, near) if near else _elsewhere(found)
    field, colon, rest = key.partition(":")
    if colon and rest and field in fields:
        hint = f"write a space after the colon: `{field}: {clip(rest, 20)}`"
    if near == "sourcingId" and isinstance(value, list):
        hint = _ONE_SOURCING
    return found.problem("KAL010", f"`{clip(key)}` is not a field of {found.owner_name}", hint, on_key=True)


_NEEDS_USE: Final = frozenset({"with", "change", "remove", "add"})


def _mixed(found: _Found) -> Problem:
    if found.key == "steps":
        said = "a blueprint with `use` has no `steps`: its steps are the template's"
        hint = (
            "remove `steps`, and write what is different below `change`, `remove` or `add`; or remove `use`"
        )
    else:
        said = f"`{found.key}` needs a template, and this blueprint uses none"
        hint = "write `use: TEMPLATE` instead of `steps`; or remove it"
    return found.problem("KAL417", said, hint, on_key=True)


_ONE_SOURCING: Final = "write `sourcingId: ID`: each file serves one sourcing; write one file for each"


def _inner(found: _Found) -> tuple[str, str] | None:
    """A field of the same mapping that has a field of nearly this name: `policy` and `skipStepIfNoContact`."""
    pairs = ((place, nearest(found.key, each.fields)) for place, each in found.owner.fields.items())
    return next(((place, near) for place, near in pairs if near), None)


def _elsewhere(found: _Found) -> str:
    """Where an unknown field belongs, or else which fields there are."""
    is_other = _is_other_kind(found.key, found.owner.fields)
    said = _OTHER_KIND if is_other else _NOT_HERE.get((found.owner.noun, found.key))
    if said:
        return said
    inner = _inner(found)
    if inner:
        return f"it belongs below `{inner[0]}`: `{inner[0]}: {{{inner[1]}: …}}`"
    for depth, outer in enumerate(found.chain[: len(found.path) - 1]):
        if found.key in outer.fields:
            return f"it belongs to {found.name(depth)}: write it beside `{found.path[depth]}`, less indented"
    for place, each in found.owner.fields.items():
        if each.kind == "a mapping" and found.beside.get(place, ...) is None:
            return f"if it belongs to `{place}`, indent it below"
        if each.items and found.key in each.items.fields and each.items.noun:
            return f"it belongs to a {each.items.noun}: write it inside one, below `{place}`"
    return "the fields are " + ", ".join(found.owner.fields)


_OTHER_KIND: Final = "a file has `sourcingId`, `template` or `snippets`: write one file for each"
_POSITION: Final = "it belongs to a blueprint that uses the template, in a file with `sourcingId`"
_ORDER: Final = (
    "a template sets the order of its steps; `kalentops detach ADDRESS` makes a plain blueprint of this one"
)
_NOT_HERE: Final = {
    ("template", "use"): "a template uses no other template: write its steps here",
    **dict.fromkeys((("template", key) for key in ("protect", "with", "change", "remove", "add")), _POSITION),
    ("change of a step", "after"): _ORDER,
    ("change of a step", "before"): _ORDER,
    ("parameter", "type"): "remove it: each parameter is a text",
    ("parameter", "required"): "remove it: a parameter without `default` is required",
}
"""What to do with a field that a shape does not have, by the noun of the shape."""


def _missing(found: _Found) -> Problem:
    hint = _EXAMPLES.get(found.key, f"`{found.key}: …`")
    return found.problem("KAL011", f"`{found.key}` is missing in {found.owner_name}", f"write {hint}")


_MOVE: Final = "`moved: [{from: OLD_KEY, to: NEW_KEY}]`"
_DELAY: Final = "`delay: {value: 3, unit: day}`"
_CHANGE: Final = "`change: {STEP_ID: {content: …}}`"
_ADD: Final = "`add:`, and `- {after: STEP_ID, id: …, …}` for each step below it"
_PARAMETER: Final = "`{about: …}`, and `default: …` in it if users can leave it out"
_EXAMPLES: Final = {
    "template": "`template: NAME`, a name of lower-case letters, digits and hyphens",
    "parameters": "`parameters: {NAME: {about: …}}`",
    "parameter": _PARAMETER,
    "languages": "`languages: [en, fr]`",
    "language": "`language: en`",
    "snippets": "`snippets: {NAME: …}`",
    "use": "`use: TEMPLATE`",
    "with": "`with: {PARAMETER: …}`",
    "change": _CHANGE,
    "change of a step": "the fields that change, such as `{content: …}`",
    "remove": "`remove: [STEP_ID]`",
    "add": _ADD,
    "added step": _ADD,
    "sample": "`sample: {sourcingJobTitle: …}`",
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
    if found.wanted and found.wanted.kind == "text" and not found.wanted.choices and _is_translated(found):
        return found.problem(
            "KAL411",
            f"{found.name(len(found.path))} is one text here, not one for each language",
            "write one text; only texts of a template and snippets can be there in several languages",
        )
    kind = found.wanted.kind if found.wanted else "another kind of value"
    message = f"{found.name(len(found.path))} must be {kind}, {_but(found.violation)}"
    return found.problem("KAL012", message, _retype(found, kind))


def _is_translated(found: _Found) -> bool:
    value = found.violation.value
    return isinstance(value, dict) and bool(value) and all(map(is_language, value))


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
        if found.path[:1] == ("sourcingId",) and not scalar:
            return (
                _ONE_SOURCING
                if isinstance(value, list) and found.key == "sourcingId"
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
    pattern = str(found.violation.context.get("pattern"))
    if LANGUAGE_PATTERN in pattern:
        hint, noun = "write its code, such as en, fr or pt-BR", "a language"
    elif ENVIRONMENT_PATTERN in pattern:
        hint = "use lower-case letters and digits, beginning with a letter, at most 40"
        noun = "the name of an environment"
    else:
        hint = "use lower-case letters, digits and hyphens, beginning with a letter or digit, at most 64"
        noun = _KEYS.get(found.key if not on_key else str(found.path[-2]), "the key of a blueprint")
    message = f"`{clip(key)}` can't be {noun}"
    return found.problem("KAL016", message, hint + lookalike_note(key), on_key=on_key)


_KEYS: Final = {
    "template": "the name of a template",
    "use": "the name of a template",
    "parameters": "the name of a parameter",
    "with": "the name of a parameter",
    "snippets": "the name of a snippet",
}
"""What a key is, by its field, or by the mapping that holds it."""


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
