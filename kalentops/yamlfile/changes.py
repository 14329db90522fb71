"""How a blueprint in a file has to change to become a given body: data only, no text.

Only what the API shows is compared: `name`, `steps`, and of a step the fields of `body.STEP_FIELDS`. `config`, of
a blueprint or of a step, is compared where the body has one. All else in the file stays: fields that are not known
here, and the text of a plain invitation, which the API stores empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from kalentops.blueprint.body import PARTS, STEP_FIELDS
from kalentops.blueprint.diff import same

Data: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Put:
    """The field gets this value."""

    value: Any


@dataclass(frozen=True, slots=True)
class Remove:
    """The field goes."""


@dataclass(frozen=True, slots=True)
class Inside:
    """The field is a mapping, and some fields in it change."""

    changes: Mapping[str, Change]


Change: TypeAlias = Put | Remove | Inside
Changes: TypeAlias = dict[str, Change]


@dataclass(frozen=True, slots=True)
class BlueprintChanges:
    """`fields`: the changes of the blueprint. `order`: its steps afterwards, each as its number in the file, or a new
    one. `steps`: the changes of those that stay, by their number in the file.
    """

    fields: Changes = field(default_factory=dict)
    order: tuple[int | Data, ...] = ()
    steps: Mapping[int, Changes] = field(default_factory=dict)


_INVITATION: Final = "LINKEDIN_INVITATION"


def compare(current: Mapping[str, Any], body: Mapping[str, Any]) -> BlueprintChanges:
    """The changes that make `body` of a blueprint in a file. Both have steps with distinct ids."""
    fields: Changes = {}
    if not same(current.get("name"), body["name"]):
        fields["name"] = Put(body["name"])
    if "config" in body and not same(current.get("config"), body["config"]):
        fields["config"] = _generic(current.get("config"), body["config"])
    number = {step["id"]: n for n, step in enumerate(current.get("steps") or ())}
    order: list[int | Data] = []
    steps: dict[int, Changes] = {}
    for step in map(_in_order, body["steps"]):
        at = number.get(step["id"])
        order.append(step if at is None else at)
        if at is not None:
            changes = _step(current["steps"][at], step)
            if changes:
                steps[at] = changes
    return BlueprintChanges(fields, tuple(order), steps)


def apply_changes(current: Mapping[str, Any], change: BlueprintChanges) -> Data:
    """The data of the blueprint after the changes."""
    data = _applied(current, change.fields)
    old = [_applied(step, change.steps.get(n, {})) for n, step in enumerate(current.get("steps") or ())]
    if change.order or old:
        data["steps"] = [old[each] if isinstance(each, int) else each for each in change.order]
    return data


def changed_value(current: Any, change: Change) -> Any:
    """The value of a field after a change that is not a removal."""
    if isinstance(change, Inside):
        return _applied(current, change.changes)
    return change.value if isinstance(change, Put) else None


def _in_order(step: Mapping[str, Any]) -> Data:
    """The step with its delay, policy and config in the order in which their fields are written."""
    return {
        name: {part: value[part] for part in PARTS[name] if part in value} if name in PARTS else value
        for name, value in step.items()
    }


def _step(current: Mapping[str, Any], step: Mapping[str, Any]) -> Changes:
    changes: Changes = {}
    for name in (*STEP_FIELDS, *(["config"] if "config" in step else [])):
        old, new = current.get(name), step.get(name)
        if name == "content" and _is_hidden(current, step):
            continue
        if not same(_normal(name, old), new):
            changes[name] = _change(old, new, PARTS.get(name, ()))
    return changes


def _is_hidden(current: Mapping[str, Any], step: Mapping[str, Any]) -> bool:
    return current.get("linkedInType") == step.get("linkedInType") == _INVITATION and not step.get("content")


def _normal(name: str, value: Any) -> Any:
    if name in PARTS and isinstance(value, Mapping):
        return {part: value[part] for part in PARTS[name] if value.get(part) is not None} or None
    return value


def _change(old: Any, new: Any, parts: Iterable[str]) -> Change:
    if not isinstance(old, Mapping) or not old:
        return Remove() if new is None else Put(new)
    if new is None:
        known = {part: Remove() for part in parts if part in old}
        return Inside(known) if len(known) < len(old) else Remove()
    if not isinstance(new, Mapping):
        return Put(new)
    changes: Changes = {}
    for part in parts:
        if not same(old.get(part), new.get(part)):
            changes[part] = Remove() if new.get(part) is None else Put(new[part])
    return Inside(changes)


def _generic(old: Any, new: Any) -> Change:
    """A change of free-form JSON, in which every field is known."""
    if not (isinstance(old, Mapping) and isinstance(new, Mapping) and old and new):
        return Put(new)
    changes: Changes = {key: Remove() for key in old if key not in new}
    for key, value in new.items():
        if key not in old or not same(old[key], value):
            changes[key] = _generic(old.get(key), value)
    # A mapping that loses all its keys is written again.
    return Inside(changes) if any(key in new for key in old) else Put(new)


def _applied(current: Mapping[str, Any], changes: Mapping[str, Change]) -> Data:
    data = {name: value for name, value in current.items() if not isinstance(changes.get(name), Remove)}
    for name, change in changes.items():
        if not isinstance(change, Remove):
            data[name] = changed_value(current.get(name, {}), change)
    return data
