"""Models of data from outside. The only user of pydantic.

`Shape` is the base of every model: frozen, strict (no value is turned into another type), and with no
field beyond those that are named.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Literal,
    NamedTuple,
    Self,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
)

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    StringConstraints,
    Tag,
    TypeAdapter,
    ValidationError,
)
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticUndefined, from_json
from typing_extensions import TypedDict  # pydantic takes that of `typing` from Python 3.12 on

from kalentops.support.text import ENVIRONMENT_PATTERN, KEY_PATTERN

# No package that happens to be installed may look at the data; to look for one in all packages takes milliseconds.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

__all__ = [
    "ANYTHING",
    "LANGUAGE_PATTERN",
    "EnvironmentStr",
    "FrozenList",
    "JsonValue",
    "KeyStr",
    "LanguageStr",
    "NonEmpty",
    "PositiveInt",
    "Schema",
    "Shape",
    "ShapeError",
    "TypedDict",
    "Violation",
    "called",
    "data_schema",
    "described",
    "either",
    "is_language",
    "parse_json",
    "schema_of",
    "shape_schema",
    "tagged",
]

PositiveInt = Annotated[int, Field(gt=0, le=2**31 - 1)]
NonEmpty = Annotated[str, StringConstraints(min_length=1)]
_T = TypeVar("_T")
# Strict tuples refuse lists, and a list is what YAML and JSON give.
FrozenList: TypeAlias = Annotated[tuple[_T, ...], Field(strict=False)]
KeyStr = Annotated[str, StringConstraints(pattern=f"^{KEY_PATTERN}$")]
LANGUAGE_PATTERN: Final = "[a-z]{2,3}(-[A-Z]{2})?"
_LANGUAGE: Final = re.compile(LANGUAGE_PATTERN)
LanguageStr = Annotated[str, StringConstraints(pattern=f"^{LANGUAGE_PATTERN}$")]


EnvironmentStr = Annotated[str, StringConstraints(pattern=f"^{ENVIRONMENT_PATTERN}$")]


def is_language(text: str) -> bool:
    """Whether a text can be the code of a language, such as `en` or `pt-BR`."""
    return _LANGUAGE.fullmatch(text) is not None


def called(name: str, *, default: Any = PydanticUndefined) -> Any:
    """A field with another name in the data: `from` can't be an attribute. Without a default, it is required."""
    return Field(default, alias=name)


def described(meaning: str, *, example: str | None = None) -> Any:
    """A field's meaning, and what an author could write there, in YAML: for its schema."""
    return Field(description=meaning, examples=None if example is None else [example])


_KIND: Final = "kind\0"


def tagged(kind: str) -> Any:
    """Marks one form of a value that has several; see `either`."""
    return Tag(_KIND + kind)


def either(kind_of: Callable[[Any], str]) -> Any:
    """Marks a value of several forms: `kind_of` says which of the tagged ones a value is meant to have."""
    return Discriminator(lambda value: _KIND + kind_of(value))


class Violation(NamedTuple):
    """One way in which data misses its shape.

    `kind` is pydantic's type of error (`missing`, `extra_forbidden`, `literal_error`, …), `path` leads to
    the value, `value` is what stands there, `context` what was expected. `written` is the value as its author
    wrote it, where that is known: `010` for ten.
    """

    kind: str
    path: tuple[str | int, ...]
    value: Any
    context: Mapping[str, Any]
    message: str
    written: str = ""


class ShapeError(Exception):
    """Data does not have the shape; `violations` lists every reason."""

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__(f"{len(violations)} violations")
        self.violations = violations


class Shape(BaseModel):
    """Base of all models: immutable, strict, closed. `noun` is what a message calls a mapping of this shape."""

    noun: ClassVar[str] = ""
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The fields, as they are called in the data."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    @classmethod
    def read(cls, data: Any) -> Self:
        """`data` as this model.

        Raises ShapeError with every violation.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise ShapeError([_violation(e) for e in error.errors(include_url=False)]) from None


def _violation(error: Any) -> Violation:
    # pydantic marks what is wrong with a key, instead of with its value, by a last part of the path.
    path, kind = error["loc"], error["type"]
    path = tuple(part for part in path if not (isinstance(part, str) and part.startswith(_KIND)))
    if kind == "string_pattern_mismatch" and path[-1] == "[key]":
        path, kind = path[:-1], "key"
    return Violation(kind, path, error["input"], error.get("ctx", {}), error["msg"])


@dataclass(frozen=True, slots=True)
class Schema:
    """What may stand at one place of the data, read off a model.

    `kind` is the type, in words. `fields` are those of a mapping whose keys are fixed, `items` is what a list holds, or
    a mapping with free keys; `choices` are the only texts that are allowed. `nullable`: the value can be left out.
    """

    kind: str
    noun: str = ""
    fields: Mapping[str, Schema] = field(default_factory=dict)
    items: Schema | None = None
    choices: tuple[str, ...] = ()
    required: bool = True
    nullable: bool = False
    neutral: Any = None
    """A value of this kind that says nothing; None where there is none."""
    forms: Mapping[str, Schema] = field(default_factory=dict)
    form_of: Callable[[Any], str] | None = field(default=None, compare=False)
    """Says which of the forms a value has; None where there is one form only."""

    def of(self, value: Any) -> Schema:
        """The schema of the form that a value is meant to have."""
        if self.form_of is None:
            return self
        return replace(self.forms[self.form_of(value)], required=self.required, nullable=self.nullable)

    def below(self, part: str | int) -> Schema | None:
        """The schema of a field or of an item; None where the schema knows nothing of it."""
        return self.fields.get(str(part)) if self.fields else self.items

    def along(self, path: Iterable[str | int], data: Any) -> list[Schema]:
        """The schema of the data itself, and that of each value on the way, as far as the schema knows the path."""
        found = [self.of(data)]
        for part in path:
            below = found[-1].below(part)
            if below is None:
                break
            data = item(data, part)
            found.append(below.of(data))
        return found


def item(data: Any, part: str | int) -> Any:
    """A field or an item of plain data; None where there is none."""
    if isinstance(data, dict):
        return data.get(str(part))
    return data[part] if isinstance(data, list) and isinstance(part, int) and part < len(data) else None


UNKNOWN: Final = "\ufffd"
"""Stands in for a text that can't be empty. No author writes it, so it is never equal to another id."""


@cache
def schema_of(model: type[Shape]) -> Schema:
    """The schema of a model's data."""
    fields = {
        each.alias or name: replace(_schema(each.annotation, each.metadata), required=each.is_required())
        for name, each in model.model_fields.items()
    }
    required = {name: each.neutral for name, each in fields.items() if each.required}
    neutral = None if None in required.values() else required
    return Schema("a mapping", model.noun, fields, neutral=neutral)


def _schema(annotation: Any, metadata: Iterable[Any] = ()) -> Schema:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _schema(inner[0], (*metadata, *inner[1:]))
    if origin in {Union, UnionType}:
        kinds = [each for each in inner if each is not NoneType]
        if len(kinds) > 1:
            return _forms(kinds, metadata)
        return replace(_schema(kinds[0], metadata), nullable=True)
    if origin is dict:
        return Schema("a mapping", items=_schema(inner[1]), neutral={})
    if origin is tuple:
        return Schema("a list", items=_schema(inner[0]), neutral=[])
    return _single(annotation, metadata)


def _single(annotation: Any, metadata: Iterable[Any]) -> Schema:
    if get_origin(annotation) is Literal:
        choices = get_args(annotation)
        return Schema("text", choices=choices, neutral=choices[0])
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        return schema_of(annotation)
    if annotation is str:
        return Schema("text", neutral=_neutral_text(list(metadata)))
    return _SCALARS.get(annotation, _ANYTHING)


def _forms(kinds: Iterable[Any], metadata: Iterable[Any]) -> Schema:
    forms = {
        next(mark.tag for mark in each.__metadata__ if isinstance(mark, Tag)): _schema(each) for each in kinds
    }
    choose = next(mark for mark in metadata if isinstance(mark, Discriminator)).discriminator
    first = next(iter(forms.values()))
    return replace(first, forms=forms, form_of=cast("Callable[[Any], str]", choose))


_SCALARS: Final = {bool: Schema("true or false", neutral=False), int: Schema("a whole number", neutral=1)}
ANYTHING: Final = "anything"
_ANYTHING: Final = Schema(ANYTHING)


def _neutral_text(limits: list[Any]) -> str | None:
    if any(getattr(each, "pattern", None) for each in limits):
        return None
    return UNKNOWN if any(getattr(each, "min_length", None) for each in limits) else ""


def shape_schema(model: type[Shape]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a model."""
    return model.model_json_schema()


class _WithoutTitles(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - a title repeats the field's name
        return False


def data_schema(of: Any) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a `TypedDict`, or of a union of several. Its definitions are called as the types,
    without `Json` at the end of their names.
    """
    made = json.dumps(TypeAdapter(of).json_schema(schema_generator=_WithoutTitles))
    return cast("dict[str, Any]", json.loads(_TYPE_NAME.sub(r'\1"', made)))


_TYPE_NAME: Final = re.compile(r'(?<=["/])([A-Z]\w+)Json"')


def parse_json(data: bytes) -> Any:
    """The value of a JSON text in UTF-8, fast. The last of a key that stands twice counts. Raises ValueError, also for
    half a surrogate pair and what is nested too deeply.
    """
    return from_json(data, allow_inf_nan=False, cache_strings="keys")
