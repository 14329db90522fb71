"""What must hold at the end of a page: Kalent, states and files say the same, and nothing is there twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import httpx
import yaml

from kalentops.blueprint.remote import mark_in
from tests.acceptance.machine import Machine
from tests.structure.console import blueprints

_TEXTS: Final = ("name", "type", "subject", "content")


def check(machine: Machine) -> tuple[list[str], list[str]]:
    """What does not hold, and what was counted."""
    with httpx.Client(base_url=machine.url, headers={"x-api-key": "any"}) as kalent:
        there = {each["blueprintId"]: each for each in blueprints(kalent)}
    recorded: dict[str, str] = {}
    declared: dict[str, Any] = {}
    for environment in _environments(machine):
        of = f"-e {environment}" if environment else ""
        listed = json.loads(machine.shell(f"kalentops state list --format json {of} 2>&-"))
        recorded |= {each["address"]: each["blueprint_id"] for each in listed["blueprints"]}
        declared |= dict(_declared(machine.shell(f"kalentops render {of} 2>&-"), environment))
    names = Counter((each["sourcingId"], each["name"]) for each in there.values())
    problems = [f"Kalent has {name} twice in {sourcing}" for (sourcing, name), n in names.items() if n > 1]
    problems += [f"{each['name']} is an empty blueprint" for each in there.values() if mark_in(each["name"])]
    problems += [f"Kalent does not have {each}" for each in recorded if recorded[each] not in there]
    problems += [f"{each} is declared or recorded only" for each in recorded.keys() ^ declared.keys()]
    problems += [
        f"{address} has another text in Kalent"
        for address in recorded.keys() & declared.keys()
        if _texts(declared[address]) != _texts(there.get(recorded[address], {}))
    ]
    unmanaged = len(there.keys() - set(recorded.values()))
    return problems, [
        f"Kalent has {len(there)} blueprints: no name twice in a sourcing, and none that is empty.",
        f"{len(recorded)} are managed: each declared address is recorded with one id, and Kalent has that id.",
        "The texts in Kalent are those of the files.",
        f"{unmanaged} is not managed." if unmanaged == 1 else f"{unmanaged} are not managed.",
    ]


def _environments(machine: Machine) -> list[str]:
    settings = yaml.safe_load((machine.folder / "kalentops.yaml").read_text()) or {}
    return list(settings.get("environments", ())) or [""]


def _declared(rendered: str, environment: str) -> Iterator[tuple[str, Any]]:
    for file in yaml.safe_load_all(rendered):
        sourcing = file["sourcingId"]
        for key, blueprint in file["blueprints"].items():
            yield f"{sourcing[environment] if environment else sourcing}/{key}", blueprint


def _texts(blueprint: Any) -> Any:
    return blueprint.get("name"), [[step.get(each) for each in _TEXTS] for step in blueprint.get("steps", [])]
