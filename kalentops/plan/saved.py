"""A plan in a file, between its review and its application.

The file is not trusted: what is applied is always a new plan from files, state and, if the saved one used --refresh,
Kalent. The saved one only says what was asked for, and whether the answer is still what was reviewed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, TypeVar

from kalentops import __version__
from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.diff import FieldChange, changes
from kalentops.errors import StalePlan, StoreFailure, UsageError
from kalentops.lint.finding import Finding, Origin, Severity
from kalentops.plan.build import (
    GROUPED,
    Action,
    Change,
    Drift,
    Leftover,
    LookAlike,
    Plan,
    RefreshReport,
    Scope,
)
from kalentops.plan.explanation import Code, Explanation, explain
from kalentops.plan.groups import Edit, Group, pieces_of
from kalentops.plan.moves import StateEdit
from kalentops.support import atomic_write
from kalentops.support.text import clip, is_environment, json_pieces, some

if TYPE_CHECKING:  # they need pydantic
    from kalentops.plan.json_types import (
        BoundJson,
        ChangeJson,
        DriftJson,
        ExplanationJson,
        FieldChangeJson,
        FindingJson,
        GroupJson,
        InEnvironment,
        OriginJson,
        PieceJson,
        PlanJson,
        ReportJson,
        SavedPlanJson,
        SelectionJson,
        StateVersionJson,
        UserJson,
    )

_PARTS: Final = ("delay", "policy", "config")
_T = TypeVar("_T", bound=str)
Say: TypeAlias = Callable[[Explanation | None], str]
FORMAT_VERSION: Final = "1.0"
"""Readers ignore fields that they don't know, and refuse another major version."""
_MAX_BYTES: Final = 512 << 20
_SHOWN: Final = 5
DAMAGED: Final = "the saved plan is damaged"
_NO_FILE: Final = "`kalentops plan --out FILE` saves a plan"
_DOES: Final = ("create", "update", "adopt", "resume", "move", "forget")
_RECORDED: Final = "recorded"
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
    _RECORDED,
)


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """The selection and the overwritten addresses of a plan."""

    scope: Scope = field(default_factory=Scope)
    overwrite: tuple[str, ...] = ()


class Saved(NamedTuple):
    """A plan as it was read from a file. `refreshed`: it was compared with what Kalent showed."""

    plan_options: PlanOptions
    refreshed: bool
    raw: dict[str, Any]

    @property
    def report(self) -> Mapping[str, Any]:
        """What `save` was given for reports; empty in a file of an earlier version."""
        found = self.raw.get("report")
        return found if isinstance(found, dict) else {}


def save(
    plan: Plan,
    path: Path,
    say: Say,
    plan_options: PlanOptions = PlanOptions(),
    report: ReportJson | None = None,
) -> None:
    """`say` puts explanations into words. `report` is JSON: what reports of the plan need beyond it.

    Raises StoreFailure.
    """
    scope = plan_options.scope
    said: SelectionJson = {
        "sourcings": scope.sourcings,
        "targets": scope.targets,
        "addresses": None if scope.addresses is None else sorted(scope.addresses),
        "overwrite": sorted(plan_options.overwrite),
    }
    try:
        made: SavedPlanJson = {**plan_to_json(plan, say), "asked": said, "report": report or {}}
        data = (each.encode() for each in chain(json_pieces(made), ("\n",)))
        # A link of this name is replaced, not followed: a pull request may have brought it.
        atomic_write.replace(path.parent.resolve() / path.name, data, mode=0o600)
    except (OSError, RuntimeError) as error:
        raise StoreFailure.of_output("the plan", path, error) from error


def load(path: Path) -> Saved:
    """Raises StalePlan if the file is not a plan, UsageError if there is none."""
    raw = _read(path)
    asked, bound = raw.get("asked", {}), raw.get("bound", {})
    try:
        names = [tuple(map(str, asked.get(each, ()))) for each in ("sourcings", "targets", "overwrite")]
        only = asked.get("addresses")
        scope = Scope(names[0], names[1], None if only is None else frozenset(map(str, only)))
        return Saved(PlanOptions(scope, names[2]), bound.get("remote") is not None, raw)
    except (TypeError, AttributeError):
        raise StalePlan(DAMAGED) from None


def check(saved: Saved, plan: Plan) -> None:
    """Compare a saved plan with the current one.

    Raises StalePlan, which says what has changed (the state, the files, or Kalent) and what the saved plan would have
    done.
    """
    now: dict[str, Any] = {"state": _state(plan), "bound": _bound(plan)}
    moved, recorded = _differ(_binding(saved.raw), plan)
    # The serial counts the changes of all addresses: what other runs have recorded elsewhere does no harm.
    if _lineage(saved.raw) == _lineage(now) and not moved:
        return
    what = list(_moved(saved.raw, now, recorded=recorded))
    what = what or ["what is to be done has changed"]
    differ = f"; it differs at {some([clip(each, 80) for each in moved], _SHOWN)}" if moved else ""
    counts = saved.raw.get("summary")
    did = [
        f"{clip(str(number), 10)} to {name}"
        for name, number in (counts.items() if isinstance(counts, dict) else ())
        if number and name in _DOES
    ]
    would = f"; it had {', '.join(did)}" if did else ""
    raise StalePlan(f"since the plan was made, {' and '.join(what)}{differ}{would}")


def _differ(saved: Mapping[str, Sequence[Any]], plan: Plan) -> tuple[list[str], bool]:
    """The addresses at which a plan is not what was saved, and whether the record of one of them has changed. One body
    is compared at a time.
    """
    found, recorded = set(saved), False
    for each in plan.changes:
        if each.action is Action.NO_OP:
            continue
        was, now = saved.get(each.address), _bound_fields(each)
        if was == now:
            found.discard(each.address)
        else:
            found.add(each.address)
            recorded |= was is not None and was[-1] != each.recorded
    return sorted(found), recorded


def _bound_fields(of: Change) -> list[Any]:
    """The values of `_BINDING`."""
    before, after, theirs = (each and each.data for each in (of.before, of.after, of.theirs))
    known = of.address, of.action.value, of.blueprint_id
    return [*known, before, after, of.after_digest, theirs, of.moved_from, of.protected, of.recorded]


def check_environment(saved: Saved, environment: str | None) -> None:
    """Raises StalePlan for the plan of another environment."""
    found = _environment(saved.raw)
    if found != environment:
        said = f"the environment {found}" if found else "a project without environments"
        wanted = f"{environment} is selected" if environment else "kalentops.yaml has no environments"
        raise StalePlan(
            f"the saved plan is of {said}, and {wanted}",
            hint=f"apply it with -e {found}" if found and environment else None,
        )


def _lineage(raw: dict[str, Any]) -> object:
    where = raw.get("state")
    return where.get("lineage") if isinstance(where, dict) else ""


def _moved(saved: dict[str, Any], now: dict[str, Any], *, recorded: bool) -> Iterator[str]:
    bound = saved.get("bound")
    was = bound if isinstance(bound, dict) else {}
    files, remote = (was.get(each) != now["bound"][each] for each in ("files", "remote"))
    if recorded or _lineage(saved) != _lineage(now) or (_at(saved) != _at(now) and not files and not remote):
        yield f"the state has changed ({_at(saved)} then, {_at(now)} now)"
    if files:
        yield "the files have changed"
    if remote:
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
        raise StalePlan(f"{path} is not a plan of kalentops") from None
    if "lineage" in saved:
        raise StalePlan(f"{path} is a state, not a plan")
    if version.partition(".")[0] != FORMAT_VERSION.partition(".")[0]:
        raise StalePlan(f"{path} has format {clip(version)}, this kalentops knows {FORMAT_VERSION}")
    return dict(saved)


def _binding(raw: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    missing: set[str] = set()
    whole = True
    try:
        for each in raw["changes"]:
            address = each["address"]
            whole &= isinstance(address, str) and address not in found
            if each["action"] != "no-op":
                found[address] = [each.get(field) for field in _BINDING]
                missing.update(field for field in _BINDING if field not in each)
    except (KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise StalePlan(DAMAGED)
    if missing:
        raise _lacks(min(missing))
    return found


def _lacks(field: str) -> StalePlan:
    return StalePlan(
        f"the saved plan has no field `{clip(field)}`: an earlier kalentops wrote it, or it is damaged"
    )


def _at(raw: dict[str, Any]) -> str:
    where = raw.get("state")
    return f"serial {clip(str(where.get('serial')))}" if isinstance(where, dict) else "none"


def plan_to_json(of: Plan, say: Say) -> PlanJson:
    """`plan --format json`, and most of the file that `plan --out` writes, for `json_pieces`: `changes` is an iterator,
    so that one body is held at a time.
    """
    found = of.refresh_report or RefreshReport()
    return {
        "format_version": FORMAT_VERSION,
        "kalentops_version": of.made_by or __version__,
        **in_environment(of.environment),
        "state": _state(of),
        "summary": of.summary,
        "changes": (_change_to_json(each, say) for each in of.changes),
        "groups": [_group_to_json(each) for each in of.groups],
        "drift": [_drift_to_json(each, say) for each in of.drift],
        "look_alikes": [
            {
                "sourcing_id": each.sourcing_id,
                "blueprint_id": each.blueprint_id,
                "name": each.name,
                "updated_at": each.updated_at,
                "of": each.of,
                "of_id": each.of_id,
            }
            for each in found.look_alikes
        ],
        "leftovers": [
            {"sourcing_id": each.sourcing_id, "blueprint_id": each.blueprint_id, "name": each.name}
            for each in found.leftovers
        ],
        "unmanaged": dict(found.unmanaged),
        "left_out": list(of.left_out),
        "state_edits": [
            {
                "address": each.address,
                "kind": each.kind,
                "blueprint_id": each.blueprint_id,
                "before_id": each.before_id,
            }
            for each in of.state_edits
        ],
        "bound": _bound(of),
        "findings": [finding_to_json(each) for each in of.findings],
    }


def in_environment(name: str | None) -> InEnvironment:
    return {} if name is None else {"environment": name}


# What a saved plan is compared by, with the fields of each change in `_BINDING`.


def _state(of: Plan) -> StateVersionJson:
    return {"lineage": of.lineage, "serial": of.serial}


def _bound(of: Plan) -> BoundJson:
    return {"files": of.files, "remote": of.refresh_report.fingerprint if of.refresh_report else None}


def _change_to_json(of: Change, say: Say) -> ChangeJson:
    found = _field_changes(of.before, of.after)
    return {
        "address": of.address,
        "sourcing_id": of.address.sourcing_id,
        "key": of.address.key,
        "name": of.name,
        "title": of.title,
        "template": of.template,
        "action": of.action,
        "blueprint_id": of.blueprint_id,
        "file": of.file,
        "line": of.line,
        "before": None if of.before is None else of.before.data,
        "after": None if of.after is None else of.after.data,
        "after_digest": of.after_digest,
        "changes": list(map(field_change_to_json, found)),
        "origins": [
            {"step": each.step, "field": each.field, "pieces": [_piece_to_json(*piece) for piece in pieces]}
            for each in found
            if (pieces := pieces_of(of.origins, (each.step, each.field)))
        ],
        "reason": say(of.reason),
        **explanation_to_json(of.reason),
        "theirs": None if of.theirs is None else of.theirs.data,
        "moved_from": of.moved_from,
        "protected": of.protected,
        "recorded": of.recorded,
    }


def _drift_to_json(of: Drift, say: Say) -> DriftJson:
    return {
        "address": of.address,
        "kind": of.kind,
        "name": of.name,
        "blueprint_id": of.blueprint_id,
        "applied_at": of.applied_at,
        "updated_at": of.updated_at,
        "before": None if of.before is None else of.before.data,
        "after": None if of.after is None else of.after.data,
        "changes": list(map(field_change_to_json, _field_changes(of.before, of.after))),
        "reason": say(of.reason),
        **explanation_to_json(of.reason),
    }


def _field_changes(before: Body | None, after: Body | None) -> list[FieldChange]:
    return [] if before is None or after is None else changes(before.data, after.data)


def field_change_to_json(of: FieldChange | Edit) -> FieldChangeJson:
    return {
        "kind": of.kind,
        "step": of.step,
        "field": of.field,
        "before": of.before,
        "after": of.after,
    }


def _piece_to_json(at: int, origin: Origin) -> PieceJson:
    return {"at": at, **_place_to_json(origin)}


def _place_to_json(of: Origin) -> OriginJson:
    return {"file": of.file, "line": of.line, "column": of.column}


def _origin_to_json(of: Origin | None) -> OriginJson | None:
    return None if of is None else _place_to_json(of)


def _group_to_json(of: Group) -> GroupJson:
    return {
        "addresses": list(of.addresses),
        "edits": [
            {**field_change_to_json(each), "origin": _origin_to_json(each.origin)} for each in of.edits
        ],
        "origin": _origin_to_json(of.origin),
        "values": dict(of.values),
        "unchanged": list(of.unchanged),
        "own_text": list(of.own_text),
    }


def finding_to_json(of: Finding, *, new: bool | None = None) -> FindingJson:
    """`new` says whether an earlier version of the files lacks it, None where there was no comparison."""
    made: FindingJson = {
        "code": of.code,
        "severity": of.severity,
        "message": of.message,
        "file": of.file,
        "line": of.line,
        "column": of.column,
        "hint": of.hint,
    }
    if of.users:
        first: list[UserJson] = [{"address": address, **_place_to_json(at)} for address, at in of.used_by]
        made["used_by"] = {"count": of.users, "first": first}
    if new is not None:
        made["new"] = new
    return made


def explanation_to_json(of: Explanation | None) -> ExplanationJson:
    if of is None:
        return {"code": None, "parameters": {}, "also": []}
    also = list(map(explanation_to_json, of.also))
    return {"code": of.code, "parameters": dict(of.parameters), "also": also}


def plan_from_json(raw: Mapping[str, Any]) -> Plan:
    """The plan that `plan_to_json` wrote. Raises StalePlan."""
    try:
        at, bound = raw["state"], raw["bound"]
        refresh_report = None
        if bound["remote"] is not None:
            refresh_report = RefreshReport(
                tuple(map(_drift, raw["drift"])),
                tuple(map(_look_alike, raw["look_alikes"])),
                tuple(map(_leftover, raw["leftovers"])),
                {_text(name): _number(value) for name, value in raw["unmanaged"].items()},
                _text(bound["remote"]),
            )
        changes = tuple(map(_change, raw["changes"]))
        return Plan(
            _text_or_none(at["lineage"]),
            _number(at["serial"]),
            changes,
            tuple(map(_finding, raw["findings"])),
            _text(bound["files"]),
            refresh_report,
            tuple(map(_text, raw["left_out"])),
            tuple(map(_state_edit, raw.get("state_edits", ()))),
            _text(raw["kalentops_version"]),
            saved_groups=_groups(raw["groups"], changes) if "groups" in raw else None,
            environment=_environment(raw),
        )
    except KeyError as error:
        raise _lacks(str(error.args[0])) from None
    except (TypeError, ValueError, AttributeError, IndexError):
        raise StalePlan(DAMAGED) from None


def _change(raw: Mapping[str, Any]) -> Change:
    moved_from = _text_or_none(raw["moved_from"])
    return Change(
        Address.parse(_text(raw["address"])),
        Action(raw["action"]),
        _text(raw["name"]),
        _text_or_none(raw["blueprint_id"]),
        _text_or_none(raw["file"]),
        None if raw["line"] is None else _number(raw["line"]),
        _body(raw["before"]),
        _body(raw["after"]),
        _reason(raw),
        _body(raw["theirs"]),
        None if moved_from is None else Address.parse(moved_from),
        raw["protected"] is True,
        _text(raw.get("title", "")),
        template=_text(raw.get("template", "")),
        origins={
            (_text_or_none(each["step"]), _text(each["field"])): tuple(
                (_number(piece["at"]), _origin(piece)) for piece in each["pieces"]
            )
            for each in raw.get("origins", ())
        },
        recorded=_text(raw.get(_RECORDED, "")),
    )


def _groups(raw: Any, changes: Iterable[Change]) -> tuple[Group, ...]:
    left = {each.address: each for each in changes if each.action in GROUPED and each.after is not None}
    known = {each.address: each.address for each in changes}
    found = []
    for each in raw:
        # Each is taken once: what one group shows can't be hidden in another.
        if set(each["addresses"]) - left.keys() or {*each["unchanged"], *each["own_text"]} - known.keys():
            raise ValueError("an address that is not in the plan")
        addresses = tuple(left.pop(address).address for address in each["addresses"])
        edits = tuple(map(_edit, each["edits"]))
        values = {_text(address): tuple(map(_text, own)) for address, own in each["values"].items()}
        others = (tuple(known[address] for address in each[name]) for name in ("unchanged", "own_text"))
        found.append(Group((addresses[0], *addresses[1:]), edits, values, *others))
    return tuple(found)


def _edit(raw: Mapping[str, Any]) -> Edit:
    origin = raw["origin"]
    return Edit(
        _one_of(raw["kind"], "added", "removed", "moved", "changed"),
        _text_or_none(raw["step"]),
        _text(raw["field"]),
        raw["before"],
        raw["after"],
        None if origin is None else _origin(origin),
    )


def _origin(raw: Mapping[str, Any]) -> Origin:
    return Origin(_text(raw["file"]), _number(raw["line"]), _number(raw["column"]))


def _drift(raw: Mapping[str, Any]) -> Drift:
    return Drift(
        Address.parse(_text(raw["address"])),
        _one_of(raw["kind"], "changed", "gone", "unreadable"),
        _text(raw["name"]),
        _text(raw["blueprint_id"]),
        _text(raw["applied_at"]),
        _text_or_none(raw["updated_at"]),
        _body(raw["before"]),
        _body(raw["after"]),
        _reason(raw),
    )


def _look_alike(raw: Mapping[str, Any]) -> LookAlike:
    return LookAlike(
        _text(raw["sourcing_id"]),
        _text(raw["blueprint_id"]),
        _text(raw["name"]),
        _text_or_none(raw["updated_at"]),
        _text(raw["of"]),
        _text(raw["of_id"]),
    )


def _leftover(raw: Mapping[str, Any]) -> Leftover:
    return Leftover(*(_text(raw[each]) for each in ("sourcing_id", "blueprint_id", "name")))


def _state_edit(raw: Mapping[str, Any]) -> StateEdit:
    ids = (_text_or_none(raw[each]) for each in ("blueprint_id", "before_id"))
    return StateEdit(
        _text(raw["address"]), _one_of(raw["kind"], "added", "other id", "removed", "edited"), *ids
    )


def _finding(raw: Mapping[str, Any]) -> Finding:
    used_by = raw.get("used_by", {"count": 0, "first": ()})
    return Finding(
        *_origin(raw).place,
        _text(raw["code"]),
        _text(raw["message"]),
        _text(raw["hint"]),
        Severity(raw["severity"]),
        users=_number(used_by["count"]),
        used_by=tuple((_text(each["address"]), _origin(each)) for each in used_by["first"]),
    )


def _reason(raw: Mapping[str, Any]) -> Explanation | None:
    """The text itself if the code is unknown: another version may have written it."""
    said = _text(raw["reason"])
    if raw.get("code") in set(Code):
        return _explanation(raw)
    return explain(Code.ERROR, message=said) if said else None


def _explanation(raw: Mapping[str, Any]) -> Explanation:
    return Explanation(Code(raw["code"]), dict(raw["parameters"]), tuple(map(_explanation, raw["also"])))


def _body(of: Any) -> Body | None:
    """A body with the types that reports rely on; other values are shown as they are."""
    if of is None:
        return None
    for each in (of, *of["steps"], *(step.get(name) or {} for step in of["steps"] for name in _PARTS)):
        if not isinstance(each, dict):
            raise TypeError("an object")
        _text_or_none(each.get("unit"))
    return Body.of(of)


def _environment(raw: Mapping[str, Any]) -> str | None:
    name = raw.get("environment")
    if name is not None and not (isinstance(name, str) and is_environment(name)):
        raise StalePlan(DAMAGED)
    return name


def _text(of: Any) -> str:
    if not isinstance(of, str):
        raise TypeError("a text")
    return of


def _text_or_none(of: Any) -> str | None:
    return None if of is None else _text(of)


def _number(of: Any) -> int:
    if type(of) is not int:
        raise TypeError("a number")
    return of


def _one_of(of: Any, *known: _T) -> _T:
    return known[known.index(of)]
