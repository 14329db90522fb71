"""Blueprints as a list shows them, read as the API layer reads them; and files as the loader reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kalentops.blueprint.remote import Remote, RemoteLists
from kalentops.kalent.lists import read_blueprints
from kalentops.project.check import check_text
from kalentops.project.load import Repository
from kalentops.project.result import CheckOptions

SOURCING = "sourcing_a"


def listed(bodies: Mapping[str, Mapping[str, Any]], sourcing_id: str = SOURCING) -> tuple[Remote, ...]:
    """The list of a sourcing that holds these, by id."""
    rows = [
        {
            "blueprintId": blueprint_id,
            "name": body["name"],
            "sourcingId": sourcing_id,
            "updatedAt": "2026-01-02T03:04:05.678Z",
            "steps": body.get("steps", []),
        }
        for blueprint_id, body in bodies.items()
    ]
    page = {
        "sequenceBlueprints": rows,
        "pagination": {"page": 0, "pageSize": 50, "total": len(rows), "hasNextPage": False},
    }
    return read_blueprints(lambda _: page, sourcing_id)


def observed(**sourcings: Mapping[str, Mapping[str, Any]]) -> RemoteLists:
    return RemoteLists(
        {sourcing_id: listed(bodies, sourcing_id) for sourcing_id, bodies in sourcings.items()}
    )


def wanted(
    blueprints: Mapping[str, Mapping[str, Any]],
    sourcing_id: str = SOURCING,
    name: str = "a.yaml",
    **more: Any,
) -> Repository:
    """The files of a repository that has one: blueprints by key, and what `more` has beside them."""
    text = json.dumps({"sourcingId": sourcing_id, "blueprints": blueprints, **more})
    found = check_text(CheckOptions(Path(), bodies=True), name, text)
    return Repository([name], found.findings, found.declared, found.relocations)


NOTHING = Repository()
