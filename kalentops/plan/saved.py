"""A plan in a file, between its review and its application.

The file is not trusted: what is applied is always a plan made anew from files, state and, where the saved one looked
there, Kalent. The saved one only says what was asked for, and whether the answer is still what was reviewed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kalentops.errors import StalePlan, StoreFailure, UsageError
from kalentops.output.json import FORMAT_VERSION, dump
from kalentops.output.json import plan as to_json
from kalentops.plan.build import Plan, Scope
from kalentops.support import atomic_write
from kalentops.support.text import clip, some

_MAX_BYTES: Final = 512 << 20
_SHOWN: Final = 5
_NO_FILE: Final = "name a plan that `kalentops plan --out FILE` saved, or files or folders of blueprints"
_DOES: Final = ("create", "update", "adopt", "resume", "move", "forget")
# What was reviewed. Where a blueprint stands in its file, and how a reason is worded, may change without harm.
_BINDING: Final = (
    "address",
    "action",
    "blueprint_id",
    "before",
    "after",
    "after_digest",
    "theirs",
    "moved_from",
    "protected",
)


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What a plan was asked for."""

    scope: Scope = field(default_factory=Scope)
    overwrite: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Saved:
    """A plan as it was read from a file. `refreshed`: it was held against what Kalent showed."""

    asked: PlanOptions
    refreshed: bool
    raw: dict[str, Any]


def save(plan: Plan, path: Path, asked: PlanOptions = PlanOptions()) -> None:
    """Raises StoreFailure."""
    scope = asked.scope
    said = {
        "sourcings": scope.sourcings,
        "targets": scope.targets,
        "addresses": None if scope.addresses is None else sorted(scope.addresses),
        "overwrite": sorted(asked.overwrite),
    }
    try:
        data = (dump({**to_json(plan), "asked": said}) + "\n").encode()
        # A link of this name is replaced, not followed: a pull request may have brought it.
        atomic_write.replace(path.parent.resolve() / path.name, data, mode=0o600)
    except (OSError, RuntimeError) as error:
        raise StoreFailure.of_output("the plan", path, error) from error


def load(path: Path) -> Saved:
    """Raises StalePlan where the file is no plan, UsageError where there is none."""
    raw = _read(path)
    asked, bound = raw.get("asked", {}), raw.get("bound", {})
    try:
        names = [tuple(map(str, asked.get(each, ()))) for each in ("sourcings", "targets", "overwrite")]
        only = asked.get("addresses")
        scope = Scope(names[0], names[1], None if only is None else frozenset(map(str, only)))
        return Saved(PlanOptions(scope, names[2]), bound.get("remote") is not None, raw)
    except (TypeError, AttributeError):
        raise StalePlan("the saved plan is damaged") from None


def check(saved: Saved, plan: Plan) -> None:
    """Compare a saved plan with the one that holds now.

    Raises StalePlan, which says what has changed: the state, the files, or Kalent; and what would have been done.
    """
    now = to_json(plan)
    old, new = _binding(saved.raw), _binding(now)
    moved = sorted(address for address in old.keys() | new.keys() if old.get(address) != new.get(address))
    if saved.raw.get("state") == now["state"] and not moved:
        return
    what = list(_moved(saved.raw, now)) or ["what is to be done has changed"]
    differ = f"; it differs at {some([clip(each, 80) for each in moved], _SHOWN)}" if moved else ""
    counts = saved.raw.get("summary")
    did = [
        f"{clip(str(number), 10)} to {name}"
        for name, number in (counts.items() if isinstance(counts, dict) else ())
        if number and name in _DOES
    ]
    would = f"; it had {', '.join(did)}" if did else ""
    raise StalePlan(f"since the plan was made, {' and '.join(what)}{differ}{would}")


def _moved(saved: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    if saved.get("state") != now["state"]:
        yield f"the state has changed ({_at(saved)} then, {_at(now)} now)"
    bound = saved.get("bound")
    was = bound if isinstance(bound, dict) else {}
    if was.get("files") != now["bound"]["files"]:
        yield "the files have changed"
    if was.get("remote") != now["bound"]["remote"]:
        yield "Kalent has changed"


def _read(path: Path) -> dict[str, Any]:
    try:
        saved = json.loads(atomic_write.read(path, _MAX_BYTES))
        version = str(saved["format_version"])
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}", hint=_NO_FILE) from None
    except OSError as error:
        raise UsageError(f"the plan {path} can't be read: {error.strerror or error}", hint=_NO_FILE) from None
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
