"""A plan in a file, between its review and its application.

The file is not trusted: what is applied is always a plan made anew from files and state, and the saved one only
says whether that is still what was reviewed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from kalentops.errors import StalePlan, StoreFailure
from kalentops.plan import Plan
from kalentops.reports.machine import FORMAT_VERSION, dump
from kalentops.reports.machine import plan as to_json
from kalentops.store import durable
from kalentops.text import clip

_MAX_BYTES: Final = 512 << 20
# What was reviewed. Where a blueprint stands in its file, and how a reason is worded, may change without harm.
_BINDING: Final = ("address", "action", "blueprint_id", "before", "after", "after_digest")


def save(plan: Plan, path: Path) -> None:
    """Raises StoreFailure."""
    try:
        durable.replace(path.resolve(), (dump(to_json(plan)) + "\n").encode())
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        reason = getattr(error, "strerror", None) or error
        raise StoreFailure(f"the plan can't be written to {path}: {reason}") from error


def check(path: Path, plan: Plan) -> None:
    """Compare a saved plan with the one that holds now.

    Raises StalePlan, which says what has moved, and where the file is no plan.
    """
    saved = _read(path)
    now = to_json(plan)
    if saved.get("state") != now["state"]:
        raise StalePlan(f"the state has moved since the plan was made: {_at(saved)} then, {_at(now)} now")
    old, new = _binding(saved), _binding(now)
    moved = sorted(address for address in old.keys() | new.keys() if old.get(address) != new.get(address))
    if moved:
        shown = ", ".join(clip(address, 80) for address in moved[:5])
        more = f" and {len(moved) - 5} more" if len(moved) > 5 else ""  # noqa: PLR2004
        raise StalePlan(f"the files have moved since the plan was made: {shown}{more}")


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES)
        saved = json.loads(data)
        version = str(saved["format_version"])
    except OSError as error:
        raise StalePlan(f"the plan {path} can't be read: {error.strerror or error}") from None
    except (ValueError, RecursionError, KeyError, TypeError):
        raise StalePlan(f"{path} is no plan of kalentops") from None
    if version.partition(".")[0] != FORMAT_VERSION.partition(".")[0]:
        raise StalePlan(f"{path} has format {clip(version)}, this kalentops knows {FORMAT_VERSION}")
    return dict(saved)


def _binding(raw: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    whole = True
    try:
        for each in raw["changes"]:
            address = each["address"]
            whole &= isinstance(address, str) and address not in found
            if each["action"] != "no-op":
                found[address] = [each.get(field) for field in _BINDING]
    except (KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise StalePlan("the saved plan is damaged")
    return found


def _at(raw: dict[str, Any]) -> str:
    where = raw.get("state")
    return f"serial {clip(str(where.get('serial')))}" if isinstance(where, dict) else "none"
