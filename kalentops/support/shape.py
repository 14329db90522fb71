"""The shapes of data from outside. The only user of pydantic.

`Shape` is the base of every model: frozen, strict (no value is turned into another type), and with no
field beyond those that are named.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Self, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError

from kalentops.support.text import KEY_PATTERN

__all__ = [
    "FrozenList",
    "JsonValue",
    "KeyStr",
    "NonEmpty",
    "PositiveInt",
    "Shape",
    "ShapeError",
    "Violation",
    "called",
    "gc_paused",
    "shape_schema",
]

PositiveInt = Annotated[int, Field(gt=0, le=2**31 - 1)]
NonEmpty = Annotated[str, StringConstraints(min_length=1)]
_T = TypeVar("_T")
# Strict tuples refuse lists, and a list is what YAML and JSON give.
FrozenList: TypeAlias = Annotated[tuple[_T, ...], Field(strict=False)]
KeyStr = Annotated[str, StringConstraints(pattern=f"^{KEY_PATTERN}$")]


def called(name: str) -> Any:
    """A required field that has another name in the data: `from` can't be that of an attribute."""
    return Field(alias=name)


@dataclass(frozen=True, slots=True)
class Violation:
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
    """Data does not have the shape; `violations` says all of how."""

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__(f"{len(violations)} violations")
        self.violations = violations


class Shape(BaseModel):
    """Base of all models: immutable, strict, closed."""

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
    if kind == "string_pattern_mismatch" and path[-1] == "[key]":
        path, kind = path[:-1], "key"
    return Violation(kind, path, error["input"], error.get("ctx", {}), error["msg"])


def shape_schema(model: type[Shape]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a model."""
    return model.model_json_schema()


@contextmanager
def gc_paused() -> Iterator[None]:
    """Loading makes many objects and no cycles; the collector would look at all of them again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
