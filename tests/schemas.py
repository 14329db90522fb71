"""JSON that kalentops writes, held against its schemas. Here, unlike in the schemas that readers get, a field that
they do not name is an error.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from kalentops.output.schemas import format_schema

_ONE_WORD: Final = frozenset({"validate", "plan", "apply", "import", "sourcings", "cache"})


def problems(name: str, data: Any) -> list[str]:
    """What of the data is not as the format of this name."""
    return [f"{each.json_path}: {each.message}" for each in _validator(name).iter_errors(data)]


@cache
def _validator(name: str) -> Any:
    schema = format_schema(name)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(_closed(schema))


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _closed(value) for key, value in schema.items()}
    return {**made, "additionalProperties": False} if "properties" in schema else made


def format_written(args: Sequence[str]) -> str | None:
    """The format of what a command line prints, None where it is not asked for JSON of ours."""
    if ("--format", "json") not in itertools.pairwise(args):
        return None
    if args[0] == "state":
        return f"state-{args[1]}"
    if args[0] == "plan" and "--all-environments" in args:
        return "plans"
    if args[0] == "import" and "--update" in args:
        return "import-update"
    return "plan" if args[0] == "show" else args[0] if args[0] in _ONE_WORD else None


def check_written(args: Sequence[str], out: str) -> None:
    """Raises AssertionError where a command line has printed JSON that is not as its schema says."""
    name = format_written(args) if out else None
    if name is not None:
        assert problems(name, json.loads(out)) == [], name
