"""The formats of JSON that kalentops writes, and their schemas."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from kalentops.output import json, json_types
from kalentops.plan import saved
from kalentops.plan.json_types import PlanJson, SavedPlanJson
from kalentops.state import model
from kalentops.state.json_types import JournalJson, StateJson
from kalentops.support.shape import data_schema

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class Format(NamedTuple):
    """`written` says by what, in Markdown. `version` is that of the format; `type` is a TypedDict, or a union."""

    written: str
    version: str
    type: Any


_REPORT: Final = json.FORMAT_VERSION
FORMATS: Final[dict[str, Format]] = {
    "validate": Format("`kalentops validate --format json`", _REPORT, json_types.ValidationJson),
    "plan": Format(
        "`kalentops plan --format json`, `kalentops show FILE --format json`", saved.FORMAT_VERSION, PlanJson
    ),
    "plans": Format("`kalentops plan --all-environments --format json`", _REPORT, json_types.PlansJson),
    "apply": Format("`kalentops apply --format json`", _REPORT, json_types.ApplyJson),
    "import": Format("`kalentops import --format json`", _REPORT, json_types.ImportJson),
    "import-update": Format(
        "`kalentops import --update --format json`", _REPORT, json_types.ImportUpdateJson
    ),
    "sourcings": Format("`kalentops sourcings --format json`", _REPORT, json_types.SourcingsJson),
    "state-list": Format("`kalentops state list --format json`", _REPORT, json_types.StateListJson),
    "state-show": Format("`kalentops state show ADDRESS --format json`", _REPORT, json_types.StateShowJson),
    "cache": Format("`kalentops cache --format json`", _REPORT, json_types.CacheJson),
    "saved-plan": Format("`kalentops plan --out FILE`", saved.FORMAT_VERSION, SavedPlanJson),
    "state": Format("each command that changes the state", model.FORMAT_VERSION, StateJson),
    "journal": Format("`kalentops apply`, a record of `STATE.journal`", model.FORMAT_VERSION, JournalJson),
}


def format_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a format. Raises KeyError."""
    of = FORMATS[name]
    made = data_schema(of.type)
    major = of.version.partition(".")[0]
    for each in (made, *made.get("$defs", {}).values()):
        if "format_version" in each.get("properties", {}):
            each["properties"]["format_version"]["pattern"] = rf"^{major}\."
    return {"$schema": _DIALECT, **made, "title": f"kalentops {name}, format {of.version}"}
